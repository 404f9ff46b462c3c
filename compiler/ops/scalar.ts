/**
 * The scalar functions: what a kernel makes of them, meaning in JavaScript and partial derivatives, side by side.
 * All work for `f32` and, component by component, for vectors of it.
 *
 * WGSL implementations may assume that neither NaN nor infinity occurs, so functions that pass through infinity
 * for large arguments (sigmoid, tanh) are written so that no intermediate value overflows.
 */
import type { ScalarName } from "../ir/expr.ts";
import { call, literal } from "../math/build.ts";
import { binary, choose, less, negate } from "../math/value.ts";
import { ERFC, roundEven } from "./formula.ts";
import { formulas } from "./formulas.ts";
import { arg, calls, infix, like, one, type ScalarDef, wide, zero } from "./scalarDef.ts";

export { type Arithmetic, ERFC, type Formula } from "./formula.ts";
export type { Helper } from "./scalarDef.ts";

/** The least finite f32: what a maximum starts from. WGSL has no literal for −∞. */
export const LOWEST = -3.4028234663852886e38;

/** The least normal f32: below it, log has no exact argument. */
const SMALLEST = 2 ** -126;

function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const p = ERFC.reduceRight((sum, c) => sum * t + c, 0);
  const y = t * Math.exp(-x * x + p);
  return x < 0 ? 2 - y : y;
}

/** c0 + t·(c1 + t·(…)) */
const horner = (coefficients: readonly number[]): string =>
  coefficients.slice(0, -1).reduceRight((inner, c) => `(${c} + t * ${inner})`, `${coefficients.at(-1)}`);

