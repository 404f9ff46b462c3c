/** What a training in the page is asked for. Pure. */
import { adam, type Clip, type Optimizer, sgd } from "../../../compiler/train/index.ts";

export interface Settings {
  readonly optimizer: "sgd" | "adam";
  readonly lr: number;
  /** Of SGD alone. */
  readonly momentum: number;
  readonly clip: "none" | "norm" | "value";
  readonly clipAt: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  /** Pictures to train with, at most. */
  readonly limit: number;
}

/** The lecture's experiment. */
export const LECTURE: Settings = {
  optimizer: "sgd",
  lr: 0.9,
  momentum: 0,
  clip: "none",
  clipAt: 1,
  batch: 256,
  epochs: 10,
  seed: 0,
  limit: 24_000,
};

/** The rates to begin with: one optimiser's is no use to the other. */
export const RATES: Readonly<Record<Settings["optimizer"], number>> = { sgd: 0.9, adam: 0.001 };

export function optimizerOf({ optimizer, lr, momentum }: Settings): Optimizer {
  return optimizer === "adam" ? adam({ lr }) : sgd({ lr, momentum });
}

export function clipOf({ clip, clipAt }: Settings): Clip | undefined {
  if (clip === "none") return undefined;
  return clip === "norm" ? { norm: clipAt } : { value: clipAt };
}
