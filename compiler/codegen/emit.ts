/** (Kernel, Schedule) → WGSL. A body is written twice, the second time with vector bindings. */
import type { Binding, Grid, Program } from "../../contract/program.ts";
import { InternalError, must } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import { isBytes, type Node } from "../ir/graph.ts";
import type { Kernel, Schedule } from "../ir/kernel.ts";
import { type Storages, type StorageType, typeOf } from "../ir/storage.ts";
import { add, axisIndex, newAxis, scale } from "../math/affine.ts";
import { codecs } from "../ops/codec.ts";
import type { Width } from "../ops/scalar.ts";
import { Bindings, placeholder } from "./bindings.ts";
import { blockGrid, isStaged } from "./block.ts";
import { contractionTiles, writeContraction } from "./contraction.ts";
import { entryBody, type Work } from "./entry.ts";
import { mapReduceTiles, writeMapReduce } from "./mapReduce.ts";
import { isVectorAddress, resultAddress } from "./store.ts";
import { gridOf } from "./threads.ts";
import { printStatements, usesOnce } from "./wgsl.ts";
import { Writer } from "./writer.ts";

/** One kernel's work: what a thread with the number `thread` does. */
export interface Part {
  readonly kernel: Kernel;
  readonly schedule: Schedule;
  /** The tensor that the result overwrites. */
  readonly inPlace: Node | undefined;
}

export interface Emitted {
  /** The module without header, with placeholders for the bindings' names. Equal texts are one kernel. */
  readonly wgsl: string;
  /** Names that bindings must not take. */
  readonly locals: ReadonlySet<string>;
  readonly usesBatch: boolean;
  /** What the device must have been asked for. */
  readonly features: NonNullable<Program["features"]>;
  readonly grid: Grid;
}

interface Body extends Work {
  readonly writer: Writer;
  /** `array<f32>` … of each binding, in order; the last is the result. */
  readonly types: readonly string[];
}

/** What a part binds, in order: the tensors it reads, the row numbers of a data set ("order"), the result. */
export function boundTensors({ kernel, inPlace }: Part): readonly (Node | "order")[] {
  const separate = kernel.reads.filter((node) => node !== inPlace);
  return [...separate, ...(separate.some(isBytes) ? (["order"] as const) : []), kernel.region.root];
}

/** The same under names; the last, the result, is written. */
export function bindingsOf(part: Part, names: readonly string[], storages: Storages): readonly Binding[] {
  const tensors = boundTensors(part);
  return tensors.map((tensor, i) => ({
    name: must(names[i], "name"),
    access: i === tensors.length - 1 ? "read_write" : "read",
    ...(tensor !== "order" && typeOf(storages, tensor) === "f16" ? { storage: "f16" as const } : {}),
  }));
}

/** A module that does the work of all parts; several are told apart by the range their thread number falls in. */
export function emitModule(parts: readonly Part[], storages: Storages): Emitted {
  const bodies = parts.map((part, i) => writeBody(part, i, storages, parts.length > 1 ? "    " : "  "));
  const usesBatch = bodies.some((b) => b.writer.usesBatch || b.grid.batchTile > 0);
  const usesRun = bodies.some((b) => b.writer.usesRun);
  const quads = bodies.some((b) => b.together === "quad");
  if (bodies.length > 1 && bodies.some((b) => b.together))
    throw new InternalError("a kernel whose threads fetch together is alone");
  const halves = parts.some((p) =>
    boundTensors(p).some((t) => t !== "order" && codecs[typeOf(storages, t)].feature === "shader-f16"),
  );
  const lines = [...(halves ? ["enable f16;"] : []), ...(quads ? ["enable subgroups;"] : [])];
  let slot = 0;
  if (usesBatch) {
    const fields = usesRun ? "n: u32, offset: u32, step: u32, seed: u32, rates: vec4<f32>" : "n: u32";
    lines.push(`struct Batch { ${fields} }`, `@group(0) @binding(${slot++}) var<uniform> batch: Batch;`);
  }
  bodies.forEach(({ types }, part) => {
    types.forEach((type, i) => {
      const access = i === types.length - 1 ? "read_write" : "read";
      lines.push(`@group(0) @binding(${slot++}) var<storage, ${access}> ${placeholder(part, i)}: ${type};`);
    });
  });
  lines.push("");
  const helpers = new Map(bodies.flatMap((b) => [...b.writer.helpers]));
  for (const helper of helpers.values()) lines.push(helper, "");
  const shared = bodies.flatMap((b) => [...b.writer.shared]);
  for (const [name, type] of shared) lines.push(`var<workgroup> ${name}: ${type};`);
  if (shared.length > 0) lines.push("");

  const size = must(parts[0], "part").schedule.workgroup;
  lines.push(
    `@compute @workgroup_size(${size})`,
    "fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,",
    "  @builtin(local_invocation_index) local: u32) {",
    ...entryBody(bodies, size),
    "}",
    "",
  );
  const features = [...(quads ? ["subgroups" as const] : []), ...(halves ? ["shader-f16" as const] : [])];
  const locals = new Set([...bodies.flatMap((b) => [...b.writer.names]), ...helpers.keys()]);
  const grid = totalGrid(bodies);
  const together = bodies[0]?.together;
  const threads = together === "workgroup" ? size : typeof together === "object" ? together.size : 1;
  const items = grid.items * threads;
  return { wgsl: lines.join("\n"), locals, usesBatch, features, grid: { ...grid, items } };
}

