/**
 * The model graph: what a model file builds. Nodes are immutable and refer to their inputs; a Graph lists
 * them in topological order. Every node carries its inferred type and where in the model file it was made.
 */
import { showShape } from "../../contract/shapes.ts";
import type { Loss } from "../../contract/training.ts";
import type { Node, OpNode, Update } from "./expr.ts";

export type {
  Attrs,
  AttrValue,
  Node,
  OpDef,
  OpNode,
  OpSummary,
  Origin,
  ParamRequest,
  Role,
  Update,
  Where,
} from "./expr.ts";

export interface Output {
  readonly name: string;
  readonly node: Node;
}

/** How many classes there are, or their names in order. */
export type Classes = number | readonly string[];

/** Two classes or more; a name is no blank. */
export function isClasses(value: unknown): value is Classes {
  if (!Array.isArray(value)) return Number.isSafeInteger(value) && Number(value) >= 2;
  return value.length >= 2 && value.every((name) => typeof name === "string" && name.trim() !== "");
}

export const countOf = (classes: Classes): number => (typeof classes === "number" ? classes : classes.length);

/** How many numbers an output [N, k] has for an example; undefined for other shapes. */
export function rowOf({ type: { shape } }: Node): number | undefined {
  const [batch, size] = shape;
  return shape.length === 2 && batch === "N" && typeof size === "number" ? size : undefined;
}

/** One of the losses that a model is trained with. */
export interface LossRequest {
  /** Absent: the only one, or, of a loss of one's own, all of them. */
  readonly output?: string | undefined;
  /** What makes the terms, [N, …]: one of Weft's own, of the output and a target, or nodes of one's own, of the outputs. */
  readonly loss: Loss | ((outputs: readonly Output[]) => Node);
  /** In the sum of all losses. Absent: 1. */
  readonly weight?: number | undefined;
  /** What labels or targets are called. Absent: as the output is, or `target` where the loss is the only one. */
  readonly target?: string | undefined;
  /** What its figures are called. Absent: as the output is. */
  readonly name?: string | undefined;
}

/** A model: its nodes in an order in which operands precede their users. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
  /** What the model says of its outputs `[N, classes]`: they are scores. No kernel depends on it. */
  readonly classes?: Classes;
  /** What it is trained with unless other losses are asked for. No kernel of inference depends on it. */
  readonly losses?: readonly LossRequest[];
  /** Made after everything else of a run: training. Parameters of a graph with updates are not constant. */
  readonly updates?: readonly Update[];
  /** Every node that an output or update needs, operands before users. */
  readonly nodes: readonly Node[];
}

/** `the output of lenet is logits [N, 10]` */
export function outputsOf({ name, outputs }: Pick<Graph, "name" | "outputs">): string {
  const shown = outputs.map((o) => `${o.name} ${showShape(o.node.type.shape)}`).join(", ");
  return outputs.length === 1 ? `the output of ${name} is ${shown}` : `the outputs of ${name} are ${shown}`;
}

/** All nodes that the outputs need, operands first, each once, in the order of first use. */
export function topologicalOrder(outputs: readonly Node[]): readonly Node[] {
  return ordered(outputs, new Set());
}

/** The same of one node, without those in `ends` and what they need. */
export function orderWithin(node: Node, ends: ReadonlySet<Node>): readonly Node[] {
  return ordered([node], new Set(ends));
}

function ordered(outputs: readonly Node[], seen: Set<Node>): readonly Node[] {
  const order: Node[] = [];
  const stack: { node: Node; next: number }[] = [];
  for (const root of outputs) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ node: root, next: 0 });
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const operand = top.node.kind === "op" ? top.node.inputs[top.next++] : undefined;
      if (operand === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(operand)) {
        seen.add(operand);
        stack.push({ node: operand, next: 0 });
      }
    }
  }
  return order;
}

/** Whether it is one of those that a model is trained by. */
export function isTrained(node: Node): boolean {
  return node.kind === "param" && node.use === undefined;
}

/** What gradients change: a model's adapters, where it has some, in place of its own parameters. */
export function trainedIn({ nodes }: Pick<Graph, "nodes">): readonly Node[] {
  const adapters = nodes.filter((node) => node.kind === "param" && node.use === "adapter");
  return adapters.length > 0 ? adapters : nodes.filter(isTrained);
}

/** A parameter or a number that a layer made for itself. */
export type OwnNode = Node & { readonly own: string };

/** Those among a layer's operands. */
export function ownNodes(layer: OpNode): readonly OwnNode[] {
  return layer.inputs.filter(
    (n): n is OwnNode => (n.kind === "param" || n.kind === "const") && n.own !== undefined,
  );
}

/** The nodes that read each node. */
export function consumers(nodes: readonly Node[]): ReadonlyMap<Node, readonly OpNode[]> {
  const users = new Map<Node, OpNode[]>();
  for (const node of nodes) {
    if (node.kind !== "op") continue;
    for (const input of new Set(node.inputs)) {
      const list = users.get(input);
      if (list) list.push(node);
      else users.set(input, [node]);
    }
  }
  return users;
}

/** Rebuilds a graph bottom-up; `change` sees each node with its inputs already rebuilt. */
export function mapGraph(graph: Graph, change: (node: Node, original: Node) => Node): Graph {
  const made = new Map<Node, Node>();
  const get = (node: Node): Node => made.get(node) ?? node;
  for (const node of graph.nodes) {
    const inputs = node.kind === "op" ? node.inputs.map(get) : [];
    const moved =
      node.kind === "op" && inputs.some((input, i) => input !== node.inputs[i]) ? { ...node, inputs } : node;
    made.set(node, change(moved, node));
  }
  const outputs = graph.outputs.map((o) => ({ ...o, node: get(o.node) }));
  const inputs = graph.inputs.map((i) => ({ ...i, node: get(i.node) }));
  const updates = (graph.updates ?? []).map((u) => ({ state: get(u.state), value: get(u.value) }));
  const roots = [...outputs.map((o) => o.node), ...updates.map((u) => u.value)];
  return { ...graph, inputs, outputs, ...(graph.updates ? { updates } : {}), nodes: topologicalOrder(roots) };
}
