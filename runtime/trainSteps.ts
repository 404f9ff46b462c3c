/** The steps of an epoch: submitted ahead, their figures read back behind. */
import { FIGURES, type Optimizer, type Training } from "../contract/training.ts";
import type { Source } from "./dataUpload.ts";
import type { Executable } from "./executable.ts";
import { type Figures, runBatches, type TrainBatch } from "./trainBatch.ts";
import { DivergedError } from "./trainDiverged.ts";
import type { Evaluation, Fit } from "./trainOptions.ts";
import type { Position } from "./trainState.ts";

/** The milliseconds that a submit should take: long enough to be cheap, short enough to stop soon. */
const SUBMIT_MS = 50;

/** The most submits in flight. */
const MOST_SUBMITS = 2;

/** A submit that has not been read back. */
interface Flight {
  readonly batches: readonly TrainBatch[];
  readonly submitted: number;
  readonly results: Promise<readonly Figures[]>;
}

/** The uniform's rates: the learning rate, Adam's bias corrections for its t-th update, and a batch's share of an update. */
export function ratesOf(optimizer: Optimizer, lr: number, t: number, share = 1): number[] {
  const betas = optimizer.kind === "sgd" ? [0, 0] : optimizer.betas;
  return [lr, ...betas.map((beta) => 1 / (1 - beta ** t)), share];
}

export interface Steps {
  readonly training: Training;
  readonly executable: Executable;
  readonly source: Source;
  readonly seed: number;
  readonly fit: Fit;
  /** Called where a checkpoint is due, with nothing in flight. */
  readonly keep: (position: Position) => Promise<void>;
}

/** That of step `i` of the epoch that `from` is in. */
export function batchOf({ training, seed, fit }: Steps, from: Position, i: number): TrainBatch {
  const { batch, rows, stepsPerEpoch } = fit;
  const { optimizer, reduction, accumulate = 1 } = training;
  const step = from.step + i - from.stepInEpoch;
  const n = Math.min(batch, rows - i * batch);
  /** The batches gathered before this one. */
  const before = i % accumulate;
  const due = before + 1 === accumulate || i + 1 === stepsPerEpoch;
  const update = from.updates + (i - before) / accumulate + 1;
  const share = reduction === "sum" ? +!before : n / (before * batch + n);
  const rates = ratesOf(optimizer, due ? fit.rate(step, from.epoch) : 0, update, share);
  return { n, offset: i * batch, step, seed, rates };
}

/**
 * Takes the steps from `from` to the end of its epoch, or until the signal aborts. The result's `sums` are the
 * epoch's so far. Throws `DivergedError` at the first loss that is no finite number; nothing is in flight then.
 */
export async function takeSteps(steps: Steps, from: Position): Promise<Position> {
  const { training, executable, source, fit, keep } = steps;
  const { batch, rows, stepsPerEpoch, checkpointEvery = stepsPerEpoch, stepsPerSubmit, signal } = fit;
  const flights: Flight[] = [];
  /** As of what has been read back. */
  let position: Position = { ...from, batch, rows };
  let submitted = from.stepInEpoch;
  let size = stepsPerSubmit ?? 1;
  let landed = 0;

  const submit = (count: number): void => {
    const batches = Array.from({ length: count }, (_, i) => batchOf(steps, from, submitted + i));
    const results = runBatches(executable, source, batches);
    results.catch(() => {}); // awaited in `land`
    flights.push({ batches, submitted: performance.now(), results });
    submitted += count;
  };
  const land = async (): Promise<void> => {
    const flight = flights.shift();
    if (!flight) return;
    const results = await flight.results;
    const now = performance.now();
    const taken = now - Math.max(landed, flight.submitted);
    landed = now;
    if (!stepsPerSubmit)
      size = Math.max(
        1,
        Math.min(source.share, taken < SUBMIT_MS / 2 ? size * 2 : taken > SUBMIT_MS * 2 ? size >> 1 : size),
      );
    flight.batches.forEach((batch, i) => {
      position = account(steps, position, batch, results[i] as Figures); // one for each
    });
  };

  try {
    while (submitted < stepsPerEpoch && !signal?.aborted) {
      const due = Math.min(stepsPerEpoch, (Math.floor(submitted / checkpointEvery) + 1) * checkpointEvery);
      submit(Math.min(size, source.share, due - submitted));
      if (flights.length === MOST_SUBMITS) await land();
      if (submitted < due) continue;
      while (flights.length) await land();
      if (submitted < stepsPerEpoch) await keep(position);
    }
    while (flights.length) await land();
  } catch (error) {
    // What else is in flight has to end before the parameters are restored; its figures do not count.
    await Promise.allSettled(flights.map((f) => f.results));
    throw error;
  }
  const { epoch, stepInEpoch } = position;
  const updates = position.updates + Math.ceil(stepsPerEpoch / (training.accumulate ?? 1));
  await keep(
    stepInEpoch < stepsPerEpoch
      ? position
      : { ...position, epoch: epoch + 1, updates, stepInEpoch: 0, sums: [] },
  );
  return position;
}

