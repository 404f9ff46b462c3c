/** Reductions over whole axes, and softmax, which is made of them. */

import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Dim } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Expr, Index, ReduceOp } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { axisIndex, constant } from "../math/affine.ts";
import { call, literal, load, reduce } from "../math/build.ts";
import { flag, integer, type Kind, listOf, otherwise, takes } from "../options.ts";
import { axisOf, fail } from "./check.ts";
import { derivedNode, gradientOrigin, opNode } from "./derived.ts";
import { pointwise } from "./pointwise.ts";

export interface ReduceOptions {
  /** Default: all axes. Negative axes count from the end. */
  readonly axis?: number | readonly number[];
  /** Keep reduced axes with size 1. Default false. */
  readonly keepDims?: boolean;
}
export type ReduceAttrs = { readonly axes: readonly number[] | null; readonly keepDims: boolean };

const list = listOf(integer);
/**
 * Whether so many long sums, each shared by a workgroup, keep a GPU of so many threads busy: half of them are enough, as sums wait for
 * memory. Fewer are better taken in two steps.
 */
export const keepBusy = (sums: number, threads: number): boolean => 2 * sums * WORKGROUP_THREADS >= threads;

/** An axis or several. */
export const axesKind: Kind<readonly number[]> = {
  rule: "an axis or a list of axes",
  example: "1",
  read: (value, place) => (Array.isArray(value) ? list.read(value, place) : [integer.read(value, place)]),
};

function reduction(
  name: string,
  shown: string,
  op: ReduceOp,
  finish: (value: Expr, count: Expr) => Expr,
  /** What is made of the reduction and of the operand once more, over other axes. */
  twice?: (value: Expr, body: Expr, axes: readonly Axis[]) => Expr,
  /** What is reduced of each element. */
  term: (x: Expr) => Expr = (x) => x,
): OpDef<ReduceAttrs, ReduceOptions | undefined> {
  const resolve = (attrs: ReduceAttrs, rank: number): readonly number[] => {
    const axes = (attrs.axes ?? Array.from({ length: rank }, (_, i) => i)).map((a) => axisOf(shown, a, rank));
    if (new Set(axes).size !== axes.length)
      fail(`${shown}: axis lists ${axes.join(", ")}`, "each axis is named once");
    return axes;
  };
  const read = takes(shown, {
    axis: otherwise<readonly number[] | null>(axesKind, null),
    keepDims: otherwise(flag, false),
  });
  return {
    name,
    arity: 1,
    options(options) {
      const { axis, keepDims } = read(options);
      return { axes: axis, keepDims };
    },
    infer(attrs, inputs) {
      const { shape } = must(inputs[0], "operand");
      const axes = resolve(attrs, shape.length);
      const kept = shape.flatMap((d, i): Dim[] => (axes.includes(i) ? (attrs.keepDims ? [1] : []) : [d]));
      return { dtype: "f32", shape: kept };
    },
    define(attrs, { at, inputs, axis }) {
      const x = must(inputs[0], "operand");
      const axes = resolve(attrs, x.type.shape.length);
      const read = (): { readonly body: Expr; readonly summed: readonly Axis[] } => {
        const summed: Axis[] = [];
        let next = 0;
        const place = x.type.shape.map((extent, i) => {
          if (!axes.includes(i)) return axisIndex(must(at[next++], "axis"));
          if (attrs.keepDims) next++;
          const a = axis("r", extent);
          summed.push(a);
          return axisIndex(a);
        });
        return { body: load(x, place), summed };
      };
      const { body, summed } = read();
      const value = finish(reduce(op, summed, term(body)), reduce("sum", summed, literal(1)));
      if (!twice) return value;
      const again = read();
      return twice(value, again.body, again.summed);
    },
    summary(attrs, inputs) {
      const axes = resolve(attrs, must(inputs[0], "operand").shape.length);
      return { options: `axis ${axes.join(", ")}${attrs.keepDims ? ", keepDims" : ""}`, formula: "" };
    },
  };
}

export interface SoftmaxOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
}
export type SoftmaxAttrs = { readonly axis: number };

/** Both forms subtract the maximum first, so that no exponential overflows. */
type Vjp = NonNullable<OpDef["vjp"]>;

function softmaxLike(
  name: string,
  vjp: Vjp,
  finish: (shifted: Expr, sum: Expr) => Expr,
): OpDef<SoftmaxAttrs, SoftmaxOptions | undefined> {
  return {
    name,
    arity: 1,
    options: takes(name, { axis: otherwise(integer, -1) }),
    infer(attrs, inputs) {
      const x = must(inputs[0], "operand");
      if (x.shape[axisOf(name, attrs.axis, x.shape.length)] === "N") {
        fail(
          `${name} over the batch axis of ${showShape(x.shape)}`,
          `${name} keeps the examples of a batch apart`,
        );
      }
      return x;
    },
    define(attrs, { at, inputs, axis, shape }) {
      const x = must(inputs[0], "operand");
      const over = axisOf(name, attrs.axis, shape.length);
      const along = (a: Axis): Expr =>
        load(
          x,
          at.map((other, i) => axisIndex(i === over ? a : other)),
        );
      const extent = must(shape[over], "extent");
      const [j, k] = [axis("j", extent), axis("k", extent)];
      const shift = (e: Expr): Expr => call("sub", e, reduce("max", [j], along(j)));
      const sum = reduce("sum", [k], call("exp", shift(along(k))));
      return finish(shift(along(must(at[over], "axis"))), sum);
    },
    vjp,
    summary: (attrs) => ({ options: attrs.axis === -1 ? "" : `axis ${attrs.axis}`, formula: "" }),
  };
}

