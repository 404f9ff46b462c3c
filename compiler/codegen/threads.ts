/** From a thread's number to its place in the iteration space, and its tile's positions as indices. */

import type { Grid } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import { add, axisIndex, gcd, newAxis, scale } from "../math/affine.ts";
import type { Scopes } from "./scopes.ts";

/** The positions of one axis that a thread holds. */
export interface Held {
  readonly axis: Axis;
  /** The index at each register position; vectors are counted once, at their first component. */
  readonly at: readonly Index[];
  /** WGSL condition under which position r belongs to this thread; absent where it always does. */
  readonly owned: readonly (string | undefined)[];
}

export interface Tiled {
  readonly axis: Axis;
  /** Positions held by one thread; at most the extent, unless the extent is N. */
  readonly tile: number;
}

/** How many threads an axis takes; along N, one a block of them. */
export function threadsOf({ axis, tile }: Tiled): number {
  return axis.extent === "N" ? 1 : Math.ceil(axis.extent / tile);
}

export function gridOf(tiles: readonly Tiled[], lanes = 0): Grid {
  const outer = tiles.slice(0, tiles.length - lanes);
  const inner = tiles.slice(tiles.length - lanes).reduce((a, t) => a * threadsOf(t), 1);
  const items = outer.reduce((a, t) => a * threadsOf(t), 1) * (lanes > 0 ? wholeQuads(inner) : 1);
  const batch = tiles.find((t) => t.axis.extent === "N");
  return { items, batchTile: batch ? batch.tile : 0 };
}

const wholeQuads = (threads: number): number => Math.ceil(threads / 4) * 4;

/**
 * Writes the decomposition of the thread's number `thread` and returns what each axis holds. `tiles` is ordered
 * outermost first; an axis of extent N comes first, so that no division by N is needed.
 *
 * An axis whose tile does not divide it ends with a tile that is moved back to fit: it computes a few positions
 * twice but stores only its own. Along N, whose size is unknown here, positions are clamped instead.
 *
 * Where a quad's threads may differ along the innermost `lanes` axes only, the threads along them are filled up to
 * whole quads. Those too many repeat the last one's work; `busy` is the condition of the others.
 */
export function placeThread(
  writer: Scopes,
  tiles: readonly Tiled[],
  lane: Axis | undefined,
  laneOf: Axis | undefined,
  lanes = 0,
): { readonly held: readonly Held[]; readonly busy: readonly string[] } {
  const place = (some: readonly Tiled[], number: string): Held[] =>
    decompose(writer, some, number, lane, laneOf);
  const [outer, inner] = [tiles.slice(0, tiles.length - lanes), tiles.slice(tiles.length - lanes)];
  const count = inner.reduce((a, t) => a * threadsOf(t), 1);
  if (lanes === 0 || count % 4 === 0) return { held: place(tiles, "thread"), busy: [] };
  const [number, inside] = [writer.name("quads"), writer.name("place")];
  writer.push({ kind: "let", name: number, value: `thread / ${wholeQuads(count)}` });
  writer.push({ kind: "let", name: inside, value: `min(thread % ${wholeQuads(count)}, ${count - 1})` });
  const held = [...place(outer, number), ...place(inner, inside)];
  return { held, busy: [`thread % ${wholeQuads(count)} < ${count}`] };
}

/** Writes each axis's place from the number of a thread along all of them, the last one fastest. */
export function decompose(
  writer: Scopes,
  tiles: readonly Tiled[],
  number: string,
  lane: Axis | undefined,
  laneOf: Axis | undefined,
): Held[] {
  const held: Held[] = [];
  let rest = number;
  const inner = [...tiles].reverse();
  inner.forEach((tiled, i) => {
    const { axis, tile } = tiled;
    const count = threadsOf(tiled);
    const last = i === inner.length - 1;
    let block = rest;
    if (!last) {
      block = count === 1 ? "0" : `${rest} % ${count}`;
      if (count > 1) {
        const next = writer.name("rest");
        writer.push({ kind: "let", name: next, value: `${rest} / ${count}` });
        rest = next;
      }
    }
    const width = lane && axis === laneOf ? (lane.extent as number) : 1;
    const offsets = Array.from({ length: Math.ceil(tile / width) }, (_, r) => r * width);
    held.push(holdAxis(writer, tiled, block, offsets, width > 1 ? lane : undefined));
  });
  return held.reverse();
}

