/** From a thread's number to its place in the iteration space, and its tile's positions as indices. */

import type { Grid } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import { boundOf, isBatch, isKnown } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { add, axisIndex, gcd, newAxis, scale } from "../math/affine.ts";
import { binary, int, least, less, plus, sizeValue, times } from "../math/value.ts";
import type { Builder } from "./builder.ts";

/** The positions of one axis that a thread holds. */
export interface Held {
  readonly axis: Axis;
  /** The index at each register position; vectors are counted once, at their first component. */
  readonly at: readonly Index[];
  /** The condition under which position r belongs to this thread; absent where it always does. */
  readonly owned: readonly (Value | undefined)[];
}

export interface Tiled {
  readonly axis: Axis;
  /** Positions held by one thread; at most the extent, where it is known. */
  readonly tile: number;
}

/** How many threads an axis takes: enough for its bound; along N, one a block of them. */
export function threadsOf({ axis, tile }: Tiled): number {
  return isBatch(axis.extent) ? 1 : Math.ceil(boundOf(axis.extent) / tile);
}

export function gridOf(tiles: readonly Tiled[], lanes = 0): Grid {
  const outer = tiles.slice(0, tiles.length - lanes);
  const inner = tiles.slice(tiles.length - lanes).reduce((a, t) => a * threadsOf(t), 1);
  const items = outer.reduce((a, t) => a * threadsOf(t), 1) * (lanes > 0 ? wholeQuads(inner) : 1);
  const batch = tiles.find((t) => isBatch(t.axis.extent));
  return { items, batchTile: batch ? batch.tile : 0 };
}

const wholeQuads = (threads: number): number => Math.ceil(threads / 4) * 4;

/**
 * Takes a thread's number apart and returns what each axis holds. `tiles` is ordered outermost first; an axis of extent N
 * comes first, so that no division by N is needed.
 *
 * An axis whose tile does not divide it ends with a tile that is moved back to fit: it computes a few positions
 * twice but stores only its own. Along N, and where else a run decides the size, positions are clamped instead.
 *
 * Where a quad's threads may differ along the innermost `lanes` axes only, the threads along them are filled up to
 * whole quads. Those too many repeat the last one's work; `busy` is the condition of the others.
 */
export function placeThread(
  builder: Builder,
  thread: Value,
  tiles: readonly Tiled[],
  vector: Vector | undefined,
  past: Past,
  lanes = 0,
): { readonly held: readonly Held[]; readonly busy: readonly Value[] } {
  const [outer, inner] = [tiles.slice(0, tiles.length - lanes), tiles.slice(tiles.length - lanes)];
  const count = inner.reduce((a, t) => a * threadsOf(t), 1);
  if (lanes === 0 || count % 4 === 0)
    return { held: decompose(builder, tiles, thread, past, vector), busy: [] };
  const whole = int(wholeQuads(count));
  const within = binary("%", thread, whole);
  const number = builder.let("quads", binary("/", thread, whole));
  const inside = builder.let("place", least(within, int(count - 1)));
  const held = [outer, inner].flatMap((part, i) =>
    decompose(builder, part, i === 0 ? number : inside, past, vector),
  );
  return { held, busy: [less(within, int(count))] };
}

/** The axis whose neighbours share a vector, and the axis over its components. */
export interface Vector {
  readonly axis: Axis;
  readonly lane: Axis;
}

/**
 * What a thread does that is past the end of a size: it works on the last position and stores nothing ("clamped"), or it is
 * gone ("gone"), where no other one waits for it. "never": there is none, as numbers count up to the sizes, not their bounds.
 */
export type Past = "clamped" | "gone" | "never";

/** Each axis's place from the number of a thread along all of them, the last one fastest. */
export function decompose(
  builder: Builder,
  tiles: readonly Tiled[],
  number: Value,
  past: Past,
  vector?: Vector | undefined,
): Held[] {
  const held: Held[] = [];
  let rest = number;
  const inner = [...tiles].reverse();
  inner.forEach((tiled, i) => {
    const { axis, tile } = tiled;
    const count = past === "never" ? sizeValue(axis.extent) : int(threadsOf(tiled));
    const last = i === inner.length - 1;
    let block = rest;
    if (!last) {
      block = binary("%", rest, count);
      if (count !== int(1)) rest = builder.let("rest", binary("/", rest, count));
    }
    const lane = axis === vector?.axis ? vector.lane : undefined;
    const width = Number(lane?.extent ?? 1);
    // Where vectors do not fill the tile the last one overlaps the one before it.
    const offsets = Array.from({ length: Math.ceil(tile / width) }, (_, r) =>
      Math.min(r * width, tile - width),
    );
    held.push(holdAxis(builder, tiled, block, offsets, past, lane));
  });
  return held.reverse();
}

