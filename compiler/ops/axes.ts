/** Ops that add, drop, repeat, stack and turn axes: each is an index map and computes nothing. */
import { showShape } from "../../contract/shapes.ts";
import type { Dim, Shape, TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch, isKnown, isSize, sameShape } from "../ir/type.ts";
import { add, axisIndex, constant, mod, scale } from "../math/affine.ts";
import { guard, literal, load, loadBroadcast } from "../math/build.ts";
import { integer, type Kind, kindOf, listOf, otherwise, positive, takes } from "../options.ts";
import { axisOf, fail, fixed } from "./check.ts";
import { broadcastShapes } from "./elementwise.ts";
import { axesKind } from "./reduce.ts";

/** Axes counted from the front, each once. */
export function axesOf(op: string, axes: readonly number[], rank: number): readonly number[] {
  const found = axes.map((a) => axisOf(op, a, rank));
  if (new Set(found).size !== found.length)
    fail(`${op}: axis lists ${axes.join(", ")}`, "each axis is named once");
  return found;
}

/** Of an op that puts something in place of the batch. */
function keepsExamples(op: string, shape: Shape): Shape {
  if (shape.slice(1).some(isBatch))
    fail(`${op} would put N inside ${showShape(shape)}`, "N is the outermost dimension");
  return shape;
}

/** The axis counted from the front, and its size, which is a number. */
export function sizeAlong(op: string, axis: number, { shape }: TensorType): readonly [number, number] {
  const d = axisOf(op, axis, shape.length);
  if (isBatch(shape[d])) fail(`${op} along the batch of ${showShape(shape)}`, "examples stay apart");
  return [d, fixed(op, shape[d], `axis ${axis}`)];
}

export interface SqueezeOptions {
  /** Default: all axes of size 1. */
  readonly axis?: number | readonly number[];
}
export type SqueezeAttrs = { readonly axes: readonly number[] | null };

const readSqueeze = takes("squeeze", { axis: otherwise<readonly number[] | null>(axesKind, null) });

function squeezed({ axes }: SqueezeAttrs, shape: Shape): readonly number[] {
  if (axes === null) return shape.flatMap((d, i) => (d === 1 ? [i] : []));
  const found = axesOf("squeeze", axes, shape.length);
  const wrong = found.find((a) => shape[a] !== 1);
  if (wrong !== undefined)
    fail(`squeeze of axis ${wrong} of ${showShape(shape)}`, "a dropped axis has size 1", "leaving axis out");
  return found;
}

const squeeze: OpDef<SqueezeAttrs, SqueezeOptions | undefined> = {
  name: "squeeze",
  moves: true,
  arity: 1,
  options: (options) => ({ axes: readSqueeze(options).axis }),
  infer(attrs, inputs) {
    const { dtype, shape } = must(inputs[0], "operand");
    const gone = squeezed(attrs, shape);
    return { dtype, shape: shape.filter((_, i) => !gone.includes(i)) };
  },
  define(attrs, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const gone = squeezed(attrs, x.type.shape);
    let next = 0;
    const index = x.type.shape.map((_, i) =>
      gone.includes(i) ? constant(0) : axisIndex(must(at[next++], "axis")),
    );
    return load(x, index);
  },
  summary: (attrs, inputs) => ({
    options: `axis ${squeezed(attrs, must(inputs[0], "operand").shape).join(", ")}`,
    formula: "",
  }),
};

export interface UnsqueezeOptions {
  /** Where axes of size 1 stand in the result. */
  readonly axis: number | readonly number[];
}
export type UnsqueezeAttrs = { readonly axes: readonly number[] };

const readUnsqueeze = takes("unsqueeze", { axis: axesKind });

const unsqueeze: OpDef<UnsqueezeAttrs, UnsqueezeOptions> = {
  name: "unsqueeze",
  moves: true,
  arity: 1,
  options: (options) => ({ axes: readUnsqueeze(options).axis }),
  infer({ axes }, inputs) {
    const { dtype, shape } = must(inputs[0], "operand");
    const rank = shape.length + axes.length;
    const made = axesOf("unsqueeze", axes, rank);
    let next = 0;
    const grown = Array.from({ length: rank }, (_, i) =>
      made.includes(i) ? 1 : must(shape[next++], "dimension"),
    );
    return { dtype, shape: keepsExamples("unsqueeze", grown) };
  },
  define({ axes }, { at, inputs }) {
    const made = axesOf("unsqueeze", axes, at.length);
    return load(must(inputs[0], "operand"), at.filter((_, i) => !made.includes(i)).map(axisIndex));
  },
  summary: ({ axes }) => ({ options: `axis ${axes.join(", ")}`, formula: "" }),
};

export interface ExpandOptions {
  /** What x is repeated to: aligned at the right, sizes are equal or 1. */
  readonly shape: readonly (Dim | unknown)[];
}
export type ExpandAttrs = { readonly shape: Shape };

const sizes: Kind<Shape> = listOf(
  kindOf(
    "a whole number of at least 1, or N",
    "1",
    (d): d is Dim => isBatch(d as Dim) || isSize(d) || (Number.isSafeInteger(d) && Number(d) >= 1),
  ),
);

const expand: OpDef<ExpandAttrs, ExpandOptions> = {
  name: "expand",
  moves: true,
  arity: 1,
  options: takes("expand", { shape: sizes }),
  infer({ shape }, inputs) {
    const x = must(inputs[0], "operand");
    return {
      dtype: x.dtype,
      shape: keepsExamples("expand", broadcastShapes("expand", x.shape, shape)),
    };
  },
  define: (_, { at, inputs }) => loadBroadcast(must(inputs[0], "operand"), at),
  summary: ({ shape }) => ({ options: showShape(shape), formula: "" }),
};

