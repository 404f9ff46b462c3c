/** Ops on each element apart, and normalisation: the shape stays as it is. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { type Identity, unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { NeedsInnerAxis } from "./types/reduce.ts";
import type { Checked, Known, Shape } from "./types/shape.ts";
import type { NeedsImage } from "./types/window.ts";

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
/**
 * (x − mean) / √(variance + eps) · weight + bias over the last `dims` dimensions (default 1); eps is 1e-5 by
 * default (Ba et al. 2016).
 */
export const layerNorm: ElementwiseWith<LayerNormOptions> = elementwise(ops.layerNorm);

/** Options of `layerNorm`. */
export interface LayerNormOptions extends NormParams {
  /** How many trailing dimensions are normalised together. Default 1. */
  readonly dims?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/** What scales and shifts what was normalised: tensors in place of the layer's own parameters. */
interface NormParams {
  /** A tensor of the normalised sizes: [channels], or the last `dims` sizes. Default: the layer's own, from ones. */
  readonly weight?: Tensor;
  /** As `weight`. Default: the layer's own, from zeros. */
  readonly bias?: Tensor;
}

/** Options of `batchNorm2d`. */
export interface BatchNorm2dOptions extends NormParams {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** In training, running ← (1 − momentum) · running + momentum · batch. Default 0.1. */
  readonly momentum?: number;
}

type ShapeOf<A> = A extends Tensor<infer S> ? S : [];

export interface BatchNorm2d extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: NeedsImage<2, In<this>>;
}

/**
 * Batch normalisation with the statistics of training, per channel (Ioffe & Szegedy 2015):
 * y = (x − mean) / √(variance + eps) · weight + bias. It is folded into the convolution before it.
 */
export function batchNorm2d<S extends Shape, Z extends 1 = 1>(
  x: Checked<Known<S, [], Z>, NeedsImage<2, S>, Tensor<S>>,
  options: BatchNorm2dOptions,
): Tensor<S>;
/** Without options, or as a layer. One signature: two would make TypeScript's message about a wrong rank longer. */
export function batchNorm2d<A extends Tensor | BatchNorm2dOptions = BatchNorm2dOptions, Z extends 1 = 1>(
  first?: Checked<Known<ShapeOf<A>, [], Z>, A extends Tensor ? NeedsImage<2, ShapeOf<A>> : A, A>,
): A extends Tensor<infer S> ? Tensor<S> : BatchNorm2d;
export function batchNorm2d(...args: readonly unknown[]): unknown {
  return unaryOp(ops.batchNorm2d, args);
}

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
