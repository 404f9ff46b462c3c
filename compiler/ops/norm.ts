/** Normalisation. */

import { showShape } from "../../contract/shapes.ts";
import { must } from "../errors.ts";
import type { Expr, Index } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { axisIndex, constant } from "../math/affine.ts";
import { call, guard, literal, load, reduce } from "../math/build.ts";
import { numberThat, otherwise, positive, takes } from "../options.ts";
import { type BatchNormAttrs, batchNormTraining } from "./batchNormTraining.ts";
import { fail, fixed, tensorOnly } from "./check.ts";

import { constantNode, gradientOrigin, opNode, suffixed } from "./derived.ts";
import { pointwise } from "./pointwise.ts";
import { reductions } from "./reduce.ts";

/** Keeps the division finite. */
const eps = numberThat("a number above 0", 1e-5, (e) => e > 0 && Number.isFinite(e));

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** In training, running ← (1 − momentum)·running + momentum·batch. Default 0.1. */
  readonly momentum?: number;
}

/**
 * y = (x − μ)/√(σ² + ε) · γ + β per channel, with the running statistics (Ioffe & Szegedy 2015, inference form).
 * Parameters: weight γ, bias β, running_mean μ, running_var σ², each [C].
 */
const batchNorm2d: OpDef<BatchNormAttrs, BatchNormOptions | undefined> = {
  name: "batchNorm2d",
  arity: 1,
  takes: ["weight", "bias"],
  options: takes("batchNorm2d", {
    eps: otherwise(eps, 1e-5),
    momentum: otherwise(
      numberThat("a number from 0 to 1", 0.1, (m) => m >= 0 && m <= 1),
      0.1,
    ),
    weight: tensorOnly,
    bias: tensorOnly,
  }),
  params(_, inputs) {
    const x = must(inputs[0], "operand");
    if (x.shape.length !== 4)
      fail(`batchNorm2d needs [N, channels, height, width], but its input is ${showShape(x.shape)}`);
    const shape = [fixed("batchNorm2d", x.shape[1], "the number of channels")];
    const [zeros, ones] = [{ kind: "zeros" }, { kind: "ones" }] as const;
    return [
      { role: "weight", shape, init: ones },
      { role: "bias", shape, init: zeros },
      { role: "running_mean", shape, init: zeros, use: "statistic" },
      { role: "running_var", shape, init: ones, use: "statistic" },
    ];
  },
  infer: (_, inputs) => must(inputs[0], "operand"),
  define(attrs, { at, inputs }) {
    const c = [axisIndex(must(at[1], "channel"))];
    const [x, gamma, beta, mean, variance] = inputs.map((t, i) => load(t, i === 0 ? at.map(axisIndex) : c));
    if (!x || !gamma || !beta || !mean || !variance) return fail("batchNorm2d: missing operands");
    return normalise(x, mean, variance, attrs.eps, gamma, beta);
  },
  training: batchNormTraining,
  summary: (attrs) => ({ options: attrs.eps === 1e-5 ? "" : `eps ${attrs.eps}`, formula: "" }),
};

/** s = γ/√(σ² + ε) and t = β − μ·s of each channel: the rows of a tensor [2, C] that depends on parameters alone. */
const scaleAndShift: OpDef<BatchNormAttrs> = {
  name: "scaleAndShift",
  arity: 4,
  options: batchNorm2d.options,
  infer(_, inputs) {
    const { dtype, shape } = must(inputs[0], "weight");
    return { dtype, shape: [2, ...shape] };
  },
  define({ eps }, { at, inputs }) {
    const [row, c] = at.map(axisIndex);
    if (!row || !c) return fail("batchNorm2d: missing axes");
    const [gamma, beta, mean, variance] = inputs.map((t) => load(t, [c]));
    if (!gamma || !beta || !mean || !variance) return fail("batchNorm2d: missing operands");
    const scale = scaleOf(gamma, variance, eps);
    return guard([{ index: row, extent: 1 }], scale, call("sub", beta, call("mul", mean, scale)));
  },
  summary: batchNorm2d.summary,
};

/** y = x·s + t per channel, with s and t as the rows of a tensor [2, C]. */
const scaledAndShifted: OpDef<BatchNormAttrs> = {
  name: "batchNorm2d",
  arity: 2,
  options: batchNorm2d.options,
  infer: batchNorm2d.infer,
  define(_, { at, inputs }) {
    const [place, channel] = [at.map(axisIndex), axisIndex(must(at[1], "channel"))];
    const [x, affine] = inputs;
    if (!x || !affine) return fail("batchNorm2d: missing operands");
    const row = (i: number): Expr => load(affine, [constant(i), channel]);
    return call("add", call("mul", load(x, place), row(0)), row(1));
  },
  summary: () => ({ options: "", formula: "" }),
};

/** The two steps that batch normalisation is taken in: ops of the compiler's own. */
export const normSteps = { scaleAndShift, scaledAndShifted };

/** Batch normalisation in two steps, of which the first is computed once. */
export function inTwoSteps({ attrs, inputs, origin }: OpNode): OpNode {
  const [x, ...params] = inputs;
  if (!x) return fail("batchNorm2d: missing operand");
  const own = "affine";
  const affine = {
    ...opNode(scaleAndShift, attrs as BatchNormAttrs, params, suffixed(origin, own)),
    own,
  };
  return opNode(scaledAndShifted, attrs as BatchNormAttrs, [x, affine], origin);
}

