/** What a training makes small: each loss as nodes over the model as it is written. */
import { showShape } from "../../contract/shapes.ts";
import { type Loss, TARGET, type TrainedLoss } from "../../contract/training.ts";
import { must, UserError } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import {
  type Graph,
  type LossRequest,
  mapGraph,
  type Node,
  type OpDef,
  type Output,
  outputsOf,
  topologicalOrder,
} from "../ir/graph.ts";
import { isBatch, sameShape } from "../ir/type.ts";
import { axisIndex, lookup } from "../math/affine.ts";
import { call, equal, literal, load, position, reduce } from "../math/build.ts";
import { constantNode, derivedNode, inRole, opNode, suffixed } from "../ops/derived.ts";
import { gathers } from "../ops/gather.ts";
import { isIgnored, labelsOf, losses, scoreAt } from "../ops/loss.ts";
import { closest } from "../options.ts";
import type { FreeNames } from "./names.ts";

/** A loss, and what is summed of it. A constant stands for what is the same of all terms. */
export interface Aim {
  readonly said: TrainedLoss;
  /** The output that is compared; absent: it is a loss of the author's. */
  readonly of?: Node;
  /** The terms, [N, …]. */
  readonly each: Node;
  /** What each counts in the mean. */
  readonly counts: Node;
  /** 1 where the largest score is the label's. */
  readonly hits: Node;
  /** 1 where a label counts at all, whatever its weight. */
  readonly labels: Node;
}

/** The losses, and what they compare with: inputs that the model has not. */
export interface Aims {
  readonly aims: readonly Aim[];
  readonly targets: readonly Node[];
}

/** Throws `UserError` where a loss names no output, does not fit it, or reads what it cannot. */
export function aimsOf(model: Graph, asked: readonly LossRequest[], free: FreeNames): Aims {
  const targets = new Targets(free);
  const named = new Set<string>();
  const aims = asked.map((request) => {
    const made =
      typeof request.loss === "function"
        ? ownAim(model, request, request.loss, targets)
        : knownAim(model, request, request.loss, targets, asked.length === 1);
    // A second one of the same output is told apart by its number.
    let { name } = made.said;
    for (let k = 2; named.has(name); k++) name = `${made.said.name}#${k}`;
    named.add(name);
    return { ...made, said: { ...made.said, name } };
  });
  return { aims, targets: targets.nodes };
}

/** Inputs that losses compare with. Those of one name are one. */
class Targets {
  readonly #free: FreeNames;
  readonly #known = new Map<string, Node>();

  constructor(free: FreeNames) {
    this.#free = free;
  }

