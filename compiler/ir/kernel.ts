/**
 * A kernel before it is scheduled. Nothing here says "conv" or "softmax": two skeletons carry everything.
 *
 *   contraction   acc[axes] = Σ_k lhs · rhs, then results(acc): an implicit GEMM with fused prologues and epilogue
 *   mapReduce     results over a space of positions, with reductions evaluated inside it
 */
import type { Stage, Team } from "../../contract/tuning.ts";
import type { Axis, Expr } from "./expr.ts";
import type { Node } from "./graph.ts";
import type { Region, Result } from "./region.ts";

interface KernelBase {
  readonly region: Region;
  /** Independent output positions, outermost first; extents of 1 are gone. */
  readonly space: readonly Axis[];
  /** What is stored, with places over `space`: one at least. */
  readonly results: readonly Result[];
  readonly reads: readonly Node[];
}

export interface MapReduceKernel extends KernelBase {
  readonly kind: "mapReduce";
}

export interface ContractionKernel extends KernelBase {
  readonly kind: "contraction";
  /** Axes that the epilogue reduces over (a pooling window): kept whole in registers. */
  readonly window: readonly Axis[];
  /** Summed axes. */
  readonly k: readonly Axis[];
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Axes of `space` by role: in both factors or in neither, in `lhs` alone, in `rhs` alone. */
  readonly batch: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
  /** The accumulator's axes, in the order of `acc` indices in `results`: space, then window. */
  readonly axes: readonly Axis[];
}

export type Kernel = MapReduceKernel | ContractionKernel;

/** All that a kernel evaluates: factors first. */
export function valuesOf(kernel: Kernel): readonly Expr[] {
  const results = kernel.results.map((r) => r.value);
  return kernel.kind === "contraction" ? [kernel.lhs, kernel.rhs, ...results] : results;
}

/** Neighbours along an axis that share a vector. */
export interface Lanes {
  readonly axis: Axis;
  readonly width: 2 | 4;
}

/** How a kernel is tiled: plain data, chosen per target. */
export type Schedule = ContractionSchedule | MapReduceSchedule;

export interface ContractionSchedule {
  readonly kind: "contraction";
  readonly workgroup: number;
  /** Register tile: positions of each space axis held by one thread (window axes are always whole). */
  readonly tile: ReadonlyMap<Axis, number>;
  /** The axis whose neighbours share a vector, and the vector's width. */
  readonly vector: Lanes | null;
  /** Summed axes that are written out; the value is how many steps are (the whole axis, or a block of it). */
  readonly unroll: ReadonlyMap<Axis, number>;
  /** Space axes by the order of threads, outermost first. */
  readonly order: readonly Axis[];
  /** A factor whose elements the four threads of a quad fetch for each other: they differ along the last `lanes` axes only. */
  readonly quads: { readonly factor: "lhs" | "rhs"; readonly lanes: number } | null;
  /** How a workgroup fetches both factors together, into workgroup memory; null: each thread fetches for itself. */
  readonly stage: Stage | null;
  readonly team: Team | null;
  /** Whether the register tile is stored in loops, from an array: less code, but accumulators go through memory. */
  readonly looped: boolean;
  /** Whether loops hide how often they run from the driver, which else may write short ones out once more. */
  readonly opaque: boolean;
  /** Which ordered rule chose this. */
  readonly rule: string;
}

/**
 * Products that are summed before they are added to an accumulator. There are more accumulators than registers on a
 * CPU: one that is touched for every product is loaded and stored as often. With more, the factors' values do not fit.
 */
export const TERMS = 6;

export interface MapReduceSchedule {
  readonly kind: "mapReduce";
  readonly workgroup: number;
  /** Space axes walked by one thread in a loop, because the reductions do not depend on them. */
  readonly serial: readonly Axis[];
  /** Neighbouring elements of the innermost axis computed by one thread as a vector. */
  readonly vector: Lanes | null;
  /** As in a contraction's. */
  readonly opaque: boolean;
  /** Whose members share the long reductions, and the serial axes; null: each thread has its own. */
  readonly team: Team | null;
  readonly rule: string;
}
