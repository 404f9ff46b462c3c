/** What `fit` is asked for, checked, and what it gives. */
import type { Training } from "../contract/training.ts";
import { type AnyDataSet, failing } from "./data.ts";
import { MOST_BATCHES } from "./executable.ts";
import { ANYTHING, checkOptions, FUNCTION, type Rule, shownOption } from "./options.ts";
import { constant, type Schedule } from "./trainSchedule.ts";
import type { Checkpoint, Position } from "./trainState.ts";

/** The figures of one loss. */
export interface Measured {
  /** Of the output, or of the loss where it is one of your own. */
  readonly name: string;
  /** The mean of its terms, not weighed among the losses. */
  readonly loss: number;
  /** The part of the labels that are the first of the largest scores; NaN where the loss knows no right and wrong. */
  readonly accuracy: number;
}

/** The figures of an epoch. Loss and accuracy are those that the steps saw before their updates. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** The mean over the examples; of several losses the weighted sum. */
  readonly loss: number;
  /** The part of the examples that were right, by the first loss that has an accuracy; NaN where none has. */
  readonly trainAccuracy: number;
  /** Of each loss. */
  readonly losses: readonly Measured[];
  /** Of the test set, where one was given, with the parameters at the end of the epoch. */
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly testLosses?: readonly Measured[];
  /** Of the training alone, tests and checkpoints excluded. */
  readonly examplesPerSecond: number;
  readonly seconds: number;
  /** Steps taken: fewer than an epoch has if training was resumed within it. */
  readonly steps: number;
}

/** A step whose figures have been read back, which happens some steps later. */
export interface StepReport {
  /** From 1, over all epochs. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** From 1, and how many the epoch has. */
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
  /** The means over the batch, and over the epoch so far. */
  readonly batchLoss: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  /** Of each loss, over the epoch so far. */
  readonly losses: readonly Measured[];
}

/** The figures of a data set, with the parameters as they are. */
export interface Evaluation {
  readonly loss: number;
  /** NaN where no loss knows right and wrong. */
  readonly accuracy: number;
  readonly losses: readonly Measured[];
  readonly examples: number;
}

/** How `fit` goes through a data set. */
export interface FitOptions {
  /** Epochs in all, those of the checkpoint and of earlier calls included. Default 1. */
  readonly epochs?: number;
  /** Examples per step. Default 256, or all if they are fewer. */
  readonly batch?: number;
  /** Measured after each epoch. */
  readonly test?: AnyDataSet;
  /** Default: the optimiser's learning rate throughout. */
  readonly schedule?: Schedule;
  /** Ends training after the steps that have been submitted; the state is kept. */
  readonly signal?: AbortSignal;
  /** Called in order, once a step's figures are known. */
  readonly onStep?: (report: StepReport) => void;
  /** A checkpoint is kept at the end of each epoch, after an abort, and every so many steps of an epoch. */
  readonly checkpointEvery?: number;
  /** Given each checkpoint that is kept; training goes on when its promise resolves. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Default: as many as take about 50 ms, at most 64. */
  readonly stepsPerSubmit?: number;
}

/** Numbers are looked at by `checkFit`, data sets by `checkData`. */
const FIT: Readonly<Record<keyof FitOptions, Rule>> = {
  epochs: ANYTHING,
  batch: ANYTHING,
  test: ANYTHING,
  schedule: FUNCTION,
  signal: ["an AbortSignal", (value) => "aborted" in Object(value)],
  onStep: FUNCTION,
  checkpointEvery: ANYTHING,
  onCheckpoint: FUNCTION,
  stepsPerSubmit: ANYTHING,
};

/** Checked options. */
export interface Fit extends Omit<FitOptions, "schedule"> {
  readonly epochs: number;
  readonly batch: number;
  readonly rows: number;
  readonly stepsPerEpoch: number;
  /** The learning rate of a step. Throws `WeftError` "input" unless it is a number above 0. */
  readonly rate: (step: number, epoch: number) => number;
}

/** Throws `WeftError` "input" with the numbers. */
export function checkFit(training: Training, position: Position, rows: number, options: FitOptions): Fit {
  const fail = failing(training);
  checkOptions("fit", options, FIT);
  const { epochs = 1, batch = Math.min(256, rows), schedule = constant() } = options;
  const { checkpointEvery, stepsPerSubmit } = options;
  const whole = (what: string, value: number | undefined, most = Number.MAX_SAFE_INTEGER): void => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1 && value <= most))
      fail(`${what} is ${shownOption(value)}, it has to be a whole number from 1 to ${most}`);
  };
  whole("epochs", epochs);
  whole("batch", batch);
  whole("checkpointEvery", checkpointEvery);
  whole("stepsPerSubmit", stepsPerSubmit, MOST_BATCHES);
  if (batch > rows) fail(`the batch of ${batch} is larger than the data set of ${rows}`);
  if (position.stepInEpoch && (position.batch !== batch || position.rows !== rows))
    fail(
      `the checkpoint stands at step ${position.stepInEpoch} of an epoch of ${position.rows} examples in batches of ` +
        `${position.batch}; it cannot go on with a data set of ${rows} in batches of ${batch}`,
    );
  const stepsPerEpoch = Math.ceil(rows / batch);
  const rate = (step: number, epoch: number): number => {
    const lr = schedule({ step, epoch, stepsPerEpoch, epochs, lr: training.optimizer.lr });
    if (!(typeof lr === "number" && lr > 0 && lr < Infinity))
      fail(`the learning rate of step ${step + 1} is ${shownOption(lr)}, it has to be a number above 0`);
    return lr;
  };
  if (position.epoch < epochs) rate(position.step, position.epoch); // a wrong one is said before anything is sent
  return { ...options, epochs, batch, rows, stepsPerEpoch, rate };
}
