/** The training step of a model: forward, loss, backward and updates as one graph. */

import type { Clip, Optimizer } from "../../contract/training.ts";
import { type CompileOptions, targetOf } from "../compile.ts";
import { type LossChoice, lossesIn, lossFields } from "../dsl/losses.ts";
import { must, UserError } from "../errors.ts";
import {
  type Graph,
  type LossRequest,
  mapGraph,
  type Node,
  topologicalOrder,
  trainedIn,
  type Update,
} from "../ir/graph.ts";
import {
  flag,
  type Kind,
  listOf,
  natural,
  oneOf,
  optional,
  positive,
  refined,
  takes,
  text,
} from "../options.ts";
import { differentiate } from "../passes/differentiate.ts";
import { compilerFields } from "../passes/options.ts";
import { writtenOut } from "../passes/written.ts";
import { gathered, whereDue } from "./accumulate.ts";
import { clipped, clips } from "./clip.ts";
import { unfrozen } from "./freeze.ts";
import { type LoraOptions, lora, loras } from "./lora.ts";
import { type InBytes, metricsUpdate, type Objective, objective, totalOf } from "./objective.ts";
import { optimizers, updatesFor } from "./optimizer.ts";

export interface TrainingOptions extends LossChoice {
  /** Whether the mean or the sum of a loss's terms is minimised and reported. Default the mean. */
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
  /**
   * Whether the model's inputs are drawn from data sets of bytes on the GPU, or which inputs and targets are. Numbers are then
   * bytes that are scaled to 0 … 1; whole numbers and labels are as wide as their bound wants. Default true.
   */
  readonly bytes?: InBytes;
  /** As in `CompileOptions`. */
  readonly target?: CompileOptions["target"];
  /** As in `CompileOptions`. */
  readonly tuning?: CompileOptions["tuning"];
  /** Whether the training has the same for WebAssembly beside it (`Training.wasm`). As in `CompileOptions`. */
  readonly wasm?: boolean;
  /** The examples of a step, which kernels are scheduled for; they are right for any. Default: 256. */
  readonly typicalBatch?: number;
}

const named = refined(listOf(text), (names, fail) =>
  names.length > 0 ? names : fail("a list of inputs, or false"),
);
const inBytes: Kind<InBytes> = {
  rule: "true, false or a list of inputs",
  example: "true",
  read: (value, place) => (Array.isArray(value) ? named : flag).read(value, place),
};
const readLosses = takes("compileTraining", lossFields);

/** Throws `UserError` for options that `compileTraining` does not take. */
export const checkTrainingOptions = takes("compileTraining", {
  optimizer: optimizers,
  ...lossFields,
  reduction: optional(oneOf(["mean", "sum"])),
  clip: optional(clips),
  accumulate: optional(positive),
  freeze: optional(listOf(text)),
  lora: optional(loras),
  bytes: optional(inBytes),
  ...compilerFields,
  typicalBatch: optional(natural),
});

/** What is trained of a model. */
const adapted = (model: Graph, { lora: how }: TrainingOptions): Graph =>
  how ? lora(model, how).graph : model;

/** The graph with every op in its training form, and the statistics it keeps as updates. */
function trainingForm(model: Graph, target: TrainingOptions["target"]): Graph {
  const { threads } = targetOf(target).gpu ?? { threads: Number.POSITIVE_INFINITY };
  /** The statistics as they are after the layers so far: a layer that is applied twice moves its own twice. */
  const latest = new Map<Node, Node>();
  const stateOf = new Map<Node, Node>();
  let salt = 0;
  const graph = mapGraph(writtenOut(model), (node) => {
    if (node.kind !== "op" || !node.op.training) return node;
    const inputs = node.inputs.map((i) => latest.get(i) ?? i);
    const form = node.op.training({ ...node, inputs }, salt++, threads);
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
 * One step: forward, losses, gradients, updates in place, and the metrics. Inputs that are bytes are scaled to 0 … 1.
 * Throws `UserError` as `objective` does, and where an op has no gradient.
 */
export function trainingStep(model: Graph, options: TrainingOptions): Graph {
  const { reduction = "mean", optimizer, clip, accumulate = 1, freeze = [], bytes = true } = options;
  const asked = lossesOf(model, options);
  const { inputs, forward, names, ...rest } = objective(adapted(model, options), asked, bytes, (graph) =>
    trainingForm(graph, options.target),
  );
  if (accumulate > 1 && reduction === "mean") checkEven(model, rest.aims);
  const parameters = unfrozen(trainedIn(forward), freeze, model.name);
  const own = differentiate(totalOf(rest.aims, reduction), parameters);
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
    metricsUpdate(rest),
  ]);
}

/** Batches are gathered by their examples, so that in a mean each example has to count the same. */
function checkEven({ name }: Graph, aims: Objective["aims"]): void {
  const weighed = aims.find((aim) => aim.counts.kind !== "const");
  if (!weighed) return;
  throw new UserError({
    problem: `${name} is trained with labels that count differently for ${weighed.said.name}, and gradients of several batches are gathered`,
    rule: "a mean by class weights, or over the labels that count, is that of one batch: batches that weigh more would count no more than others",
    fix: 'reduction: "sum" with a smaller learning rate, or no accumulate',
  });
}

/** What is made small: what is asked for, else what the model says, else cross-entropy. */
export function lossesOf(
  model: Graph,
  options: Pick<TrainingOptions, "loss" | "losses">,
): readonly LossRequest[] {
  const { loss, losses } = readLosses({ loss: options.loss, losses: options.losses });
  return (
    lossesIn("compileTraining", { loss, losses }) ?? model.losses ?? [{ loss: { kind: "crossEntropy" } }]
  );
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

/** Adds the figures of a batch to the metrics. */
export function evaluationStep(model: Graph, options: TrainingOptions): Graph {
  const { inputs, ...rest } = objective(
    adapted(model, options),
    lossesOf(model, options),
    options.bytes ?? true,
  );
  return withUpdates(model.name, inputs, [metricsUpdate(rest)]);
}
