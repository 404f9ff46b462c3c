/**
 * How a contraction is tiled: register tiles and unrollings are listed, each is priced by what it reads, and the
 * cheapest that builds quickly enough is taken.
 */
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel, ContractionSchedule, Layouts } from "../ir/kernel.ts";
import { gcd } from "../math/affine.ts";
import { type Block, type Reader, readerOf, type Stride } from "./cost.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";

/** A way to tile a contraction, and what it costs. */
export interface Candidate {
  readonly tile: ReadonlyMap<string, number>;
  readonly unroll: ReadonlyMap<string, number>;
  readonly share: "lhs" | "rhs" | null;
  /** Per useful multiply-add, in the time of one from registers. */
  readonly cost: number;
  /** What is minimised: milliseconds of building once and of running as often as the target says, by estimate. */
  readonly price: number;
}

type Factors = Readonly<Record<"lhs" | "rhs", Reader>>;

export function scheduleContraction(
  kernel: ContractionKernel,
  target: Target,
  layouts: Layouts,
): ContractionSchedule {
  const columns = kernel.n.at(-1);
  let best: Candidate = {
    tile: columns ? new Map([[columns.key, vectorWidth(columns)]]) : new Map(),
    unroll: new Map(),
    share: null,
    cost: Number.POSITIVE_INFINITY,
    price: Number.POSITIVE_INFINITY,
  };
  for (const candidate of candidatesOf(kernel, target, layouts))
    if (candidate.price < best.price) best = candidate;
  const chosen = scheduleOf(kernel, target, best);
  return { ...chosen, workgroup: workgroupOf(kernel, target, best) };
}

/** Workgroups that keep a CPU's cores busy to the end. */
const BUSY = 16;
const SMALLEST = 16;

/** On a CPU a workgroup is one core's work: few threads are spread over smaller ones. */
function workgroupOf(
  { space }: ContractionKernel,
  target: Target,
  { tile }: Pick<Candidate, "tile">,
): number {
  if (!target.quads) return target.workgroup;
  const threads = space.reduce(
    (a, x) => a * Math.ceil((x.extent === "N" ? target.batch : x.extent) / (tile.get(x.key) ?? 1)),
    1,
  );
  let size = target.workgroup;
  while (size > SMALLEST && threads < BUSY * size) size /= 2;
  return size;
}

/** Every tiling that fits the target, with its price. There may be none: then each thread computes one vector. */
export function* candidatesOf(
  kernel: ContractionKernel,
  target: Target,
  layouts: Layouts,
): Generator<Candidate> {
  const factors = { lhs: readerOf(kernel.lhs, layouts), rhs: readerOf(kernel.rhs, layouts) };
  for (const tile of tilesOf(kernel, target, vectorWidth(kernel.n.at(-1))))
    for (const unroll of unrollings(kernel.k)) yield* pricesOf(kernel, factors, tile, unroll, target);
}

export function scheduleOf(
  kernel: ContractionKernel,
  target: Target,
  { tile, unroll, share }: Pick<Candidate, "tile" | "unroll" | "share">,
): ContractionSchedule {
  const columns = kernel.n.at(-1);
  const vector = vectorOver(columns, vectorWidth(columns));
  const lanes = share ? lanesOf(kernel, share) : [];
  const place = (a: Axis): number => (a.extent === "N" ? 0 : lanes.includes(a) ? 2 : 1);
  const order = [...kernel.n, ...kernel.batch, ...kernel.m].toSorted((a, b) => place(a) - place(b));
  const rules = ["register tile", ...(vector ? ["vectors over columns"] : [])];
  if (share) rules.push(`quads fetch the ${share === "lhs" ? "rows" : "columns"} together`);
  return {
    kind: "contraction",
    workgroup: target.workgroup,
    tile,
    vector,
    unroll,
    order: order.map((a) => a.key),
    quads: share ? { factor: share, lanes: lanes.length } : null,
    stage: null,
    team: null,
    looped: isLooped(kernel, target),
    opaque: target.opaque && workOf(kernel, target) < SMALL,
    rule: rules.join(", "),
  };
}

