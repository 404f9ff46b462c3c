/** Functions of each element, and arithmetic on two tensors. */
import type { Call } from "../call.ts";
import type { Callee } from "../recorder.ts";
import { tidy } from "../round.ts";
import { type Computed, type ElementType, isFloat, refuse } from "../value.ts";
import { withBias } from "./bias.ts";
import { geluOf } from "./gelu.ts";
import type { Row, Rows } from "./row.ts";
import { linedUp, turned, turnedOf } from "./turned.ts";

const unary =
  (callee: Callee): Row =>
  (call) => {
    const { tensor, order } = turnedOf(call.value(0), call);
    return turned(call, call.apply(callee, [tensor], { type: tensor.type }), order);
  };

/** The two operands: a constant of one element is a number. */
export function operands(call: Call): readonly [Computed | number, Computed | number] {
  const [x, y] = [call.value(0), call.value(1)];
  if (x.kind === "known" && y.kind === "known") return [call.asNumbers(x), call.operand(1, x.shape)];
  return [call.operand(0, y.shape), call.operand(1, x.shape)];
}

/** What both operands are of. */
const typeOf = (call: Call): ElementType => {
  const { type } = call.value(0);
  return isFloat(type) ? "f32" : type;
};

export const binary =
  (callee: Callee, type?: ElementType): Row =>
  (call) => {
    const options = { type: type ?? typeOf(call) };
    const inside = linedUp(call, [0, 1]);
    return inside
      ? turned(call, call.apply(callee, inside.args, options), inside.order)
      : call.apply(callee, [...operands(call)], options);
  };

/** Of any number of operands, two at a time. */
function chain(call: Call, callee: Callee): Computed {
  const [first, ...rest] = call.inputs.map((_, i) => i);
  if (first === undefined) return refuse("it has no operands");
  const type = typeOf(call);
  return rest.reduce(
    (sum, i) => call.apply(callee, [sum, call.operand(i, sum.shape)], { type }),
    call.tensor(first),
  );
}

const variadic =
  (callee: Callee): Row =>
  (call) =>
    chain(call, callee);

/** The whole part: of whole numbers that the model computes, which it holds as f32. */
export function truncated(call: Call, x: Computed, type: ElementType): Computed {
  const sign = call.apply("sign", [x]);
  return call.apply("mul", [sign, call.apply("floor", [call.apply("abs", [x])])], { type });
}

/** Numbers given by an attribute until opset 10, by operands since. */
function bound(call: Call, i: number, name: string): number | undefined {
  if (call.opset < 11) return call.has(name) ? call.float(name, 0) : undefined;
  const [number] = call.numbers(i, name) ?? [];
  return number !== undefined && Number.isFinite(Math.fround(number)) ? tidy(number) : undefined;
}

/** Between bounds that the model computes. */
function between(call: Call, x: Computed): Computed {
  const { type } = x;
  const above = call.inputs[1] ? call.apply("max", [x, call.operand(1, x.shape)], { type }) : x;
  return call.inputs[2] ? call.apply("min", [above, call.operand(2, x.shape)], { type }) : above;
}

