/**
 * Where a workgroup with a stage is, and its threads: a block of threads along the rows and the columns of a
 * contraction. Each thread holds its own register tile, and fetches for the others what one of them needs.
 */

import type { Grid } from "../../../contract/program.ts";
import { must } from "../../errors.ts";
import type { Axis, Expr } from "../../ir/expr.ts";
import type { ContractionKernel, Schedule } from "../../ir/kernel.ts";
import type { Storages } from "../../ir/storage.ts";
import { isBatch } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { Lowering } from "../../lower/evaluate.ts";
import { decompose, type Held, holdOpen, type Tiled, threadsOf, type Vector } from "../../lower/threads.ts";
import { batchFirst } from "../../math/affine.ts";
import { sectorsOf } from "../../math/locality.ts";
import { binary, builtin, convert, int, least, less, plus, times } from "../../math/value.ts";

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

/** A schedule whose workgroups are blocks of threads. */
export interface InBlocks extends Schedule {
  readonly stage: Omit<Stage, "depth">;
}

export interface WorkgroupTile extends InBlocks {
  readonly strategy: "workgroup tile";
  readonly stage: Stage;
}

/** The workgroup's threads along the axes that one factor has and the other has not. */
export interface Side {
  readonly stem: "row" | "column";
  readonly factor: Expr;
  readonly tiles: readonly Tiled[];
  /** Threads along `tiles`; as many again for each of `batch.threads`. */
  readonly along: number;
  /** The axis N, where it is one of them. */
  readonly batch: { readonly tiled: Tiled; readonly threads: number } | undefined;
}

/** Threads along a side. */
export const sizeOf = ({ along, batch }: Side): number => along * (batch?.threads ?? 1);
const countOf = (tiles: readonly Tiled[]): number => tiles.reduce((a, t) => a * threadsOf(t), 1);
const blocksOf = ({ tiles, along }: Side): number => Math.ceil(countOf(tiles) / along);

function sidesOf(kernel: ContractionKernel, { stage, tile }: InBlocks): Record<"rows" | "columns", Side> {
  const tiled = (axis: Axis): Tiled => ({ axis, tile: tile.get(axis) ?? 1 });
  const fixed = (axes: readonly Axis[]): readonly Tiled[] =>
    axes.filter((a) => !isBatch(a.extent)).map(tiled);
  const N = kernel.m.find((a) => isBatch(a.extent));
  const batch = N && { tiled: tiled(N), threads: stage.batch };
  return {
    rows: { stem: "row", factor: kernel.lhs, tiles: fixed(kernel.m), along: stage.rows, batch },
    columns: {
      stem: "column",
      factor: kernel.rhs,
      tiles: fixed(kernel.n),
      along: stage.columns,
      batch: undefined,
    },
  };
}

/** Axes of both factors or of neither, N outermost: workgroups differ along them as wholes. */
function outerTiles({ batch }: ContractionKernel, { tile }: InBlocks): readonly Tiled[] {
  return batchFirst(batch).map((axis) => ({ axis, tile: tile.get(axis) ?? 1 }));
}

/** The grid in workgroups, not threads. */
export function blockGrid(kernel: ContractionKernel, schedule: InBlocks): Grid {
  const { rows, columns } = sidesOf(kernel, schedule);
  const outer = outerTiles(kernel, schedule);
  const batch = outer.find((t) => isBatch(t.axis.extent))?.tile ?? 0;
  return {
    items: blocksOf(rows) * blocksOf(columns) * countOf(outer),
    batchTile: rows.batch ? rows.batch.tiled.tile * rows.batch.threads : batch,
  };
}

/** Where a thread is along a side, and what it holds there. */
interface Spot {
  readonly thread: Value;
  readonly held: readonly Held[];
  /** Under which conditions it is not one too many. */
  readonly busy: readonly Value[];
}

/** What a thread fetches of a factor: the registers of the thread at a spot along its side, at some steps of the block. */
export interface Fetch {
  readonly side: Side;
  readonly spot: Spot;
  /** Where the thread itself is. */
  readonly own: Spot;
  /** The first step; the next ones follow at a distance of `stride`. */
  readonly step: Value;
  readonly stride: number;
  readonly held: readonly Held[];
  /** An element left free after each step, so that neighbours that differ in the step write to different banks. */
  readonly gap: 0 | 1;
}

/** What a thread of a block holds, and under which conditions it is not one too many. */
export interface Place {
  readonly held: readonly Held[];
  readonly busy: readonly Value[];
}

export interface Block extends Place {
  readonly rows: Fetch;
  readonly columns: Fetch;
}

/** What is known of a workgroup's place. */
interface Ground {
  readonly lowering: Lowering;
  readonly kernel: ContractionKernel;
  readonly schedule: InBlocks;
  readonly vector: Vector | undefined;
  /** The block's number along each side, and along N. */
  readonly blocks: ReadonlyMap<Side, Value>;
  readonly batch: Value;
  /** What the axes of both factors hold: the same for the whole workgroup. */
  readonly shared: readonly Held[];
}

const local = (): Value => convert(builtin("local"), "i32");

