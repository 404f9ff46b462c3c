/**
 * Workgroup tile: the threads of a workgroup fetch some steps of both factors together into workgroup memory, and read from
 * there. Blocks of threads and register tiles are listed, and the one is taken that spends least on what is no multiply-add.
 */

import { WORKGROUP_BYTES, WORKGROUP_THREADS } from "../../../contract/limits.ts";
import type { Axis } from "../../ir/expr.ts";
import type { ContractionKernel } from "../../ir/kernel.ts";
import { isBatch, isKnown, sizeAt } from "../../ir/type.ts";
import { accumulate, finish } from "../../lower/contraction.ts";
import { freeAxes } from "../../math/build.ts";
import { fitsTile } from "../contraction.ts";
import type { Strategy } from "../strategy.ts";
import {
  extentOf,
  positionsAt,
  type Target,
  vectorOver,
  vectorWidth,
  type WorkgroupTimes,
} from "../target.ts";
import { parseCount, parseSizes, parseWord, printSizes } from "../text.ts";
import { blockGrid, placeBlock, type Stage, type WorkgroupTile } from "./block.ts";
import { walkBlocks } from "./stage.ts";

/** A block of threads, and what it costs. */
interface Staging {
  readonly stage: Stage;
  readonly tile: ReadonlyMap<Axis, number>;
  /** Per useful multiply-add, in the time of one. */
  readonly cost: number;
}

/** Threads along the rows and along the columns. */
const THREADS = [
  [16, 16],
  [8, 16],
  [16, 8],
  [8, 8],
  [8, 32],
  [32, 8],
  [4, 16],
  [16, 4],
] as const;
const DEPTHS = [8, 16, 32] as const;
/** Positions along an axis that a thread holds. */
const TILES = [1, 2, 4, 7, 8] as const;

/** Least sizes of what is staged: less is not read often enough to be worth a barrier. */
const LEAST = { rows: 16, columns: 16, steps: 16 } as const;

export const workgroupTile: Strategy<ContractionKernel, WorkgroupTile> = {
  name: "workgroup tile",
  kind: "contraction",
  labels: ["workgroup tile", "register tile", "K", "staged", "innermost"],

  choose(kernel, target) {
    let best: Staging | undefined;
    for (const staging of stagingsOf(kernel, target))
      if (best === undefined || staging.cost < best.cost) best = staging;
    return best && scheduled(kernel, best);
  },

  trials(kernel, target) {
    return [...stagingsOf(kernel, target)].map((staging) => ({
      schedule: scheduled(kernel, staging),
      cost: staging.cost,
    }));
  },

  items(kernel, { stage, tile }) {
    const { rows, batch, columns, depth, inner } = stage;
    return [
      [this.name, printSizes(batch > 1 ? [batch, rows, columns] : [rows, columns])],
      ["register tile", printSizes(kernel.space.map((a) => tile.get(a) ?? 1))],
      ["K", depth],
      ["staged", "lhs+rhs"],
      ["innermost", inner],
    ];
  },

  parse(kernel, said) {
    const threads = parseSizes(said.get(this.name));
    const tile = parseSizes(said.get("register tile"));
    const depth = parseCount(said.get("K"), WORKGROUP_BYTES);
    const inner = parseWord(said.get("innermost"), ["rows", "columns"]);
    if (!threads || threads.length < 2 || threads.length > 3 || !tile || !depth || !inner) return undefined;
    if (said.get("staged") !== "lhs+rhs" || !fitsTile(kernel, tile)) return undefined;
    const [batch = 1, rows = 1, columns = 1] = threads.length === 3 ? threads : [1, ...threads];
    const sizes = new Map(
      kernel.space.flatMap((a, i) => (tile[i] === 1 ? [] : [[a, tile[i] ?? 1] as const])),
    );
    const stage: Stage = { rows, batch, columns, depth, inner };
    return fits(kernel, sizes, stage) ? scheduled(kernel, { stage, tile: sizes }) : undefined;
  },

  grid: blockGrid,

  lower(lowering, { thread }, kernel, schedule, vector) {
    const block = placeBlock(lowering, thread, kernel, schedule, vector);
    const accumulation = accumulate(lowering, kernel, block.held, vector);
    walkBlocks(lowering, kernel, schedule, block, accumulation);
    finish(lowering, kernel, accumulation, block.busy);
  },
};

function scheduled(kernel: ContractionKernel, { stage, tile }: Omit<Staging, "cost">): WorkgroupTile {
  const columns = kernel.n.at(-1);
  return {
    strategy: "workgroup tile",
    workgroup: stage.rows * stage.batch * stage.columns,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    stage,
    together: "workgroup",
    opaque: false,
  };
}

const fitsMemory = (bytes: number): boolean => bytes <= WORKGROUP_BYTES;

/** Whether a stage is legal for a kernel: what it fetches fits the memory, and is shared out evenly. */
function fits(kernel: ContractionKernel, tile: ReadonlyMap<Axis, number>, stage: Stage): boolean {
  const { rows, batch, columns, depth } = stage;
  const endless = (axes: readonly Axis[]): boolean => axes.some((a) => !isKnown(a.extent));
  return (
    rows * batch * columns <= WORKGROUP_THREADS &&
    depth % (rows * batch) === 0 &&
    depth % columns === 0 &&
    (batch === 1 || endless(kernel.m)) &&
    !endless(kernel.n) &&
    fitsMemory(bytesOf(kernel, stage, tile))
  );
}

/** Elements of a factor that a thread's register tile reads in one step. */
function heldOf(kernel: ContractionKernel, factor: "lhs" | "rhs", tile: ReadonlyMap<Axis, number>): number {
  const free = freeAxes(kernel[factor]);
  const held = kernel.axes.filter((a) => free.has(a));
  return held.reduce((a, x) => a * (kernel.window.includes(x) ? extentOf(x) : (tile.get(x) ?? 1)), 1);
}

