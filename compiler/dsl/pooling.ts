/** Pooling over windows and over whole images. */
import type { OpDef } from "../ir/graph.ts";
import { ops } from "../ops/index.ts";
import { unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";
import type {
  AdaptiveShape,
  GlobalPoolShape,
  NeedsImage,
  Padding,
  PoolShape,
  Rank,
  Steps,
} from "./types/window.ts";

/** Options of pooling along R axes. */
export interface PoolOptions<
  R extends Rank,
  K = Steps<R>,
  St = Steps<R>,
  P = Padding<R>,
  D = Steps<R>,
  Ceil = boolean,
> {
  /** A number, or one for each axis: [height, width]. */
  readonly kernel: K;
  /** Default: the kernel. */
  readonly stride?: St;
  /** A number, [vertical, horizontal], [top, bottom, left, right], "same" or "sameUpper". Default 0. */
  readonly padding?: P;
  /** Distance of the window's taps. Default 1. */
  readonly dilation?: D;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  readonly ceilMode?: Ceil;
}

/** What average pooling takes besides. */
export interface AvgPoolOptions {
  /** Whether padding counts as elements of the average. Default true. */
  readonly countIncludePad?: boolean;
}

/** What power pooling takes besides. */
export interface LpPoolOptions {
  /** The power p of (Σ|x|^p)^(1/p), from 1 on. Default 2. */
  readonly p?: number;
}

/** A pooling layer. */
export interface Pool<R extends Rank, K, St, P, D, Ceil> extends Layer {
  readonly [OPTIONS]: [K, St, P, D, Ceil];
  readonly [OUT]: PoolShape<R, In<this>, K, St, P, D, Ceil>;
}

/** Pooling along R axes, with options of its own besides: applied to a tensor, and as a layer. */
export interface Pooling<R extends Rank, More> {
  /** Throws `UserError`: a window larger than the padded input, or wholly in the padding. */
  <
    S extends Shape,
    const K extends Steps<R>,
    const St extends Steps<R> = K,
    const P extends Padding<R> = 0,
    const D extends Steps<R> = 1,
    const Ceil extends boolean = false,
    Z extends 1 = 1,
  >(
    x: Checked<Known<S, [K, St, P, D, Ceil], Z>, NeedsImage<R, S>, Tensor<S>>,
    options: PoolOptions<
      R,
      Checked<Known<S, [K, St, P, D, Ceil], Z>, PoolShape<R, S, K, St, P, D, Ceil>, K>,
      St,
      P,
      D,
      Ceil
    > &
      More,
  ): Tensor<Result<Known<S, [K, St, P, D, Ceil], Z>, PoolShape<R, S, K, St, P, D, Ceil>>>;
  /** The same as a layer. */
  <
    const K extends Steps<R>,
    const St extends Steps<R> = K,
    const P extends Padding<R> = 0,
    const D extends Steps<R> = 1,
    const Ceil extends boolean = false,
  >(
    options: PoolOptions<R, K, St, P, D, Ceil> & More,
  ): Pool<R, K, St, P, D, Ceil>;
}

/** Pooling over all positions along R axes. */
export interface GlobalPooling<R extends Rank> {
  <S extends Shape, Z extends 1 = 1>(
    x: Checked<Known<S, [], Z>, NeedsImage<R, S>, Tensor<S>>,
  ): Tensor<Result<Known<S, [], Z>, GlobalPoolShape<R, S>>>;
  /** The same as a layer. */
  (): GlobalPool<R>;
}

/** A layer that pools over all positions. */
export interface GlobalPool<R extends Rank> extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: GlobalPoolShape<R, In<this>>;
}

/** Options of pooling to a size. */
export interface AdaptivePoolOptions<Size> {
  /** The sizes of the result: a number, or one for each axis. */
  readonly size: Size;
}
/** A layer that pools to a size. */
export interface AdaptivePool<R extends Rank, Size> extends Layer {
  readonly [OPTIONS]: [Size];
  readonly [OUT]: AdaptiveShape<R, In<this>, Size>;
}
/** Pooling to a size along R axes. */
export interface AdaptivePooling<R extends Rank> {
  <S extends Shape, const Size extends Steps<R>, Z extends 1 = 1>(
    x: Checked<Known<S, [Size], Z>, NeedsImage<R, S>, Tensor<S>>,
    options: AdaptivePoolOptions<Size>,
  ): Tensor<Result<Known<S, [Size], Z>, AdaptiveShape<R, S, Size>>>;
  /** The same as a layer. */
  <const Size extends Steps<R>>(options: AdaptivePoolOptions<Size>): AdaptivePool<R, Size>;
}

