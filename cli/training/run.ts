/** A training from where it begins to where it ends, with its files, its signals and its devices. */

import { plural, UserError } from "../../compiler/errors.ts";
import { WeftError } from "../../contract/errors.ts";
import type { Weights } from "../../contract/weights.ts";
import {
  type AnyDataSet,
  constant,
  cosine,
  DivergedError,
  type Trainer,
  type Training,
} from "../../runtime/train.ts";
import type { Files } from "../adapters/index.ts";
import { startBuilding } from "../building.ts";
import { type Opened, openPlace, type Place } from "../device.ts";
import { shownPath } from "../files.ts";
import type { EpochPoint } from "../output/curve.ts";
import { Live } from "../output/curveLive.ts";
import { onInterrupt } from "../signals.ts";
import type { Ui } from "../ui.ts";
import { checkpointPath, save } from "./saved.ts";
import type { Settings } from "./settings.ts";

/** Steps after which a checkpoint is written within a long epoch. */
const CHECKPOINT_STEPS = 500;
/** How many devices are tried, each after the loss of the one before. */
const DEVICES = 3;
export interface RunOptions {
  readonly ui: Ui;
  readonly format: string;
  readonly quiet: boolean;
  readonly place: Place;
  readonly settings: Settings;
  /** Where the weights go. */
  readonly out: string;
  /** The files that they go into. */
  readonly files: (weights: Weights) => Files;
  /** Examples in an epoch. */
  readonly rows: number;
  /** The epochs before. */
  readonly history: readonly EpochPoint[];
}

/** One training from its first step to its last, as far as it gets. */
export class Run {
  readonly options: RunOptions;
  readonly #devices: Opened[] = [];
  history: readonly EpochPoint[];
  /** The same with what was seen within the epochs of this run. */
  curve: readonly EpochPoint[];
  /** Taken by this run, and how long the steps took. */
  examples = 0;
  seconds = 0;

  constructor(options: RunOptions) {
    this.options = options;
    this.history = options.history;
    this.curve = options.history;
  }

  /** A device of its own, closed by `close`. */
  async open(): Promise<GPUDevice> {
    const opened = await openPlace(this.options.ui, this.options.place);
    this.#devices.push(opened);
    return opened.device;
  }

  /** The result of `work`, which builds the kernels of a training on a device. */
  async whileBuilding<T>(
    device: GPUDevice,
    { step, evaluate }: Training,
    work: () => Promise<T>,
  ): Promise<T> {
    const built = startBuilding([step, evaluate], this.options, { device });
    return work().finally(built);
  }

  close(): void {
    for (const { close } of this.#devices) close();
  }

  get adapter(): string {
    return this.#devices.at(-1)?.name ?? "";
  }

  save(trainer: Trainer): Promise<void> {
    const { out, files, settings } = this.options;
    return save(out, files(trainer.weights()), trainer.checkpoint(), this.history, settings);
  }

  /** Whether all epochs were done. What was reached is on the disk when it ends, however it ends. */
  async fit(trainer: Trainer, data: AnyDataSet, test: AnyDataSet): Promise<boolean> {
    const { epochs } = this.options.settings;
    const live = new Live({ ...this.options, epochs });
    const stop = new AbortController();
    const off = onInterrupt(() => {
      stop.abort();
      live.stop();
      this.options.ui.note("finishing the step and saving; once more stops at once");
    });
    try {
      while (!(await this.#attempt(trainer, data, test, live, stop.signal))) {
        const device = await this.open();
        await this.whileBuilding(device, trainer.training, () => trainer.reload(device));
      }
      await this.save(trainer);
    } finally {
      live.stop();
      this.curve = live.curve;
      off();
    }
    return trainer.position.epoch >= epochs;
  }

  /** False where the device was lost and another may do. */
  async #attempt(
    trainer: Trainer,
    data: AnyDataSet,
    test: AnyDataSet,
    live: Live,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { epochs, batch, schedule } = this.options.settings;
    const { step, evaluate } = trainer.training;
    live.before(startBuilding([step, evaluate], this.options, { what: ", first step" }));
    try {
      const fit = trainer.fit(data, {
        epochs,
        batch,
        test,
        signal,
        schedule: schedule === "cosine" ? cosine() : constant(),
        checkpointEvery: CHECKPOINT_STEPS,
        onStep: ({ epoch, stepInEpoch, ...soFar }) => {
          if (!signal.aborted) live.step(epoch, Math.min(this.options.rows, stepInEpoch * batch), soFar);
        },
        // At the end of an epoch its figures are still to come: it is saved together with them below.
        onCheckpoint: async () => {
          if (trainer.position.stepInEpoch > 0) await this.save(trainer);
        },
      });
      for await (const { epoch, loss, trainAccuracy, testAccuracy = Number.NaN, ...rest } of fit) {
        const { testLoss, losses, testLosses, ...time } = rest;
        const point = { epoch, loss, trainAccuracy, testAccuracy };
        const apart = losses.length > 1 && { losses, testLosses };
        this.history = [
          ...this.history.filter((p) => p.epoch < epoch),
          { ...point, ...(testLoss !== undefined && { testLoss }), ...apart },
        ];
        this.examples += time.examplesPerSecond * time.seconds;
        this.seconds += time.seconds;
        await this.save(trainer);
        live.epoch(this.history, time.examplesPerSecond);
      }
      return true;
    } catch (error) {
      live.stop();
      if (!(error instanceof WeftError)) throw error;
      if (error.code === "device-lost" && this.#devices.length < DEVICES) {
        this.options.ui.note(`${error.message}; going on from the last state on a new device`);
        return false;
      }
      if (trainer.position.step > 0) await this.save(trainer);
      throw error instanceof DivergedError ? this.#diverged(error, trainer) : error;
    }
  }

  #diverged({ failure: { problem, where } }: DivergedError, trainer: Trainer): UserError {
    const { lr, clipNorm, clipValue } = this.options.settings;
    const { step, epoch, stepInEpoch } = trainer.position;
    const within = stepInEpoch > 0 ? ` and ${stepInEpoch} ${plural(stepInEpoch, "step")}` : "";
    const kept = `the state after ${epoch} ${plural(epoch, "epoch")}${within} is in ${shownPath(checkpointPath(this.options.out))}`;
    const lower = `--lr ${Number((lr / 10).toPrecision(2))}`;
    const bound = clipNorm ?? clipValue;
    const anew = step > 0 ? " --restart" : "";
    return new UserError({
      problem: `${trainer.training.name}: ${problem}${where ? `: ${where}` : ""}`,
      rule: `training stops where a loss or a weight is no finite number; ${step > 0 ? kept : "nothing was written"}`,
      fix: [
        step > 0
          ? `${lower} --resume, a smaller learning rate from there`
          : `${lower}, a smaller learning rate`,
        ...(bound === undefined ? [`--clip-norm 1${anew}, which bounds the gradients`] : []),
      ].join("; or "),
    });
  }
}
