/**
 * Schedules: how a kernel is tiled on a target. Rules are tried in order; each either returns a schedule or
 * passes, and the last one is always legal. Numbers of a target stand in one record.
 */
import type { Axis } from "../ir/expr.ts";
import type {
  ContractionKernel,
  ContractionSchedule,
  Kernel,
  MapReduceKernel,
  MapReduceSchedule,
  Schedule,
} from "../ir/kernel.ts";
import { freeAxes, visit } from "../math/build.ts";

export interface Target {
  readonly name: string;
  /** Threads of a workgroup; WebGPU's default limit is 256. */
  readonly workgroup: number;
  /** Accumulator registers (f32) of one thread. */
  readonly registers: number;
  /** Multiply-add statements written out in one kernel: bounds compile time. */
  readonly code: number;
}

/** Fits the CPU adapters and is legal everywhere. */
export const portable: Target = { name: "portable", workgroup: 64, registers: 32, code: 640 };

export function schedule(kernel: Kernel, target: Target): Schedule {
  return kernel.kind === "contraction"
    ? scheduleContraction(kernel, target)
    : scheduleMapReduce(kernel, target);
}

const extentOf = (axis: Axis): number => (axis.extent === "N" ? Number.POSITIVE_INFINITY : axis.extent);

/** The largest tile up to `cap` that computes the fewest positions twice; N tiles are clamped instead. */
function tileFor(axis: Axis, cap: number, step = 1): number {
  if (axis.extent === "N") return Math.max(1, cap);
  let best = step;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let t = step; t <= Math.min(cap, axis.extent); t += step) {
    const waste = (Math.ceil(axis.extent / t) * t) / axis.extent;
    const cost = waste * (1 + 1 / t); // loads per multiply-add fall with 1/t
    if (cost <= bestCost) [best, bestCost] = [t, cost];
  }
  return best;
}

function vectorWidth(axis: Axis | undefined): 1 | 2 | 4 {
  if (axis === undefined || axis.extent === "N") return 1;
  return axis.extent % 4 === 0 ? 4 : axis.extent % 2 === 0 ? 2 : 1;
}

function vectorOver(axis: Axis | undefined, width: 1 | 2 | 4): MapReduceSchedule["vector"] {
  return axis === undefined || width === 1 ? null : { axis: axis.key, width };
}

function scheduleContraction(kernel: ContractionKernel, target: Target): ContractionSchedule {
  const window = kernel.window.reduce((a, x) => a * extentOf(x), 1);
  const tile = new Map<string, number>();
  const columns = kernel.n.at(-1);
  const width = vectorWidth(columns);
  let budget = Math.max(1, Math.floor(target.registers / window));
  if (columns) {
    const t = tileFor(columns, Math.min(budget, 8), width);
    tile.set(columns.key, t);
    budget = Math.max(1, Math.floor(budget / t));
  }
  const rows = kernel.m.findLast((a) => a.extent !== "N") ?? kernel.m.at(-1);
  if (rows) tile.set(rows.key, tileFor(rows, Math.min(budget, rows.extent === "N" ? 4 : 8)));
  const vector = vectorOver(columns, width);
  const perStep = (window * [...tile.values()].reduce((a, t) => a * t, 1)) / width;
  const batchFirst = [...kernel.n, ...kernel.batch, ...kernel.m].toSorted(
    (a, b) => Number(b.extent === "N") - Number(a.extent === "N"),
  );
  return {
    kind: "contraction",
    workgroup: target.workgroup,
    tile,
    vector,
    unroll: unrolled(kernel.k, Math.floor(target.code / perStep)),
    order: batchFirst.map((a) => a.key),
    rule: vector ? "register tile, vectors over columns" : "register tile",
  };
}

/** Writes out as many innermost summed axes as the budget allows; a long axis is cut into blocks of 4. */
function unrolled(k: readonly Axis[], budget: number): ReadonlyMap<string, number> {
  const unroll = new Map<string, number>();
  let left = Math.max(1, budget);
  for (const axis of k.toReversed()) {
    const extent = extentOf(axis);
    if (extent <= left && extent <= 16) {
      unroll.set(axis.key, extent);
      left = Math.floor(left / extent);
      continue;
    }
    if (extent >= 8 && left >= 4) unroll.set(axis.key, 4);
    break;
  }
  return unroll;
}

/** Reductions longer than this are loops: axes they do not depend on are walked inside the thread that ran them. */
const SHORT = 16;

function scheduleMapReduce(kernel: MapReduceKernel, target: Target): MapReduceSchedule {
  const depends = new Set<string>();
  let reduces = false;
  visit(kernel.result, (e) => {
    if (e.kind !== "reduce") return;
    reduces = true;
    if (e.axes.reduce((a, x) => a * extentOf(x), 1) <= SHORT) return;
    for (const key of freeAxes(e).keys()) depends.add(key);
    depends.add("");
  });
  const serial =
    depends.size > 0
      ? kernel.space.filter((a) => !depends.has(a.key) && a.extent !== "N").map((a) => a.key)
      : [];
  const last = kernel.space.at(-1);
  const inner = last && (serial.includes(last.key) || !reduces) ? last : undefined;
  return {
    kind: "mapReduce",
    workgroup: target.workgroup,
    serial,
    vector: vectorOver(inner, vectorWidth(inner)),
    rule: serial.length > 0 ? "a thread per row" : "a thread per position",
  };
}
