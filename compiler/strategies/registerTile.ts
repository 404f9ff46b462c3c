/**
 * Register tile: each thread keeps a tile of the result in registers and fetches for itself, or the threads of a quad fetch
 * a factor for each other (subgroup broadcast). Tiles and unrollings are listed, each is priced by what it reads, and the
 * cheapest that builds quickly enough is taken. Legal for every contraction.
 */

import type { Axis, Substitution } from "../ir/expr.ts";
import { type ContractionKernel, type Schedule, TERMS } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isBatch, isKnown, sizeAt } from "../ir/type.ts";
import type { Variable } from "../ir/value.ts";
import { accumulate, finish, walk } from "../lower/contraction.ts";
import { gridOf, placeThread, type Tiled } from "../lower/threads.ts";
import { parseTiling, tilingItems, tilingLabels } from "./contraction.ts";
import { type Candidate, isLooped, lanesOf, pricesOf, workOf } from "./price.ts";
import { readerOf } from "./reads.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";
import { parseCount, parseWord } from "./text.ts";

export interface RegisterTile extends Schedule {
  readonly strategy: "register tile";
  /** Summed axes that are written out; the value is how many steps are (the whole axis, or a block of it). */
  readonly unroll: ReadonlyMap<Axis, number>;
  /** Space axes by the order of threads, outermost first. */
  readonly order: readonly Axis[];
  /** A factor whose elements the threads of a quad fetch for each other: they differ along the last `lanes` axes only. */
  readonly broadcast: { readonly factor: "lhs" | "rhs"; readonly lanes: number } | null;
  /** Whether the tile is stored in loops, from an array: less code, but accumulators go through memory. */
  readonly looped: boolean;
  /** Products that are summed before they are added to an accumulator. */
  readonly terms: number;
}

type Choice = Pick<Candidate, "tile" | "unroll" | "share">;

export const registerTile: Strategy<ContractionKernel, RegisterTile> = {
  name: "register tile",
  kind: "contraction",
  labels: [...tilingLabels, "subgroup broadcast", "terms", "looped stores", "opaque loops"],

  choose(kernel, target, storages) {
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
    return { ...scheduleOf(kernel, target, best), workgroup: workgroupOf(kernel, target, best) };
  },

  trials(kernel, target, storages) {
    return [...candidatesOf(kernel, target, storages)].map((candidate) => ({
      schedule: scheduleOf(kernel, target, candidate),
      cost: candidate.cost,
    }));
  },

  items(kernel, { tile, unroll, workgroup, broadcast, terms, looped, opaque }) {
    return [
      ...tilingItems(kernel, this.name, tile, unroll),
      ...(broadcast ? ([["subgroup broadcast", broadcast.factor]] as const) : []),
      ["workgroup", workgroup],
      ...(terms === TERMS ? [] : ([["terms", terms]] as const)),
      ...(looped ? ([["looped stores"]] as const) : []),
      ...(opaque ? ([["opaque loops"]] as const) : []),
    ];
  },

  parse(kernel, said) {
    const tiling = parseTiling(kernel, said, this.name);
    const share = said.has("subgroup broadcast")
      ? parseWord(said.get("subgroup broadcast"), ["lhs", "rhs"])
      : null;
    if (!tiling || share === undefined) return undefined;
    const { workgroup, ...choice } = tiling;
    // Quads are whole, and their threads differ along axes of which the factor holds none.
    if (share && (workgroup % 4 !== 0 || lanesOf(kernel, share).length === 0)) return undefined;
    const terms = said.has("terms") ? parseCount(said.get("terms"), TERMS) : TERMS;
    if (terms === undefined) return undefined;
    const made = { opaque: said.has("opaque loops"), looped: said.has("looped stores"), workgroup, terms };
    return scheduled(kernel, { ...choice, share }, made);
  },

  grid(_, schedule) {
    return gridOf(tilesOf(schedule), schedule.broadcast?.lanes);
  },

  lower(lowering, { thread, live, past }, kernel, schedule, vector) {
    const { broadcast, terms } = schedule;
    const { held, busy } = placeThread(lowering, thread, tilesOf(schedule), vector, past, broadcast?.lanes);
    const accumulation = accumulate(lowering, kernel, held, vector, terms);
    const { tile, sums } = accumulation;
    const body = (steps: readonly Substitution[], into: readonly Variable[]): void => {
      const factors = steps.map(accumulation.factors);
      if (broadcast) {
        const shared = factors.map(([left, right]) => (broadcast.factor === "lhs" ? left : right));
        lowering.push({ kind: "share", values: [...new Set(shared.flatMap((read) => tile.map(read)))] });
      }
      accumulation.add(factors, into);
    };
    walk(lowering, kernel.k, schedule.unroll, sums, body, terms);
    // A quad works on as a whole; what is not asked for is not stored.
    finish(lowering, kernel, accumulation, [...(live ? [live] : []), ...busy], schedule.looped);
  },
};

function tilesOf({ order, tile }: RegisterTile): readonly Tiled[] {
  return order.map((axis) => ({ axis, tile: tile.get(axis) ?? 1 }));
}

/** On a CPU a workgroup is one core's work: few threads are spread over smaller ones. */
function workgroupOf({ space }: ContractionKernel, target: Target, { tile }: Choice): number {
  const { spread } = target;
  if (!spread) return target.workgroup;
  const threads = space.reduce(
    (a, x) => a * Math.ceil(sizeAt(x.extent, target.batch) / (tile.get(x) ?? 1)),
    1,
  );
  let size = target.workgroup;
  while (size > spread.least && threads < spread.workgroups * size) size /= 2;
  return size;
}

/** Every tiling that fits the target, with its price. There may be none: then each thread computes one vector. */
function* candidatesOf(kernel: ContractionKernel, target: Target, storages: Storages): Generator<Candidate> {
  const factors = { lhs: readerOf(kernel.lhs, storages), rhs: readerOf(kernel.rhs, storages) };
  for (const tile of tilings(kernel, target, vectorWidth(kernel.n.at(-1))))
    for (const unroll of unrollings(kernel.k)) yield* pricesOf(kernel, factors, tile, unroll, target);
}

function scheduleOf(kernel: ContractionKernel, target: Target, choice: Choice): RegisterTile {
  return scheduled(kernel, choice, {
    workgroup: target.workgroup,
    looped: isLooped(kernel, target),
    opaque: workOf(kernel, target) < target.opaqueBelow,
    // A GPU's accumulators are registers: there a product is added as it is made, in one instruction.
    terms: target.gpu ? 1 : TERMS,
  });
}

function scheduled(
  kernel: ContractionKernel,
  { tile, unroll, share }: Choice,
  made: Pick<RegisterTile, "workgroup" | "looped" | "opaque" | "terms">,
): RegisterTile {
  const columns = kernel.n.at(-1);
  const lanes = share ? lanesOf(kernel, share) : [];
  const place = (a: Axis): number => (isBatch(a.extent) ? 0 : lanes.includes(a) ? 2 : 1);
  return {
    strategy: "register tile",
    ...made,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    unroll,
    order: [...kernel.n, ...kernel.batch, ...kernel.m].toSorted((a, b) => place(a) - place(b)),
    broadcast: share ? { factor: share, lanes: lanes.length } : null,
    together: share ? "quad" : null,
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
function* tilings(kernel: ContractionKernel, target: Target, width: number): Generator<Map<Axis, number>> {
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
