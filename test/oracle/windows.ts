/** Convolution and pooling as nested loops. */
import { build, get, type NdArray, zeros } from "./array.ts";
import { flagOf, listOf, numberOf, type Op } from "./op.ts";

/** One axis of a sliding window, and the number of places where it can stand. */
export interface Sliding {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly count: number;
}

/**
 * Counts window positions by trying them: one that fits in the padded input counts; with `ceil` so does the first
 * that hangs over the end, if anything is left to cover and it does not start in the trailing padding.
 */
export function countPositions(n: number, w: Omit<Sliding, "count">, ceil: boolean): number {
  const padded = n + w.before + w.after;
  const length = w.dilation * (w.kernel - 1) + 1;
  let count = 0;
  while (count * w.stride + length <= padded) count++;
  const covered = (count - 1) * w.stride + length;
  if (ceil && covered < padded && count * w.stride < n + w.before) count++;
  return count;
}

/** Total padding so that "same" gives ⌈n / stride⌉ outputs; the larger half goes before. */
function samePadding(n: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const outputs = Math.ceil(n / stride);
  let total = 0;
  while (countPositions(n, { kernel, stride, dilation, before: total, after: 0 }, false) < outputs) total++;
  return [total - Math.floor(total / 2), Math.floor(total / 2)];
}

/** The windows of height and width over an input [N, C, H, W], read from the attributes. */
export function slidings(attrs: Op["attrs"], height: number, width: number): readonly [Sliding, Sliding] {
  const [kernel, stride, dilation] = ["kernel", "stride", "dilation"].map((name) => listOf(attrs, name));
  const ceil = attrs["ceilMode"] === true;
  const one = (i: number, n: number): Sliding => {
    const [k, s, d] = [kernel?.[i] ?? 0, stride?.[i] ?? 0, dilation?.[i] ?? 0];
    const [before, after] =
      attrs["padding"] === "same"
        ? samePadding(n, k, s, d)
        : [listOf(attrs, "padding")[2 * i] ?? 0, listOf(attrs, "padding")[2 * i + 1] ?? 0];
    const w = { kernel: k, stride: s, dilation: d, before, after };
    return { ...w, count: countPositions(n, w, ceil) };
  };
  return [one(0, height), one(1, width)];
}

function size4(x: NdArray): readonly [number, number, number, number] {
  const [n = 0, c = 0, h = 0, w = 0] = x.shape;
  return [n, c, h, w];
}

/** y[n,o,i,j] = bias[o] + Σ_c Σ_u Σ_v x[n, c, i·s + u·d − p, …] · k[o, c − first channel of o's group, u, v] */
export function conv2d({ attrs, inputs: [x, k, bias] }: Op): NdArray {
  if (!x || !k) throw new Error("conv2d: missing operand");
  const [batch, channels, height, width] = size4(x);
  const out = numberOf(attrs, "out");
  const groups = numberOf(attrs, "groups");
  const [ys, xs] = slidings(attrs, height, width);
  const perGroup = channels / groups;
  const y = zeros([batch, out, ys.count, xs.count]);
  let to = 0;
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < out; o++) {
      const first = Math.floor(o / (out / groups)) * perGroup;
      for (let i = 0; i < ys.count; i++)
        for (let j = 0; j < xs.count; j++) {
          let sum = bias?.data[o] ?? 0;
          for (let c = 0; c < perGroup; c++)
            for (let u = 0; u < ys.kernel; u++)
              for (let v = 0; v < xs.kernel; v++) {
                const row = i * ys.stride + u * ys.dilation - ys.before;
                const column = j * xs.stride + v * xs.dilation - xs.before;
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                const value = x.data[((n * channels + first + c) * height + row) * width + column] ?? 0;
                sum += value * (k.data[((o * perGroup + c) * ys.kernel + u) * xs.kernel + v] ?? 0);
              }
          y.data[to++] = sum;
        }
    }
  return y;
}

