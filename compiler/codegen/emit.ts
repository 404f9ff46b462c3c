/** (Kernel, Schedule) → a WGSL module. The body is written twice, the second time with vector bindings. */

import { InternalError, must } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { Kernel, Layouts, Schedule } from "../ir/kernel.ts";
import type { Grid } from "../ir/program.ts";
import { add, axisIndex, scale } from "../math/affine.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import { Bindings, RESULT } from "./bindings.ts";
import { contractionTiles, writeContraction } from "./contraction.ts";
import { mapReduceTiles, writeMapReduce } from "./mapReduce.ts";
import { isVectorAddress, resultAddress } from "./store.ts";
import { gridOf } from "./threads.ts";
import { printStatements } from "./wgsl.ts";
import { Writer } from "./writer.ts";

export interface Emitted {
  /** The module without header, with placeholders for the bindings' names. Equal texts are one kernel. */
  readonly wgsl: string;
  /** Names that bindings must not take. */
  readonly locals: ReadonlySet<string>;
  readonly usesBatch: boolean;
  readonly grid: Grid;
}

export function emitKernel(kernel: Kernel, schedule: Schedule, layouts: Layouts): Emitted {
  const lane = laneOf(schedule);
  const outWidth = resultWidth(kernel, schedule, layouts, lane);
  const first = new Bindings(kernel.reads);
  write(kernel, schedule, new Writer(first, layouts, lane), outWidth);
  const bindings = new Bindings(kernel.reads, first.widths());
  const writer = new Writer(bindings, layouts, lane);
  const tiles = tilesOf(kernel, schedule);
  const grid = gridOf(tiles);
  write(kernel, schedule, writer, outWidth);

  const usesBatch = writer.usesBatch || grid.batchTile > 0;
  const lines: string[] = [];
  let slot = 0;
  if (usesBatch) {
    lines.push("struct Batch { n: u32 }", `@group(0) @binding(${slot++}) var<uniform> batch: Batch;`);
  }
  for (const node of kernel.reads) {
    const { name, width } = bindings.read(node);
    lines.push(`@group(0) @binding(${slot++}) var<storage, read> ${name}: array<${wgslType(width)}>;`);
  }
  lines.push(
    `@group(0) @binding(${slot}) var<storage, read_write> ${RESULT}: array<${wgslType(outWidth)}>;`,
    "",
  );
  for (const helper of writer.helperText()) lines.push(helper, "");

  const size = schedule.workgroup;
  const total = threadCount(grid);
  lines.push(
    `@compute @workgroup_size(${size})`,
    `fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,`,
    `  @builtin(local_invocation_index) local: u32) {`,
    `  let thread = i32((group.y * groups.x + group.x) * ${size}u + local);`,
    `  if (thread >= ${total}) { return; }`,
    printStatements(writer.statements),
    "}",
    "",
  );
  return {
    locals: new Set([...writer.names, ...writer.helpers.keys()]),
    wgsl: lines.join("\n"),
    usesBatch,
    grid,
  };
}

function threadCount(grid: Grid): string {
  if (grid.batchTile === 0) return `${grid.items}`;
  const blocks =
    grid.batchTile === 1 ? "i32(batch.n)" : `(i32(batch.n) + ${grid.batchTile - 1}) / ${grid.batchTile}`;
  return grid.items === 1
    ? blocks
    : grid.batchTile === 1
      ? `${blocks} * ${grid.items}`
      : `(${blocks}) * ${grid.items}`;
}

function write(kernel: Kernel, schedule: Schedule, writer: Writer, outWidth: Width): void {
  if (kernel.kind === "contraction" && schedule.kind === "contraction")
    writeContraction(writer, kernel, schedule, outWidth);
  else if (kernel.kind === "mapReduce" && schedule.kind === "mapReduce")
    writeMapReduce(writer, kernel, schedule, outWidth);
  else throw new InternalError(`a ${schedule.kind} schedule for a ${kernel.kind} kernel`);
}

function tilesOf(kernel: Kernel, schedule: Schedule): ReturnType<typeof contractionTiles> {
  if (kernel.kind === "contraction" && schedule.kind === "contraction")
    return contractionTiles(kernel, schedule);
  if (kernel.kind === "mapReduce" && schedule.kind === "mapReduce") return mapReduceTiles(kernel, schedule);
  throw new InternalError(`a ${schedule.kind} schedule for a ${kernel.kind} kernel`);
}

function laneOf(schedule: Schedule): Axis | undefined {
  return schedule.vector ? { key: "lane", name: "lane", extent: schedule.vector.width } : undefined;
}

/** The result is an array of vectors where every store is a whole, aligned vector. */
function resultWidth(kernel: Kernel, schedule: Schedule, layouts: Layouts, lane: Axis | undefined): Width {
  if (!lane || !schedule.vector) return 1;
  const axis = must(
    kernel.space.find((a) => a.key === schedule.vector?.axis),
    "vector axis",
  );
  const { width } = schedule.vector;
  const tile = schedule.kind === "contraction" ? (schedule.tile.get(axis.key) ?? 1) : width;
  if ((axis.extent as number) % width !== 0 || tile % width !== 0) return 1;
  const blocks: Axis = { ...axis, key: `${axis.key}^`, extent: (axis.extent as number) / width };
  const at = new Map([[axis.key, add(scale(axisIndex(blocks), width), axisIndex(lane))]]);
  return isVectorAddress(resultAddress(kernel, at, layouts), lane) ? width : 1;
}
