/** Between numbers and whole numbers: conversion, places of extremes, sorted places, and what whole numbers choose. */
import { showShape } from "../../contract/shapes.ts";
import type { DType, TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Axis, Expr, Index, OpContext } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch, isKnown, sameShape } from "../ir/type.ts";
import { axisIndex, lookup } from "../math/affine.ts";
import { call, literal, load, position, reduce, size } from "../math/build.ts";
import { flag, integer, oneOf, otherwise, positive, takes } from "../options.ts";
import { sizeAlong } from "./axes.ts";
import { axisOf, fail } from "./check.ts";
import { checkIndices } from "./gather.ts";

const less = (a: Expr, b: Expr): Expr => call("less", a, b);
const choose = (condition: Expr, a: Expr, b: Expr): Expr => call("select", condition, a, b);
const zero = literal(0);

export interface CastOptions {
  readonly to: DType;
}
export type CastAttrs = { readonly to: DType };

/** Towards 0, and of u32 at least 0; whole numbers as numbers are exact up to 2²⁴. */
const cast: OpDef<CastAttrs, CastOptions> = {
  name: "cast",
  arity: 1,
  converts: true,
  options: takes("cast", { to: oneOf(["f32", "i32", "u32"]) }),
  infer: ({ to }, inputs) => ({ dtype: to, shape: must(inputs[0], "operand").shape }),
  define({ to }, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const number = load(x, at.map(axisIndex));
    if (to === "f32" || x.type.dtype === to) return number;
    const whole =
      x.type.dtype === "f32"
        ? choose(less(number, zero), call("ceil", number), call("floor", number))
        : number;
    return to === "u32" ? call("max", whole, zero) : whole;
  },
  summary: ({ to }) => ({ options: to, formula: "" }),
};

export interface PlaceOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** Keep the axis with size 1. Default false. */
  readonly keepDims?: boolean;
  /** Of equal elements the last one. Default false: the first. */
  readonly last?: boolean;
}
export type PlaceAttrs = { readonly axis: number; readonly keepDims: boolean; readonly last: boolean };

/** The axis that is looked along, counted from the front. */
function along(op: string, axis: number, { shape }: TensorType): number {
  const d = axisOf(op, axis, shape.length);
  if (isBatch(shape[d])) fail(`${op} along the batch of ${showShape(shape)}`, "examples stay apart");
  return d;
}

/** Two reductions: the extreme, and the first or last place that has it. */
function place(name: string, op: "max" | "min"): OpDef<PlaceAttrs, PlaceOptions | undefined> {
  return {
    name,
    arity: 1,
    detached: true,
    twice: true,
    options: takes(name, {
      axis: otherwise(integer, -1),
      keepDims: otherwise(flag, false),
      last: otherwise(flag, false),
    }),
    infer({ axis, keepDims }, inputs) {
      const { shape } = must(inputs[0], "operand");
      const d = along(name, axis, { dtype: "f32", shape });
      const kept = shape.flatMap((size, i) => (i !== d ? [size] : keepDims ? [1] : []));
      return { dtype: "i32", shape: kept };
    },
    define({ axis, keepDims, last }, context) {
      const x = must(context.inputs[0], "operand");
      const d = along(name, axis, x.type);
      const others = context.at.filter((_, i) => !keepDims || i !== d).map(axisIndex);
      const extent = must(x.type.shape[d], "dimension");
      const element = (a: Axis): Expr => load(x, [...others.slice(0, d), axisIndex(a), ...others.slice(d)]);
      const [j, k] = [context.axis("j", extent), context.axis("k", extent)];
      const isIt = call("equal", element(k), reduce(op, [j], element(j)));
      const end = call("sub", size(extent), literal(1));
      const found = last
        ? reduce("max", [k], choose(isIt, position(axisIndex(k)), zero))
        : reduce("min", [k], choose(isIt, position(axisIndex(k)), end));
      return extent === 1 ? zero : found;
    },
    summary: ({ axis, last }) => ({ options: `axis ${axis}${last ? ", the last" : ""}`, formula: "" }),
  };
}

