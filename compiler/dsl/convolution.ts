/** Convolutions, dense layers and matrix products. */

import type { InitRequest } from "../ops/index.ts";
import { ops } from "../ops/index.ts";
import { binaryOp, unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type {
  DenseShape,
  LinearShape,
  MatmulShape,
  NeedsFeatures,
  NeedsIn,
  NeedsMatrix,
} from "./types/broadcast.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";
import type {
  ConvShape,
  CorrShape,
  NeedsGroups,
  NeedsImage,
  Padding,
  Pair,
  WindowShape,
} from "./types/window.ts";

/** Options of `conv2d`; the type parameters carry their literal values. */
export interface Conv2dOptions<Out = number, K = Pair, St = Pair, P = Padding, D = Pair, G = number> {
  /** Output channels. */
  readonly out: Out;
  /** A number, or [height, width]. */
  readonly kernel: K;
  /** Default 1. */
  readonly stride?: St;
  /** A number, [vertical, horizontal], [top, bottom, left, right] or "same". Default 0. */
  readonly padding?: P;
  /** Distance of the kernel's taps. Default 1. */
  readonly dilation?: D;
  /** Groups of channels convolved apart; as many as input channels is a depthwise convolution. Default 1. */
  readonly groups?: G;
  /** Default true. */
  readonly bias?: boolean;
  /** How the weight starts; the bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export interface Conv2d<Out, K, St, P, D, G extends number> extends Layer {
  readonly [OPTIONS]: [Out, K, St, P, D, G];
  readonly [OUT]: ConvShape<In<this>, Out extends number ? Out : number, K, St, P, D, G>;
}

/**
 * Two-dimensional convolution (a cross-correlation, as everywhere in deep learning):
 * [N, C, H, W] → [N, out, H′, W′] with H′ = ⌊(H + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
 *
 *   y[n,o,h,w] = bias[o] + Σ_{c,u,v} x[n, c, h·s + u·d − p, w·s + v·d − p] · weight[o,c,u,v]
 *
 * Throws `UserError`: a kernel larger than its padded input, groups that do not divide the channels.
 */
export function conv2d<
  S extends Shape,
  const Out extends number,
  const K extends Pair,
  const St extends Pair = 1,
  const P extends Padding = 0,
  const D extends Pair = 1,
  const G extends number = 1,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [Out, K, St, P, D, G], Z>, NeedsImage<S>, Tensor<S>>,
  options: Conv2dOptions<
    Out,
    Checked<Known<S, [Out, K, St, P, D, G], Z>, WindowShape<S, Out, K, St, P, D>, K>,
    St,
    P,
    D,
    Checked<Known<S, [Out, K, St, P, D, G], Z>, NeedsGroups<S, Out, G>, G>
  >,
): Tensor<Result<Known<S, [Out, K, St, P, D, G], Z>, WindowShape<S, Out, K, St, P, D>>>;
/** The same as a layer. */
export function conv2d<
  const Out extends number,
  const K extends Pair,
  const St extends Pair = 1,
  const P extends Padding = 0,
  const D extends Pair = 1,
  const G extends number = 1,
>(options: Conv2dOptions<Out, K, St, P, D, G>): Conv2d<Out, K, St, P, D, G>;
export function conv2d(first: unknown, second?: unknown): unknown {
  return unaryOp(ops.conv2d, first, second);
}

/** Options of a dense layer. */
export interface LinearOptions<Out = number, I = number> {
  /** Output features. */
  readonly out: Out;
  /** Input features. They are inferred; given, they are checked. */
  readonly in?: I;
  /** Default true. */
  readonly bias?: boolean;
  /** How the weight starts; the bias starts at zero. Default Xavier uniform. */
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
 * Throws `UserError` where `in` is not the size of the last dimension.
 */
export function linear<
  S extends Shape,
  const Out extends number,
  const I extends number = number,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [Out, I], Z>, NeedsFeatures<S>, Tensor<S>>,
  options: LinearOptions<Out, Checked<Known<S, [Out, I], Z>, NeedsIn<S, I>, I>>,
): Tensor<Result<Known<S, [Out, I], Z>, LinearShape<S, Out>>>;
/** The same as a layer. */
export function linear<const Out extends number, const I extends number = number>(
  options: LinearOptions<Out, I>,
): Linear<Out, I>;
export function linear(first: unknown, second?: unknown): unknown {
  return unaryOp(ops.linear, first, second);
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
