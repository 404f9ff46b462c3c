/** What `weft tune` goes through: a run of a model, or a training step. */
import type { Compilation } from "../../compiler/compile.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import type { AdapterTuning, Tuning } from "../../contract/tuning.ts";
import type { Bench, Place } from "./bench.ts";

/** Milliseconds of whole runs, or of whole steps: the compiler's own choice, and as tuned. */
export interface Whole {
  readonly default: number;
  readonly tuned: number;
}

export interface Job {
  /** Whose dispatches are gone through. */
  readonly compilation: Compilation;
  readonly batch: number;
  /** The optimiser of the steps; undefined for runs. */
  readonly training: AdapterTuning["training"];
  /** Ready for the first dispatch: `close` frees all that it takes. */
  open(place: Place): Promise<Bench>;
  /** Untuned and tuned in turns. Throws `InternalError` where their results differ beyond rounding. */
  compare(tuning: Tuning, place: Place): Promise<Whole>;
}

/** Made once all files are read, before a device is asked for. */
export type Prepared = (target: TargetName) => Job;

/** How often whole runs or steps are measured, the first time aside. */
export const ROUNDS = 7;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
