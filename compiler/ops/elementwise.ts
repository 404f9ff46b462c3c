/** What elementwise ops are made with: one operand and numbers, or several operands that broadcast. */

import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Expr, ScalarName } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { axisIndex } from "../math/affine.ts";
import { call, literal, load, loadBroadcast } from "../math/build.ts";
import { finite, otherwise, takes } from "../options.ts";
import { fail, type NoOptions, noOptions } from "./check.ts";

/** The attributes' numbers; attributes of elementwise ops are all numbers. */
type NumberAttrs = { readonly [key: string]: number };

/** An elementwise op of one operand; `defaults` are its numeric options. */
export function unary<A extends NumberAttrs>(
  name: string,
  defaults: A,
  value: (x: Expr, attrs: A) => Expr,
  check?: (attrs: A) => void,
): OpDef<A, Partial<A> | undefined> {
  const read = takes(
    name,
    Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, otherwise(finite, v)])),
  );
  return {
    name,
    arity: 1,
    options(options) {
      const attrs = read(options) as A; // the same keys as `defaults`, each a number
      check?.(attrs);
      return attrs;
    },
    infer: (_, inputs) => must(inputs[0], "operand"),
    define: (attrs, { at, inputs }) => value(load(must(inputs[0], "operand"), at.map(axisIndex)), attrs),
    summary: (attrs) => ({
      options: Object.entries(attrs)
        .map(([k, v]) => `${k} ${v}`)
        .join(", "),
      formula: "",
    }),
  };
}

export const plain = (name: string, fn: ScalarName): OpDef<NoOptions, unknown> =>
  unary<NoOptions>(name, {}, (x) => call(fn, x));
export const clamp = (x: Expr, low: number, high: number): Expr =>
  call("min", call("max", x, literal(low)), literal(high));
/** NumPy's rule: align at the right, equal or 1. Throws `UserError` where two sizes clash. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    return fail(
      `${op} cannot combine ${showShape(a)} with ${showShape(b)}: ${showDim(x)} against ${showDim(y)}`,
      `sizes aligned at the right are equal or 1, but dimension ${i} of the result has ${showDim(x)} and ${showDim(y)}`,
    );
  });
}

/** An elementwise op of several operands, which broadcast. */
export function joint(
  name: string,
  arity: number,
  value: (...operands: readonly Expr[]) => Expr,
): OpDef<NoOptions, unknown> {
  return {
    name,
    arity,
    options: noOptions(name),
    infer: (_, inputs) => ({
      dtype: "f32",
      shape: inputs.reduce<Shape>((shape, x) => broadcastShapes(name, shape, x.shape), []),
    }),
    define: (_, { at, inputs }) => value(...inputs.map((x) => loadBroadcast(x, at))),
    summary: (_, inputs, output) => {
      const differs = inputs.find(
        (i) => i.shape.length > 0 && showShape(i.shape) !== showShape(output.shape),
      );
      return { options: differs ? `broadcast ${showShape(differs.shape)}` : "", formula: "" };
    },
  };
}

/** Two operands and a scalar function of them. */
export const binary = (name: string, fn: ScalarName): OpDef<NoOptions, unknown> =>
  joint(name, 2, (...operands) => call(fn, ...operands));

/** f, where the argument is positive, else g. */
export const wherePositive = (x: Expr, f: Expr, g: Expr): Expr =>
  call("select", call("less", literal(0), x), f, g);
