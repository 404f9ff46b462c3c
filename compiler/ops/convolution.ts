/** Cross-correlations: the convolution layer, and the plain correlation of two matrices. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { OpDef, ParamRequest } from "../ir/graph.ts";
import { add, axisIndex, constant, div, scale } from "../math/affine.ts";
import { call, load, loadPadded, product } from "../math/build.ts";
import { flag, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, type NoOptions, noOptions, rank, tensorOnly } from "./check.ts";
import {
  all,
  checkFits,
  describeWindow,
  type Ends,
  formula,
  needsImage,
  type Padding,
  padding,
  positions,
  type Rank,
  type SameWord,
  type Steps,
  spatial,
  steps,
  type WindowAttrs,
  windowIndices,
  windows,
  words,
} from "./geometry.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";

export interface ConvOptions {
  /** Output channels. */
  readonly out: number;
  readonly kernel: Steps;
  /** Default 1. */
  readonly stride?: Steps;
  /** Default 0. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Steps;
  /** Groups of channels convolved apart; the number of input channels gives a depthwise convolution. Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** How the weight starts; the bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export type ConvAttrs = WindowAttrs & {
  readonly out: number;
  readonly padding: Ends | SameWord;
  readonly groups: number;
  readonly bias: boolean;
  readonly init: InitAttr;
};

/** Throws `UserError` unless the channels of both sides split into the groups. */
export function checkGroups(op: string, x: TensorType, out: number, groups: number): void {
  const channels = fixed(op, x.shape[1], "the number of channels");
  if (channels % groups === 0 && out % groups === 0) return;
  const [what, size] =
    channels % groups !== 0
      ? [plural(channels, "input channel"), channels]
      : [plural(out, "output channel"), out];
  fail(
    `${op} cannot split the ${size} ${what} of ${showShape(x.shape)} → ${out} ${plural(out, "channel")} into ${groups} groups`,
    `groups divides the ${what}, but ${size} mod ${groups} = ${size % groups}`,
    `groups: ${divisorNear(groups, channels, out)}`,
  );
}

/**
 * y[n,o,h,…] = b[o] + Σ x[n, g·C/G + c, h·s + u·d − p, …] · k[o,c,u,…], with g = ⌊o / (O/G)⌋, over one to three spatial
 * axes. A cross-correlation.
 */
function conv(name: string, axes: Rank): OpDef<ConvAttrs, ConvOptions> {
  return {
    name,
    arity: 1,
    takes: ["weight", "bias"],
    options: takes(name, {
      out: positive,
      kernel: steps[axes],
      stride: otherwise(steps[axes], all(axes, 1)),
      padding: otherwise(padding(axes), all(2 * axes, 0)),
      dilation: otherwise(steps[axes], all(axes, 1)),
      groups: otherwise(positive, 1),
      weight: tensorOnly,
      bias: otherwise(flag, true),
      init: initializer,
    }),
    params(attrs, inputs) {
      const x = must(inputs[0], "input");
      needsImage(name, x, axes);
      const channels = fixed(name, x.shape[1], "the number of channels");
      const { out, groups } = attrs;
      checkGroups(name, x, out, groups);
      const taps = attrs.kernel.reduce((a, k) => a * k, 1);
      const weight: ParamRequest = {
        role: "weight",
        shape: [out, channels / groups, ...attrs.kernel],
        init: resolveInit(attrs.init, (channels / groups) * taps, (out / groups) * taps),
      };
      return attrs.bias ? [weight, { role: "bias", shape: [out], init: { kind: "zeros" } }] : [weight];
    },
    infer(attrs, inputs) {
      const x = must(inputs[0], "input");
      const sizes = spatial(name, x, axes);
      const ws = windows(attrs, sizes);
      checkFits(name, x, ws);
      const out = ws.map((w, i) => positions(must(sizes[i], "size"), w));
      return { dtype: "f32", shape: [must(x.shape[0], "batch"), attrs.out, ...out] };
    },
    define(attrs, { at, inputs, axis }) {
      const [x, weight, bias] = inputs;
      const [n, o, ...place] = at;
      if (!x || !weight || !n || !o) return fail(`${name}: missing operands`);
      const ws = windows(attrs, spatial(name, x.type, axes));
      const perGroup = fixed(name, weight.type.shape[1], "channels");
      const c = axis("c", perGroup);
      const taps = ws.map((w, i) => axis(must(words[axes].taps[i], "name"), w.kernel));
      const group = attrs.groups === 1 ? constant(0) : div(axisIndex(o), attrs.out / attrs.groups);
      const channel = add(scale(group, perGroup), axisIndex(c));
      const image = loadPadded(x, [axisIndex(n), channel, ...windowIndices(place, taps, ws)], 0);
      const kernel = load(weight, [axisIndex(o), axisIndex(c), ...taps.map(axisIndex)]);
      const sum = product([c, ...taps], image, kernel);
      return bias ? call("add", sum, load(bias, [axisIndex(o)])) : sum;
    },
    summary(attrs, inputs, output) {
      const x = must(inputs[0], "input");
      const sizes = spatial(name, x, axes);
      return {
        options: describeConv(attrs, x),
        formula: formula(sizes, windows(attrs, sizes), output.shape.slice(2)),
      };
    },
  };
}

