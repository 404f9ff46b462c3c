/**
 * Thread per position: each thread evaluates the result at its position, or at those of a row where long reductions are the
 * same for all of it. Legal for every mapReduce.
 */

import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { Axis, Reduce } from "../ir/expr.ts";
import type { MapReduceKernel, Schedule } from "../ir/kernel.ts";
import { isBatch } from "../ir/type.ts";
import { lowerRows, rowTiles } from "../lower/rows.ts";
import { gridOf } from "../lower/threads.ts";
import { freeAxes, visit } from "../math/build.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";
import { type Items, parseCount, type Said } from "./text.ts";

/** Reductions longer than this are loops: axes they do not depend on are walked inside the thread that ran them. */
const SHORT = 16;

export interface Rows extends Schedule {
  /** Space axes walked by one thread in a loop, because the reductions do not depend on them. */
  readonly serial: readonly Axis[];
}

export interface ThreadPerPosition extends Rows {
  readonly strategy: "thread per position";
}

export const threadPerPosition: Strategy<MapReduceKernel, ThreadPerPosition> = {
  name: "thread per position",
  kind: "mapReduce",
  labels: ["thread per position", "vector", "workgroup", "opaque loops"],

  choose: (kernel, target) => scheduled(kernel, rowsFor(kernel, target)),

  trials(kernel, target) {
    const rows = rowsFor(kernel, target);
    return widthsOf(rows).map((width) => ({ schedule: scheduled(kernel, { ...rows, width }), cost: 0 }));
  },

  items(_, schedule) {
    return [[this.name], ...rowItems(schedule)];
  },

  parse(kernel, said) {
    const rows = parseRows(kernel, said);
    return rows && scheduled(kernel, rows);
  },

  grid: (kernel, schedule) => gridOf(rowTiles(kernel, schedule)),

  lower(lowering, entry, kernel, schedule, vector) {
    lowerRows(lowering, entry, kernel, schedule.serial, rowTiles(kernel, schedule), vector);
  },
};

/** What the strategies for rows decide alike. */
export interface RowChoice {
  readonly width: 1 | 2 | 4;
  readonly workgroup: number;
  readonly opaque: boolean;
}

export function rowsFor(kernel: MapReduceKernel, target: Target): RowChoice {
  return { width: widest(kernel), workgroup: target.workgroup, opaque: target.opaqueBelow > 0 };
}

/** Widths of vectors that are worth measuring. */
export const widthsOf = ({ width }: RowChoice): readonly RowChoice["width"][] =>
  ([4, 2, 1] as const).filter((w) => w <= width);

/** The long reductions of a kernel, and the axes that none of them depends on. */
export function longReductions({ results, space }: MapReduceKernel): {
  readonly long: readonly Reduce[];
  readonly serial: readonly Axis[];
  readonly reduces: boolean;
} {
  const depends = new Set<Axis>();
  const long: Reduce[] = [];
  let reduces = false;
  for (const { value } of results)
    visit(value, (e) => {
      if (e.kind !== "reduce") return;
      reduces = true;
      if (e.axes.reduce((a, x) => a * extentOf(x), 1) <= SHORT) return;
      long.push(e);
      for (const axis of freeAxes(e)) depends.add(axis);
    });
  const serial = long.length > 0 ? space.filter((a) => !depends.has(a) && !isBatch(a.extent)) : [];
  return { long, serial, reduces };
}

/** The innermost axis, where its neighbours may share a vector. */
function innerOf(kernel: MapReduceKernel): Axis | undefined {
  const { serial, reduces } = longReductions(kernel);
  const last = kernel.space.at(-1);
  // What runs once is not worth vectors, which take three times as long to build.
  const once = kernel.region.phase === "prepare";
  return last && !once && (serial.includes(last) || !reduces) ? last : undefined;
}

const widest = (kernel: MapReduceKernel): RowChoice["width"] => vectorWidth(innerOf(kernel));

export function rowSchedule(
  kernel: MapReduceKernel,
  { width, workgroup, opaque }: RowChoice,
): Omit<Rows, "strategy"> {
  const vector = vectorOver(innerOf(kernel), width);
  return {
    workgroup,
    tile: new Map(vector ? [[vector.axis, vector.width]] : []),
    vector,
    serial: longReductions(kernel).serial,
    together: null,
    opaque,
  };
}

function scheduled(kernel: MapReduceKernel, choice: RowChoice): ThreadPerPosition {
  return { strategy: "thread per position", ...rowSchedule(kernel, choice) };
}

export function rowItems({ vector, workgroup, opaque }: Rows): Items {
  return [
    ...(vector ? ([["vector", vector.width]] as const) : []),
    ["workgroup", workgroup],
    ...(opaque ? ([["opaque loops"]] as const) : []),
  ];
}

/** Undefined where it does not fit the kernel. */
export function parseRows(kernel: MapReduceKernel, said: Said): RowChoice | undefined {
  const count = said.has("vector") ? parseCount(said.get("vector"), widest(kernel)) : 1;
  const width = ([1, 2, 4] as const).find((w) => w === count);
  const workgroup = parseCount(said.get("workgroup"), WORKGROUP_THREADS);
  return width && workgroup ? { width, workgroup, opaque: said.has("opaque loops") } : undefined;
}