function holdAxis(
  writer: Scopes,
  { axis, tile }: Tiled,
  block: string,
  offsets: readonly number[],
  lane: Axis | undefined,
): Held {
  if (axis.extent === "N") return holdBatch(writer, { axis, tile }, block);
  const withLane = (index: Index): Index => (lane ? add(index, axisIndex(lane)) : index);
  const name = writer.name(axis.name);
  if (axis.extent % tile === 0) {
    const blocks = newAxis(axis.name, axis.extent / tile);
    if (blocks.extent !== 1) writer.push({ kind: "let", name, value: block });
    writer.declare(blocks, name);
    return {
      axis,
      at: offsets.map((r) => withLane(add(scale(axisIndex(blocks), tile), r))),
      owned: offsets.map(() => undefined),
    };
  }
  // The moved tile starts at a multiple of what divides both the tile and the way to the last place: vectors stay aligned.
  const unit = gcd(tile, axis.extent - tile);
  const starts = newAxis(axis.name, (axis.extent - tile) / unit + 1);
  const first = writer.name(`${axis.name}first`);
  writer.push({ kind: "let", name: first, value: scaled(block, tile / unit) });
  writer.push({ kind: "let", name, value: `min(${first}, ${(axis.extent - tile) / unit})` });
  writer.declare(starts, name);
  return {
    axis,
    at: offsets.map((r) => withLane(add(scale(axisIndex(starts), unit), r))),
    owned: offsets.map((r) => `${scaled(name, unit)} + ${r} >= ${scaled(first, unit)}`),
  };
}

/** `(block) * 4`; the block may be a division or remainder, which bind as tightly. */
function scaled(text: string, by: number): string {
  if (by === 1) return text;
  return /^\w+$/.test(text) ? `${text} * ${by}` : `(${text}) * ${by}`;
}

/** The positions of block number `block` along N; with `beyond`, that number may exceed the last block's. */
export function holdBatch(writer: Scopes, { axis, tile }: Tiled, block: string, beyond = false): Held {
  const name = writer.name(axis.name);
  writer.push({ kind: "let", name, value: scaled(block, tile) });
  const end = writer.batch().text;
  const offsets = Array.from({ length: tile }, (_, r) => r);
  const positions = offsets.map(() => newAxis(axis.name, "N"));
  for (const [r, position] of positions.entries()) {
    const inside = r === 0 && !beyond;
    const at = r === 0 ? name : `${name} + ${r}`;
    const clamped = inside ? name : writer.name(axis.name);
    if (!inside) writer.push({ kind: "let", name: clamped, value: `min(${at}, ${end} - 1)` });
    writer.declare(position, clamped);
  }
  return {
    axis,
    at: positions.map(axisIndex),
    owned: offsets.map((r) =>
      r === 0 ? (beyond ? `${name} < ${end}` : undefined) : `${name} + ${r} < ${end}`,
    ),
  };
}

/** The indices of some axes, N first, at a number along all of them. */
export function stepsAt(writer: Scopes, axes: readonly Axis[], number: string): Substitution {
  const tiles = axes.map((axis) => ({ axis, tile: 1 }));
  const held = decompose(writer, tiles, number, undefined, undefined);
  return new Map(axes.map((axis, i) => [axis, must(held[i]?.at[0], "step")]));
}

/** Products and sums of names and numbers, without what changes nothing. */
export const product = (a: string, by: number): string => (a === "0" || by === 1 ? a : `${a} * ${by}`);
export const sum = (a: string, b: string): string => (a === "0" ? b : b === "0" ? a : `${a} + ${b}`);

/** All combinations of register positions: which r of each axis, the substitution, and the store conditions. */
export interface Position {
  readonly at: Substitution;
  readonly registers: readonly number[];
  readonly owned: readonly string[];
}

export function registerPositions(held: readonly Held[]): readonly Position[] {
  let all: Position[] = [{ at: new Map(), registers: [], owned: [] }];
  for (const { axis, at, owned } of held) {
    all = all.flatMap((p) =>
      at.map((index, r) => ({
        at: new Map([...p.at, [axis, index]]),
        registers: [...p.registers, r],
        owned: owned[r] === undefined ? p.owned : [...p.owned, must(owned[r], "condition")],
      })),
    );
  }
  return all;
}
