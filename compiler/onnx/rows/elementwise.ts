/** Functions of each element, and arithmetic on two tensors. */
import type { Call } from "../call.ts";
import type { Callee } from "../recorder.ts";
import { type Computed, isFloat, known, refuse, type Value } from "../value.ts";
import type { Row, Rows } from "./row.ts";

const unary =
  (callee: Callee): Row =>
  (call) =>
    call.apply(callee, [call.tensor(0)]);

/** An operand by its position, beside the other, whose rank a number may have. */
const binary =
  (callee: Callee): Row =>
  (call) => {
    const [a, b] = operands(call);
    return call.apply(callee, [a, b]);
  };

export function operands(call: Call): readonly [Computed | number, Computed | number] {
  const [x, y] = [call.value(0), call.value(1)];
  // One is a tensor: what is known of both is folded, or has to become one.
  if (x.kind === "known" && y.kind === "known") return [call.asTensor(x), call.operand(1, x.shape)];
  return [call.operand(0, y.shape), call.operand(1, x.shape)];
}

/** Of any number of operands, two at a time. */
function chain(call: Call, callee: Callee): Computed {
  const [first, ...rest] = call.inputs.map((_, i) => i);
  if (first === undefined) return refuse("it has no operands");
  return rest.reduce((sum, i) => call.apply(callee, [sum, call.operand(i, sum.shape)]), call.tensor(first));
}

const variadic =
  (callee: Callee): Row =>
  (call) =>
    chain(call, callee);

/** Numbers given by an attribute until opset 10, by operands since. */
function bound(call: Call, i: number, name: string): number | undefined {
  if (call.opset < 11) return call.has(name) ? call.float(name, 0) : undefined;
  const [number] = call.numbers(i, name) ?? [];
  return number;
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
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  Sum: variadic("add"),
  Max: variadic("max"),
  Min: variadic("min"),

  Mean(call) {
    const sum = chain(call, "add");
    return call.inputs.length === 1 ? sum : call.apply("div", [sum, call.inputs.length]);
  },

  LeakyRelu(call) {
    const slope = call.float("alpha", 0.01);
    return call.apply("leakyRelu", slope === 0.01 ? [call.tensor(0)] : [call.tensor(0), { slope }]);
  },

  Elu(call) {
    const alpha = call.float("alpha", 1);
    return call.apply("elu", alpha === 1 ? [call.tensor(0)] : [call.tensor(0), { alpha }]);
  },

  /** min(max(alpha · x + beta, 0), 1) */
  HardSigmoid(call) {
    const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
    const x = call.tensor(0);
    if (Math.fround(alpha) === Math.fround(1 / 6) && beta === 0.5) return call.apply("hardSigmoid", [x]);
    return call.apply("clip", [call.apply("add", [call.apply("mul", [x, alpha]), beta]), { min: 0, max: 1 }]);
  },

  Gelu(call) {
    const approximate = call.text("approximate", "none");
    if (approximate !== "none") refuse(`approximate is ${approximate}`, "the exact form");
    return call.apply("gelu", [call.tensor(0)]);
  },

  Reciprocal: (call) => call.apply("div", [1, call.tensor(0)]),

  /** x / (1 + |x|) */
  Softsign(call) {
    const x = call.tensor(0);
    return call.apply("div", [x, call.apply("add", [call.apply("abs", [x]), 1])]);
  },

  /** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|): nothing overflows */
  Softplus(call) {
    const x = call.tensor(0);
    const small = call.apply("exp", [call.apply("neg", [call.apply("abs", [x])])]);
    return call.apply("add", [call.apply("relu", [x]), call.apply("log", [call.apply("add", [small, 1])])]);
  },

  /** gamma · elu(x, alpha) */
  Selu(call) {
    const alpha = call.float("alpha", 1.6732632);
    const gamma = call.float("gamma", 1.050701);
    return call.apply("mul", [call.apply("elu", [call.tensor(0), { alpha }]), gamma]);
  },

  /** max(x, 0) + min(alpha · (e^(x / alpha) − 1), 0) */
  Celu(call) {
    const alpha = call.float("alpha", 1);
    const x = call.tensor(0);
    if (alpha === 1) return call.apply("elu", [x]);
    const inner = call.apply("elu", [call.apply("div", [x, alpha])]);
    return call.apply("mul", [inner, alpha]);
  },

  /** max(x, 0) + slope · min(x, 0) */
  PRelu(call) {
    const x = call.tensor(0);
    const slope = call.operand(1, x.shape);
    if (typeof slope === "number") return call.apply("leakyRelu", [x, { slope }]);
    const below = call.apply("mul", [call.apply("min", [x, 0]), slope]);
    return call.apply("add", [call.apply("relu", [x]), below]);
  },

  Clip(call) {
    const x = call.tensor(0);
    const [min, max] = [bound(call, 1, "min"), bound(call, 2, "max")];
    if (min === 0 && max === 6) return call.apply("relu6", [x]);
    if (min === 0 && max === undefined) return call.apply("relu", [x]);
    if (min === undefined && max === undefined) return x;
    return call.apply("clip", [
      x,
      { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) },
    ]);
  },

  Identity: (call) => call.value(0),

  Dropout(call) {
    call.float("ratio", 0.5);
    call.int("seed", 0);
    if (call.inputs[2] && call.numbers(2, "training_mode")?.[0] !== 0)
      refuse("training_mode is set", "model.eval() before the export");
    const x = call.value(0);
    if (call.node.outputs[1]) refuse("its mask is read");
    return x;
  },

  Cast: (call) => cast(call, call.int("to", 1)),
};

/** Between floats nothing changes: the model computes in f32. */
function cast(call: Call, to: number): Value {
  const x = call.value(0);
  call.int("saturate", 1);
  call.text("round_mode", "up");
  const float = to === 1 || to === 10 || to === 11 || to === 16;
  if (x.kind === "known" || !float || !isFloat(x.type))
    return x.kind === "known" && float && isFloat(x.type)
      ? known("f32", x.shape, x.data)
      : refuse(`it casts ${x.type} that the model computes to type ${to}`, "float32 throughout");
  return x;
}
