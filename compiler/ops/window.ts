/** Pooling: reductions over sliding windows. */

import { showShape } from "../../contract/shapes.ts";
import { must } from "../errors.ts";
import type { Axis, Expr, OpContext } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex } from "../math/affine.ts";
import { call, guard, literal, load, loadPadded, reduce } from "../math/build.ts";
import { flag, optional, otherwise, type Read, takes } from "../options.ts";
import { fail, type NoOptions, noOptions, type Pair, rank } from "./check.ts";
import {
  checkFits,
  describeWindow,
  formula,
  type Padding,
  padding,
  positions,
  spatial,
  steps,
  type Window,
  type WindowAttrs,
  windowIndex,
  windows,
} from "./geometry.ts";
import { LOWEST } from "./scalar.ts";

export interface PoolOptions {
  readonly kernel: Pair;
  /** Default: the kernel. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  readonly ceilMode?: boolean;
}
export interface MaxPoolOptions extends PoolOptions {
  /** Default 1. */
  readonly dilation?: Pair;
}
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as elements of the average. Default true. */
  readonly countIncludePad?: boolean;
}

export type PoolAttrs = WindowAttrs & { readonly ceilMode: boolean; readonly countIncludePad: boolean };

const poolFields = {
  kernel: steps,
  stride: optional(steps),
  padding: otherwise(padding, [0, 0, 0, 0]),
  ceilMode: otherwise(flag, false),
};
type PoolRead = Read<typeof poolFields> & Partial<Pick<PoolAttrs, "dilation" | "countIncludePad">>;

function pool(
  name: string,
  read: (options: unknown) => PoolRead,
  value: (
    x: Parameters<OpDef<PoolAttrs & {}>["define"]>[1],
    attrs: PoolAttrs,
    ws: readonly [Window, Window],
  ) => Expr,
): OpDef<PoolAttrs, PoolOptions> {
  return {
    name,
    arity: 1,
    options(options) {
      const { kernel, stride = kernel, dilation = [1, 1], ...given } = read(options);
      const { padding, ceilMode, countIncludePad = true } = given;
      return { kernel, stride, dilation, padding, ceilMode, countIncludePad };
    },
    infer(attrs, inputs) {
      const x = must(inputs[0], "pooling input");
      rank(name, x, 4, "[N, channels, height, width]");
      const size = spatial(name, x);
      const ws = windows(attrs, ...size);
      checkFits(name, x, ws);
      const out = size.map((n, i) => positions(n, must(ws[i], "window"), attrs.ceilMode));
      for (const [i, n] of size.entries())
        checkWindows(name, showShape(x.shape), n, must(ws[i], "window"), must(out[i], "size"), i);
      return { dtype: "f32", shape: [...x.shape.slice(0, 2), ...out] };
    },
    define(attrs, context) {
      return value(context, attrs, windows(attrs, ...spatial(name, must(context.inputs[0], "input").type)));
    },
    summary(attrs, inputs, output) {
      const size = spatial(name, must(inputs[0], "pooling input"));
      const parts = [describeWindow(attrs, attrs.kernel)];
      if (attrs.ceilMode) parts.push("ceil");
      if (!attrs.countIncludePad) parts.push("without padding");
      const text = formula(size, windows(attrs, ...size), output.shape.slice(2), attrs.ceilMode);
      return { options: parts.join(", "), formula: text };
    },
  };
}

/** Every window must hold an element of the input: a maximum or an average of nothing has no value. */
function checkWindows(op: string, shape: string, n: number, w: Window, out: number, axis: number): void {
  for (let o = 0; o < out; o++) {
    const taps = Array.from({ length: w.kernel }, (_, t) => o * w.stride + t * w.dilation - w.before);
    if (taps.some((i) => i >= 0 && i < n)) continue;
    fail(
      `${op} on ${shape}: window ${o} in ${axis === 0 ? "height" : "width"} lies wholly in the padding`,
      `each window covers an element of the input, but taps ${taps.join(", ")} miss 0 … ${n - 1}`,
      `padding of at most ${Math.floor(w.kernel / 2)}`,
    );
  }
}

