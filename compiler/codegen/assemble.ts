/** Steps + memory plan → Program: names, headers, one shader per distinct kernel, dispatches. */
import { formatLocation, must } from "../errors.ts";
import type { Graph, Node, OpNode } from "../ir/graph.ts";
import type { Layouts } from "../ir/kernel.ts";
import { ExprPrinter } from "../ir/print.ts";
import type { Dispatch, Program, Shader, Signature } from "../ir/program.ts";
import type { MemoryPlan, Step } from "../ir/step.ts";
import { showShape } from "../ir/type.ts";
import { nameBindings } from "./bindings.ts";
import { type Emitted, emitKernel } from "./emit.ts";
import { comment, identifiers } from "./names.ts";

interface Group {
  readonly steps: Step[];
  readonly emitted: Emitted;
}

/** What a program is assembled from. */
export interface Parts {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly memory: MemoryPlan;
  readonly aliases: ReadonlyMap<Node, Node>;
  readonly layouts: Layouts;
}

export function assemble({ graph, steps, memory, aliases, layouts }: Parts): Program {
  // Kernels that differ in names alone are one shader: written with neutral names, equal texts are one kernel.
  const groups = new Map<string, Group>();
  for (const step of steps) {
    const emitted = emitKernel(step.kernel, step.schedule, layouts);
    const group = groups.get(emitted.wgsl);
    if (group) group.steps.push(step);
    else groups.set(emitted.wgsl, { steps: [step], emitted });
  }
  const entries = identifiers([...groups.values()].map((g) => entryName(must(g.steps[0], "step"))));
  const kernels = [...groups.values()].map((g, i) => shader(g, must(entries[i], "name")));
  const kernelOf = new Map([...groups.values()].flatMap((g, i) => g.steps.map((s) => [s, i] as const)));

  const bufferOf = (node: Node): number => must(memory.place.get(aliases.get(node) ?? node), "buffer");
  const dispatch = (step: Step): Dispatch => {
    const kernel = must(kernelOf.get(step), "kernel");
    const { grid } = must([...groups.values()][kernel], "group").emitted;
    const buffers = [...step.kernel.reads.map(bufferOf), bufferOf(step.region.root)];
    return { kernel, buffers, grid, layers: layersOf(step) };
  };
  const signature = (name: string, node: Node): Signature => ({
    name,
    dtype: node.type.dtype,
    shape: node.type.shape,
    buffer: bufferOf(node),
  });
  const params = graph.nodes.filter((n) => n.kind === "param");
  return {
    format: "weft-program",
    version: 1,
    name: graph.name,
    inputs: graph.inputs.map((i) => signature(i.name, i.node)),
    outputs: graph.outputs.map((o) => signature(o.name, o.node)),
    params: params.map((p) => {
      const order = layouts.get(p);
      const shape = p.type.shape.map(Number);
      return { ...signature(p.origin.name, p), shape, init: p.init, ...(order ? { order } : {}) };
    }),
    buffers: memory.buffers,
    kernels,
    prepare: steps.filter((s) => s.region.phase === "prepare").map(dispatch),
    dispatches: steps.filter((s) => s.region.phase === "run").map(dispatch),
    peakBytes: memory.peakBytes,
    maxBatch: memory.maxBatch,
  };
}

function layersOf(step: Step): readonly string[] {
  return step.region.nodes.map((n) => n.origin.name);
}

/** `conv1_pool1`: the first and the last layer. */
function entryName(step: Step): string {
  const layers = layersOf(step);
  const [first, last] = [must(layers[0], "layer"), must(layers.at(-1), "layer")];
  return first === last ? first : `${first} ${last}`;
}

/** What an operand is called where several layers share a kernel: its role, `weight`, or `x`. */
function roleOf(node: Node): string {
  const role = node.origin.name.includes(".") ? node.origin.name.split(".")[1] : undefined;
  return role ?? "x";
}

/** Names of the bindings: the model's where one step has the kernel to itself, else the operands' roles. */
function bindingNames({ steps, emitted }: Group): readonly string[] {
  const { kernel, region } = must(steps[0], "step");
  const own = [...kernel.reads, region.root].map((n) => n.origin.name);
  return identifiers(steps.length === 1 ? own : [...kernel.reads.map(roleOf), "y"], emitted.locals);
}

function shader(group: Group, name: string): Shader {
  const { steps, emitted } = group;
  const names = bindingNames(group);
  const [reads, result] = [names.slice(0, -1), must(names.at(-1), "result name")];
  return {
    name,
    layers: steps.flatMap(layersOf),
    wgsl: `${header(steps)}\n${nameBindings(emitted.wgsl, reads, result)}`,
    workgroup: must(steps[0], "step").schedule.workgroup,
    usesBatch: emitted.usesBatch,
    bindings: [
      ...reads.map((read) => ({ name: read, access: "read" as const })),
      { name: result, access: "read_write" as const },
    ],
  };
}

/** What the kernel computes: each layer with its op, shapes and model line. */
function header(steps: readonly Step[]): string {
  const lines = steps.flatMap((step) => [
    step.region.nodes.map((n) => n.origin.name).join(" → "),
    ...step.region.nodes.map((n) => `  ${describe(n)}`),
  ]);
  const { kernel, region, schedule } = must(steps[0], "step");
  const print = new ExprPrinter();
  const at = region.axes.map((a) => print.name(a)).join(", ");
  const formula = `${region.root.origin.name}[${at}] = ${print.expr(region.value)}`;
  return [...lines, formula, `${kernel.kind}: ${schedule.rule}`].map((l) => `// ${comment(l)}`).join("\n");
}

function describe(node: OpNode): string {
  const { options, formula } = node.op.summary(
    node.attrs,
    node.inputs.map((i) => i.type),
    node.type,
  );
  const from = node.inputs[0] ? `${showShape(node.inputs[0].type.shape)} → ` : "";
  const at = node.origin.at ? `, ${formatLocation(node.origin.at)}` : "";
  return `${node.origin.name}: ${node.op.name} ${options} ${from}${showShape(node.type.shape)}${at}${formula ? `  (${formula})` : ""}`.replace(
    / {2,}(?=\S*\[)/,
    " ",
  );
}
