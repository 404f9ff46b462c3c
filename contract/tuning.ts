/**
 * What `weft tune` measured: schedules that were faster on one adapter than the compiler's own choice. JSON; axes are
 * told by their position, so the same kernel of another model, with other names, finds its schedule.
 */
import type { Optimizer } from "./training.ts";

/** Schedules as text, `register tile 1×6×2×4, unroll 1×5, workgroup 64`, by the key of a kernel: see `tuningKey`. */
export type Tuning = Readonly<Record<string, string>>;

/** What identifies an adapter: the fields of GPUAdapterInfo, and the features that schedules may use. */
export interface AdapterKey {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly features: readonly string[];
}

/** A schedule with what was measured. */
export interface TunedKernel {
  /** The layers that had this kernel when it was measured: for people. */
  readonly layers: string;
  /** Its axes with their sizes, in the order of the sizes in `schedule`: for people. */
  readonly kernel: string;
  readonly schedule: string;
  /** Milliseconds of the compiler's own choice, of this schedule, and what building each took. */
  readonly default: number;
  readonly tuned: number;
  readonly defaultBuild: number;
  readonly build: number;
}

/** The file beside a model. */
export interface TuningFile {
  readonly format: "weft-tuning";
  readonly version: 2;
  readonly adapters: readonly AdapterTuning[];
}

export interface AdapterTuning extends AdapterKey {
  /** What kernels without a measured schedule are compiled for. */
  readonly target: string;
  /** The number of examples that was measured with: an adapter has an entry for each. */
  readonly batch: number;
  /** The optimiser of the training steps that were measured. Absent: runs were. */
  readonly training?: Optimizer["kind"];
  readonly kernels: Readonly<Record<string, TunedKernel>>;
}
