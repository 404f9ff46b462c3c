/**
 * Layers as types. A layer is a function from shapes to shapes that TypeScript can apply: an interface whose
 * `[OUT]` is written over its own `[IN]`, which `Run` puts in by intersection.
 */
import type { Tensor } from "../tensor.ts";
import type { Checked, Known, MayEqual, Result, Shape, Show } from "./shape.ts";

declare const IN: unique symbol;
declare const OUT: unique symbol;
declare const OPTIONS: unique symbol;

export type { IN, OPTIONS, OUT };

/** The part of a layer that only the type checker sees. */
export interface LayerType {
  readonly [IN]: unknown;
  /** A shape, or a message. */
  readonly [OUT]: unknown;
  /** The types of its options: the check stands aside while one mentions a caller's type parameter. */
  readonly [OPTIONS]: readonly unknown[];
}

/**
 * A layer, which is applied to a tensor. It has one set of parameters, which its first application makes: applied to
 * another tensor it computes the same. A function that makes a layer makes new parameters at each call.
 */
export interface Layer extends LayerType {
  /** What the layer computes with this input. Throws `UserError` where the shapes do not fit. */
  <S extends Shape, Z extends 1 = 1>(
    x: Checked<Known<S, this[typeof OPTIONS], Z>, Run<this, S>, Tensor<S>>,
  ): Tensor<Result<Known<S, this[typeof OPTIONS], Z>, Run<this, S>>>;
}

/** The shape that a layer receives. */
export type In<L> = L extends { readonly [IN]: infer S extends Shape } ? S : Shape;

/** What the layer makes of S: a shape, or a message. A message passes through. */
export type Run<L, S> = S extends Shape
  ? L extends LayerType
    ? (L & { readonly [IN]: S })[typeof OUT]
    : Shape
  : S;

type RunFrom<L, S, Done extends readonly 0[]> = L extends readonly [infer First, ...infer Rest]
  ? Run<First, S> extends infer X
    ? X extends string
      ? `layer ${[...Done, 0]["length"] & number}: ${X}`
      : RunFrom<Rest, X, [...Done, 0]>
    : never
  : L extends readonly []
    ? S
    : Shape;

/** A chain of layers; a message names the layer's position, from 1. */
export type RunAll<L, S> = RunFrom<L, S, []>;

/** The options of several layers, in one list. */
export type OptionsOf<L, Out extends readonly unknown[] = []> = L extends readonly [
  infer First extends LayerType,
  ...infer Rest,
]
  ? OptionsOf<Rest, [...Out, ...First[typeof OPTIONS]]>
  : Out;

/** Each layer's own type, or the message in the place of the layer that fails. */
export type CheckedLayers<L, S, Out extends readonly unknown[] = []> = L extends readonly [
  infer First,
  ...infer Rest,
]
  ? Run<First, S> extends infer X
    ? X extends string
      ? [...Out, X, ...Rest]
      : CheckedLayers<Rest, X, [...Out, First]>
    : never
  : L extends readonly []
    ? Out
    : L;

type SameSizes<A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? true
  : A["length"] extends B["length"]
    ? { [I in keyof A]: I extends keyof B ? MayEqual<A[I], B[I]> : true } extends readonly true[]
      ? true
      : false
    : false;

/** A body and its shortcut end in the same shape. */
export type ResidualShape<A, B> = A extends Shape
  ? B extends Shape
    ? SameSizes<A, B> extends true
      ? A
      : `residual cannot add its body's ${Show<A>} to its shortcut's ${Show<B>}`
    : B
  : A;
