/**
 * The rule by which a GPU's contractions are tiled. A tiling is held to what bounds it: its share of the slots in which
 * multiply-adds can start, what workgroup memory and the cache feed it with, how much of the device its threads fill, and how
 * much of what they compute is asked for (a roofline; Williams, Waterman & Patterson, 2009). The one that ends first is taken,
 * of equals the one with most sums in a thread. A sum may be cut into parts that are added up by a second pass, where
 * tiles alone are too few to fill the device.
 */

import { BINDING_BYTES, WORKGROUP_BYTES, WORKGROUP_THREADS } from "../../../contract/limits.ts";
import type { Axis } from "../../ir/expr.ts";
import type { ContractionKernel } from "../../ir/kernel.ts";
import { elements, isBatch, isKnown, sizeAt } from "../../ir/type.ts";
import { freeAxes } from "../../math/build.ts";
import type { StageFigures } from "../devices.ts";
import { extentOf, positionsAt, type Target, vectorWidth } from "../target.ts";
import type { Stage } from "./block.ts";

/** A way to tile a contraction, and what bounds it, each a share of 1. */
export interface Tiling {
  readonly stage: Stage;
  readonly tile: ReadonlyMap<Axis, number>;
  /** Parts that the sum is cut into. */
  readonly parts: number;
  /** Sums of a thread. */
  readonly sums: number;
  readonly arithmetic: number;
  readonly near: number;
  readonly far: number;
  readonly fill: number;
  readonly useful: number;
  /** Multiply-adds that each of the threads that keep the device busy would do in the time that it takes. */
  readonly cost: number;
}

/** Least sizes of what is staged: less is not read often enough to be worth a barrier. */
const LEAST = { rows: 16, columns: 16, steps: 16 } as const;
/** Sums are cut from so many steps on, and each part keeps so many blocks. */
const LONG = 512;
const BLOCKS = 2;
const MOST_PARTS = 64;
/** What is left of the time where a second pass is worth it. */
const GAIN = 0.9;
/** Without a largest batch, one of how many times the expected size must still fit a buffer of partial sums. */
const ROOM = 16;

/** The tiling that ends first, in one pass; undefined where a factor is read too seldom to be staged. */
export const wholeTiling = (kernel: ContractionKernel, target: Target): Tiling | undefined =>
  best(tilings(kernel, target));

/** The tiling that ends first, in one pass or in two. */
export function tilingFor(kernel: ContractionKernel, target: Target): Tiling | undefined {
  const parts = partsOf(kernel, target);
  const whole = wholeTiling(kernel, target);
  if (!whole || parts.length === 0) return whole;
  const cut = best(tilings(kernel, target, parts));
  return cut && cut.cost < GAIN * whole.cost ? cut : whole;
}

/** `8×4 sums a thread, 256 threads, in 2 parts: arithmetic 95%, workgroup memory 67%, cache 100%, filled 100%, useful 98%` */
export function explain({ stage, parts, ...tiling }: Tiling): string {
  const { rows, batch, columns } = stage;
  const share = (x: number): string => `${Math.round(100 * Math.min(1, x))}%`;
  const bounds = [
    `arithmetic ${share(tiling.arithmetic)}`,
    `workgroup memory ${share(tiling.near)}`,
    `cache ${share(tiling.far)}`,
    `filled ${share(tiling.fill)}`,
    `useful ${share(tiling.useful)}`,
  ];
  const cut = parts > 1 ? `, in ${parts} parts` : "";
  return `${tiling.sums} sums a thread, ${rows * batch * columns} threads${cut}: ${bounds.join(", ")}`;
}

function best(tilings: Iterable<Tiling>): Tiling | undefined {
  let found: Tiling | undefined;
  for (const t of tilings)
    if (!found || t.cost < found.cost || (t.cost === found.cost && t.sums > found.sums)) found = t;
  return found;
}

/** The longest summed axis of known extent: the one that is cut. */
export function longest(k: readonly Axis[]): Axis | undefined {
  const known = k.filter((a) => isKnown(a.extent));
  return known.toSorted((a, b) => Number(b.extent) - Number(a.extent))[0];
}

