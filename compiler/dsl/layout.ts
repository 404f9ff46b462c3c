/** Ops that move elements and compute nothing. */
import { ops } from "../ops/index.ts";
import { noMore } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { unaryOp } from "./layer.ts";
import { settingsOf } from "./own.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type {
  ConcatShape,
  FlattenShape,
  PadShape,
  ReshapeShape,
  Target,
  TransposeShape,
} from "./types/layout.ts";
import type { Axes } from "./types/reduce.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

export interface Flatten extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: FlattenShape<In<this>>;
}

/** [N, a, b, …] → [N, a·b·…] */
export function flatten<S extends Shape, Z extends 1 = 1>(
  x: Checked<Known<S, [], Z>, FlattenShape<S>, Tensor<S>>,
): Tensor<Result<Known<S, [], Z>, FlattenShape<S>>>;
/** The same as a layer. */
export function flatten(): Flatten;
export function flatten(...args: readonly unknown[]): unknown {
  return unaryOp(ops.flatten, args);
}

export interface Reshape<R extends Target> extends Layer {
  readonly [OPTIONS]: R;
  readonly [OUT]: ReshapeShape<In<this>, R>;
}

/**
 * The same elements in row-major order in another shape: `reshape(x, [N, 16, -1])`. One size may be −1: what is
 * left. N stays the first size. Throws `UserError` where the numbers of elements differ.
 */
export function reshape<S extends Shape, const R extends Target, Z extends 1 = 1>(
  x: Tensor<S>,
  shape: Checked<Known<S, R, Z>, ReshapeShape<S, R>, R>,
): Tensor<Result<Known<S, R, Z>, ReshapeShape<S, R>>>;
/** The same as a layer. */
export function reshape<const R extends Target>(shape: R): Reshape<R>;
export function reshape(...args: readonly unknown[]): unknown {
  const [first, second, ...more] = args;
  return isTensor(first) || second !== undefined
    ? unaryOp(ops.reshape, [first, { shape: second }, ...more])
    : unaryOp(ops.reshape, [{ shape: first }, undefined, ...more]);
}

export interface Transpose<P extends readonly number[] | undefined> extends Layer {
  readonly [OPTIONS]: [P];
  readonly [OUT]: TransposeShape<In<this>, P>;
}

/**
 * Axes in another order: axis i of the result is axis order[i] of x. N stays first.
 * Throws `UserError` where the order does not list every axis once.
 */
export function transpose<S extends Shape, const P extends readonly number[], Z extends 1 = 1>(
  x: Tensor<S>,
  order: Checked<Known<S, P, Z>, TransposeShape<S, P>, P>,
): Tensor<Result<Known<S, P, Z>, TransposeShape<S, P>>>;
/** The last two axes swap; or, without a tensor, a layer. */
export function transpose<
  const A extends Tensor | readonly number[] | undefined = undefined,
  Z extends 1 = 1,
>(
  first?: Checked<Known<SizesOf<A>, [], Z>, A extends Tensor<infer S> ? TransposeShape<S, undefined> : A, A>,
): A extends Tensor<infer S>
  ? Tensor<Result<Known<S, [], Z>, TransposeShape<S, undefined>>>
  : A extends readonly number[]
    ? Transpose<A>
    : Transpose<undefined>;
export function transpose(...args: readonly unknown[]): unknown {
  const [first, second, ...more] = args;
  const options = (order: unknown): unknown => (order === undefined ? undefined : { order });
  return isTensor(first) || second !== undefined
    ? unaryOp(ops.transpose, [first, options(second), ...more])
    : unaryOp(ops.transpose, [options(first), undefined, ...more]);
}

type SizesOf<A> = A extends Tensor<infer S> ? S : [];
type ShapesOf<L> = { -readonly [I in keyof L]: L[I] extends Tensor<infer S> ? S : Shape };
type AllSizes<L> = L extends readonly [infer H extends Shape, ...infer T] ? [...H, ...AllSizes<T>] : [];

/**
 * Tensors joined along an axis, by default 1, the channels: `concat([a, b, c], { axis: 1 })`. All other sizes
 * are equal. Throws `UserError` where they are not.
 */
export function concat<const L extends readonly Tensor[], const X extends number = 1, Z extends 1 = 1>(
  tensors: Checked<Known<AllSizes<ShapesOf<L>>, [X], Z>, ConcatShape<ShapesOf<L>, X>, L>,
  options?: { readonly axis?: X },
): Tensor<Result<Known<AllSizes<ShapesOf<L>>, [X], Z>, ConcatShape<ShapesOf<L>, X>>>;
export function concat(...args: readonly unknown[]): unknown {
  const trace = here();
  const [tensors, options] = args;
  located("", trace, () => noMore("concat", args, 2));
  const list: readonly unknown[] = Array.isArray(tensors) ? tensors : [];
  return apply(ops.concat, () => settingsOf(ops.concat, options), list, trace);
}

/** Options of `pad`. */
export interface PadOptions<P = Padding | readonly number[], X = number | readonly number[] | undefined> {
  /**
   * Of the last two dimensions: a number, [vertical, horizontal] or [top, bottom, left, right]. With `axis`: a number for all ends, or
   * [before, after] of each of its axes, one after the other.
   */
  readonly padding: P;
  /** What is put there, in mode "constant". Default 0. */
  readonly value?: number;
  /**
   * "constant": `value`; "edge": the nearest element; "reflect": the mirror image about the outermost element, which is not
   * repeated; "wrap": the other side's elements. Default "constant".
   */
  readonly mode?: "constant" | "reflect" | "edge" | "wrap";
  /** An axis or several. Default: the last two. */
  readonly axis?: X;
}
type Padding = number | readonly [number, number] | readonly [number, number, number, number];

export interface Pad<P, X extends Axes> extends Layer {
  readonly [OPTIONS]: [P, X];
  readonly [OUT]: PadShape<In<this>, P, X>;
}

/**
 * A border: [N, C, H, W] → [N, C, H + top + bottom, W + left + right], or around any axes.
 * Throws `UserError` where a border in mode "reflect" or "wrap" is larger than what it is taken from.
 */
export function pad<
  S extends Shape,
  const P extends number | readonly number[],
  const X extends Axes = undefined,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [P, X], Z>, PadShape<S, P, X>, Tensor<S>>,
  options: PadOptions<P, X>,
): Tensor<Result<Known<S, [P, X], Z>, PadShape<S, P, X>>>;
/** The same as a layer. */
export function pad<const P extends number | readonly number[], const X extends Axes = undefined>(
  options: PadOptions<P, X>,
): Pad<P, X>;
export function pad(...args: readonly unknown[]): unknown {
  return unaryOp(ops.pad, args);
}
