/** Convolutions and products of whole numbers, whose sums f32 holds exactly up to 2²⁴, and what is quantised again. */
import type { Call } from "../call.ts";
import { type Computed, type Known, known, refuse, sizeOf } from "../value.ts";
import { linear } from "./dense.ts";
import { along, saturated, shifted } from "./quantised.ts";
import { type Rows, range } from "./row.ts";
import { convolved } from "./window.ts";

/** What a zero point is subtracted from, one for all or one for each position of an axis. */
function centred(call: Call, i: number, zero: number, axis: number): Computed {
  const x = call.tensor(i);
  return call.inputs[zero] ? shifted(call, x, along(call, zero, x, axis)) : x;
}

/** The same of a weight that is known: numbers to compute with. */
function weightOf(call: Call, i: number, zero: number, axis: number): Known {
  const { data, shape } = call.known(i, "the weight");
  const zeros = call.numbers(zero, "the zero point") ?? [0];
  const [step, size] = [sizeOf(shape.slice(axis + 1)), shape[axis] ?? 1];
  const place = zeros.length === 1 ? () => 0 : (k: number) => Math.floor(k / step) % size;
  call.spendWeights(data.length);
  return known(
    "f32",
    shape,
    Float32Array.from(data, (v, k) => Number(v) - (zeros[place(k)] ?? 0)),
  );
}

/** Rows of the first times columns of the second. `b`: where its operand and its zero point are. */
function product(call: Call, a: Computed, [i, zero]: readonly [number, number]): Computed {
  const { kind, shape } = call.value(i);
  if (a.shape.length < 2 || shape.length < 2)
    return refuse("it multiplies vectors", "matrices: a vector as [1, n] or [n, 1]");
  if (kind === "known" && shape.length === 2) return linear(call, a, weightOf(call, i, zero, 1), false);
  return call.apply("matmul", [a, centred(call, i, zero, shape.length - 1)]);
}

/** The axis of rows, or that of all where there is one zero point. */
const rowsOf = (call: Call, zero: number): number => {
  const count = call.inputs[zero]?.shape[0] ?? 1;
  return call.value(0).shape.length - (count === 1 ? 1 : 2);
};

/**
 * round(sum · scale of x · scale of w / scale of y) + zero point, in the type of that. Factors are those of onnxruntime, product and quotient
 * rounded to f32, one for all or one for each channel.
 */
function requantised(
  call: Call,
  sum: Computed,
  [x, w, y, zero]: readonly [x: number, w: number, y: number, zero: number],
  axis: number,
): Computed {
  const one = (i: number): number => {
    const [scale = 1, ...more] = call.numbers(i, "a scale") ?? [];
    return more.length === 0 ? scale : refuse("a scale of activations has several numbers", "one for all");
  };
  const factors = Float32Array.from(call.numbers(w, "a scale") ?? [], (scale) =>
    Math.fround(Math.fround(one(x) * scale) / one(y)),
  );
  const [factor = 1] = factors;
  const each = [factors.length, ...range(axis + 1, sum.shape.length).map(() => 1)];
  const by = factors.length === 1 ? factor : call.asTensor(known("f32", each, factors));
  const rounded = call.apply("round", [call.apply("mul", [sum, by])]);
  const { type } = call.value(zero, "the zero point of the result");
  return saturated(call, rounded, call.operand(zero, sum.shape), type);
}

export const integers: Rows = {
  MatMulInteger(call) {
    const a = centred(call, 0, 2, rowsOf(call, 2));
    return { ...product(call, a, [1, 3]), type: "i32" };
  },

  ConvInteger(call) {
    const x = centred(call, 0, 2, 1);
    const weight = call.value(1).kind === "known" ? weightOf(call, 1, 3, 0) : centred(call, 1, 3, 0);
    return { ...convolved(call, x, weight, undefined), type: "i32" };
  },

  QLinearMatMul(call) {
    const a = centred(call, 0, 2, rowsOf(call, 2));
    const sum = product(call, a, [3, 5]);
    return requantised(call, sum, [1, 4, 6, 7], sum.shape.length - 1);
  },

  /** The bias is of the sum. */
  QLinearConv(call) {
    const x = centred(call, 0, 2, 1);
    const weight = call.value(3).kind === "known" ? weightOf(call, 3, 5, 0) : centred(call, 3, 5, 0);
    return requantised(call, convolved(call, x, weight, call.inputs[8]), [1, 4, 6, 7], 1);
  },
};