/** y[…,i,j] = Σ_u Σ_v x[…, i + u, j + v] · k[u,v] */
export function corr2d({ inputs: [x, k] }: Op): NdArray {
  if (!x || !k) throw new Error("corr2d: missing operand");
  const [kh = 0, kw = 0] = k.shape;
  const [height = 0, width = 0] = x.shape.slice(-2);
  return build([...x.shape.slice(0, -2), height - kh + 1, width - kw + 1], (at) => {
    const [i = 0, j = 0] = at.slice(-2);
    let sum = 0;
    for (let u = 0; u < kh; u++)
      for (let v = 0; v < kw; v++) sum += get(x, [...at.slice(0, -2), i + u, j + v]) * get(k, [u, v]);
    return sum;
  });
}

/** Visits the elements of one window: the value, or undefined where the tap lies outside the input. */
function forEachTap(
  x: NdArray,
  [n = 0, c = 0, i = 0, j = 0]: readonly number[],
  [ys, xs]: readonly [Sliding, Sliding],
  visit: (value: number | undefined, inPadded: boolean) => void,
): void {
  const [, channels, height, width] = size4(x);
  for (let u = 0; u < ys.kernel; u++)
    for (let v = 0; v < xs.kernel; v++) {
      const row = i * ys.stride + u * ys.dilation - ys.before;
      const column = j * xs.stride + v * xs.dilation - xs.before;
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      const inPadded = row < height + ys.after && column < width + xs.after;
      visit(inside ? x.data[((n * channels + c) * height + row) * width + column] : undefined, inPadded);
    }
}

function pool(
  { attrs, inputs: [x] }: Op,
  value: (x: NdArray, at: readonly number[], w: readonly [Sliding, Sliding]) => number,
): NdArray {
  if (!x) throw new Error("pooling: missing operand");
  const [batch, channels, height, width] = size4(x);
  const w = slidings(attrs, height, width);
  return build([batch, channels, w[0].count, w[1].count], (at) => value(x, at, w));
}

/** The largest element of each window; padding does not count. */
export function maxPool2d(op: Op): NdArray {
  return pool(op, (x, at, w) => {
    let best = Number.NEGATIVE_INFINITY;
    forEachTap(x, at, w, (value) => {
      if (value !== undefined && value > best) best = value;
    });
    return best;
  });
}

/** The mean of each window: over the taps inside the padded input, or (countIncludePad: false) inside the input. */
export function avgPool2d(op: Op): NdArray {
  const includePadding = flagOf(op.attrs, "countIncludePad");
  return pool(op, (x, at, w) => {
    let sum = 0;
    let count = 0;
    forEachTap(x, at, w, (value, inPadded) => {
      sum += value ?? 0;
      if (includePadding ? inPadded : value !== undefined) count++;
    });
    return sum / count;
  });
}

/** The mean of each channel: [N, C, H, W] → [N, C, 1, 1]. */
export function globalAvgPool2d({ inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("globalAvgPool2d: missing operand");
  const [batch, channels, height, width] = size4(x);
  return build([batch, channels, 1, 1], ([n = 0, c = 0]) => {
    let sum = 0;
    for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) sum += get(x, [n, c, i, j]);
    return sum / (height * width);
  });
}

/** A border of `value` around the last two dimensions. */
export function pad({ attrs, inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("pad: missing operand");
  const [top = 0, bottom = 0, left = 0, right = 0] = listOf(attrs, "padding");
  const [height = 0, width = 0] = x.shape.slice(-2);
  return build([...x.shape.slice(0, -2), height + top + bottom, width + left + right], (at) => {
    const [i = 0, j = 0] = [(at.at(-2) ?? 0) - top, (at.at(-1) ?? 0) - left];
    const inside = i >= 0 && i < height && j >= 0 && j < width;
    return inside ? get(x, [...at.slice(0, -2), i, j]) : numberOf(attrs, "value");
  });
}
