/** Resizing by interpolation. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { add, axisIndex, constant, scale } from "../math/affine.ts";
import { guard, literal, load, reduce, times } from "../math/build.ts";
import {
  finite,
  flag,
  type Kind,
  listOf,
  numberThat,
  oneOf,
  optional,
  otherwise,
  positive,
  takes,
} from "../options.ts";
import { fail, fixed } from "./check.ts";
import { derivedNode, gradientOrigin } from "./derived.ts";
import {
  COORDINATES,
  type Coordinates,
  endsOf,
  fraction,
  type How,
  MODES,
  type ResizeMode,
  ROUNDINGS,
  type Rounding,
  readBy,
  readersOf,
  type Sampling,
  samplingOf,
  startOf,
  weightOf,
} from "./resample.ts";

export interface ResizeOptions {
  /** The sizes wanted: a number for every axis behind [N, channels], or a list for the last axes. */
  readonly size?: number | readonly number[];
  /** Factors in place of sizes. */
  readonly scale?: number | readonly number[];
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /** Where the coordinates of the result lie in the original. Default "halfPixel". */
  readonly coordinates?: Coordinates;
  /** Of mode "nearest", how coordinates are rounded. Default "roundPreferFloor". */
  readonly nearest?: Rounding;
  /** Of mode "cubic", a of its kernel. Default −0.75. */
  readonly cubicCoefficient?: number;
  /** Of mode "cubic": what lies outside has no weight. Default false: it is the nearest element. */
  readonly excludeOutside?: boolean;
}

export type ResizeAttrs = How & {
  readonly size: number | readonly number[] | null;
  readonly scale: number | readonly number[] | null;
};

/** One for all axes, or a list. */
function oneOrList<T>(kind: Kind<T>): Kind<T | readonly T[]> {
  return {
    rule: `${kind.rule}, or a list of them`,
    example: kind.example,
    read: (value, place) =>
      Array.isArray(value) ? listOf(kind).read(value, place) : kind.read(value, place),
  };
}

const read = takes("resize", {
  size: optional(oneOrList(positive)),
  scale: optional(oneOrList(numberThat("a number above 0", 2, (x) => x > 0 && Number.isFinite(x)))),
  mode: otherwise<ResizeMode>(oneOf(MODES), "nearest"),
  coordinates: otherwise<Coordinates>(oneOf(COORDINATES), "halfPixel"),
  nearest: otherwise<Rounding>(oneOf(ROUNDINGS), "roundPreferFloor"),
  cubicCoefficient: otherwise(finite, -0.75),
  excludeOutside: otherwise(flag, false),
});

/** How each axis is read; undefined for those that stay as they are. Throws `UserError`. */
function samplingsOf(attrs: ResizeAttrs, x: TensorType): readonly (Sampling | undefined)[] {
  const { shape } = x;
  const wanted = attrs.size ?? attrs.scale ?? 1;
  const count = typeof wanted === "number" ? shape.length - 2 : wanted.length;
  if (count < 1 || count > shape.length) {
    fail(
      `resize cannot change ${count < 1 ? "the axes behind [N, channels]" : `the last ${count} axes`} of ${showShape(shape)}`,
      typeof wanted === "number"
        ? `a number stands for every axis behind [N, channels], but there are ${shape.length} axes in all`
        : `a list has a number for each of the last axes, but ${wanted.length} is not within 1 … ${shape.length}`,
      "a list with a number for each axis to be changed, counted from the last",
    );
  }
  return shape.map((d, i) => {
    const place = i - (shape.length - count);
    if (place < 0) return undefined;
    const each = typeof wanted === "number" ? wanted : must(wanted[place], "number of each axis");
    if (typeof d !== "number" && attrs.size === null && each === 1) return undefined;
    const size = fixed("resize", d, "a size that is changed");
    const [p, q] = fraction(each);
    const out = attrs.size === null ? Math.floor((size * p) / q) : each;
    if (out < 1) {
      fail(
        `resize by ${each} leaves nothing of size ${size} of ${showShape(shape)}`,
        `⌊${size} · ${each}⌋ = ${out}, but a size is at least 1`,
        "a larger scale, or size",
      );
    }
    const sampling = samplingOf(size, out, attrs.size === null ? each : undefined, attrs.coordinates);
    const isItself = size === out && sampling.a === sampling.by && sampling.b === 0;
    return isItself ? undefined : sampling;
  });
}

/**
 * y[…,o] = Σ_j w(o, j)·x[…,j] along each resized axis, with the few elements j around the coordinate of o. Of mode
 * "nearest" it is one, whose place is index algebra; else weights are computed from whole numbers.
 */