function pooling<F>(def: OpDef): F {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as F; // the overloads of F are what unaryOp does
}

/** The maximum over each window of a sequence: [N, C, L] → [N, C, L′]. */
export const maxPool1d: Pooling<1, unknown> = pooling(ops.maxPool1d);
/** The maximum over each window: [N, C, H, W] → [N, C, H′, W′]. Padding never wins. */
export const maxPool2d: Pooling<2, unknown> = pooling(ops.maxPool2d);
/** The maximum over each window of a volume: [N, C, D, H, W] → [N, C, D′, H′, W′]. */
export const maxPool3d: Pooling<3, unknown> = pooling(ops.maxPool3d);

/** The average over each window of a sequence: [N, C, L] → [N, C, L′]. */
export const avgPool1d: Pooling<1, AvgPoolOptions> = pooling(ops.avgPool1d);
/** The average over each window: [N, C, H, W] → [N, C, H′, W′]. */
export const avgPool2d: Pooling<2, AvgPoolOptions> = pooling(ops.avgPool2d);
/** The average over each window of a volume: [N, C, D, H, W] → [N, C, D′, H′, W′]. */
export const avgPool3d: Pooling<3, AvgPoolOptions> = pooling(ops.avgPool3d);

/** The average over each whole channel: [N, C, L] → [N, C, 1]. */
export const globalAvgPool1d: GlobalPooling<1> = pooling(ops.globalAvgPool1d);
/** The average over each whole channel: [N, C, H, W] → [N, C, 1, 1]. */
export const globalAvgPool2d: GlobalPooling<2> = pooling(ops.globalAvgPool2d);
/** The average over each whole channel: [N, C, D, H, W] → [N, C, 1, 1, 1]. */
export const globalAvgPool3d: GlobalPooling<3> = pooling(ops.globalAvgPool3d);
/** The maximum of each whole channel: [N, C, L] → [N, C, 1]. */
export const globalMaxPool1d: GlobalPooling<1> = pooling(ops.globalMaxPool1d);
/** The maximum of each whole channel: [N, C, H, W] → [N, C, 1, 1]. */
export const globalMaxPool2d: GlobalPooling<2> = pooling(ops.globalMaxPool2d);
/** The maximum of each whole channel: [N, C, D, H, W] → [N, C, 1, 1, 1]. */
export const globalMaxPool3d: GlobalPooling<3> = pooling(ops.globalMaxPool3d);

/** (Σ|x|^p)^(1/p) over each window of a sequence: [N, C, L] → [N, C, L′]. */
export const lpPool1d: Pooling<1, LpPoolOptions> = pooling(ops.lpPool1d);
/** (Σ|x|^p)^(1/p) over each window: [N, C, H, W] → [N, C, H′, W′]; padding is 0. */
export const lpPool2d: Pooling<2, LpPoolOptions> = pooling(ops.lpPool2d);
/** (Σ|x|^p)^(1/p) over each window of a volume: [N, C, D, H, W] → [N, C, D′, H′, W′]. */
export const lpPool3d: Pooling<3, LpPoolOptions> = pooling(ops.lpPool3d);

/** Averages of as many windows as are wanted, of a sequence: [N, C, L] → [N, C, size]. */
export const adaptiveAvgPool1d: AdaptivePooling<1> = pooling(ops.adaptiveAvgPool1d);
/**
 * Averages of as many windows as are wanted: [N, C, H, W] → [N, C, …size]. Window i is ⌊i·H / size⌋ … ⌈(i + 1)·H / size⌉ − 1,
 * as PyTorch has it; where `size` does not divide H windows overlap.
 */
export const adaptiveAvgPool2d: AdaptivePooling<2> = pooling(ops.adaptiveAvgPool2d);
/** Averages of as many windows as are wanted, of a volume: [N, C, D, H, W] → [N, C, …size]. */
export const adaptiveAvgPool3d: AdaptivePooling<3> = pooling(ops.adaptiveAvgPool3d);
/** Maxima of as many windows as are wanted, of a sequence: [N, C, L] → [N, C, size]. */
export const adaptiveMaxPool1d: AdaptivePooling<1> = pooling(ops.adaptiveMaxPool1d);
/** Maxima of as many windows as are wanted: [N, C, H, W] → [N, C, …size]; as `adaptiveAvgPool2d`. */
export const adaptiveMaxPool2d: AdaptivePooling<2> = pooling(ops.adaptiveMaxPool2d);
/** Maxima of as many windows as are wanted, of a volume: [N, C, D, H, W] → [N, C, …size]. */
export const adaptiveMaxPool3d: AdaptivePooling<3> = pooling(ops.adaptiveMaxPool3d);
