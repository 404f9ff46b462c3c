/** What a scalar function is, and what the tables of them are written with. */
import { must } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import type { BinaryOp, Fn, Value } from "../ir/value.ts";
import { literal } from "../math/build.ts";
import { apply, binary, float, sameWidth } from "../math/value.ts";
import type { Formula } from "./formula.ts";

/** A function that WGSL has not. */
export interface Helper {
  readonly name: string;
  /** The function called `name`, over f32 or vectors of it, and u32 of the same width. */
  text(name: string, type: string, bits: string): string;
  /** Where both targets compute it alike. */
  readonly formula?: Formula;
}

export interface ScalarDef {
  readonly arity: number;
  /** Transcendental functions are stored rather than recomputed. */
  readonly cost: "cheap" | "transcendental";
  /** What a kernel computes. */
  value(args: readonly Value[]): Value;
  /** Where that is a call: what WGSL calls it, or a helper. */
  readonly wgsl?: string | Helper;
  js(...args: readonly number[]): number;
  /** ∂f/∂args[i], given the arguments and f's own value. */
  readonly partials: readonly ((args: readonly Expr[], value: Expr) => Expr)[];
}

export const infix =
  (op: BinaryOp) =>
  ([a, b]: readonly Value[]): Value =>
    binary(op, must(a, "operand"), must(b, "operand"));
export const calls =
  (fn: Fn) =>
  (args: readonly Value[]): Value =>
    apply(fn, ...sameWidth(args));
/** A function of values that are equally wide. */
export const wide =
  (make: (a: Value, b: Value, c: Value) => Value) =>
  (args: readonly Value[]): Value => {
    const [a, b, c] = sameWidth(args);
    const first = must(a, "operand");
    return make(first, b ?? first, c ?? first);
  };
export const like = (value: number, { type }: Value): Value => float(value, type.width);

export const one: Expr = literal(1);
export const zero: Expr = literal(0);
export const arg = (args: readonly Expr[], i: number): Expr => args[i] ?? zero;
