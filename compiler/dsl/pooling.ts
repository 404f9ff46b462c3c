/** Pooling over windows and over whole images. */
import { ops } from "../ops/index.ts";
import { unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";
import type { GlobalPoolShape, NeedsImage, Padding, Pair, PoolShape } from "./types/window.ts";

interface PoolOptions<K, St, P, Ceil> {
  /** A number, or [height, width]. */
  readonly kernel: K;
  /** Default: the kernel. */
  readonly stride?: St;
  /** A number, [vertical, horizontal], [top, bottom, left, right] or "same". Default 0. */
  readonly padding?: P;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  readonly ceilMode?: Ceil;
}

/** Options of `maxPool2d`. */
export interface MaxPool2dOptions<K = Pair, St = Pair, P = Padding, D = Pair, Ceil = boolean>
  extends PoolOptions<K, St, P, Ceil> {
  /** Distance of the window's taps. Default 1. */
  readonly dilation?: D;
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions<K = Pair, St = Pair, P = Padding, Ceil = boolean>
  extends PoolOptions<K, St, P, Ceil> {
  /** Whether padding counts as elements of the average. Default true. */
  readonly countIncludePad?: boolean;
}

/** A pooling layer. */
export interface Pool2d<K, St, P, D, Ceil> extends Layer {
  readonly [OPTIONS]: [K, St, P, D, Ceil];
  readonly [OUT]: PoolShape<In<this>, K, St, P, D, Ceil>;
}

/**
 * The maximum over each window: [N, C, H, W] → [N, C, H′, W′]. Padding never wins.
 * Throws `UserError`: a window larger than the padded input, or wholly in the padding.
 */
export function maxPool2d<
  S extends Shape,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Padding = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [K, St, P, D, Ceil], Z>, NeedsImage<S>, Tensor<S>>,
  options: MaxPool2dOptions<
    Checked<Known<S, [K, St, P, D, Ceil], Z>, PoolShape<S, K, St, P, D, Ceil>, K>,
    St,
    P,
    D,
    Ceil
  >,
): Tensor<Result<Known<S, [K, St, P, D, Ceil], Z>, PoolShape<S, K, St, P, D, Ceil>>>;
/** The same as a layer. */
export function maxPool2d<
  const K extends Pair,
  const St extends Pair = K,
  const P extends Padding = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
>(options: MaxPool2dOptions<K, St, P, D, Ceil>): Pool2d<K, St, P, D, Ceil>;
export function maxPool2d(...args: readonly unknown[]): unknown {
  return unaryOp(ops.maxPool2d, args);
}

/**
 * The average over each window: [N, C, H, W] → [N, C, H′, W′].
 * Throws `UserError`: a window larger than the padded input, or wholly in the padding.
 */
export function avgPool2d<
  S extends Shape,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Padding = 0,
  const Ceil extends boolean = false,
  Z extends 1 = 1,
>(
  x: Checked<Known<S, [K, St, P, Ceil], Z>, NeedsImage<S>, Tensor<S>>,
  options: AvgPool2dOptions<
    Checked<Known<S, [K, St, P, Ceil], Z>, PoolShape<S, K, St, P, 1, Ceil>, K>,
    St,
    P,
    Ceil
  >,
): Tensor<Result<Known<S, [K, St, P, Ceil], Z>, PoolShape<S, K, St, P, 1, Ceil>>>;
/** The same as a layer. */
export function avgPool2d<
  const K extends Pair,
  const St extends Pair = K,
  const P extends Padding = 0,
  const Ceil extends boolean = false,
>(options: AvgPool2dOptions<K, St, P, Ceil>): Pool2d<K, St, P, 1, Ceil>;
export function avgPool2d(...args: readonly unknown[]): unknown {
  return unaryOp(ops.avgPool2d, args);
}

export interface GlobalPool2d extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: GlobalPoolShape<In<this>>;
}

/** The average over each whole channel: [N, C, H, W] → [N, C, 1, 1]. */
export function globalAvgPool2d<S extends Shape, Z extends 1 = 1>(
  x: Checked<Known<S, [], Z>, NeedsImage<S>, Tensor<S>>,
): Tensor<Result<Known<S, [], Z>, GlobalPoolShape<S>>>;
/** The same as a layer. */
export function globalAvgPool2d(): GlobalPool2d;
export function globalAvgPool2d(...args: readonly unknown[]): unknown {
  return unaryOp(ops.globalAvgPool2d, args);
}
