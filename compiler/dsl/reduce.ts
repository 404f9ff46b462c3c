/** Sums and means over axes. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Axes, NeedsAxes, ReduceShape } from "./types/reduce.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** Options of a reduction. */
export interface ReduceOptions<X = Axes, Keep = boolean> {
  /** An axis or several; negative axes count from the end. Default: all axes. */
  readonly axis?: X;
  /** Keep reduced axes with size 1. Default false. */
  readonly keepDims?: Keep;
}

export interface Reduction<X extends Axes, Keep> extends Layer {
  readonly [OPTIONS]: [X, Keep];
  readonly [OUT]: ReduceShape<In<this>, X, Keep>;
}

/** A reduction over axes. Throws `UserError` where the tensor has no such axis. */
export interface Reduce {
  <S extends Shape, const X extends Axes = undefined, const Keep extends boolean = false, Z extends 1 = 1>(
    x: Tensor<S>,
    options: ReduceOptions<Checked<Known<S, [X, Keep], Z>, NeedsAxes<S, X>, X>, Keep>,
  ): Tensor<Result<Known<S, [X, Keep], Z>, ReduceShape<S, X, Keep>>>;
  <S extends Shape>(x: Tensor<S>): Tensor<[]>;
  <const X extends Axes = undefined, const Keep extends boolean = false>(
    options?: ReduceOptions<X, Keep>,
  ): Reduction<X, Keep>;
}

function reduction(def: OpDef): Reduce {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as Reduce; // the overloads are what unaryOp does
}

/** The sum of the elements along axes: `sum(x, { axis: 1 })`. */
export const sum: Reduce = reduction(ops.sum);
/** The mean of the elements along axes: `mean(x, { axis: [2, 3] })`. */
export const mean: Reduce = reduction(ops.mean);
/** The product of the elements along axes. */
export const prod: Reduce = reduction(ops.prod);
/** Σ |x| along axes. */
export const l1: Reduce = reduction(ops.l1);
/** √Σ x² along axes, whose slope is 0 where all are 0. */
export const l2: Reduce = reduction(ops.l2);
/** Σ x² along axes. */
export const sumSquare: Reduce = reduction(ops.sumSquare);
/** log Σ x along axes. */
export const logSum: Reduce = reduction(ops.logSum);
/** log Σ eˣ along axes; the maximum is subtracted first, so nothing overflows. */
export const logSumExp: Reduce = reduction(ops.logSumExp);
