/** Arithmetic on two tensors, with broadcasting; a number may stand for either. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { isOperand, type Operand } from "./build.ts";
import { binaryOp, unaryOp } from "./layer.ts";
import type { ReduceOptions, Reduction } from "./reduce.ts";
import type { Tensor } from "./tensor.ts";
import type { Broadcast } from "./types/broadcast.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Axes, NeedsAxes, ReduceShape } from "./types/reduce.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** Its input combined with B. */
export interface Combined<B extends Shape> extends Layer {
  readonly [OPTIONS]: B;
  readonly [OUT]: Broadcast<In<this>, B>;
}

/**
 * An operation on two tensors, element by element. Shapes align at the right and sizes are equal or 1 (NumPy's
 * rule). A number stands for a tensor without dimensions. With one operand it is a layer: `add(1)`.
 * Throws `UserError` where two sizes clash.
 */
export interface Arithmetic {
  <A extends Shape = [], B extends Shape = [], Z extends 1 = 1>(
    a: Tensor<A> | number,
    b: Checked<Known<A, B, Z>, Broadcast<A, B>, Tensor<B> | number>,
  ): Tensor<Result<Known<A, B, Z>, Broadcast<A, B>>>;
  <B extends Shape = []>(b: Tensor<B> | number): Combined<B>;
}

export function arithmetic(def: OpDef): Arithmetic {
  const op = (...args: readonly unknown[]): unknown => binaryOp(def, args);
  return op as Arithmetic; // the overloads are what binaryOp does
}

/** a + b */
export const add: Arithmetic = arithmetic(ops.add);
/** a − b */
export const sub: Arithmetic = arithmetic(ops.sub);
/** a · b */
export const mul: Arithmetic = arithmetic(ops.mul);
/** a / b */
export const div: Arithmetic = arithmetic(ops.div);
/** a to the power of b */
export const pow: Arithmetic = arithmetic(ops.pow);

/** a less a multiple of b by a whole number, with the sign of b: mod(−1, 3) is 2. */
export const mod: Arithmetic = arithmetic(ops.mod);
/** a less a multiple of b by a whole number, with the sign of a, as C's fmod: fmod(−1, 3) is −1. */
export const fmod: Arithmetic = arithmetic(ops.fmod);
/** x where x > 0, else x · slope, with a tensor of slopes that broadcasts: a param() [channels, 1, 1]. */
export const prelu: Arithmetic = arithmetic(ops.prelu);

type OptionAxis<B> = B extends { readonly axis: infer X extends Axes } ? X : undefined;
type OptionKeep<B> = B extends { readonly keepDims: infer Keep } ? Keep : false;

/** The shape of `max(a, b)`: two tensors broadcast, options reduce. */
type ExtremumShape<A extends Shape, B> =
  B extends Tensor<infer T>
    ? Broadcast<A, T>
    : B extends number
      ? A
      : NeedsAxes<A, OptionAxis<B>> extends infer E extends string
        ? E
        : ReduceShape<A, OptionAxis<B>, OptionKeep<B>>;
/** What can hide a caller's type parameter in the second argument of `max`. */
type Parts<B> = B extends Tensor<infer T> ? T : [OptionAxis<B>, OptionKeep<B>];

/**
 * The larger (or smaller) of two operands, element by element, `max(a, b)`; or, with options as the second
 * argument, the largest element along axes, `max(x, { axis: 1 })`. `max(x)` is over all axes. As a layer:
 * `max(0)` or `max({ axis: 1 })`. Throws `UserError` where sizes clash or an axis does not exist.
 */
export interface Extremum {
  <A extends Shape = [], const B extends Operand | ReduceOptions = number, Z extends 1 = 1>(
    a: Tensor<A> | number,
    b: Checked<Known<A, Parts<B>, Z>, ExtremumShape<A, B>, B>,
  ): Tensor<Result<Known<A, Parts<B>, Z>, ExtremumShape<A, B>>>;
  <A extends Shape>(x: Tensor<A>): Tensor<[]>;
  (b: number): Combined<[]>;
  <const X extends Axes = undefined, const Keep extends boolean = false>(
    options?: ReduceOptions<X, Keep>,
  ): Reduction<X, Keep>;
}

function extremum(pairwise: OpDef, reduction: OpDef): Extremum {
  const op = (...args: readonly unknown[]): unknown => {
    const [first, second] = args;
    if (isOperand(second) || (args.length === 1 && typeof first === "number"))
      return binaryOp(pairwise, args);
    return unaryOp(reduction, args);
  };
  return op as Extremum; // the overloads are the cases above
}

/** The larger of two operands, or the largest element along axes. */
export const max: Extremum = extremum(ops.max, ops.reduceMax);
/** The smaller of two operands, or the smallest element along axes. */
export const min: Extremum = extremum(ops.min, ops.reduceMin);
