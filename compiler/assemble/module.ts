/** (Kernel, Schedule) → the kernel's module: lowering and its passes, one after the other. */
import { WORKGROUP_BYTES } from "../../contract/limits.ts";
import type { Grid } from "../../contract/program.ts";
import { InternalError, must } from "../errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Kernel, Schedule, Together } from "../ir/kernel.ts";
import type { Result } from "../ir/region.ts";
import type { KernelModule, Stmt } from "../ir/stmt.ts";
import { type Storages, type StorageType, typeOf } from "../ir/storage.ts";
import { elements, isBatch } from "../ir/type.ts";
import type { Memory, Width } from "../ir/value.ts";
import { type Entry, enter, gridBeside, sideBySide, threadsIn } from "../lower/entry.ts";
import { Lowering, type Memories, roleOf } from "../lower/evaluate.ts";
import { hoist } from "../lower/hoist.ts";
import { shareInQuads } from "../lower/quads.ts";
import { isVectorAddress, resultAddress } from "../lower/store.ts";
import type { Vector } from "../lower/threads.ts";
import { vectorise } from "../lower/vectorise.ts";
import {
  add,
  axesOf,
  axisIndex,
  constant,
  newAxis,
  rangeOf,
  scale,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { visitValues } from "../math/statements.ts";
import { newMemory, typeFor } from "../math/value.ts";
import { codecOf, codecs } from "../ops/codec.ts";
import { passesOf, strategyOf } from "../strategies/index.ts";

/** One kernel's work: what a thread with a certain number does. */
export interface Part {
  readonly kernel: Kernel;
  readonly schedule: Schedule;
}

/** What a part binds, in order: the tensors it reads, the results. */
export function boundTensors({ reads, results }: Kernel): readonly Node[] {
  const separate = reads.filter((node) => results.every((r) => r.overwrites !== node));
  return [...separate, ...results.map((r) => r.root)];
}

/**
 * A module that does the work of all parts; several are told apart by the range their thread number falls in. `anywhere`: as
 * of `Target`.
 */
export function lowerModule(parts: readonly Part[], storages: Storages, anywhere = false): KernelModule {
  const workgroup = must(parts[0], "part").schedule.workgroup;
  const works = parts.map((part) => workOf(part, storages, anywhere));
  const [only] = works;
  const lowered = new Map<Work, Lowered>();
  const lower = (work: Work, entry: Entry): readonly Stmt[] => {
    const result = work.lower(entry);
    lowered.set(work, result);
    return [...entry.statements, ...result.statements];
  };
  const body =
    only && works.length === 1
      ? lower(only, enter(only.grid, only.together, workgroup))
      : sideBySide(
          works.map((w) => ({ ...w, body: (entry) => lower(w, entry) })),
          workgroup,
        );
  const all = works.map((w) => must(lowered.get(w), "part"));
  const shared = all.flatMap((l) => l.shared);
  if (bytesIn(shared) > WORKGROUP_BYTES)
    throw new InternalError(`a kernel takes ${bytesIn(shared)} bytes of workgroup memory`);
  return {
    bindings: all.flatMap((l) => l.bindings),
    shared,
    workgroup,
    body,
    grid: threadGrid(works, workgroup),
    overhang: Math.max(...all.map((l) => l.overhang)),
  };
}

/** What a part takes of a dispatch: threads, and bytes of workgroup memory. */
export function needsOf(
  part: Part,
  storages: Storages,
): { readonly grid: Grid; readonly room: () => number } {
  const { workgroup } = part.schedule;
  const work = workOf(part, storages);
  const grid = threadGrid([work], workgroup);
  const room = (): number => bytesIn(work.build(enter(work.grid, work.together, workgroup)).shared);
  return { grid, room };
}

const bytesIn = (arrays: readonly Memory[]): number =>
  arrays.reduce((sum, { length = 0, type }) => sum + 4 * type.width * length, 0);

/** The tensors that a kernel loads: of what is to be baked, those with an address that is not a constant. */
export function loadedTensors(part: Part, storages: Storages): ReadonlySet<Node> {
  if (passesOf(part.kernel, part.schedule, storages)) return new Set(part.kernel.reads);
  const { grid, together, build } = workOf(part, storages);
  const { memories, statements } = build(enter(grid, together, part.schedule.workgroup));
  const read = new Set<Memory>();
  visitValues(statements, (v) => {
    if (v.kind === "element") read.add(v.from);
  });
  return new Set([...memories.of].flatMap(([node, memory]) => (read.has(memory) ? [node] : [])));
}

interface Lowered {
  readonly statements: readonly Stmt[];
  readonly bindings: readonly Memory[];
  readonly shared: readonly Memory[];
  readonly overhang: number;
}

interface Work {
  /** What `together` counts: threads, teams or workgroups. */
  readonly grid: Grid;
  readonly together: Together | null;
  build(entry: Entry): Lowering;
  lower(entry: Entry): Lowered;
}

function workOf(part: Part, storages: Storages, anywhere = false): Work {
  const { kernel, schedule } = part;
  const strategy = strategyOf(kernel, schedule);
  const vector: Vector | undefined = schedule.vector
    ? { axis: schedule.vector.axis, lane: newAxis("lane", schedule.vector.width) }
    : undefined;
  const { memories, bindings } = bind(part, storages, vector);
  const build = (entry: Entry): Lowering => {
    const lowering = new Lowering(memories, storages, vector?.lane, schedule.opaque);
    strategy.lower(lowering, entry, kernel, schedule, vector);
    return lowering;
  };
  const lower = (entry: Entry): Lowered => {
    const { statements, shared } = build(entry);
    const { statements: vectors, wide } = vectorise(statements, anywhere);
    return {
      statements: hoist(shareInQuads(vectors)),
      bindings: bindings.map((m) => wide.get(m) ?? m),
      shared,
      overhang: overhangOf(statements, memories),
    };
  };
  return { grid: strategy.grid(kernel, schedule), together: schedule.together, build, lower };
}

/** Of a word: what lies within one is fetched as a whole. */
const BYTES = 4;

/** How far outside of their tensors kernels fetch what a guard drops, in bytes. Along N they stay inside. */
function overhangOf(statements: readonly Stmt[], { of }: Memories): number {
  const sizes = new Map([...of].map(([node, memory]) => [memory, elements(node.type.shape)] as const));
  let most = 0;
  visitValues(statements, (v) => {
    if (v.kind !== "element") return;
    const { fixed, perBatch } = must(sizes.get(v.from), "tensor");
    const first = new Map([...axesOf(v.at)].filter((a) => isBatch(a.extent)).map((a) => [a, constant(0)]));
    const { low, high } = rangeOf(substituteIndex(v.at, first));
    // An address is added up without its constant first, and must not be below 0 then either.
    for (const outside of [-low, v.at.constant - low, high + 1 - fixed - perBatch])
      if (Number.isFinite(outside) && outside > 0)
        most = Math.max(most, codecOf(v.from).bytes(outside) + BYTES);
  });
  return most;
}

/** In threads. */
function threadGrid(works: readonly Work[], workgroup: number): Grid {
  const [only] = works;
  if (!only || works.length > 1) return gridBeside(works, workgroup);
  return { ...only.grid, items: only.grid.items * threadsIn(only.together, workgroup) };
}

/** The memories of a part's tensors, and those that are bound, in order. */
function bind(
  { kernel, schedule }: Part,
  storages: Storages,
  vector: Vector | undefined,
): { readonly memories: Memories; readonly bindings: readonly Memory[] } {
  const memory = (stem: string, codec: StorageType, width: Width, writable: boolean): Memory => {
    const type = typeFor(codecs[codec].scalar, width);
    return newMemory({ space: "storage", stem, type, codec, writable });
  };
  const of = new Map<Node, Memory>();
  const stored = new Map<Node, Memory>();
  for (const result of kernel.results) {
    const { root, overwrites } = result;
    const width = widthOfResult(result, schedule, storages, vector);
    const to = memory(overwrites ? roleOf(overwrites) : "y", typeOf(storages, root), width, true);
    stored.set(root, to);
    if (overwrites) of.set(overwrites, to);
  }
  const bindings = boundTensors(kernel).map((tensor) => {
    const result = stored.get(tensor);
    if (result) return result;
    const read = memory(roleOf(tensor), typeOf(storages, tensor), 1, false);
    of.set(tensor, read);
    return read;
  });
  return { memories: { of, stored }, bindings };
}

/** A result is an array of vectors where every store is a whole, aligned vector. */
function widthOfResult(
  result: Result,
  schedule: Schedule,
  storages: Storages,
  vector: Vector | undefined,
): Width {
  if (!vector || !schedule.vector) return 1;
  const { axis, width } = schedule.vector;
  const tile = schedule.tile.get(axis) ?? 1;
  if ((axis.extent as number) % width !== 0 || tile % width !== 0) return 1;
  const blocks = newAxis(axis.name, (axis.extent as number) / width);
  const at = new Map([[axis, add(scale(axisIndex(blocks), width), axisIndex(vector.lane))]]);
  return isVectorAddress(resultAddress(result, at, storages), vector.lane) ? width : 1;
}
