/**
 * Uniform tile: the threads of a workgroup lie along the rows of a convolution alone, and all hold the same columns. What they read of
 * the weights is one address for all, which is fetched once (by AMD's scalar unit into registers of its own); what the taps of a window
 * read of the picture lies in a thread's registers. No workgroup memory, and no thread waits for another.
 */
import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown } from "../ir/type.ts";
import { accumulate, finish, walk } from "../lower/contraction.ts";
import { parseTiling, tilingItems, tilingLabels } from "./contraction.ts";
import { blockOf } from "./price.ts";
import { readerOf } from "./reads.ts";
import type { Strategy, Trial } from "./strategy.ts";
import { extentOf, positionsAt, type Target, vectorOver, vectorWidth } from "./target.ts";
import { parseCount } from "./text.ts";
import { blockGrid, type InBlocks, placeInBlock } from "./workgroupTile/block.ts";
import { batchesOf, blocksOf, sidesOf, tilingFor } from "./workgroupTile/rule.ts";

export interface UniformTile extends InBlocks {
  readonly strategy: "uniform tile";
  /** Summed axes that are written out; the value is how many steps are. */
  readonly unroll: ReadonlyMap<Axis, number>;
}

/** Taps of a window along one axis, at least and at most: those of the innermost one are written out. */
const TAPS = { least: 2, most: 8 } as const;
/** Threads of a workgroup, which need not meet. */
const THREADS = 64;
/** Bytes that the first cache hands out at once. */
const LINE = 128;
/** Columns that a thread may hold: so many numbers of the weights lie in scalar registers, for each of the taps. */
const COLUMNS = [4, 8, 16, 32] as const;

export const uniformTile: Strategy<ContractionKernel, UniformTile> = {
  name: "uniform tile",
  kind: "contraction",
  labels: [...tilingLabels, "uniform tile", "along N"],

  choose(kernel, target, storages) {
    if (!target.gpu?.scalar) return undefined;
    const [best] = trialsOf(kernel, target, storages).toSorted((a, b) => a.cost - b.cost);
    const staged = tilingFor(kernel, target);
    return best && staged && best.cost < staged.cost ? best.schedule : undefined;
  },

  trials: (kernel, target, storages) => (target.gpu ? trialsOf(kernel, target, storages) : []),

  items(kernel, { stage, tile, unroll, workgroup }) {
    return [
      ...tilingItems(kernel, this.name, tile, unroll),
      ...(stage.batch > 1 ? ([["along N", stage.batch]] as const) : []),
      ["workgroup", workgroup],
    ];
  },

  parse(kernel, said) {
    const tiling = parseTiling(kernel, said, this.name);
    const batch = said.has("along N") ? parseCount(said.get("along N"), WORKGROUP_THREADS) : 1;
    if (!tiling || !batch || tiling.workgroup % batch !== 0) return undefined;
    const endless = (axes: readonly Axis[]): boolean => axes.some((a) => !isKnown(a.extent));
    if (endless(kernel.n) || (batch > 1 && !endless(kernel.m))) return undefined;
    return scheduled(kernel, { ...tiling, batch });
  },

  grid: blockGrid,

  lower(lowering, { thread }, kernel, schedule, vector) {
    const { held, busy } = placeInBlock(lowering, thread, kernel, schedule, vector);
    const accumulation = accumulate(lowering, kernel, held, vector, 1);
    const { sums, factors, add } = accumulation;
    walk(lowering, kernel.k, schedule.unroll, sums, (steps, into) => add(steps.map(factors), into), 1);
    finish(lowering, kernel, accumulation, busy);
  },
};

function scheduled(
  kernel: ContractionKernel,
  {
    tile,
    unroll,
    workgroup,
    batch,
  }: Pick<UniformTile, "tile" | "unroll" | "workgroup"> & { readonly batch: number },
): UniformTile {
  const columns = kernel.n.at(-1);
  return {
    strategy: "uniform tile",
    workgroup,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    unroll,
    stage: { rows: workgroup / batch, batch, columns: 1, inner: "rows" },
    together: "workgroup",
    opaque: false,
  };
}

