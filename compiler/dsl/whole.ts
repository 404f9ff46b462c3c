/** Between numbers and whole numbers: conversion, places of extremes and of the largest, and what whole numbers choose. */
import type { DType } from "../../contract/type.ts";
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { flag, integer, noMore, otherwise, positive, takes } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { type Identity, unaryOp } from "./layer.ts";
import { settingsOf } from "./own.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";
import type { AlongShape, EinsumShape, OneHotShape, PlaceShape, TopShape } from "./types/whole.ts";

/**
 * Numbers of another type: "i32" and "u32" are cut off towards 0, as whole numbers that `gather` reads by; "f32" is to compute with whole
 * numbers. They are exact up to 2²⁴ in size.
 */
export function cast<S extends Shape>(x: Tensor<S>, options: { readonly to: DType }): Tensor<S>;
/** The same as a layer. */
export function cast(options: { readonly to: DType }): Identity;
export function cast(...args: readonly unknown[]): unknown {
  return unaryOp(ops.cast, args);
}

/** Options of `argmax` and `argmin`. */
export interface PlaceOptions<X = number, Keep = boolean> {
  /** Default −1, the last axis. */
  readonly axis?: X;
  /** Keep the axis with size 1. Default false. */
  readonly keepDims?: Keep;
  /** Of equal elements the last one. Default false: the first. */
  readonly last?: boolean;
}

export interface Place<X extends number, Keep> extends Layer {
  readonly [OPTIONS]: [X, Keep];
  readonly [OUT]: PlaceShape<In<this>, X, Keep>;
}

/** Where an extreme stands along an axis: a tensor of i32, which `gather` takes. Gradients end there. */
export interface PlaceOp {
  <S extends Shape, const X extends number = -1, const Keep extends boolean = false, Z extends 1 = 1>(
    x: Tensor<S>,
    options: Checked<Known<S, [X, Keep], Z>, PlaceShape<S, X, Keep>, PlaceOptions<X, Keep>>,
  ): Tensor<Result<Known<S, [X, Keep], Z>, PlaceShape<S, X, Keep>>>;
  <S extends Shape, Z extends 1 = 1>(x: Tensor<S>): Tensor<Result<Known<S, [], Z>, PlaceShape<S, -1, false>>>;
  <const X extends number = -1, const Keep extends boolean = false>(
    options?: PlaceOptions<X, Keep>,
  ): Place<X, Keep>;
}

function placeOp(def: OpDef): PlaceOp {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as PlaceOp; // the overloads are what unaryOp does
}

/** The position of the largest element along an axis, by default the last; of equal ones the first. */
export const argmax: PlaceOp = placeOp(ops.argmax);
/** The position of the smallest element. */
export const argmin: PlaceOp = placeOp(ops.argmin);

export interface Along<X extends number> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: AlongShape<In<this>, X>;
}

/** An op along one axis, by default the last, with more options besides. */
export interface AlongOp<More> {
  <S extends Shape, const X extends number = -1, Z extends 1 = 1>(
    x: Tensor<S>,
    options: Checked<Known<S, [X], Z>, AlongShape<S, X>, { readonly axis?: X } & More>,
  ): Tensor<S>;
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
  <const X extends number = -1>(options?: { readonly axis?: X } & More): Along<X>;
}

function alongOp<More>(def: OpDef): AlongOp<More> {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as AlongOp<More>; // the overloads are what unaryOp does
}

/**
 * The place of each element in the sorted line along an axis, 0 for the largest, or with `largest: false` for the smallest; equal ones
 * keep their order. A line of n elements takes n² comparisons. Gradients end there.
 */
export const ranking: AlongOp<{ readonly largest?: boolean }> = alongOp(ops.ranking);

/**
 * Sums of all elements up to each one along an axis, by default the last: `exclusive` leaves the element itself out, `reverse` adds from
 * the end. A line of n elements takes n² additions, in parallel.
 */
export const cumsum: AlongOp<{ readonly exclusive?: boolean; readonly reverse?: boolean }> = alongOp(
  ops.cumsum,
);

/** Options of `topK`. */
export interface TopKOptions<K = number, X = number> {
  /** How many. */
  readonly count: K;
  /** Default −1, the last axis. */
  readonly axis?: X;
  /** The largest, or with false the smallest. Default true. */
  readonly largest?: boolean;
}

type Top<S extends Shape, K extends number, X extends number, Z> = Tensor<
  Result<Known<S, [K, X], Z>, TopShape<S, K, X>>
>;