const sum = reduction("sum", "sum", "sum", (x) => x);

/** Makes what leads to the gradient of a layer's first operand. */
function gradientParts(
  layer: OpNode,
): (op: OpDef, options: unknown, inputs: readonly Node[], name: string) => Node {
  const x = must(layer.inputs[0], "operand");
  return (op, options, inputs, name) => opNode(op, options, inputs, gradientOrigin(layer, x, name));
}

/** dx = y·(g − Σ g·y) */
function softmaxVjp(node: OpNode, grad: Node): readonly Node[] {
  const part = gradientParts(node);
  const product = part(pointwise.mul, {}, [grad, node], "grad.product");
  const total = part(sum, { axis: node.attrs["axis"], keepDims: true }, [product], "grad.total");
  const centred = part(pointwise.sub, {}, [grad, total], "grad.centred");
  return [part(pointwise.mul, {}, [node, centred], "grad")];
}

/** dx = g − eʸ·Σ g */
function logSoftmaxVjp(node: OpNode, grad: Node): readonly Node[] {
  const part = gradientParts(node);
  const total = part(sum, { axis: node.attrs["axis"], keepDims: true }, [grad], "grad.total");
  const share = part(pointwise.exp, {}, [node], "grad.share");
  const scaled = part(pointwise.mul, {}, [share, total], "grad.scaled");
  return [part(pointwise.sub, {}, [grad, scaled], "grad")];
}

/** The axes of a reduction, and a place of its operand's as one of the result. */
function reducedPlace(node: OpNode): (place: readonly Index[]) => readonly Index[] {
  const { axes, keepDims } = node.attrs as ReduceAttrs; // its options gave them
  const rank = must(node.inputs[0], "operand").type.shape.length;
  const gone = (axes ?? Array.from({ length: rank }, (_, i) => i)).map((a) => axisOf("axis", a, rank));
  return (place) => place.flatMap((i, d) => (gone.includes(d) ? (keepDims ? [constant(0)] : []) : [i]));
}

/** dx = g·e^(x − y) */
function logSumExpVjp(node: OpNode, grad: Node): readonly Node[] {
  const x = must(node.inputs[0], "operand");
  const reduced = reducedPlace(node);
  return [
    derivedNode("logSumExp.grad", x.type, gradientOrigin(node, x), ({ at }) => {
      const place = at.map(axisIndex);
      const share = call("exp", call("sub", load(x, place), load(node, reduced(place))));
      return call("mul", load(grad, reduced(place)), share);
    }),
  ];
}

const square = (x: Expr): Expr => call("mul", x, x);
/** A sum of something of each element, and of that something else. */
const sumOf = (name: string, term: (x: Expr) => Expr, finish: (sum: Expr) => Expr) =>
  reduction(name, name, "sum", finish, undefined, term);

/** Of which a slope is the same as of 0: a norm that small is that of zeros. */
const NOTHING = 1e-30;

/** dx = g·x / y, and 0 where all are 0, as in PyTorch. */
function l2Vjp(node: OpNode, grad: Node): readonly Node[] {
  const x = must(node.inputs[0], "operand");
  const reduced = reducedPlace(node);
  return [
    derivedNode("l2.grad", x.type, gradientOrigin(node, x), ({ at }) => {
      const place = at.map(axisIndex);
      const size = call("max", load(node, reduced(place)), literal(NOTHING));
      return call("mul", load(grad, reduced(place)), call("div", load(x, place), size));
    }),
  ];
}

export const reductions = {
  l1: sumOf(
    "l1",
    (x) => call("abs", x),
    (sum) => sum,
  ),
  l2: { ...sumOf("l2", square, (sum) => call("sqrt", sum)), vjp: l2Vjp },
  sumSquare: sumOf("sumSquare", square, (sum) => sum),
  logSum: sumOf(
    "logSum",
    (x) => x,
    (sum) => call("log", sum),
  ),
  sum,
  prod: reduction("prod", "prod", "prod", (x) => x),
  logSumExp: {
    ...reduction(
      "logSumExp",
      "logSumExp",
      "max",
      (x) => x,
      (most, body, again) =>
        call("add", most, call("log", reduce("sum", again, call("exp", call("sub", body, most))))),
    ),
    vjp: logSumExpVjp,
  },
  mean: reduction("mean", "mean", "sum", (x, count) =>
    count.kind === "const" ? call("mul", x, literal(1 / count.value)) : call("div", x, count),
  ),
  reduceMax: reduction("reduceMax", "max", "max", (x) => x),
  reduceMin: reduction("reduceMin", "min", "min", (x) => x),
  softmax: softmaxLike("softmax", softmaxVjp, (shifted, sum) => call("div", call("exp", shifted), sum)),
  logSoftmax: softmaxLike("logSoftmax", logSoftmaxVjp, (shifted, sum) =>
    call("sub", shifted, call("log", sum)),
  ),
};
