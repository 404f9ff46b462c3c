/** The training step of a model: forward, loss, backward and updates as one graph. */

import { showShape } from "../../contract/shapes.ts";
import { type Clip, type LossName, METRICS, type Optimizer, ROWS, TARGET } from "../../contract/training.ts";
import type { TensorType } from "../../contract/type.ts";
import type { CompileOptions } from "../compile.ts";
import { must, plural, UserError } from "../errors.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import { type Graph, mapGraph, type Node, topologicalOrder, trainedIn, type Update } from "../ir/graph.ts";
import { isBatch, sizesIn } from "../ir/type.ts";
import { axisIndex, lookup } from "../math/affine.ts";
import { call, equal, literal, load, position, reduce } from "../math/build.ts";
import { constantNode, derivedNode, inRole, opNode, suffixed } from "../ops/derived.ts";
import { labelsOf, losses, scoreAt } from "../ops/loss.ts";
import { pointwise } from "../ops/pointwise.ts";
import { reductions } from "../ops/reduce.ts";
import { flag, listOf, natural, oneOf, optional, positive, takes, text } from "../options.ts";
import { differentiate } from "../passes/differentiate.ts";
import { compilerFields } from "../passes/options.ts";
import { writtenOut } from "../passes/written.ts";
import { gathered, whereDue } from "./accumulate.ts";
import { clipped, clips } from "./clip.ts";
import { unfrozen } from "./freeze.ts";
import { type LoraOptions, lora, loras } from "./lora.ts";
import { FreeNames } from "./names.ts";
import { optimizers, updatesFor } from "./optimizer.ts";

export interface TrainingOptions {
  /** Default cross-entropy of the first output with integer labels. */
  readonly loss?: LossName;
  /** Whether the mean or the sum of the loss's terms is minimised and reported. Default the mean. */
  readonly reduction?: "mean" | "sum";
  readonly optimizer: Optimizer;
  /** Bounds the gradients: `{ norm: 1 }` all together, `{ value: 0.5 }` one by one. Default: they are not bounded. */
  readonly clip?: Clip;
  /**
   * Gradients of so many batches are gathered for an update, as if they were one batch: of an epoch that they do not divide, the last
   * update has fewer. Batch normalisation still sees a batch at a time, and its statistics follow each. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Parameters that stay as they are: names of parameters (`fc1.weight`), layers (`fc1`) or scopes (`stem`), with `*` for any
   * text. They have no gradient and no moments. Statistics of batch normalisation move all the same. Default: none.
   */
  readonly freeze?: readonly string[];
  /** Low-rank adapters are trained beside the layers' weights, which stay as they are: `lora(graph, …).graph` in place of the graph. */
  readonly lora?: LoraOptions;
  /** Whether inputs (and labels) are drawn from a data set of bytes on the GPU. Default true. */
  readonly bytes?: boolean;
  /** As in `CompileOptions`. */
  readonly target?: CompileOptions["target"];
  /** As in `CompileOptions`. */
  readonly tuning?: CompileOptions["tuning"];
  /** Whether the training has the same for WebAssembly beside it (`Training.wasm`). As in `CompileOptions`. */
  readonly wasm?: boolean;
  /** The examples of a step, which kernels are scheduled for; they are right for any. Default: 256. */
  readonly typicalBatch?: number;
}

/** Throws `UserError` for options that `compileTraining` does not take. */
export const checkTrainingOptions = takes("compileTraining", {
  optimizer: optimizers,
  loss: optional(oneOf(Object.keys(losses) as LossName[])), // the record's own keys
  reduction: optional(oneOf(["mean", "sum"])),
  clip: optional(clips),
  accumulate: optional(positive),
  freeze: optional(listOf(text)),
  lora: optional(loras),
  bytes: optional(flag),
  ...compilerFields,
  typicalBatch: optional(natural),
});

/** What is trained of a model. */
const adapted = (model: Graph, { lora: how }: TrainingOptions): Graph =>
  how ? lora(model, how).graph : model;

/** The graph with every op in its training form, and the statistics it keeps as updates. */
function trainingForm(model: Graph): Graph {
  /** The statistics as they are after the layers so far: a layer that is applied twice moves its own twice. */
  const latest = new Map<Node, Node>();
  const stateOf = new Map<Node, Node>();
  let salt = 0;
  const graph = mapGraph(writtenOut(model), (node) => {
    if (node.kind !== "op" || !node.op.training) return node;
    const inputs = node.inputs.map((i) => latest.get(i) ?? i);
    const form = node.op.training({ ...node, inputs }, salt++);
    for (const { state: before, value } of form.updates) {
      const state = stateOf.get(before) ?? before;
      latest.set(state, value);
      stateOf.set(value, state);
    }
    return form.value;
  });
  const updates = [...latest].map(([state, value]): Update => ({ state, value }));
  return {
    ...graph,
    updates,
    nodes: topologicalOrder([...graph.outputs.map((o) => o.node), ...updates.map((u) => u.value)]),
  };
}

