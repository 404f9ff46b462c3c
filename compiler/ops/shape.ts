/** Ops that only move elements: each is an index map and computes nothing. */

import { showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Expr, OpContext } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { boundOf, countAt, elements, isSize, keyOf } from "../ir/type.ts";
import { add, axisIndex, div, mod, rowMajor } from "../math/affine.ts";
import { guard, literal, load } from "../math/build.ts";
import { integer, type Kind, kindOf, listOf, otherwise, takes } from "../options.ts";
import { axisOf, fail, fixed, type NoOptions, noOptions } from "./check.ts";
import { gradientOrigin, opNode } from "./derived.ts";
import { pad } from "./pad.ts";

/** The element of x that has the same row-major position: position → digits in x's shape. */
function samePosition(x: Parameters<typeof load>[0], at: OpContext["at"], shape: Shape): Expr {
  const flat = rowMajor(at.map(axisIndex), shape);
  const from = x.type.shape;
  let inner = 1;
  const digits = from.map((_, i) => {
    const d = from.length - 1 - i;
    const extent = from[d];
    const whole = div(flat, inner);
    if (extent === undefined || d === 0) return whole;
    inner *= boundOf(extent);
    return mod(whole, boundOf(extent));
  });
  return load(x, digits.reverse());
}

/** [N, a, b, …] → [N, a·b·…] */
const flatten: OpDef<NoOptions, unknown> = {
  name: "flatten",
  moves: true,
  arity: 1,
  options: noOptions("flatten"),
  infer(_, inputs) {
    const x = must(inputs[0], "operand");
    if (x.shape.length < 2) fail(`flatten needs [N, …], but its input is ${showShape(x.shape)}`, "rank ≥ 2");
    const rest = x.shape.slice(1).reduce<number>((a, d) => a * fixed("flatten", d, "an inner dimension"), 1);
    return { dtype: x.dtype, shape: [must(x.shape[0], "batch"), rest] };
  },
  define: (_, { at, inputs, shape }) => samePosition(must(inputs[0], "operand"), at, shape),
  vjp: reshaped,
  summary(_, inputs, output) {
    const rest = must(inputs[0], "operand").shape.slice(1);
    return { options: "", formula: rest.length > 1 ? `${rest.join("·")} = ${output.shape[1]}` : "" };
  },
};

export interface ReshapeOptions {
  /** One entry may be −1: what is left. */
  readonly shape: readonly (Dim | unknown)[];
}
export type ReshapeAttrs = { readonly shape: readonly Dim[] };

/** The gradient of a reshape is the gradient in the operand's shape. */
function reshaped(node: OpNode, grad: Node): readonly Node[] {
  const x = must(node.inputs[0], "operand");
  return [opNode(reshape, { shape: x.type.shape }, [grad], gradientOrigin(node, x))];
}

const sizes: Kind<readonly Dim[]> = listOf(
  kindOf(
    "a whole number of at least 1, N, or one −1",
    "-1",
    (d): d is Dim => d === "N" || isSize(d) || (Number.isSafeInteger(d) && (d === -1 || Number(d) >= 1)),
  ),
);
const readReshape = takes("reshape", { shape: sizes });

const KEPT = [
  "sizes that a run decides stay apart, in their order, with the same number of elements before each",
  "reshape of the sizes between them alone; transpose moves them",
] as const;

/** How many elements stand before each size that a run decides. */
const placesOf = (shape: Shape): string =>
  shape.flatMap((d, i) => (isSize(d) ? [countAt(elements(shape.slice(0, i)), 1)] : [])).join();

const reshape: OpDef<ReshapeAttrs, ReshapeOptions> = {
  name: "reshape",
  moves: true,
  arity: 1,
  options(options) {
    const { shape: dims } = readReshape(options);
    if (dims.filter((d) => d === -1).length > 1)
      fail(`reshape to ${showShape(dims)}`, "at most one size is −1");
    if (dims.slice(1).includes("N")) fail(`reshape to ${showShape(dims)}`, "N is the outermost dimension");
    return { shape: dims };
  },
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    const [have, want] = [elements(x.shape), elements(attrs.shape.filter((d) => d !== -1))];
    const title = `reshape cannot turn ${showShape(x.shape)} into ${showShape(attrs.shape)}`;
    const batched = x.shape.includes("N");
    if (batched !== attrs.shape.includes("N"))
      fail(title, "N stays the outermost dimension", "N as the first size");
    if (`${x.shape.filter(isSize).map(keyOf)}` !== `${attrs.shape.filter(isSize).map(keyOf)}`)
      fail(title, ...KEPT);
    const [a, b] = [countAt(have, 1), countAt(want, 1)];
    if (attrs.shape.includes(-1)) {
      if (a % b !== 0) fail(title, `the sizes divide the number of elements, but ${a} mod ${b} = ${a % b}`);
    } else if (a !== b) fail(title, `both have the same number of elements, but ${a} ≠ ${b}`);
    const shape = attrs.shape.map((d) => (d === -1 ? a / b : d));
    if (placesOf(shape) !== placesOf(x.shape)) fail(title, ...KEPT);
    return { dtype: x.dtype, shape };
  },
  define: (_, { at, inputs, shape }) => samePosition(must(inputs[0], "operand"), at, shape),
  vjp: reshaped,
  summary: (attrs) => ({ options: showShape(attrs.shape), formula: "" }),
};