export interface LayerNormOptions {
  /** How many trailing dimensions are normalised together. Default 1. */
  readonly dims?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}
export type LayerNormAttrs = { readonly dims: number; readonly eps: number };

/** y = (x − μ)/√(σ² + ε) · γ + β, μ and σ² over the trailing dimensions of each example (Ba et al. 2016). */
const layerNorm: OpDef<LayerNormAttrs, LayerNormOptions | undefined> = {
  name: "layerNorm",
  arity: 1,
  takes: ["weight", "bias"],
  options: takes("layerNorm", {
    dims: otherwise(positive, 1),
    eps: otherwise(eps, 1e-5),
    weight: tensorOnly,
    bias: tensorOnly,
  }),
  params(attrs, inputs) {
    const { shape } = must(inputs[0], "operand");
    if (attrs.dims >= shape.length) {
      fail(
        `layerNorm cannot normalise ${attrs.dims} trailing dimensions of ${showShape(shape)}`,
        `dims < rank, but ${attrs.dims} ≥ ${shape.length}`,
      );
    }
    const normal = shape.slice(-attrs.dims).map((d) => fixed("layerNorm", d, "a normalised dimension"));
    return [
      { role: "weight", shape: normal, init: { kind: "ones" } },
      { role: "bias", shape: normal, init: { kind: "zeros" } },
    ];
  },
  infer: (_, inputs) => must(inputs[0], "operand"),
  define(attrs, { at, inputs, axis, shape }) {
    const [x, gamma, beta] = inputs;
    if (!x || !gamma || !beta) return fail("layerNorm: missing operands");
    const outer = at.slice(0, -attrs.dims).map(axisIndex);
    const inner = at.slice(-attrs.dims).map(axisIndex);
    const normal = shape.slice(-attrs.dims);
    const count = normal.reduce<number>((a, d) => a * fixed("layerNorm", d, "a normalised dimension"), 1);
    const mean = (f: (place: readonly Index[]) => Expr): Expr => {
      const axes = normal.map((d) => axis("r", d));
      return call("mul", reduce("sum", axes, f([...outer, ...axes.map(axisIndex)])), literal(1 / count));
    };
    // Summed relative to the row's first element: a mean that is large against the deviations keeps its digits
    // (Chan, Golub & LeVeque 1983, on shifted data).
    const first = load(x, [...outer, ...normal.map(() => constant(0))]);
    const mu = call(
      "add",
      first,
      mean((place) => call("sub", load(x, place), first)),
    );
    const variance = mean((place) => {
      const d = call("sub", load(x, place), mu);
      return call("mul", d, d);
    });
    return normalise(
      load(x, [...outer, ...inner]),
      mu,
      variance,
      attrs.eps,
      load(gamma, inner),
      load(beta, inner),
    );
  },
  vjp: layerNormVjp,
  summary: (attrs) => ({ options: attrs.dims === 1 ? "" : `last ${attrs.dims} dims`, formula: "" }),
};

/**
 * With x̂ = (x − μ)/σ and h = g·γ:  dx = (h − mean h − x̂·mean(h·x̂))/σ,  dγ = Σ g·x̂,  dβ = Σ g; means over the
 * normalised dimensions, sums over the others.
 */
function layerNormVjp(node: OpNode, grad: Node): readonly Node[] {
  const [x, gamma, beta] = node.inputs;
  if (!x || !gamma || !beta) return fail("layerNorm: missing operands");
  const { eps, dims } = node.attrs as LayerNormAttrs;
  const rank = x.type.shape.length;
  const inner = Array.from({ length: dims }, (_, i) => rank - dims + i);
  const outer = Array.from({ length: rank - dims }, (_, i) => i);
  const part = (op: OpDef, options: unknown, inputs: readonly Node[], name: string, of: Node = x): Node =>
    opNode(op, options, inputs, gradientOrigin(node, of, `grad.${name}`));
  const mean = (t: Node, name: string): Node =>
    part(reductions.mean, { axis: inner, keepDims: true }, [t], name);
  const { add, sub, mul, div, sqrt } = pointwise;
  const centred = part(sub, {}, [x, mean(x, "mean")], "centred");
  const variance = mean(part(mul, {}, [centred, centred], "square"), "variance");
  const shifted = part(add, {}, [variance, constantNode(eps, node.origin)], "shifted");
  const deviation = part(sqrt, {}, [shifted], "deviation");
  const normal = part(div, {}, [centred, deviation], "normal");
  const h = part(mul, {}, [grad, gamma], "scaled");
  const along = part(mul, {}, [normal, mean(part(mul, {}, [h, normal], "product"), "slope")], "along");
  const rest = part(sub, {}, [part(sub, {}, [h, mean(h, "shift")], "level"), along], "rest");
  const sum = (t: Node, name: string, of: Node): Node => part(reductions.sum, { axis: outer }, [t], name, of);
  return [
    part(div, {}, [rest, deviation], "x"),
    sum(part(mul, {}, [grad, normal], "weighted", gamma), "weight", gamma),
    sum(grad, "bias", beta),
  ];
}

function normalise(x: Expr, mean: Expr, variance: Expr, eps: number, gamma: Expr, beta: Expr): Expr {
  return call("add", call("mul", call("sub", x, mean), scaleOf(gamma, variance, eps)), beta);
}

const scaleOf = (gamma: Expr, variance: Expr, eps: number): Expr =>
  call("div", gamma, call("sqrt", call("add", variance, literal(eps))));

export const norm = { batchNorm2d, layerNorm };