export interface RankingOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** From the largest to the smallest. Default true. */
  readonly largest?: boolean;
}
export type RankingAttrs = { readonly axis: number; readonly largest: boolean };

/** How many elements of the line stand before each: those that are larger, and equal ones in front of it. */
const ranking: OpDef<RankingAttrs, RankingOptions | undefined> = {
  name: "ranking",
  arity: 1,
  detached: true,
  twice: true,
  options: takes("ranking", { axis: otherwise(integer, -1), largest: otherwise(flag, true) }),
  infer({ axis }, inputs) {
    const { shape } = must(inputs[0], "operand");
    along("ranking", axis, { dtype: "f32", shape });
    return { dtype: "f32", shape };
  },
  define({ axis, largest }, { at, inputs, axis: newAxis }) {
    const x = must(inputs[0], "operand");
    const d = along("ranking", axis, x.type);
    const k = newAxis("k", must(x.type.shape[d], "dimension"));
    const here = must(at[d], "axis");
    const own = load(x, at.map(axisIndex));
    const other = load(
      x,
      at.map((a, i) => axisIndex(i === d ? k : a)),
    );
    const before = largest ? less(own, other) : less(other, own);
    const inFront = less(position(axisIndex(k)), position(axisIndex(here)));
    return reduce("sum", [k], choose(call("equal", own, other), inFront, before));
  },
  summary: ({ axis, largest }) => ({
    options: `axis ${axis}${largest ? "" : ", the smallest first"}`,
    formula: "",
  }),
};

export interface ChosenOptions {
  /** How many. */
  readonly count: number;
  /** Default −1, the last axis. */
  readonly axis?: number;
}
export type ChosenAttrs = { readonly count: number; readonly axis: number };

/** Σ over a line of what has the wanted place: one element has it. */
function chosen(
  { axis, count }: ChosenAttrs,
  { at, axis: newAxis }: OpContext,
  ranks: OpContext["inputs"][number],
  value: (index: readonly Index[], k: Axis) => Expr,
): Expr {
  const d = axisOf("topK", axis, at.length);
  const k = newAxis("k", must(ranks.type.shape[d], "dimension"));
  const index = at.map((a, i) => axisIndex(i === d ? k : a));
  const wanted = count === 1 ? zero : position(axisIndex(must(at[d], "axis")));
  return reduce("sum", [k], choose(call("equal", load(ranks, index), wanted), value(index, k), zero));
}

function checkCount({ axis, count }: ChosenAttrs, x: TensorType): readonly [number, TensorType["shape"]] {
  const [d, n] = sizeAlong("topK", axis, x);
  if (count > n)
    fail(
      `topK of ${count} along axis ${axis} of ${showShape(x.shape)}`,
      `at most ${n}, the axis' size`,
      `count: ${n}`,
    );
  return [d, x.shape.map((size, i) => (i === d ? count : size))];
}

const readChosen = takes("topK", { count: positive, axis: otherwise(integer, -1) });

/** The elements whose places in a ranking are 0 … count − 1. */
const topValues: OpDef<ChosenAttrs, ChosenOptions> = {
  name: "topValues",
  arity: 2,
  options: readChosen,
  infer(attrs, inputs) {
    const [x, ranks] = [must(inputs[0], "operand"), must(inputs[1], "ranking")];
    if (!sameShape(x.shape, ranks.shape))
      fail(
        `topValues of ${showShape(x.shape)} by a ranking ${showShape(ranks.shape)}`,
        "both have one shape",
      );
    return { dtype: "f32", shape: checkCount(attrs, x)[1] };
  },
  define(attrs, context) {
    const [x, ranks] = [must(context.inputs[0], "operand"), must(context.inputs[1], "ranking")];
    return chosen(attrs, context, ranks, (index) => load(x, index));
  },
  summary: ({ count, axis }) => ({ options: `${count} along axis ${axis}`, formula: "" }),
};

