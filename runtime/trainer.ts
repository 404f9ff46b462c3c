/** Training, as its user sees it. */
import type { RunsOn } from "../contract/adapter.ts";
import { WeftError } from "../contract/errors.ts";
import type { Tensor } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { type AnyDataSet, checkData, failing, shuffled } from "./data.ts";
import { DataSets, type Uploaded } from "./dataUpload.ts";
import { Executable } from "./executable.ts";
import { formOf, type Gpu, openGpu } from "./gpu.ts";
import type { DeviceKind } from "./options.ts";
import { unfit } from "./trace.ts";
import { readState, reserveTraining, writeState } from "./trainBatch.ts";
import { DivergedError, inWords } from "./trainDiverged.ts";
import { locate } from "./trainLocate.ts";
import { checkFit, type Epoch, type Evaluation, type Fit, type FitOptions } from "./trainOptions.ts";
import { type Checkpoint, type Position, type State, stateOf, toCheckpoint } from "./trainState.ts";
import { figures, measure, type Steps, takeSteps } from "./trainSteps.ts";

/** The least batch of an evaluation, if there are as many examples. */
const EVALUATION_BATCH = 256;

type Take = (data: AnyDataSet) => Uploaded;

/** What is on the device. */
interface Live {
  readonly step: Executable;
  readonly evaluate: Executable;
  /** In its form for this device. */
  readonly training: Training;
  readonly sets: DataSets;
}

/** A training that is ready to run, with its state on a device. Made by `createTrainer`. */
export class Trainer {
  readonly training: Training;
  /** What it runs on, as of the last load. */
  runsOn: RunsOn | undefined;
  /** The state at the end of the last epoch, or at the last checkpoint within one. */
  #state: State;
  #live: Promise<Live> | undefined;
  #fitting = false;
  #evaluating: Promise<unknown> = Promise.resolve();

  /** Use `createTrainer`. */
  constructor(training: Training, state: State) {
    this.training = training;
    this.#state = state;
  }

  /** The model's parameters at the end of the last epoch, or at the last checkpoint within one. */
  weights(): Record<string, Tensor> {
    const { tensors } = this.#state;
    const params = stateOf(this.training.evaluate).filter(({ init }) => !init.values);
    return Object.fromEntries(params.map(({ name }) => [name, tensors[name] as Tensor]));
  }

