/** Contractions: sums of products over shared axes. Convolution, dense layers, matrix products. */

import { must } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { OpDef, ParamRequest } from "../ir/graph.ts";
import type { Init } from "../ir/program.ts";
import { type Dim, showShape, type TensorType } from "../ir/type.ts";
import { add, axisIndex, constant, div, scale } from "../math/affine.ts";
import { call, load, loadPadded, reduce } from "../math/build.ts";
import { fail, fixed, type NoOptions, noOptions, type Pair, positiveInteger, rank, record } from "./check.ts";
import {
  checkFits,
  describeWindow,
  formula,
  type Padding,
  positions,
  type Sides,
  sides,
  spatial,
  strides,
  type WindowAttrs,
  windowIndex,
  windows,
} from "./geometry.ts";
import { broadcastShapes } from "./pointwise.ts";

/** How a weight starts: a scheme by name (its fans are the op's) or a full `Init`. */
export type InitRequest =
  | {
      readonly kind: "xavierUniform" | "xavierNormal" | "kaimingUniform" | "kaimingNormal" | "zeros" | "ones";
    }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

type InitAttr = {
  readonly kind: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
};

function initAttr(op: string, value: unknown): InitAttr {
  const init = record(op, value ?? { kind: "xavierUniform" }, ["kind", "value", "low", "high"]);
  const kinds = [
    "xavierUniform",
    "xavierNormal",
    "kaimingUniform",
    "kaimingNormal",
    "zeros",
    "ones",
    "constant",
    "uniform",
  ];
  if (typeof init["kind"] !== "string" || !kinds.includes(init["kind"])) {
    fail(`${op}: unknown initialiser ${JSON.stringify(init["kind"])}`, `init is one of ${kinds.join(", ")}`);
  }
  const number = (k: string): number => (typeof init[k] === "number" ? init[k] : 0);
  return { kind: init["kind"], value: number("value"), low: number("low"), high: number("high") };
}

function resolveInit(init: InitAttr, fanIn: number, fanOut: number): Init {
  switch (init.kind) {
    case "zeros":
    case "ones":
      return { kind: init.kind };
    case "constant":
      return { kind: "constant", value: init.value };
    case "uniform":
      return { kind: "uniform", low: init.low, high: init.high };
    case "kaimingUniform":
    case "kaimingNormal":
      return { kind: init.kind, fanIn };
    case "xavierNormal":
      return { kind: "xavierNormal", fanIn, fanOut };
    default:
      return { kind: "xavierUniform", fanIn, fanOut };
  }
}

const product = (axes: readonly Axis[], a: Expr, b: Expr): Expr => reduce("sum", axes, call("mul", a, b));

// ---------------------------------------------------------------------------------------------- conv2d

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

function flag(op: string, option: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? otherwise;
  return fail(`${op}: ${option} is ${JSON.stringify(value)}`, `${option} is true or false`);
}