/** Their positions along the axis. */
const topIndices: OpDef<ChosenAttrs, ChosenOptions> = {
  name: "topIndices",
  arity: 1,
  detached: true,
  options: readChosen,
  infer: (attrs, inputs) => ({ dtype: "i32", shape: checkCount(attrs, must(inputs[0], "ranking"))[1] }),
  define: (attrs, context) =>
    chosen(attrs, context, must(context.inputs[0], "ranking"), (_, k) => position(axisIndex(k))),
  summary: ({ count, axis }) => ({ options: `${count} along axis ${axis}`, formula: "" }),
};

export interface OneHotOptions {
  /** How many classes. */
  readonly count: number;
  /** Where their axis stands in the result. Default −1, the last. */
  readonly axis?: number;
}
export type OneHotAttrs = { readonly count: number; readonly axis: number };

/** y[…, c, …] = 1 where the number is c, else 0 */
const oneHot: OpDef<OneHotAttrs, OneHotOptions> = {
  name: "oneHot",
  arity: 1,
  converts: true,
  detached: true,
  options: takes("oneHot", { count: positive, axis: otherwise(integer, -1) }),
  infer({ count, axis }, inputs) {
    const x = must(inputs[0], "indices");
    checkIndices("oneHot", x, count);
    const d = axisOf("oneHot", axis, x.shape.length + 1);
    const shape = [...x.shape.slice(0, d), count, ...x.shape.slice(d)];
    if (shape.slice(1).some(isBatch))
      fail(`oneHot would put N inside ${showShape(shape)}`, "N is the outermost dimension");
    return { dtype: "f32", shape };
  },
  define({ axis }, { at, inputs }) {
    const d = axisOf("oneHot", axis, at.length);
    const index = at.filter((_, i) => i !== d).map(axisIndex);
    return call("equal", load(must(inputs[0], "indices"), index), position(axisIndex(must(at[d], "axis"))));
  },
  summary: ({ count }) => ({ options: `${count} ${plural(count, "class", "classes")}`, formula: "" }),
};

export interface GatherElementsOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
}
export type GatherElementsAttrs = { readonly axis: number };

/** y[…, i, …] = x[…, indices[…, i, …], …] */
const gatherElements: OpDef<GatherElementsAttrs, GatherElementsOptions | undefined> = {
  name: "gatherElements",
  moves: true,
  arity: 2,
  options: takes("gatherElements", { axis: otherwise(integer, -1) }),
  where: ({ axis }, inputs) => {
    const { shape } = must(inputs[0], "operand");
    return { operand: 1, below: must(shape[axisOf("gatherElements", axis, shape.length)], "dimension") };
  },
  infer({ axis }, inputs) {
    const [x, indices] = [must(inputs[0], "operand"), must(inputs[1], "indices")];
    const d = along("gatherElements", axis, x);
    checkIndices("gatherElements", indices, must(x.shape[d], "dimension"));
    const fits = (size: TensorType["shape"][number], i: number): boolean => {
      const whole = x.shape[i];
      return i === d || size === whole || (isKnown(size) && isKnown(whole) && size < whole);
    };
    if (indices.shape.length !== x.shape.length || !indices.shape.every(fits))
      fail(
        `gatherElements from ${showShape(x.shape)} by ${showShape(indices.shape)}`,
        `indices have as many axes, and sizes of at most x's apart from axis ${d}`,
      );
    return { dtype: x.dtype, shape: indices.shape };
  },
  define({ axis }, { at, inputs }) {
    const [x, indices] = [must(inputs[0], "operand"), must(inputs[1], "indices")];
    const d = axisOf("gatherElements", axis, at.length);
    const row = lookup(indices, at.map(axisIndex), must(x.type.shape[d], "dimension"));
    return load(
      x,
      at.map((a, i) => (i === d ? row : axisIndex(a))),
    );
  },
  summary: ({ axis }) => ({ options: `along axis ${axis}`, formula: "" }),
};

export const whole = {
  cast,
  argmax: place("argmax", "max"),
  argmin: place("argmin", "min"),
  ranking,
  topValues,
  topIndices,
  oneHot,
  gatherElements,
};