export interface TransposeOptions {
  /** order[i] is the input axis that becomes axis i. Default: the last two swap. */
  readonly order?: readonly number[];
}
export type TransposeAttrs = { readonly order: readonly number[] | null };

const transpose: OpDef<TransposeAttrs, TransposeOptions | undefined> = {
  name: "transpose",
  moves: true,
  arity: 1,
  options: takes("transpose", { order: otherwise<readonly number[] | null>(listOf(integer), null) }),
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    const order = orderOf(attrs, x.shape);
    const shape = order.map((a) => must(x.shape[a], "dimension"));
    if (shape.slice(1).includes("N")) {
      fail(
        `transpose would move N inside: ${showShape(x.shape)} → ${showShape(shape)}`,
        "N is the outermost dimension",
      );
    }
    return { dtype: x.dtype, shape };
  },
  define(attrs, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const order = orderOf(attrs, x.type.shape);
    return load(
      x,
      x.type.shape.map((_, d) => axisIndex(must(at[order.indexOf(d)], "axis"))),
    );
  },
  summary: (attrs, inputs) => ({
    options: `order ${orderOf(attrs, must(inputs[0], "operand").shape).join(", ")}`,
    formula: "",
  }),
};

function orderOf(attrs: TransposeAttrs, shape: Shape): readonly number[] {
  const rank = shape.length;
  if (rank < 2) fail(`transpose needs at least two dimensions, but its input is ${showShape(shape)}`);
  if (attrs.order === null) {
    return [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
  }
  const order = attrs.order.map((a) => axisOf("transpose", a, rank, "order"));
  if (order.length !== rank || new Set(order).size !== rank) {
    fail(
      `transpose: order [${order.join(", ")}] for ${showShape(shape)}`,
      `order lists each of 0 … ${rank - 1} once`,
    );
  }
  return order;
}

export interface ConcatOptions {
  /** Default 1, the channels. */
  readonly axis?: number;
}
export type ConcatAttrs = { readonly axis: number };

const concat: OpDef<ConcatAttrs, ConcatOptions | undefined> = {
  name: "concat",
  moves: true,
  arity: "variadic",
  options: takes("concat", { axis: otherwise(integer, 1) }),
  infer(attrs, inputs) {
    const first = must(inputs[0], "operand");
    const axis = axisOf("concat", attrs.axis, first.shape.length);
    if (first.shape[axis] === "N")
      fail(`concat along the batch of ${showShape(first.shape)}`, "examples stay apart");
    for (const x of inputs.slice(1)) {
      const clash =
        x.shape.length !== first.shape.length || x.shape.some((d, i) => i !== axis && d !== first.shape[i]);
      if (clash) {
        fail(
          `concat cannot join ${inputs.map((i) => showShape(i.shape)).join(" and ")} along axis ${axis}`,
          `all sizes but that of axis ${axis} are equal`,
        );
      }
    }
    const total = inputs.reduce((a, x) => a + fixed("concat", x.shape[axis], "the joined dimension"), 0);
    return { dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? total : d)) };
  },
  define(attrs, { at, inputs, shape }) {
    const axis = axisOf("concat", attrs.axis, shape.length);
    let offset = shape[axis] as number; // infer: never N
    let value = literal(0);
    for (const x of inputs.toReversed()) {
      const extent = x.type.shape[axis] as number; // infer: never N
      offset -= extent;
      const index = at.map((a, i) => (i === axis ? add(axisIndex(a), -offset) : axisIndex(a)));
      value = guard([{ index: must(index[axis], "axis"), extent }], load(x, index), value);
    }
    return value;
  },
  summary: (attrs, inputs) => ({
    options: `axis ${attrs.axis}`,
    formula: inputs.map((x) => x.shape.at(attrs.axis)).join(" + "),
  }),
};

export const shape = { flatten, reshape, transpose, concat, pad };
