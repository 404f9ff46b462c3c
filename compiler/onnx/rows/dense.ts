/** Dense layers, matrix products and normalisations. */
import type { Call } from "../call.ts";
import { type Computed, type Known, refuse, sizeOf } from "../value.ts";
import { type Rows, reshaped, transposed } from "./row.ts";
import { alongLast } from "./turned.ts";

/** A constant [in, out] as the weight [out, in] of a dense layer. */
function dense(call: Call, matrix: Known, transpose: boolean, scale = 1): ReturnType<Call["weight"]> {
  const [rows = 1, columns = 1] = matrix.shape;
  if (transpose) return call.weight(matrix, [rows, columns], undefined, scale);
  return call.weight(matrix, [columns, rows], (i) => (i % rows) * columns + Math.floor(i / rows), scale);
}

/** x · W + b as the language's layer. `bias` is [out], [1, out] or one number. */
export function linear(
  call: Call,
  x: Computed,
  matrix: Known,
  transpose: boolean,
  bias?: Known,
  alpha = 1,
  beta = 1,
): Computed {
  const weight = dense(call, matrix, transpose, alpha);
  const out = weight.shape[0] ?? 1;
  const one = bias !== undefined && sizeOf(bias.shape) === 1;
  return call.apply("linear", [x, { out, ...(bias ? {} : { bias: false }) }], {
    weights: { weight, ...(bias ? { bias: call.weight(bias, [out], one ? () => 0 : undefined, beta) } : {}) },
  });
}

/** Whether a constant is a number for each of so many outputs, as the bias of a dense layer is. */
const isBias = ({ shape }: Known, out: number): boolean => {
  const count = sizeOf(shape);
  return (count === out || count === 1) && shape.slice(0, -1).every((d) => d === 1) && shape.length <= 2;
};

/** A matrix times a vector: the vector is a column, whose axis is gone after it. */
function times(call: Call, x: Computed, vector: Computed): Computed {
  const column = reshaped(call, vector, [...vector.shape, 1]);
  return reshaped(call, call.apply("matmul", [x, column]), x.shape.slice(0, -1));
}

export const denses: Rows = {
  Gemm(call) {
    const [alpha, beta] = [call.float("alpha", 1), call.float("beta", 1)];
    const [transA, transB] = [call.int("transA", 0) !== 0, call.int("transB", 0) !== 0];
    const [a, b] = [call.tensor(0), call.value(1)];
    const c = call.inputs[2];
    const x = transA ? transposed(call, a, [1, 0]) : a;
    const out = b.shape[transB ? 0 : 1];
    if (b.kind === "known" && typeof out === "number") {
      if (c === undefined) return linear(call, x, b, transB, undefined, alpha);
      if (c.kind === "known" && isBias(c, out)) return linear(call, x, b, transB, c, alpha, beta);
    }
    const matrix = call.asTensor(b);
    const product =
      b.kind === "known"
        ? linear(call, x, b, transB, undefined, alpha)
        : call.apply("matmul", [x, transB ? transposed(call, matrix, [1, 0]) : matrix]);
    const scaled = alpha === 1 || b.kind === "known" ? product : call.apply("mul", [product, alpha]);
    if (c === undefined || beta === 0) return scaled;
    const summand = call.operand(2, product.shape);
    const shift =
      beta === 1
        ? summand
        : typeof summand === "number"
          ? summand * beta
          : call.apply("mul", [summand, beta]);
    return call.apply("add", [scaled, shift]);
  },

  MatMul(call) {
    const [a, b] = [call.value(0), call.value(1)];
    if (b.kind === "known" && b.shape.length === 2 && a.shape.length >= 2)
      return alongLast(call, a, (x) => linear(call, x, b, false));
    const [x, y] = [call.asTensor(a), call.asTensor(b)];
    if (x.shape.length >= 2 && y.shape.length >= 2) return call.apply("matmul", [x, y]);
    if (x.shape.length >= 2 && y.shape.length === 1) return times(call, x, y);
    return refuse(
      `it multiplies tensors of rank ${x.shape.length} and ${y.shape.length}`,
      "matrices: a vector as [1, n] or [n, 1]",
    );
  },
};
