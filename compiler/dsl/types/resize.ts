/** Shapes of what is resized. */
import type { Multiply } from "./arith.ts";
import type { Shape, Show, ShowDim } from "./shape.ts";

/** A number for every axis behind [N, channels], or a list for the last axes; or nothing. */
export type Wanted = number | readonly number[] | undefined;

/** The size that D becomes, or why it cannot. A factor that is no whole number leaves it open. */
type Sized<D, V, How> = D extends number
  ? V extends number
    ? How extends "size"
      ? V
      : `${V}` extends `${string}.${string}` | `${string}e${string}`
        ? number
        : Multiply<D, V>
    : number
  : [How, V] extends ["scale", 1]
    ? D
    : `resize cannot change ${ShowDim<D>}, which a run decides`;
type EachSized<L extends readonly unknown[], V, How> = { -readonly [I in keyof L]: Sized<L[I], V, How> };

/** A shape whose sizes are right, or the message in place of one. */
type Sound<L extends readonly unknown[]> = [Extract<L[number], string>] extends [never]
  ? L
  : Extract<L[number], string>;

type Behind<S extends Shape, V, How> = S extends readonly [
  infer B,
  infer C,
  ...infer Rest extends readonly [unknown, ...unknown[]],
]
  ? Sound<[B, C, ...EachSized<Rest, V, How>]>
  : `resize by a number changes every axis behind [N, channels], got ${Show<S>}`;

type LastOf<
  S extends Shape,
  L extends readonly number[],
  How,
  Left extends readonly unknown[] = S,
  Out extends readonly unknown[] = [],
> = number extends L["length"]
  ? Shape
  : L extends readonly [...infer More extends readonly number[], infer V]
    ? Left extends readonly [...infer Lead, infer D]
      ? LastOf<S, More, How, Lead, [Sized<D, V, How>, ...Out]>
      : `resize has more numbers than ${Show<S>} has axes`
    : Sound<[...Left, ...Out]>;

/** S with its last axes of other sizes, or what is wrong. */
export type ResizeShape<S extends Shape, Size, Scale> = number extends S["length"]
  ? Shape
  : Size extends number
    ? Behind<S, Size, "size">
    : Size extends readonly number[]
      ? LastOf<S, Size, "size">
      : Scale extends number
        ? Behind<S, Scale, "scale">
        : Scale extends readonly number[]
          ? LastOf<S, Scale, "scale">
          : "resize takes size, or scale";
