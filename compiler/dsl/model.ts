/** The default export of a model file: named inputs, named outputs and the graph between them. */
import { UserError } from "../errors.ts";
import {
  type Classes,
  countOf,
  type Graph,
  isClasses,
  type Node,
  type Output,
  outputsOf,
  rowOf,
  topologicalOrder,
} from "../ir/graph.ts";
import { sizesIn } from "../ir/type.ts";
import { kindOf, noMore, optional, refined, takes } from "../options.ts";
import { here, located, startNames } from "./build.ts";
import { isLayer } from "./layer.ts";
import { type LossChoice, lossesIn, lossFields } from "./losses.ts";
import { nameLayers } from "./names.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { LayerType, OPTIONS, Run } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

type Tensors = { readonly [name: string]: Tensor };
type ShapeOf<T> = T extends Tensor<infer S> ? S : Shape;

/** A finished model. `Ins` and `Outs` are the shapes of its inputs and outputs by name. */
export interface Model<Ins = { [name: string]: Shape }, Outs = { [name: string]: Shape }> {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: Ins;
  readonly outputs: Outs;
}

/** What a model says of itself: its classes, and what it is trained with unless other losses are asked for. */
export interface ModelOptions extends LossChoice {
  /**
   * The outputs `[N, classes]` are scores over classes, as logits are: how many classes, or their names. What `weft run`
   * and Studio show of a model; it changes no kernel. After a softmax there is no need to say it.
   */
  readonly classes?: number | readonly string[];
}

const classes = kindOf(
  "the number of classes, 2 or more, or a list of their names",
  "10",
  isClasses,
  (value) => (typeof value === "string" && isClasses(Number(value)) ? Number(value) : undefined),
);
/** The list is copied: a graph does not change. */
const readOptions = takes("model", {
  classes: optional(refined(classes, (all) => (typeof all === "number" ? all : [...all]))),
  ...lossFields,
});

type InputShapes<I> =
  I extends Tensor<infer S> ? { [name: string]: S } : { -readonly [K in keyof I]: ShapeOf<I[K]> };
type OutputShapes<I, O, Z> =
  O extends Tensor<infer S>
    ? { output: S }
    : O extends LayerType
      ? { output: Result<Known<ShapeOf<I>, O[typeof OPTIONS], Z>, Run<O, ShapeOf<I>>> }
      : { -readonly [K in keyof O]: ShapeOf<O[K]> };

/** What can hide a caller's type parameter in a layer that is an output. */
type Hidden<O> = O extends LayerType ? O[typeof OPTIONS] : [];
/** The layer's result for the one input, or the message. */
type Applied<I, O> = O extends LayerType ? Run<O, ShapeOf<I>> : O;

/**
 * A model from its inputs and outputs, named by the variables that hold them:
 *
 *   export default model("lenet", { image }, { logits });
 *
 * or from one input and a layer, whose output is then called `output`:
 *
 *   export default model("lenet", input("image", [N, 1, 28, 28]), sequential(…));
 *
 * Logits are shown as scores over classes where the model says so: `model("lenet", { image }, { logits }, { classes: 10 })`.
 *
 * Throws `UserError`: no output, an input that no output needs, an input that is needed and not declared, two
 * tensors of one name, a cycle, an option that is unknown or does not fit.
 */
export function model<I extends Tensor | Tensors, O extends Tensor | Tensors | LayerType, Z extends 1 = 1>(
  name: string,
  inputs: I,
  outputs: Checked<Known<ShapeOf<I>, Hidden<O>, Z>, Applied<I, O>, O>,
  options?: ModelOptions,
): Model<InputShapes<I>, OutputShapes<I, O, Z>>;
export function model(...args: readonly unknown[]): unknown {
  const trace = here();
  const [name, inputs, outputs, options] = args;
  try {
    const graph = located("", trace, () => {
      noMore("model", args, 4);
      return buildGraph(name, inputs, outputs, options);
    });
    const shapes = (list: readonly Output[]): unknown =>
      Object.fromEntries(list.map((o) => [o.name, o.node.type.shape]));
    return { name, graph, inputs: shapes(graph.inputs), outputs: shapes(graph.outputs) };
  } finally {
    startNames();
  }
}

/** Whether a value was made by `model`. */
export function isModel(value: unknown): value is Model {
  return (
    typeof value === "object" && value !== null && "graph" in value && "outputs" in value && "inputs" in value
  );
}

function buildGraph(name: unknown, inputs: unknown, outputs: unknown, options: unknown): Graph {
  if (typeof name !== "string" || name.trim() === "") {
    throw new UserError({
      problem: "model: the first argument is its name",
      fix: 'model("lenet", { image }, { logits })',
    });
  }
  const ins = isTensor(inputs)
    ? [{ name: inputs.node.origin.name, node: inputs.node }]
    : named(name, "inputs", inputs);
  const outs = isLayer(outputs)
    ? [{ name: "output", node: applied(name, inputs, outputs) }]
    : isTensor(outputs)
      ? [{ name: "output", node: outputs.node }]
      : named(name, "outputs", outputs);
  if (outs.length === 0) {
    throw new UserError({
      problem: `model "${name}" has no outputs`,
      rule: "a model computes at least one tensor",
    });
  }
  const { classes: said, ...choice } = readOptions(options);
  const losses = lossesIn("model", choice);
  if (said !== undefined) checkClasses(name, said, outs);
  const nodes = topologicalOrder(outs.map((o) => o.node));
  checkCycles(name, nodes);
  checkInputs(name, ins, nodes);
  checkBounds(name, ins, nodes);
  return nameLayers({
    name,
    inputs: ins,
    outputs: outs,
    nodes,
    ...(said === undefined ? {} : { classes: said }),
    ...(losses === undefined ? {} : { losses }),
  });
}

