/**
 * How a contraction is tiled: register tiles and unrollings are listed, each is priced by what it reads, and the
 * cheapest that builds quickly enough is taken.
 */
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel, ContractionSchedule } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isBatch, isKnown, sizeAt } from "../ir/type.ts";
import { readerOf } from "./cost.ts";
import { type Candidate, isLooped, lanesOf, pricesOf, SMALL, workOf } from "./price.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";

export function scheduleContraction(
  kernel: ContractionKernel,
  target: Target,
  storages: Storages,
): ContractionSchedule {
  const columns = kernel.n.at(-1);
  let best: Candidate = {
    tile: columns ? new Map([[columns, vectorWidth(columns)]]) : new Map(),
    unroll: new Map(),
    share: null,
    cost: Number.POSITIVE_INFINITY,
    price: Number.POSITIVE_INFINITY,
  };
  for (const candidate of candidatesOf(kernel, target, storages))
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
    (a, x) => a * Math.ceil(sizeAt(x.extent, target.batch) / (tile.get(x) ?? 1)),
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
  storages: Storages,
): Generator<Candidate> {
  const factors = { lhs: readerOf(kernel.lhs, storages), rhs: readerOf(kernel.rhs, storages) };
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
  const place = (a: Axis): number => (isBatch(a.extent) ? 0 : lanes.includes(a) ? 2 : 1);
  const order = [...kernel.n, ...kernel.batch, ...kernel.m].toSorted((a, b) => place(a) - place(b));
  const rules = ["register tile", ...(vector ? ["vectors over columns"] : [])];
  if (share) rules.push(`quads fetch the ${share === "lhs" ? "rows" : "columns"} together`);
  return {
    kind: "contraction",
    workgroup: target.workgroup,
    tile,
    vector,
    unroll,
    order: order,
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
  if (!isKnown(axis.extent)) return cap >= 4 ? [1, 4] : [1];
  const extent = axis.extent;
  const sides = [1, 2, 3, 4, 5, 6, 7, 8, 16].map((s) => s * step);
  return sides.filter((s) => s <= Math.min(extent, cap) && (isPower(s) || extent % s === 0));
}

const isPower = (n: number): boolean => (n & (n - 1)) === 0;

/** Register tiles that fit: over the columns and the innermost two axes of the rows. */
function* tilesOf(kernel: ContractionKernel, target: Target, width: number): Generator<Map<Axis, number>> {
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const budget = Math.max(1, Math.floor(target.registers / window));
  const columns = kernel.n.at(-1);
  const fixed = kernel.m.filter((a) => isKnown(a.extent));
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
        yield new Map(sides.flatMap(([axis, side]) => (axis ? [[axis, side] as const] : [])));
      }
}

/** Steps of a sum that may be written out one after the other. */
const MAX_WRITTEN = 64;

/** Which summed axes are written out: none, or some whole innermost ones, and a block of the next. */
function* unrollings(k: readonly Axis[]): Generator<Map<Axis, number>> {
  const unroll = new Map<Axis, number>();
  yield new Map();
  let written = 1;
  for (const axis of k.toReversed()) {
    const extent = extentOf(axis);
    for (const block of [2, 4])
      if (extent > block && isKnown(axis.extent)) yield new Map([...unroll, [axis, block]]);
    written *= extent;
    if (written > MAX_WRITTEN) return;
    unroll.set(axis, extent);
    yield new Map(unroll);
  }
}
