/** A model with its losses, read from batches: what training and evaluation share. */
import type { RowStorage } from "../../contract/program.ts";
import { showShape } from "../../contract/shapes.ts";
import { FIGURES, METRICS, ROWS } from "../../contract/training.ts";
import { must, UserError } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import {
  type Graph,
  type LossRequest,
  mapGraph,
  type Node,
  type Output,
  topologicalOrder,
  type Update,
} from "../ir/graph.ts";
import { indexBounds, rowStorage } from "../ir/indices.ts";
import { isBatch, sizesIn } from "../ir/type.ts";
import { add, axisIndex, lookup } from "../math/affine.ts";
import { call, guard, literal, load, loadBroadcast, position, reduce, size, times } from "../math/build.ts";
import { constantNode, derivedNode, inRole, opNode, suffixed } from "../ops/derived.ts";
import { pointwise } from "../ops/pointwise.ts";
import { reductions } from "../ops/reduce.ts";
import { closest } from "../options.ts";
import { type Aim, aimsOf } from "./losses.ts";
import { FreeNames } from "./names.ts";

/** What is made small, and what is counted on the way. */
export interface Objective {
  readonly inputs: Graph["inputs"];
  /** The model's nodes, its inputs replaced by the batch. */
  readonly forward: Graph;
  readonly aims: readonly Aim[];
  /** Holds `FIGURES` numbers for each loss. */
  readonly metrics: Node;
  /** For what else is added. */
  readonly names: FreeNames;
}

/** What data sets are made of: all inputs of the model are bytes or none, or these inputs and targets are. */
export type InBytes = boolean | readonly string[];

/**
 * `form`: what becomes of the model with its losses before it reads batches. Throws `UserError` where a loss does not fit the
 * model, or where what it is trained from has no examples.
 */
export function objective(
  model: Graph,
  asked: readonly LossRequest[],
  bytes: InBytes,
  form: (graph: Graph) => Graph = (graph) => graph,
): Objective {
  const names = new FreeNames(model);
  const { aims, targets } = aimsOf(model, asked, names);
  const outputs = aims.flatMap(({ each, counts, hits, labels }): Output[] =>
    [each, counts, hits, labels].map((node) => ({ name: node.origin.name, node })),
  );
  const inputs = [...model.inputs, ...targets.map((node) => ({ name: node.origin.name, node }))];
  const nodes = topologicalOrder([...model.outputs, ...outputs].map((o) => o.node));
  const whole: Graph = { ...model, inputs, outputs, nodes };
  checkInputs(model, inputs);
  const storages = storagesOf(whole, model.inputs, bytes);
  for (const input of inputs) checkExamples(model, input, storages.has(input.node));

  const rows: Node = {
    kind: "input",
    type: { dtype: "u32", shape: ["N"] },
    origin: { name: names.take(ROWS) },
  };
  const sources = new Map<Node, Node>();
  const sourceOf = (node: Node): Node => {
    const storage = storages.get(node);
    const source: Node = { kind: "input", type: node.type, origin: node.origin, ...(storage && { storage }) };
    const known = sources.get(node) ?? source;
    sources.set(node, known);
    return known;
  };
  const forward = mapGraph({ ...form(whole), inputs: [] }, (node, original) => {
    if (original.kind !== "input") return node;
    const source = sourceOf(original);
    return storages.has(original) ? batchOf(source, rows) : source;
  });
  const read = inputs.map(({ name, node }) => ({ name, node: sourceOf(node) }));
  const metrics: Node = {
    kind: "param",
    type: { dtype: "f32", shape: [FIGURES * aims.length] },
    origin: { name: names.take(METRICS) },
    init: { kind: "zeros" },
    use: "metrics",
  };
  const made = (i: number): Node => must(forward.outputs[i], "what a loss is summed of").node;
  return {
    inputs: [...read, ...(storages.size > 0 ? [{ name: rows.origin.name, node: rows }] : [])],
    forward,
    aims: aims.map(({ said }, i) => ({
      said,
      each: made(4 * i),
      counts: made(4 * i + 1),
      hits: made(4 * i + 2),
      labels: made(4 * i + 3),
    })),
    metrics,
    names,
  };
}

/**
 * The inputs that are data sets on the GPU: those that are asked for, and where there are any, targets that are whole numbers.
 * Numbers of f32 are bytes there, 0 … 1, and whole numbers as wide as their bound wants.
 */
function storagesOf(whole: Graph, own: readonly Output[], bytes: InBytes): ReadonlyMap<Node, RowStorage> {
  const listed = typeof bytes === "boolean" ? (bytes ? own.map((i) => i.name) : []) : bytes;
  const names = whole.inputs.map((i) => i.name);
  const strange = listed.find((name) => !names.includes(name));
  if (strange !== undefined)
    throw new UserError({
      problem: `compileTraining: bytes names "${strange}", which is no input or target`,
      rule: `${whole.name} is trained from ${names.join(", ")}`,
      fix: `bytes: ["${closest(strange, names) ?? names[0]}"]`,
    });
  const bounds = indexBounds(whole);
  const stored = whole.inputs.filter(
    ({ name, node }) =>
      listed.includes(name) ||
      (listed.length > 0 && node.type.dtype !== "f32" && !own.some((i) => i.node === node)),
  );
  return new Map(
    stored.flatMap(({ node }) => {
      const storage = node.type.dtype === "f32" ? "u8" : rowStorage(bounds.get(node) ?? { below: 1 });
      return storage ? [[node, storage]] : [];
    }),
  );
}

