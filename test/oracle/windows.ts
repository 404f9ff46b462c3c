/** Convolution and pooling as nested loops. */
import { build, forEachPosition, get, type NdArray, offsetOf, sizeOf } from "./array.ts";
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

/** Total padding so that there are ⌈n / stride⌉ outputs; the larger half goes before, or after ("sameUpper"). */
function samePadding(
  n: number,
  kernel: number,
  stride: number,
  dilation: number,
  upper: boolean,
): readonly [number, number] {
  const outputs = Math.ceil(n / stride);
  let total = 0;
  while (countPositions(n, { kernel, stride, dilation, before: total, after: 0 }, false) < outputs) total++;
  const [large, small] = [total - Math.floor(total / 2), Math.floor(total / 2)];
  return upper ? [small, large] : [large, small];
}

/** The windows over an input [N, C, …] of these sizes, read from the attributes. */
export function slidings(attrs: Op["attrs"], sizes: readonly number[]): readonly Sliding[] {
  const [kernel, stride, dilation] = ["kernel", "stride", "dilation"].map((name) => listOf(attrs, name));
  const ceil = attrs["ceilMode"] === true;
  const padding = attrs["padding"];
  return sizes.map((n, i) => {
    const [k, s, d] = [kernel?.[i] ?? 0, stride?.[i] ?? 0, dilation?.[i] ?? 0];
    const [before, after] =
      typeof padding === "string"
        ? samePadding(n, k, s, d, padding === "sameUpper")
        : [listOf(attrs, "padding")[2 * i] ?? 0, listOf(attrs, "padding")[2 * i + 1] ?? 0];
    const w = { kernel: k, stride: s, dilation: d, before, after };
    return { ...w, count: countPositions(n, w, ceil) };
  });
}

/** Visits the taps of the window at a place: where each lies in the input, and whether within it or its padding. Lists are reused. */
function forEachTap(
  sizes: readonly number[],
  windows: readonly Sliding[],
  place: readonly number[],
  visit: (at: readonly number[], tap: readonly number[], inside: boolean, inPadded: boolean) => void,
): void {
  const at = windows.map(() => 0);
  forEachPosition(
    windows.map((w) => w.kernel),
    (tap) => {
      let [inside, inPadded] = [true, true];
      for (const [d, { stride, dilation, before, after }] of windows.entries()) {
        const i = (place[d] ?? 0) * stride + (tap[d] ?? 0) * dilation - before;
        const size = sizes[d] ?? 0;
        at[d] = i;
        inside &&= i >= 0 && i < size;
        inPadded &&= i < size + after;
      }
      visit(at, tap, inside, inPadded);
    },
  );
}

/** y[n,o,i,…] = bias[o] + Σ_c Σ_taps x[n, c, i·s + u·d − p, …] · k[o, c − first channel of o's group, u, …] */
export function conv({ attrs, inputs: [x, k, bias] }: Op): NdArray {
  if (!x || !k) throw new Error("convolution: missing operand");
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  const out = numberOf(attrs, "out");
  const groups = numberOf(attrs, "groups");
  const windows = slidings(attrs, sizes);
  const perGroup = channels / groups;
  const [channel, taps] = [sizeOf(sizes), sizeOf(windows.map((w) => w.kernel))];
  return build([batch, out, ...windows.map((w) => w.count)], ([n = 0, o = 0, ...place]) => {
    const first = Math.floor(o / (out / groups)) * perGroup;
    let sum = bias?.data[o] ?? 0;
    forEachTap(sizes, windows, place, (at, tap, inside) => {
      if (!inside) return;
      const [ofX, ofK] = [offsetOf(x.shape, [n, first, ...at]), offsetOf(k.shape, [o, 0, ...tap])];
      for (let c = 0; c < perGroup; c++)
        sum += (x.data[ofX + c * channel] ?? Number.NaN) * (k.data[ofK + c * taps] ?? Number.NaN);
    });
    return sum;
  });
}

