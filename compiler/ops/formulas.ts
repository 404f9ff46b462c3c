/** The scalar functions that are formulas: what targets compute, meaning in JavaScript and derivatives, side by side. */
import type { Expr, FormulaName } from "../ir/expr.ts";
import { call, literal } from "../math/build.ts";
import { computed, formulaOf, written } from "./formula.ts";
import { arg, calls, one, type ScalarDef } from "./scalarDef.ts";

/** Beyond it x² + 1 is x², whose square root is x; and x² has to be a number. */
const FAR = 1e18;
const bounded = (x: Expr): Expr => call("min", call("abs", x), literal(FAR));
const square = (x: Expr): Expr => call("mul", x, x);
const inverse = (x: Expr): Expr => call("div", one, x);
/** 1 − x², which keeps its digits near ±1. */
const besides = (x: Expr): Expr => call("mul", call("sub", one, x), call("add", one, x));

function defined(
  fn: FormulaName,
  js: (x: number) => number,
  slope: (x: Expr, value: Expr) => Expr,
): ScalarDef {
  const meaning = formulaOf[fn];
  return {
    arity: 1,
    cost: "transcendental",
    value: calls(fn),
    wgsl: {
      name: `${fn}Of`,
      text: (name, type) => written(meaning, name, type),
      formula: meaning,
    },
    js,
    partials: [(args, value) => slope(arg(args, 0), value)],
  };
}

export const formulas: { readonly [K in FormulaName]: ScalarDef } = {
  sin: defined("sin", Math.sin, (x) => call("cos", x)),
  cos: defined("cos", Math.cos, (x) => call("neg", call("sin", x))),
  asin: defined("asin", Math.asin, (x) => inverse(call("sqrt", besides(x)))),
  acos: defined("acos", Math.acos, (x) => call("neg", inverse(call("sqrt", besides(x))))),
  atan: defined("atan", Math.atan, (x) => inverse(call("add", one, square(bounded(x))))),
  sinh: defined("sinh", Math.sinh, (x) => call("cosh", x)),
  cosh: defined("cosh", Math.cosh, (x) => call("sinh", x)),
  asinh: defined("asinh", Math.asinh, (x) => inverse(call("sqrt", call("add", one, square(bounded(x)))))),
  acosh: defined("acosh", Math.acosh, (x) =>
    inverse(call("sqrt", call("neg", besides(call("min", x, literal(FAR)))))),
  ),
  atanh: defined("atanh", Math.atanh, (x) => inverse(besides(x))),
  softplus: defined("softplus", computed(formulaOf.softplus), (x) => call("sigmoid", x)),
  erf: defined("erf", computed(formulaOf.erf), (x) =>
    call("mul", literal(2 / Math.sqrt(Math.PI)), call("exp", call("neg", square(bounded(x))))),
  ),
};
