/** Shapes of convolutions and pooling: windows that slide over the last one, two or three axes of [N, C, …]. */
import type {
  Add,
  Divides,
  FloorDiv,
  Subtract,
  TransposedCount,
  WindowCount,
  WindowCountCeil,
} from "./arith.ts";
import type { Dim, NeedsGiven, NeedsRank, Shape, Show, ShowDim } from "./shape.ts";

/** How many axes a window slides along. */
export type Rank = 1 | 2 | 3;

interface StepLists {
  1: readonly [number];
  2: readonly [number, number];
  3: readonly [number, number, number];
}
interface EndLists {
  1: readonly [number, number];
  2: readonly [number, number, number, number];
  3: readonly [number, number, number, number, number, number];
}
/** A number for all axes, or one for each: [height, width]. */
export type Steps<R extends Rank> = number | StepLists[R];
/** A number for all ends, one for each axis, or one for each end: [top, bottom, left, right]. */
export type Ends<R extends Rank> = Steps<R> | EndLists[R];
/** The same, or what keeps the size. */
export type Padding<R extends Rank> = Ends<R> | "same" | "sameUpper";

/** The number of axis I, a key of a tuple. */
type Part<P, I> = P extends number ? P : I extends keyof P ? (P[I] extends number ? P[I] : number) : number;

/** Where the padding of each axis stands in a list of ends. */
interface EndsOf {
  "0": ["0", "1"];
  "1": ["2", "3"];
  "2": ["4", "5"];
}
/** Padding of one axis: [before, after], or a word. */
type Sides<R extends Rank, P, I> = P extends string
  ? P
  : P extends EndLists[R]
    ? I extends keyof EndsOf
      ? [Part<P, EndsOf[I][0]>, Part<P, EndsOf[I][1]>]
      : [number, number]
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

type Lengths<R extends Rank, L extends readonly unknown[], K, St, P, D, Ceil> = {
  -readonly [I in keyof L]: Length<L[I], Part<K, I>, Part<St, I>, Sides<R, P, I>, Part<D, I>, Ceil>;
};
type Misfits<L extends readonly unknown[]> = {
  [I in keyof L]: [L[I]] extends ["negative"] ? 1 : 0;
}[number];
type Fits<B, C, L extends readonly unknown[], Else> =
  1 extends Misfits<L> ? Else : [B, C, ...{ [I in keyof L]: Exclude<L[I], "negative"> }];

interface ShowLists<P> {
  1: `${ShowDim<Part<P, "0">>}`;
  2: `${ShowDim<Part<P, "0">>}×${ShowDim<Part<P, "1">>}`;
  3: `${ShowDim<Part<P, "0">>}×${ShowDim<Part<P, "1">>}×${ShowDim<Part<P, "2">>}`;
}
type ShowSteps<R extends Rank, P> = ShowLists<P>[R];
type ShowDilation<R extends Rank, D> = D extends 1 ? "" : `, dilation ${ShowSteps<R, D>},`;

interface Unknown {
  1: [number];
  2: [number, number];
  3: [number, number, number];
}

/** [N, C, …] → [N, Out, …], or what is wrong. */
export type WindowShape<
  R extends Rank,
  S extends Shape,
  Out,
  K,
  St,
  P,
  D = 1,
  Ceil = false,
> = number extends S["length"]
  ? [Dim, Out, ...Unknown[R]]
  : S extends readonly [infer B, Dim, ...infer L]
    ? L["length"] extends R
      ? Fits<
          B,
          Out,
          Lengths<R, L, K, St, P, D, Ceil>,
          `kernel ${ShowSteps<R, K>}${ShowDilation<R, D>} is larger than the padded input ${Show<S>}`
        >
      : NeedsImage<R, S>
    : NeedsImage<R, S>;

type TransposedLength<
  L,
  K extends number,
  S extends number,
  P,
  D extends number,
  More extends number,
> = L extends number
  ? P extends readonly [infer A extends number, infer B extends number]
    ? TransposedCount<L, K, S, Add<A, B>, D, More>
    : number
  : number;
type TransposedLengths<R extends Rank, L extends readonly unknown[], K, St, P, D, More> = {
  -readonly [I in keyof L]: TransposedLength<
    L[I],
    Part<K, I>,
    Part<St, I>,
    Sides<R, P, I>,
    Part<D, I>,
    Part<More, I>
  >;
};

/** [N, C, …] → [N, Out, …] of a transposed convolution, or what is wrong. */
export type TransposedShape<
  R extends Rank,
  S extends Shape,
  Out,
  K,
  St,
  P,
  D,
  More,
