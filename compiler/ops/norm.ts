/** Normalisation of blocks of each example by their own mean and variance: layers, groups of channels, single channels. */

import { showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Expr, Index, OpContext } from "../ir/expr.ts";
import type { Node, OpDef, OpNode, ParamRequest } from "../ir/graph.ts";
import { add, axisIndex, constant, div, scale } from "../math/affine.ts";
import { call, literal, load, reduce } from "../math/build.ts";
import { type Kind, numberThat, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, tensorOnly } from "./check.ts";

import { constantNode, gradientOrigin, opNode } from "./derived.ts";
import { pointwise } from "./pointwise.ts";
import { reductions } from "./reduce.ts";
import { shape as views } from "./shape.ts";

/** Keeps the division finite. */
export const eps: Kind<number> = numberThat("a number above 0", 1e-5, (e) => e > 0 && Number.isFinite(e));

/** What is normalised together. */
interface Block {
  readonly sizes: readonly number[];
  /** An element's place, from that within its block. */
  place(inner: readonly Index[]): readonly Index[];
}

/** (x − μ)·γ/√(σ² + ε), or x·γ/√(mean x² + ε) where it is not centred. */
function normalisedBy(
  x: Node,
  { at, axis }: OpContext,
  { sizes, place }: Block,
  { eps, isCentred, gamma }: { readonly eps: number; readonly isCentred: boolean; readonly gamma: Expr },
): Expr {
  const count = sizes.reduce((a, d) => a * d, 1);
  const mean = (f: (at: readonly Index[]) => Expr): Expr => {
    const axes = sizes.map((d) => axis("r", d));
    return call("mul", reduce("sum", axes, f(place(axes.map(axisIndex)))), literal(1 / count));
  };
  const square = (e: Expr): Expr => call("mul", e, e);
  const element = load(x, at.map(axisIndex));
  if (!isCentred)
    return call(
      "mul",
      element,
      scaleOf(
        gamma,
        mean((p) => square(load(x, p))),
        eps,
      ),
    );
  // Summed relative to the block's first element: a mean that is large against the deviations keeps its digits
  // (Chan, Golub & LeVeque 1983, on shifted data).
  const first = load(x, place(sizes.map(() => constant(0))));
  const mu = call(
    "add",
    first,
    mean((p) => call("sub", load(x, p), first)),
  );
  const variance = mean((p) => square(call("sub", load(x, p), mu)));
  return call("mul", call("sub", element, mu), scaleOf(gamma, variance, eps));
}

/** (x − μ)·γ/√(σ² + ε) + β */
export function normalise(x: Expr, mean: Expr, variance: Expr, eps: number, gamma: Expr, beta: Expr): Expr {
  return call("add", call("mul", call("sub", x, mean), scaleOf(gamma, variance, eps)), beta);
}

export const scaleOf = (gamma: Expr, variance: Expr, eps: number): Expr =>
  call("div", gamma, call("sqrt", call("add", variance, literal(eps))));

/** How a gradient sees a layer's tensors: in shapes in which a block is some axes. */
interface View {
  readonly x: Shape;
  /** The weight's shape, which broadcasts. */
  readonly gamma: Shape;
  /** The axes of a block. */
  readonly inner: readonly number[];
  /** The axes over which the gradients of weight and bias are summed. */
  readonly outer: readonly number[];
}

/**
 * With x̂ = (x − μ)/σ and h = g·γ:  dx = (h − mean h − x̂·mean(h·x̂))/σ,  dγ = Σ g·x̂,  dβ = Σ g; means over a block, sums
 * over what shares a weight. Where x̂ = x/σ is not centred, dx has no mean of h.
 */
