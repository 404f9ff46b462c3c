/** What tilings of a contraction cost: counted from what they read, in figures that were measured on CPU adapters. */
import type { Axis } from "../ir/expr.ts";
import { type ContractionKernel, TERMS } from "../ir/kernel.ts";
import { isKnown, sizeAt } from "../ir/type.ts";
import { gcd } from "../math/affine.ts";
import type { Block, Reader, Stride } from "./reads.ts";
import { extentOf, type Target, vectorWidth } from "./target.ts";

/** A way to tile a contraction, and what it costs. */
export interface Candidate {
  readonly tile: ReadonlyMap<Axis, number>;
  readonly unroll: ReadonlyMap<Axis, number>;
  readonly share: "lhs" | "rhs" | null;
  /** Per useful multiply-add, in the time of one from registers. */
  readonly cost: number;
  /** What is minimised: milliseconds of building once and of running as often as the target says, by estimate. */
  readonly price: number;
}

export type Factors = Readonly<Record<"lhs" | "rhs", Reader>>;

/** The axes along which the lanes of a quad may differ where they fetch a factor together: it does not depend on them. */
export function lanesOf(kernel: ContractionKernel, share: "lhs" | "rhs"): readonly Axis[] {
  return (share === "lhs" ? kernel.n : kernel.m).filter((a) => isKnown(a.extent));
}

/** Threads along the axes of `lanesOf`. */
function lanesAlong(
  kernel: ContractionKernel,
  tile: ReadonlyMap<Axis, number>,
  share: "lhs" | "rhs",
): number {
  return lanesOf(kernel, share).reduce((a, x) => a * Math.ceil(extentOf(x) / (tile.get(x) ?? 1)), 1);
}

/** Accumulators beyond these are kept in memory. */
const SPILL = 24;
/** A loop's own work for a round. */
const LOOP = 28;

/** Milliseconds that llvmpipe, the slowest compiler met, takes to build one of each. */
const BUILD = {
  kernel: 20,
  element: 8,
  shared: 0.4,
  fixed: 1,
  store: 7,
  guard: 0.9,
  multiplyAdd: 0.6,
} as const;
/** Multiply-adds in registers that a CPU adapter does in a millisecond. */
const ADDS_PER_MS = 7e7;

/**
 * What a tiling costs, each factor shared or none; those are left out whose code is too large to build quickly.
 * The figures are those of CPU adapters, where every lane of a load is fetched by itself; on a GPU they rank
 * tilings the same way, since there too loads are what a register tile saves.
 */
export function* pricesOf(
  kernel: ContractionKernel,
  factors: Factors,
  tile: ReadonlyMap<Axis, number>,
  unroll: ReadonlyMap<Axis, number>,
  target: Target,
): Generator<Candidate> {
  const block = blockOf(kernel, tile, unroll);
  const countOf = (a: Axis): number => block.get(a)?.count ?? 1;
  const stored = kernel.space.reduce((a, x) => a * countOf(x), 1);
  const written = isLooped(kernel, target) ? vectorWidth(kernel.n.at(-1)) : stored;
  const held = kernel.window.reduce((a, x) => a * countOf(x), stored);
  const adds = kernel.k.reduce((a, x) => a * countOf(x), held);
  const { times } = target;
  const parts = Math.ceil(adds / held / TERMS);
  const sums = held * (parts > 1 ? 2 * parts : 1);
  const body = BUILD.kernel + BUILD.store * written + BUILD.multiplyAdd * adds;
  if (body > target.build) return;
  const reads = { lhs: factors.lhs(block), rhs: factors.rhs(block) };
  const waste = kernel.space.reduce((a, x) => a * wasteOf(x, tile.get(x) ?? 1, target), 1);
  const runs = kernel.region.phase === "prepare" ? 1 : target.runs;
  const work = (runs * workOf(kernel, target)) / ADDS_PER_MS;
  for (const share of target.quads ? ([null, "lhs", "rhs"] as const) : [null]) {
    const threads = share ? lanesAlong(kernel, tile, share) : 1;
    if (share && threads === 1) continue;
    let time = LOOP + adds * (held > SPILL ? times.spilledAdd : times.add) + sums * times.sum;
    let build = body;
    for (const side of ["lhs", "rhs"] as const) {
      const { elements, vectors, fixed, guarded } = reads[side];
      const fetched = (elements - fixed) / (side === share ? 4 : 1);
      time += times.element * fetched + times.guard * guarded + fixed;
      time +=
        side === share ? times.shared * elements + (times.vector * vectors) / 4 : times.vector * vectors;
      build += BUILD.element * fetched + BUILD.fixed * fixed + BUILD.guard * guarded;
      if (side === share) build += BUILD.shared * elements;
    }
    if (build > target.build) continue;
    const idle = share ? (Math.ceil(threads / 4) * 4) / threads : 1;
    const cost = (time * waste * idle) / adds;
    yield { tile, unroll, share, cost, price: build + cost * work };
  }
}

export function isLooped({ k }: ContractionKernel, { loopedFrom }: Target): boolean {
  return loopedFrom !== null && k.reduce((a, x) => a * extentOf(x), 1) >= loopedFrom;
}

/** Multiply-adds of a run. */
export function workOf({ space, window, k }: ContractionKernel, { batch }: Target): number {
  return [...space, ...window, ...k].reduce((a, x) => a * sizeAt(x.extent, batch), 1);
}

/** What a thread walks: its tile, and the steps that are written out. */
export function blockOf(
  kernel: ContractionKernel,
  tile: ReadonlyMap<Axis, number>,
  unroll: ReadonlyMap<Axis, number>,
): Block {
  const whole = (a: Axis): Stride => ({ count: extentOf(a), step: 0 });
  return new Map([
    ...kernel.space.map((a) => [a, strideOf(a, tile.get(a) ?? 1)] as const),
    ...kernel.window.map((a) => [a, whole(a)] as const),
    ...kernel.k.map((a) => {
      const count = unroll.get(a) ?? 1;
      return [a, count === a.extent ? whole(a) : { count, step: count }] as const;
    }),
  ]);
}

/** A tile that does not divide its axis is moved back at the end: blocks then start at multiples of what divides both. */
function strideOf(axis: Axis, tile: number): Stride {
  if (!isKnown(axis.extent)) return { count: tile, step: 1 };
  if (axis.extent === tile) return { count: tile, step: 0 };
  return { count: tile, step: axis.extent % tile === 0 ? tile : gcd(tile, axis.extent - tile) };
}

/** How often a position is computed, on average: the moved tile computes some twice. */
function wasteOf(axis: Axis, tile: number, { batch }: Target): number {
  const extent = sizeAt(axis.extent, batch);
  return (Math.ceil(extent / tile) * tile) / extent;
}