/** The model with its loss: what training and evaluation share. */
interface Objective {
  readonly inputs: Graph["inputs"];
  /** The model's nodes, its input replaced by the batch. */
  readonly forward: Graph;
  readonly prediction: Node;
  readonly target: Node;
  /** The loss of each example or element. */
  readonly each: Node;
  /** Holds [Σ loss, Σ right]. */
  readonly metrics: Node;
  /** For what else is added. */
  readonly names: FreeNames;
}

/** Throws `UserError` if the model has several inputs or outputs, or if the loss does not fit the output. */
function objective(model: Graph, loss: LossName, bytes: boolean): Objective {
  const [output, ...more] = model.outputs;
  const [input, ...others] = model.inputs;
  if (!output || !input || more.length > 0 || others.length > 0) {
    throw new UserError({
      problem: `"${model.name}" has ${model.inputs.length} ${plural(model.inputs.length, "input")} and ${model.outputs.length} ${plural(model.outputs.length, "output")}`,
      rule: "a model is trained from one input and one output",
    });
  }
  const names = new FreeNames(model);
  const { shape: of } = input.node.type;
  if (!isBatch(of[0]) && (bytes || sizesIn([of]).length > 0))
    throw new UserError({
      problem: `"${model.name}" is trained from ${input.name} ${showShape(of)}, which has no N`,
      rule: "a data set holds examples along N, of which each step takes some",
      fix: `input("${input.name}", ${showShape(["N", ...of])})`,
    });
  const storage = bytes ? { storage: "bytes" as const } : {};
  const source: Node = { kind: "input", type: input.node.type, origin: input.node.origin, ...storage };
  const rows: Node = {
    kind: "input",
    type: { dtype: "u32", shape: ["N"] },
    origin: { name: names.take(ROWS) },
  };
  const whole = input.node.type.dtype !== "f32";
  if (whole && !bytes)
    throw new UserError({
      problem: `"${model.name}" is trained from whole numbers, which are no numbers of f32`,
      rule: "whole numbers 0 … 255 are read from data sets of bytes",
      fix: "bytes: true",
    });
  const examples = bytes ? drawn(source, rows) : source;
  const batch = bytes && !whole ? scaled(examples, source) : examples;
  const forward = mapGraph({ ...model, inputs: [] }, (node, original) =>
    original === input.node ? batch : node,
  );
  const prediction = must(forward.outputs[0], "output").node;

  const { shape } = prediction.type;
  const type: TensorType =
    loss === "crossEntropy" && shape.length > 1 ? { dtype: "f32", shape: labelsOf(shape) } : prediction.type;
  const stored = loss === "crossEntropy" ? storage : {}; // a byte holds a class's number, but not any number
  const labels: Node = { kind: "input", type, origin: { name: names.take(TARGET) }, ...stored };
  const target = stored.storage ? drawn(labels, rows) : labels;
  const each = opNode(
    losses[loss],
    {},
    [prediction, target],
    inRole({ ...prediction.origin, name: "loss" }, "loss", prediction),
  );
  const metrics: Node = {
    kind: "param",
    type: { dtype: "f32", shape: [2] },
    origin: { name: names.take(METRICS) },
    init: { kind: "zeros" },
    use: "metrics",
  };
  const inputs = [
    { name: input.name, node: source },
    ...[labels, ...(bytes ? [rows] : [])].map((node) => ({ name: node.origin.name, node })),
  ];
  return { inputs, forward, prediction, target, each, metrics, names };
}

/** The rows of a data set that are the batch. */
function drawn(data: Node, rows: Node): Node {
  const origin = inRole(suffixed(data.origin, "batch"), "input", data);
  return derivedNode("rows", data.type, origin, ({ at: [n, ...rest] }) => {
    const row = lookup(rows, [axisIndex(must(n, "batch axis"))], "N");
    return load(data, [row, ...rest.map(axisIndex)]);
  });
}

/** Bytes as numbers 0 … 1. */
function scaled(bytes: Node, data: Node): Node {
  const origin = inRole(suffixed(data.origin, "scaled"), "input", data);
  return opNode(pointwise.mul, {}, [bytes, constantNode(1 / 255, data.origin)], origin);
}

function withUpdates(name: string, inputs: Graph["inputs"], updates: readonly Update[]): Graph {
  return {
    name,
    inputs,
    outputs: [],
    updates,
    nodes: topologicalOrder(updates.flatMap((u) => [u.state, u.value])),
  };
}

