/** The shape table: a row per layer, with what it costs and what it sees. Data only; render.ts draws it. */
import type { Dispatch, Program } from "../../contract/program.ts";
import type { Count, Shape } from "../../contract/type.ts";
import { formatLocation, must } from "../errors.ts";
import { type Graph, isTrained, type Node, type OpNode } from "../ir/graph.ts";
import { addCounts, countAt, elements, withBatch } from "../ir/type.ts";
import { type Remark, remarksOn } from "../passes/remarks.ts";
import { type Cost, costOf } from "./cost.ts";
import { type Field, receptiveFields } from "./receptive.ts";

export interface ShapeOptions {
  /** A number in place of N. Without it shapes show N, and counts are for one example. */
  readonly batch?: number;
  /** The compiled model: says which kernel computes a layer, the memory and the dispatches. */
  readonly program?: Program;
  /** What simplification removed, and the layer that does its work now (`Compilation.rewrites`). */
  readonly rewrites?: readonly { readonly gone: string; readonly by: string }[];
}

export interface LayerRow {
  readonly name: string;
  readonly op: string;
  readonly options: string;
  readonly output: Shape;
  /** How the output's size comes about; empty where it is the input's. */
  readonly formula: string;
  /** Numbers in the trained parameters that this layer is the first to read: the rows add up to the total. */
  readonly params: number;
  /** Multiply-adds. */
  readonly macs: number;
  /** Bytes of the output. */
  readonly bytes: number;
  /** null where it depends on no input that has rows and columns. */
  readonly receptiveField: Field | null;
  /** The kernel (or kernels) that compute the layer; null where nothing is left to compute, or without a program. */
  readonly kernel: string | null;
  /** `lenet.ts:7:15` */
  readonly source: string | null;
}

export interface Totals {
  /** What the counts are for: a number of examples, or N (then counts are for one example). */
  readonly batch: number | "N";
  /** Numbers in all trained parameters; one that two layers share counts once. */
  readonly params: number;
  /** Numbers in running statistics, which are kept with the weights and not trained. */
  readonly statistics: number;
  readonly macs: number;
  readonly flops: number;
  /** GPU memory, known before running; null without a program. */
  readonly peakBytes: number | null;
  /** Kernel launches of a run; null without a program. */
  readonly dispatches: number | null;
  /** Different kernels among them; those that prepare weights once do not count. */
  readonly kernels: number | null;
  /** The largest batch within WebGPU's default limits; null where N does not occur, or without a program. */
  readonly maxBatch: number | null;
  readonly verdict: string;
}

export interface ShapeTable {
  readonly model: string;
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly layers: readonly LayerRow[];
  readonly totals: Totals;
  /** The kernels of a run in their order; empty without a program. */
  readonly kernels: readonly string[];
  /** On what is probably not what was meant, each with something to try. */
  readonly remarks: readonly Remark[];
}

export function shapeTable(graph: Graph, options: ShapeOptions = {}): ShapeTable {
  const { batch, program } = options;
  const at = batch ?? 1;
  const fields = receptiveFields(graph);
  const layers = graph.nodes.filter((n): n is OpNode => n.kind === "op");
  const steps = new Set<Node>();
  const costs = new Map(layers.map((node) => [node, costOf(node, steps)]));
  const counted = new Set<Node>();
  const rows = layers.map((node): LayerRow => {
    const fresh = node.inputs.filter((n) => !counted.has(n));
    for (const n of fresh) counted.add(n);
    const operands = node.inputs.map((i) => i.type);
    const { options: text, formula } = node.op.summary(node.attrs, operands, node.type);
    return {
      name: node.origin.name,
      op: node.op.name,
      options: text,
      output: withBatch(node.type.shape, batch),
      formula,
      params: parameterCount(fresh),
      macs: countAt(must(costs.get(node), "cost").macs, at),
      bytes: 4 * countAt(elements(node.type.shape), at),
      receptiveField: fields.get(node) ?? null,
      kernel: program ? kernelsOfNode(node, options) : null,
      source: node.origin.at ? formatLocation(node.origin.at) : null,
    };
  });
  const signature = (list: Graph["inputs"]): ShapeTable["inputs"] =>
    list.map(({ name, node }) => ({ name, shape: withBatch(node.type.shape, batch) }));
  return {
    model: graph.name,
    remarks: remarksOn(graph),
    inputs: signature(graph.inputs),
    outputs: signature(graph.outputs),
    layers: rows,
    totals: totalsOf(graph, [...costs.values()], batch, program),
    kernels: program ? kernelNames(program, program.dispatches) : [],
  };
}