  /**
   * Everything that training goes on from as if it had not stopped, as at the end of the last epoch or at the last
   * checkpoint within one. `writeSafetensors(tensors, metadata)` makes a file of it.
   */
  checkpoint(): Checkpoint {
    return toCheckpoint(this.training, this.#state);
  }

  /** Where the kept state is. */
  get position(): Position {
    return this.#state.position;
  }

  /**
   * Trains until `epochs` epochs are done, those of the checkpoint and of earlier calls included, and gives the
   * figures of each. Everything is determined by the seed: the same data on the same adapter give the same bytes.
   *
   * An epoch whose number of examples is not a multiple of the batch ends with a smaller one. After an abort, a
   * failure or the loss of the device, `checkpoint()` and `weights()` give the last state that was kept, and `fit`
   * goes on from there.
   *
   * Throws `WeftError`: "input", "diverged", "out-of-memory", "gpu", "device-lost", "destroyed".
   */
  async *fit(data: AnyDataSet, options: FitOptions = {}): AsyncGenerator<Epoch, void, undefined> {
    const { rows } = checkData(this.training, data);
    if (options.test) checkData(this.training, options.test);
    const fit = checkFit(this.training, this.#state.position, rows, options);
    if (this.#fitting) failing(this.training)("fit is running already: one at a time");
    this.#fitting = true;
    try {
      while (this.#state.position.epoch < fit.epochs && !fit.signal?.aborted) {
        const epoch = await this.#using((live, take) => this.#train(live, data, fit, take));
        if (epoch) yield epoch;
      }
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * The loss and the accuracy of `weights()` on a data set. Throws `WeftError`: "input", "out-of-memory", "gpu",
   * "device-lost", "destroyed".
   */
  evaluate(data: AnyDataSet): Promise<Evaluation> {
    return this.#afterEvaluations(() => this.#using((live, take) => this.#evaluate(live, data, take)));
  }

  /**
   * Puts the last state that was kept on another device, or, in a page, on a new one: after the device was lost, or
   * to move. What was running is rejected; `fit` goes on from that state.
   */
  async reload(device?: GPUDevice | DeviceKind): Promise<void> {
    this.destroy();
    this.#live = openGpu(device, this.training).then((gpu) => this.#open(gpu));
    await this.#live;
  }

  /** Frees the GPU's memory. `reload` brings it back; `weights` and `checkpoint` work without. */
  destroy(): void {
    const ended = new WeftError("destroyed", `${this.training.name}: the trainer was destroyed or reloaded`);
    this.#live
      ?.then(({ step, evaluate, sets }) => {
        step.gpu.close(ended);
        for (const part of [step, evaluate, sets]) part.destroy();
      })
      .catch(() => {});
    this.#live = undefined;
  }

  async #open(gpu: Gpu): Promise<Live> {
    this.runsOn = gpu.runsOn;
    const training = formOf(gpu, this.training);
    const [step, evaluate] = await Promise.all([
      Executable.open(gpu, training.step),
      Executable.open(gpu, training.evaluate),
    ]);
    const live = { step, evaluate, training, sets: new DataSets(gpu, training) };
    await this.#restore(live);
    return live;
  }

  #restore({ step }: Live): Promise<void> {
    return step.gpu.scoped(`${this.training.name}: parameters`, () => writeState(step, this.#state.tensors));
  }

  /** Evaluations share a program's buffers: one after the other, and nothing else touches these meanwhile. */
  #afterEvaluations<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#evaluating.then(work);
    this.#evaluating = result.catch(() => {});
    return result;
  }

  /** Does what needs data sets. Where it failed, maybe for want of memory, what depends on the batch is made anew. */
  async #using<T>(work: (live: Live, take: Take) => Promise<T>): Promise<T> {
    if (!this.#live) throw new WeftError("destroyed", `${this.training.name}: the trainer was destroyed`);
    const live = await this.#live;
    return live.sets
      .using((take) => work(live, take))
      .catch((error) => {
        live.step.release();
        live.evaluate.release();
        throw error;
      });
  }

  /** Trains to the end of the epoch; undefined after an abort, with the state kept. */
  async #train(live: Live, data: AnyDataSet, fit: Fit, take: Take): Promise<Epoch | undefined> {
    const { training } = live;
    const { position: from, seed } = this.#state;
    const { test, batch, rows, stepsPerEpoch } = fit;
    const set = await this.#afterEvaluations(() =>
      live.step.gpu.scoped(`${training.name}, batch of ${batch}`, () => {
        const set = take(data);
        reserveTraining(live.step, set.train, batch);
        if (test) this.#reserve(live, take(test), batch);
        set.shuffle(shuffled(rows, seed, from.epoch));
        return set;
      }),
    );
    const start = performance.now();
    let kept = 0;
    const keep = async (position: Position): Promise<void> => {
      const start = performance.now();
      await this.#keep(live, position, fit);
      await fit.onCheckpoint?.(this.checkpoint());
      kept += performance.now() - start;
    };
    let to: Position;
    const steps: Steps = { training, executable: live.step, source: set.train, seed, fit, keep };
    try {
      to = await takeSteps(steps, from);
    } catch (error) {
      // What the steps since the kept state did to the parameters is undone; on a lost device `reload` does.
      const restore = (): Promise<void> => this.#restore(live).catch(() => {});
      await restore();
      if (!(error instanceof DivergedError)) throw error;
      const { position } = this.#state;
      const where = await locate(steps, position, error.failure, restore).catch(() => undefined);
      await restore();
      throw new DivergedError(training, { ...error.failure, ...(where && { where }) });
    }
    if (to.stepInEpoch < stepsPerEpoch) return undefined;
    const seconds = (performance.now() - start - kept) / 1000;
    const { loss, accuracy, losses } = figures(training, to.sums, rows);
    const tested = test && (await this.evaluate(test));
    return {
      epoch: from.epoch + 1,
      loss,
      trainAccuracy: accuracy,
      losses,
      ...(tested && { testLoss: tested.loss, testAccuracy: tested.accuracy, testLosses: tested.losses }),
      examplesPerSecond: (rows - from.stepInEpoch * batch) / seconds,
      seconds,
      steps: stepsPerEpoch - from.stepInEpoch,
    };
  }

  /** Reads the state back. Throws `DivergedError` where it is not finite: then the last one stays. */
  async #keep({ step: executable }: Live, position: Position, { stepsPerEpoch }: Fit): Promise<void> {
    const tensors = await readState(executable);
    for (const [name, { data }] of Object.entries(tensors)) {
      const held = unfit(data);
      if (!held) continue;
      const { step } = position;
      const [epoch, stepInEpoch] = position.stepInEpoch
        ? [position.epoch + 1, position.stepInEpoch]
        : [position.epoch, stepsPerEpoch];
      const problem = `the parameters are not finite after epoch ${epoch}, step ${stepInEpoch} of ${stepsPerEpoch}`;
      const where = `${name} holds ${inWords(held)}`;
      throw new DivergedError(this.training, { step, epoch, stepInEpoch, problem, where });
    }
    this.#state = { ...this.#state, position, tensors };
  }

  /** Makes what evaluating takes, and gives the batch to use. */
  #reserve({ evaluate }: Live, { evaluate: source, rows }: Uploaded, atLeast: number): number {
    const { maxBatch } = this.training.evaluate;
    const batch = Math.min(rows, Math.max(atLeast, EVALUATION_BATCH), maxBatch || rows);
    reserveTraining(evaluate, source, batch);
    return batch;
  }

  async #evaluate(live: Live, data: AnyDataSet, take: Take): Promise<Evaluation> {
    const { training } = this;
    const { set, batch } = await live.step.gpu.scoped(`${training.name}: evaluation`, () => {
      writeState(live.evaluate, this.#state.tensors);
      const set = take(data);
      return { set, batch: this.#reserve(live, set, 0) };
    });
    return measure(training, live.evaluate, set.evaluate, set.rows, batch);
  }
}
