/** What the strategies for contractions have in common: the tiling as text, and when it is legal. */

import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel } from "../ir/kernel.ts";
import { isKnown } from "../ir/type.ts";
import { extentOf, vectorWidth } from "./target.ts";
import { type Items, parseCount, parseSizes, printSizes, type Said } from "./text.ts";

/** Positions along N that a thread may hold. */
const LARGEST_BATCH_TILE = 16;
/** Accumulators that a thread may hold: far above what is fast, for what is legal at all. */
const LARGEST_TILE = 512;

export interface Tiling {
  readonly tile: ReadonlyMap<Axis, number>;
  readonly unroll: ReadonlyMap<Axis, number>;
  readonly workgroup: number;
}

export const tilingLabels = ["register tile", "unroll", "workgroup"] as const;

const sizesOf = (axes: readonly Axis[], sizes: ReadonlyMap<Axis, number>): readonly number[] =>
  axes.map((a) => sizes.get(a) ?? 1);

/** Sizes by axis; those of 1 say nothing. */
const byAxis = (axes: readonly Axis[], sizes: readonly number[]): ReadonlyMap<Axis, number> =>
  new Map(axes.flatMap((a, i) => (sizes[i] === 1 ? [] : [[a, sizes[i] ?? 1] as const])));

/** `register tile 1×6×2×4, unroll 1×5`: along the axes of the space, and along those that are summed. */
export function tilingItems(
  { space, k }: ContractionKernel,
  label: string,
  tile: ReadonlyMap<Axis, number>,
  unroll: ReadonlyMap<Axis, number>,
): Items {
  const steps = sizesOf(k, unroll);
  return [
    [label, printSizes(sizesOf(space, tile))],
    ...(steps.some((n) => n > 1) ? ([["unroll", printSizes(steps)]] as const) : []),
  ];
}

/** Undefined where it does not fit the kernel. */
export function parseTiling(kernel: ContractionKernel, said: Said, label: string): Tiling | undefined {
  const { space, k } = kernel;
  const tile = parseSizes(said.get(label));
  const unroll = said.has("unroll") ? parseSizes(said.get("unroll")) : k.map(() => 1);
  const workgroup = parseCount(said.get("workgroup"), WORKGROUP_THREADS);
  if (!tile || !unroll || !workgroup || !fitsTile(kernel, tile)) return undefined;
  if (unroll.length !== k.length || k.some((a, i) => (unroll[i] ?? 1) > mostSteps(a))) return undefined;
  const blocks = k.filter((a, i) => unroll[i] !== 1 && unroll[i] !== a.extent); // loops over blocks do not nest
  if (blocks.length > 1) return undefined;
  return { tile: byAxis(space, tile), unroll: byAxis(k, unroll), workgroup };
}

const mostSteps = (a: Axis): number => (isKnown(a.extent) ? a.extent : 1);

/** Whether a thread can hold so many positions along each axis of the space: whole vectors, and not too many. */
export function fitsTile({ space, window, n }: ContractionKernel, tile: readonly number[]): boolean {
  const columns = n.at(-1);
  const most = (a: Axis): number => Math.min(extentOf(a), isKnown(a.extent) ? Infinity : LARGEST_BATCH_TILE);
  return (
    tile.length === space.length &&
    space.every((a, i) => (tile[i] ?? 1) <= most(a)) &&
    (columns === undefined || (tile[space.indexOf(columns)] ?? 0) % vectorWidth(columns) === 0) &&
    [...tile, ...window.map(extentOf)].reduce((a, x) => a * x, 1) <= LARGEST_TILE
  );
}