/** Tilings of a convolution whose windows overlap along the rows, each priced as those that are staged are (docs/gpu.md). */
function trialsOf(
  kernel: ContractionKernel,
  target: Target,
  storages: Storages,
): readonly Trial<UniformTile>[] {
  const [rows, columns, taps] = [kernel.m.at(-1), kernel.n.at(-1), kernel.k.at(-1)];
  if (!target.gpu?.stage || !rows || !columns || !taps || kernel.region.phase === "prepare") return [];
  if (![rows, taps, ...kernel.n].every((a) => isKnown(a.extent))) return [];
  if (extentOf(taps) < TAPS.least || extentOf(taps) > TAPS.most) return [];
  const { least, most } = target.gpu.stage.sums;
  const unroll = new Map([[taps, extentOf(taps)]]);
  const read = readerOf(kernel.lhs, storages);
  const elementsOf = (tile: ReadonlyMap<Axis, number>): number =>
    read(blockOf(kernel, tile, unroll)).elements;
  if (elementsOf(new Map([[rows, 2]])) >= 2 * elementsOf(new Map([[rows, 1]]))) return [];
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const tiles = COLUMNS.filter((c) => extentOf(columns) % c === 0).flatMap((c) =>
    sidesOf(rows, 1).map((r) => ({ r, c, sums: r * c * window })),
  );
  return tiles
    .filter(({ sums }) => sums >= least && sums <= most)
    .flatMap(({ r, c, sums }) => {
      const tile = new Map([
        [rows, r],
        [columns, c],
      ]);
      const turn = { adds: sums * extentOf(taps), elements: elementsOf(tile) };
      return batchesOf(kernel.m, THREADS).map((batch) => ({
        schedule: scheduled(kernel, { tile, unroll, workgroup: THREADS, batch }),
        cost: costOf(kernel, target, { ...turn, tile, batch, run: (r * THREADS) / batch }),
      }));
    });
}

/** What a thread does in a turn of its loop, and where it is. */
interface Turn {
  readonly adds: number;
  /** Numbers of the picture that it reads. */
  readonly elements: number;
  readonly tile: ReadonlyMap<Axis, number>;
  readonly batch: number;
  /** Positions along the rows that lie next to each other in a workgroup. */
  readonly run: number;
}

/** Multiply-adds that each of the threads that keep the device busy would do in the time that it takes. */
function costOf(
  kernel: ContractionKernel,
  target: Target,
  { adds, elements, tile, batch, run }: Turn,
): number {
  const { gpu } = target;
  if (!gpu?.stage) return Number.POSITIVE_INFINITY;
  const { far, fetch } = gpu.stage;
  const perByte = adds / (4 * elements);
  const near = (gpu.scalar ?? far) * perByte * Math.min(1, (4 * run) / LINE);
  // Rows of a window lie in the first cache where the one before was read.
  const above = kernel.k.at(-2);
  const again = above && extentOf(above) <= TAPS.most ? extentOf(above) : 1;
  const rate = Math.min(1, adds / (adds + elements + fetch), near, far * perByte * again);
  const along = (axes: readonly Axis[], threads: number) => blocksOf(axes, tile, target, threads);
  const sides = [
    along(
      kernel.m.filter((a) => isKnown(a.extent)),
      THREADS / batch,
    ),
    along(
      kernel.m.filter((a) => !isKnown(a.extent)),
      batch,
    ),
    along([...kernel.n, ...kernel.batch], 1),
  ];
  const filled = Math.min(1, sides.reduce((a, s) => a * s.blocks, THREADS) / gpu.threads);
  const waste = sides.reduce((a, s) => a * s.waste, 1);
  const work = (positionsAt(kernel.axes, target) * positionsAt(kernel.k, target)) / gpu.threads;
  return (work * waste) / (filled * rate);
}
