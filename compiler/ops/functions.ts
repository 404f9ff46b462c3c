/** Functions of one number, and remainders of two. */
import type { Expr } from "../ir/expr.ts";
import { call, literal } from "../math/build.ts";
import { joint, plain, unary } from "./elementwise.ts";

const zero = literal(0);
const less = (a: Expr, b: Expr): Expr => call("less", a, b);

/**
 * a less whole multiples of b: down to what has b's sign, or towards 0, which leaves a's. A quotient that is rounded over a whole
 * number leaves a rest just outside of [0, |b|), which is put right.
 */
function remainder(a: Expr, b: Expr, towardsZero: boolean): Expr {
  const quotient = call("div", a, b);
  const down = call("floor", quotient);
  const whole = towardsZero ? call("select", less(quotient, zero), call("ceil", quotient), down) : down;
  const rest = call("sub", a, call("mul", whole, b));
  const sign = towardsZero ? a : b;
  const size = call("abs", b);
  const step = call("select", less(sign, zero), call("neg", size), size);
  const turned = call("select", less(sign, zero), call("neg", rest), rest);
  const up = call("select", less(turned, zero), call("add", rest, step), rest);
  return call("select", less(turned, size), up, call("sub", rest, step));
}

export const functions = {
  floor: plain("floor", "floor"),
  ceil: plain("ceil", "ceil"),
  round: plain("round", "round"),
  sign: unary("sign", {}, (x) => call("sub", less(zero, x), less(x, zero))),
  reciprocal: unary("reciprocal", {}, (x) => call("div", literal(1), x)),
  sin: plain("sin", "sin"),
  cos: plain("cos", "cos"),
  tan: unary("tan", {}, (x) => call("div", call("sin", x), call("cos", x))),
  asin: plain("asin", "asin"),
  acos: plain("acos", "acos"),
  atan: plain("atan", "atan"),
  sinh: plain("sinh", "sinh"),
  cosh: plain("cosh", "cosh"),
  asinh: plain("asinh", "asinh"),
  acosh: plain("acosh", "acosh"),
  atanh: plain("atanh", "atanh"),
  erf: plain("erf", "erf"),
  mod: joint("mod", 2, (a, b) => remainder(a, b, false)),
  fmod: joint("fmod", 2, (a, b) => remainder(a, b, true)),
};
