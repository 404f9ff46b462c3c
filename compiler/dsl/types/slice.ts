/** Shapes of slice and split. */
import type { Add, Divides, FloorDiv, Less, Subtract } from "./arith.ts";
import type { NeedsInnerAxis } from "./reduce.ts";
import type { AxisKey, Dim, ReplaceAt, Shape, Show, ShowDim, Size } from "./shape.ts";

/** The size of axis X, or why no positions can be taken along it. */
export type SizeAlong<S extends Shape, X extends number> =
  NeedsInnerAxis<S, X> extends infer Message extends string
    ? Message
    : string extends AxisKey<S, X>
      ? number
      : [S[AxisKey<S, X> & keyof S]] extends [Size<infer Name>]
        ? `axis ${X} of ${Show<S>} is ${Name}, which a run decides`
        : S[AxisKey<S, X> & keyof S] extends number
          ? S[AxisKey<S, X> & keyof S]
          : number;

/** S with V along axis X; where that axis is not known, any size may be another one. */
export type Resized<S extends Shape, X extends number, V> = number extends S["length"]
  ? Shape
  : string extends AxisKey<S, X>
    ? { -readonly [I in keyof S]: Dim }
    : ReplaceAt<S, AxisKey<S, X>, V>;

type SliceSize<
  S extends Shape,
  X extends number,
  V extends number,
  A extends number | undefined,
  E,
  P extends number,
> = number extends P
  ? number
  : `${P}` extends `-${infer Back extends number}`
    ? Backwards<S, X, V, A extends number ? A : Subtract<V, 1>, E, Back>
    : Forwards<S, X, V, A extends number ? A : 0, E extends number ? E : V, P>;

/** How many steps of P go from A to Last, the last one maybe a part. */
type Steps<A extends number, Last extends number, P extends number> = [P] extends [1]
  ? Subtract<Last, A>
  : FloorDiv<Add<Subtract<Last, A>, Subtract<P, 1>>, P>;

type Forwards<
  S extends Shape,
  X extends number,
  V extends number,
  A extends number,
  Last extends number,
  P extends number,
> = true extends IsFalse<Less<A, Last>> | IsTrue<Less<V, Last>>
  ? `slice from ${A} to ${Last} along axis ${X} of ${Show<S>}: 0 ≤ start < end ≤ ${ShowDim<V>}`
  : Steps<A, Last, P>;

/** From A down to E, or through 0. */
type Backwards<
  S extends Shape,
  X extends number,
  V extends number,
  A extends number,
  E,
  P extends number,
> = true extends IsFalse<Less<A, V>> | (E extends number ? IsFalse<Less<E, A>> : false)
  ? `slice from ${A}${E extends number ? ` to ${E}` : ""} backwards along axis ${X} of ${Show<S>}: end < start < ${ShowDim<V>}`
  : E extends number
    ? Steps<E, A, P>
    : Steps<0, Add<A, 1>, P>;
type IsTrue<B> = [B] extends [true] ? true : false;
type IsFalse<B> = [B] extends [false] ? true : false;

/** S with the positions from `start` to `end` of axis X, in steps of P. */
export type SliceShape<
  S extends Shape,
  X extends number,
  A extends number | undefined,
  E extends number | undefined,
  P extends number = 1,
> =
  SizeAlong<S, X> extends infer V
    ? [V] extends [number]
      ? SliceSize<S, X, V, A, E, P> extends infer R
        ? [R] extends [string]
          ? R
          : Resized<S, X, R>
        : never
      : V
    : never;

// ---------------------------------------------------------------------------------------------- split

/** Equal parts that were cut from a size. */
type Equal<C extends number, V, Out extends readonly unknown[] = []> = number extends C
  ? V[]
  : Out["length"] extends C
    ? Out
    : Equal<C, V, [...Out, V]>;
type IsCount<C extends number> = `${C}` extends
  | `-${string}`
  | `${string}.${string}`
  | `${string}e${string}`
  | "0"
  ? false
  : true;
type Total<L, Out extends number = 0> = L extends readonly [infer H extends number, ...infer T]
  ? Total<T, Add<Out, H>>
  : L extends readonly []
    ? Out
    : number;

type SplitSizes<S extends Shape, X extends number, V extends number, L, C> = [L, C] extends [
  undefined,
  undefined,
]
  ? "split takes sizes, or parts"
  : L extends readonly number[]
    ? C extends number
      ? "split takes sizes or parts, not both"
      : number extends V | Total<L>
        ? L
        : Total<L> extends V
          ? L
          : `sizes ${Show<L>} add up to ${Total<L>}, but axis ${X} of ${Show<S>} has ${V}`
    : C extends number
      ? IsCount<C> extends false
        ? `parts is ${C}, but has to be a whole number of at least 1`
        : Divides<C, V> extends false
          ? `axis ${X} of ${Show<S>} has ${V} positions, which is no multiple of ${C}`
          : Equal<C, FloorDiv<V, C>>
      : number[];

type Parts<S extends Shape, X extends number, L> = { -readonly [I in keyof L]: Resized<S, X, L[I]> };

/** The shapes of the parts of S along axis X, of sizes L or C equal ones. */
export type SplitShapes<S extends Shape, X extends number, L, C> =
  SizeAlong<S, X> extends infer V
    ? [V] extends [number]
      ? SplitSizes<S, X, V, L, C> extends infer R
        ? [R] extends [string]
          ? R
          : Parts<S, X, R>
        : never
      : V
    : never;

/** As many parts as options say, of which nothing else is known. */
export type PartsOf<L, C> = L extends readonly number[]
  ? L
  : C extends number
    ? IsCount<C> extends true
      ? Equal<C, number>
      : number[]
    : number[];
