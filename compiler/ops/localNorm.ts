/** Normalisation by what stands beside an element: neighbouring channels, or its whole row. */
import { showShape } from "../../contract/shapes.ts";
import { must, plural } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { add, axisIndex } from "../math/affine.ts";
import { call, literal, load, loadPadded, reduce } from "../math/build.ts";
import { finite, integer, kindOf, numberThat, otherwise, positive, takes } from "../options.ts";
import { axisOf, fail } from "./check.ts";
import { constantNode, gradientOrigin, opNode } from "./derived.ts";
import { functions } from "./functions.ts";
import { pointwise } from "./pointwise.ts";
import { reductions } from "./reduce.ts";

export interface LocalResponseNormOptions {
  /** How many channels count, the element's own in the middle. */
  readonly size: number;
  /** Default 1e-4. */
  readonly alpha?: number;
  /** Default 0.75. */
  readonly beta?: number;
  /** Default 1. */
  readonly k?: number;
}
export type LocalResponseNormAttrs = {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
};

/**
 * y[n,c,…] = x[n,c,…] / (k + α/size · Σ_t x[n, c + t, …]²)^β, t from −⌊(size − 1)/2⌋ to ⌈(size − 1)/2⌉; channels beyond the
 * first and the last one are 0 (Krizhevsky et al. 2012).
 */
const localResponseNorm: OpDef<LocalResponseNormAttrs, LocalResponseNormOptions> = {
  name: "localResponseNorm",
  arity: 1,
  options: takes("localResponseNorm", {
    size: positive,
    alpha: otherwise(finite, 1e-4),
    beta: otherwise(finite, 0.75),
    k: otherwise(
      numberThat("a number above 0", 1, (k) => k > 0 && Number.isFinite(k)),
      1,
    ),
  }),
  infer(_, inputs) {
    const x = must(inputs[0], "operand");
    if (x.shape.length < 2)
      fail(`localResponseNorm needs [N, channels, …], but its input is ${showShape(x.shape)}`, "rank ≥ 2");
    return x;
  },
  define({ size, alpha, beta, k }, { at, inputs, axis }) {
    const x = must(inputs[0], "operand");
    const [n, c, ...rest] = at.map(axisIndex);
    if (!n || !c) return fail("localResponseNorm: missing axes");
    const t = axis("t", size);
    const neighbour: Index = add(c, axisIndex(t), -Math.floor((size - 1) / 2));
    const element = loadPadded(x, [n, neighbour, ...rest], 0);
    const sum = reduce("sum", [t], call("mul", element, element));
    const base = call("add", literal(k), call("mul", literal(alpha / size), sum));
    return call("mul", load(x, [n, c, ...rest]), call("pow", base, literal(-beta)));
  },
  summary: ({ size, alpha, beta, k }) => ({
    options: `${size} ${plural(size, "channel")}, alpha ${alpha}, beta ${beta}${k === 1 ? "" : `, k ${k}`}`,
    formula: "",
  }),
};

export interface LpNormalizeOptions {
  /** 1: the sum of sizes is 1, 2: the sum of squares. Default 2. */
  readonly p?: 1 | 2;
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** What is divided by at least, so that rows of zeros stay so. Default 1e-12. */
  readonly eps?: number;
}
export type LpNormalizeAttrs = { readonly p: 1 | 2; readonly axis: number; readonly eps: number };

const oneOrTwo = kindOf("1 or 2", "2", (value): value is 1 | 2 => value === 1 || value === 2);

/** y = x / max(‖x‖, eps) along an axis, with ‖x‖ = Σ|x| or √Σx². */
const lpNormalize: OpDef<LpNormalizeAttrs, LpNormalizeOptions | undefined> = {
  name: "lpNormalize",
  arity: 1,
  options: takes("lpNormalize", {
    p: otherwise<1 | 2>(oneOrTwo, 2),
    axis: otherwise(integer, -1),
    eps: otherwise(
      numberThat("a number of at least 1e-18", 1e-12, (e) => e >= 1e-18 && Number.isFinite(e)),
      1e-12,
    ),
  }),
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    if (x.shape[axisOf("lpNormalize", attrs.axis, x.shape.length)] === "N")
      fail(`lpNormalize over the batch axis of ${showShape(x.shape)}`, "lpNormalize keeps examples apart");
    return x;
  },
  define({ p, axis, eps }, context) {
    const x = must(context.inputs[0], "operand");
    const over = axisOf("lpNormalize", axis, context.at.length);
    const r = context.axis("r", must(context.shape[over], "extent"));
    const each = load(
      x,
      context.at.map((a, i) => axisIndex(i === over ? r : a)),
    );
    const sum = reduce("sum", [r], p === 1 ? call("abs", each) : call("mul", each, each));
    // Below the root, where its slope is finite.
    const least = call("max", sum, literal(p === 1 ? eps : eps * eps));
    return call("div", load(x, context.at.map(axisIndex)), p === 1 ? least : call("sqrt", least));
  },
  vjp: lpGradient,
  summary: ({ p, axis }) => ({ options: `L${p}${axis === -1 ? "" : `, axis ${axis}`}`, formula: "" }),
};

/** dx = (g − s·Σ g·y)/‖x‖ with s = y for L2, the sign of x for L1. */
function lpGradient(node: OpNode, grad: Node): readonly Node[] {
  const x = must(node.inputs[0], "operand");
  const { p, axis, eps } = node.attrs as LpNormalizeAttrs; // its options gave them
  const part = (op: OpDef, options: unknown, inputs: readonly Node[], name: string): Node =>
    opNode(op, options, inputs, gradientOrigin(node, x, name));
  const sum = (t: Node, name: string): Node => part(reductions.sum, { axis, keepDims: true }, [t], name);
  const { mul, sub, div, sqrt, abs, max } = pointwise;
  const sizes = p === 1 ? part(abs, {}, [x], "grad.sizes") : part(mul, {}, [x, x], "grad.squares");
  const least = constantNode(p === 1 ? eps : eps * eps, node.origin);
  const total = part(max, {}, [sum(sizes, "grad.total"), least], "grad.least");
  const length = p === 1 ? total : part(sqrt, {}, [total], "grad.length");
  const slope = sum(part(mul, {}, [grad, node], "grad.product"), "grad.slope");
  const along = p === 1 ? part(functions.sign, {}, [x], "grad.sign") : node;
  const rest = part(sub, {}, [grad, part(mul, {}, [along, slope], "grad.along")], "grad.rest");
  return [part(div, {}, [rest, length], "grad")];
}

export const localNorms = { localResponseNorm, lpNormalize };
