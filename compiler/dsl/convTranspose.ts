/** Transposed convolutions. */

import type { OpDef } from "../ir/graph.ts";
import type { InitRequest } from "../ops/index.ts";
import { ops } from "../ops/index.ts";
import { unaryOp } from "./layer.ts";
import type { Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, NeedsGiven, Result, Shape } from "./types/shape.ts";
import type {
  ConvTransposedShape,
  Ends,
  NeedsGroups,
  NeedsImage,
  NeedsTransposedKernel,
  Rank,
  Steps,
  TransposedShape,
} from "./types/window.ts";

/** Options of a transposed convolution along R axes; the other type parameters carry their literal values. */
export interface ConvTransposeOptions<
  R extends Rank,
  Out = number,
  K = Steps<R>,
  St = Steps<R>,
  P = Ends<R>,
  D = Steps<R>,
  G = number,
  More = Steps<R>,
  W = Tensor,
  B = Tensor,
> {
  /** Output channels. */
  readonly out: Out;
  /** A number, or one for each axis: [height, width]. */
  readonly kernel: K;
  /** How far apart the elements of the input lie in the result. Default 1. */
  readonly stride?: St;
  /** What is cut off the result: a number, [vertical, horizontal] or [top, bottom, left, right]. Default 0. */
  readonly padding?: P;
  /** How many places are added after the result, of those that a convolution with a stride leaves out. Default 0. */
  readonly outputPadding?: More;
  /** Distance of the kernel's taps. Default 1. */
  readonly dilation?: D;
  /** Groups of channels apart. Default 1. */
  readonly groups?: G;
  /** A tensor [in, out / groups, …kernel]. Default: a parameter of the layer's own. */
  readonly weight?: W;
  /** Whether there is one, or a tensor [out]. Default true: a parameter of the layer's own. */
  readonly bias?: boolean | B;
  /** How the layer's own weight starts; its bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

/** A transposed convolution as a layer. */
export interface ConvTranspose<
  R extends Rank,
  Op extends string,
  Out,
  K,
  St,
  P,
  D,
  G extends number,
  More,
  W extends Shape = Shape,
> extends Layer {
  readonly [OPTIONS]: [Out, K, St, P, D, G, More, ...W];
  readonly [OUT]: NeedsTransposedKernel<R, Op, In<this>, Out, K, G, W> extends infer E extends string
    ? E
    : ConvTransposedShape<R, In<this>, Out extends number ? Out : number, K, St, P, D, G, More>;
}

/** A transposed convolution along R axes: applied to a tensor, and as a layer. */
export interface TransposedConvolution<R extends Rank, Op extends string> {
  /**
   * Throws `UserError`: padding that leaves nothing, groups that do not divide the channels, a given weight or bias of
   * another shape.
   */
  <
    S extends Shape,
    const Out extends number,
    const K extends Steps<R>,
    const St extends Steps<R> = 1,
    const P extends Ends<R> = 0,
    const D extends Steps<R> = 1,
    const G extends number = 1,
    const More extends Steps<R> = 0,
    W extends Shape = Shape,
    B extends Shape = Shape,
    Z extends 1 = 1,
  >(
    x: Checked<Known<S, [Out, K, St, P, D, G, More], Z>, NeedsImage<R, S>, Tensor<S>>,
    options: ConvTransposeOptions<
      R,
      Out,
      Checked<Known<S, [Out, K, St, P, D, G, More], Z>, TransposedShape<R, S, Out, K, St, P, D, More>, K>,
      St,
      P,
      D,
      Checked<Known<S, [Out, K, St, P, D, G], Z>, NeedsGroups<R, S, Out, G>, G>,
      More,
      Checked<Known<S, [Out, K, G, ...W], Z>, NeedsTransposedKernel<R, Op, S, Out, K, G, W>, Tensor<W>>,
      Checked<Known<B, [Out], Z>, NeedsGiven<Op, "bias", B, [Out]>, Tensor<B>>
    >,
  ): Tensor<Result<Known<S, [Out, K, St, P, D, G, More], Z>, TransposedShape<R, S, Out, K, St, P, D, More>>>;
  /** The same as a layer. It has one set of parameters, wherever it is applied. */
  <
    const Out extends number,
    const K extends Steps<R>,
    const St extends Steps<R> = 1,
    const P extends Ends<R> = 0,
    const D extends Steps<R> = 1,
    const G extends number = 1,
    const More extends Steps<R> = 0,
    W extends Shape = Shape,
    B extends Shape = Shape,
    Z extends 1 = 1,
  >(
    options: ConvTransposeOptions<
      R,
      Out,
      K,
      St,
      P,
      D,
      G,
      More,
      Checked<Known<W, [Out, K], Z>, NeedsTransposedKernel<R, Op, Shape, Out, K, G, W>, Tensor<W>>,
      Checked<Known<B, [Out], Z>, NeedsGiven<Op, "bias", B, [Out]>, Tensor<B>>
    >,
  ): ConvTranspose<R, Op, Out, K, St, P, D, G, More, W>;
}

function transposed<R extends Rank, Op extends string>(def: OpDef): TransposedConvolution<R, Op> {
  const op = (...args: readonly unknown[]): unknown => unaryOp(def, args);
  return op as TransposedConvolution<R, Op>; // the overloads are what unaryOp does
}

/** Transposed convolution of sequences: [N, C, L] → [N, out, L′], as `convTranspose2d` along one axis. */
export const convTranspose1d: TransposedConvolution<1, "convTranspose1d"> = transposed(ops.convTranspose1d);
/**
 * Transposed convolution: each element of the input puts a kernel, times itself, into the result.
 * [N, C, H, W] → [N, out, H′, W′] with H′ = (H − 1)·stride − padding + dilation·(kernel − 1) + 1 + outputPadding.
 *
 *   y[n,o,h·s + u·d − p, w·s + v·d − p] = bias[o] + Σ_{c,u,v} x[n,c,h,w] · weight[c,o,u,v]
 */
export const convTranspose2d: TransposedConvolution<2, "convTranspose2d"> = transposed(ops.convTranspose2d);
/** Transposed convolution of volumes: [N, C, D, H, W] → [N, out, D′, H′, W′], as `convTranspose2d` along three axes. */
export const convTranspose3d: TransposedConvolution<3, "convTranspose3d"> = transposed(ops.convTranspose3d);
