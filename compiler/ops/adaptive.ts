/** Pooling to a size: windows of what size it takes, which cover the input evenly. */
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex, div, scale } from "../math/affine.ts";
import { guard, literal, load, position, reduce } from "../math/build.ts";
import { takes } from "../options.ts";
import { needsImage, type Rank, type Steps, spatial, steps } from "./geometry.ts";
import { LOWEST } from "./scalar.ts";
import { average } from "./window.ts";

export interface AdaptivePoolOptions {
  /** The sizes of the result. */
  readonly size: Steps;
}
export type AdaptivePoolAttrs = { readonly size: readonly number[] };

/** The windows of one axis: window i is ⌊i·n / out⌋ … ⌈(i + 1)·n / out⌉ − 1, as PyTorch has it. */
interface Windows {
  /** The elements of the longest one. */
  readonly most: number;
  /** Whether all are that long. */
  readonly isEven: boolean;
  start(i: Index): Index;
  length(i: Index): Index;
}

function windowsOf(n: number, out: number): Windows {
  const lengths = Array.from(
    { length: out },
    (_, i) => Math.ceil(((i + 1) * n) / out) - Math.floor((i * n) / out),
  );
  const start = (i: Index): Index => div(scale(i, n), out);
  return {
    most: Math.max(...lengths),
    isEven: new Set(lengths).size === 1,
    start,
    length: (i) => add(div(add(scale(i, n), n + out - 1), out), scale(start(i), -1)),
  };
}

function adaptive(
  name: string,
  axes: Rank,
  fill: number,
  value: (element: Expr, over: readonly Axis[], counts: readonly Expr[]) => Expr,
): OpDef<AdaptivePoolAttrs, AdaptivePoolOptions> {
  return {
    name,
    arity: 1,
    options: takes(name, { size: steps[axes] }),
    infer({ size }, inputs) {
      const x = must(inputs[0], "pooling input");
      needsImage(name, x, axes);
      spatial(name, x, axes);
      return { dtype: "f32", shape: [...x.shape.slice(0, 2), ...size] };
    },
    define({ size }, { at, inputs, axis }) {
      const x = must(inputs[0], "input");
      const [lead, places] = [at.slice(0, 2).map(axisIndex), at.slice(2).map(axisIndex)];
      const windows = spatial(name, x.type, axes).map((n, i) => windowsOf(n, must(size[i], "size")));
      const over = windows.map((w, i) => axis(must(["t", "u", "v"].at(i - axes), "name"), w.most));
      const bounds: Bound[] = [];
      const counts: Expr[] = [];
      const place = windows.map((w, i) => {
        const [o, t] = [must(places[i], "position"), axisIndex(must(over[i], "tap"))];
        if (!w.isEven) bounds.push({ index: add(w.length(o), -1, scale(t, -1)), extent: w.most });
        counts.push(w.isEven ? literal(w.most) : position(w.length(o)));
        const index = add(w.start(o), t);
        bounds.push({ index, extent: must(x.type.shape[i + 2], "size") as number }); // `spatial` has asked
        return index;
      });
      return value(guard(bounds, load(x, [...lead, ...place]), literal(fill)), over, counts);
    },
    summary: ({ size }, inputs) => ({
      options: `${spatial(name, must(inputs[0], "pooling input"), axes).join("×")} → ${size.join("×")}`,
      formula: "",
    }),
  };
}

/** The mean of each window. */
const adaptiveAvgPool = (name: string, axes: Rank) =>
  adaptive(name, axes, 0, (element, over, counts) => average(reduce("sum", over, element), counts));
/** The maximum of each window. */
const adaptiveMaxPool = (name: string, axes: Rank) =>
  adaptive(name, axes, LOWEST, (element, over) => reduce("max", over, element));

export const adaptivePools = {
  adaptiveAvgPool1d: adaptiveAvgPool("adaptiveAvgPool1d", 1),
  adaptiveAvgPool2d: adaptiveAvgPool("adaptiveAvgPool2d", 2),
  adaptiveAvgPool3d: adaptiveAvgPool("adaptiveAvgPool3d", 3),
  adaptiveMaxPool1d: adaptiveMaxPool("adaptiveMaxPool1d", 1),
  adaptiveMaxPool2d: adaptiveMaxPool("adaptiveMaxPool2d", 2),
  adaptiveMaxPool3d: adaptiveMaxPool("adaptiveMaxPool3d", 3),
};
