/** A training in the page, from its beginning to its end. It goes on while other tabs are shown. */

import type { EpochPoint } from "../../../cli/output/curve.ts";
import type { Remark, TargetName } from "../../../compiler/compile.ts";
import { pipelineCount } from "../../../compiler/report/kernels.ts";
import { compileTraining } from "../../../compiler/train/index.ts";
import type { Data } from "../../../data/set.ts";
import {
  createTrainer,
  type DataSet,
  DivergedError,
  type Epoch,
  type StepReport,
  type Trainer,
  WeftError,
  type Weights,
} from "../../../runtime/train.ts";
import { messageOf } from "../../message.ts";
import { type Signal, signal } from "../../signal.ts";
import type { CompiledModel } from "../../workbench.ts";
import { pace } from "./pace.ts";
import { clipOf, optimizerOf, type Settings } from "./settings.ts";

/**
 * idle: nothing has been trained. preparing: pictures and kernels are made. pausing: the steps that were submitted end.
 * stopped: it ended before its last epoch and does not go on.
 */
export type Phase = "idle" | "preparing" | "training" | "pausing" | "paused" | "done" | "stopped";

export interface Progress {
  readonly phase: Phase;
  /** What is being done in the phase "preparing". */
  readonly work: "pictures" | "kernels" | undefined;
  /** How many kernels there are to build, once it is known. */
  readonly kernels: number | undefined;
  /** What is trained: as it was when training began. */
  readonly model: CompiledModel | undefined;
  readonly data: Data | undefined;
  readonly settings: Settings | undefined;
  readonly points: readonly EpochPoint[];
  readonly epochs: readonly Epoch[];
  readonly step: StepReport | undefined;
  readonly examplesPerSecond: number | undefined;
  /** On the model and its loss. */
  readonly remarks: readonly Remark[];
  readonly failure: Failure | undefined;
  /** Whether there are weights that differ from those at the beginning. */
  readonly learned: boolean;
}

export interface Failure {
  readonly message: string;
  /** Of a training that diverged: the step, and the layer whose numbers were lost. */
  readonly diverged: { readonly problem: string; readonly where: string | undefined } | undefined;
  /** The device was lost: what is done next takes another one. */
  readonly lost: boolean;
}

const IDLE: Progress = {
  phase: "idle",
  work: undefined,
  kernels: undefined,
  model: undefined,
  data: undefined,
  settings: undefined,
  points: [],
  epochs: [],
  step: undefined,
  examplesPerSecond: undefined,
  remarks: [],
  failure: undefined,
  learned: false,
};

/** The points of an epoch that the curves show. */
const POINTS = 10;

export interface Begin {
  readonly model: CompiledModel;
  readonly settings: Settings;
  readonly target: TargetName;
  /** Gives the pictures, in the shape of the model's input. */
  readonly data: () => Promise<Data>;
}

export interface Training {
  readonly progress: Signal<Progress>;
  /** Begins anew; what was trained before is given up. */
  begin(what: Begin): Promise<void>;
  pause(): void;
  /** Goes on to the end of `epochs` epochs. */
  resume(epochs: number): Promise<void>;
  /** Ends it for good; its curves and weights stay. */
  stop(): Promise<void>;
  /** From the next step on. */
  setRate(lr: number): void;
  weights(): Weights | undefined;
  /** Epochs finished. */
  readonly finished: number;
}

const pageTurn = (): Promise<void> => new Promise((next) => setTimeout(next));

