/** Functions of each element, arithmetic, comparisons and logic. */
import fc from "fast-check";
import { float, int, string } from "../file.ts";
import {
  broadcastable,
  type Cases,
  type Draw,
  fed,
  known,
  type Numbers,
  type Operand,
  scalar,
  shape,
} from "./draw.ts";

const unary = (numbers: Numbers = "any"): Draw => shape(1, 4).map((s) => ({ operands: [fed(s, numbers)] }));

/** With an attribute or without. */
const withFloat = (name: string, values: fc.Arbitrary<number>): Draw =>
  fc.record({ s: shape(1, 4), value: fc.option(values) }).map(({ s, value }) => ({
    operands: [fed(s)],
    attributes: value === null ? [] : [float(name, value)],
  }));
const steps = (from: number, to: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: 20 }).map((i) => from + ((to - from) * i) / 20);

/** Two operands that broadcast: inputs, or one of them a weight. */
const binary = (first: Numbers = "any", second: Numbers = first, type: Operand["type"] = "f32"): Draw =>
  fc
    .record({ s: shape(1, 4), which: fc.constantFrom("fed", "known", "left", "number"), small: fc.boolean() })
    .chain(({ s, which, small }) =>
      broadcastable(s).map((other) => {
        const [a, b] = small ? [other, s] : [s, other];
        if (which === "number") return { operands: [fed(s, first, type), { ...known([], second, type) }] };
        if (which === "known")
          return { operands: [fed(s, first, type), known(other, second, type)], batched: false };
        if (which === "left")
          return { operands: [known(other, first, type), fed(s, second, type)], batched: false };
        // A batch that is one size of a broadcast is no batch.
        return { operands: [fed(a, first, type), fed(b, second, type)], batched: false };
      }),
    );

const variadic: Draw = fc
  .record({ s: shape(1, 3), count: fc.integer({ min: 1, max: 4 }), last: fc.boolean() })
  .map(({ s, count, last }) => ({
    operands: Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 && last ? known(s) : fed(s))),
    ...(last ? { batched: false } : {}),
  }));

/** By attributes until opset 10, by operands since. */
const clip: Draw = fc
  .record({
    s: shape(1, 4),
    min: fc.option(steps(-2, 0)),
    max: fc.option(steps(0, 2)),
    opset: fc.constantFrom(7, 10, 11, 13, 21),
  })
  .map(({ s, min, max, opset }) => ({
    opset,
    operands:
      opset < 11
        ? [fed(s)]
        : [fed(s), min === null ? undefined : scalar(min), max === null ? undefined : scalar(max)],
    attributes:
      opset < 11
        ? [...(min === null ? [] : [float("min", min)]), ...(max === null ? [] : [float("max", max)])]
        : [],
  }));

const both = (a: Draw, b: Draw): Draw => fc.oneof(a, b);
const comparison = both(binary(), binary({ from: 0, to: 2 }));
const logical = binary("mask", "mask", "bool");
const whole = { from: 1, to: 9 } as const;