export const scalars: { readonly [K in ScalarName]: ScalarDef } = {
  add: {
    arity: 2,
    cost: "cheap",
    value: infix("+"),
    js: (a, b) => a + b,
    partials: [() => one, () => one],
  },
  sub: {
    arity: 2,
    cost: "cheap",
    value: infix("-"),
    js: (a, b) => a - b,
    partials: [() => one, () => literal(-1)],
  },
  mul: {
    arity: 2,
    cost: "cheap",
    value: infix("*"),
    js: (a, b) => a * b,
    partials: [(x) => arg(x, 1), (x) => arg(x, 0)],
  },
  div: {
    arity: 2,
    cost: "cheap",
    value: infix("/"),
    js: (a, b) => a / b,
    partials: [(x) => call("div", one, arg(x, 1)), (x, y) => call("neg", call("div", y, arg(x, 1)))],
  },
  max: {
    arity: 2,
    cost: "cheap",
    value: calls("max"),
    wgsl: "max",
    js: Math.max,
    partials: [
      (x) => call("less", arg(x, 1), arg(x, 0)),
      (x) => call("sub", one, call("less", arg(x, 1), arg(x, 0))),
    ],
  },
  min: {
    arity: 2,
    cost: "cheap",
    value: calls("min"),
    wgsl: "min",
    js: Math.min,
    partials: [
      (x) => call("less", arg(x, 0), arg(x, 1)),
      (x) => call("sub", one, call("less", arg(x, 0), arg(x, 1))),
    ],
  },
  pow: {
    arity: 2,
    cost: "transcendental",
    // WGSL's pow is undefined for a base of 0 or below, and drivers' for infinity and NaN; this one is that of IEEE 754
    // (2019, section 9.2.1). Special numbers are told and made by their bits: operations on f32 may assume there are none.
    value: calls("pow"),
    wgsl: {
      name: "power",
      text: (name, t, u) => `fn ${name}(x: ${t}, y: ${t}) -> ${t} {
  let inf = ${u}(0x7f800000u);
  let a = bitcast<${u}>(x) & ${u}(0x7fffffffu);
  let b = bitcast<${u}>(y) & ${u}(0x7fffffffu);
  let limit = select(${u}(0u), inf, (a == inf) == (y > ${t}(0.0)));
  let size = select(bitcast<${u}>(pow(abs(x), y)), limit, (a == ${u}(0u)) | (a == inf));
  let odd = (floor(y) == y) & (abs(y - 2.0 * floor(y * 0.5)) == ${t}(1.0));
  let sign = select(${u}(0u), bitcast<${u}>(x) & ${u}(0x80000000u), odd);
  let none = ((x < ${t}(0.0)) & (floor(y) != y) & (a != inf)) | (a > inf) | (b > inf);
  let one = (b == ${u}(0u)) | (x == ${t}(1.0)) | ((x == ${t}(-1.0)) & (b == inf));
  return bitcast<${t}>(select(select(size | sign, ${u}(0x7fc00000u), none), ${u}(0x3f800000u), one));
}`,
    },
    // JavaScript has NaN for 1 to the power of infinity or NaN, where IEEE 754 has 1.
    js: (x, y) => (x === 1 || (x === -1 && Math.abs(y ?? 0) === Infinity) ? 1 : (x ?? 0) ** (y ?? 0)),
    partials: [
      // y·xʸ⁻¹, and 0 where y is 0: there xʸ⁻¹ may be infinite.
      (x) => {
        const y = arg(x, 1);
        const slope = call("mul", y, call("pow", arg(x, 0), call("sub", y, one)));
        return y.kind === "const" && y.value !== 0 ? slope : call("select", y, slope, zero);
      },
      // xʸ·log x, whose limit at x = 0 is 0; below 0 the power is defined for whole y alone and has no slope.
      (x, y) => {
        const log = call("log", call("max", arg(x, 0), literal(SMALLEST)));
        return call("select", call("less", zero, arg(x, 0)), call("mul", y, log), zero);
      },
    ],
  },
  neg: { arity: 1, cost: "cheap", value: wide(negate), js: (x) => -x, partials: [() => literal(-1)] },
  abs: {
    arity: 1,
    cost: "cheap",
    value: calls("abs"),
    wgsl: "abs",
    js: Math.abs,
    partials: [(x) => call("sub", call("less", zero, arg(x, 0)), call("less", arg(x, 0), zero))],
  },
  exp: {
    arity: 1,
    cost: "transcendental",
    value: calls("exp"),
    wgsl: "exp",
    js: Math.exp,
    partials: [(_, y) => y],
  },
  log: {
    arity: 1,
    cost: "transcendental",
    // −∞ for 0 and NaN below, which drivers do not keep to; by their bits, as in `pow`. Denormal numbers are left to them.
    value: calls("log"),
    wgsl: {
      name: "logarithm",
      text: (name, t, u) => `fn ${name}(x: ${t}) -> ${t} {
  let b = bitcast<${u}>(x);
  let zero = (b & ${u}(0x7fffffffu)) == ${u}(0u);
  let special = select(${u}(0x7fc00000u), ${u}(0xff800000u), zero);
  return bitcast<${t}>(select(bitcast<${u}>(log(x)), special, zero | (b > ${u}(0x7f800000u))));
}`,
    },
    js: Math.log,
    partials: [(x) => call("div", one, arg(x, 0))],
  },
  sqrt: {
    arity: 1,
    cost: "transcendental",
    value: calls("sqrt"),
    wgsl: "sqrt",
    js: Math.sqrt,
    partials: [(_, y) => call("div", literal(0.5), y)],
  },
  tanh: {
    arity: 1,
    cost: "transcendental",
    value: calls("tanh"),
    // Beyond ±9.02 the nearest f32 is ±1; the clamp keeps implementations by exp from overflowing. Those lose the digits
    // of small arguments, which a polynomial keeps (Moshier's Cephes library, tanhf.c: a relative error of 1.3e-7).
    wgsl: {
      name: "hyperbolic",
      text: (name, t) => `fn ${name}(x: ${t}) -> ${t} {
  let c = clamp(x, ${t}(-10.0), ${t}(10.0));
  let z = c * c;
  let p = -0.33333282 + z * (0.13331442 + z * (-0.053739716 + z * (0.020639089 + z * -0.0057049887)));
  return select(tanh(c), c + c * z * p, abs(c) < ${t}(0.625));
}`,
    },
    js: Math.tanh,
    partials: [(_, y) => call("sub", one, call("mul", y, y))],
  },
  sigmoid: {
    arity: 1,
    cost: "transcendental",
    value: calls("sigmoid"),
    // exp of −|x| never overflows: σ(x) = 1/(1+e⁻ˣ) for x ≥ 0 and eˣ/(1+eˣ) below.
    wgsl: {
      name: "sigmoid",
      text: (name, t) => `fn ${name}(x: ${t}) -> ${t} {
  let e = exp(-abs(x));
  return select(e, ${t}(1.0), x >= ${t}(0.0)) / (1.0 + e);
}`,
    },
    js: (x) => 1 / (1 + Math.exp(-x)),
    partials: [(_, y) => call("mul", y, call("sub", one, y))],
  },
  erfc: {
    arity: 1,
    cost: "transcendental",
    value: calls("erfc"),
    // Beyond ±10.1 the nearest f32 is 0 or 2; the bound keeps the square from overflowing.
    wgsl: {
      name: "erfc",
      text: (name, t) => `fn ${name}(x: ${t}) -> ${t} {
  let z = min(abs(x), ${t}(16.0));
  let t = 1.0 / (1.0 + 0.5 * z);
  let y = t * exp(-z * z + ${horner(ERFC)});
  return select(y, 2.0 - y, x < ${t}(0.0));
}`,
    },
    js: erfc,
    partials: [
      (x) =>
        call(
          "mul",
          literal(-2 / Math.sqrt(Math.PI)),
          call("exp", call("neg", call("mul", arg(x, 0), arg(x, 0)))),
        ),
    ],
  },
  floor: {
    arity: 1,
    cost: "cheap",
    value: calls("floor"),
    wgsl: "floor",
    js: Math.floor,
    partials: [() => zero],
  },
  ceil: {
    arity: 1,
    cost: "cheap",
    value: calls("ceil"),
    wgsl: "ceil",
    js: Math.ceil,
    partials: [() => zero],
  },
  round: {
    arity: 1,
    cost: "cheap",
    value: calls("round"),
    wgsl: "round",
    js: roundEven,
    partials: [() => zero],
  },
  ...formulas,
  less: {
    arity: 2,
    cost: "cheap",
    value: wide((a, b) => choose(less(a, b), like(1, a), like(0, a))),
    js: (a, b) => ((a ?? 0) < (b ?? 0) ? 1 : 0),
    partials: [() => zero, () => zero],
  },
  lessOrEqual: {
    arity: 2,
    cost: "cheap",
    value: wide((a, b) => choose(binary(">=", b, a), like(1, a), like(0, a))),
    js: (a, b) => ((a ?? 0) <= (b ?? 0) ? 1 : 0),
    partials: [() => zero, () => zero],
  },
  equal: {
    arity: 2,
    cost: "cheap",
    value: wide((a, b) => choose(binary("==", a, b), like(1, a), like(0, a))),
    js: (a, b) => (a === b ? 1 : 0),
    partials: [() => zero, () => zero],
  },
  select: {
    arity: 3,
    cost: "cheap",
    value: wide((c, a, b) => choose(binary("!=", c, like(0, c)), a, b)),
    js: (c, a, b) => (c !== 0 ? (a ?? 0) : (b ?? 0)),
    partials: [
      () => zero,
      (x) => call("select", arg(x, 0), one, zero),
      (x) => call("select", arg(x, 0), zero, one),
    ],
  },
};
