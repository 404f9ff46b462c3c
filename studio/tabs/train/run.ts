/** A training in the page, from its beginning to its end. It goes on while other tabs are shown. */

import type { EpochPoint } from "../../../cli/output/curve.ts";
import { compile, type Remark, type TargetName } from "../../../compiler/compile.ts";
import { pipelineCount } from "../../../compiler/report/kernels.ts";
import { compileTraining } from "../../../compiler/train/index.ts";
import type { Program } from "../../../contract/program.ts";
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
import { type Signal, signal, type Writable } from "../../signal.ts";
import type { CompiledModel } from "../../workbench.ts";
import { type Answers, ask } from "./answers.ts";
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
  /** Of the test pictures, after the last epoch. */
  readonly answers: Answers | undefined;
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
  answers: undefined,
  step: undefined,
  examplesPerSecond: undefined,
  remarks: [],
  failure: undefined,
  learned: false,
};

/** Where training is, in epochs. */
export function lastEpoch({ step }: Progress): number {
  return step ? step.epoch - 1 + step.stepInEpoch / step.stepsPerEpoch : 0;
}

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

export class PageTraining implements Training {
  readonly progress: Writable<Progress> = signal<Progress>(IDLE);
  readonly #device: () => Promise<GPUDevice>;
  #trainer: Trainer | undefined;
  /** Of the steps that are being taken. */
  #going: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #lr = 0;
  /** What is asked after each epoch: compiled once, when that is first done. */
  #program: (() => Program) | undefined;
  #lost = false;
  /** The trainer knows a set again by its object: it is sent to the GPU once. */
  #sets: { readonly train: DataSet; readonly test: DataSet } | undefined;

  constructor(device: () => Promise<GPUDevice>) {
    this.#device = device;
  }

  get finished(): number {
    return this.#trainer?.position.epoch ?? 0;
  }

  weights(): Weights | undefined {
    return this.#trainer?.weights();
  }

  setRate(lr: number): void {
    this.#lr = lr;
  }

  begin(what: Begin): Promise<void> {
    if (this.#isIdle())
      this.#running = this.#prepare(what).then(() => (this.#trainer ? this.#go() : undefined));
    return this.#running;
  }

  pause(): void {
    if (!this.#going || this.#going.signal.aborted) return;
    this.#say({ phase: "pausing" });
    this.#going.abort();
  }

  resume(epochs: number): Promise<void> {
    const { settings } = this.progress.value;
    if (!this.#isIdle() || !this.#trainer || !settings) return this.#running;
    this.#say({ settings: { ...settings, epochs } });
    this.#running = this.#goOn(this.#trainer).catch((error) => this.#say({ failure: failureOf(error) }));
    return this.#running;
  }

  async stop(): Promise<void> {
    if (this.#going) {
      this.#say({ phase: "pausing" });
      this.#going.abort();
    }
    await this.#running;
    if (!this.#trainer) return;
    this.#trainer.destroy();
    this.#say({ phase: this.progress.value.phase === "done" ? "done" : "stopped" });
  }

  #say(change: Partial<Progress>): void {
    this.progress.set({ ...this.progress.value, ...change });
  }

  #isIdle(): boolean {
    return this.#going === undefined && this.progress.value.phase !== "preparing";
  }

  async #prepare({ model, settings, target, data }: Begin): Promise<void> {
    this.#trainer?.destroy();
    this.#trainer = undefined;
    this.#lr = settings.lr;
    let program: Program | undefined;
    this.#program = () => {
      program ??= compile(model.graph, { target }).program;
      return program;
    };
    this.progress.set({ ...IDLE, phase: "preparing", work: "pictures", model, settings });
    try {
      await pageTurn(); // shows that the work begins
      const pictures = await data();
      const labelled = ({ images, labels }: Data["train"]): DataSet => ({ images, labels });
      this.#sets = { train: labelled(pictures.train), test: labelled(pictures.test) };
      this.#say({ work: "kernels", data: pictures });
      const device = await this.#device();
      await pageTurn();
      const clip = clipOf(settings);
      const optimizer = optimizerOf(settings);
      const compiled = compileTraining(model.graph, { optimizer, target, ...(clip ? { clip } : {}) });
      this.#say({ kernels: pipelineCount(compiled.step) + pipelineCount(compiled.evaluate) });
      this.#trainer = await createTrainer(compiled, { seed: settings.seed, device });
      this.#say({ work: undefined, remarks: compiled.remarks ?? [] });
    } catch (error) {
      this.#say({ phase: "idle", work: undefined, failure: failureOf(error) });
    }
  }