/** Sizes tried for a tile's side: powers of two, and divisors that leave no rest. */
function sidesOf(axis: Axis | undefined, step: number, cap: number): readonly number[] {
  if (axis === undefined) return [1];
  if (axis.extent === "N") return cap >= 4 ? [1, 4] : [1];
  const extent = axis.extent;
  const sides = [1, 2, 3, 4, 5, 6, 7, 8, 16].map((s) => s * step);
  return sides.filter((s) => s <= Math.min(extent, cap) && (isPower(s) || extent % s === 0));
}

const isPower = (n: number): boolean => (n & (n - 1)) === 0;

/** Register tiles that fit: over the columns and the innermost two axes of the rows. */
function* tilesOf(kernel: ContractionKernel, target: Target, width: number): Generator<Map<string, number>> {
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const budget = Math.max(1, Math.floor(target.registers / window));
  const columns = kernel.n.at(-1);
  const fixed = kernel.m.filter((a) => a.extent !== "N");
  const rows = fixed.at(-1) ?? kernel.m.at(-1);
  const outer = fixed.length > 1 ? fixed.at(-2) : undefined;
  for (const c of sidesOf(columns, width, Math.max(width, budget)))
    for (const r of sidesOf(rows, 1, Math.max(1, Math.floor(budget / c))))
      for (const o of sidesOf(outer, 1, Math.max(1, Math.min(4, Math.floor(budget / c / r))))) {
        const sides: readonly (readonly [Axis | undefined, number])[] = [
          [columns, c],
          [rows, r],
          [outer, o],
        ];
        yield new Map(sides.flatMap(([axis, side]) => (axis ? [[axis.key, side] as const] : [])));
      }
}

/** Steps of a sum that may be written out one after the other. */
const MAX_WRITTEN = 64;

/** Which summed axes are written out: none, or some whole innermost ones, and a block of the next. */
function* unrollings(k: readonly Axis[]): Generator<Map<string, number>> {
  const unroll = new Map<string, number>();
  yield new Map();
  let written = 1;
  for (const axis of k.toReversed()) {
    const extent = extentOf(axis);
    for (const block of [2, 4])
      if (extent > block && axis.extent !== "N") yield new Map([...unroll, [axis.key, block]]);
    written *= extent;
    if (written > MAX_WRITTEN) return;
    unroll.set(axis.key, extent);
    yield new Map(unroll);
  }
}

/** The axes along which the lanes of a quad may differ where they fetch a factor together: it does not depend on them. */
function lanesOf(kernel: ContractionKernel, share: "lhs" | "rhs"): readonly Axis[] {
  return (share === "lhs" ? kernel.n : kernel.m).filter((a) => a.extent !== "N");
}

