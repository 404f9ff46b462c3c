/** Convolutions, dense layers and matrix products. */

import type { OpDef } from "../ir/graph.ts";
import type { InitRequest } from "../ops/index.ts";
import { ops } from "../ops/index.ts";
import { binaryOp, unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type {
  DenseShape,
  Features,
  LinearShape,
  MatmulShape,
  NeedsDense,
  NeedsFeatures,
  NeedsIn,
  NeedsMatrix,
} from "./types/broadcast.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, NeedsGiven, Result, Shape } from "./types/shape.ts";
import type {
  ConvShape,
  CorrShape,
  NeedsGroups,
  NeedsImage,
  NeedsKernel,
  Padding,
  Rank,
  Steps,
  WindowShape,
} from "./types/window.ts";

/** Options of a convolution along R axes; the other type parameters carry their literal values. */
export interface ConvOptions<
  R extends Rank,
  Out = number,
  K = Steps<R>,
  St = Steps<R>,
  P = Padding<R>,
  D = Steps<R>,
  G = number,
  W = Tensor,
  B = Tensor,
> {
  /** Output channels. */
  readonly out: Out;
  /** A number, or one for each axis: [height, width]. */
  readonly kernel: K;
  /** Default 1. */
  readonly stride?: St;
  /** A number, [vertical, horizontal], [top, bottom, left, right], "same" or "sameUpper". Default 0. */
  readonly padding?: P;
  /** Distance of the kernel's taps. Default 1. */
  readonly dilation?: D;
  /** Groups of channels convolved apart; as many as input channels is a depthwise convolution. Default 1. */
  readonly groups?: G;
  /** A tensor [out, in / groups, …kernel]. Default: a parameter of the layer's own. */
  readonly weight?: W;
  /** Whether there is one, or a tensor [out]. Default true: a parameter of the layer's own. */
  readonly bias?: boolean | B;
  /** How the layer's own weight starts; its bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

/** A convolution as a layer. */
export interface Conv<
  R extends Rank,
  Op extends string,
  Out,
  K,
  St,
  P,
  D,
  G extends number,
  W extends Shape = Shape,
> extends Layer {
  readonly [OPTIONS]: [Out, K, St, P, D, G, ...W];
  readonly [OUT]: NeedsKernel<R, Op, In<this>, Out, K, G, W> extends infer E extends string
    ? E
    : ConvShape<R, In<this>, Out extends number ? Out : number, K, St, P, D, G>;
}

/** A convolution along R axes: applied to a tensor, and as a layer. */
export interface Convolution<R extends Rank, Op extends string> {
  /**
   * Throws `UserError`: a kernel larger than its padded input, groups that do not divide the channels, a given weight
   * or bias of another shape.
   */
  <
    S extends Shape,
    const Out extends number,
    const K extends Steps<R>,
    const St extends Steps<R> = 1,
    const P extends Padding<R> = 0,
    const D extends Steps<R> = 1,
    const G extends number = 1,
    W extends Shape = Shape,
    B extends Shape = Shape,
    Z extends 1 = 1,
  >(
    x: Checked<Known<S, [Out, K, St, P, D, G], Z>, NeedsImage<R, S>, Tensor<S>>,
    options: ConvOptions<
      R,
      Out,
      Checked<Known<S, [Out, K, St, P, D, G], Z>, WindowShape<R, S, Out, K, St, P, D>, K>,
      St,
      P,
      D,
      Checked<Known<S, [Out, K, St, P, D, G], Z>, NeedsGroups<R, S, Out, G>, G>,
      Checked<Known<S, [Out, K, G, ...W], Z>, NeedsKernel<R, Op, S, Out, K, G, W>, Tensor<W>>,
      Checked<Known<B, [Out], Z>, NeedsGiven<Op, "bias", B, [Out]>, Tensor<B>>
    >,
  ): Tensor<Result<Known<S, [Out, K, St, P, D, G], Z>, WindowShape<R, S, Out, K, St, P, D>>>;
  /** The same as a layer. It has one set of parameters, wherever it is applied. */
  <
    const Out extends number,
    const K extends Steps<R>,
    const St extends Steps<R> = 1,
    const P extends Padding<R> = 0,
    const D extends Steps<R> = 1,
    const G extends number = 1,
    W extends Shape = Shape,
    B extends Shape = Shape,
    Z extends 1 = 1,
  >(
    options: ConvOptions<
      R,
      Out,
      K,
      St,
      P,
      D,
      G,
      Checked<Known<W, [Out, K], Z>, NeedsKernel<R, Op, Shape, Out, K, G, W>, Tensor<W>>,
      Checked<Known<B, [Out], Z>, NeedsGiven<Op, "bias", B, [Out]>, Tensor<B>>
    >,
  ): Conv<R, Op, Out, K, St, P, D, G, W>;
}

function convolution<R extends Rank, Op extends string>(def: OpDef): Convolution<R, Op> {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as Convolution<R, Op>; // the overloads are what unaryOp does
}

/** Convolution of sequences: [N, C, L] → [N, out, L′], as `conv2d` along one axis. */
export const conv1d: Convolution<1, "conv1d"> = convolution(ops.conv1d);
/**
 * Two-dimensional convolution (a cross-correlation, as everywhere in deep learning):
 * [N, C, H, W] → [N, out, H′, W′] with H′ = ⌊(H + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
 *
 *   y[n,o,h,w] = bias[o] + Σ_{c,u,v} x[n, c, h·s + u·d − p, w·s + v·d − p] · weight[o,c,u,v]
 */
export const conv2d: Convolution<2, "conv2d"> = convolution(ops.conv2d);
/** Convolution of volumes: [N, C, D, H, W] → [N, out, D′, H′, W′], as `conv2d` along three axes. */
export const conv3d: Convolution<3, "conv3d"> = convolution(ops.conv3d);

/** Options of a dense layer. */
export interface LinearOptions<Out = number, I = number, W = Tensor, B = Tensor> {
  /** Output features. */
  readonly out: Out;
  /** Input features. They are inferred; given, they are checked. */
  readonly in?: I;
  /** A tensor [out, in]. Default: a parameter of the layer's own. */
  readonly weight?: W;
  /** Whether there is one, or a tensor [out]. Default true: a parameter of the layer's own. */
  readonly bias?: boolean | B;
  /** How the layer's own weight starts; its bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export interface Linear<Out, I extends number> extends Layer {
  readonly [OPTIONS]: [Out, I];
  readonly [OUT]: DenseShape<In<this>, Out, I>;
}

/**
 * A dense layer over the last dimension: [N, …, features] → [N, …, out].
 *
 *   y[…,o] = bias[o] + Σ_i x[…,i] · weight[o,i]
 *
 * Throws `UserError` where `in` is not the size of the last dimension, or a given weight or bias has another shape.
 */
export function linear<
  S extends Shape,
  const Out extends number,
  const I extends number = number,
  W extends Shape = Shape,
  B extends Shape = Shape,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [Out, I], Z>, NeedsFeatures<S>, Tensor<S>>,
  options: LinearOptions<
    Out,
    Checked<Known<S, [Out, I], Z>, NeedsIn<S, I>, I>,
    Checked<Known<S, [Out, ...W], Z>, NeedsDense<S, Out, W>, Tensor<W>>,
    Checked<Known<B, [Out], Z>, NeedsGiven<"linear", "bias", B, [Out]>, Tensor<B>>
  >,
): Tensor<Result<Known<S, [Out, I], Z>, LinearShape<S, Out>>>;
/** The same as a layer. It has one set of parameters, wherever it is applied. */
export function linear<
  const Out extends number,
  const I extends number = number,
  W extends Shape = Shape,
  B extends Shape = Shape,
  Z extends 1 = 1,
>(
  options: LinearOptions<
    Out,
    I,
    Checked<Known<W, [Out], Z>, NeedsDense<Shape, Out, W>, Tensor<W>>,
    Checked<Known<B, [Out], Z>, NeedsGiven<"linear", "bias", B, [Out]>, Tensor<B>>
  >,
): Linear<Out, Features<I, W>>;
export function linear(...args: readonly unknown[]): unknown {
  return unaryOp(ops.linear, args);
}

export interface Matmul<B extends Shape> extends Layer {
  readonly [OPTIONS]: [B];
  readonly [OUT]: MatmulShape<In<this>, B>;
}

/**
 * Matrix product over the last two dimensions; leading dimensions broadcast: […, i, k] · […, k, j] → […, i, j].
 * Throws `UserError` where the columns of a are not the rows of b.
 */
export function matmul<A extends Shape, B extends Shape, Z extends 1 = 1>(
  a: Tensor<A>,
  b: Checked<Known<A, B, Z>, MatmulShape<A, B>, Tensor<B>>,
): Tensor<Result<Known<A, B, Z>, MatmulShape<A, B>>>;
/** As a layer: its input times b. */
export function matmul<B extends Shape>(b: Tensor<B>): Matmul<B>;
export function matmul(...args: readonly unknown[]): unknown {
  return binaryOp(ops.matmul, args);
}

export interface Corr2d<B extends Shape> extends Layer {
  readonly [OPTIONS]: [B];
  readonly [OUT]: CorrShape<In<this>, B>;
}

/**
 * The two-dimensional cross-correlation of a matrix with a kernel:
 * [H, W] (or [N, H, W]) with [kh, kw] → [H − kh + 1, W − kw + 1].
 *
 *   y[i,j] = Σ_{u,v} x[i + u, j + v] · kernel[u,v]
 *
 * Throws `UserError` where the kernel is larger than the input.
 */
export function corr2d<S extends Shape, B extends Shape, Z extends 1 = 1>(
  x: Checked<Known<S, B, Z>, NeedsMatrix<S>, Tensor<S>>,
  kernel: Checked<Known<S, B, Z>, CorrShape<S, B>, Tensor<B>>,
): Tensor<Result<Known<S, B, Z>, CorrShape<S, B>>>;
/** As a layer: its input with this kernel. */
export function corr2d<B extends Shape>(kernel: Tensor<B>): Corr2d<B>;
export function corr2d(...args: readonly unknown[]): unknown {
  return binaryOp(ops.corr2d, args);
}
