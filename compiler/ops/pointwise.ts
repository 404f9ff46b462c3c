/** Elementwise ops, one definition each: the scalar meaning says everything else. */

import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Expr, ScalarName } from "../ir/expr.ts";
import type { Attrs, OpDef, OpNode } from "../ir/graph.ts";
import { axisIndex, rowMajor } from "../math/affine.ts";
import { call, literal, load, loadBroadcast, random } from "../math/build.ts";
import { finite, otherwise, takes } from "../options.ts";
import { fail, type NoOptions, noOptions } from "./check.ts";
import { derivedNode } from "./derived.ts";

/** The attributes' numbers; attributes of elementwise ops are all numbers. */
type NumberAttrs = { readonly [key: string]: number };

/** An elementwise op of one operand; `defaults` are its numeric options. */
function unary<A extends NumberAttrs>(
  name: string,
  defaults: A,
  value: (x: Expr, attrs: A) => Expr,
  check?: (attrs: A) => void,
): OpDef<A, Partial<A> | undefined> {
  const read = takes(
    name,
    Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, otherwise(finite, v)])),
  );
  return {
    name,
    arity: 1,
    options(options) {
      const attrs = read(options) as A; // the same keys as `defaults`, each a number
      check?.(attrs);
      return attrs;
    },
    infer: (_, inputs) => must(inputs[0], "operand"),
    define: (attrs, { at, inputs }) => value(load(must(inputs[0], "operand"), at.map(axisIndex)), attrs),
    summary: (attrs) => ({
      options: Object.entries(attrs)
        .map(([k, v]) => `${k} ${v}`)
        .join(", "),
      formula: "",
    }),
  };
}

const plain = (name: string, fn: ScalarName): OpDef<NoOptions, unknown> =>
  unary<NoOptions>(name, {}, (x) => call(fn, x));
const clamp = (x: Expr, low: number, high: number): Expr =>
  call("min", call("max", x, literal(low)), literal(high));
const hardSigmoid = (x: Expr): Expr => clamp(call("add", call("mul", x, literal(1 / 6)), literal(0.5)), 0, 1);

/** NumPy's rule: align at the right, equal or 1. Throws `UserError` where two sizes clash. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    return fail(
      `${op} cannot combine ${showShape(a)} with ${showShape(b)}: ${showDim(x)} against ${showDim(y)}`,
      `sizes aligned at the right are equal or 1, but dimension ${i} of the result has ${showDim(x)} and ${showDim(y)}`,
    );
  });
}

function binary(name: string, fn: ScalarName): OpDef<NoOptions, unknown> {
  return {
    name,
    arity: 2,
    options: noOptions(name),
    infer: (_, inputs) => ({
      dtype: "f32",
      shape: broadcastShapes(name, must(inputs[0], "operand").shape, must(inputs[1], "operand").shape),
    }),
    define: (_, { at, inputs }) => call(fn, ...inputs.map((x) => loadBroadcast(x, at))),
    summary: (_, inputs, output) => {
      const differs = inputs.find(
        (i) => i.shape.length > 0 && showShape(i.shape) !== showShape(output.shape),
      );
      return { options: differs ? `broadcast ${showShape(differs.shape)}` : "", formula: "" };
    },
  };
}

/** f, where the argument is positive, else g. */
const wherePositive = (x: Expr, f: Expr, g: Expr): Expr => call("select", call("less", literal(0), x), f, g);

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
  /**
   * α(eˣ − 1) below 0 (Clevert et al. 2016). The inner min keeps the unused branch from overflowing; at 0, where both
   * are equal, its slope is that of the second.
   */
  elu: unary("elu", { alpha: 1 }, (x, { alpha }) => {
    const below = call(
      "mul",
      literal(alpha),
      call("sub", call("exp", call("min", literal(0), x)), literal(1)),
    );
    return wherePositive(x, x, below);
  }),
  /** x·Φ(x) = x/2 · erfc(−x/√2), the exact form (Hendrycks & Gimpel 2016), without cancellation in the left tail. */
  gelu: unary("gelu", {}, (x) =>
    call("mul", call("mul", literal(0.5), x), call("erfc", call("mul", x, literal(-Math.SQRT1_2)))),
  ),
  silu: unary("silu", {}, (x) => call("mul", x, call("sigmoid", x))),
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