/** Accumulators beyond these are kept in memory. */
const SPILL = 24;
/** A loop's own work for a round. */
const LOOP = 28;
/** Time of an element fetched, a load, an element that a neighbour fetched, a guarded value, a multiply-add. */
const TIME = { element: 20, vector: 10, shared: 1.5, guard: 3, add: 3, spilledAdd: 3.6 } as const;
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
function* pricesOf(
  kernel: ContractionKernel,
  factors: Factors,
  tile: ReadonlyMap<string, number>,
  unroll: ReadonlyMap<string, number>,
  target: Target,
): Generator<Candidate> {
  const block = blockOf(kernel, tile, unroll);
  const countOf = (a: Axis): number => block.get(a.key)?.count ?? 1;
  const stored = kernel.space.reduce((a, x) => a * countOf(x), 1);
  const written = isLooped(kernel, target) ? vectorWidth(kernel.n.at(-1)) : stored;
  const held = kernel.window.reduce((a, x) => a * countOf(x), stored);
  const adds = kernel.k.reduce((a, x) => a * countOf(x), held);
  const body = BUILD.kernel + BUILD.store * written + BUILD.multiplyAdd * adds;
  if (body > target.build) return;
  const reads = { lhs: factors.lhs(block), rhs: factors.rhs(block) };
  const waste = kernel.space.reduce((a, x) => a * wasteOf(x, tile.get(x.key) ?? 1, target), 1);
  const runs = kernel.region.phase === "prepare" ? 1 : target.runs;
  const work = (runs * workOf(kernel, target)) / ADDS_PER_MS;
  for (const share of target.quads ? ([null, "lhs", "rhs"] as const) : [null]) {
    let time = LOOP + adds * (held > SPILL ? TIME.spilledAdd : TIME.add);
    let build = body;
    for (const side of ["lhs", "rhs"] as const) {
      const { elements, vectors, fixed, guarded } = reads[side];
      const fetched = (elements - fixed) / (side === share ? 4 : 1);
      time += TIME.element * fetched + TIME.guard * guarded + fixed;
      time += side === share ? TIME.shared * elements + (TIME.vector * vectors) / 4 : TIME.vector * vectors;
      build += BUILD.element * fetched + BUILD.fixed * fixed + BUILD.guard * guarded;
      if (side === share) build += BUILD.shared * elements;
    }
    const threads = share
      ? lanesOf(kernel, share).reduce((a, x) => a * Math.ceil(extentOf(x) / countOf(x)), 1)
      : 4;
    if (build > target.build || threads === 1) continue;
    const idle = (Math.ceil(threads / 4) * 4) / threads;
    const cost = (time * waste * idle) / adds;
    yield { tile, unroll, share, cost, price: build + cost * work };
  }
}

/** Steps of a sum from which on a tile is stored in loops: its accumulators then go through memory, once. */
const LONG = 16;

/** llvmpipe takes 7 ms to build a store, and walks arrays well; elsewhere an array of accumulators is slower. */
function isLooped({ k }: ContractionKernel, target: Target): boolean {
  return target.opaque && k.reduce((a, x) => a * extentOf(x), 1) >= LONG;
}

/**
 * Multiply-adds of a run below which a kernel's loops stay loops. Written out again by llvmpipe they take up to ten
 * times as long to build, and run up to twice as fast: they hold their accumulators without asking who is in the loop.
 */
const SMALL = 1e6;

/** Multiply-adds of a run. */
function workOf({ space, window, k }: ContractionKernel, { batch }: Target): number {
  return [...space, ...window, ...k].reduce((a, x) => a * (x.extent === "N" ? batch : x.extent), 1);
}

function blockOf(
  kernel: ContractionKernel,
  tile: ReadonlyMap<string, number>,
  unroll: ReadonlyMap<string, number>,
): Block {
  const whole = (a: Axis): Stride => ({ count: extentOf(a), step: 0 });
  return new Map([
    ...kernel.space.map((a) => [a.key, strideOf(a, tile.get(a.key) ?? 1)] as const),
    ...kernel.window.map((a) => [a.key, whole(a)] as const),
    ...kernel.k.map((a) => {
      const count = unroll.get(a.key) ?? 1;
      return [a.key, count === a.extent ? whole(a) : { count, step: count }] as const;
    }),
  ]);
}

/** A tile that does not divide its axis is moved back at the end: blocks then start at multiples of what divides both. */
function strideOf(axis: Axis, tile: number): Stride {
  if (axis.extent === "N") return { count: tile, step: 1 };
  if (axis.extent === tile) return { count: tile, step: 0 };
  return { count: tile, step: axis.extent % tile === 0 ? tile : gcd(tile, axis.extent - tile) };
}

/** How often a position is computed, on average: the moved tile computes some twice. */
function wasteOf(axis: Axis, tile: number, { batch }: Target): number {
  const extent = axis.extent === "N" ? batch : axis.extent;
  return (Math.ceil(extent / tile) * tile) / extent;
}
