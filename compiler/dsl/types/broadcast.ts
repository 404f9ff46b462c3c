/** Shapes of elementwise operations on two tensors, of matrix products and of dense layers. */
import type { Dim, MayEqual, N, NeedsGiven, NeedsOuterN, Shape, Show, ShowDim } from "./shape.ts";

/** The common size of two dimensions: equal, or one of them 1. "clash" where that is impossible. */
type CommonSize<A, B> = [A, B] extends [B, A]
  ? A
  : [A] extends [1]
    ? B
    : [B] extends [1]
      ? A
      : number extends A
        ? B
        : number extends B
          ? A
          : 1 extends A | B
            ? A | B
            : MayEqual<A, B> extends true
              ? A | B
              : "clash";

type AlignRight<
  A extends Shape,
  B extends Shape,
  Message extends string,
  Out extends Shape,
> = A extends readonly [...infer RestA extends Shape, infer a]
  ? B extends readonly [...infer RestB extends Shape, infer b]
    ? CommonSize<a, b> extends infer d
      ? d extends Dim
        ? AlignRight<RestA, RestB, Message, [d, ...Out]>
        : `${Message}: ${ShowDim<a>} against ${ShowDim<b>}`
      : never
    : [...A, ...Out]
  : [...B, ...Out];

/** NumPy's rule: align at the right; sizes are equal or 1. */
export type Broadcast<A extends Shape, B extends Shape> = [A, B] extends [B, A]
  ? A
  : number extends A["length"] | B["length"]
    ? Shape
    : OuterN<AlignRight<A, B, `cannot combine ${Show<A>} with ${Show<B>}`, []>>;

type OuterN<R> = NeedsOuterN<R, `the result ${Show<R>} would have the batch inside: N stays the first size`>;

/** […, i, k] · […, k, j] → […, i, j]; leading dimensions broadcast. */
export type MatmulShape<A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? Shape
  : A extends readonly [...infer LeadA extends Shape, infer i extends Dim, infer k]
    ? B extends readonly [...infer LeadB extends Shape, infer k2, infer j extends Dim]
      ? MayEqual<k, k2> extends true
        ? Broadcast<LeadA, LeadB> extends infer Lead
          ? Lead extends Shape
            ? OuterN<[...Lead, i, j]>
            : Lead
          : never
        : `cannot multiply ${Show<A>} by ${Show<B>}: ${ShowDim<k>} columns against ${ShowDim<k2>} rows`
      : `matmul needs […, rows, columns], got ${Show<B>}`
    : `matmul needs […, rows, columns], got ${Show<A>}`;

/** […, features] → […, out] */
export type LinearShape<S extends Shape, Out> = number extends S["length"]
  ? Shape
  : S extends readonly [infer First extends Dim, ...infer Middle extends Shape, Dim]
    ? [First, ...Middle, Out]
    : `linear needs [N, …, features], got ${Show<S>}`;

/** S, or why it cannot be the input of a dense layer. */
export type NeedsFeatures<S extends Shape> = LinearShape<S, 1> extends infer E extends string ? E : S;

/** I, or how it differs from the last dimension. */
export type NeedsIn<S extends Shape, I extends number> = number extends S["length"]
  ? I
  : S extends readonly [...Shape, infer Last]
    ? MayEqual<Last, I> extends true
      ? I
      : `linear takes ${I} features, but the last dimension of ${Show<S>} is ${ShowDim<Last>}`
    : I;

/** The size of the last dimension, `number` where it is not known. */
type Last<S extends Shape> = number extends S["length"]
  ? number
  : S extends readonly [...Shape, infer L]
    ? L
    : number;

/** A given weight's shape, or how it differs from [out, in]. */
export type NeedsDense<S extends Shape, Out, W extends Shape> = NeedsGiven<
  "linear",
  "weight",
  W,
  [Out, Last<S>]
>;

/** The features that a layer with this weight takes: those of `in`, or of the weight. */
export type Features<I extends number, W extends Shape> = number extends I
  ? number extends W["length"]
    ? I
    : W extends readonly [Dim, infer F extends number]
      ? F
      : I
  : I;

/** A dense layer's output, or what is wrong. */
export type DenseShape<S extends Shape, Out, I extends number> =
  NeedsIn<S, I> extends infer E extends string ? E : LinearShape<S, Out>;

/** [H, W] or [N, H, W] with a kernel [kh, kw]; see WindowShape for the count. */
export type NeedsMatrix<S extends Shape> = number extends S["length"]
  ? S
  : S["length"] extends 2
    ? [S[0]] extends [N]
      ? NotMatrix<S>
      : S
    : S["length"] extends 3
      ? S
      : NotMatrix<S>;
type NotMatrix<S> = `corr2d needs [height, width] or [N, height, width], got ${Show<S>}`;
