/** Optimisers: how a parameter and its moments follow from its gradient, as graph nodes. */
import { UserError } from "../errors.ts";
import type { Node, Update } from "../ir/graph.ts";
import {
  type AdamOptions,
  type Optimizer,
  RATE_FIRST,
  RATE_LR,
  RATE_SECOND,
  type SgdOptions,
} from "../ir/training.ts";
import { constantNode, opNode, suffixed } from "../ops/derived.ts";
import { pointwise } from "../ops/pointwise.ts";
import type { FreeNames } from "./names.ts";

function number(name: string, value: number, ok: boolean, rule: string): number {
  if (Number.isFinite(value) && ok) return value;
  throw new UserError({ problem: `${name} is ${value}`, rule });
}

/** Stochastic gradient descent. Throws `UserError` for a rate that is not positive. */
export function sgd({ lr, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions): Optimizer {
  return {
    kind: "sgd",
    lr: number("the learning rate", lr, lr > 0, "a learning rate is a number above 0"),
    momentum: number("momentum", momentum, momentum >= 0 && momentum < 1, "0 ≤ momentum < 1"),
    nesterov,
    weightDecay: number("weightDecay", weightDecay, weightDecay >= 0, "weightDecay ≥ 0"),
  };
}

/** Adam; with `weightDecay`, AdamW. Throws `UserError` for a rate that is not positive. */
export function adam({
  lr = 0.001,
  betas = [0.9, 0.999],
  eps = 1e-8,
  weightDecay = 0,
}: AdamOptions = {}): Optimizer {
  for (const b of betas) number("a beta", b, b >= 0 && b < 1, "0 ≤ β < 1");
  return {
    kind: "adam",
    lr: number("the learning rate", lr, lr > 0, "a learning rate is a number above 0"),
    betas,
    eps: number("eps", eps, eps > 0, "eps > 0 keeps the division finite"),
    weightDecay: number("weightDecay", weightDecay, weightDecay >= 0, "weightDecay ≥ 0"),
  };
}

function scalar(slot: number, name: string): Node {
  return { kind: "scalar", type: { dtype: "f32", shape: [] }, origin: { name }, slot };
}

/** What is overwritten after a step: the parameter, and moments that start at zero. */
export function updatesFor(
  parameter: Node,
  gradient: Node,
  optimizer: Optimizer,
  names: FreeNames,
): readonly Update[] {
  const { origin } = parameter;
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
