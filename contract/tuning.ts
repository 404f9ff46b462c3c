/**
 * What `weft tune` measured: schedules that were faster on one adapter than the compiler's own choice. JSON; axes are
 * told by their position, so the same kernel of another model, with other names, finds its schedule.
 */
import type { Optimizer } from "./training.ts";

/** Threads that add up one sum together: each takes every `size`-th step, and what they have meets in workgroup memory. */
export interface Team {
  /** A divisor of the workgroup. */
  readonly size: number;
  /** Which threads are neighbours: the members of a team, or the same members of neighbouring teams. */
  readonly inner: "members" | "places";
}

/**
 * A workgroup as a block of threads, `rows · batch` along the axes of the rows and `columns` along those of the
 * columns. Its threads evaluate `depth` steps of both factors, each value once, and then all read them from workgroup memory.
 */
export interface Stage {
  readonly rows: number;
  /** Threads along N where that is an axis of the rows; else 1. */
  readonly batch: number;
  readonly columns: number;
  /** Steps of the sum held at once: a multiple of the threads along either side. */
  readonly depth: number;
  /** Which threads are neighbours: those along the side whose axis is innermost in the result. */
  readonly inner: "rows" | "columns";
}

/** How a contraction is tiled. */
export interface TunedContraction {
  readonly kind: "contraction";
  readonly workgroup: number;
  /** Positions of each axis of the kernel's space held by one thread. */
  readonly tile: readonly number[];
  /** Steps of each summed axis that are written out; 1 where it is a plain loop. */
  readonly unroll: readonly number[];
  /** The factor that the threads of a quad fetch together. */
  readonly share: "lhs" | "rhs" | null;
  /** Whether loops hide how often they run. Absent (files of before it was searched): as the target decides. */
  readonly opaque?: boolean;
  /** How the workgroup fetches together; absent: each thread fetches for itself. */
  readonly stage?: Stage;
  /** Who adds up together; absent: each thread by itself. */
  readonly team?: Team;
}

/** How any other kernel is. */
export interface TunedMapReduce {
  readonly kind: "mapReduce";
  readonly workgroup: number;
  /** Neighbours of the innermost axis computed as one vector. */
  readonly vector: 1 | 2 | 4;
  /** As in a contraction's. */
  readonly opaque?: boolean;
  readonly team?: Team;
}

/**
 * What was decided of a schedule; the rest follows from the kernel. A property that is added later is optional, and
 * absent means what the target decides, so that files stay readable: it is checked in `emit/tuning.ts`, put into a
 * schedule and read off one in `passes/tuning.ts`.
 */
export type TunedSchedule = TunedContraction | TunedMapReduce;

/** By the key of a kernel: see `tuningKey`. */
export type Tuning = Readonly<Record<string, TunedSchedule>>;

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
  /** Its axes with their sizes, in the order of `tile` and `unroll`: for people. */
  readonly kernel: string;
  readonly schedule: TunedSchedule;
  /** Milliseconds of the compiler's own choice, of this schedule, and what building each took. */
  readonly default: number;
  readonly tuned: number;
  readonly defaultBuild: number;
  readonly build: number;
}

/** The file beside a model. */
export interface TuningFile {
  readonly format: "weft-tuning";
  readonly version: 1;
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
