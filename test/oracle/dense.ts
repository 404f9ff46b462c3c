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
export function batchNorm({ attrs, inputs: [x, weight, bias, mean, variance] }: Op): NdArray {
  if (!x || !weight || !bias || !mean || !variance) throw new Error("batchNorm: missing operand");
  const eps = numberOf(attrs, "eps");
  return build(x.shape, (at) => {
    const c = [at[1] ?? 0];
    return ((get(x, at) - get(mean, c)) / Math.sqrt(get(variance, c) + eps)) * get(weight, c) + get(bias, c);
  });
}

/** Of values that lie one after the other, what they are off their mean and by how much that is divided. */
function spread(op: Op, values: Float64Array): readonly [mean: number, deviation: number] {
  const mean = kept(op, values.reduce((a, v) => a + v, 0) / values.length);
  const variance = kept(op, values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length);
  return [mean, Math.sqrt(variance + numberOf(op.attrs, "eps"))];
}

/** Every block of so many values by itself; f gives the new value of element i of its block, and where the block starts. */
function byBlocks(
  x: NdArray,
  block: number,
  make: (values: Float64Array, start: number) => (v: number, i: number) => number,
): NdArray {
  const y = zeros(x.shape);
  for (let start = 0; start < x.data.length; start += block) {
    const values = x.data.subarray(start, start + block);
    const f = make(values, start);
    values.forEach((v, i) => {
      y.data[start + i] = f(v, i);
    });
  }
  return y;
}

/** Each block of the trailing `dims` dimensions is brought to mean 0 and variance 1, then scaled and shifted. */
export function layerNorm(op: Op): NdArray {
  const {
    attrs,
    inputs: [x, weight, bias],
  } = op;
  if (!x || !weight || !bias) throw new Error("layerNorm: missing operand");
  return byBlocks(x, sizeOf(x.shape.slice(-numberOf(attrs, "dims"))), (values) => {
    const [mean, deviation] = spread(op, values);
    return (v, i) => ((v - mean) / deviation) * (weight.data[i] ?? 0) + (bias.data[i] ?? 0);
  });
}

/** Each block of the trailing `dims` dimensions is divided by the root of its mean square, then scaled. */
export function rmsNorm(op: Op): NdArray {
  const {
    attrs,
    inputs: [x, weight],
  } = op;
  if (!x || !weight) throw new Error("rmsNorm: missing operand");
  return byBlocks(x, sizeOf(x.shape.slice(-numberOf(attrs, "dims"))), (values) => {
    const square = kept(op, values.reduce((a, v) => a + v * v, 0) / values.length);
    const root = Math.sqrt(square + numberOf(attrs, "eps"));
    return (v, i) => (v / root) * (weight.data[i] ?? 0);
  });
}

/** Each group of channels (null: each channel) of each example to mean 0 and variance 1, then scaled and shifted. */
export function groupNorm(op: Op): NdArray {
  const {
    attrs,
    inputs: [x, weight, bias],
  } = op;
  if (!x || !weight || !bias) throw new Error("groupNorm: missing operand");
  const [, channels = 1, ...rest] = x.shape;
  const groups = attrs["groups"] === null ? channels : numberOf(attrs, "groups");
  const each = sizeOf(rest);
  const perGroup = channels / groups;
  return byBlocks(x, perGroup * each, (values, start) => {
    const [mean, deviation] = spread(op, values);
    const first = (start / each) % channels;
    return (v, i) => {
      const c = first + Math.floor(i / each);
      return ((v - mean) / deviation) * (weight.data[c] ?? 0) + (bias.data[c] ?? 0);
    };
  });
}

/** x / (k + alpha / size · Σ x²)^beta over the channels from c − ⌊(size − 1)/2⌋ on, as ONNX's LRN has it. */
export function localResponseNorm({ attrs, inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("localResponseNorm: missing operand");
  const [size, alpha, beta, k] = ["size", "alpha", "beta", "k"].map((name) => numberOf(attrs, name));
  return build(x.shape, (at) => {
    const [n = 0, c = 0, ...rest] = at;
    const start = c - Math.floor(((size ?? 1) - 1) / 2);
    let sum = 0;
    for (let j = start; j < start + (size ?? 1); j++)
      if (j >= 0 && j < (x.shape[1] ?? 0)) sum += get(x, [n, j, ...rest]) ** 2;
    return get(x, at) / ((k ?? 1) + ((alpha ?? 0) / (size ?? 1)) * sum) ** (beta ?? 0);
  });
}

/** Each line along an axis, divided by Σ|x| or √Σx². */
export function lpNormalize(op: Op): NdArray {
  const {
    attrs,
    inputs: [x],
  } = op;
  if (!x) throw new Error("lpNormalize: missing operand");
  const [p, eps] = [numberOf(attrs, "p"), numberOf(attrs, "eps")];
  return alongAxis(x, numberOf(attrs, "axis"), (line) => {
    const length =
      kept(
        op,
        line.reduce((a, v) => a + Math.abs(v) ** p, 0),
      ) **
      (1 / p);
    return line.map((v) => v / Math.max(length, eps));
  });
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
