/**
 * A kernel before it is scheduled. Nothing here says "conv" or "softmax": two skeletons carry everything.
 *
 *   contraction   acc[axes] = Σ_k lhs · rhs, then results(acc): an implicit GEMM with fused prologues and epilogue
 *   mapReduce     results over a space of positions, with reductions evaluated inside it
 */
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

/** Threads that add up one sum together: each takes every `size`-th step, and what they have meets in workgroup memory. */
export interface Team {
  /** A divisor of the workgroup. */
  readonly size: number;
  /** Which threads are neighbours: the members of a team, or the same members of neighbouring teams. */
  readonly inner: "members" | "places";
}

/** Which threads work together: a quad's four; those of a workgroup; or a team, whose grid is one of teams. */
export type Together = "quad" | "workgroup" | Team;

/**
 * How a kernel is carried out: a strategy (`strategies/`), and what it decided. Plain data; what else a strategy decides
 * stands in its own file, and only it looks there.
 */
export interface Schedule {
  /** The strategy's name. */
  readonly strategy: string;
  readonly workgroup: number;
  /** Register tile: positions of each space axis held by one thread (window axes are always whole). */
  readonly tile: ReadonlyMap<Axis, number>;
  /** The axis whose neighbours share a vector, and the vector's width. */
  readonly vector: Lanes | null;
  /** null: each thread works by itself. */
  readonly together: Together | null;
  /** Whether loops hide how often they run from the driver, which else may write short ones out once more. */
  readonly opaque: boolean;
  /** Whether it was measured, not chosen by rule. */
  readonly tuned?: true;
}

/**
 * Products that are summed before they are added to an accumulator. There are more accumulators than registers on a
 * CPU: one that is touched for every product is loaded and stored as often. With more, the factors' values do not fit.
 */
export const TERMS = 6;