export const elementwise: Cases = {
  Relu: unary(),
  Sigmoid: unary("large"),
  Tanh: unary(),
  Exp: unary(),
  Log: unary("positive"),
  Sqrt: unary("positive"),
  Abs: unary(),
  Neg: unary(),
  HardSwish: shape(1, 4).map((s) => ({ opset: 14, operands: [fed(s, "large")] })),
  Swish: shape(1, 4).map((s) => ({ opset: 24, operands: [fed(s)] })),
  Floor: unary("large"),
  Ceil: unary("large"),
  Round: both(unary("large"), unary({ values: [0.5, 1.5, -0.5, -2.5, 2.4] })),
  Sign: both(unary(), unary({ from: -1, to: 1 })),
  Sin: unary("large"),
  Cos: unary("large"),
  Tan: unary("unit"),
  Asin: unary("unit"),
  Acos: unary("unit"),
  Atan: unary("large"),
  Sinh: unary(),
  Cosh: unary(),
  Asinh: unary("large"),
  Acosh: unary("above1"),
  Atanh: unary("unit"),
  Erf: unary(),
  Softplus: unary("large"),
  Softsign: unary("large"),
  Mish: shape(1, 4).map((s) => ({ opset: 18, operands: [fed(s)] })),
  Reciprocal: unary("positive"),
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary("any", "positive"),
  Pow: binary("positive", "any"),
  Mod: fc
    .record({ drawn: binary("large", "positive"), negative: fc.boolean() })
    .map(({ drawn }) => ({ ...drawn, attributes: [int("fmod", 1)] })),
  Sum: variadic,
  Mean: variadic,
  Max: variadic,
  Min: variadic,
  PRelu: shape(2, 4).chain((s) => broadcastable(s).map((slope) => ({ operands: [fed(s), known(slope)] }))),
  LeakyRelu: withFloat("alpha", steps(0, 1)),
  Elu: withFloat("alpha", steps(0, 2)),
  Celu: withFloat("alpha", steps(0, 2)),
  ThresholdedRelu: withFloat("alpha", steps(0, 2)),
  Selu: fc
    .record({ s: shape(1, 4), given: fc.boolean(), alpha: steps(1, 2), gamma: steps(1, 2) })
    .map(({ s, given, alpha, gamma }) => ({
      operands: [fed(s)],
      attributes: given ? [float("alpha", alpha), float("gamma", gamma)] : [],
    })),
  HardSigmoid: fc
    .record({
      s: shape(1, 4),
      given: fc.boolean(),
      alpha: fc.oneof(steps(0, 1), fc.constant(1 / 6)),
      beta: steps(0, 1),
    })
    .map(({ s, given, alpha, beta }) => ({
      operands: [fed(s, "large")],
      attributes: given ? [float("alpha", alpha), float("beta", beta)] : [],
    })),
  Gelu: fc
    .record({ s: shape(1, 4), approximate: fc.constantFrom("none", "tanh") })
    .map(({ s, approximate }) => ({
      opset: 20,
      operands: [fed(s)],
      attributes: [string("approximate", approximate)],
    })),
  Shrink: fc
    .record({ s: shape(1, 4), lambda: steps(0, 1), bias: steps(-1, 1) })
    .map(({ s, lambda, bias }) => ({
      operands: [fed(s)],
      attributes: [float("lambd", lambda), float("bias", bias)],
    })),
  Clip: clip,
  Equal: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  And: logical,
  Or: logical,
  Xor: logical,
  Not: shape(1, 4).map((s) => ({ operands: [fed(s, "mask", "bool")] })),
  Where: shape(1, 4).chain((s) =>
    fc.record({ mask: broadcastable(s), b: broadcastable(s) }).map(({ mask, b }) => ({
      operands: [fed(mask, "mask", "bool"), fed(s), known(b)],
      batched: false,
    })),
  ),
  IsNaN: unary(),
  Identity: unary(),
  Dropout: shape(1, 4).map((s) => ({ operands: [fed(s), scalar(0.3)] })),
  Cast: fc.oneof(
    fc.record({ s: shape(1, 3), to: fc.constantFrom(1, 6, 7, 9) }).map(({ s, to }) => ({
      operands: [fed(s, "large")],
      attributes: [int("to", to)],
    })),
    fc.record({ s: shape(1, 3), to: fc.constantFrom(1, 7) }).map(({ s, to }) => ({
      operands: [fed(s, "mask", "bool")],
      attributes: [int("to", to)],
    })),
    fc.record({ s: shape(1, 3), to: fc.constantFrom(1, 9) }).map(({ s, to }) => ({
      operands: [fed(s, whole, "i64")],
      attributes: [int("to", to)],
    })),
  ),
  CastLike: shape(1, 3).map((s) => ({ opset: 15, operands: [fed(s), known([1], whole, "i64")] })),
};