> = number extends S["length"]
  ? [Dim, Out, ...Unknown[R]]
  : S extends readonly [infer B, Dim, ...infer L]
    ? L["length"] extends R
      ? Fits<
          B,
          Out,
          TransposedLengths<R, L, K, St, P, D, More>,
          `nothing of ${Show<S>} is left within the padding of a kernel ${ShowSteps<R, K>}`
        >
      : NeedsImage<R, S>
    : NeedsImage<R, S>;

export type PoolShape<R extends Rank, S extends Shape, K, St, P, D, Ceil> = WindowShape<
  R,
  S,
  S[1],
  K,
  St,
  P,
  D,
  Ceil
>;

interface Ranks {
  1: 3;
  2: 4;
  3: 5;
}
interface Forms {
  1: "[N, channels, length]";
  2: "[N, channels, height, width]";
  3: "[N, channels, depth, height, width]";
}
export type NeedsImage<R extends Rank, S extends Shape> = NeedsRank<S, Ranks[R], Forms[R]>;

/** The shapes that batch normalisation along R axes takes: of one axis features without it, too. */
export type NeedsNormed<R extends Rank, S extends Shape> = [R, S["length"]] extends [1, 2]
  ? S
  : NeedsImage<R, S>;

/** G, or why the channels do not split into G groups. */
export type NeedsGroups<R extends Rank, S extends Shape, Out extends number, G extends number> = G extends 1
  ? G
  : Channels<R, S> extends infer C extends number
    ? number extends C
      ? G
      : Divides<G, C> extends false
        ? `groups ${G} does not divide the ${C} input channels of ${Show<S>}`
        : Divides<G, Out> extends false
          ? `groups ${G} does not divide the ${Out} output channels`
          : G
    : G;

interface Kernels<K> {
  1: [Part<K, "0">];
  2: [Part<K, "0">, Part<K, "1">];
  3: [Part<K, "0">, Part<K, "1">, Part<K, "2">];
}
/** A given weight's shape, or how it differs from [out, in / groups, …the kernel's sizes]. */
export type NeedsKernel<
  R extends Rank,
  Op extends string,
  S extends Shape,
  Out,
  K,
  G,
  W extends Shape,
> = NeedsGiven<Op, "weight", W, [Out, G extends 1 ? Channels<R, S> : number, ...Kernels<K>[R]]>;
type Channels<R extends Rank, S extends Shape> = S extends readonly [Dim, infer C extends number, ...infer L]
  ? L["length"] extends R
    ? C
    : number
  : number;

/** The first of the things that can be wrong with a convolution, or its shape. */
export type ConvShape<R extends Rank, S extends Shape, Out extends number, K, St, P, D, G extends number> =
  NeedsGroups<R, S, Out, G> extends infer E extends string ? E : WindowShape<R, S, Out, K, St, P, D>;

/** A given weight's shape, or how it differs from [in, out / groups, …the kernel's sizes]. */
export type NeedsTransposedKernel<
  R extends Rank,
  Op extends string,
  S extends Shape,
  Out,
  K,
  G,
  W extends Shape,
> = NeedsGiven<Op, "weight", W, [Channels<R, S>, G extends 1 ? Out : number, ...Kernels<K>[R]]>;

/** The first of the things that can be wrong with a transposed convolution, or its shape. */
export type ConvTransposedShape<
  R extends Rank,
  S extends Shape,
  Out extends number,
  K,
  St,
  P,
  D,
  G extends number,
  More,
> =
  NeedsGroups<R, S, Out, G> extends infer E extends string
    ? E
    : TransposedShape<R, S, Out, K, St, P, D, More>;

interface Ones {
  1: [1];
  2: [1, 1];
  3: [1, 1, 1];
}
export type GlobalPoolShape<R extends Rank, S extends Shape> = number extends S["length"]
  ? [Dim, Dim, ...Ones[R]]
  : S extends readonly [infer B, infer C, ...infer L]
    ? L["length"] extends R
      ? [B, C, ...Ones[R]]
      : NeedsImage<R, S>
    : NeedsImage<R, S>;

/** [N, C, …] → [N, C, …Size] */
export type AdaptiveShape<R extends Rank, S extends Shape, Size> = number extends S["length"]
  ? [Dim, Dim, ...Kernels<Size>[R]]
  : S extends readonly [infer B, infer C, ...infer L]
    ? L["length"] extends R
      ? [B, C, ...Kernels<Size>[R]]
      : NeedsImage<R, S>
    : NeedsImage<R, S>;

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
