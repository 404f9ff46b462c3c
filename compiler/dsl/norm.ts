/** Normalisation: the shape stays as it is. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { type Identity, unaryOp } from "./layer.ts";
import type { ElementwiseWith } from "./pointwise.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Shape } from "./types/shape.ts";
import type { NeedsNormed, Rank } from "./types/window.ts";

/** What scales what was normalised: a tensor in place of the layer's own parameter. */
interface Weighted {
  /** A tensor of the normalised sizes: [channels], or the last `dims` sizes. Default: the layer's own, from ones. */
  readonly weight?: Tensor;
}
/** What scales and shifts it. */
interface NormParams extends Weighted {
  /** As `weight`. Default: the layer's own, from zeros. */
  readonly bias?: Tensor;
}
interface Eps {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}
interface Dims {
  /** How many trailing dimensions are normalised together. Default 1. */
  readonly dims?: number;
}

/** Options of `layerNorm`. */
export interface LayerNormOptions extends NormParams, Eps, Dims {}
/** Options of `rmsNorm`. */
export interface RmsNormOptions extends Weighted, Eps, Dims {}
/** Options of `instanceNorm`. */
export interface InstanceNormOptions extends NormParams, Eps {}
/** Options of `groupNorm`. */
export interface GroupNormOptions extends InstanceNormOptions {
  /** Into how many groups the channels are divided; it divides them. */
  readonly groups: number;
}

function normalising<F>(def: OpDef): F {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as F; // the overloads of F are what unaryOp does
}

/** An op that keeps the shape, with options that have to be given. */
export interface ShapedWith<Options> {
  <S extends Shape>(x: Tensor<S>, options: Options): Tensor<S>;
  (options: Options): Identity;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias over the last `dims` dimensions (default 1); eps is 1e-5 by
 * default (Ba et al. 2016).
 */
export const layerNorm: ElementwiseWith<LayerNormOptions> = normalising(ops.layerNorm);
/** x / √(mean x² + eps) · weight over the last `dims` dimensions (default 1); eps is 1e-5 by default (Zhang & Sennrich 2019). */
export const rmsNorm: ElementwiseWith<RmsNormOptions> = normalising(ops.rmsNorm);
/**
 * Of [N, channels, …] each group of channels with its own mean and variance, and a weight and a bias of each channel
 * (Wu & He 2018). Throws `UserError` where `groups` does not divide the channels.
 */
export const groupNorm: ShapedWith<GroupNormOptions> = normalising(ops.groupNorm);
/** Of [N, channels, …] each channel of each example with its own mean and variance (Ulyanov et al. 2016). */
export const instanceNorm: ElementwiseWith<InstanceNormOptions> = normalising(ops.instanceNorm);

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** How many channels count, the element's own in the middle. */
  readonly size: number;
  /** Default 1e-4. */
  readonly alpha?: number;
  /** Default 0.75. */
  readonly beta?: number;
  /** Default 1. */
  readonly k?: number;
}
/** x / (k + alpha / size · Σ x²)^beta, the sum over the neighbouring channels of [N, channels, …] (Krizhevsky et al. 2012). */
export const localResponseNorm: ShapedWith<LocalResponseNormOptions> = normalising(ops.localResponseNorm);

/** Options of `lpNormalize`. */
export interface LpNormalizeOptions {
  /** 1: by Σ|x|; 2: by √Σx². Default 2. */
  readonly p?: 1 | 2;
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** What is divided by at least. Default 1e-12. */
  readonly eps?: number;
}
/** x divided by its length along an axis; rows of zeros stay zeros. */
export const lpNormalize: ElementwiseWith<LpNormalizeOptions> = normalising(ops.lpNormalize);

/** Options of batch normalisation. */
export interface BatchNormOptions extends NormParams, Eps {
  /** In training, running ← (1 − momentum) · running + momentum · batch. Default 0.1. */
  readonly momentum?: number;
}

type ShapeOf<A> = A extends Tensor<infer S> ? S : [];

/** Batch normalisation as a layer. */
export interface BatchNorm<R extends Rank> extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: NeedsNormed<R, In<this>>;
}

/** Batch normalisation of what windows slide over along R axes. */
export interface BatchNormalisation<R extends Rank> {
  <S extends Shape, Z extends 1 = 1>(
    x: Checked<Known<S, [], Z>, NeedsNormed<R, S>, Tensor<S>>,
    options: BatchNormOptions,
  ): Tensor<S>;
  /** Without options, or as a layer. One signature: two would make TypeScript's message about a wrong rank longer. */
  <A extends Tensor | BatchNormOptions = BatchNormOptions, Z extends 1 = 1>(
    first?: Checked<Known<ShapeOf<A>, [], Z>, A extends Tensor ? NeedsNormed<R, ShapeOf<A>> : A, A>,
  ): A extends Tensor<infer S> ? Tensor<S> : BatchNorm<R>;
}

/** Batch normalisation of features [N, C] and sequences [N, C, L]; as `batchNorm2d`. */
export const batchNorm1d: BatchNormalisation<1> = normalising(ops.batchNorm1d);
/**
 * Batch normalisation with the statistics of training, per channel (Ioffe & Szegedy 2015):
 * y = (x − mean) / √(variance + eps) · weight + bias. It is folded into the convolution before it.
 */
export const batchNorm2d: BatchNormalisation<2> = normalising(ops.batchNorm2d);
/** Batch normalisation of volumes [N, C, D, H, W]; as `batchNorm2d`. */
export const batchNorm3d: BatchNormalisation<3> = normalising(ops.batchNorm3d);