export function training(device: () => Promise<GPUDevice>): Training {
  const progress = signal<Progress>(IDLE);
  let trainer: Trainer | undefined;
  let going: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();
  let lr = 0;
  let lost = false;
  /** The trainer knows a set again by its object: it is sent to the GPU once. */
  let sets: { readonly train: DataSet; readonly test: DataSet } | undefined;
  const say = (change: Partial<Progress>): void => progress.set({ ...progress.value, ...change });

  const advance = async (): Promise<void> => {
    const { data, settings } = progress.value;
    if (!trainer || !data || !settings || !sets) return;
    const { signal } = going ?? {};
    const speed = pace();
    const rows = data.train.rows;
    const batch = Math.min(settings.batch, rows);
    const onStep = (step: StepReport): void => {
      const { stepInEpoch, stepsPerEpoch, epoch, loss, trainAccuracy } = step;
      const done = (epoch - 1) * rows + Math.min(rows, stepInEpoch * batch);
      speed.add(done, performance.now());
      const due = Math.max(1, Math.floor(stepsPerEpoch / POINTS));
      const last = stepInEpoch === stepsPerEpoch; // that point has a test accuracy besides, and comes with the epoch
      const point = {
        epoch: epoch - 1 + stepInEpoch / stepsPerEpoch,
        loss,
        trainAccuracy,
        testAccuracy: Number.NaN,
      };
      say({
        step,
        examplesPerSecond: speed.perSecond,
        ...(stepInEpoch % due === 0 && !last ? { points: [...progress.value.points, point] } : {}),
      });
    };
    const options = {
      epochs: settings.epochs,
      batch,
      test: sets.test,
      onStep,
      schedule: () => lr,
      ...(signal ? { signal } : {}),
    };
    for await (const epoch of trainer.fit(sets.train, options)) {
      const { loss, trainAccuracy, testAccuracy = Number.NaN } = epoch;
      say({
        epochs: [...progress.value.epochs, epoch],
        points: [...progress.value.points, { epoch: epoch.epoch, loss, trainAccuracy, testAccuracy }],
        learned: true,
      });
    }
  };
  /** Runs to a pause, the end or a failure. */
  const go = async (): Promise<void> => {
    going = new AbortController();
    try {
      say({ phase: "training", failure: undefined });
      await advance();
      const done = (trainer?.position.epoch ?? 0) >= (progress.value.settings?.epochs ?? 0);
      say({ phase: done ? "done" : "paused", learned: (trainer?.position.step ?? 0) > 0 });
    } catch (error) {
      lost = isLost(error);
      // Where nothing was learnt, there is nothing to go on with, and all settings can be changed.
      const begun = (trainer?.position.step ?? 0) > 0;
      say({ phase: begun ? "paused" : "idle", failure: failureOf(error) });
    } finally {
      going = undefined;
    }
  };
  const prepare = async ({ model, settings, target, data }: Begin): Promise<void> => {
    trainer?.destroy();
    trainer = undefined;
    lr = settings.lr;
    progress.set({ ...IDLE, phase: "preparing", work: "pictures", model, settings });
    try {
      await pageTurn(); // shows that the work begins
      const pictures = await data();
      const labelled = ({ images, labels }: Data["train"]): DataSet => ({ images, labels });
      sets = { train: labelled(pictures.train), test: labelled(pictures.test) };
      say({ work: "kernels", data: pictures });
      const gpu = await device();
      await pageTurn();
      const clip = clipOf(settings);
      const compiled = compileTraining(model.graph, {
        optimizer: optimizerOf(settings),
        target,
        ...(clip ? { clip } : {}),
      });
      say({ kernels: pipelineCount(compiled.step) + pipelineCount(compiled.evaluate) });
      trainer = await createTrainer(compiled, { seed: settings.seed, device: gpu });
      say({ work: undefined, remarks: compiled.remarks ?? [] });
    } catch (error) {
      say({ phase: "idle", work: undefined, failure: failureOf(error) });
    }
  };
  const idle = (): boolean => going === undefined && progress.value.phase !== "preparing";
  return {
    progress,
    begin(what) {
      if (!idle()) return running;
      running = prepare(what).then(() => (trainer ? go() : undefined));
      return running;
    },
    pause() {
      if (!going || going.signal.aborted) return;
      say({ phase: "pausing" });
      going.abort();
    },
    resume(epochs) {
      const { settings } = progress.value;
      if (!idle() || !trainer || !settings) return running;
      say({ settings: { ...settings, epochs } });
      running = (async () => {
        if (lost) await trainer.reload(await device());
        lost = false;
        await go();
      })().catch((error) => say({ failure: failureOf(error) }));
      return running;
    },
    async stop() {
      if (going) {
        say({ phase: "pausing" });
        going.abort();
      }
      await running;
      if (!trainer) return;
      trainer.destroy();
      say({ phase: progress.value.phase === "done" ? "done" : "stopped" });
    },
    setRate(rate) {
      lr = rate;
    },
    weights: () => trainer?.weights(),
    get finished() {
      return trainer?.position.epoch ?? 0;
    },
  };
}

const isLost = (error: unknown): boolean => error instanceof WeftError && error.code === "device-lost";

function failureOf(error: unknown): Failure {
  const { problem, where } = error instanceof DivergedError ? error.failure : {};
  const diverged = problem === undefined ? undefined : { problem, where };
  return { message: messageOf(error), diverged, lost: isLost(error) };
}