  get nodes(): readonly Node[] {
    return [...this.#known.values()];
  }

  /** Another name than the wanted one where the model has a tensor of that. */
  take(wanted: string, node: Node): Node {
    const known = this.#known.get(wanted);
    if (known && (known.type.dtype !== node.type.dtype || !sameShape(known.type.shape, node.type.shape)))
      throw new UserError({
        problem: `the target ${wanted} is ${showShape(known.type.shape)} of ${known.type.dtype} for one loss and ${showShape(node.type.shape)} of ${node.type.dtype} for another`,
        rule: "losses with one target compare with the same numbers",
        fix: 'target: "…", another name for one of them',
      });
    const taken = known ?? { ...node, origin: { ...node.origin, name: this.#free.take(wanted) } };
    this.#known.set(wanted, taken);
    return taken;
  }
}

/** The output that a loss is of. */
function outputFor(model: Graph, { output, loss }: LossRequest): Output {
  const { name, outputs } = model;
  const [first, ...more] = outputs;
  const found = output === undefined ? first : outputs.find((o) => o.name === output);
  if (found && (output !== undefined || more.length === 0)) return found;
  const kind = typeof loss === "function" ? "…" : loss.kind;
  const names = outputs.map((o) => o.name);
  throw new UserError({
    problem:
      output === undefined
        ? `${name} has ${outputs.length} outputs, and the loss ${kind} does not say which it is of`
        : `${name} has no output "${output}", of which a loss is`,
    rule: outputsOf(model),
    fix:
      output === undefined
        ? `losses: [${names.map((n) => `{ output: "${n}", loss: "${kind}" }`).join(", ")}]`
        : `output: "${closest(output, names) ?? names[0]}"`,
  });
}

/** One of Weft's own losses, of an output and a target of its own. */
function knownAim(model: Graph, request: LossRequest, loss: Loss, targets: Targets, alone: boolean): Aim {
  const { name, node: prediction } = outputFor(model, request);
  const { kind, ...options } = loss;
  const { shape } = prediction.type;
  const labelled = kind === "crossEntropy" && shape.length > 1;
  const { ignoreIndex = null } = loss.kind === "crossEntropy" ? loss : {};
  const origin = inRole({ ...prediction.origin, name: alone ? "loss" : `loss.${name}` }, "loss", prediction);
  const target = targets.take(request.target ?? (alone ? TARGET : name), {
    kind: "input",
    type: labelled
      ? { dtype: ignoreIndex !== null && ignoreIndex < 0 ? "i32" : "u32", shape: labelsOf(shape) }
      : { dtype: "f32", shape },
    origin,
  });
  const op: OpDef = losses[kind];
  const given = (op.params?.(op.options(options), []) ?? []).map(
    (own): Node => ({
      kind: "param",
      type: { dtype: "f32", shape: own.shape },
      origin: suffixed(origin, own.role),
      ...own,
    }),
  );
  const each = opNode(op, options, [prediction, target, ...given], origin);
  const [weights] = given;
  const said = {
    name: request.name ?? name,
    loss,
    weight: request.weight ?? 1,
    targets: [target.origin.name],
  };
  if (kind !== "crossEntropy") return { said, of: prediction, each, ...plainly(each) };
  return {
    said: { ...said, classes: Number(shape[1]) },
    of: prediction,
    each,
    ...plainly(each),
    ...(ignoreIndex === null
      ? {
          hits: hitsOf(prediction, target, each),
          ...(weights && {
            counts: opNode(gathers.gather, { axis: 0 }, [weights, target], suffixed(origin, "counts")),
          }),
        }
      : counted(prediction, target, each, weights, ignoreIndex)),
  };
}

type Counting = Pick<Aim, "counts" | "hits" | "labels">;

/** Terms that count 1 each, and are neither right nor wrong. */
const plainly = ({ origin }: Node): Counting => ({
  counts: constantNode(1, origin),
  hits: constantNode(0, origin),
  labels: constantNode(1, origin),
});

/** The same of labels of which some do not count. */
function counted(
  prediction: Node,
  target: Node,
  each: Node,
  weights: Node | undefined,
  ignoreIndex: number,
): Counting {
  const hit = hitsOf(prediction, target, each);
  const one = (name: string, value: (place: readonly Index[]) => Expr): Node =>
    derivedNode(name, each.type, inRole(suffixed(each.origin, name), "loss", each), ({ at }) => {
      const place = at.map(axisIndex);
      return call("select", isIgnored(target, place, ignoreIndex), literal(0), value(place));
    });
  const labels = one("labels", () => literal(1));
  // What lies beyond the weights is read at the nearest of them, and does not count.
  const weight = (place: readonly Index[]): Expr =>
    weights ? load(weights, [lookup(target, place, must(weights.type.shape[0], "classes"))]) : literal(1);
  return {
    hits: one("hits", (place) => load(hit, place)),
    labels,
    counts: weights ? one("counts", weight) : labels,
  };
}

/** A loss of the author's: what it reads besides the outputs is the model's inputs, by name, and targets. */
function ownAim(
  model: Graph,
  request: LossRequest,
  compute: (outputs: readonly Output[]) => Node,
  targets: Targets,
): Aim {
  const { output, name = output ?? "loss", weight = 1 } = request;
  const terms = compute(output === undefined ? model.outputs : [outputFor(model, request)]);
  const inModel = new Set(model.nodes);
  const read: string[] = [];
  const { outputs } = mapGraph(
    { name, inputs: [], outputs: [{ name, node: terms }], nodes: topologicalOrder([terms]) },
    (node, original): Node => {
      if (inModel.has(original)) return original;
      if (node.kind === "input") {
        const own = model.inputs.find((i) => i.name === node.origin.name);
        if (own) return own.node;
        const target = targets.take(node.origin.name, node);
        read.push(target.origin.name);
        return target;
      }
      if (node.kind === "param" && node.init.kind !== "data") throw strange(model, node);
      const origin = {
        ...node.origin,
        name: `${name}/${node.origin.name}`,
        role: { kind: "loss" as const, of: name },
      };
      return { ...node, origin };
    },
  );
  const each = must(outputs[0], "loss").node;
  const { dtype, shape } = each.type;
  if (dtype !== "f32" || !isBatch(shape[0]))
    throw new UserError({
      problem: `the terms of ${name} are ${showShape(shape)}${dtype === "f32" ? "" : ` of ${dtype}`}`,
      rule: "a loss has numbers for each example, [N] or [N, …], whose mean is made small",
      fix: "mean(…, { axis: 1 }) in place of a mean over everything",
    });
  return { said: { name, loss: { kind: "own" }, weight, targets: read }, each, ...plainly(each) };
}

const strange = ({ name, outputs }: Graph, param: Node): UserError =>
  new UserError({
    problem: `a loss of ${name} reads the parameter ${param.origin.name}, which is none of the model's outputs`,
    rule: "a loss is computed from outputs, inputs and targets: what it is called with, and what input() gives",
    fix: `that layer among the outputs, beside ${outputs.map((o) => o.name).join(", ")}`,
  });

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