/** The position after a step with these figures, which are reported. */
function account({ training, fit }: Steps, before: Position, { n }: TrainBatch, seen: Figures): Position {
  const after = {
    ...before,
    step: before.step + 1,
    stepInEpoch: before.stepInEpoch + 1,
    sums: plus(before.sums, seen),
  };
  const { step, epoch, stepInEpoch } = after;
  const { stepsPerEpoch, batch, rows } = fit;
  const learningRate = fit.rate(before.step, epoch);
  const { loss: batchLoss } = figures(training, seen, n);
  if (!Number.isFinite(batchLoss)) {
    const when = `epoch ${epoch + 1}, step ${stepInEpoch} of ${stepsPerEpoch}`;
    const problem = `the loss of ${when} is ${batchLoss} (learning rate ${learningRate})`;
    throw new DivergedError(training, { step, epoch: epoch + 1, stepInEpoch, problem });
  }
  const { loss, accuracy, losses } = figures(training, after.sums, Math.min(rows, stepInEpoch * batch));
  fit.onStep?.({
    step,
    epoch: epoch + 1,
    stepInEpoch,
    stepsPerEpoch,
    learningRate,
    batchLoss,
    loss,
    trainAccuracy: accuracy,
    losses,
  });
  return after;
}

const plus = (sums: Figures, more: Figures): number[] =>
  Array.from(more, (value, i) => value + (sums[i] ?? 0));

/** Of each loss its value, a mean unless its sum is what is minimised, and its accuracy; and of all together. */
export function figures({ losses, reduction }: Training, sums: Figures, examples: number): Evaluation {
  const each = losses.map(({ name, classes }, i) => {
    const [total, counts, right, terms] = Array.from(sums).slice(FIGURES * i) as [
      number,
      number,
      number,
      number,
    ];
    return {
      name,
      loss: reduction ? total : total / (counts || 1), // where nothing counts, nothing is wrong
      accuracy: classes ? right / terms : NaN,
    };
  });
  return {
    loss: each.reduce((sum, { loss }, i) => sum + (losses[i]?.weight as number) * loss, 0),
    accuracy: each.find(({ accuracy }) => accuracy >= 0)?.accuracy ?? NaN,
    losses: each,
    examples,
  };
}

/** Measures a whole data set. */
export async function measure(
  training: Training,
  executable: Executable,
  source: Source,
  rows: number,
  batch: number,
): Promise<Evaluation> {
  const batches = Array.from({ length: Math.ceil(rows / batch) }, (_, i) => ({
    n: Math.min(batch, rows - i * batch),
    offset: i * batch,
    step: 0,
    seed: 0,
    rates: [],
  }));
  let sums: Figures = [];
  for (let i = 0; i < batches.length; i += source.share)
    for (const found of await runBatches(executable, source, batches.slice(i, i + source.share)))
      sums = plus(sums, found);
  return figures(training, sums, rows);
}
