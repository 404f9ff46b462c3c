/** Shapes of the ops between numbers and whole numbers, and of sums by letters. */
import type { Less } from "./arith.ts";
import type { Inserted } from "./axes.ts";
import type { NeedsInnerAxis, ReduceShape } from "./reduce.ts";
import type { Dim, Shape, Show } from "./shape.ts";
import type { Resized, SizeAlong } from "./slice.ts";

/** S without axis X, or with 1 there: of where an extreme stands. */
export type PlaceShape<S extends Shape, X extends number, Keep> =
  NeedsInnerAxis<S, X> extends infer E extends string ? E : ReduceShape<S, X, Keep>;

/** S, or why nothing goes along axis X. */
export type AlongShape<S extends Shape, X extends number> =
  NeedsInnerAxis<S, X> extends infer E extends string ? E : S;

/** S with K positions of axis X. */
export type TopShape<S extends Shape, K extends number, X extends number> =
  SizeAlong<S, X> extends infer V
    ? [V] extends [number]
      ? [Less<V, K>] extends [true]
        ? `the ${K} largest along axis ${X} of ${Show<S>}: there are ${V}`
        : Resized<S, X, K>
      : V
    : never;

/** S with an axis of C classes at place X of the result. */
export type OneHotShape<S extends Shape, C extends number, X extends number> = number extends S["length"]
  ? Shape
  : Inserted<S, X, C, [...S, C]>;

type Letters<E extends string> = E extends `${infer H}${infer T}`
  ? H extends " "
    ? Letters<T>
    : [H, ...Letters<T>]
  : [];
type Operands<E extends string> = E extends `${infer A},${infer B}`
  ? [Letters<A>, ...Operands<B>]
  : [Letters<E>];

/** The size that a letter stands for in one operand; 1 goes with any. */
type SizeIn<C, L, S> = L extends readonly [infer H, ...infer T]
  ? S extends readonly [infer D, ...infer R]
    ? H extends C
      ? [D] extends [1]
        ? SizeIn<C, T, R>
        : D
      : SizeIn<C, T, R>
    : never
  : never;
type SizeOf<C, L, S> = L extends readonly [infer A, ...infer As]
  ? S extends readonly [infer B, ...infer Bs]
    ? [SizeIn<C, A, B>] extends [never]
      ? SizeOf<C, As, Bs>
      : SizeIn<C, A, B>
    : 1
  : 1;
type Sizes<R, L, S, Out extends Shape = []> = R extends readonly [infer C, ...infer T]
  ? SizeOf<C, L, S> extends infer D extends Dim
    ? Sizes<T, L, S, [...Out, D]>
    : Shape
  : Out;

/** The result's shape, of an equation with an arrow. Whether sizes agree is what the check of the graph says. */
export type EinsumShape<E extends string, S extends readonly Shape[]> = string extends E
  ? Shape
  : number extends S[number]["length"] | S["length"]
    ? Shape
    : E extends `${infer Left}->${infer Right}`
      ? Sizes<Letters<Right>, Operands<Left>, S>
      : Shape;
