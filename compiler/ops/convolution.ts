/** Cross-correlations: the convolution layer, and the plain correlation of two matrices. */
import { showShape } from "../../contract/shapes.ts";
import { must, plural } from "../errors.ts";
import type { OpDef, ParamRequest } from "../ir/graph.ts";
import { add, axisIndex, constant, div, scale } from "../math/affine.ts";
import { call, load, loadPadded, product } from "../math/build.ts";
import { flag, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, type NoOptions, noOptions, type Pair, rank, tensorOnly } from "./check.ts";
import {
  checkFits,
  describeWindow,
  formula,
  type Padding,
  padding,
  positions,
  type Sides,
  spatial,
  steps,
  type WindowAttrs,
  windowIndex,
  windows,
} from "./geometry.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";

export interface ConvOptions {
  /** Output channels. */
  readonly out: number;
  readonly kernel: Pair;
  /** Default 1. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Pair;
  /** Groups of channels convolved apart; the number of input channels gives a depthwise convolution. Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** How the weight starts; the bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export type ConvAttrs = WindowAttrs & {
  readonly out: number;
  readonly padding: Sides | "same";
  readonly groups: number;
  readonly bias: boolean;
  readonly init: InitAttr;
};

/** y[n,o,h,w] = b[o] + Σ x[n, g·C/G + c, h·s + u·d − p, …] · k[o,c,u,v], with g = ⌊o / (O/G)⌋. A cross-correlation. */
const conv2d: OpDef<ConvAttrs, ConvOptions> = {
  name: "conv2d",
  arity: 1,
  takes: ["weight", "bias"],
  options: takes("conv2d", {
    out: positive,
    kernel: steps,
    stride: otherwise(steps, [1, 1]),
    padding: otherwise(padding, [0, 0, 0, 0]),
    dilation: otherwise(steps, [1, 1]),
    groups: otherwise(positive, 1),
    weight: tensorOnly,
    bias: otherwise(flag, true),
    init: initializer,
  }),
  params(attrs, inputs) {
    const x = must(inputs[0], "conv2d input");
    rank("conv2d", x, 4, "[N, channels, height, width]");
    const channels = fixed("conv2d", x.shape[1], "the number of channels");
    const { out, groups } = attrs;
    if (channels % groups !== 0 || out % groups !== 0) {
      const [what, size] =
        channels % groups !== 0
          ? [plural(channels, "input channel"), channels]
          : [plural(out, "output channel"), out];
      fail(
        `conv2d cannot split the ${size} ${what} of ${showShape(x.shape)} → ${out} ${plural(out, "channel")} into ${groups} groups`,
        `groups divides the ${what}, but ${size} mod ${groups} = ${size % groups}`,
        `groups: ${divisorNear(groups, channels, out)}`,
      );
    }
    const taps = attrs.kernel[0] * attrs.kernel[1];
    const shape = [out, channels / groups, ...attrs.kernel];
    const weight: ParamRequest = {
      role: "weight",
      shape,
      init: resolveInit(attrs.init, (channels / groups) * taps, (out / groups) * taps),
    };
    return attrs.bias ? [weight, { role: "bias", shape: [out], init: { kind: "zeros" } }] : [weight];
  },
  infer(attrs, inputs) {
    const x = must(inputs[0], "conv2d input");
    const [h, w] = spatial("conv2d", x);
    const ws = windows(attrs, h, w);
    checkFits("conv2d", x, ws);
    return {
      dtype: "f32",
      shape: [must(x.shape[0], "batch"), attrs.out, positions(h, ws[0]), positions(w, ws[1])],
    };
  },
  define(attrs, { at, inputs, axis }) {
    const [x, weight, bias] = inputs;
    const [n, o, h, w] = at;
    if (!x || !weight || !n || !o || !h || !w) return fail("conv2d: missing operands");
    const [height, width] = spatial("conv2d", x.type);
    const ws = windows(attrs, height, width);
    const perGroup = fixed("conv2d", weight.type.shape[1], "channels");
    const [c, u, v] = [axis("c", perGroup), axis("kh", attrs.kernel[0]), axis("kw", attrs.kernel[1])];
    const group = attrs.groups === 1 ? constant(0) : div(axisIndex(o), attrs.out / attrs.groups);
    const channel = add(scale(group, perGroup), axisIndex(c));
    const image = loadPadded(
      x,
      [axisIndex(n), channel, windowIndex(h, u, ws[0]), windowIndex(w, v, ws[1])],
      0,
    );
    const sum = product(
      [c, u, v],
      image,
      load(weight, [axisIndex(o), axisIndex(c), axisIndex(u), axisIndex(v)]),
    );
    return bias ? call("add", sum, load(bias, [axisIndex(o)])) : sum;
  },
  summary(attrs, inputs, output) {
    const x = must(inputs[0], "conv2d input");
    const [h, w] = spatial("conv2d", x);
    const depthwise = attrs.groups > 1 && attrs.groups === x.shape[1];
    const parts = [`${attrs.out} · ${describeWindow(attrs, [1, 1])}`];
    if (depthwise) parts.push("depthwise");
    else if (attrs.groups > 1) parts.push(`groups ${attrs.groups}`);
    if (!attrs.bias) parts.push("no bias");
    return {
      options: parts.join(", "),
      formula: formula([h, w], windows(attrs, h, w), output.shape.slice(2)),
    };
  },
};

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
    const [h, w] = spatial("corr2d", x);
    const [kh, kw] = spatial("corr2d", k);
    checkFits("corr2d", x, matrixWindows(kh, kw));
    return { dtype: "f32", shape: [...x.shape.slice(0, -2), h - kh + 1, w - kw + 1] };
  },
  define(_, { at, inputs, axis }) {
    const [x, k] = [must(inputs[0], "input"), must(inputs[1], "kernel")];
    const [kh, kw] = spatial("corr2d", k.type);
    const [h, w] = at.slice(-2);
    const [u, v] = [axis("kh", kh), axis("kw", kw)];
    const [wh, ww] = matrixWindows(kh, kw);
    const place = [
      ...at.slice(0, -2).map(axisIndex),
      windowIndex(must(h, "h"), u, wh),
      windowIndex(must(w, "w"), v, ww),
    ];
    return product([u, v], load(x, place), load(k, [axisIndex(u), axisIndex(v)]));
  },
  summary(_, inputs, output) {
    const [kh, kw] = spatial("corr2d", must(inputs[1], "kernel"));
    const size = spatial("corr2d", must(inputs[0], "input"));
    return { options: `${kh}×${kw}`, formula: formula(size, matrixWindows(kh, kw), output.shape.slice(-2)) };
  },
};

function matrixWindows(kh: number, kw: number): ReturnType<typeof windows> {
  return windows({ kernel: [kh, kw], stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0] }, 0, 0);
}

export const convolution = { conv2d, corr2d };
