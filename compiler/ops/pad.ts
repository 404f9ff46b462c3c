/** Borders: what lies beyond a tensor's edge is a number, its edge, its mirror image or its other side. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Bound, Expr, Index } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex, constant, scale } from "../math/affine.ts";
import { guard, literal, load } from "../math/build.ts";
import { eachOf, finite, type Kind, natural, oneOf, optional, otherwise, takes } from "../options.ts";
import { axesOf } from "./axes.ts";
import { fail, fixed } from "./check.ts";
import { numbers, type Steps } from "./geometry.ts";
import { axesKind } from "./reduce.ts";

export type PadMode = "constant" | "reflect" | "edge" | "wrap";

export interface PadOptions {
  /** Of the last two dimensions; with `axis`, [before, after] of each of them, or a number for all ends. */
  readonly padding: Steps;
  /** What is put there, in mode "constant". Default 0. */
  readonly value?: number;
  /**
   * "constant": `value`; "edge": the nearest element; "reflect": the mirror image about the outermost element, which is not
   * repeated; "wrap": the other side's elements. Default "constant".
   */
  readonly mode?: PadMode;
  /** Default: the last two. */
  readonly axis?: number | readonly number[];
}
export type PadAttrs = {
  readonly axes: readonly number[];
  /** Before and after each axis. */
  readonly padding: readonly number[];
  readonly value: number;
  readonly mode: PadMode;
};

const LAST: readonly number[] = [-2, -1];
const common = {
  value: otherwise(finite, 0),
  mode: otherwise<PadMode>(oneOf(["constant", "reflect", "edge", "wrap"]), "constant"),
  axis: optional(axesKind),
};
const ofPictures = takes("pad", { padding: numbers, ...common });
const endsOf = (axes: readonly number[]): Kind<readonly number[]> =>
  eachOf(
    natural,
    axes.flatMap((a) => [`before ${a}`, `after ${a}`]),
  );

interface Padded {
  readonly axis: number;
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

function paddedAxes({ axes, padding }: PadAttrs, x: TensorType): readonly Padded[] {
  if (x.shape.length < 2 && axes.join() === LAST.join())
    fail(`pad needs at least two dimensions, but its input is ${showShape(x.shape)}`);
  return axesOf("pad", axes, x.shape.length).map((axis, i) => ({
    axis,
    size: fixed("pad", x.shape[axis], "a padded dimension"),
    before: padding[2 * i] ?? 0,
    after: padding[2 * i + 1] ?? 0,
  }));
}

/** What a border is taken from has as many elements. */
function checkBorder(mode: PadMode, x: TensorType, { axis, size, before, after }: Padded): void {
  const most = mode === "reflect" ? size - 1 : size;
  if ((mode !== "reflect" && mode !== "wrap") || Math.max(before, after) <= most) return;
  fail(
    `pad of axis ${axis} of ${showShape(x.shape)} by ${before} and ${after}, mode "${mode}"`,
    `at most ${most}, the elements that a border is taken from`,
    'mode "edge", or a smaller padding',
  );
}

/** Where an element of a border comes from: in front of the axis, and behind it. */
function sources(mode: PadMode, at: Index, size: number): readonly [Index, Index] {
  if (mode === "edge") return [constant(0), constant(size - 1)];
  if (mode === "wrap") return [add(at, size), add(at, -size)];
  return [scale(at, -1), add(scale(at, -1), 2 * (size - 1))];
}

export const pad: OpDef<PadAttrs, PadOptions> = {
  name: "pad",
  moves: true,
  arity: 1,
  options(options) {
    const axes =
      options === undefined || options === null
        ? undefined
        : common.axis.read(options.axis, { of: "pad", option: "axis", name: "axis" });
    if (axes === undefined) {
      const { padding, value, mode } = ofPictures(options);
      return { axes: LAST, padding, value, mode };
    }
    const { padding, value, mode } = takes("pad", { padding: endsOf(axes), ...common })(options);
    return { axes, padding, value, mode };
  },
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    const shape = [...x.shape];
    for (const padded of paddedAxes(attrs, x)) {
      checkBorder(attrs.mode, x, padded);
      shape[padded.axis] = padded.size + padded.before + padded.after;
    }
    return { dtype: x.dtype, shape };
  },
  define(attrs, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const { mode, value } = attrs;
    const padded = paddedAxes(attrs, x.type);
    const inside = (d: number): Padded | undefined => padded.find((p) => p.axis === d);
    const index = at.map((a, d) => add(axisIndex(a), -(inside(d)?.before ?? 0)));
    const within = (d: number): Bound => ({
      index: must(index[d], "axis"),
      extent: must(x.type.shape[d], "dimension"),
    });
    if (mode === "constant")
      return guard(
        at.map((_, d) => within(d)),
        load(x, index),
        literal(value),
      );
    const from = (d: number, chosen: readonly Index[]): Expr => {
      const here = index[d];
      if (here === undefined) return load(x, chosen);
      const choose = (one: Index): Expr => from(d + 1, [...chosen, one]);
      const p = inside(d);
      if (!p) return choose(here);
      const [front, behind] = sources(mode, here, p.size);
      const nothing = literal(0);
      const after =
        p.after > 0
          ? guard([{ index: add(here, -p.size), extent: p.after }], choose(behind), nothing)
          : nothing;
      const before =
        p.before > 0
          ? guard([{ index: add(here, p.before), extent: p.before }], choose(front), after)
          : after;
      return guard([within(d)], choose(here), before);
    };
    return from(0, []);
  },
  summary(attrs, inputs, output) {
    const { padding, value, mode } = attrs;
    const padded = paddedAxes(attrs, must(inputs[0], "operand"));
    const [t, b, l, r] = padding;
    const pictures =
      padding.length === 4 && t === b && l === r ? (t === l ? `${t}` : `${t}×${l}`) : `${padding}`;
    const besides = mode === "constant" ? (value === 0 ? "" : `, value ${value}`) : `, ${mode}`;
    return {
      options: `${pictures}${besides}`,
      formula: padded.map((p) => `${p.size} + ${p.before} + ${p.after} = ${output.shape[p.axis]}`).join("; "),
    };
  },
};
