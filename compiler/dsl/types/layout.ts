/** Shapes of the ops that move elements: flatten, reshape, transpose, concat, pad. */
import type { Add, Divides, FloorDiv, Multiply } from "./arith.ts";
import type { Axes, NeedsAxes } from "./reduce.ts";
import type {
  AxisKey,
  Dim,
  MayEqual,
  N,
  NeedsAxis,
  NeedsOuterN,
  ReplaceAt,
  Shape,
  Show,
  Size,
} from "./shape.ts";

/** The product of the numbers in S; N counts as 1, which makes it a product per example. */
type Product<S, Out extends number = 1> = S extends readonly [infer H, ...infer T]
  ? [H] extends [N]
    ? Product<T, Out>
    : H extends number
      ? Product<T, Multiply<Out, H>>
      : number
  : S extends readonly []
    ? Out
    : number;

/** [N, a, b, …] → [N, a·b·…] */
export type FlattenShape<S extends Shape> = number extends S["length"]
  ? [Dim, number]
  : S extends readonly [infer First extends Dim, Dim, ...infer Rest]
    ? S extends readonly [Dim, infer Second, ...Rest]
      ? [First, Product<[Second, ...Rest]>]
      : never
    : `flatten needs [N, …], got ${Show<S>}`;

// -------------------------------------------------------------------------------------------- reshape

/** What `reshape` takes: sizes, N in front, one −1 for what is left. */
export type Target = readonly (number | N | Size)[];

type Without<R, X, Out extends readonly unknown[] = []> = R extends readonly [infer H, ...infer T]
  ? [H] extends [X]
    ? Without<T, X, Out>
    : Without<T, X, [...Out, H]>
  : Out;
type Fill<R, V> = { -readonly [I in keyof R]: R[I] extends -1 ? V : R[I] };
type Has<S extends Shape, X> = X extends S[number] ? true : false;

/** Whether a −1 may be among sizes that are not all literals. */
type MayHaveGap<R extends Shape> = number extends R[number] ? boolean : Has<R, -1>;

export type ReshapeShape<S extends Shape, R extends Target> = number extends R["length"]
  ? Shape
  : MayHaveGap<R> extends infer Gap
    ? number extends S["length"]
      ? Fill<R, number>
      : Has<S, N> extends Has<R, N>
        ? [Gap] extends [true]
          ? FillGap<S, R, Product<S>, Product<Without<R, -1>>>
          : Product<S> extends infer a extends number
            ? Product<R> extends infer b extends number
              ? MayEqual<a, b> extends true
                ? Fill<R, number>
                : [Gap] extends [false]
                  ? `cannot reshape ${Show<S>} to ${Show<R>}: ${a} elements against ${b}`
                  : Fill<R, number>
              : never
            : never
        : NLost<S, R>
    : never;

type HasTwoGaps<R> = R extends readonly [infer H, ...infer T]
  ? [H] extends [-1]
    ? -1 extends T[number]
      ? true
      : false
    : HasTwoGaps<T>
  : false;

type FillGap<S extends Shape, R extends Target, A extends number, B extends number> =
  HasTwoGaps<R> extends true
    ? `cannot reshape to ${Show<R>}: at most one size is -1`
    : Divides<B, A> extends false
      ? `cannot reshape ${Show<S>} to ${Show<R>}: ${A} elements are not a multiple of ${B}`
      : Fill<R, FloorDiv<A, B>>;

/** A size that is only known as `Dim` may be N. */
type NLost<S extends Shape, R extends Target> = Dim extends S[number]
  ? Fill<R, number>
  : `cannot reshape ${Show<S>} to ${Show<R>}: N stays the first size`;

// ------------------------------------------------------------------------------------------ transpose

type ToKeys<S extends Shape, P extends readonly number[]> = { [I in keyof P]: AxisKey<S, P[I]> };
type At<S extends Shape, Key> = Key extends keyof S ? S[Key] : Dim;
type Permute<S extends Shape, Keys> = { -readonly [I in keyof Keys]: At<S, Keys[I]> };

type SwapLast<S extends Shape> = S extends readonly [...infer Lead, infer A, infer B]
  ? [...Lead, B, A]
  : never;

type KeepsN<S extends Shape, R> = NeedsOuterN<
  R,
  `cannot transpose ${Show<S>} to ${Show<R>}: N stays the first size`
>;

/** S with its axes in another order; by default the last two swap. */
export type TransposeShape<
  S extends Shape,
  P extends readonly number[] | undefined,