/** Numbers in the trained parameters among these nodes, each of which counts once. */
export function parameterCount(nodes: readonly Node[]): number {
  return sizeOf(nodes.filter(isTrained));
}

function sizeOf(nodes: readonly Node[]): number {
  return [...new Set(nodes)].reduce((sum, n) => sum + elements(n.type.shape).fixed, 0);
}

function totalsOf(
  graph: Graph,
  costs: readonly Cost[],
  batch: number | undefined,
  program: Program | undefined,
): Totals {
  const at = batch ?? 1;
  const sum = (of: (c: Cost) => Count): number =>
    countAt(
      costs.reduce((total, c) => addCounts(total, of(c)), { fixed: 0, perBatch: 0 }),
      at,
    );
  return {
    batch: batch ?? (graph.nodes.some((n) => n.type.shape.includes("N")) ? "N" : 1),
    params: parameterCount(graph.nodes),
    statistics: sizeOf(graph.nodes.filter((n) => n.kind === "param" && n.use === "statistic")),
    macs: sum((c) => c.macs),
    flops: sum((c) => c.flops),
    peakBytes: program ? countAt(program.peakBytes, at) : null,
    dispatches: program?.dispatches.length ?? null,
    kernels: program ? kernelNames(program, program.dispatches).length : null,
    maxBatch: program?.maxBatch ?? null,
    verdict: program ? verdict(program, batch) : "",
  };
}

function verdict(program: Program, batch: number | undefined): string {
  const most = program.maxBatch;
  if (most === null) return "fits WebGPU's default limits";
  if (most === 0) return "exceeds WebGPU's default limits: a buffer is larger than the 128 MiB of a binding";
  const text = `${most}`.replace(/\B(?=(\d{3})+$)/g, ",");
  if (batch !== undefined && batch > most)
    return `exceeds WebGPU's default limits: the largest batch is ${text}`;
  return `fits WebGPU's default limits up to N = ${text}`;
}

/** The kernels that compute a node; those of its operand, where it is the same bytes under another shape. */
function kernelsOfNode({ origin, inputs: [operand] }: OpNode, options: ShapeOptions): string | null {
  const own = kernelsOf(origin.name, options);
  return own ?? (operand?.kind === "op" ? kernelsOfNode(operand, options) : null);
}

/** The kernels that compute a layer, or the layer that it was folded into. */
function kernelsOf(layer: string, { program, rewrites = [] }: ShapeOptions): string | null {
  if (!program) return null;
  const lists = (d: Dispatch): boolean => d.layers.includes(layer);
  const run = kernelNames(program, program.dispatches.filter(lists));
  const names = run.length > 0 ? run : kernelNames(program, program.prepare.filter(lists));
  if (names.length > 0) return names.join(", ");
  const heir = rewrites.find((r) => r.gone === layer && r.by !== layer);
  return heir ? kernelsOf(heir.by, { program, rewrites: rewrites.filter((r) => r !== heir) }) : null;
}

function kernelNames(program: Program, dispatches: readonly Dispatch[]): readonly string[] {
  return [...new Set(dispatches.map((d) => must(program.kernels[d.kernel], "kernel").name))];
}