/** Every element puts its kernel, times itself, into the result: at h·s + u·d − p, where that is within. */
export function convTranspose({ attrs, inputs: [x, k, bias] }: Op): NdArray {
  if (!x || !k) throw new Error("transposed convolution: missing operand");
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  const [out, groups] = [numberOf(attrs, "out"), numberOf(attrs, "groups")];
  const [kernel, stride, dilation, padding, more] = [
    "kernel",
    "stride",
    "dilation",
    "padding",
    "outputPadding",
  ].map((name) => listOf(attrs, name));
  const of = (list: readonly number[] | undefined, i: number): number => list?.[i] ?? 0;
  const extents = sizes.map(
    (n, d) =>
      (n - 1) * of(stride, d) +
      (of(kernel, d) - 1) * of(dilation, d) +
      1 +
      of(more, d) -
      of(padding, 2 * d) -
      of(padding, 2 * d + 1),
  );
  const perGroup = out / groups;
  const [channel, taps] = [sizeOf(extents), sizeOf(kernel ?? [])];
  const y = build([batch, out, ...extents], ([, o = 0]) => bias?.data[o] ?? 0);
  forEachPosition(x.shape, ([n = 0, c = 0, ...from]) => {
    const value = get(x, [n, c, ...from]);
    const first = Math.floor(c / (channels / groups)) * perGroup;
    forEachPosition(kernel ?? [], (tap) => {
      const to = from.map((h, d) => h * of(stride, d) + (tap[d] ?? 0) * of(dilation, d) - of(padding, 2 * d));
      if (to.some((i, d) => i < 0 || i >= (extents[d] ?? 0))) return;
      const [ofY, ofK] = [offsetOf(y.shape, [n, first, ...to]), offsetOf(k.shape, [c, 0, ...tap])];
      for (let o = 0; o < perGroup; o++) {
        const at = ofY + o * channel;
        y.data[at] = (y.data[at] ?? Number.NaN) + value * (k.data[ofK + o * taps] ?? Number.NaN);
      }
    });
  });
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

/** Of each window f of its elements: the values inside the input, and how many taps lie inside the padded one. */
function pool(
  { attrs, inputs: [x] }: Op,
  f: (values: readonly number[], inPadded: number) => number,
): NdArray {
  if (!x) throw new Error("pooling: missing operand");
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  const windows = slidings(attrs, sizes);
  return build([batch, channels, ...windows.map((w) => w.count)], ([n = 0, c = 0, ...place]) => {
    const values: number[] = [];
    let padded = 0;
    forEachTap(sizes, windows, place, (at, _, inside, inPadded) => {
      if (inside) values.push(get(x, [n, c, ...at]));
      if (inPadded) padded++;
    });
    return f(values, padded);
  });
}

const total = (values: readonly number[]): number => values.reduce((a, v) => a + v, 0);

/** The largest element of each window; padding does not count. */
export const maxPool = (op: Op): NdArray => pool(op, (values) => Math.max(...values));

/** The mean of each window: over the taps inside the padded input, or (countIncludePad: false) inside the input. */
export function avgPool(op: Op): NdArray {
  const includePadding = flagOf(op.attrs, "countIncludePad");
  return pool(op, (values, padded) => total(values) / (includePadding ? padded : values.length));
}

/** The p-th root of the sum of p-th powers of sizes. */
export const lpPool = (op: Op): NdArray => {
  const p = numberOf(op.attrs, "p");
  return pool(op, (values) => total(values.map((v) => Math.abs(v) ** p)) ** (1 / p));
};

/** f of each of `size` windows, which begin and end where i/size of the input is, rounded to more. */
function adaptive({ attrs, inputs: [x] }: Op, f: (values: readonly number[]) => number): NdArray {
  if (!x) throw new Error("pooling: missing operand");
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  const wanted = listOf(attrs, "size");
  return build([batch, channels, ...wanted], ([n = 0, c = 0, ...place]) => {
    const values: number[] = [];
    const ends = place.map((i, d) => {
      const share = (sizes[d] ?? 0) / (wanted[d] ?? 1);
      return [Math.floor(i * share + 1e-9), Math.ceil((i + 1) * share - 1e-9)] as const;
    });
    forEachPosition(sizes, (at) => {
      if (at.every((a, d) => a >= (ends[d]?.[0] ?? 0) && a < (ends[d]?.[1] ?? 0)))
        values.push(get(x, [n, c, ...at]));
    });
    return f(values);
  });
}
export const adaptiveAvgPool = (op: Op): NdArray => adaptive(op, (values) => total(values) / values.length);
export const adaptiveMaxPool = (op: Op): NdArray => adaptive(op, (values) => Math.max(...values));

/** f of all elements of each channel: [N, C, …] → [N, C, 1, …]. */
export function globalPool({ inputs: [x] }: Op, f: (values: readonly number[]) => number): NdArray {
  if (!x) throw new Error("pooling: missing operand");
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  const each = sizeOf(sizes);
  return build([batch, channels, ...sizes.map(() => 1)], ([n = 0, c = 0]) => {
    const start = (n * channels + c) * each;
    return f([...x.data.subarray(start, start + each)]);
  });
}

export const globalAvgPool = (op: Op): NdArray => globalPool(op, (values) => total(values) / values.length);
export const globalMaxPool = (op: Op): NdArray => globalPool(op, (values) => Math.max(...values));
