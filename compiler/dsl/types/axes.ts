/** Shapes of the ops that add, drop, repeat, stack and turn axes, and that take blocks of pixels for channels. */
import type { Divides, FloorDiv, Multiply } from "./arith.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Axes, NeedsAxes, NeedsInnerAxis, ReduceShape } from "./reduce.ts";
import type { AxisKey, Dim, MayEqual, N, NeedsOuterN, Shape, Show, ShowDim, Size } from "./shape.ts";

type ListOf<X> = X extends readonly number[] ? X : [X];
type KeysOf<S extends Shape, L> = { [I in keyof L]: AxisKey<S, L[I]> };
type KeyIn<S extends Shape, X> =
  KeysOf<S, ListOf<X>> extends infer K extends readonly unknown[] ? K[number] : never;

/** The first axis of those keys whose size is not 1. */
type NotOne<S extends Shape, Key> = Key extends keyof S
  ? MayEqual<S[Key], 1> extends true
    ? never
    : Key
  : never;

/** S without axes of size 1: those of X, or all. */
export type SqueezeShape<S extends Shape, X extends Axes> = number extends S["length"]
  ? Shape
  : [X] extends [undefined]
    ? AllOnes<S>
    : NeedsAxes<S, X> extends infer E extends string
      ? E
      : [NotOne<S, KeyIn<S, X>>] extends [never]
        ? ReduceShape<S, X, false>
        : `axis ${NotOne<S, KeyIn<S, X>> & string} of ${Show<S>} has not size 1`;

/** Sizes that are not known may be 1. */
type AllOnes<S extends Shape, Out extends Shape = []> = S extends readonly [
  infer H extends Dim,
  ...infer T extends Shape,
]
  ? [H] extends [1]
    ? AllOnes<T, Out>
    : number extends H
      ? Shape
      : AllOnes<T, [...Out, H]>
  : Out;

/** S with V at the places of the keys, which are those of the result; G is as long as the result. */
type Insert<
  S extends Shape,
  Key,
  V extends Dim,
  G extends readonly unknown[],
  Out extends Shape = [],
> = Out["length"] extends G["length"]
  ? Out
  : `${Out["length"]}` extends Key
    ? Insert<S, Key, V, G, [...Out, V]>
    : S extends readonly [infer H extends Dim, ...infer T extends Shape]
      ? Insert<T, Key, V, G, [...Out, H]>
      : Out;

/** S with V at the places X of a result that is as long as G. */
export type Inserted<S extends Shape, X extends Axes, V extends Dim, G extends Shape> =
  NeedsAxes<G, X> extends infer E extends string
    ? E
    : string extends KeyIn<G, X>
      ? { -readonly [I in keyof G]: Dim }
      : Insert<S, KeyIn<G, X>, V, G> extends infer R extends Shape
        ? NeedsOuterN<R, `the result ${Show<R>} would have the batch inside: N stays the first size`>
        : never;

type Ones<L> = { [I in keyof L]: 1 };

/** S with axes of size 1 at the places X of the result. */
export type UnsqueezeShape<S extends Shape, X extends number | readonly number[]> = number extends
  | S["length"]
  | ListOf<X>["length" & keyof ListOf<X>]
  ? Shape
  : ListOf<X> extends infer L extends readonly number[]
    ? Inserted<S, X, 1, [...S, ...Ones<L>]>
    : never;

type AllAlike<S extends Shape, L> = L extends readonly [infer H extends Shape, ...infer T]
  ? number extends H["length"]
    ? AllAlike<S, T>
    : S["length"] extends H["length"]
      ? { [I in keyof S]: I extends keyof H ? MayEqual<S[I], H[I]> : true } extends readonly true[]
        ? AllAlike<S, T>
        : `cannot stack ${Show<S>} and ${Show<H>}: all tensors have one shape`
      : `cannot stack ${Show<S>} and ${Show<H>}: all tensors have one shape`
  : 0;

