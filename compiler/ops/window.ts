/** Pooling: reductions over sliding windows. */

import { showShape } from "../../contract/shapes.ts";
import { must } from "../errors.ts";
import type { Axis, Expr, OpContext } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex } from "../math/affine.ts";
import { call, guard, literal, load, loadPadded, reduce } from "../math/build.ts";
import { flag, numberThat, optional, otherwise, type Read, takes } from "../options.ts";
import { fail, type NoOptions, noOptions } from "./check.ts";
import {
  all,
  checkFits,
  describeWindow,
  formula,
  needsImage,
  type Padding,
  padding,
  positions,
  type Rank,
  type Steps,
  spatial,
  steps,
  type Window,
  type WindowAttrs,
  windowIndex,
  windowIndices,
  windows,
  words,
} from "./geometry.ts";
import { LOWEST } from "./scalar.ts";

export interface PoolOptions {
  readonly kernel: Steps;
  /** Default: the kernel. */
  readonly stride?: Steps;
  /** Default 0. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Steps;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  readonly ceilMode?: boolean;
}
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as elements of the average. Default true. */
  readonly countIncludePad?: boolean;
}

export interface LpPoolOptions extends PoolOptions {
  /** The power, from 1 on. Default 2. */
  readonly p?: number;
}

export type PoolAttrs = WindowAttrs & {
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  /** Of lpPool alone. */
  readonly p: number;
};

const poolFields = (axes: Rank) => ({
  kernel: steps[axes],
  stride: optional(steps[axes]),
  padding: otherwise(padding(axes), all(2 * axes, 0)),
  dilation: otherwise(steps[axes], all(axes, 1)),
  ceilMode: otherwise(flag, false),
});
type PoolRead = Read<ReturnType<typeof poolFields>> & Partial<Pick<PoolAttrs, "countIncludePad" | "p">>;

/** An op over the windows of [N, channels, …]. */
function pool(
  name: string,
  axes: Rank,
  read: (options: unknown) => PoolRead,
  value: (context: OpContext, attrs: PoolAttrs, ws: readonly Window[], sizes: readonly number[]) => Expr,
): OpDef<PoolAttrs, PoolOptions> {
  return {
    name,
    arity: 1,
    options(options) {
      const { countIncludePad = true, p = 0, ...given } = read(options);
      return { ...given, stride: given.stride ?? given.kernel, countIncludePad, p };
    },
    infer(attrs, inputs) {
      const x = must(inputs[0], "pooling input");
      needsImage(name, x, axes);
      const size = spatial(name, x, axes);
      const ws = windows(attrs, size);
      checkFits(name, x, ws);
      const out = size.map((n, i) => positions(n, must(ws[i], "window"), attrs.ceilMode));
      for (const [i, n] of size.entries()) {
        const along = must(words[axes].axes[i], "axis");
        checkWindows(name, showShape(x.shape), n, must(ws[i], "window"), must(out[i], "size"), along);
      }
      return { dtype: "f32", shape: [...x.shape.slice(0, 2), ...out] };
    },
    define(attrs, context) {
      const sizes = spatial(name, must(context.inputs[0], "input").type, axes);
      return value(context, attrs, windows(attrs, sizes), sizes);
    },
    summary(attrs, inputs, output) {
      const sizes = spatial(name, must(inputs[0], "pooling input"), axes);
      const parts = [describeWindow(attrs, attrs.kernel)];
      if (attrs.ceilMode) parts.push("ceil");
      if (!attrs.countIncludePad) parts.push("without padding");
      if (attrs.p > 0) parts.push(`L${attrs.p}`);
      const text = formula(sizes, windows(attrs, sizes), output.shape.slice(2), attrs.ceilMode);
      return { options: parts.join(", "), formula: text };
    },
  };
}

/** Every window must hold an element of the input: a maximum or an average of nothing has no value. */
function checkWindows(op: string, shape: string, n: number, w: Window, out: number, along: string): void {
  for (let o = 0; o < out; o++) {
    const taps = Array.from({ length: w.kernel }, (_, t) => o * w.stride + t * w.dilation - w.before);
    if (taps.some((i) => i >= 0 && i < n)) continue;
    fail(
      `${op} on ${shape}: window ${o} in ${along} lies wholly in the padding`,
      `each window covers an element of the input, but taps ${taps.join(", ")} miss 0 … ${n - 1}`,
      `padding of at most ${Math.floor(w.kernel / 2)}`,
    );
  }
}

/** What taps of a pooling window are called. */
const TAPS = ["t", "u", "v"];
/** The axes of a window's taps. */
const tapsOf = ({ axis }: OpContext, ws: readonly Window[]): readonly Axis[] =>
  ws.map((w, i) => axis(must(TAPS.at(i - ws.length), "name"), w.kernel));

/** An element of the window, and the taps that say which. */
function taps(
  context: OpContext,
  ws: readonly Window[],
  fill: number,
): { readonly value: Expr; readonly over: readonly Axis[] } {
  const [n, c, ...place] = context.at;
  const over = tapsOf(context, ws);
  const lead = [n, c].map((a) => axisIndex(must(a, "axis")));
  const at = [...lead, ...windowIndices(place, over, ws)];
  return { value: loadPadded(must(context.inputs[0], "input"), at, fill), over };
}