const resize: OpDef<ResizeAttrs, ResizeOptions> = {
  name: "resize",
  arity: 1,
  options(options) {
    const { size = null, scale = null, ...how } = read(options);
    if ((size === null) === (scale === null)) {
      fail(
        `resize: ${size === null ? "neither size nor scale is given" : "size and scale are given"}`,
        "either says how large the result is",
        "scale: 2",
      );
    }
    return { size, scale, ...how };
  },
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    const samplings = samplingsOf(attrs, x);
    return { dtype: x.dtype, shape: x.shape.map((d, i) => samplings[i]?.out ?? d) };
  },
  define(attrs, { at, inputs, axis }) {
    const x = must(inputs[0], "operand");
    const samplings = samplingsOf(attrs, x.type);
    if (attrs.mode === "nearest") return nearest(x, at, samplings, attrs);
    const taps: Axis[] = [];
    const weights: Expr[] = [];
    const place = at.map((o, i) => {
      const s = samplings[i];
      if (!s) return axisIndex(o);
      const span = readBy(s, attrs);
      const tap = axis("t", span.count);
      taps.push(tap);
      const j = add(startOf(span, axisIndex(o)), axisIndex(tap));
      weights.push(weightOf(s, attrs, axisIndex(o), j));
      return j;
    });
    return weighted(x, place, taps, weights);
  },
  vjp(node, grad) {
    const x = must(node.inputs[0], "operand");
    return [
      derivedNode("resize.grad", x.type, gradientOrigin(node, x), ({ at, axis }) =>
        transposed(node, grad, at, axis),
      ),
    ];
  },
  summary(attrs, inputs, output) {
    const x = must(inputs[0], "operand");
    const parts = [attrs.mode, attrs.coordinates, ...(attrs.mode === "nearest" ? [attrs.nearest] : [])];
    const sizes = samplingsOf(attrs, x).flatMap((s, i) => (s ? [`${s.size} → ${output.shape[i]}`] : []));
    return { options: parts.join(", "), formula: sizes.join("; ") };
  },
};

/** Σ over the taps of elements within the tensor, times their weights. */
function weighted(
  from: Node,
  place: readonly Index[],
  taps: readonly Axis[],
  weights: readonly Expr[],
): Expr {
  const bounds = place.map((index, d) => ({ index, extent: must(from.type.shape[d], "dimension") }));
  // The product is within the guard, so that weights are no factor of a contraction: they are computed, not read.
  return reduce(
    "sum",
    taps,
    guard(
      bounds,
      weights.reduce((a, w) => times(a, w), load(from, place)),
      literal(0),
    ),
  );
}

/** The nearest element, and of what lies outside the last one on that side. */
function nearest(x: Node, at: readonly Axis[], samplings: readonly (Sampling | undefined)[], how: How): Expr {
  const from = (place: readonly Index[]): Expr => {
    const d = place.length;
    const s = samplings[d];
    if (d === at.length) return load(x, place);
    const o = axisIndex(must(at[d], "axis"));
    if (!s) return from([...place, o]);
    const j = startOf(readBy(s, how), o);
    const [lowest, highest] = endsOf(s, how);
    const inside = from([...place, j]);
    if (lowest >= 0 && highest < s.size) return inside;
    const [first, last] = [0, s.size - 1].map((end) => from([...place, constant(end)])) as [Expr, Expr]; // two
    const below: Bound = { index: add(scale(j, -1), -1), extent: Math.max(1, -lowest) };
    const end = lowest >= 0 ? last : highest < s.size ? first : guard([below], first, last);
    return guard([{ index: j, extent: s.size }], inside, end);
  };
  return from([]);
}

/** The gradient: each element of the original sums over the elements of the result that read it. */
function transposed(
  node: OpNode,
  grad: Node,
  at: readonly Axis[],
  axis: (name: string, extent: number) => Axis,
): Expr {
  const attrs = node.attrs as unknown as ResizeAttrs; // its options gave them
  const samplings = samplingsOf(attrs, must(node.inputs[0], "operand").type);
  const taps: Axis[] = [];
  const weights: Expr[] = [];
  const place = at.map((a, i) => {
    const s = samplings[i];
    if (!s) return axisIndex(a);
    const span = readersOf(s, attrs);
    const tap = axis("t", span.count);
    taps.push(tap);
    const o = add(startOf(span, axisIndex(a)), axisIndex(tap));
    weights.push(weightOf(s, attrs, o, axisIndex(a)));
    return o;
  });
  return weighted(grad, place, taps, weights);
}

export const resizing = { resize };
