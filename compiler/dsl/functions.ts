/** Functions of one number. */
import { ops } from "../ops/index.ts";
import { type Elementwise, elementwise } from "./pointwise.ts";

/** The largest whole number of at most x. It has slope 0, as have ceil, round and sign. */
export const floor: Elementwise = elementwise(ops.floor);
/** The smallest whole number of at least x. */
export const ceil: Elementwise = elementwise(ops.ceil);
/** The nearest whole number; of two equally near ones the even one. */
export const round: Elementwise = elementwise(ops.round);
/** 1, 0 or −1. */
export const sign: Elementwise = elementwise(ops.sign);
/** 1 / x */
export const reciprocal: Elementwise = elementwise(ops.reciprocal);
/** The sine of an angle in radians; docs/numerics.md says how exact it is of large ones. */
export const sin: Elementwise = elementwise(ops.sin);
/** The cosine of an angle in radians. */
export const cos: Elementwise = elementwise(ops.cos);
/** The tangent of an angle in radians. */
export const tan: Elementwise = elementwise(ops.tan);
/** The angle whose sine is x, for |x| ≤ 1. */
export const asin: Elementwise = elementwise(ops.asin);
/** The angle whose cosine is x, for |x| ≤ 1. */
export const acos: Elementwise = elementwise(ops.acos);
/** The angle whose tangent is x. */
export const atan: Elementwise = elementwise(ops.atan);
/** The hyperbolic sine. */
export const sinh: Elementwise = elementwise(ops.sinh);
/** The hyperbolic cosine. */
export const cosh: Elementwise = elementwise(ops.cosh);
/** The inverse of sinh. */
export const asinh: Elementwise = elementwise(ops.asinh);
/** The inverse of cosh, for x ≥ 1. */
export const acosh: Elementwise = elementwise(ops.acosh);
/** The inverse of tanh, for |x| < 1. */
export const atanh: Elementwise = elementwise(ops.atanh);
/** The error function. */
export const erf: Elementwise = elementwise(ops.erf);