/**
 * One step: forward, loss, gradients, updates in place, and the metrics. Inputs that are bytes are scaled to 0 … 1.
 * Throws `UserError` as `objective` does, and where an op has no gradient.
 */
export function trainingStep(model: Graph, options: TrainingOptions): Graph {
  const { loss = "crossEntropy", reduction = "mean", bytes = true } = options;
  const { optimizer, clip, accumulate = 1, freeze = [] } = options;
  const { inputs, forward, each, names, ...rest } = objective(
    trainingForm(adapted(model, options)),
    loss,
    bytes,
  );
  const total = opNode(reductions[reduction], {}, [each], suffixed(each.origin, reduction));
  const parameters = unfrozen(trainedIn(forward), freeze, model.name);
  const own = differentiate(total, parameters);
  const states = accumulate > 1 ? gathered(own, reduction, names) : undefined;
  const all = states ? new Map([...states].map(([p, { value }]) => [p, value])) : own;
  const gradients = clip ? clipped(all, clip) : all;
  const updates = parameters.map((p): readonly Update[] => {
    const moves = updatesFor(p, must(gradients.get(p), "gradient"), optimizer, names);
    return states ? [must(states.get(p), "state"), ...moves.map(whereDue)] : moves;
  });
  return withUpdates(model.name, inputs, [
    ...(forward.updates ?? []),
    ...sideBySide(updates),
    metricsUpdate(each, rest, loss),
  ]);
}

/**
 * The updates of all parameters, those of a kind together and small ones first: neighbours that do not read each
 * other's results share a dispatch.
 */
function sideBySide(updates: readonly (readonly Update[])[]): readonly Update[] {
  const size = ({ state }: Update): number => state.type.shape.reduce<number>((n, d) => n * Number(d), 1);
  const kinds = Math.max(0, ...updates.map((u) => u.length));
  return Array.from({ length: kinds }, (_, kind) =>
    updates.flatMap((u) => u[kind] ?? []).toSorted((a, b) => size(a) - size(b)),
  ).flat();
}

/** Adds a batch's loss and hits to the metrics. */
export function evaluationStep(model: Graph, options: TrainingOptions): Graph {
  const { loss = "crossEntropy", bytes = true } = options;
  const { inputs, each, ...rest } = objective(adapted(model, options), loss, bytes);
  return withUpdates(model.name, inputs, [metricsUpdate(each, rest, loss)]);
}

/** metrics ← metrics + [Σ loss, Σ right]. */
function metricsUpdate(
  each: Node,
  { prediction, target, metrics: state }: Pick<Objective, "prediction" | "target" | "metrics">,
  loss: LossName,
): Update {
  const hits = loss === "crossEntropy" ? hitsOf(prediction, target, each) : undefined;
  const origin = inRole({ name: `${state.origin.name}_updated` }, "loss", each);
  const value = derivedNode("metrics", state.type, origin, ({ at, axis }) => {
    const which = axisIndex(must(at[0], "metric"));
    const axes = each.type.shape.map((extent) => axis("n", extent));
    const place = axes.map(axisIndex);
    const right = hits ? load(hits, place) : literal(0);
    const chosen = call("select", position(which), right, load(each, place));
    return call("add", load(state, [which]), reduce("sum", axes, chosen));
  });
  return { state, value };
}

/**
 * 1 for each example that is right, else 0: those whose label is the first of the largest scores, as argmax has it. The
 * label's score is above those before it and not below those after it. No comparison holds of NaN, so a row with one is
 * never right.
 */
function hitsOf(prediction: Node, target: Node, each: Node): Node {
  const classes = must(prediction.type.shape[1], "classes");
  const origin = inRole({ name: "hits" }, "loss", each);
  return derivedNode("hits", each.type, origin, ({ at, axis }) => {
    const place = at.map(axisIndex);
    const [j, k] = [axis("j", classes), axis("k", classes)];
    const score = (a: Axis): Expr => scoreAt(prediction, at, a);
    const label = load(target, place);
    const number = (a: Axis): Expr => position(axisIndex(a));
    const labels = reduce("sum", [j], call("select", equal(number(j), label), score(j), literal(0)));
    const isNumber = call("max", call("less", score(k), literal(1)), call("less", literal(0), score(k)));
    const notAbove = call("select", call("less", labels, score(k)), literal(0), isNumber);
    const beaten = call("select", call("less", number(k), label), call("less", score(k), labels), notAbove);
    return call("less", literal(Number(classes) - 0.5), reduce("sum", [k], beaten));
  });
}