/** y[n,o,h,w] = b[o] + Σ x[n, g·C/G + c, h·s + u·d − p, …] · k[o,c,u,v], with g = ⌊o / (O/G)⌋. A cross-correlation. */
const conv2d: OpDef<ConvAttrs, ConvOptions> = {
  name: "conv2d",
  arity: 1,
  options(options) {
    const o = record("conv2d", options, [
      "out",
      "kernel",
      "stride",
      "padding",
      "dilation",
      "groups",
      "bias",
      "init",
    ]);
    const attrs: ConvAttrs = {
      out: positiveInteger("conv2d", "out", o["out"]),
      kernel: strides("conv2d", "kernel", o["kernel"]),
      stride: strides("conv2d", "stride", o["stride"] ?? 1),
      padding: sides("conv2d", o["padding"] ?? 0),
      dilation: strides("conv2d", "dilation", o["dilation"] ?? 1),
      groups: positiveInteger("conv2d", "groups", o["groups"] ?? 1),
      bias: flag("conv2d", "bias", o["bias"], true),
      init: initAttr("conv2d", o["init"]),
    };
    return attrs;
  },
  params(attrs, inputs) {
    const x = must(inputs[0], "conv2d input");
    rank("conv2d", x, 4, "[N, channels, height, width]");
    const channels = fixed("conv2d", x.shape[1], "the number of channels");
    const { out, groups } = attrs;
    if (channels % groups !== 0 || out % groups !== 0) {
      const [what, size] = channels % groups !== 0 ? ["input channels", channels] : ["output channels", out];
      fail(
        `conv2d cannot split the ${size} ${what} of ${showShape(x.shape)} → ${out} channels into ${groups} groups`,
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

// ---------------------------------------------------------------------------------------------- corr2d

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

// ---------------------------------------------------------------------------------------------- linear

export interface LinearOptions {
  /** Output features. */
  readonly out: number;
  /** Input features: inferred; given, it is checked. */
  readonly in?: number;
  /** Default true. */
  readonly bias?: boolean;
  readonly init?: InitRequest;
}

export type LinearAttrs = {
  readonly out: number;
  readonly in: number | null;
  readonly bias: boolean;
  readonly init: InitAttr;
};

/** y[…,o] = b[o] + Σ x[…,i] · w[o,i], over the last dimension. */
const linear: OpDef<LinearAttrs, LinearOptions> = {
  name: "linear",
  arity: 1,
  options(options) {
    const o = record("linear", options, ["out", "in", "bias", "init"]);
    const attrs: LinearAttrs = {
      out: positiveInteger("linear", "out", o["out"]),
      in: o["in"] === undefined ? null : positiveInteger("linear", "in", o["in"]),
      bias: flag("linear", "bias", o["bias"], true),
      init: initAttr("linear", o["init"]),
    };
    return attrs;
  },
  params(attrs, inputs) {
    const x = must(inputs[0], "linear input");
    if (x.shape.length < 2) rank("linear", x, 2, "[N, features]");
    const features = fixed("linear", x.shape.at(-1), "the last dimension");
    if (attrs.in !== null && attrs.in !== features) {
      fail(
        `linear expects ${attrs.in} features, but its input is ${showShape(x.shape)}`,
        `in = the last dimension, but ${attrs.in} ≠ ${features}`,
        x.shape.length > 2
          ? "flatten(x) before it, or in: " + features
          : `in: ${features}, or leave it out: it is inferred`,
      );
    }
    const weight: ParamRequest = {
      role: "weight",
      shape: [attrs.out, features],
      init: resolveInit(attrs.init, features, attrs.out),
    };
    return attrs.bias ? [weight, { role: "bias", shape: [attrs.out], init: { kind: "zeros" } }] : [weight];
  },
  infer(attrs, inputs) {
    return { dtype: "f32", shape: [...must(inputs[0], "linear input").shape.slice(0, -1), attrs.out] };
  },
  define(_, { at, inputs, axis }) {
    const [x, weight, bias] = inputs;
    const o = at.at(-1);
    if (!x || !weight || !o) return fail("linear: missing operands");
    const k = axis("k", must(weight.type.shape[1], "features"));
    const sum = product(
      [k],
      load(x, [...at.slice(0, -1), k].map(axisIndex)),
      load(weight, [axisIndex(o), axisIndex(k)]),
    );
    return bias ? call("add", sum, load(bias, [axisIndex(o)])) : sum;
  },
  summary(attrs, inputs) {
    const features = must(inputs[0], "linear input").shape.at(-1);
    return { options: `${features} → ${attrs.out}${attrs.bias ? "" : ", no bias"}`, formula: "" };
  },
};

// ---------------------------------------------------------------------------------------------- matmul

/** y[…,i,j] = Σ a[…,i,k] · b[…,k,j]; leading dimensions broadcast. */
const matmul: OpDef<NoOptions, unknown> = {
  name: "matmul",
  arity: 2,
  options: noOptions("matmul"),
  infer(_, inputs) {
    const [a, b] = [must(inputs[0], "left"), must(inputs[1], "right")];
    for (const x of [a, b]) if (x.shape.length < 2) rank("matmul", x, 2, "[rows, columns]");
    const [inner, other] = [a.shape.at(-1), b.shape.at(-2)];
    if (inner !== other) {
      fail(
        `matmul cannot multiply ${showShape(a.shape)} by ${showShape(b.shape)}`,
        `columns of the left = rows of the right, but ${inner} ≠ ${other}`,
        b.shape.at(-1) === inner ? "transpose(b)" : undefined,
      );
    }
    fixed("matmul", inner, "the inner dimension");
    const lead = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const shape = [...lead, must(a.shape.at(-2), "rows"), must(b.shape.at(-1), "columns")];
    if (shape.slice(1).includes("N"))
      fail(`matmul would put N inside ${showShape(shape)}`, "N is the outermost dimension");
    return { dtype: "f32", shape };
  },
  define(_, { at, inputs, axis }) {
    const [a, b] = [must(inputs[0], "left"), must(inputs[1], "right")];
    const [i, j] = [must(at.at(-2), "row"), must(at.at(-1), "column")];
    const k = axis("k", must(a.type.shape.at(-1), "inner"));
    return product([k], load(a, operandIndex(a.type, at, [i, k])), load(b, operandIndex(b.type, at, [k, j])));
  },
  summary: (_, inputs) => ({
    options: inputs.map((i: TensorType) => showShape(i.shape)).join(" × "),
    formula: "",
  }),
};

/** Leading dimensions broadcast to the output's; the last two are given. */
function operandIndex(x: TensorType, at: readonly Axis[], last: readonly Axis[]): readonly Index[] {
  const lead = x.shape.slice(0, -2);
  const offset = at.length - 2 - lead.length;
  const outer = lead.map((d: Dim, i) => (d === 1 ? constant(0) : axisIndex(must(at[offset + i], "axis"))));
  return [...outer, ...last.map(axisIndex)];
}

export const contract = { conv2d, corr2d, linear, matmul };
