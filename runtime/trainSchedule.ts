/** Learning rates that change as training goes on. */

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
export const stepDecay =
  ({ every, factor = 0.1 }: { readonly every: number; readonly factor?: number }): Schedule =>
  (at) =>
    at.lr * factor ** Math.floor(at.epoch / every);

/** From the rate to `to` of it (default 0) along half a cosine over all epochs (Loshchilov & Hutter 2017). */
export const cosine =
  ({ to = 0 }: { readonly to?: number } = {}): Schedule =>
  (at) =>
    at.lr * (to + ((1 - to) * (1 + Math.cos((Math.PI * at.step) / (at.epochs * at.stepsPerEpoch)))) / 2);

/** The first `steps` steps rise evenly up to what `then` gives (default: the optimiser's rate). */
export const warmUp =
  (steps: number, then: Schedule = constant()): Schedule =>
  (at) =>
    then(at) * Math.min(1, (at.step + 1) / steps);
