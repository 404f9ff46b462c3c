/** Ops on each element apart, and along an axis: the shape stays as it is. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { type Identity, unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { NeedsInnerAxis } from "./types/reduce.ts";
import type { Checked, Known, Shape } from "./types/shape.ts";

/** An elementwise function: `sigmoid(x)` applies it, `sigmoid()` is a layer. */
export interface Elementwise {
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
  (): Identity;
}

/** An elementwise function with options. */
export interface ElementwiseWith<Options> {
  <S extends Shape>(x: Tensor<S>, options: Options): Tensor<S>;
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
  (options?: Options): Identity;
}

export function elementwise<F extends Elementwise>(def: OpDef): F {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as F; // the overloads of F are what unaryOp does
}

/** 1 / (1 + e⁻ˣ) */
export const sigmoid: Elementwise = elementwise(ops.sigmoid);
/** max(x, 0) */
export const relu: Elementwise = elementwise(ops.relu);
/** min(max(x, 0), 6) */
export const relu6: Elementwise = elementwise(ops.relu6);
/** x where x > 0, else slope · x. Default slope 0.01. */
export const leakyRelu: ElementwiseWith<{ readonly slope?: number }> = elementwise(ops.leakyRelu);
/** x where x > 0, else alpha · (eˣ − 1). Default alpha 1. */
export const elu: ElementwiseWith<{ readonly alpha?: number }> = elementwise(ops.elu);
/** The hyperbolic tangent. */
export const tanh: Elementwise = elementwise(ops.tanh);
/** x · Φ(x), with the normal distribution's Φ: the exact form, by erf. */
export const gelu: Elementwise = elementwise(ops.gelu);
/** x · sigmoid(x), also called swish. */
export const silu: Elementwise = elementwise(ops.silu);
/** 1.0507 · x where x > 0, else 1.7581 · (eˣ − 1): keeps mean 0 and variance 1. */
export const selu: Elementwise = elementwise(ops.selu);
/** x where x > 0, else alpha · (e^(x/alpha) − 1). Default alpha 1. */
export const celu: ElementwiseWith<{ readonly alpha?: number }> = elementwise(ops.celu);
/** log(1 + eˣ) */
export const softplus: Elementwise = elementwise(ops.softplus);
/** x / (1 + |x|) */
export const softsign: Elementwise = elementwise(ops.softsign);
/** x · tanh(softplus(x)) */
export const mish: Elementwise = elementwise(ops.mish);
/** x where x > alpha, else 0. Default alpha 1. */
export const thresholdedRelu: ElementwiseWith<{ readonly alpha?: number }> = elementwise(ops.thresholdedRelu);
/** min(max(x/6 + 1/2, 0), 1) */
export const hardSigmoid: Elementwise = elementwise(ops.hardSigmoid);
/** x · hardSigmoid(x) */
export const hardSwish: Elementwise = elementwise(ops.hardSwish);
/** e^x */
export const exp: Elementwise = elementwise(ops.exp);
/** The natural logarithm. */
export const log: Elementwise = elementwise(ops.log);
/** √x */
export const sqrt: Elementwise = elementwise(ops.sqrt);
/** |x| */
export const abs: Elementwise = elementwise(ops.abs);
/** −x */
export const neg: Elementwise = elementwise(ops.neg);
/** min(max(x, options.min), options.max); a side that is left out is open. */
export const clip: ElementwiseWith<{ readonly min?: number; readonly max?: number }> = elementwise(ops.clip);
/** The identity at inference. p is the share of elements that training sets to zero. Default 0.5. */
export const dropout: ElementwiseWith<{ readonly p?: number }> = elementwise(ops.dropout);
interface AxisOptions<X> {
  /** Default −1, the last axis. */
  readonly axis?: X;
}

export interface AlongAxis<X extends number> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: NeedsInnerAxis<In<this>, X> extends infer E extends string ? E : In<this>;
}

/** An op along one axis. */
export interface AxisOp {
  <S extends Shape, const X extends number, Z extends 1 = 1>(
    x: Tensor<S>,
    options: AxisOptions<Checked<Known<S, [X], Z>, NeedsInnerAxis<S, X>, X>>,
  ): Tensor<S>;
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
  <const X extends number = -1>(options?: AxisOptions<X>): AlongAxis<X>;
}

function axisOp(def: OpDef): AxisOp {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as AxisOp; // the overloads are what unaryOp does
}

/** eˣ / Σ eˣ along an axis, the last by default; the maximum is subtracted first, so nothing overflows. */
export const softmax: AxisOp = axisOp(ops.softmax);
/** The logarithm of softmax: x − max − log Σ e^(x − max). */
export const logSoftmax: AxisOp = axisOp(ops.logSoftmax);
