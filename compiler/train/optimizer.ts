/** Optimisers: how a parameter and its moments follow from its gradient, as graph nodes. */
import {
  type AdamOptions,
  type Optimizer,
  RATE_FIRST,
  RATE_LR,
  RATE_SECOND,
  type SgdOptions,
} from "../../contract/training.ts";
import type { Node, Update } from "../ir/graph.ts";
import { constantNode, inRole, opNode, suffixed } from "../ops/derived.ts";
import { pointwise } from "../ops/pointwise.ts";
import { flag, type Kind, listOf, numberThat, otherwise, taggedBy, takes } from "../options.ts";
import type { FreeNames } from "./names.ts";

const rate = numberThat("a number above 0", 0.01, (lr) => lr > 0 && Number.isFinite(lr));
const share = numberThat("a number of at least 0 and below 1", 0.9, (x) => x >= 0 && x < 1);
const decay = numberThat("a number of at least 0", 0, (d) => d >= 0 && Number.isFinite(d));

const sgdFields = {
  lr: rate,
  momentum: otherwise(share, 0),
  nesterov: otherwise(flag, false),
  weightDecay: otherwise(decay, 0),
};
const adamFields = {
  lr: otherwise(rate, 0.001),
  betas: otherwise(listOf(share, 2), [0.9, 0.999]) as Kind<readonly [number, number]>, // two of them
  eps: otherwise(rate, 1e-8),
  weightDecay: otherwise(decay, 0),
};
const readSgd = takes("sgd", sgdFields);
const readAdam = takes("adam", adamFields);

/** What `sgd` and `adam` give, as data. */
export const optimizers: Kind<Optimizer> = taggedBy(
  { sgd: sgdFields, adam: adamFields },
  "sgd({ lr: 0.1 }) or adam()",
);

/** Stochastic gradient descent. Throws `UserError` for a rate that is not positive. */
export function sgd(options: SgdOptions): Optimizer {
  return { kind: "sgd", ...readSgd(options) };
}

/** Adam; with `weightDecay`, AdamW. Throws `UserError` for a rate that is not positive. */
export function adam(options: AdamOptions = {}): Optimizer {
  return { kind: "adam", ...readAdam(options) };
}

/** A number that each step is told. */
export function scalar(slot: number, name: string): Node {
  return { kind: "scalar", type: { dtype: "f32", shape: [] }, origin: { name }, slot };
}

/** What is overwritten after a step: the parameter, and moments that start at zero. */
export function updatesFor(
  parameter: Node,
  gradient: Node,
  optimizer: Optimizer,
  names: FreeNames,
): readonly Update[] {
  const origin = inRole(parameter.origin, "update", parameter);
  const op = (def: (typeof pointwise)["add"], inputs: readonly Node[], name: string): Node =>
    opNode(def, {}, inputs, suffixed(origin, name));
  const constant = (value: number): Node => constantNode(value, suffixed(origin, "constant"));
  const moment = (name: string): Node => ({
    kind: "param",
    type: parameter.type,
    origin: { ...origin, name: names.take(`${origin.name}.${name}`) },
    init: { kind: "zeros" },
    use: "moment",
  });
  const { add, sub, mul, div } = pointwise;
  const lr = scalar(RATE_LR, "lr");
  const descend = (direction: Node): Update => ({
    state: parameter,
    value: op(sub, [parameter, op(mul, [lr, direction], "step")], "updated"),
  });
  const decayed = (g: Node): Node =>
    optimizer.weightDecay === 0
      ? g
      : op(add, [g, op(mul, [constant(optimizer.weightDecay), parameter], "decay")], "decayed");

  if (optimizer.kind === "sgd") {
    const g = decayed(gradient);
    if (optimizer.momentum === 0) return [descend(g)];
    const v = moment("velocity");
    const mu = constant(optimizer.momentum);
    const velocity = op(add, [op(mul, [mu, v], "inertia"), g], "velocity_updated");
    const direction = optimizer.nesterov
      ? op(add, [g, op(mul, [mu, velocity], "ahead")], "direction")
      : velocity;
    return [{ state: v, value: velocity }, descend(direction)];
  }
  const [b1, b2] = optimizer.betas;
  const [m, v] = [moment("moment1"), moment("moment2")];
  const blend = (old: Node, beta: number, value: Node, name: string): Node =>
    op(
      add,
      [op(mul, [constant(beta), old], `${name}_kept`), op(mul, [constant(1 - beta), value], `${name}_new`)],
      name,
    );
  const first = blend(m, b1, gradient, "moment1_updated");
  const second = blend(v, b2, op(mul, [gradient, gradient], "square"), "moment2_updated");
  const mean = op(mul, [first, scalar(RATE_FIRST, "first")], "mean");
  const spread = opNode(
    pointwise.sqrt,
    {},
    [op(mul, [second, scalar(RATE_SECOND, "second")], "variance")],
    suffixed(origin, "deviation"),
  );
  const direction = op(div, [mean, op(add, [spread, constant(optimizer.eps)], "safe")], "direction");
  return [{ state: m, value: first }, { state: v, value: second }, descend(decayed(direction))];
}
