/**
 * What must hold of every compilation, found out from its data and without its own reasoning: kernels that are one are
 * the same text; whoever reads a tensor finds it in its buffer; buffers that are shared hold what buffers of one's own
 * would.
 */

import { boundTensors, lowerModule, type Part } from "../../compiler/assemble/module.ts";
import type { Compilation } from "../../compiler/compile.ts";
import type { Node } from "../../compiler/ir/graph.ts";
import type { Step } from "../../compiler/ir/step.ts";
import { boundOf } from "../../compiler/ir/type.ts";
import { printModule } from "../../compiler/targets/wgsl/print.ts";
import type { Dispatch, Program } from "../../contract/program.ts";

/** The rule in a line of its own: breaches of one rule are failures of one kind. */
function breach(rule: string, where: string): never {
  throw new Error(`${rule}\n${where}`);
}

/** Throws at the first breach. */
export function checkProperties(compilation: Compilation): void {
  checkKernels(compilation);
  checkReads(compilation);
}

interface Launch {
  readonly dispatch: Dispatch;
  readonly parts: readonly Part[];
}

/** Each dispatch with the steps that it carries out. */
function launches({ program, steps }: Compilation): readonly Launch[] {
  let next = 0;
  return [...program.prepare, ...program.dispatches].map((dispatch) => {
    const parts: Part[] = [];
    for (let layers = 0; layers < dispatch.layers.length; ) {
      const step: Step | undefined = steps[next++];
      if (!step) throw new Error("a dispatch without a step");
      layers += step.region.nodes.length;
      parts.push(step);
    }
    return { dispatch, parts };
  });
}

/** A kernel that several dispatches share is, name by name, what each of them would be alone. */
function checkKernels(compilation: Compilation): void {
  const { program, storages } = compilation;
  const all = launches(compilation);
  const uses = (kernel: number): number => all.filter((l) => l.dispatch.kernel === kernel).length;
  for (const { dispatch, parts } of all) {
    if (uses(dispatch.kernel) === 1) continue;
    const shader = program.kernels[dispatch.kernel];
    if (!shader) throw new Error(`no kernel ${dispatch.kernel}`);
    const names = shader.bindings.map((b) => b.name);
    const alone = lowerModule(parts, storages, program.module !== undefined);
    const own = printModule(alone, names, program.sizes).wgsl;
    if (!shader.wgsl.endsWith(`\n${own}`))
      breach(
        "kernels are one that differ",
        `"${shader.name}" is not what ${dispatch.layers.join(", ")} computes:\n${own}`,
      );
    if (JSON.stringify(alone.grid) !== JSON.stringify(dispatch.grid))
      breach("kernels are one whose grids differ", dispatch.layers.join(", "));
  }
}

/**
 * Whether one tensor may stand for the other: the same, or as many elements made of that one alone. (Pooling windows of
 * one element, sums of one term and copies compute nothing. What they should compute is compared with the oracle.)
 */
function standsFor(a: Node | undefined, b: Node): boolean {
  return a !== undefined && (madeOf(a, b) || madeOf(b, a));
}

function madeOf(node: Node, origin: Node): boolean {
  const leads = (at: Node): boolean => {
    if (at === origin) return countOf(at) === countOf(node);
    if (at.kind !== "op") return false;
    // A slice of what was joined may be one of the parts.
    const from = at.op.moves ? at.inputs : countOf(at) === countOf(node) ? at.inputs.slice(0, 1) : [];
    return [...new Set(from)].some(leads);
  };
  return leads(node);
}

const countOf = (node: Node): string => {
  const sizes = node.type.shape.filter((d) => d !== "N");
  return `${node.type.shape.length - sizes.length} ${sizes.reduce<number>((n, d) => n * boundOf(d), 1)}`;
};

