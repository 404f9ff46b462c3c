/**
 * The model graph: what a model file builds. Nodes are immutable and refer to their inputs; a Graph lists
 * them in topological order. Every node carries its inferred type and where in the model file it was made.
 */
import type { Location } from "../errors.ts";
import type { Expr, OpContext } from "./expr.ts";
import type { Init, ParamUse } from "./program.ts";
import { showShape, type TensorType } from "./type.ts";

export type AttrValue = number | string | boolean | null | readonly AttrValue[] | Attrs;
export type Attrs = { readonly [key: string]: AttrValue };

/**
 * What a training made a node for: the input as numbers 0 … 1, the loss, a gradient, the norm of all of them, or what
 * overwrites a parameter. It is for messages; a node's name says nothing, since a layer may be called `loss`.
 */
export interface Role {
  readonly kind: "input" | "loss" | "gradients" | "norm" | "update";
  /** The name of the tensor whose gradient or update it is. */
  readonly of: string;
}

/** Where a node comes from. `trace` is the raw call stack; the frontend turns it into `at` and `name`. */
export interface Origin {
  /** `conv1`, `block2/conv1`; unique within a graph. */
  readonly name: string;
  readonly at?: Location;
  readonly trace?: string;
  /** Absent: the node is one of the model's. */
  readonly role?: Role;
}

/** A parameter that an op makes for itself (weight, bias, running mean). */
export interface ParamRequest {
  /** The suffix of the parameter's name: `conv1.weight`. */
  readonly role: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Absent: it is trained. */
  readonly use?: ParamUse;
}

/** What a row of the shape table says about an op beyond its output shape. */
export interface OpSummary {
  /** `6 · 5×5, padding 2` */
  readonly options: string;
  /** `⌊(28 + 2·2 − 5)/1⌋ + 1 = 28`; empty where the shape is the input's. */
  readonly formula: string;
}

/**
 * One op, in one place. Method syntax on purpose: it lets an `OpDef<ConvAttrs>` stand where an `OpDef` is wanted.
 * `A` are the normalised attributes, `O` the options as the user writes them.
 */
export interface OpDef<A extends Attrs = Attrs, O = unknown> {
  readonly name: string;
  /** How many tensor operands the op takes, parameters excluded. */
  readonly arity: number | "variadic";
  /** Normalises and checks the user's options. Throws `UserError`. */
  options(options: O): A;
  /** Of its parameters, those that a tensor among the options may take the place of, by role. */
  readonly takes?: readonly string[];
  /** The parameters the op makes for itself, appended to its operands. Throws `UserError`. */
  params?(attrs: A, inputs: readonly TensorType[]): readonly ParamRequest[];
  /** The output's type from the operands' (parameters included). Throws `UserError`. */
  infer(attrs: A, inputs: readonly TensorType[]): TensorType;
  /** The meaning: the value at one output position, as an index expression. */
  define(attrs: A, context: OpContext): Expr;
  /**
   * Gradients of the operands from that of the output, as graph nodes, for ops whose gradient is not derived from
   * `define`; an operand without one (labels) has undefined.
   */
  vjp?(node: OpNode, grad: Node): readonly (Node | undefined)[];
  /**
   * What the op does in training, where that differs: batch statistics, random masks. `salt` tells the random numbers
   * of one node from those of another.
   */
  training?(node: OpNode, salt: number): { readonly value: Node; readonly updates: readonly Update[] };
  summary(attrs: A, inputs: readonly TensorType[], output: TensorType): OpSummary;
}

export type Node =
  | {
      readonly kind: "input";
      readonly type: TensorType;
      readonly origin: Origin;
      /**
       * "bytes": the tensor is a batch drawn from a data set that lies on the GPU as bytes. Element [n, …] is byte
       * [order[offset + n], …], as a number 0 … 255.
       */
      readonly storage?: "bytes";
    }
  /** A number that is set anew for every run (a learning rate): slot of the uniform's `rates`. */
  | { readonly kind: "scalar"; readonly type: TensorType; readonly origin: Origin; readonly slot: number }
  | {
      readonly kind: "param";
      readonly type: TensorType;
      readonly origin: Origin;
      readonly init: Init;
      /** Absent: it is trained. */
      readonly use?: ParamUse;
      /** What it is to the layer that made it and that it is called after: `weight`. Absent: it has its own name. */
      readonly own?: string;
    }
  | {
      readonly kind: "const";
      readonly type: TensorType;
      readonly origin: Origin;
      readonly value: number;
      /** As of a parameter. */
      readonly own?: string;
    }
  | OpNode;

/** Whether a tensor is drawn from a data set of bytes. */
export function isBytes(node: Node): boolean {
  return node.kind === "input" && node.storage === "bytes";
}

export interface OpNode {
  readonly kind: "op";
  readonly op: OpDef;
  readonly attrs: Attrs;
  /** Operands, then the op's own parameters. */
  readonly inputs: readonly Node[];
  readonly type: TensorType;
  readonly origin: Origin;
  /** As of a parameter, where it stands for some of a layer's: `affine`. */
  readonly own?: string;
}

export interface Output {
  readonly name: string;
  readonly node: Node;
}

/** A tensor that the program overwrites in place: a parameter, a moment, a running statistic. */
export interface Update {
  readonly state: Node;
  readonly value: Node;
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

/** A model: its nodes in an order in which operands precede their users. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
  /** What the model says of its outputs `[N, classes]`: they are scores. No kernel depends on it. */
  readonly classes?: Classes;
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
  const seen = new Set<Node>();
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

/** Whether gradients change it. */
export function isTrained(node: Node): boolean {
  return node.kind === "param" && node.use === undefined;
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
