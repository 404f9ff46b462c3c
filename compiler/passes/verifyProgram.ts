/**
 * Checks of what runs when and where it lies: order, memory, and the finished Program. Every buffer is followed from
 * dispatch to dispatch, and whoever reads finds in it the value that is meant.
 */
import { STORAGE_BUFFERS, WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { Dispatch, Program } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { nameOf } from "../ir/region.ts";
import type { MemoryPlan, Step } from "../ir/step.ts";
import { inBuffer, type Storages } from "../ir/storage.ts";
import { effectsOf } from "./order.ts";
import { broken } from "./verify.ts";

/** What a verifier is shown of a compilation. */
export interface Placement {
  readonly graph: Graph;
  readonly bundles: readonly (readonly Step[])[];
  readonly memory: MemoryPlan;
  readonly storages: Storages;
}

/**
 * Happens-before: carries out the dispatches on names of values in place of numbers. A dispatch that reads a tensor finds
 * that very one in its buffer; none reads what runs beside it writes; and in the end outputs, inputs, parameters and what
 * is computed once are where the next run, or the host, looks for them.
 */
export function verifyMemory({ graph, bundles, memory, storages }: Placement): void {
  const holds = new Map<number, Node>();
  const placeOf = (node: Node): number => must(memory.place.get(node), `buffer of ${node.origin.name}`);
  const expect = (node: Node, who: string): void => {
    const found = holds.get(placeOf(node));
    if (found !== node)
      throw broken(`${who} needs ${node.origin.name}, but finds ${found?.origin.name ?? "nothing"}`);
  };
  const params = graph.nodes.filter((n) => n.kind === "param" && inBuffer(storages, n));
  const given = [...graph.inputs.map((i) => i.node), ...params];
  for (const node of new Set(given)) {
    const before = holds.get(placeOf(node));
    if (before) throw broken(`${node.origin.name} and ${before.origin.name} share a buffer`);
    holds.set(placeOf(node), node);
  }
  const lasting = new Map<Node, Node>([...new Set(given)].map((node) => [node, node]));
  for (const bundle of bundles) {
    const kernels = bundle.map((step) => step.kernel);
    const written = new Set<number>();
    for (const kernel of kernels) {
      for (const tensor of kernel.reads) expect(tensor, nameOf(kernel));
      for (const { root, overwrites } of kernel.results) {
        const { name } = root.origin;
        const to = placeOf(root);
        if (written.has(to)) throw broken(`two results of one dispatch are written where ${name} lies`);
        written.add(to);
        if (!overwrites) continue;
        if (placeOf(overwrites) !== to) throw broken(`${name} lies apart from ${overwrites.origin.name}`);
        expect(overwrites, name);
      }
    }
    for (const kernel of kernels) {
      const { reads, overwrites } = effectsOf(kernel);
      for (const tensor of reads)
        if (written.has(placeOf(tensor)) && !overwrites.includes(tensor))
          throw broken(`${nameOf(kernel)} reads ${tensor.origin.name}, which its own dispatch overwrites`);
    }
    for (const { kernel, region } of bundle)
      for (const { root, overwrites } of kernel.results) {
        holds.set(placeOf(root), root);
        if (overwrites) lasting.set(overwrites, root);
        if (region.phase === "prepare") lasting.set(root, root);
      }
  }
  for (const node of lasting.values()) expect(node, "the next run");
  for (const { name, node } of graph.outputs) expect(storages.get(node)?.of ?? node, `the output ${name}`);
  const asItIs = { f32: true, f16: false, u32: true, i32: true, u8: true, u16: true, i8: false, i4: false };
  for (const [node, { type, order, values, seen }] of storages)
    if (seen && (!asItIs[type] || order || values))
      throw broken(`the host sees ${node.origin.name}, which is not stored as it is given`);
}

/** Dispatches name buffers and kernels that exist, what is read was written before, and all is within WebGPU's limits. */
export function verifyProgram(program: Program): void {
  for (const { name, bindings, workgroup } of program.kernels) {
    if (bindings.length > STORAGE_BUFFERS)
      throw broken(`${name} has ${bindings.length} storage buffers, more than ${STORAGE_BUFFERS}`);
    if (workgroup > WORKGROUP_THREADS)
      throw broken(`${name} has ${workgroup} threads in a workgroup, more than ${WORKGROUP_THREADS}`);
  }
  for (const { dispatches } of [program, ...(program.ranges ?? [])])
    verifyDispatches(program, [...program.prepare, ...dispatches]);
}

function verifyDispatches(program: Program, dispatches: readonly Dispatch[]): void {
  const written = new Set([...program.inputs, ...program.params].map((s) => s.buffer));
  for (const dispatch of dispatches) {
    const kernel = program.kernels[dispatch.kernel];
    if (!kernel) throw broken(`dispatch of ${dispatch.layers.join(", ")} names kernel ${dispatch.kernel}`);
    if (kernel.bindings.length !== dispatch.buffers.length) {
      throw broken(
        `${kernel.name} has ${kernel.bindings.length} bindings, the dispatch ${dispatch.buffers.length}`,
      );
    }
    for (const [i, binding] of kernel.bindings.entries()) {
      const buffer = dispatch.buffers[i];
      if (buffer === undefined || !program.buffers[buffer])
        throw broken(`${kernel.name} names buffer ${buffer}`);
      if (binding.access === "read" && !written.has(buffer))
        throw broken(`${kernel.name} reads ${binding.name} before it is written`);
      if (binding.access !== "read") {
        if (dispatch.buffers.indexOf(buffer) !== i)
          throw broken(`${kernel.name} reads and writes buffer ${buffer}`);
        written.add(buffer);
      }
    }
  }
  for (const o of program.outputs)
    if (!written.has(o.buffer)) throw broken(`output ${o.name} is never written`);
}
