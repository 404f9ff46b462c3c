/** Matrix products, normalisation, softmax and reductions over whole axes. */
import { build, forEachPosition, get, type NdArray, sizeOf, zeros } from "./array.ts";
import { flagOf, fromFront, kept, numberOf, type Op } from "./op.ts";

/** y[…,o] = bias[o] + Σ_i x[…,i] · w[o,i] */
export function linear({ inputs: [x, w, bias] }: Op): NdArray {
  if (!x || !w) throw new Error("linear: missing operand");
  const [out = 0, features = 0] = w.shape;
  const rows = sizeOf(x.shape) / features;
  const y = zeros([...x.shape.slice(0, -1), out]);
  for (let r = 0; r < rows; r++)
    for (let o = 0; o < out; o++) {
      let sum = bias?.data[o] ?? 0;
      for (let i = 0; i < features; i++)
        sum += (x.data[r * features + i] ?? 0) * (w.data[o * features + i] ?? 0);
      y.data[r * out + o] = sum;
    }
  return y;
}

/** y[…,i,j] = Σ_k a[…,i,k] · b[…,k,j]; leading dimensions of size 1, or missing ones, are repeated. */
export function matmul({ inputs: [a, b] }: Op): NdArray {
  if (!a || !b) throw new Error("matmul: missing operand");
  const inner = a.shape.at(-1) ?? 0;
  const rank = Math.max(a.shape.length, b.shape.length) - 2;
  const leadOf = (x: NdArray, d: number): number => x.shape[d - rank + x.shape.length - 2] ?? 1;
  const lead = Array.from({ length: rank }, (_, d) => Math.max(leadOf(a, d), leadOf(b, d)));
  const own = (x: NdArray, at: readonly number[]): readonly number[] =>
    x.shape.slice(0, -2).map((d, i) => (d === 1 ? 0 : (at[rank - x.shape.length + 2 + i] ?? 0)));
  return build([...lead, a.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0], (at) => {
    const [i = 0, j = 0] = at.slice(-2);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += get(a, [...own(a, at), i, k]) * get(b, [...own(b, at), k, j]);
    return sum;
  });
}

/** (x − mean) / √(var + eps) · weight + bias, each per channel (axis 1). */
export function batchNorm2d({ attrs, inputs: [x, weight, bias, mean, variance] }: Op): NdArray {
  if (!x || !weight || !bias || !mean || !variance) throw new Error("batchNorm2d: missing operand");
  const eps = numberOf(attrs, "eps");
  return build(x.shape, (at) => {
    const c = [at[1] ?? 0];
    return ((get(x, at) - get(mean, c)) / Math.sqrt(get(variance, c) + eps)) * get(weight, c) + get(bias, c);
  });
}

/** Each block of the trailing `dims` dimensions is brought to mean 0 and variance 1, then scaled and shifted. */
export function layerNorm(op: Op): NdArray {
  const {
    attrs,
    inputs: [x, weight, bias],
  } = op;
  if (!x || !weight || !bias) throw new Error("layerNorm: missing operand");
  const block = sizeOf(x.shape.slice(-numberOf(attrs, "dims")));
  const y = zeros(x.shape);
  for (let start = 0; start < x.data.length; start += block) {
    const values = x.data.subarray(start, start + block);
    const mean = kept(op, values.reduce((a, v) => a + v, 0) / block);
    const variance = kept(op, values.reduce((a, v) => a + (v - mean) ** 2, 0) / block);
    const deviation = Math.sqrt(variance + numberOf(attrs, "eps"));
    values.forEach((v, i) => {
      y.data[start + i] = ((v - mean) / deviation) * (weight.data[i] ?? 0) + (bias.data[i] ?? 0);
    });
  }
  return y;
}

/** Replaces each line along an axis by f(line). */
function alongAxis(x: NdArray, axis: number, f: (line: readonly number[]) => readonly number[]): NdArray {
  const over = fromFront(axis, x.shape.length);
  const length = x.shape[over] ?? 0;
  const step = sizeOf(x.shape.slice(over + 1));
  const y = zeros(x.shape);
  forEachPosition(x.shape, (at, i) => {
    if (at[over] !== 0) return;
    const line = Array.from({ length }, (_, k) => x.data[i + k * step] ?? 0);
    f(line).forEach((v, k) => {
      y.data[i + k * step] = v;
    });
  });
  return y;
}

/** eˣ / Σ eˣ, after the largest element has been subtracted. */
export function softmax(op: Op): NdArray {
  const {
    attrs,
    inputs: [x],
  } = op;
  if (!x) throw new Error("softmax: missing operand");
  return alongAxis(x, numberOf(attrs, "axis"), (line) => {
    const top = Math.max(...line);
    const powers = line.map((v) => kept(op, Math.exp(v - top)));
    const sum = powers.reduce((a, v) => a + v, 0);
    return powers.map((v) => v / sum);
  });
}

/** x − log Σ eˣ, after the largest element has been subtracted. */
export function logSoftmax(op: Op): NdArray {
  const {
    attrs,
    inputs: [x],
  } = op;
  if (!x) throw new Error("logSoftmax: missing operand");
  return alongAxis(x, numberOf(attrs, "axis"), (line) => {
    const top = Math.max(...line);
    const log = Math.log(
      kept(
        op,
        line.reduce((a, v) => a + Math.exp(v - top), 0),
      ),
    );
    return line.map((v) => v - top - log);
  });
}

/** Folds all elements that differ only in the reduced axes. */
export function reduction(
  { attrs, inputs: [x] }: Op,
  start: number,
  fold: (a: number, v: number) => number,
  finish: (a: number, count: number) => number = (a) => a,
): NdArray {
  if (!x) throw new Error("reduction: missing operand");
  const rank = x.shape.length;
  const axes = attrs["axes"];
  const chosen = Array.isArray(axes) ? axes.map((a) => fromFront(Number(a), rank)) : x.shape.map((_, d) => d);
  const keep = x.shape.map((d, i) => (chosen.includes(i) ? 1 : d));
  const kept = zeros(keep);
  kept.data.fill(start);
  forEachPosition(x.shape, (at, i) => {
    let to = 0;
    for (let d = 0; d < rank; d++) to = to * (keep[d] ?? 1) + (chosen.includes(d) ? 0 : (at[d] ?? 0));
    kept.data[to] = fold(kept.data[to] ?? start, x.data[i] ?? 0);
  });
  const count = chosen.reduce((a, d) => a * (x.shape[d] ?? 1), 1);
  const shape = flagOf(attrs, "keepDims") ? keep : x.shape.filter((_, d) => !chosen.includes(d));
  return { shape, data: kept.data.map((a) => finish(a, count)) };
}
