/**
 * A graph as a list of layers, for runtimes without a model format of their own: batch normalisation is folded into
 * the convolution before it and an activation joins its layer, as their own converters do.
 */
import type { Graph, Node, OpNode } from "../compiler/ir/graph.ts";
import { shapeAt } from "../contract/type.ts";
import type { Weights } from "../runtime/index.ts";

export type Activation = "relu" | "relu6" | "sigmoid";
type Pair = readonly [number, number];
/** Top, bottom, left, right. */
type Sides = readonly [number, number, number, number];

interface Base {
  readonly output: string;
  readonly inputs: readonly string[];
  /** Of the output, row-major NCHW. */
  readonly shape: readonly number[];
  readonly activation?: Activation;
}
export type Layer = Base &
  (
    | {
        readonly op: "conv";
        readonly weight: string;
        readonly bias?: string;
        readonly stride: Pair;
        readonly padding: Sides;
        readonly groups: number;
      }
    | { readonly op: "linear"; readonly weight: string; readonly bias?: string }
    | {
        readonly op: "maxPool" | "avgPool";
        readonly kernel: Pair;
        readonly stride: Pair;
        readonly padding: Sides;
      }
    | { readonly op: "globalAvgPool" | "flatten" | "matmul" | "add" }
  );

export interface Layers {
  readonly layers: readonly Layer[];
  readonly weights: Weights;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly output: string;
}

const ACTIVATIONS: readonly string[] = ["relu", "relu6", "sigmoid"] satisfies readonly Activation[];
const isActivation = (name: string): name is Activation => ACTIVATIONS.includes(name);

/** Throws where the graph holds an op that the peers are not given. */
export function layersOf(graph: Graph, given: Weights, batch: number): Layers {
  const weights: Record<string, Weights[string]> = {};
  const names = new Map<Node, string>();
  const layers: Layer[] = [];
  const users = new Map<Node, number>();
  for (const node of graph.nodes)
    if (node.kind === "op")
      for (const operand of node.inputs) users.set(operand, (users.get(operand) ?? 0) + 1);
  const shapeOf = (node: Node): number[] => shapeAt(node.type.shape, batch);
  const nameOf = (node: Node | undefined): string => {
    const name = node && names.get(node);
    if (name === undefined) throw new Error("an operand is used before it is computed");
    return name;
  };
  const take = (node: Node | undefined): string | undefined => {
    if (!node) return undefined;
    const value = given[node.origin.name];
    if (!value) throw new Error(`no value for ${node.origin.name}`);
    weights[node.origin.name] = value;
    return node.origin.name;
  };
  /** The layer that made `operand`, if nothing else needs it. */
  const joined = (operand: Node | undefined, op?: Layer["op"]): number => {
    const at = layers.findIndex((layer) => layer.output === nameOf(operand));
    const layer = layers[at];
    return operand && users.get(operand) === 1 && layer && !layer.activation && (!op || layer.op === op)
      ? at
      : -1;
  };

  for (const { name, node } of graph.inputs) names.set(node, name);
  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const { name } = node.op;
    const [operand] = node.inputs;
    if (isActivation(name) || name === "batchNorm2d") {
      const at = joined(operand, name === "batchNorm2d" ? "conv" : undefined);
      const layer = layers[at];
      if (!layer) throw new Error(`${name} follows no layer that it could join`);
      layers[at] = isActivation(name) ? { ...layer, activation: name } : folded(layer, node, weights, given);
      names.set(node, layer.output);
    } else if (name === "dropout") names.set(node, nameOf(operand));
    else {
      const output = `value${layers.length}`;
      const operands = name === "add" || name === "matmul" ? node.inputs : node.inputs.slice(0, 1);
      layers.push(layerOf(node, { output, inputs: operands.map(nameOf), shape: shapeOf(node) }, take));
      names.set(node, output);
    }
  }
  return {
    layers,
    weights,
    inputs: graph.inputs.map(({ name, node }) => ({ name, shape: shapeOf(node) })),
    output: nameOf(graph.outputs[0]?.node),
  };
}

function layerOf(node: OpNode, base: Base, take: (node: Node | undefined) => string | undefined): Layer {
  const { attrs } = node;
  const pair = (key: string): Pair => attrs[key] as unknown as Pair; // normalised by the op
  const padding = attrs["padding"] as unknown as Sides; // as above
  const parameters = (): { weight: string; bias?: string } => {
    const [, weight, bias] = node.inputs.map((n, i) => (i ? take(n) : undefined));
    if (!weight) throw new Error(`${node.op.name} has no weight`);
    return { weight, ...(bias === undefined ? {} : { bias }) };
  };
  switch (node.op.name) {
    case "conv2d":
      return {
        ...base,
        op: "conv",
        ...parameters(),
        stride: pair("stride"),
        padding,
        groups: Number(attrs["groups"]),
      };
    case "linear":
      return { ...base, op: "linear", ...parameters() };
    case "maxPool2d":
    case "avgPool2d": {
      const op = node.op.name === "maxPool2d" ? "maxPool" : "avgPool";
      return { ...base, op, kernel: pair("kernel"), stride: pair("stride"), padding };
    }
    case "globalAvgPool2d":
      return { ...base, op: "globalAvgPool" };
    case "flatten":
    case "matmul":
    case "add":
      return { ...base, op: node.op.name };
    default:
      throw new Error(`the peers are not given ${node.op.name}`);
  }
}

/** y = (conv(x) − mean) · scale / √(variance + eps) + shift, as weights and a bias of the convolution. */
function folded(layer: Layer, norm: OpNode, weights: Record<string, Weights[string]>, given: Weights): Layer {
  if (layer.op !== "conv") throw new Error("batch normalisation follows no convolution");
  const data = (index: number): ArrayLike<number> => given[norm.inputs[index]?.origin.name ?? ""]?.data ?? [];
  const [scale, shift, mean, variance] = [data(1), data(2), data(3), data(4)];
  const eps = Number(norm.attrs["eps"]);
  const { shape, data: old } = weights[layer.weight] ?? { shape: [0], data: new Float32Array() };
  const [outputs = 0] = shape;
  const factor = Array.from(
    { length: outputs },
    (_, o) => (scale[o] ?? 0) / Math.sqrt((variance[o] ?? 0) + eps),
  );
  const before = layer.bias === undefined ? undefined : weights[layer.bias]?.data;
  const each = old.length / outputs;
  weights[layer.weight] = {
    shape,
    data: Float32Array.from(old, (v, i) => v * (factor[Math.floor(i / each)] ?? 0)),
  };
  const bias = `${layer.weight}.folded`;
  const biases = Float32Array.from(
    factor,
    (f, o) => (shift[o] ?? 0) + ((before?.[o] ?? 0) - (mean[o] ?? 0)) * f,
  );
  weights[bias] = { shape: [outputs], data: biases };
  return { ...layer, bias };
}
