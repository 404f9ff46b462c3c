/** Numbers that are no numbers, and the error that they end a training with. */
import { WeftError } from "../contract/errors.ts";
import type { Training } from "../contract/training.ts";
import type { Unfit } from "./trace.ts";

/** A step whose loss, or whose parameters after it, are not finite. */
export interface Failure {
  /** From 1, over all epochs. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** `the loss of epoch 2, step 17 of 235 is NaN (learning rate 50)` */
  readonly problem: string;
  /** `conv2's activations hold 1,024 values that are NaN or infinite`; absent where that was not found out. */
  readonly where?: string;
}

/** What `fit` throws with code "diverged". The last good state is kept. */
export class DivergedError extends WeftError {
  readonly failure: Failure;
  constructor({ name }: Training, failure: Failure) {
    const { problem, where } = failure;
    const found = where ? `: ${where}` : "";
    super(
      "diverged",
      `${name}: ${problem}${found}. The state before is kept; try a smaller learning rate, or to clip gradients`,
    );
    this.failure = failure;
  }
}

/** `1,024 values that are NaN or infinite` */
export function inWords({ count }: Unfit): string {
  return `${count.toLocaleString("en-US")} value${count > 1 ? "s that are" : " that is"} NaN or infinite`;
}