/** Σ or max over the window's taps, and the taps themselves. */
function taps(
  { at, inputs, axis }: OpContext,
  attrs: PoolAttrs,
  ws: readonly [Window, Window],
  fill: number,
): { value: Expr; u: Axis; v: Axis } {
  const [n, c, h, w] = at;
  if (!n || !c || !h || !w) return fail("pooling: missing axes");
  const [u, v] = [axis("u", attrs.kernel[0]), axis("v", attrs.kernel[1])];
  const place = [axisIndex(n), axisIndex(c), windowIndex(h, u, ws[0]), windowIndex(w, v, ws[1])];
  return { value: loadPadded(must(inputs[0], "input"), place, fill), u, v };
}

/** y = max over the window; padding never wins. */
const maxPool2d = pool(
  "maxPool2d",
  takes("maxPool2d", { ...poolFields, dilation: otherwise(steps, [1, 1]) }),
  (context, attrs, ws) => {
    const { value, u, v } = taps(context, attrs, ws, LOWEST);
    return reduce("max", [u, v], value);
  },
);

/**
 * y = Σ window / count. The count is the window's size, less what hangs over the padded edge (ceilMode) and,
 * without `countIncludePad`, less the padding: a product of one count per axis.
 */
const avgPool2d = pool(
  "avgPool2d",
  takes("avgPool2d", { ...poolFields, countIncludePad: otherwise(flag, true) }),
  (context, attrs, ws) => {
    const { value, u, v } = taps(context, attrs, ws, 0);
    const size = spatial("avgPool2d", must(context.inputs[0], "input").type);
    const count = (i: 0 | 1): Expr => {
      const w = ws[i];
      const tap = context.axis(i === 0 ? "u" : "v", w.kernel);
      const index = windowIndex(must(context.at[i + 2], "axis"), tap, w);
      const bound = attrs.countIncludePad
        ? { index: add(index, w.before), extent: size[i] + w.before + w.after }
        : { index, extent: size[i] };
      return reduce("sum", [tap], guard([bound], literal(1), literal(0)));
    };
    return average(reduce("sum", [u, v], value), count(0), count(1));
  },
);

/** sum / (a · b), as a product with a constant where both counts are constant. */
function average(sum: Expr, a: Expr, b: Expr): Expr {
  if (a.kind === "const" && b.kind === "const") return call("mul", sum, literal(1 / (a.value * b.value)));
  return call("div", sum, call("mul", a, b));
}

/** y[n,c] = mean over all positions: [N, C, H, W] → [N, C, 1, 1]. */
const globalAvgPool2d: OpDef<NoOptions, unknown> = {
  name: "globalAvgPool2d",
  arity: 1,
  options: noOptions("globalAvgPool2d"),
  infer(_, inputs) {
    const x = must(inputs[0], "pooling input");
    rank("globalAvgPool2d", x, 4, "[N, channels, height, width]");
    spatial("globalAvgPool2d", x);
    return { dtype: "f32", shape: [...x.shape.slice(0, 2), 1, 1] };
  },
  define(_, { at, inputs, axis }) {
    const x = must(inputs[0], "input");
    const [height, width] = spatial("globalAvgPool2d", x.type);
    const [u, v] = [axis("h", height), axis("w", width)];
    const sum = reduce("sum", [u, v], load(x, [...at.slice(0, 2), u, v].map(axisIndex)));
    return average(sum, literal(height), literal(width));
  },
  summary: (_, inputs) => ({
    options: spatial("globalAvgPool2d", must(inputs[0], "input")).join("×"),
    formula: "",
  }),
};

export const window = { maxPool2d, avgPool2d, globalAvgPool2d };