/** y = max over the window; padding never wins. */
const maxPool = (name: string, axes: Rank) =>
  pool(name, axes, takes(name, poolFields(axes)), (context, _, ws) => {
    const { value, over } = taps(context, ws, LOWEST);
    return reduce("max", over, value);
  });

/**
 * y = Σ window / count. The count is the window's size, less what hangs over the padded edge (ceilMode) and,
 * without `countIncludePad`, less the padding: a product of one count per axis.
 */
const avgPool = (name: string, axes: Rank) =>
  pool(
    name,
    axes,
    takes(name, { ...poolFields(axes), countIncludePad: otherwise(flag, true) }),
    (context, attrs, ws, sizes) => {
      const { value, over } = taps(context, ws, 0);
      const counted = tapsOf(context, ws);
      const counts = ws.map((w, i) => {
        const [tap, size] = [must(counted[i], "tap"), must(sizes[i], "size")];
        const index = windowIndex(must(context.at[i + 2], "axis"), tap, w);
        const bound = attrs.countIncludePad
          ? { index: add(index, w.before), extent: size + w.before + w.after }
          : { index, extent: size };
        return reduce("sum", [tap], guard([bound], literal(1), literal(0)));
      });
      return average(reduce("sum", over, value), counts);
    },
  );

/** sum / (a · b · …), as a product with a constant where all counts are constant. */
export function average(sum: Expr, counts: readonly Expr[]): Expr {
  const known = counts.reduce<number>((a, c) => (c.kind === "const" ? a * c.value : Number.NaN), 1);
  if (!Number.isNaN(known)) return call("mul", sum, literal(1 / known));
  return call(
    "div",
    sum,
    counts.reduce((a, c) => call("mul", a, c)),
  );
}

/** y = (Σ |x|^p)^(1/p) over the window. */
const lpPool = (name: string, axes: Rank) =>
  pool(
    name,
    axes,
    takes(name, {
      ...poolFields(axes),
      p: otherwise(
        numberThat("a number from 1 on", 2, (p) => p >= 1 && Number.isFinite(p)),
        2,
      ),
    }),
    (context, { p }, ws) => {
      const { value, over } = taps(context, ws, 0);
      const size = call("abs", value);
      if (p === 1) return reduce("sum", over, size);
      if (p === 2) return call("sqrt", reduce("sum", over, call("mul", value, value)));
      return call("pow", reduce("sum", over, call("pow", size, literal(p))), literal(1 / p));
    },
  );

/** An op over all positions of each channel: [N, C, …] → [N, C, 1, …]. */
function globalPool(
  name: string,
  axes: Rank,
  value: (element: Expr, over: readonly Axis[], sizes: readonly number[]) => Expr,
): OpDef<NoOptions, unknown> {
  return {
    name,
    arity: 1,
    options: noOptions(name),
    infer(_, inputs) {
      const x = must(inputs[0], "pooling input");
      needsImage(name, x, axes);
      spatial(name, x, axes);
      return { dtype: "f32", shape: [...x.shape.slice(0, 2), ...all(axes, 1)] };
    },
    define(_, { at, inputs, axis }) {
      const x = must(inputs[0], "input");
      const sizes = spatial(name, x.type, axes);
      const over = sizes.map((size, i) => axis(must(["d", "h", "w"].at(i - axes), "name"), size));
      return value(load(x, [...at.slice(0, 2), ...over].map(axisIndex)), over, sizes);
    },
    summary: (_, inputs) => ({
      options: spatial(name, must(inputs[0], "pooling input"), axes).join("×"),
      formula: "",
    }),
  };
}

/** y[n,c] = mean over all positions. */
const globalAvgPool = (name: string, axes: Rank) =>
  globalPool(name, axes, (element, over, sizes) => average(reduce("sum", over, element), sizes.map(literal)));

/** y[n,c] = maximum over all positions. */
const globalMaxPool = (name: string, axes: Rank) =>
  globalPool(name, axes, (element, over) => reduce("max", over, element));

export const window = {
  maxPool1d: maxPool("maxPool1d", 1),
  maxPool2d: maxPool("maxPool2d", 2),
  maxPool3d: maxPool("maxPool3d", 3),
  avgPool1d: avgPool("avgPool1d", 1),
  avgPool2d: avgPool("avgPool2d", 2),
  avgPool3d: avgPool("avgPool3d", 3),
  lpPool1d: lpPool("lpPool1d", 1),
  lpPool2d: lpPool("lpPool2d", 2),
  lpPool3d: lpPool("lpPool3d", 3),
  globalAvgPool1d: globalAvgPool("globalAvgPool1d", 1),
  globalAvgPool2d: globalAvgPool("globalAvgPool2d", 2),
  globalAvgPool3d: globalAvgPool("globalAvgPool3d", 3),
  globalMaxPool1d: globalMaxPool("globalMaxPool1d", 1),
  globalMaxPool2d: globalMaxPool("globalMaxPool2d", 2),
  globalMaxPool3d: globalMaxPool("globalMaxPool3d", 3),
};