/** What each buffer holds, dispatch by dispatch: every read finds its tensor, and every result arrives. */
function checkReads(compilation: Compilation): void {
  const { program, graph } = compilation;
  const holds = new Map<number, Node>();
  const known = new Map(graph.nodes.map((n) => [n.origin.name, n]));
  for (const { node, name } of graph.inputs) holds.set(bufferNamed(program.inputs, name), node);
  for (const { name, buffer } of program.params) {
    const node = known.get(name);
    if (!node) throw new Error(`the graph has no parameter ${name}`);
    if (holds.has(buffer)) throw new Error(`${name} shares its buffer`);
    holds.set(buffer, node);
  }
  const states = new Set((graph.updates ?? []).map((u) => u.state));
  for (const { dispatch, parts } of launches(compilation)) {
    const written = new Map<number, Node>();
    const read = new Set<number>();
    let at = 0;
    for (const part of parts) {
      const { results } = part.kernel;
      const tensors = boundTensors(part.kernel);
      const buffers = dispatch.buffers.slice(at, at + tensors.length);
      at += tensors.length;
      const targets = results.map((_, i) => buffers.at(i - results.length) ?? -1);
      const reads: [Node, number][] = tensors.slice(0, -results.length).map((t, i) => [t, buffers[i] ?? -1]);
      results.forEach(({ overwrites }, i) => {
        if (overwrites) reads.push([overwrites, targets[i] ?? -1]);
      });
      for (const [tensor, buffer] of reads) {
        const held = holds.get(buffer);
        if (!standsFor(held, tensor))
          breach(
            "a buffer holds another tensor than is read there",
            `${dispatch.layers.join(", ")} reads ${tensor.origin.name}, there is ${held?.origin.name ?? "nothing"}`,
          );
        const own = results.some((r, i) => r.overwrites === tensor && targets[i] === buffer);
        if (!own) read.add(buffer);
      }
      results.forEach(({ root }, i) => {
        const target = targets[i] ?? -1;
        const held = holds.get(target);
        const foreign = held && (held.kind === "input" || (held.kind === "param" && !states.has(held)));
        if (foreign || written.has(target))
          breach(
            "a tensor is overwritten that must stay",
            `${dispatch.layers.join(", ")} overwrites ${held?.origin.name}`,
          );
        written.set(target, root);
      });
    }
    for (const [buffer, node] of written) {
      if (read.has(buffer))
        breach("a dispatch writes what it reads", `${dispatch.layers.join(", ")}: ${node.origin.name}`);
      holds.set(buffer, node);
    }
  }
  for (const { name, node } of graph.outputs) expectHeld(holds, bufferNamed(program.outputs, name), node);
  for (const { state, value } of graph.updates ?? [])
    expectHeld(holds, bufferNamed(program.params, state.origin.name), value);
}

function expectHeld(holds: ReadonlyMap<number, Node>, buffer: number, node: Node): void {
  const held = holds.get(buffer);
  if (!standsFor(held, node))
    breach(
      "a result is no longer there in the end",
      `the buffer of ${node.origin.name} holds ${held?.origin.name ?? "nothing"}`,
    );
}

function bufferNamed(
  list: readonly { readonly name: string; readonly buffer: number }[],
  name: string,
): number {
  const found = list.find((s) => s.name === name);
  if (!found) throw new Error(`the program has no ${name}`);
  return found.buffer;
}

/** The program with a buffer of its own for each tensor that is computed on the way. */
export function withOwnBuffers(program: Program): Program {
  const fixed = new Set([...program.inputs, ...program.params, ...program.outputs].map((s) => s.buffer));
  const buffers = [...program.buffers];
  let now = new Map<number, number>();
  const moved = (dispatch: Dispatch): Dispatch => {
    const bindings = program.kernels[dispatch.kernel]?.bindings ?? [];
    const next = new Map<number, number>();
    dispatch.buffers.forEach((buffer, i) => {
      const plan = program.buffers[buffer];
      if (bindings[i]?.access !== "read_write" || fixed.has(buffer) || !plan) return;
      next.set(i, buffers.length);
      buffers.push({ ...plan, name: `${plan.name} ${buffers.length}` });
    });
    const own = dispatch.buffers.map((buffer, i) => next.get(i) ?? now.get(buffer) ?? buffer);
    for (const [i, to] of next) now.set(dispatch.buffers[i] ?? -1, to);
    return { ...dispatch, buffers: own };
  };
  const prepare = program.prepare.map(moved);
  const prepared = now;
  // A run is that of one range: each goes on from what was prepared.
  const run = (dispatches: readonly Dispatch[]): readonly Dispatch[] => {
    now = new Map(prepared);
    return dispatches.map(moved);
  };
  const ranges = program.ranges?.map((range) => ({ ...range, dispatches: run(range.dispatches) }));
  return { ...program, prepare, dispatches: run(program.dispatches), ...(ranges && { ranges }), buffers };
}