/** `6 · 5×5, padding 2, groups 2, no bias` */
export function describeConv(
  attrs: WindowAttrs & Pick<ConvAttrs, "out" | "groups" | "bias">,
  x: TensorType,
): string {
  const parts = [
    `${attrs.out} · ${describeWindow(
      attrs,
      attrs.kernel.map(() => 1),
    )}`,
  ];
  if (attrs.groups > 1) parts.push(attrs.groups === x.shape[1] ? "depthwise" : `groups ${attrs.groups}`);
  if (!attrs.bias) parts.push("no bias");
  return parts.join(", ");
}

function divisorNear(groups: number, a: number, b: number): number {
  for (let g = Math.min(groups, a, b); g > 1; g--) if (a % g === 0 && b % g === 0) return g;
  return 1;
}

/** y[i,j] = Σ x[i + u, j + v] · k[u,v]: the two-dimensional cross-correlation of two matrices. */
const corr2d: OpDef<NoOptions, unknown> = {
  name: "corr2d",
  arity: 2,
  options: noOptions("corr2d"),
  infer(_, inputs) {
    const [x, k] = [must(inputs[0], "input"), must(inputs[1], "kernel")];
    rank("corr2d", k, 2, "[height, width] as its kernel");
    if (x.shape.length !== 2 && x.shape.length !== 3)
      rank("corr2d", x, 2, "[height, width] or [N, height, width]");
    const [sizes, kernel] = [spatial("corr2d", x, 2), spatial("corr2d", k, 2)];
    const ws = matrixWindows(kernel);
    checkFits("corr2d", x, ws);
    const out = ws.map((w, i) => positions(must(sizes[i], "size"), w));
    return { dtype: "f32", shape: [...x.shape.slice(0, -2), ...out] };
  },
  define(_, { at, inputs, axis }) {
    const [x, k] = [must(inputs[0], "input"), must(inputs[1], "kernel")];
    const kernel = spatial("corr2d", k.type, 2);
    const taps = kernel.map((size, i) => axis(must(words[2].taps[i], "name"), size));
    const place = windowIndices(at.slice(-2), taps, matrixWindows(kernel));
    const lead = at.slice(0, -2).map(axisIndex);
    return product(taps, load(x, [...lead, ...place]), load(k, taps.map(axisIndex)));
  },
  summary(_, inputs, output) {
    const kernel = spatial("corr2d", must(inputs[1], "kernel"), 2);
    const sizes = spatial("corr2d", must(inputs[0], "input"), 2);
    return {
      options: kernel.join("×"),
      formula: formula(sizes, matrixWindows(kernel), output.shape.slice(-2)),
    };
  },
};

const matrixWindows = (kernel: readonly number[]): ReturnType<typeof windows> =>
  windows({ kernel, stride: all(2, 1), dilation: all(2, 1), padding: [0, 0, 0, 0] }, kernel);

export const convolution = {
  conv1d: conv("conv1d", 1),
  conv2d: conv("conv2d", 2),
  conv3d: conv("conv3d", 3),
  corr2d,
};