/** Into how many parts a sum may be cut. */
function partsOf(kernel: ContractionKernel, target: Target): readonly number[] {
  const axis = longest(kernel.k);
  const steps = positionsAt(kernel.k, target);
  if (!axis || steps < LONG || kernel.region.phase === "prepare") return [];
  const { fixed, perBatch } = elements(kernel.axes.map((a) => a.extent));
  const bytes = 4 * (fixed + perBatch * (target.most ?? ROOM * target.batch));
  const parts: number[] = [];
  for (let n = 2; n <= MOST_PARTS && n * bytes <= BINDING_BYTES; n *= 2)
    if (Number(axis.extent) % n === 0) parts.push(n);
  return parts;
}

/** Whether a stage is legal for a kernel: what it fetches fits the memory, and is shared out evenly. */
export function fits(kernel: ContractionKernel, tile: ReadonlyMap<Axis, number>, stage: Stage): boolean {
  const { rows, batch, columns, depth } = stage;
  const endless = (axes: readonly Axis[]): boolean => axes.some((a) => !isKnown(a.extent));
  const held = { left: heldOf(kernel, "lhs", tile), right: heldOf(kernel, "rhs", tile) };
  return (
    rows * batch * columns <= WORKGROUP_THREADS &&
    depth % (rows * batch) === 0 &&
    depth % columns === 0 &&
    (batch === 1 || endless(kernel.m)) &&
    !endless(kernel.n) &&
    bytesOf(held, stage) <= WORKGROUP_BYTES
  );
}

/** Numbers of each factor that a thread's register tile reads in one step. */
interface Reads {
  readonly left: number;
  readonly right: number;
}

function heldOf(kernel: ContractionKernel, factor: "lhs" | "rhs", tile: ReadonlyMap<Axis, number>): number {
  const free = freeAxes(kernel[factor]);
  const held = kernel.axes.filter((a) => free.has(a));
  return held.reduce((a, x) => a * (kernel.window.includes(x) ? extentOf(x) : (tile.get(x) ?? 1)), 1);
}

/** Workgroup memory of both factors, with what may be left free after each step. */
function bytesOf({ left, right }: Reads, { rows, batch, columns, depth }: Stage): number {
  return 4 * depth * (left * rows * batch + right * columns + 8);
}

/** The side whose axis is innermost in the result: neighbours store next to each other. */
function innerSide({ space, m, n }: ContractionKernel): Stage["inner"] {
  const last = space.findLast((a) => m.includes(a) || n.includes(a));
  return last && m.includes(last) ? "rows" : "columns";
}

/** A register tile with all that its price needs. */
interface Held extends Reads {
  readonly tile: ReadonlyMap<Axis, number>;
  readonly sums: number;
}

/** Every tiling that is worth a look; none where a factor is read too seldom. */
export function* tilings(
  kernel: ContractionKernel,
  target: Target,
  parts: readonly number[] = [1],
): Generator<Tiling> {
  const figures = target.gpu?.stage;
  if (!figures || !isStaged(kernel, target)) return;
  const inner = innerSide(kernel);
  const priced = pricing(kernel, target, figures, parts);
  const all = tilesOf(kernel, figures);
  for (const threads of figures.workgroups)
    for (let along = 2; along <= threads / 2; along *= 2)
      for (const depth of figures.depths) {
        const across = threads / along;
        if (depth % along !== 0 || depth % across !== 0) continue;
        for (const batch of batchesOf(kernel.m, along)) {
          const stage: Stage = { rows: along / batch, batch, columns: across, depth, inner };
          const room = Math.min(WORKGROUP_BYTES, figures.bytes * threads);
          for (const held of all) if (bytesOf(held, stage) <= room) yield* priced(stage, held);
        }
      }
}

/** Whether both factors are read often enough. */
function isStaged({ m, n, k, region }: ContractionKernel, target: Target): boolean {
  if (n.some((a) => !isKnown(a.extent)) || region.phase === "prepare") return false;
  return (
    positionsAt(m, target) >= LEAST.rows &&
    positionsAt(n, target) >= LEAST.columns &&
    positionsAt(k, target) >= LEAST.steps
  );
}

/** How many of the rows' threads may go along N. */
export function batchesOf(m: readonly Axis[], threads: number): readonly number[] {
  if (!m.some((a) => isBatch(a.extent))) return [1];
  if (m.length === 1) return [threads];
  return [1, 2, 4, 8, 16, 32].filter((b) => b <= threads);
}

