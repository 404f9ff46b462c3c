/** Shapes of reductions over axes, and of ops that work along one axis. */
import type { AxisKey, Dim, N, NeedsAxis, Shape, Show } from "./shape.ts";

/** `undefined` stands for all axes. */
export type Axes = number | readonly number[] | undefined;

type Keys<S extends Shape, X extends Axes> = [X] extends [readonly number[]]
  ? ListKeys<S, X>[number]
  : [X] extends [number]
    ? AxisKey<S, X>
    : keyof S & `${number}`;
type ListKeys<S extends Shape, X extends readonly number[]> = { [I in keyof X]: AxisKey<S, X[I]> };

/** The axes with those keys left out, or kept as 1. */
type Drop<
  S extends Shape,
  Key,
  Keep,
  Index extends readonly unknown[] = [],
  Out extends Shape = [],
> = S extends readonly [infer H extends Dim, ...infer T extends Shape]
  ? `${Index["length"]}` extends Key
    ? Drop<T, Key, Keep, [...Index, 0], Keep extends true ? [...Out, 1] : Out>
    : Drop<T, Key, Keep, [...Index, 0], [...Out, H]>
  : Out;

type UnknownSizes<S extends Shape> = { -readonly [I in keyof S]: Dim };

/** The shape after a reduction over X; `Keep` keeps reduced axes with size 1. */
export type ReduceShape<S extends Shape, X extends Axes, Keep> = [X] extends [undefined]
  ? Keep extends true
    ? { -readonly [I in keyof S]: 1 }
    : [Keep] extends [false]
      ? []
      : Shape
  : number extends S["length"]
    ? Shape
    : NeedsAxes<S, X> extends infer E extends string
      ? E
      : boolean extends Keep
        ? Shape
        : string extends Keys<S, X>
          ? Keep extends true
            ? UnknownSizes<S>
            : Shape
          : Drop<S, Keys<S, X>, Keep>;

type FirstBad<S extends Shape, X, Seen = never> = X extends readonly [infer H extends number, ...infer T]
  ? NeedsAxis<S, H> extends infer E extends string
    ? E
    : AxisKey<S, H> extends infer Key extends string
      ? string extends Key
        ? FirstBad<S, T, Seen>
        : Key extends Seen
          ? `axis ${H} of ${Show<S>} is listed twice`
          : FirstBad<S, T, Seen | Key>
      : 0
  : 0;

/** X, or a message that names an axis the tensor does not have. */
export type NeedsAxes<S extends Shape, X extends Axes> = number extends S["length"]
  ? X
  : [X] extends [number]
    ? NeedsAxis<S, X>
    : FirstBad<S, X> extends infer E extends string
      ? E
      : X;

/** X, or a message: an axis outside the tensor, or the batch. */
export type NeedsInnerAxis<S extends Shape, X extends number> =
  NeedsAxis<S, X> extends infer E extends string
    ? E
    : AxisKey<S, X> extends infer Key
      ? Key extends keyof S
        ? [S[Key]] extends [N]
          ? `axis ${X} of ${Show<S>} is the batch: examples stay apart`
          : X
        : X
      : never;