> = number extends S["length"]
  ? P extends readonly number[]
    ? { -readonly [I in keyof P]: Dim }
    : Shape
  : P extends readonly number[]
    ? number extends P["length"]
      ? Shape
      : S["length"] extends P["length"]
        ? ToKeys<S, P> extends infer Keys extends readonly unknown[]
          ? string extends Keys[number]
            ? Permute<S, Keys>
            : [keyof S & `${number}`] extends [Keys[number]]
              ? KeepsN<S, Permute<S, Keys>>
              : `order ${Show<P>} does not list every axis of ${Show<S>} once`
          : never
        : `order ${Show<P>} does not list every axis of ${Show<S>} once`
    : S extends readonly [Dim, Dim, ...Shape]
      ? KeepsN<S, SwapLast<S>>
      : `transpose needs at least two dimensions, got ${Show<S>}`;

// --------------------------------------------------------------------------------------- concat, pad

type SameBut<A extends Shape, B extends Shape, Key extends string> = A["length"] extends B["length"]
  ? {
      [I in keyof A]: I extends Key ? true : I extends keyof B ? MayEqual<A[I], B[I]> : true;
    } extends readonly true[]
    ? true
    : false
  : false;

/** A and B joined along the axis with that key. */
type Join<A extends Shape, B extends Shape, Key extends string> = number extends B["length"]
  ? { -readonly [I in keyof A]: I extends Key ? number : A[I] }
  : SameBut<A, B, Key> extends true
    ? Key extends keyof A & keyof B
      ? ReplaceAt<A, Key, JoinedSize<A[Key], B[Key]>>
      : Dim[]
    : `cannot join ${Show<A>} and ${Show<B>} along axis ${Key}: their other sizes differ`;
type JoinedSize<A, B> = A extends number ? (B extends number ? Add<A, B> : number) : number;

type JoinAll<First, Rest, Key extends string> = First extends Shape
  ? Rest extends readonly [infer Next extends Shape, ...infer More]
    ? JoinAll<Join<First, Next, Key>, More, Key>
    : First
  : First;

/** The shapes of a list, joined along axis X. */
export type ConcatShape<L extends readonly Shape[], X extends number> = L extends readonly [
  infer First extends Shape,
  ...infer Rest extends Shape[],
]
  ? number extends First["length"]
    ? Shape
    : AxisKey<First, X> extends infer Key extends string
      ? [Key] extends [never]
        ? NeedsAxis<First, X>
        : string extends Key
          ? { -readonly [I in keyof First]: Dim }
          : [First[Key & keyof First]] extends [N]
            ? `axis ${X} of ${Show<First>} is the batch: examples stay apart`
            : JoinAll<First, Rest, Key>
      : never
  : number extends L["length"]
    ? Shape
    : "concat needs at least one tensor";

type Sum<P, I extends 0 | 1> = P extends number
  ? Add<P, P>
  : P extends readonly [infer A extends number, infer B extends number]
    ? [Add<A, A>, Add<B, B>][I]
    : P extends readonly [
          infer T extends number,
          infer B extends number,
          infer L extends number,
          infer R extends number,
        ]
      ? [Add<T, B>, Add<L, R>][I]
      : number;

/** Sizes grow by the padding: the last two, or those of the axes X. */
export type PadShape<S extends Shape, P, X extends Axes = undefined> = number extends S["length"]
  ? Shape
  : [X] extends [undefined]
    ? PadLast<S, P>
    : NeedsAxes<S, X> extends infer E extends string
      ? E
      : PadAxes<S, X extends readonly number[] ? X : [X], P>;

type PadLast<S extends Shape, P> = S extends readonly [...infer Lead, infer H, infer W]
  ? [H] extends [N]
    ? `pad cannot grow the batch of ${Show<S>}: it works on the last two dimensions`
    : [...Lead, Grow<H, Sum<P, 0>>, Grow<W, Sum<P, 1>>]
  : `pad needs at least two dimensions, got ${Show<S>}`;
type Grow<L, P extends number> = L extends number ? Add<L, P> : number;

/** The first axis and its ends, and then the rest. */
type PadAxes<S extends Shape, X, P> = X extends readonly [infer A extends number, ...infer Rest]
  ? string extends AxisKey<S, A>
    ? { -readonly [I in keyof S]: Dim }
    : [S[AxisKey<S, A> & keyof S]] extends [N]
      ? `pad cannot grow the batch of ${Show<S>}`
      : P extends readonly [infer Before extends number, infer After extends number, ...infer Ends]
        ? PadAxes<
            ReplaceAt<S, AxisKey<S, A>, Grow<S[AxisKey<S, A> & keyof S], Add<Before, After>>>,
            Rest,
            Ends
          >
        : PadAxes<
            ReplaceAt<
              S,
              AxisKey<S, A>,
              Grow<S[AxisKey<S, A> & keyof S], P extends number ? Add<P, P> : number>
            >,
            Rest,
            P
          >
  : S;
