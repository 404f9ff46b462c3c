/** Positions along one axis. */
import { cuts, ops } from "../ops/index.ts";
import { noMore } from "../options.ts";
import { apply, checkOperand, here, located } from "./build.ts";
import { unaryOp } from "./layer.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";
import type { PartsOf, SliceShape, SplitShapes } from "./types/slice.ts";

/** Options of `slice`. */
export interface SliceOptions<X = number, A = number | undefined, E = number | undefined, P = number> {
  /** Default 1, the channels. */
  readonly axis?: X;
  /** The first position. Default 0, or the last one where the step is negative. */
  readonly start?: A;
  /** The position before which it ends, in the direction of the step. Default: behind the axis' last one, or its first. */
  readonly end?: E;
  /** From one position to the next; negative: towards the front. Default 1. */
  readonly step?: P;
}

export interface Slice<
  X extends number,
  A extends number | undefined,
  E extends number | undefined,
  P extends number,
> extends Layer {
  readonly [OPTIONS]: [X, A, E, P];
  readonly [OUT]: SliceShape<In<this>, X, A, E, P>;
}

/**
 * Positions of an axis: `slice(x, { start: 2, end: 5 })` turns [N, 8, 28, 28] into [N, 3, 28, 28], and `step: 2` takes every second one.
 * Of several axes it is a slice for each. Nothing is stored for it. Throws `UserError` where positions are not within the axis, and for the batch's axis.
 */
export function slice<
  S extends Shape,
  const X extends number = 1,
  const A extends number | undefined = undefined,
  const E extends number | undefined = undefined,
  const P extends number = 1,
  Z extends 1 = 1,
>(
  x: Tensor<S>,
  options: Checked<Known<S, [X, A, E, P], Z>, SliceShape<S, X, A, E, P>, SliceOptions<X, A, E, P>>,
): Tensor<Result<Known<S, [X, A, E, P], Z>, SliceShape<S, X, A, E, P>>>;
/** The same as a layer. */
export function slice<
  const X extends number = 1,
  const A extends number | undefined = undefined,
  const E extends number | undefined = undefined,
  const P extends number = 1,
>(options: SliceOptions<X, A, E, P>): Slice<X, A, E, P>;
export function slice(...args: readonly unknown[]): unknown {
  return unaryOp(ops.slice, args);
}

/** Options of `split`: sizes, or the number of parts. */
export interface SplitOptions<X = number, L = readonly number[] | undefined, C = number | undefined> {
  /** Default 1, the channels. */
  readonly axis?: X;
  /** Of the parts, along the axis: they add up to its size. */
  readonly sizes?: L;
  /** So many parts of one size. */
  readonly parts?: C;
}

type ListOf<L> = L extends readonly number[] ? L : [];
type SplitKnown<S extends Shape, X, L, C, Z> = Known<S, [X, C, ...ListOf<L>], Z>;
type Each<Shapes> = { -readonly [I in keyof Shapes]: Tensor<Result<1, Shapes[I]>> };
type Every<Parts, S> = { -readonly [I in keyof Parts]: S };
/** A tensor for each shape of V; where it is none, or not known, as many tensors as there are sizes. */
type Cut<K, V, L, C> = {
  0: Every<PartsOf<L, C>, Tensor>;
  1: V extends readonly unknown[] ? Each<V> : Every<PartsOf<L, C>, Tensor<Result<1, V>>>;
}[K extends 0 ? 0 : 1];

/**
 * A tensor cut into parts along an axis, by default 1, the channels, each a tensor of its own: `const [a, b] = split(x, { sizes: [3, 5] })`,
 * or `split(x, { parts: 2 })` for parts of one size. A part is a `slice`: where it is read, x is.
 * Throws `UserError` where the sizes do not add up to that of the axis, and for the batch's axis.
 */
export function split<
  S extends Shape,
  const X extends number = 1,
  const L extends readonly number[] | undefined = undefined,
  const C extends number | undefined = undefined,
  Z extends 1 = 1,
>(
  x: Tensor<S>,
  options: Checked<SplitKnown<S, X, L, C, Z>, SplitShapes<S, X, L, C>, SplitOptions<X, L, C>>,
): Cut<SplitKnown<S, X, L, C, Z>, SplitShapes<S, X, L, C>, L, C>;
export function split(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, options] = args;
  return located("", trace, () => {
    noMore("split", args, 2);
    checkOperand("split", x, 0);
    const type = isTensor(x) ? x.node.type : { dtype: "f32" as const, shape: [] };
    return cuts(options, type).map((attrs, part) =>
      apply(ops.slice, () => ({ attrs }), [x], trace, { part }),
    );
  });
}