  async #goOn(trainer: Trainer): Promise<void> {
    if (this.#lost) await trainer.reload(await this.#device());
    this.#lost = false;
    await this.#go();
  }

  /** Runs to a pause, the end or a failure. */
  async #go(): Promise<void> {
    this.#going = new AbortController();
    try {
      this.#say({ phase: "training", failure: undefined });
      await this.#advance(this.#going.signal);
      const done = this.finished >= (this.progress.value.settings?.epochs ?? 0);
      this.#say({ phase: done ? "done" : "paused", learned: this.#hasBegun() });
    } catch (error) {
      this.#lost = isLost(error);
      // Where nothing was learnt, there is nothing to go on with, and all settings can be changed.
      this.#say({ phase: this.#hasBegun() ? "paused" : "idle", failure: failureOf(error) });
    } finally {
      this.#going = undefined;
    }
  }

  #hasBegun(): boolean {
    return (this.#trainer?.position.step ?? 0) > 0;
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const { data, settings } = this.progress.value;
    if (!this.#trainer || !data || !settings || !this.#sets) return;
    const { train, test } = this.#sets;
    const { rows } = data.train;
    const batch = Math.min(settings.batch, rows);
    const speed = pace();
    const onStep = (step: StepReport): void => {
      const done = (step.epoch - 1) * rows + Math.min(rows, step.stepInEpoch * batch);
      speed.add(done, performance.now());
      const more = pointsOf(step);
      const points = [...this.progress.value.points, ...more];
      this.#say({ step, examplesPerSecond: speed.perSecond, ...(more.length > 0 && { points }) });
    };
    const { epochs } = settings;
    const schedule = (): number => this.#lr;
    for await (const epoch of this.#trainer.fit(train, { epochs, batch, test, onStep, schedule, signal })) {
      const { loss, trainAccuracy, testAccuracy = Number.NaN } = epoch;
      this.#say({
        epochs: [...this.progress.value.epochs, epoch],
        points: [...this.progress.value.points, { epoch: epoch.epoch, loss, trainAccuracy, testAccuracy }],
        learned: true,
      });
      await this.#ask();
    }
  }

  /** What cannot be asked is not shown: it is no fault of the training. */
  async #ask(): Promise<void> {
    const { data } = this.progress.value;
    const [weights, program] = [this.#trainer?.weights(), this.#program];
    if (!program || !data || !weights || data.test.rows === 0) return;
    const asked = async (): Promise<Answers> =>
      ask({ program: program(), device: await this.#device(), weights, test: data.test });
    const answers = await asked().catch(() => undefined);
    if (answers) this.#say({ answers });
  }
}

/** What a step adds to the curves: a few of an epoch do. Its last one has a test accuracy besides, and comes with the epoch. */
function pointsOf({
  epoch,
  stepInEpoch,
  stepsPerEpoch,
  loss,
  trainAccuracy,
}: StepReport): readonly EpochPoint[] {
  const due = Math.max(1, Math.floor(stepsPerEpoch / POINTS));
  if (stepInEpoch % due !== 0 || stepInEpoch === stepsPerEpoch) return [];
  return [{ epoch: epoch - 1 + stepInEpoch / stepsPerEpoch, loss, trainAccuracy, testAccuracy: Number.NaN }];
}

const isLost = (error: unknown): boolean => error instanceof WeftError && error.code === "device-lost";

function failureOf(error: unknown): Failure {
  const { problem, where } = error instanceof DivergedError ? error.failure : {};
  const diverged = problem === undefined ? undefined : { problem, where };
  return { message: messageOf(error), diverged, lost: isLost(error) };
}
