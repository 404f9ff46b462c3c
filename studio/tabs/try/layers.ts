/** The layers whose values can be looked at, and the graph that computes them as its outputs. Pure. */
import {
  type Graph,
  isTrained,
  type Node,
  type OpNode,
  type Output,
  topologicalOrder,
} from "../../../compiler/ir/graph.ts";
import { ops } from "../../../compiler/ops/index.ts";
import type { SizeValues } from "../../../contract/sizes.ts";
import type { Shape } from "../../../contract/type.ts";

/** How one example of a tensor is drawn: `count` maps of `height` × `width`, or a row of `count` bars. */
export type View =
  | { readonly kind: "maps"; readonly count: number; readonly height: number; readonly width: number }
  | { readonly kind: "bars"; readonly count: number };

export interface Layer {
  readonly name: string;
  /** `conv2d` */
  readonly op: string;
  readonly node: OpNode;
  /** The node whose value it has: dropout's is its operand's. Never an input. */
  readonly value: OpNode;
  readonly shape: Shape;
  readonly view: View;
  /** Values of one example. */
  readonly size: number;
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The last two axes are a map's, those before count the maps; what has one axis, or maps of one element, is bars. */
export function viewOf(shape: Shape, sizes: SizeValues = {}): View {
  const dims = dimsOf(shape, sizes);
  const [height = 1, width = 1] = dims.slice(-2);
  if (dims.length < 2 || height * width === 1) return { kind: "bars", count: product(dims) };
  return { kind: "maps", count: product(dims.slice(0, -2)), height, width };
}

/** The sizes of one example. */
const dimsOf = (shape: Shape, sizes: SizeValues): readonly number[] =>
  shape.flatMap((d) => (d === "N" ? [] : typeof d === "number" ? d : (sizes[d.name] ?? d.max)));

/** The layers that depend on an input, in the order of the graph; `sizes`: what those are that a run decides. */
export function layersOf(graph: Graph, sizes: SizeValues = {}): readonly Layer[] {
  const fed = new Set<Node>(graph.inputs.map((i) => i.node));
  return graph.nodes.flatMap((node) => {
    if (node.kind !== "op" || !node.inputs.some((i) => fed.has(i))) return [];
    fed.add(node);
    const value = computedBy(node);
    if (value.kind !== "op") return [];
    const { shape } = node.type;
    const size = product(dimsOf(shape, sizes));
    return [
      { name: node.origin.name, op: node.op.name, node, value, shape, view: viewOf(shape, sizes), size },
    ];
  });
}

/** The node that computes its value: dropout does nothing to it here. */
export function computedBy(node: Node): Node {
  const first = node.kind === "op" ? node.inputs[0] : undefined;
  return node.kind === "op" && node.op === ops.dropout && first ? computedBy(first) : node;
}

/** The name of a layer's value among the outputs of `watching`. */
export const outputName = ({ value }: Layer): string => value.origin.name;

/** What is watched of a layer, or of what is none. */
export type Watched = Pick<Layer, "value">;

/** The model with the values of `layers` as its outputs, besides its own. */
export function watching(graph: Graph, layers: readonly Watched[]): Graph {
  const values = new Set<Node>([
    ...layers.map((l) => l.value),
    ...graph.outputs.map((o) => computedBy(o.node)),
  ]);
  const outputs: readonly Output[] = [...values].map((node) => ({ name: node.origin.name, node }));
  return { ...graph, outputs, nodes: topologicalOrder([...values]) };
}

/** What a model's output is called among the outputs of `watching`. */
export const resultName = ({ node }: Output): string => computedBy(node).origin.name;

/** Values that are read back after every stroke: about 2 MB. */
const LIVE = 500_000;

/** What is open at first: all layers of a small model, else the first and the last. */
export function openAtFirst(layers: readonly Layer[]): ReadonlySet<string> {
  const all = layers.reduce((sum, l) => sum + l.size, 0);
  const ends = [layers[0], layers.at(-1)].filter((l) => l !== undefined);
  return new Set((all <= LIVE ? layers : ends).map((l) => l.name));
}

/** Parameters of the model, in elements; running statistics are none. */
export function parameterCount(graph: Graph): number {
  return graph.nodes.filter(isTrained).reduce((sum, n) => sum + product(n.type.shape.map(Number)), 0);
}