function checkInputs({ name, inputs: own }: Graph, inputs: readonly Output[]): void {
  if (own.length > 0) return;
  throw new UserError({
    problem: `"${name}" has no input`,
    rule: `a model is trained from examples${inputs.length > 0 ? ", and not from targets alone" : ""}`,
  });
}

/** Of a data set each step takes some examples, which are along N. */
function checkExamples(model: Graph, { name, node }: Output, drawn: boolean): void {
  const { shape } = node.type;
  const alone = model.inputs.length === 1;
  if (isBatch(shape[0]) || (alone && !drawn && sizesIn([shape]).length === 0)) return;
  throw new UserError({
    problem: `"${model.name}" is trained from ${name} ${showShape(shape)}, which has no N`,
    rule: "a data set holds examples along N, of which each step takes some",
    fix: `input("${name}", ${showShape(["N", ...shape])})`,
  });
}

/** The rows of a data set that are the batch; numbers of f32 are scaled to 0 … 1. */
function batchOf(data: Node, rows: Node): Node {
  const origin = inRole(suffixed(data.origin, "batch"), "input", data);
  const drawn = derivedNode("rows", data.type, origin, ({ at: [n, ...rest] }) => {
    const row = lookup(rows, [axisIndex(must(n, "batch axis"))], "N");
    return load(data, [row, ...rest.map(axisIndex)]);
  });
  if (data.type.dtype !== "f32") return drawn;
  const scaled = inRole(suffixed(data.origin, "scaled"), "input", data);
  return opNode(pointwise.mul, {}, [drawn, constantNode(1 / 255, data.origin)], scaled);
}

/** Σ of the weighted losses, each the mean or the sum of its terms. A mean is by what the terms count, at least by very little. */
export function totalOf(aims: readonly Aim[], reduction: "mean" | "sum"): Node {
  const parts = aims.map(({ said, each, counts }) => {
    const { origin } = each;
    const op = (def: (typeof pointwise)["mul"], inputs: readonly Node[], name: string): Node =>
      opNode(def, {}, inputs, suffixed(origin, name));
    const sum = (node: Node, name: string): Node =>
      opNode(reductions.sum, {}, [node], suffixed(origin, name));
    const weighed = counts.kind !== "const" && reduction === "mean";
    const loss = weighed
      ? op(
          pointwise.div,
          [sum(each, "sum"), op(pointwise.max, [sum(counts, "all"), constantNode(1e-30, origin)], "least")],
          "mean",
        )
      : opNode(reductions[reduction], {}, [each], suffixed(origin, reduction));
    return said.weight === 1
      ? loss
      : op(pointwise.mul, [constantNode(said.weight, origin), loss], "weighted");
  });
  return parts.reduce((sum, part) => opNode(pointwise.add, {}, [sum, part], suffixed(part.origin, "total")));
}

/** metrics ← metrics + the figures of each loss. */
export function metricsUpdate({ aims, metrics: state }: Pick<Objective, "aims" | "metrics">): Update {
  const figures = aims.map(figuresOf);
  const first = must(aims[0], "loss").each;
  const origin = inRole({ name: `${state.origin.name}_updated` }, "loss", first);
  const value = derivedNode("metrics", state.type, origin, ({ at }) => {
    const which = axisIndex(must(at[0], "figure"));
    return figures.reduce<Expr>(
      (sum, node, i) => {
        const own = add(which, -FIGURES * i);
        return call("add", sum, guard([{ index: own, extent: FIGURES }], load(node, [own]), literal(0)));
      },
      load(state, [which]),
    );
  });
  return { state, value };
}

/** [Σ terms, Σ counts, Σ hits, Σ labels]. */
function figuresOf({ each, counts, hits, labels }: Aim): Node {
  const origin = inRole(suffixed(each.origin, "figures"), "loss", each);
  const { shape } = each.type;
  return derivedNode("figures", { dtype: "f32", shape: [FIGURES] }, origin, ({ at, axis }) => {
    const which = position(axisIndex(must(at[0], "figure")));
    const axes = shape.map((extent) => axis("n", extent));
    const isAfter = (figure: number): Expr => call("less", literal(figure + 0.5), which);
    const one = (last: Expr): Expr => {
      const more = call("select", isAfter(1), last, loadBroadcast(counts, axes));
      return reduce("sum", axes, call("select", isAfter(0), more, load(each, axes.map(axisIndex))));
    };
    if (labels.kind !== "const")
      return one(call("select", isAfter(2), loadBroadcast(labels, axes), loadBroadcast(hits, axes)));
    // All count: their number takes no sum.
    const terms = shape.map(size).reduce(times, literal(1));
    return call("select", isAfter(2), terms, one(loadBroadcast(hits, axes)));
  });
}