/** Parts that share a module have no batch factor: their threads add up. */
function totalGrid(bodies: readonly Body[]): Grid {
  const [only] = bodies;
  if (bodies.length === 1 && only) return only.grid;
  if (bodies.some((b) => b.grid.batchTile > 0))
    throw new InternalError("only kernels without a batch factor share a module");
  return { items: bodies.reduce((a, b) => a + b.grid.items, 0), batchTile: 0 };
}

/** What a body is written from, and the notes of writing it once. */
function firstWriting({ kernel, schedule, inPlace }: Part, part: number, storages: Storages) {
  const lane = laneOf(schedule);
  const resultWidth = widthOfResult(kernel, schedule, storages, lane);
  const resultType = typeOf(storages, kernel.region.root);
  const options = { reads: kernel.reads, inPlace, part, resultWidth, storages, resultType };
  const first = new Bindings(options);
  write(kernel, schedule, new Writer(first, storages, lane), resultWidth);
  return { options, first, lane };
}

/** The tensors that a kernel loads: of what is to be baked, those with an address that is not a constant. */
export function loadedTensors(part: Part, storages: Storages): ReadonlySet<Node> {
  return firstWriting(part, 0, storages).first.noted;
}

function writeBody(part: Part, index: number, storages: Storages, indent: string): Body {
  const { kernel, schedule } = part;
  const { options, first, lane } = firstWriting(part, index, storages);
  const { resultWidth, resultType } = options;
  const bindings = new Bindings(options, first.widths());
  const writer = new Writer(bindings, storages, lane);
  write(kernel, schedule, writer, resultWidth);
  const types = boundTensors(part).map((tensor, i, all) => {
    const array = (type: StorageType, width: Width): string => `array<${codecs[type].array(width)}>`;
    if (i === all.length - 1) return array(resultType, resultWidth);
    if (tensor === "order") return "array<u32>";
    const { type, width } = bindings.read(tensor);
    return array(type, width);
  });
  const text = printStatements(writer.statements, indent, schedule.opaque);
  const hides = usesOnce(writer.statements, schedule.opaque);
  return { text, writer, types, hides, ...gridAndThreads(kernel, schedule) };
}

function write(kernel: Kernel, schedule: Schedule, writer: Writer, resultWidth: Width): void {
  if (kernel.kind === "contraction" && schedule.kind === "contraction")
    writeContraction(writer, kernel, schedule, resultWidth);
  else if (kernel.kind === "mapReduce" && schedule.kind === "mapReduce")
    writeMapReduce(writer, kernel, schedule, resultWidth);
  else throw new InternalError(`a ${schedule.kind} schedule for a ${kernel.kind} kernel`);
}

function gridAndThreads(kernel: Kernel, schedule: Schedule): Pick<Body, "grid" | "together"> {
  if (kernel.kind === "contraction" && schedule.kind === "contraction") {
    if (isStaged(schedule)) return { grid: blockGrid(kernel, schedule), together: "workgroup" };
    const { quads, team } = schedule;
    const grid = gridOf(contractionTiles(schedule), quads?.lanes);
    return { grid, together: team ?? (quads ? "quad" : undefined) };
  }
  if (kernel.kind === "mapReduce" && schedule.kind === "mapReduce")
    return { grid: gridOf(mapReduceTiles(kernel, schedule)), together: schedule.team ?? undefined };
  throw new InternalError(`a ${schedule.kind} schedule for a ${kernel.kind} kernel`);
}

function laneOf(schedule: Schedule): Axis | undefined {
  return schedule.vector ? newAxis("lane", schedule.vector.width) : undefined;
}

/** The result is an array of vectors where every store is a whole, aligned vector. */
function widthOfResult(
  kernel: Kernel,
  schedule: Schedule,
  storages: Storages,
  lane: Axis | undefined,
): Width {
  if (!lane || !schedule.vector) return 1;
  const { axis, width } = schedule.vector;
  const tile = schedule.kind === "contraction" ? (schedule.tile.get(axis) ?? 1) : width;
  if ((axis.extent as number) % width !== 0 || tile % width !== 0) return 1;
  const blocks = newAxis(axis.name, (axis.extent as number) / width);
  const at = new Map([[axis, add(scale(axisIndex(blocks), width), axisIndex(lane))]]);
  return isVectorAddress(resultAddress(kernel, at, storages), lane) ? width : 1;
}