/** Positions along an axis that a thread may hold: powers of two, and what leaves no rest. */
export function sidesOf({ extent }: Axis, step: number): readonly number[] {
  const most = isKnown(extent) ? Math.min(8, extent) : 8;
  return [1, 2, 3, 4, 5, 6, 7, 8].filter(
    (s) => s <= most && s % step === 0 && ((s & (s - 1)) === 0 || (isKnown(extent) && extent % s === 0)),
  );
}

/** Register tiles over the innermost axis of the rows and of the columns: those of too few sums only if all are. */
function tilesOf(kernel: ContractionKernel, { sums: { least, most } }: StageFigures): readonly Held[] {
  const rows = kernel.m.findLast((a) => isKnown(a.extent)) ?? kernel.m.at(-1);
  const columns = kernel.n.at(-1);
  if (rows === undefined || columns === undefined) return [];
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const all = sidesOf(rows, 1).flatMap((r) =>
    sidesOf(columns, vectorWidth(columns)).map((c): Held => {
      const tile = new Map([
        [rows, r],
        [columns, c],
      ]);
      const reads = { left: heldOf(kernel, "lhs", tile), right: heldOf(kernel, "rhs", tile) };
      return { tile, sums: r * c * window, ...reads };
    }),
  );
  const legal = all.filter((t) => t.sums <= most);
  const enough = Math.min(least, Math.max(...legal.map((t) => t.sums)));
  return legal.filter((t) => t.sums >= enough);
}

/** Of some axes: how many blocks of threads they take, and how much more those compute than there is. */
export function blocksOf(
  axes: readonly Axis[],
  tile: ReadonlyMap<Axis, number>,
  { batch }: Target,
  threads: number,
): { readonly blocks: number; readonly waste: number } {
  let [positions, places, held] = [1, 1, 1];
  for (const axis of axes) {
    const [extent, own] = [sizeAt(axis.extent, batch), tile.get(axis) ?? 1];
    positions *= extent;
    places *= Math.ceil(extent / own);
    held *= own;
  }
  const blocks = Math.ceil(places / threads);
  return { blocks, waste: (blocks * threads * held) / positions };
}

/** What tilings of a kernel are worth, in so many parts. */
function pricing(
  kernel: ContractionKernel,
  target: Target,
  figures: StageFigures,
  parts: readonly number[],
): (stage: Stage, held: Held) => Generator<Tiling> {
  const { threads: busy } = target.gpu ?? { threads: 1 };
  const isN = (a: Axis): boolean => isBatch(a.extent);
  const [fixed, open] = [kernel.m.filter((a) => !isN(a)), kernel.m.filter(isN)];
  const results = positionsAt(kernel.axes, target);
  const total = positionsAt(kernel.k, target);
  const work = (results * total) / busy;
  return function* (stage, { tile, sums, left, right }) {
    const { rows, batch, columns, depth } = stage;
    const size = rows * batch * columns;
    const sides = [
      blocksOf(fixed, tile, target, rows),
      blocksOf(open, tile, target, batch),
      blocksOf(kernel.n, tile, target, columns),
      blocksOf(kernel.batch, tile, target, 1),
    ];
    const places = sides.reduce((a, s) => a * s.waste, 1);
    const threads = sides.reduce((a, s) => a * s.blocks, size);
    // What a thread does for one block of steps.
    const adds = sums * depth;
    const byRow = ((figures.fetch * left + figures.place) * depth) / columns;
    const byColumn = ((figures.fetch * right + figures.place) * depth) / (rows * batch);
    const arithmetic = adds / (adds + byRow + byColumn + figures.barrier);
    const near = (figures.near * sums) / (4 * (left + right));
    const far = (figures.far * sums * size) / (4 * (left * rows * batch + right * columns));
    const rate = Math.min(1, arithmetic, near, far);
    for (const n of parts) {
      const steps = total / n;
      if (n > 1 && steps < BLOCKS * depth) continue;
      const useful = steps / (Math.ceil(steps / depth) * depth * places);
      const fill = (threads * n) / busy;
      const again = n > 1 ? figures.pass + (figures.partial * 8 * n * results) / busy : 0;
      const cost = work / (useful * Math.min(1, fill) * rate) + again;
      yield { stage, tile, parts: n, sums, arithmetic, near, far, fill, useful, cost };
    }
  };
}