function holdAxis(
  builder: Builder,
  { axis, tile }: Tiled,
  block: Value,
  offsets: readonly number[],
  past: Past,
  lane: Axis | undefined,
): Held {
  if (isBatch(axis.extent)) return holdOpen(builder, { axis, tile }, block, "never");
  if (!isKnown(axis.extent)) return holdOpen(builder, { axis, tile }, block, past);
  const withLane = (index: Index): Index => (lane ? add(index, axisIndex(lane)) : index);
  if (axis.extent % tile === 0) {
    const blocks = newAxis(axis.name, axis.extent / tile);
    if (blocks.extent !== 1) builder.bind(blocks, builder.let(axis.name, block));
    return {
      axis,
      at: offsets.map((r) => withLane(add(scale(axisIndex(blocks), tile), r))),
      owned: offsets.map(() => undefined),
    };
  }
  // The moved tile starts at a multiple of what divides both the tile and the way to the last place: vectors stay aligned.
  const unit = gcd(tile, axis.extent - tile);
  const starts = newAxis(axis.name, (axis.extent - tile) / unit + 1);
  const first = builder.let(`${axis.name}first`, times(block, int(tile / unit)));
  const place = builder.let(axis.name, least(first, int((axis.extent - tile) / unit)));
  builder.bind(starts, place);
  const own = times(first, int(unit));
  return {
    axis,
    at: offsets.map((r) => withLane(add(scale(axisIndex(starts), unit), r))),
    owned: offsets.map((r) => binary(">=", plus(times(place, int(unit)), int(r)), own)),
  };
}

/** The positions of block number `block` along an axis whose size a run decides; `past` says what if there is no such block. */
export function holdOpen(builder: Builder, { axis, tile }: Tiled, block: Value, past: Past): Held {
  const first = builder.let(axis.name, times(block, int(tile)));
  const end = sizeValue(axis.extent);
  if (past === "gone") builder.if(binary(">=", first, end), () => builder.push({ kind: "return" }));
  const offsets = Array.from({ length: tile }, (_, r) => r);
  const sure = (r: number): boolean => r === 0 && past !== "clamped";
  const positions = offsets.map((r) => {
    const position = newAxis(axis.name, axis.extent);
    const at = plus(first, int(r));
    builder.bind(position, sure(r) ? first : builder.let(axis.name, least(at, binary("-", end, int(1)))));
    return position;
  });
  return {
    axis,
    at: positions.map(axisIndex),
    owned: offsets.map((r) => (sure(r) ? undefined : less(plus(first, int(r)), end))),
  };
}

/** The indices of some axes, N first, at a number along all of them. */
export function stepsAt(builder: Builder, axes: readonly Axis[], number: Value): Substitution {
  const held = decompose(
    builder,
    axes.map((axis) => ({ axis, tile: 1 })),
    number,
    "never",
  );
  return new Map(axes.map((axis, i) => [axis, must(held[i]?.at[0], "step")]));
}

/** How many steps there are along some axes: as a value, a number where all are known, and at most. */
export function stepsOf(axes: readonly Axis[]): {
  readonly count: Value;
  readonly known: number | undefined;
  readonly most: number;
} {
  const product = axes.reduce((a, x) => a * (isKnown(x.extent) ? x.extent : 1), 1);
  const open = axes.filter((a) => !isKnown(a.extent)).map((a) => sizeValue(a.extent));
  const count = [...open, int(product)].reduce(times);
  const most = axes.reduce((a, x) => a * boundOf(x.extent), 1);
  return { count, known: open.length === 0 ? product : undefined, most };
}

/** All combinations of register positions: which r of each axis, the substitution, and the store conditions. */
export interface Position {
  readonly at: Substitution;
  readonly registers: readonly number[];
  readonly owned: readonly Value[];
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
