/** Comparisons and logic. A mask is a tensor of 1 where something is so and 0 where not; it is computed with as others are. */
import { ops } from "../ops/index.ts";
import { noMore } from "../options.ts";
import { type Arithmetic, arithmetic } from "./arithmetic.ts";
import { apply, here, located } from "./build.ts";
import { settingsOf } from "./own.ts";
import { type Elementwise, elementwise } from "./pointwise.ts";
import type { Tensor } from "./tensor.ts";
import type { Broadcast } from "./types/broadcast.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** 1 where a = b, else 0. As all comparisons it has slope 0. */
export const equal: Arithmetic = arithmetic(ops.equal);
/** 1 where a ≠ b, else 0. */
export const notEqual: Arithmetic = arithmetic(ops.notEqual);
/** 1 where a < b, else 0. */
export const less: Arithmetic = arithmetic(ops.less);
/** 1 where a ≤ b, else 0. */
export const lessOrEqual: Arithmetic = arithmetic(ops.lessOrEqual);
/** 1 where a > b, else 0. */
export const greater: Arithmetic = arithmetic(ops.greater);
/** 1 where a ≥ b, else 0. */
export const greaterOrEqual: Arithmetic = arithmetic(ops.greaterOrEqual);
/** 1 where neither is 0, else 0. */
export const and: Arithmetic = arithmetic(ops.and);
/** 0 where both are 0, else 1. */
export const or: Arithmetic = arithmetic(ops.or);
/** 1 where one is 0 and the other is not, else 0. */
export const xor: Arithmetic = arithmetic(ops.xor);
/** 1 where x is 0, else 0. */
export const not: Elementwise = elementwise(ops.not);

/** The three shapes broadcast. */
type Choice<M extends Shape, A extends Shape, B extends Shape> =
  Broadcast<M, A> extends infer First ? (First extends Shape ? Broadcast<First, B> : First) : never;

/**
 * a where the mask is not 0, else b: `where(greater(x, 0), x, y)`. All three broadcast, and numbers may stand for a and b. What is not
 * taken has slope 0. Throws `UserError` where two sizes clash.
 */
export function where<M extends Shape, A extends Shape = [], B extends Shape = [], Z extends 1 = 1>(
  mask: Tensor<M>,
  a: Checked<Known<M, [...A], Z>, Broadcast<M, A>, Tensor<A> | number>,
  b: Checked<Known<[...M, ...A], [...B], Z>, Choice<M, A, B>, Tensor<B> | number>,
): Tensor<Result<Known<[...M, ...A], [...B], Z>, Choice<M, A, B>>>;
export function where(...args: readonly unknown[]): unknown {
  const trace = here();
  located("", trace, () => noMore("where", args, 3));
  return apply(ops.where, () => settingsOf(ops.where, undefined), args, trace);
}
