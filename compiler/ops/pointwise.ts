/** Elementwise ops, one definition each: the scalar meaning says everything else. */

import { must } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import type { Attrs, OpDef, OpNode } from "../ir/graph.ts";
import { axisIndex, rowMajor } from "../math/affine.ts";
import { call, literal, load, random } from "../math/build.ts";
import { fail, type NoOptions } from "./check.ts";
import { derivedNode } from "./derived.ts";
import { binary, clamp, joint, plain, unary, wherePositive } from "./elementwise.ts";

const hardSigmoid = (x: Expr): Expr => clamp(call("add", call("mul", x, literal(1 / 6)), literal(0.5)), 0, 1);

/**
 * x above 0, else α(e^(x/scale) − 1) (Clevert et al. 2016). The inner min keeps the unused branch from overflowing; at 0, where
 * both are equal, its slope is that of the second.
 */
function exponential(x: Expr, alpha: number, scale: number): Expr {
  const below = call("min", literal(0), x);
  const power = call("exp", scale === 1 ? below : call("mul", below, literal(1 / scale)));
  return wherePositive(x, x, call("mul", literal(alpha), call("sub", power, literal(1))));
}

export const pointwise = {
  add: binary("add", "add"),
  sub: binary("sub", "sub"),
  mul: binary("mul", "mul"),
  div: binary("div", "div"),
  max: binary("max", "max"),
  min: binary("min", "min"),
  pow: binary("pow", "pow"),
  sigmoid: plain("sigmoid", "sigmoid"),
  tanh: plain("tanh", "tanh"),
  exp: plain("exp", "exp"),
  log: plain("log", "log"),
  sqrt: plain("sqrt", "sqrt"),
  abs: plain("abs", "abs"),
  neg: plain("neg", "neg"),
  relu: unary("relu", {}, (x) => call("max", x, literal(0))),
  relu6: unary("relu6", {}, (x) => clamp(x, 0, 6)),
  leakyRelu: unary("leakyRelu", { slope: 0.01 }, (x, { slope }) =>
    wherePositive(x, x, call("mul", x, literal(slope))),
  ),
  elu: unary("elu", { alpha: 1 }, (x, { alpha }) => exponential(x, alpha, 1)),
  /** x·Φ(x) = x/2 · erfc(−x/√2), the exact form (Hendrycks & Gimpel 2016), without cancellation in the left tail. */
  gelu: unary("gelu", {}, (x) =>
    call("mul", call("mul", literal(0.5), x), call("erfc", call("mul", x, literal(-Math.SQRT1_2)))),
  ),
  silu: unary("silu", {}, (x) => call("mul", x, call("sigmoid", x))),
  /** γx above 0, else γα(eˣ − 1), with the γ and α that keep mean 0 and variance 1 (Klambauer et al. 2017). */
  selu: unary("selu", {}, (x) =>
    call("mul", literal(1.0507009873554805), exponential(x, 1.6732632423543772, 1)),
  ),
  /** max(x, 0) + min(α(e^(x/α) − 1), 0) (Barron 2017). */
  celu: unary(
    "celu",
    { alpha: 1 },
    (x, { alpha }) => exponential(x, alpha, alpha),
    ({ alpha }) => {
      if (alpha <= 0) fail(`celu: alpha is ${alpha}`, "alpha is above 0: x is divided by it", "alpha: 1");
    },
  ),
  softplus: plain("softplus", "softplus"),
  softsign: unary("softsign", {}, (x) => call("div", x, call("add", literal(1), call("abs", x)))),
  /** Misra 2019. */
  mish: unary("mish", {}, (x) => call("mul", x, call("tanh", call("softplus", x)))),
  thresholdedRelu: unary("thresholdedRelu", { alpha: 1 }, (x, { alpha }) =>
    call("select", call("less", literal(alpha), x), x, literal(0)),
  ),
  /** He et al. 2015. */
  prelu: joint("prelu", 2, (x, slope) => wherePositive(x, x, call("mul", x, slope))),
  hardSigmoid: unary("hardSigmoid", {}, hardSigmoid),
  hardSwish: unary("hardSwish", {}, (x) => call("mul", x, hardSigmoid(x))),
  clip: unary(
    "clip",
    { min: -3.4028234663852886e38, max: 3.4028234663852886e38 },
    (x, { min, max }) => clamp(x, min, max),
    ({ min, max }) => {
      if (min > max) fail(`clip: min ${min} is larger than max ${max}`, "min ≤ max", "swapping the two");
    },
  ),
  /** Inverted dropout (Srivastava et al. 2014): the identity at inference. */
  dropout: {
    ...unary(
      "dropout",
      { p: 0.5 },
      (x) => x,
      ({ p }) => {
        if (p < 0 || p >= 1)
          fail(`dropout: p is ${p}`, "0 ≤ p < 1: p is the share of elements set to zero", "p: 0.5");
      },
    ),
    /** x/(1 − p), or 0 with probability p; the mask is drawn again where the gradient needs it, not stored. */
    training(node: OpNode, salt: number) {
      const x = must(node.inputs[0], "operand");
      const p = Number(node.attrs["p"]);
      const value = derivedNode("dropout", node.type, node.origin, ({ at }) => {
        const drawn = random(rowMajor(at.map(axisIndex), node.type.shape), salt);
        const keep = call("select", call("less", drawn, literal(p)), literal(0), literal(1 / (1 - p)));
        return call("mul", load(x, at.map(axisIndex)), keep);
      });
      return { value, updates: [] };
    },
  },
} satisfies { readonly [name: string]: OpDef<Attrs, never> | OpDef<NoOptions, unknown> };