const readTopK = takes("topK", {
  count: positive,
  axis: otherwise(integer, -1),
  largest: otherwise(flag, true),
});

/**
 * The `count` largest elements along an axis, sorted, and their positions in i32: `const [values, indices] = topK(x, { count: 5 })`. Of equal
 * ones those in front come first. A line of n elements takes n² comparisons (see `ranking`). Throws `UserError` where there are fewer.
 */
export function topK<S extends Shape, const K extends number, const X extends number = -1, Z extends 1 = 1>(
  x: Tensor<S>,
  options: Checked<Known<S, [K, X], Z>, TopShape<S, K, X>, TopKOptions<K, X>>,
): [values: Top<S, K, X, Z>, indices: Top<S, K, X, Z>];
export function topK(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, options] = args;
  return located("", trace, () => {
    noMore("topK", args, 2);
    const { count, axis, largest } = readTopK(options);
    const ranks = apply(ops.ranking, () => settingsOf(ops.ranking, { axis, largest }), [x], trace);
    const chosen = (
      def: typeof ops.topValues | typeof ops.topIndices,
      from: readonly unknown[],
      part: number,
    ) => apply(def, () => settingsOf(def, { count, axis }), from, trace, { part });
    return [chosen(ops.topValues, [x, ranks], 0), chosen(ops.topIndices, [ranks], 1)];
  });
}

/** Options of `oneHot`. */
export interface OneHotOptions<C = number, X = number> {
  /** How many classes. */
  readonly count: C;
  /** Where their axis stands in the result. Default −1, the last. */
  readonly axis?: X;
}

export interface OneHot<C extends number, X extends number> extends Layer {
  readonly [OPTIONS]: [C, X];
  readonly [OUT]: OneHotShape<In<this>, C, X>;
}

/** 1 at the class that a whole number says and 0 at others: [N, T] → [N, T, count]. A number that is no class gives zeros. */
export function oneHot<S extends Shape, const C extends number, const X extends number = -1, Z extends 1 = 1>(
  indices: Tensor<S>,
  options: Checked<Known<S, [C, X], Z>, OneHotShape<S, C, X>, OneHotOptions<C, X>>,
): Tensor<Result<Known<S, [C, X], Z>, OneHotShape<S, C, X>>>;
/** The same as a layer. */
export function oneHot<const C extends number, const X extends number = -1>(
  options: OneHotOptions<C, X>,
): OneHot<C, X>;
export function oneHot(...args: readonly unknown[]): unknown {
  return unaryOp(ops.oneHot, args);
}

/**
 * Elements of x along an axis, by default the last, each by a whole number of its own: y[i, j] = x[i, indices[i, j]]. The result has the
 * shape of the indices. As of `gather` a negative index reads the first element, one that is too large the last.
 * Throws `UserError` for indices that are f32, and where other sizes are larger than x's.
 */
export function gatherElements<I extends Shape>(
  x: Tensor,
  indices: Tensor<I>,
  options?: { readonly axis?: number },
): Tensor<I>;
export function gatherElements(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, indices, options] = args;
  located("", trace, () => noMore("gatherElements", args, 3));
  return apply(ops.gatherElements, () => settingsOf(ops.gatherElements, options), [x, indices], trace);
}

type ShapesOf<L> = { -readonly [I in keyof L]: L[I] extends Tensor<infer S> ? S : Shape };
type AllSizes<L> = L extends readonly [infer H extends Shape, ...infer T] ? [...H, ...AllSizes<T>] : [];

/**
 * A sum of products by letters, one for each axis: `einsum("nqd,nkd->nqk", [q, k])`. What the result has not is summed over; without an
 * arrow it has the letters that stand once, in their order. A letter that an operand has twice is its diagonal. Of two tensors it is
 * computed as a matrix product is; of more, multiply two of them first where that is less work.
 * Throws `UserError` where a letter stands for two sizes.
 */
export function einsum<const E extends string, const L extends readonly Tensor[], Z extends 1 = 1>(
  equation: E,
  tensors: L,
): Tensor<Result<Known<AllSizes<ShapesOf<L>>, [], Z>, EinsumShape<E, ShapesOf<L>>>>;
export function einsum(...args: readonly unknown[]): unknown {
  const trace = here();
  const [equation, tensors] = args;
  located("", trace, () => noMore("einsum", args, 2));
  const list: readonly unknown[] = Array.isArray(tensors) ? tensors : [];
  return apply(ops.einsum, () => settingsOf(ops.einsum, { equation }), list, trace);
}