/** Workgroup memory of both factors, with what may be left free after each step. */
function bytesOf(kernel: ContractionKernel, stage: Stage, tile: ReadonlyMap<Axis, number>): number {
  const { rows, batch, columns, depth } = stage;
  const [left, right] = [heldOf(kernel, "lhs", tile), heldOf(kernel, "rhs", tile)];
  return 4 * depth * (left * rows * batch + right * columns + 8);
}

/** The side whose axis is innermost in the result: neighbours store next to each other. */
function innerSide({ space, m, n }: ContractionKernel): Stage["inner"] {
  const last = space.findLast((a) => m.includes(a) || n.includes(a));
  return last && m.includes(last) ? "rows" : "columns";
}

/** Every block of threads that fits; none where a factor is read too seldom. */
function* stagingsOf(kernel: ContractionKernel, target: Target): Generator<Staging> {
  const { m, n, k } = kernel;
  const times = target.workgroupMemory;
  if (!times) return;
  const sizeOf = (axes: readonly Axis[]): number => positionsAt(axes, target);
  const [rows, columns, steps] = [sizeOf(m), sizeOf(n), sizeOf(k)];
  if (rows < LEAST.rows || columns < LEAST.columns || steps < LEAST.steps) return;
  if (n.some((a) => !isKnown(a.extent)) || kernel.region.phase === "prepare") return;
  const inner = innerSide(kernel);
  for (const [alongRows, alongColumns] of THREADS)
    for (const batch of batchesOf(m, alongRows))
      for (const depth of DEPTHS)
        for (const tile of tilesOf(kernel, target)) {
          if (depth % alongRows !== 0 || depth % alongColumns !== 0) continue;
          const stage: Stage = { rows: alongRows / batch, batch, columns: alongColumns, depth, inner };
          const cost = costOf(kernel, target, times, stage, tile);
          if (cost !== undefined) yield { stage, tile, cost };
        }
}

/** How many of the rows' threads may go along N. */
function batchesOf(m: readonly Axis[], threads: number): readonly number[] {
  if (!m.some((a) => isBatch(a.extent))) return [1];
  if (m.length === 1) return [threads];
  return [1, 2, 4, 8, 16, 32].filter((b) => b <= threads);
}

/** Register tiles over the innermost axis of the rows and of the columns. */
function* tilesOf(kernel: ContractionKernel, target: Target): Generator<ReadonlyMap<Axis, number>> {
  const rows = kernel.m.findLast((a) => isKnown(a.extent)) ?? kernel.m.at(-1);
  const columns = kernel.n.at(-1);
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const width = vectorWidth(columns);
  for (const r of TILES)
    for (const c of TILES) {
      if (rows === undefined || columns === undefined || c % width !== 0) continue;
      if (r > extentOf(rows) || c > extentOf(columns) || r * c * window > target.registers) continue;
      yield new Map([
        [rows, r],
        [columns, c],
      ]);
    }
}

function costOf(
  kernel: ContractionKernel,
  target: Target,
  times: WorkgroupTimes,
  stage: Stage,
  tile: ReadonlyMap<Axis, number>,
): number | undefined {
  const tileOf = (a: Axis): number => tile.get(a) ?? 1;
  const extent = (a: Axis): number => sizeAt(a.extent, target.batch);
  if (!fitsMemory(bytesOf(kernel, stage, tile))) return undefined;
  const [left, right] = [heldOf(kernel, "lhs", tile), heldOf(kernel, "rhs", tile)];
  const rows = stage.rows * stage.batch;
  // A thread's work for one block of steps.
  const adds = kernel.axes.reduce((a, x) => a * (kernel.window.includes(x) ? extentOf(x) : tileOf(x)), 1);
  const vectors = (count: number): number =>
    count % 4 === 0 ? count / 4 : count % 2 === 0 ? count / 2 : count;
  const [near, far] = stage.inner === "rows" ? [right, left] : [left, right];
  const reads = times.near * vectors(near) + times.far * vectors(far);
  const fetching =
    times.barrier +
    (times.fetch * left + times.place) * (stage.depth / stage.columns) +
    (times.fetch * right + times.place) * (stage.depth / rows);
  const time = (adds + reads) * stage.depth + fetching;
  // Threads and steps that are too many.
  const along = (
    axes: readonly Axis[],
    threads: number,
  ): { readonly blocks: number; readonly waste: number } => {
    const positions = axes.reduce((a, x) => a * extent(x), 1);
    const places = axes.reduce((a, x) => a * Math.ceil(extent(x) / tileOf(x)), 1);
    const blocks = Math.ceil(places / threads);
    const held = axes.reduce((a, x) => a * tileOf(x), 1);
    return { blocks, waste: (blocks * threads * held) / positions };
  };
  const known = (axes: readonly Axis[]): readonly Axis[] => axes.filter((a) => !isBatch(a.extent));
  const sides = [
    along(known(kernel.m), stage.rows),
    along(
      kernel.m.filter((a) => isBatch(a.extent)),
      stage.batch,
    ),
    along(kernel.n, stage.columns),
    along(kernel.batch, 1),
  ];
  const sum = kernel.k.reduce((a, x) => a * extent(x), 1);
  const tail = (Math.ceil(sum / stage.depth) * stage.depth) / sum;
  const waste = sides.reduce((a, s) => a * s.waste, tail);
  const threads = sides.reduce((a, s) => a * s.blocks, rows * stage.columns);
  return ((time * waste) / (adds * stage.depth)) * Math.max(1, times.threads / threads);
}