/** Finds out where the workgroup number `group` is, and its threads; and what each of them fetches for the others. */
export function placeBlock(
  lowering: Lowering,
  group: Value,
  kernel: ContractionKernel,
  schedule: InBlocks,
  vector: Vector | undefined,
): Block {
  const { ground, inner, sides, spots, ...place } = stand(lowering, group, kernel, schedule, vector);
  const { row, column } = spots;
  return {
    ...place,
    rows: fetchOf(ground, sides.rows, row, column, sides.rows === inner),
    columns: fetchOf(ground, sides.columns, column, row, sides.columns === inner),
  };
}

/** The same where each thread fetches for itself. */
export function placeInBlock(
  lowering: Lowering,
  group: Value,
  kernel: ContractionKernel,
  schedule: InBlocks,
  vector: Vector | undefined,
): Place {
  const { held, busy } = stand(lowering, group, kernel, schedule, vector);
  return { held, busy };
}

function stand(
  lowering: Lowering,
  group: Value,
  kernel: ContractionKernel,
  schedule: InBlocks,
  vector: Vector | undefined,
) {
  const { rows, columns } = sidesOf(kernel, schedule);
  const [inner, outer] = schedule.stage.inner === "rows" ? [rows, columns] : [columns, rows];
  const size = int(sizeOf(inner));
  const numbers = new Map([
    [inner, lowering.let(inner.stem, binary("%", local(), size))],
    [outer, lowering.let(outer.stem, binary("/", local(), size))],
  ]);
  const numberOf = (side: Side): Value => must(numbers.get(side), "thread");

  let rest = group;
  const digit = (count: number): Value => {
    if (count === 1) return int(0);
    const found = lowering.let("block", binary("%", rest, int(count)));
    rest = lowering.let("rest", binary("/", rest, int(count)));
    return found;
  };
  const both = outerTiles(kernel, schedule);
  const blocks = new Map([columns, rows].map((side) => [side, digit(blocksOf(side))] as const));
  const shared = decompose(lowering, both, rows.batch ? digit(countOf(both)) : rest, "clamped");

  const ground: Ground = { lowering, kernel, schedule, vector, blocks, batch: rest, shared };
  const [row, column] = [spotOf(ground, rows, numberOf(rows)), spotOf(ground, columns, numberOf(columns))];
  return {
    ground,
    inner,
    sides: { rows, columns },
    spots: { row, column },
    held: [...shared, ...row.held, ...column.held],
    busy: [...row.busy, ...column.busy],
  };
}

/** Where the thread number `thread` along a side is. */
function spotOf({ lowering, vector, blocks, batch }: Ground, side: Side, thread: Value): Spot {
  const { along, tiles, stem } = side;
  const [count, block] = [countOf(tiles), must(blocks.get(side), "block")];
  const threads = side.batch?.threads ?? 1;
  const within = along === 1 ? int(0) : threads > 1 ? binary("%", thread, int(along)) : thread;
  const place = lowering.let(`${stem}s`, plus(times(block, int(along)), within));
  const excess = blocksOf(side) * along > count;
  const number = excess ? lowering.let(`${stem}s`, least(place, int(count - 1))) : place;
  const held = decompose(lowering, tiles, number, "clamped", stem === "column" ? vector : undefined);
  const busy = excess ? [less(place, int(count))] : [];
  if (!side.batch) return { thread, held, busy };
  const inside = threads === 1 ? int(0) : binary("/", thread, int(along));
  const at = lowering.let("batch", plus(times(batch, int(threads)), inside));
  return { thread, held: [holdOpen(lowering, side.batch.tiled, at, "clamped"), ...held], busy };
}

/** Whether neighbours read less memory at successive steps of the sum than at successive places of their side. */
function runsAlongSteps({ k }: ContractionKernel, side: Side, storages: Storages): boolean {
  const tiles = [...(side.batch ? [side.batch.tiled] : []), ...side.tiles];
  const places = tiles.map(({ axis, tile }) => ({ axis, step: tile }));
  const steps = k.map((axis) => ({ axis, step: 1 }));
  return sectorsOf([side.factor], steps, storages) < sectorsOf([side.factor], places, storages);
}

/** What a thread fetches of a side's factor. `own` and `across` are where it is along this side and the other one. */
function fetchOf(ground: Ground, side: Side, own: Spot, across: Spot, isInner: boolean): Fetch {
  const { lowering, kernel, schedule, shared } = ground;
  const stride = schedule.workgroup / sizeOf(side);
  const alongSteps = runsAlongSteps(kernel, side, lowering.storages);
  const from = (spot: Spot, step: Value): Fetch => {
    return { side, own, spot, step, stride, held: [...shared, ...spot.held], gap: alongSteps ? 1 : 0 };
  };
  // Neighbours go along the steps or along the side. In one of the cases that is how threads are numbered anyway.
  if (alongSteps !== isInner) return from(own, across.thread);
  const size = int(alongSteps ? stride : sizeOf(side));
  const low = lowering.let("low", binary("%", local(), size));
  const high = lowering.let("high", binary("/", local(), size));
  const [thread, step] = alongSteps ? [high, low] : [low, high];
  return from(spotOf(ground, side, thread), step);
}
