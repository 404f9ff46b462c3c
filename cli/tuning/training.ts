/** Tuning of training steps: examples as `weft train` draws them, and the losses of steps compared. */
import { performance } from "node:perf_hooks";
import { compile } from "../../compiler/compile.ts";
import { InternalError, UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { compileParts, type TrainingOptions } from "../../compiler/train/index.ts";
import type { Training } from "../../contract/training.ts";
import type { Weights } from "../../contract/weights.ts";
import { shuffled } from "../../runtime/data.ts";
import { DataSets } from "../../runtime/dataUpload.ts";
import { Gpu } from "../../runtime/gpu.ts";
import { initialise } from "../../runtime/index.ts";
import { type AnyDataSet, createTrainer, DivergedError, type Trainer } from "../../runtime/train.ts";
import { uniformsOf } from "../../runtime/trainBatch.ts";
import { ratesOf } from "../../runtime/trainSteps.ts";
import { openExamples } from "../data/index.ts";
import { partsFor } from "../data/parts.ts";
import { batchFor, type Given, settle, stepOf } from "../training/settings.ts";
import { weightsOf } from "../weights.ts";
import { Bench, type Place } from "./bench.ts";
import { type Job, median, type Prepared, ROUNDS, type Whole } from "./job.ts";

export interface TrainingJobOptions extends Given {
  readonly dataDir?: string | undefined;
  readonly seed: number;
  /** A safetensors file that training begins with. */
  readonly weights?: string | undefined;
  /** Those that the model's own file holds. */
  readonly own?: Weights | undefined;
  /** Is told what of it is passed over. */
  readonly note: (text: string) => void;
  /** Milliseconds that may be spent on whole steps. */
  readonly patience: number;
}

/** Steps between two looks at the clock. */
const STEPS = 4;

/** Throws `UserError`: the model cannot be trained, flags that do not go together, weights or data that do not fit. */
export async function trainingJob(graph: Graph, options: TrainingJobOptions): Promise<Prepared> {
  const settings = settle(options);
  const plain: TrainingOptions = stepOf(settings);
  const { optimizer } = settings;
  const { dataDir, weights, own, seed, patience, note } = options;
  const limit = Math.min(settings.limit ?? Number.POSITIVE_INFINITY, STEPS * settings.batch);
  const given = await weightsOf(weights, own, compile(graph).program, note);
  const data = await openExamples(
    { ...settings, limit, ...(dataDir === undefined ? {} : { dataDir }) },
    graph,
    partsFor(graph, plain),
  );
  const batch = batchFor(options.batch, data.train.rows, data.name);
  const examples: Examples = { set: data.train.arrays, batch, seed, given };
  return (target): Job => {
    const how = { ...plain, bytes: data.bytes, target, typicalBatch: batch };
    const { training, step } = compileParts(graph, how);
    return {
      compilation: step,
      batch,
      training: optimizer,
      open: (place) => openStep(training, examples, place),
      compare: (tuning, { device }) =>
        compared([training, compileParts(graph, { ...how, tuning }).training], examples, device, patience),
    };
  };
}

/** What steps are taken with. */
interface Examples {
  readonly set: AnyDataSet;
  readonly batch: number;
  readonly seed: number;
  readonly given: Weights | undefined;
}

/**
 * The first step of a training is behind it once a whole step is run; the second one is gone through. So momentum and
 * moments are no longer zero.
 */
async function openStep(
  training: Training,
  { set, batch, seed, given }: Examples,
  place: Place,
): Promise<Bench> {
  const { step, optimizer } = training;
  const gpu = new Gpu(place.device, false);
  const sets = new DataSets(gpu, training);
  // It stays on the GPU until `destroy`.
  const { lent, order, rows, sizes } = await sets.using((take) =>
    gpu.scoped(`${training.name}: examples`, () => {
      const source = take(set);
      source.shuffle(shuffled(source.rows, seed, 0));
      return source.train;
    }),
  );
  const rates = ratesOf(optimizer, optimizer.lr, 2);
  const uniform = uniformsOf([{ n: batch, offset: 0, step: 1, seed, rates }], sizes);
  const values = step.params.map((param) => given?.[param.name]?.data ?? initialise(param, seed));
  // The first rows of the order are the batch.
  const all = rows !== undefined ? new Map([...lent, [rows, order]]) : lent;
  return Bench.open(place, step, batch, values, { lent: all, uniform, close: () => sets.destroy() });
}

/** Of the losses of the first steps, relative: rounding grows from step to step. */
const ROUNDING = 1e-3;
/** Fewer rounds where steps are long, but not fewer than these. */
const LEAST_ROUNDS = 3;

/** Trains both on the same examples, in turns. */
async function compared(
  trainings: readonly Training[],
  { set, batch, seed, given }: Examples,
  device: GPUDevice,
  patience: number,
): Promise<Whole> {
  const trainers: Trainer[] = [];
  const losses: number[][] = trainings.map(() => []);
  const times: number[][] = trainings.map(() => []);
  const end = performance.now() + patience;
  try {
    for (const training of trainings)
      trainers.push(await createTrainer(training, { device, seed, ...(given && { weights: given }) }));
    for (let round = -1; round < ROUNDS; round++) {
      if (round >= LEAST_ROUNDS && performance.now() > end) break;
      for (const [i, trainer] of trainers.entries()) {
        const fit = trainer.fit(set, {
          epochs: round + 2,
          batch,
          onStep: ({ batchLoss }) => losses[i]?.push(batchLoss),
        });
        for await (const { seconds, steps } of fit) if (round >= 0) times[i]?.push((seconds * 1000) / steps);
      }
      if (round < 0) requireEqual(losses);
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    throw new UserError({
      problem: error.failure.problem,
      rule: "the losses of some steps are compared, tuned and untuned, and have to be numbers",
      fix: "a smaller --lr, or --clip-norm 1",
    });
  } finally {
    for (const trainer of trainers) trainer.destroy();
  }
  return { default: median(times[0] ?? []), tuned: median(times[1] ?? []) };
}

function requireEqual([expected = [], got = []]: readonly (readonly number[])[]): void {
  for (const [i, want] of expected.entries()) {
    const is = got[i] ?? Number.NaN;
    if (!(Math.abs(is - want) <= ROUNDING * Math.max(1, Math.abs(want))))
      throw new InternalError(`tuning changes the loss of step ${i + 1}: ${is}, the default's is ${want}`);
  }
}