/** The shapes of a list side by side, along a new axis X. */
export type StackShape<L extends readonly Shape[], X extends number> = L extends readonly [
  infer First extends Shape,
  ...infer Rest extends Shape[],
]
  ? number extends First["length"]
    ? Shape
    : AllAlike<First, Rest> extends infer E extends string
      ? E
      : Inserted<First, X, L["length"] & number, [...First, 1]>
  : number extends L["length"]
    ? Shape
    : "stack needs at least one tensor";

/** What x is repeated to. */
export type ExpandShape<S extends Shape, R extends Shape> =
  Broadcast<S, R> extends infer B ? (B extends Shape ? { -readonly [I in keyof B]: B[I] } : B) : never;

type Times<D, R> = [R] extends [1]
  ? D
  : D extends number
    ? R extends number
      ? Multiply<D, R>
      : number
    : never;

/** Each size times its repeats. */
export type TileShape<S extends Shape, R extends readonly number[]> = number extends S["length"] | R["length"]
  ? Shape
  : S["length"] extends R["length"]
    ? TileFixed<S, R> extends infer E extends string
      ? E
      : { -readonly [I in keyof S]: I extends keyof R ? Times<S[I], R[I]> : S[I] }
    : `tile of ${Show<S>} takes a number for each axis, got ${Show<R>}`;
/** A size that is no number is repeated once. */
type TileFixed<S extends Shape, R> = {
  [I in keyof S]: [S[I]] extends [N | Size]
    ? I extends keyof R
      ? MayEqual<R[I], 1> extends true
        ? 0
        : `size ${ShowDim<S[I]>} of ${Show<S>} is no number: it is repeated once`
      : 0
    : 0;
} extends infer All extends readonly unknown[]
  ? Extract<All[number], string> extends never
    ? 0
    : Extract<All[number], string>
  : 0;

/** S, or why it is not turned along X. */
export type FlipShape<S extends Shape, X extends number | readonly number[]> =
  NeedsAxes<S, X> extends infer E extends string
    ? E
    : X extends readonly [infer H extends number, ...infer T extends readonly number[]]
      ? NeedsInnerAxis<S, H> extends infer E extends string
        ? E
        : FlipShape<S, T>
      : [X] extends [number]
        ? NeedsInnerAxis<S, X> extends infer E extends string
          ? E
          : S
        : S;

type NoImage<Op extends string, S> = `${Op} needs [N, channels, height, width], got ${Show<S>}`;
type Side<D, B extends number, Up> = D extends number
  ? Up extends true
    ? Multiply<D, B>
    : FloorDiv<D, B>
  : number;

/** [N, C·b², H, W] → [N, C, H·b, W·b] */
export type DepthToSpaceShape<S extends Shape, B extends number> = number extends S["length"]
  ? Shape
  : S extends readonly [infer First extends Dim, infer C extends number, infer H, infer W]
    ? Divides<Multiply<B, B>, C> extends false
      ? `the ${C} channels of ${Show<S>} are no multiple of ${Multiply<B, B>}`
      : [First, FloorDiv<C, Multiply<B, B>>, Side<H, B, true>, Side<W, B, true>]
    : NoImage<"depthToSpace", S>;

/** [N, C, H·b, W·b] → [N, C·b², H, W] */
export type SpaceToDepthShape<S extends Shape, B extends number> = number extends S["length"]
  ? Shape
  : S extends readonly [
        infer First extends Dim,
        infer C extends number,
        infer H extends number,
        infer W extends number,
      ]
    ? Divides<B, H> extends false
      ? `the ${H} rows of ${Show<S>} are no multiple of ${B}`
      : Divides<B, W> extends false
        ? `the ${W} columns of ${Show<S>} are no multiple of ${B}`
        : [First, Multiply<C, Multiply<B, B>>, Side<H, B, false>, Side<W, B, false>]
    : NoImage<"spaceToDepth", S>;