export interface TileOptions {
  /** How often x stands behind itself, along each axis. */
  readonly repeats: readonly number[];
}
export type TileAttrs = { readonly repeats: readonly number[] };

const tile: OpDef<TileAttrs, TileOptions> = {
  name: "tile",
  moves: true,
  arity: 1,
  options: takes("tile", { repeats: listOf(positive) }),
  infer({ repeats }, inputs) {
    const { dtype, shape } = must(inputs[0], "operand");
    if (repeats.length !== shape.length)
      fail(
        `tile of ${showShape(shape)} by [${repeats.join(", ")}]`,
        `a number for each axis: ${shape.length}, but there are ${repeats.length}`,
        `[${shape.map((_, i) => repeats.at(i - shape.length) ?? 1).join(", ")}]`,
      );
    const tiled = shape.map((d, i): Dim => {
      const times = repeats[i] ?? 1;
      return times === 1 ? d : times * fixed("tile", d, `axis ${i}`);
    });
    return { dtype, shape: tiled };
  },
  define({ repeats }, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const index = at.map((a, i) => {
      const size = x.type.shape[i];
      return repeats[i] === 1 || !isKnown(size) ? axisIndex(a) : mod(axisIndex(a), size);
    });
    return load(x, index);
  },
  summary: ({ repeats }) => ({ options: repeats.join("×"), formula: "" }),
};

export interface StackOptions {
  /** Where the new axis stands in the result. Default 1, behind the batch. */
  readonly axis?: number;
}
export type StackAttrs = { readonly axis: number };

const stack: OpDef<StackAttrs, StackOptions | undefined> = {
  name: "stack",
  moves: true,
  arity: "variadic",
  options: takes("stack", { axis: otherwise(integer, 1) }),
  infer(attrs, inputs) {
    const first = must(inputs[0], "operand");
    const axis = axisOf("stack", attrs.axis, first.shape.length + 1);
    const other = inputs.find((x) => !sameShape(x.shape, first.shape));
    if (other)
      fail(
        `stack cannot put ${showShape(first.shape)} beside ${showShape(other.shape)}`,
        "all tensors have one shape",
      );
    const shape = [...first.shape.slice(0, axis), inputs.length, ...first.shape.slice(axis)];
    return { dtype: first.dtype, shape: keepsExamples("stack", shape) };
  },
  define(attrs, { at, inputs }) {
    const axis = axisOf("stack", attrs.axis, at.length);
    const along = axisIndex(must(at[axis], "axis"));
    const index = at.flatMap((a, i) => (i === axis ? [] : [axisIndex(a)]));
    const parts = inputs.map((x, i) => ({
      value: load(x, index),
      bound: { index: add(along, -i), extent: 1 },
    }));
    const last = must(parts.at(-1), "operand").value;
    return parts
      .slice(0, -1)
      .reduceRight((otherwise, { value, bound }) => guard([bound], value, otherwise), last);
  },
  summary: ({ axis }, inputs) => ({ options: `${inputs.length} along axis ${axis}`, formula: "" }),
};

export interface FlipOptions {
  readonly axis: number | readonly number[];
}
export type FlipAttrs = { readonly axes: readonly number[] };

const readFlip = takes("flip", { axis: axesKind });

/** y[…, i, …] = x[…, size − 1 − i, …] */
const flip: OpDef<FlipAttrs, FlipOptions> = {
  name: "flip",
  moves: true,
  arity: 1,
  options: (options) => ({ axes: readFlip(options).axis }),
  infer({ axes }, inputs) {
    const x = must(inputs[0], "operand");
    for (const axis of axesOf("flip", axes, x.shape.length)) sizeAlong("flip", axis, x);
    return x;
  },
  define({ axes }, { at, inputs, shape }) {
    const turned = axesOf("flip", axes, at.length);
    const index = at.map((a, i) =>
      turned.includes(i) ? add(scale(axisIndex(a), -1), (shape[i] as number) - 1) : axisIndex(a),
    ); // infer: a number
    return load(must(inputs[0], "operand"), index);
  },
  summary: ({ axes }) => ({ options: `axis ${axes.join(", ")}`, formula: "" }),
};

export interface RollOptions {
  /** How many places elements move towards the end; negative: towards the front. Those beyond come in at the other side. */
  readonly shift: number;
  /** Default −1, the last axis. */
  readonly axis?: number;
}
export type RollAttrs = { readonly shift: number; readonly axis: number };

/** y[…, i, …] = x[…, (i − shift) mod size, …] */
const roll: OpDef<RollAttrs, RollOptions> = {
  name: "roll",
  moves: true,
  arity: 1,
  options: takes("roll", { shift: integer, axis: otherwise(integer, -1) }),
  infer({ axis }, inputs) {
    const x = must(inputs[0], "operand");
    sizeAlong("roll", axis, x);
    return x;
  },
  define({ shift, axis }, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const [d, size] = sizeAlong("roll", axis, x.type);
    const by = ((shift % size) + size) % size;
    const moved = (offset: number) =>
      load(
        x,
        at.map((a, i) => (i === d ? add(axisIndex(a), offset) : axisIndex(a))),
      );
    const inFront = { index: axisIndex(must(at[d], "axis")), extent: Math.max(by, 1) };
    return by === 0
      ? moved(0)
      : guard(
          [inFront],
          moved(size - by),
          guard([{ index: add(inFront.index, -by), extent: size - by }], moved(-by), literal(0)),
        );
  },
  summary: ({ shift, axis }) => ({ options: `${shift} along axis ${axis}`, formula: "" }),
};

export const axes = { squeeze, unsqueeze, expand, tile, stack, flip, roll };
