/** Learning rates that change as training goes on. */
import { checkOptions, FUNCTION, type Rule } from "./options.ts";

const POSITIVE: Rule = [
  "a number above 0",
  (value) => Number(value) === value && value > 0 && value < Infinity,
];

const COUNT: Rule = ["a number of at least 0", (value) => Number(value) === value && value >= 0];

/** Where training is. */
export interface Moment {
  /** Steps taken before this one, in all epochs. */
  readonly step: number;
  /** Epochs finished before this step. */
  readonly epoch: number;
  readonly stepsPerEpoch: number;
  /** The epochs that `fit` was asked for. */
  readonly epochs: number;
  /** The optimiser's own rate. */
  readonly lr: number;
}

/** The learning rate of a step. It may depend on nothing but its argument, or a resumed run would differ. */
export type Schedule = (at: Moment) => number;

/** The optimiser's rate throughout: the default. */
export const constant = (): Schedule => (at) => at.lr;

/** The rate times `factor` after every `every` epochs. */
export const stepDecay = (options: { readonly every: number; readonly factor?: number }): Schedule => {
  checkOptions("stepDecay", options, { every: POSITIVE, factor: POSITIVE });
  const { every, factor = 0.1 } = options;
  return (at) => at.lr * factor ** Math.floor(at.epoch / every);
};

/** From the rate to `to` of it (default 0) along half a cosine over all epochs (Loshchilov & Hutter 2017). */
export const cosine = (options: { readonly to?: number } = {}): Schedule => {
  checkOptions("cosine", options, {
    to: ["a number from 0 to 1", (to) => Number(to) === to && to >= 0 && to <= 1],
  });
  const { to = 0 } = options;
  return (at) =>
    at.lr * (to + ((1 - to) * (1 + Math.cos((Math.PI * at.step) / (at.epochs * at.stepsPerEpoch)))) / 2);
};

/** The first `steps` steps rise evenly up to what `then` gives (default: the optimiser's rate). */
export const warmUp = (steps: number, then: Schedule = constant()): Schedule => {
  checkOptions("warmUp", { steps, schedule: then }, { steps: COUNT, schedule: FUNCTION });
  return (at) => then(at) * Math.min(1, (at.step + 1) / steps);
};