function gradients(node: OpNode, grad: Node, view: View, isCentred: boolean): readonly Node[] {
  const [x, gamma, beta] = node.inputs;
  if (!x || !gamma) return fail(`${node.op.name}: missing operands`);
  const { eps } = node.attrs as unknown as { readonly eps: number }; // its options gave it
  const part = (op: OpDef, options: unknown, inputs: readonly Node[], name: string, of: Node = x): Node =>
    opNode(op, options, inputs, gradientOrigin(node, of, `grad.${name}`));
  const seen = (t: Node, shape: Shape, name: string, of: Node = x): Node =>
    shape.length === t.type.shape.length && shape.every((d, i) => d === t.type.shape[i])
      ? t
      : part(views.reshape, { shape }, [t], name, of);
  const mean = (t: Node, name: string): Node =>
    part(reductions.mean, { axis: view.inner, keepDims: true }, [t], name);
  const { add, sub, mul, div, sqrt } = pointwise;
  const [input, arriving] = [seen(x, view.x, "blocks"), seen(grad, view.x, "arriving")];
  const centred = isCentred ? part(sub, {}, [input, mean(input, "mean")], "centred") : input;
  const variance = mean(part(mul, {}, [centred, centred], "square"), "variance");
  const shifted = part(add, {}, [variance, constantNode(eps, node.origin)], "shifted");
  const deviation = part(sqrt, {}, [shifted], "deviation");
  const normal = part(div, {}, [centred, deviation], "normal");
  const h = part(mul, {}, [arriving, seen(gamma, view.gamma, "weights", gamma)], "scaled");
  const along = part(mul, {}, [normal, mean(part(mul, {}, [h, normal], "product"), "slope")], "along");
  const level = isCentred ? part(sub, {}, [h, mean(h, "shift")], "level") : h;
  const rest = part(sub, {}, [level, along], "rest");
  const sum = (t: Node, name: string, of: Node): Node =>
    seen(part(reductions.sum, { axis: view.outer }, [t], name, of), of.type.shape, `${name}.whole`, of);
  const own = [
    seen(part(div, {}, [rest, deviation], "x"), x.type.shape, "x.whole"),
    sum(part(mul, {}, [arriving, normal], "weighted", gamma), "weight", gamma),
  ];
  return beta ? [...own, sum(arriving, "bias", beta)] : own;
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export interface LayerNormOptions {
  /** How many trailing dimensions are normalised together. Default 1. */
  readonly dims?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}
export type LayerNormAttrs = { readonly dims: number; readonly eps: number };

/** The sizes of the trailing dimensions. Throws `UserError`. */
function trailing(name: string, shape: Shape, dims: number): readonly number[] {
  if (dims >= shape.length) {
    fail(
      `${name} cannot normalise ${dims} trailing dimensions of ${showShape(shape)}`,
      `dims < rank, but ${dims} ≥ ${shape.length}`,
    );
  }
  return shape.slice(-dims).map((d) => fixed(name, d, "a normalised dimension"));
}

/** Normalisation over the trailing dimensions of each example. */
function overLast(name: string, isCentred: boolean): OpDef<LayerNormAttrs, LayerNormOptions | undefined> {
  return {
    name,
    arity: 1,
    takes: isCentred ? ["weight", "bias"] : ["weight"],
    options: takes(name, {
      dims: otherwise(positive, 1),
      eps: otherwise(eps, 1e-5),
      weight: tensorOnly,
      ...(isCentred ? { bias: tensorOnly } : {}),
    }),
    params(attrs, inputs) {
      const normal = trailing(name, must(inputs[0], "operand").shape, attrs.dims);
      const weight: ParamRequest = { role: "weight", shape: normal, init: { kind: "ones" } };
      return isCentred ? [weight, { role: "bias", shape: normal, init: { kind: "zeros" } }] : [weight];
    },
    infer: (_, inputs) => must(inputs[0], "operand"),
    define({ dims, eps }, context) {
      const { at, inputs, shape } = context;
      const [x, gamma, beta] = inputs;
      if (!x || !gamma) return fail(`${name}: missing operands`);
      const outer = at.slice(0, -dims).map(axisIndex);
      const own = at.slice(-dims).map(axisIndex);
      const block: Block = {
        sizes: trailing(name, shape, dims),
        place: (inner) => [...outer, ...inner],
      };
      const value = normalisedBy(x, context, block, { eps, isCentred, gamma: load(gamma, own) });
      return beta ? call("add", value, load(beta, own)) : value;
    },
    vjp(node, grad) {
      const { shape } = must(node.inputs[0], "operand").type;
      const first = shape.length - (node.attrs as LayerNormAttrs).dims;
      const [inner, outer] = [range(first, shape.length), range(0, first)];
      return gradients(node, grad, { x: shape, gamma: shape.slice(first), inner, outer }, isCentred);
    },
    summary: (attrs) => ({ options: attrs.dims === 1 ? "" : `last ${attrs.dims} dims`, formula: "" }),
  };
}

export interface GroupNormOptions {
  /** Into how many groups the channels are divided, each with its own mean and variance. */
  readonly groups: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}
export type InstanceNormOptions = Omit<GroupNormOptions, "groups">;
/** As many groups as channels: null. */
export type GroupNormAttrs = { readonly groups: number | null; readonly eps: number };

/** Batch, groups, channels of a group, and the other sizes of [N, C, …]. Throws `UserError`. */
function groupsOf(
  name: string,
  shape: Shape,
  groups: number | null,
): readonly [batch: Dim, groups: number, channels: number, rest: readonly number[]] {
  const least = groups === null ? 3 : 2;
  if (shape.length < least) {
    fail(
      `${name} needs [N, channels, ${groups === null ? "length, " : ""}…], but its input is ${showShape(shape)}`,
      `rank ≥ ${least}`,
    );
  }
  const [batch, ...inner] = shape;
  const [channels = 1, ...rest] = inner.map((d) => fixed(name, d, "a normalised dimension"));
  const count = groups ?? channels;
  if (channels % count !== 0) {
    fail(
      `${name} cannot divide the ${channels} ${plural(channels, "channel")} of ${showShape(shape)} into ${count} ${plural(count, "group")}`,
      `groups divides the channels, but ${channels} mod ${count} = ${channels % count}`,
    );
  }
  return [must(batch, "batch"), count, channels / count, rest];
}

const perChannel = { eps: otherwise(eps, 1e-5), weight: tensorOnly, bias: tensorOnly };

/** Normalisation of the channels of a group and all that lies in them, with a weight and a bias of each channel. */
function overGroups<O>(name: string, read: (options: unknown) => GroupNormAttrs): OpDef<GroupNormAttrs, O> {
  return {
    name,
    arity: 1,
    takes: ["weight", "bias"],
    options: (options) => read(options),
    params(attrs, inputs) {
      const [, groups, channels] = groupsOf(name, must(inputs[0], "operand").shape, attrs.groups);
      const shape = [groups * channels];
      return [
        { role: "weight", shape, init: { kind: "ones" } },
        { role: "bias", shape, init: { kind: "zeros" } },
      ];
    },
    infer: (_, inputs) => must(inputs[0], "operand"),
    define(attrs, context) {
      const [n, c] = context.at.map(axisIndex);
      const [x, gamma, beta] = context.inputs;
      if (!x || !gamma || !beta || !n || !c) return fail(`${name}: missing operands`);
      const [, groups, channels, rest] = groupsOf(name, context.shape, attrs.groups);
      const first = groups === 1 ? constant(0) : scale(div(c, channels), channels);
      const block: Block = {
        sizes: [channels, ...rest],
        place: ([inner, ...others]) => [n, add(first, must(inner, "channel")), ...others],
      };
      const { eps } = attrs;
      const value = normalisedBy(x, context, block, { eps, isCentred: true, gamma: load(gamma, [c]) });
      return call("add", value, load(beta, [c]));
    },
    vjp(node, grad) {
      const { shape } = must(node.inputs[0], "operand").type;
      const attrs = node.attrs as GroupNormAttrs;
      const [batch, groups, channels, rest] = groupsOf(name, shape, attrs.groups);
      const view: View = {
        x: [batch, groups, channels, ...rest],
        gamma: [groups, channels, ...rest.map(() => 1)],
        inner: range(2, 3 + rest.length),
        outer: [0, ...range(3, 3 + rest.length)],
      };
      return gradients(node, grad, view, true);
    },
    summary: ({ groups }) => ({
      options: groups === null ? "" : `${groups} ${plural(groups, "group")}`,
      formula: "",
    }),
  };
}

const readGroups = takes("groupNorm", { groups: positive, ...perChannel });
const readInstance = takes("instanceNorm", perChannel);

export const norm = {
  /** y = (x − μ)/√(σ² + ε) · γ + β, μ and σ² over the trailing dimensions of each example (Ba et al. 2016). */
  layerNorm: overLast("layerNorm", true),
  /** y = x/√(mean x² + ε) · γ over the trailing dimensions (Zhang & Sennrich 2019). */
  rmsNorm: overLast("rmsNorm", false),
  /** μ and σ² of each group of channels (Wu & He 2018). */
  groupNorm: overGroups<GroupNormOptions>("groupNorm", (options) => readGroups(options)),
  /** μ and σ² of each channel (Ulyanov et al. 2016). */
  instanceNorm: overGroups<InstanceNormOptions | undefined>("instanceNorm", (options) => ({
    groups: null,
    ...readInstance(options),
  })),
};