export const elementwise: Rows = {
  Relu: unary("relu"),
  Sigmoid: unary("sigmoid"),
  Tanh: unary("tanh"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Abs: unary("abs"),
  Neg: unary("neg"),
  HardSwish: unary("hardSwish"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  Round: unary("round"),
  Sign: unary("sign"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Tan: unary("tan"),
  Asin: unary("asin"),
  Acos: unary("acos"),
  Atan: unary("atan"),
  Sinh: unary("sinh"),
  Cosh: unary("cosh"),
  Asinh: unary("asinh"),
  Acosh: unary("acosh"),
  Atanh: unary("atanh"),
  Erf: unary("erf"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  Mish: unary("mish"),
  Reciprocal: unary("reciprocal"),
  Add: (call) => withBias(call) ?? binary("add")(call),
  Sub: binary("sub"),
  Mul: (call) => geluOf(call) ?? binary("mul")(call),
  Pow: binary("pow"),
  Sum: variadic("add"),
  Max: variadic("max"),
  Min: variadic("min"),
  PRelu: binary("prelu"),

  Div(call) {
    const type = typeOf(call);
    const quotient = call.apply("div", [...operands(call)], { type });
    return isFloat(type) ? quotient : truncated(call, quotient, type);
  },

  Mod(call) {
    const callee = call.int("fmod", 0) !== 0 ? "fmod" : "mod";
    return call.apply(callee, [...operands(call)], { type: typeOf(call) });
  },

  Mean(call) {
    const sum = chain(call, "add");
    return call.inputs.length === 1 ? sum : call.apply("div", [sum, call.inputs.length]);
  },

  LeakyRelu(call) {
    const slope = call.float("alpha", 0.01);
    return call.apply("leakyRelu", [call.tensor(0), slope === 0.01 ? {} : { slope }]);
  },

  Elu(call) {
    const alpha = call.float("alpha", 1);
    return call.apply("elu", [call.tensor(0), alpha === 1 ? {} : { alpha }]);
  },

  Celu(call) {
    const alpha = call.float("alpha", 1);
    return call.apply("celu", [call.tensor(0), alpha === 1 ? {} : { alpha }]);
  },

  /** gamma · elu(x, alpha) */
  Selu(call) {
    const alpha = call.float("alpha", 1.6732632);
    const gamma = call.float("gamma", 1.050701);
    if (alpha === 1.6732632 && gamma === 1.050701) return call.apply("selu", [call.tensor(0)]);
    return call.apply("mul", [call.apply("elu", [call.tensor(0), { alpha }]), gamma]);
  },

  ThresholdedRelu(call) {
    const alpha = call.float("alpha", 1);
    return call.apply("thresholdedRelu", [call.tensor(0), alpha === 1 ? {} : { alpha }]);
  },

  /** min(max(alpha · x + beta, 0), 1) */
  HardSigmoid(call) {
    const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
    const x = call.tensor(0);
    if (Math.fround(alpha) === Math.fround(1 / 6) && beta === 0.5) return call.apply("hardSigmoid", [x]);
    return call.apply("clip", [call.apply("add", [call.apply("mul", [x, alpha]), beta]), { min: 0, max: 1 }]);
  },

  /** The exact form, or x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) (Hendrycks & Gimpel 2016). */
  Gelu(call) {
    const approximate = call.text("approximate", "none");
    const x = call.tensor(0);
    if (approximate === "none") return call.apply("gelu", [x]);
    if (approximate !== "tanh") refuse(`approximate is ${approximate}`);
    const cube = call.apply("mul", [call.apply("mul", [x, x]), x]);
    const inner = call.apply("add", [x, call.apply("mul", [cube, 0.044715])]);
    const tail = call.apply("tanh", [call.apply("mul", [inner, 0.79788458])]);
    return call.apply("mul", [call.apply("mul", [x, 0.5]), call.apply("add", [tail, 1])]);
  },

  /** x · sigmoid(alpha · x) */
  Swish(call) {
    const alpha = call.float("alpha", 1);
    const x = call.tensor(0);
    if (alpha === 1) return call.apply("silu", [x]);
    return call.apply("mul", [x, call.apply("sigmoid", [call.apply("mul", [x, alpha])])]);
  },

  /** 1 where |x| is larger than lambd, moved to 0 by bias. */
  Shrink(call) {
    const [lambda, bias] = [call.float("lambd", 0.5), call.float("bias", 0)];
    const x = call.tensor(0);
    const below = call.apply("where", [call.apply("less", [x, -lambda]), call.apply("add", [x, bias]), 0]);
    return call.apply("where", [call.apply("greater", [x, lambda]), call.apply("sub", [x, bias]), below]);
  },

  Clip(call) {
    const x = call.tensor(0);
    if ([1, 2].some((i) => call.inputs[i]?.kind === "computed")) return between(call, x);
    const [min, max] = [bound(call, 1, "min"), bound(call, 2, "max")];
    const { type } = x;
    if (min === 0 && max === 6) return call.apply("relu6", [x], { type });
    if (min === 0 && max === undefined) return call.apply("relu", [x], { type });
    if (min === undefined && max === undefined) return x;
    // Where they are in the wrong order, the maximum holds.
    if (min !== undefined && max !== undefined && min > max)
      return call.apply("clip", [x, { min: max, max }], { type });
    return call.apply(
      "clip",
      [x, { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }],
      { type },
    );
  },
};