function applied(name: string, inputs: unknown, layer: (x: Tensor) => Tensor): Node {
  if (isTensor(inputs)) return layer(inputs).node;
  throw new UserError({
    problem: `model "${name}" applies a layer to several inputs`,
    rule: "a layer takes one tensor",
    fix: 'model("…", input("image", […]), sequential(…)), or layer(x) as an output',
  });
}

function named(model: string, what: "inputs" | "outputs", given: unknown): readonly Output[] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new UserError({
      problem: `model "${model}": its ${what} are not a record of tensors`,
      fix: `{ ${what === "inputs" ? "image" : "logits"} }`,
    });
  }
  return Object.entries(given).map(([key, value]: [string, unknown]) => {
    if (isTensor(value)) return { name: key, node: value.node };
    const kind =
      value === undefined ? "undefined" : isLayer(value) ? "a layer, not a tensor" : `not a tensor`;
    const early = value === undefined || isLayer(value);
    throw new UserError({
      problem: `model "${model}": ${what}.${key} is ${kind}`,
      ...(early ? { early } : {}),
    });
  });
}

/** Scores stand in an output [N, classes], so there has to be one. */
function checkClasses(name: string, classes: Classes, outputs: readonly Output[]): void {
  const count = countOf(classes);
  const sizes = outputs.map((o) => rowOf(o.node)).filter(isClasses);
  if (sizes.includes(count)) return;
  const given = typeof classes === "number" ? `${count}` : `a list of ${count}`;
  throw new UserError({
    problem: `model "${name}": classes is ${given}, but ${outputsOf({ name, outputs })}`,
    rule: `an output [N, classes] holds a score for every class: here [N, ${count}]`,
    fix: sizes.length > 0 ? `classes: ${[...new Set(sizes)].join(" or ")}` : "leaving it out",
  });
}

/** Nodes cannot be made in a circle, only mutated into one. */
function checkCycles(model: string, nodes: readonly Node[]): void {
  const done = new Set<Node>();
  for (const node of nodes) {
    const early = node.kind === "op" ? node.inputs.find((i) => !done.has(i)) : undefined;
    if (early) {
      throw new UserError({
        problem: `model "${model}" has a cycle: ${node.origin.name} needs ${early.origin.name}, which needs ${node.origin.name}`,
        rule: "each layer is computed from layers before it",
      });
    }
    done.add(node);
  }
}

function checkInputs(model: string, inputs: readonly Output[], nodes: readonly Node[]): void {
  const declared = new Map<Node, string>();
  for (const { name, node } of inputs) {
    const first = declared.get(node);
    if (first !== undefined)
      throw new UserError({
        problem: `model "${model}": inputs.${first} and inputs.${name} are the same tensor`,
      });
    if (node.kind !== "input") {
      throw new UserError({
        problem: `model "${model}": inputs.${name} is ${node.origin.name}, which is computed`,
        rule: "inputs are made by input(name, shape)",
      });
    }
    declared.set(node, name);
  }
  const used = new Set(nodes);
  const undeclared = nodes.find((n) => n.kind === "input" && !declared.has(n));
  if (undeclared) {
    const name = undeclared.origin.name;
    const twin = inputs.some((i) => i.node.origin.name === name);
    throw new UserError({
      problem: `model "${model}": ${reader(nodes, undeclared)} needs input "${name}", which the model does not declare`,
      ...(twin ? { rule: `input("${name}", …) is called twice: these are two inputs` } : {}),
      fix: twin ? "one input() kept in a variable" : `${name} among the inputs of model()`,
    });
  }
  for (const { name, node } of inputs) {
    if (used.has(node)) continue;
    throw new UserError({
      problem: `model "${model}": no output needs input "${name}"`,
      rule: "every input is used",
      fix: `a model without "${name}", or an output that is computed from it`,
    });
  }
}

/** A size has one bound, and an input that says what it is in a run. */
function checkBounds(model: string, inputs: readonly Output[], nodes: readonly Node[]): void {
  const sizes = sizesIn(nodes.map((n) => n.type.shape));
  const given = sizesIn(inputs.map((i) => i.node.type.shape));
  for (const size of sizes) {
    const other = sizes.find((s) => s.name === size.name && s !== size);
    if (other) {
      throw new UserError({
        problem: `model "${model}": ${size.name} is at most ${size.max} and at most ${other.max}`,
        rule: "a size has one bound in a model",
        fix: `dim("${size.name}", { max: ${Math.max(size.max, other.max)} }) kept in a variable`,
      });
    }
    if (given.includes(size)) continue;
    throw new UserError({
      problem: `model "${model}": no input has the size ${size.name}`,
      rule: "what a size is in a run is read off the inputs",
      fix: `an input with ${size.name} in its shape`,
    });
  }
}

function reader(nodes: readonly Node[], input: Node): string {
  return nodes.find((n) => n.kind === "op" && n.inputs.includes(input))?.origin.name ?? "an output";
}
