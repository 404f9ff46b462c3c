/** Shapes of convolutions and pooling: windows that slide over the last two axes of [N, C, H, W]. */
import type { Add, Divides, FloorDiv, Subtract, WindowCount, WindowCountCeil } from "./arith.ts";
import type { Dim, NeedsGiven, NeedsRank, Shape, Show, ShowDim } from "./shape.ts";

/** A number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];
/** A number for all sides, [vertical, horizontal], [top, bottom, left, right], or "same". */
export type Padding = number | "same" | readonly [number, number] | readonly [number, number, number, number];

type Part<P, I extends 0 | 1> = P extends number
  ? P
  : P extends readonly [infer A extends number, infer B extends number]
    ? [A, B][I]
    : number;

/** Padding of one axis: [before, after], or "same". */
type Sides<P, I extends 0 | 1> = P extends "same"
  ? P
  : P extends readonly [
        infer T extends number,
        infer B extends number,
        infer L extends number,
        infer R extends number,
      ]
    ? [[T, B], [L, R]][I]
    : [Part<P, I>, Part<P, I>];

/** The length of one axis, or "negative" where the kernel does not fit. "same" gives ⌈L / S⌉. */
type Length<L, K extends number, S extends number, P, D extends number, Ceil> = L extends number
  ? P extends readonly [infer A extends number, infer B extends number]
    ? Ceil extends true
      ? WindowCountCeil<L, K, S, Add<A, B>, D, A>
      : WindowCount<L, K, S, Add<A, B>, D>
    : S extends 1
      ? L
      : FloorDiv<Add<L, Subtract<S, 1>>, S>
  : number;

type Fits<B, C, H, W, Else> = [H] extends ["negative"]
  ? Else
  : [W] extends ["negative"]
    ? Else
    : [B, C, Exclude<H, "negative">, Exclude<W, "negative">];

type ShowPair<P> = `${ShowDim<Part<P, 0>>}×${ShowDim<Part<P, 1>>}`;
type ShowDilation<D> = D extends 1 ? "" : `, dilation ${ShowPair<D>},`;

/** [N, C, H, W] → [N, Out, H′, W′], or what is wrong. */
export type WindowShape<S extends Shape, Out, K, St, P, D = 1, Ceil = false> = number extends S["length"]
  ? [Dim, Out, number, number]
  : S extends readonly [infer B, Dim, infer H, infer W]
    ? Fits<
        B,
        Out,
        Length<H, Part<K, 0>, Part<St, 0>, Sides<P, 0>, Part<D, 0>, Ceil>,
        Length<W, Part<K, 1>, Part<St, 1>, Sides<P, 1>, Part<D, 1>, Ceil>,
        `kernel ${ShowPair<K>}${ShowDilation<D>} is larger than the padded input ${Show<S>}`
      >
    : NeedsImage<S>;

export type PoolShape<S extends Shape, K, St, P, D, Ceil> = WindowShape<S, S[1], K, St, P, D, Ceil>;

export type NeedsImage<S extends Shape> = NeedsRank<S, 4, "[N, channels, height, width]">;

/** G, or why the channels do not split into G groups. */
export type NeedsGroups<S extends Shape, Out extends number, G extends number> = G extends 1
  ? G
  : S extends readonly [Dim, infer C extends number, Dim, Dim]
    ? Divides<G, C> extends false
      ? `groups ${G} does not divide the ${C} input channels of ${Show<S>}`
      : Divides<G, Out> extends false
        ? `groups ${G} does not divide the ${Out} output channels`
        : G
    : G;

/** A given weight's shape, or how it differs from [out, in / groups, kernel height, kernel width]. */
export type NeedsKernel<S extends Shape, Out, K, G, W extends Shape> = NeedsGiven<
  "conv2d",
  "weight",
  W,
  [Out, G extends 1 ? Channels<S> : number, Part<K, 0>, Part<K, 1>]
>;
type Channels<S extends Shape> = S extends readonly [Dim, infer C extends number, Dim, Dim] ? C : number;

/** The first of the things that can be wrong with a convolution, or its shape. */
export type ConvShape<S extends Shape, Out extends number, K, St, P, D, G extends number> =
  NeedsGroups<S, Out, G> extends infer E extends string ? E : WindowShape<S, Out, K, St, P, D>;

export type GlobalPoolShape<S extends Shape> = number extends S["length"]
  ? [Dim, Dim, 1, 1]
  : S extends readonly [infer B, infer C, Dim, Dim]
    ? [B, C, 1, 1]
    : NeedsImage<S>;

/** [H, W] or [N, H, W] with a kernel [kh, kw] at stride 1, without padding. */
export type CorrShape<S extends Shape, B extends Shape> = number extends S["length"] | B["length"]
  ? Shape
  : B extends readonly [infer KH, infer KW]
    ? S extends readonly [...infer Lead, infer H, infer W]
      ? MatrixFits<
          Lead,
          Length<H, Size<KH>, 1, [0, 0], 1, false>,
          Length<W, Size<KW>, 1, [0, 0], 1, false>,
          S,
          B
        >
      : never
    : `corr2d needs a kernel [height, width], got ${Show<B>}`;
type Size<D> = D extends number ? D : number;
type MatrixFits<Lead extends readonly unknown[], H, W, S, B> = [H] extends ["negative"]
  ? `kernel ${Show<B>} is larger than the input ${Show<S>}`
  : [W] extends ["negative"]
    ? `kernel ${Show<B>} is larger than the input ${Show<S>}`
    : [...Lead, Exclude<H, "negative">, Exclude<W, "negative">];
