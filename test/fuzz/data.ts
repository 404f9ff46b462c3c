/** Inputs and parameters for a graph: seeded, each value exactly an f32. */
import type { Graph, Node, OpNode, Where } from "../../compiler/ir/graph.ts";
import { showDim } from "../../contract/shapes.ts";
import { type SizeValues, shapeWith } from "../../contract/sizes.ts";
import { type NdArray, random, randomArray } from "../oracle/array.ts";

export interface Data {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly params: Readonly<Record<string, NdArray>>;
}

/** Where whole numbers are read by, and what they stay below. */
const whereOf = ({ op, attrs, inputs }: OpNode): Where | undefined =>
  op.where?.(
    attrs,
    inputs.map((n) => n.type),
  );

/** Whether the numbers of an input are among those of a node, moved or not. */
const isAmong = (input: Node, node: Node | undefined): boolean =>
  node === input ||
  (node?.kind === "op" && node.inputs.some((n, i) => i !== whereOf(node)?.operand && isAmong(input, n)));

/** Of several axes that a row of whole numbers names a place along, all sizes: `below` is the largest of them. */
function sizesNamed({ op, attrs, inputs: [x, rows] }: OpNode): readonly number[] {
  if (op.name !== "gatherND" && op.name !== "scatterND") return [];
  const first = Number(attrs["batchDims"] ?? 0);
  return (x?.type.shape ?? []).slice(first, first + Number(rows?.type.shape.at(-1))).map(Number);
}

/** What the whole numbers of an input stay below, where ops read by them. */
function limitOf(graph: Graph, input: Node, sizes: SizeValues): number {
  const limits = graph.nodes.flatMap((node) => {
    const where = node.kind === "op" ? whereOf(node) : undefined;
    return where && node.kind === "op" && isAmong(input, node.inputs[where.operand])
      ? [sizes[showDim(where.below)] ?? Number(where.below), ...sizesNamed(node)]
      : [];
  });
  return limits.length > 0 ? Math.min(...limits) : 100;
}

/**
 * Inputs are uniform in ±scale. Weights are uniform with variance 1/fanIn, so that values keep their size from layer
 * to layer; variances are positive; everything else is uniform in ±1.
 */
export function dataFor(graph: Graph, batch: number, seed: number, scale = 1, sizes: SizeValues = {}): Data {
  const next = random(seed);
  const inputs = graph.inputs.map(({ name, node }): [string, NdArray] => {
    const shape = shapeWith(node.type.shape, batch, sizes);
    if (node.type.dtype === "f32") return [name, randomArray(shape, next, -scale, scale)];
    const drawn = randomArray(shape, next, 0, limitOf(graph, node, sizes));
    return [name, { shape, data: drawn.data.map(Math.floor) }];
  });
  const params = graph.nodes.flatMap((node): [string, NdArray][] => {
    if (node.kind !== "param") return [];
    const shape = shapeWith(node.type.shape, batch, sizes);
    if (node.init.kind === "data")
      return [[node.origin.name, { shape, data: Float64Array.from(node.init.values, Math.fround) }]];
    const fanIn = shape.slice(1).reduce((a, d) => a * d, 1);
    const bound = node.origin.name.endsWith(".weight") && shape.length > 1 ? Math.sqrt(3 / fanIn) : 1;
    const low = node.origin.name.endsWith(".running_var") ? 0.3 : -bound;
    return [[node.origin.name, randomArray(shape, next, low, bound)]];
  });
  return { inputs: Object.fromEntries(inputs), params: Object.fromEntries(params) };
}
