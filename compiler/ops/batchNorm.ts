/** Batch normalisation. */

import { must } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import type { OpDef, OpNode } from "../ir/graph.ts";
import { axisIndex, constant } from "../math/affine.ts";
import { call, guard, load } from "../math/build.ts";
import { numberThat, otherwise, takes } from "../options.ts";
import { type BatchNormAttrs, batchNormTraining } from "./batchNormTraining.ts";
import { fail, fixed, type NoOptions, noOptions, tensorOnly } from "./check.ts";
import { opNode, suffixed } from "./derived.ts";
import { needsImage, type Rank } from "./geometry.ts";
import { eps, normalise, scaleOf } from "./norm.ts";

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
function batchNorm(name: string, axes: Rank): OpDef<BatchNormAttrs, BatchNormOptions | undefined> {
  return {
    name,
    arity: 1,
    takes: ["weight", "bias"],
    options: takes(name, {
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
      // Features without an axis are a batch of numbers: as PyTorch's BatchNorm1d takes them.
      if (axes !== 1 || x.shape.length !== 2) needsImage(name, x, axes);
      const shape = [fixed(name, x.shape[1], "the number of channels")];
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
      if (!x || !gamma || !beta || !mean || !variance) return fail(`${name}: missing operands`);
      return normalise(x, mean, variance, attrs.eps, gamma, beta);
    },
    training: batchNormTraining,
    summary: (attrs) => ({ options: attrs.eps === 1e-5 ? "" : `eps ${attrs.eps}`, formula: "" }),
  };
}

export const batchNorms = {
  batchNorm1d: batchNorm("batchNorm1d", 1),
  batchNorm2d: batchNorm("batchNorm2d", 2),
  batchNorm3d: batchNorm("batchNorm3d", 3),
};

/** s = γ/√(σ² + ε) and t = β − μ·s of each channel: the rows of a tensor [2, C] that depends on parameters alone. */
const scaleAndShift: OpDef<BatchNormAttrs, BatchNormOptions | undefined> = {
  name: "scaleAndShift",
  arity: 4,
  options: batchNorms.batchNorm2d.options,
  infer(_, inputs) {
    const { dtype, shape } = must(inputs[0], "weight");
    return { dtype, shape: [2, ...shape] };
  },
  define({ eps }, { at, inputs }) {
    const [row, c] = at.map(axisIndex);
    if (!row || !c) return fail("batchNorm: missing axes");
    const [gamma, beta, mean, variance] = inputs.map((t) => load(t, [c]));
    if (!gamma || !beta || !mean || !variance) return fail("batchNorm: missing operands");
    const scale = scaleOf(gamma, variance, eps);
    return guard([{ index: row, extent: 1 }], scale, call("sub", beta, call("mul", mean, scale)));
  },
  summary: batchNorms.batchNorm2d.summary,
};

/** y = x·s + t per channel, with s and t as the rows of a tensor [2, C]. */
const scaledAndShifted = (name: string): OpDef<NoOptions, unknown> => ({
  name,
  arity: 2,
  options: noOptions(name),
  infer: (_, inputs) => must(inputs[0], "operand"),
  define(_, { at, inputs }) {
    const [place, channel] = [at.map(axisIndex), axisIndex(must(at[1], "channel"))];
    const [x, affine] = inputs;
    if (!x || !affine) return fail(`${name}: missing operands`);
    const row = (i: number): Expr => load(affine, [constant(i), channel]);
    return call("add", call("mul", load(x, place), row(0)), row(1));
  },
  summary: () => ({ options: "", formula: "" }),
});

const [scaled1d, scaled2d, scaled3d] = [
  scaledAndShifted("batchNorm1d"),
  scaledAndShifted("batchNorm2d"),
  scaledAndShifted("batchNorm3d"),
];
/** The steps that batch normalisation is taken in: ops of the compiler's own. */
export const normSteps = { scaleAndShift, scaled1d, scaled2d, scaled3d };

/** Batch normalisation in two steps, of which the first is computed once. */
export function inTwoSteps({ op, attrs, inputs, origin }: OpNode): OpNode {
  const [x, ...params] = inputs;
  if (!x) return fail(`${op.name}: missing operand`);
  const own = "affine";
  const affine = {
    ...opNode(scaleAndShift, attrs as BatchNormAttrs, params, suffixed(origin, own)),
    own,
  };
  const second = [scaled1d, scaled2d, scaled3d].find((step) => step.name === op.name);
  return opNode(must(second, "second step"), {}, [x, affine], origin);
}
