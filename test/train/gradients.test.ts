/** Every op's gradient, one case at a time, against central differences of the float64 oracle. */
import { afterAll, describe, expect, test } from "vitest";
import type { Tensor } from "weftgpu";
import { must } from "../../compiler/errors.ts";
import { ops } from "../../compiler/ops/index.ts";
import { ndarray } from "../oracle/array.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";
import { execute } from "./execute.ts";
import {
  checkGradients,
  compiled,
  type GradientOptions,
  gradientGraph,
  opsOf,
  valuesFor,
} from "./gradients.ts";
import { input, type LayerName, lang, param, split, topK } from "./language.ts";
import { inTraining } from "./meanings.ts";

afterAll(closeDevice);

interface Case extends GradientOptions {
  readonly name: string;
  readonly build: () => Tensor;
}

const places = (shape: readonly number[], numbers: readonly number[]): Tensor =>
  lang.constant(numbers, shape, { dtype: "i32" });
const states = lang.lstm as unknown as typeof topK;
const image = (c: number, h: number, w: number): Tensor => input("x", ["N", c, h, w]);
const rows = (...rest: number[]): Tensor => input("x", ["N", ...rest]);
const conv = (name: string, x: () => Tensor, options: object): Case => ({
  name: `conv2d ${name}`,
  build: () => lang.conv2d(x(), options),
});
const pooled = (op: "maxPool2d" | "avgPool2d", name: string, x: () => Tensor, options: object): Case => ({
  name: `${op} ${name}`,
  build: () => lang[op](x(), options),
});

const windowed = (op: LayerName, x: () => Tensor, options: object): Case => ({
  name: `${op} ${JSON.stringify(options)}`,
  build: () => lang[op](x(), options),
});

/** Away from 0 by name; both signs and both sides of every kink occur among the values. */
const unary = (op: LayerName, options?: object, range: readonly [number, number] = [-3, 3]): Case => ({
  name: `${op} ${options ? JSON.stringify(options) : ""}`,
  build: () => lang[op](rows(7), options),
  range: { x: range },
});

const cases: readonly Case[] = [
  conv("3×3", () => image(2, 5, 5), { out: 3, kernel: 3 }),
  conv("1×1 without bias", () => image(3, 3, 2), { out: 2, kernel: 1, bias: false }),
  conv("stride 2, padding 1", () => image(2, 7, 6), { out: 3, kernel: 3, stride: 2, padding: 1 }),
  conv("stride 3, kernel 2: elements that no window reads", () => image(1, 8, 7), {
    out: 2,
    kernel: 2,
    stride: 3,
  }),
  conv("stride [2, 3], dilation [3, 2], asymmetric padding", () => image(2, 11, 10), {
    out: 2,
    kernel: [3, 2],
    stride: [2, 3],
    dilation: [3, 2],
    padding: [2, 1, 0, 3],
  }),
  conv("stride 2, dilation 2: a common factor", () => image(1, 9, 7), {
    out: 2,
    kernel: 3,
    stride: 2,
    dilation: 2,
    padding: 1,
  }),
  conv("stride 4, dilation 2", () => image(1, 11, 9), {
    out: 2,
    kernel: [3, 2],
    stride: 4,
    dilation: 2,
    padding: 2,
  }),
  conv("groups", () => image(4, 5, 4), { out: 6, kernel: 2, groups: 2 }),
  conv("depthwise, stride 2", () => image(3, 5, 6), { out: 3, kernel: 3, groups: 3, stride: 2, padding: 1 }),
  conv("depthwise with a multiplier", () => image(3, 4, 4), { out: 6, kernel: 2, groups: 3 }),
  conv('padding "same"', () => image(2, 5, 5), { out: 2, kernel: 4, padding: "same" }),
  conv("a kernel as large as the image", () => image(2, 4, 5), { out: 3, kernel: [4, 5] }),
  conv("padding beyond the kernel", () => image(1, 3, 3), { out: 2, kernel: 2, padding: 3 }),
  {
    name: "conv2d of a fixed batch",
    build: () => lang.conv2d(input("x", [2, 2, 4, 4]), { out: 2, kernel: 3 }),
    batches: [1],
  },

  { name: "corr2d", build: () => lang.corr2d(input("x", [5, 7]), param("k", [2, 3])), batches: [1] },
  { name: "corr2d of a batch", build: () => lang.corr2d(rows(5, 7), param("k", [2, 3])) },
  { name: "linear", build: () => lang.linear(rows(7), { out: 5 }) },
  { name: "linear of sequences", build: () => lang.linear(rows(3, 5), { out: 2, bias: false }) },
  { name: "matmul by a parameter", build: () => lang.matmul(rows(5), param("w", [5, 3])) },
  { name: "matmul of batches", build: () => lang.matmul(rows(3, 5), input("z", ["N", 5, 2])) },
  { name: "matmul, repeated leading sizes", build: () => lang.matmul(rows(3, 2, 5), param("w", [3, 5, 2])) },
  { name: "matmul, a leading size of 1", build: () => lang.matmul(rows(1, 2, 5), param("w", [3, 5, 2])) },
  {
    name: "matmul of one tensor with itself, transposed",
    build: () => {
      const x = rows(3, 5);
      return lang.matmul(x, lang.transpose(x));
    },
  },

  pooled("maxPool2d", "2×2", () => image(2, 6, 4), { kernel: 2 }),
  pooled("maxPool2d", "overlapping, padded", () => image(2, 5, 7), { kernel: 3, stride: 2, padding: 1 }),
  pooled("maxPool2d", "dilated, ceilMode", () => image(1, 8, 7), {
    kernel: 2,
    dilation: [3, 2],
    stride: 2,
    ceilMode: true,
  }),
  pooled("maxPool2d", "gaps", () => image(1, 8, 7), { kernel: 2, stride: 3 }),
  pooled("maxPool2d", "stride 1", () => image(1, 4, 5), { kernel: [2, 3], stride: 1 }),
  pooled("avgPool2d", "2×2", () => image(2, 6, 4), { kernel: 2 }),
  pooled("avgPool2d", "overlapping, padded", () => image(2, 5, 7), { kernel: 3, stride: 2, padding: 1 }),
  pooled("avgPool2d", "padding does not count", () => image(2, 5, 7), {
    kernel: 3,
    stride: 2,
    padding: 1,
    countIncludePad: false,
  }),
  pooled("avgPool2d", "ceilMode", () => image(1, 7, 8), {
    kernel: 3,
    stride: 2,
    padding: [0, 1],
    ceilMode: true,
  }),
  pooled("avgPool2d", "ceilMode, padding does not count", () => image(1, 7, 8), {
    kernel: 3,
    stride: 2,
    padding: 1,
    ceilMode: true,
    countIncludePad: false,
  }),
  windowed("conv1d", () => rows(4, 11), { out: 6, kernel: 3, stride: 2, padding: [2, 1], groups: 2 }),
  windowed("conv1d", () => rows(2, 7), { out: 3, kernel: 4, padding: "sameUpper" }),
  windowed("conv3d", () => rows(2, 3, 4, 5), { out: 2, kernel: [2, 3, 2], stride: [1, 2, 1], padding: 1 }),
  windowed("convTranspose1d", () => rows(3, 7), { out: 2, kernel: 4, stride: 2, padding: [1, 2] }),
  windowed("convTranspose2d", () => image(2, 4, 3), { out: 3, kernel: 3, padding: 1 }),
  windowed("convTranspose2d", () => image(2, 4, 3), {
    out: 3,
    kernel: [3, 2],
    stride: 2,
    padding: [1, 0],
    outputPadding: 1,
  }),
  windowed("convTranspose2d", () => image(4, 3, 3), {
    out: 6,
    kernel: [3, 2],
    stride: [2, 3],
    dilation: [2, 3],
    groups: 2,
    bias: false,
  }),
  windowed("convTranspose3d", () => rows(2, 2, 3, 2), { out: 2, kernel: 2, stride: [2, 1, 2] }),
  windowed("resize", () => image(2, 3, 4), { scale: 2 }),
  windowed("resize", () => image(1, 5, 4), { size: [7, 3], nearest: "ceil", coordinates: "asymmetric" }),
  windowed("resize", () => image(1, 5, 4), { size: [3, 9], nearest: "floor" }),
  windowed("resize", () => image(2, 3, 4), { scale: 2, mode: "linear" }),
  windowed("resize", () => image(1, 5, 4), { size: [8, 3], mode: "linear", coordinates: "alignCorners" }),
  windowed("resize", () => image(1, 6, 5), {
    size: [2, 7],
    mode: "linear",
    coordinates: "halfPixelSymmetric",
  }),
  windowed("resize", () => image(1, 3, 4), { scale: [2, 1.5], mode: "cubic" }),
  windowed("resize", () => image(1, 5, 4), { size: [3, 6], mode: "cubic", excludeOutside: true }),
  windowed("resize", () => rows(2, 4), { size: 7, mode: "cubic", coordinates: "asymmetric" }),
  windowed("maxPool1d", () => rows(2, 11), { kernel: 3, stride: 2, padding: 1, dilation: 2 }),
  windowed("maxPool3d", () => rows(1, 4, 3, 5), { kernel: 2, stride: 1 }),
  windowed("lpPool1d", () => rows(2, 9), { kernel: 3, stride: 2, padding: 1 }),
  windowed("lpPool2d", () => image(1, 5, 4), { kernel: 2, stride: 1, p: 3 }),
  windowed("lpPool3d", () => rows(1, 2, 3, 4), { kernel: [1, 2, 2], p: 1 }),
  ...(["adaptiveAvgPool", "adaptiveMaxPool"] as const).flatMap((op): Case[] => [
    windowed(`${op}1d`, () => rows(2, 7), { size: 3 }),
    windowed(`${op}2d`, () => image(1, 6, 5), { size: [3, 2] }),
    windowed(`${op}3d`, () => rows(1, 2, 4, 3), { size: [1, 2, 3] }),
  ]),
  windowed("avgPool1d", () => rows(2, 11), { kernel: 3, stride: 2, padding: 1, dilation: 2 }),
  windowed("avgPool2d", () => image(1, 7, 8), {
    kernel: [2, 3],
    stride: 1,
    dilation: [3, 2],
    ceilMode: true,
    countIncludePad: false,
  }),
  windowed("avgPool3d", () => rows(1, 4, 3, 5), { kernel: 2, stride: [2, 1, 2], padding: [0, 1, 1] }),
  ...(["globalAvgPool", "globalMaxPool"] as const).flatMap((op): Case[] => [
    { name: `${op}1d`, build: () => lang[`${op}1d`](rows(3, 7)) },
    { name: `${op}2d`, build: () => lang[`${op}2d`](image(2, 3, 5)) },
    { name: `${op}3d`, build: () => lang[`${op}3d`](rows(2, 3, 2, 3)) },
  ]),

  { name: "flatten", build: () => lang.flatten(image(2, 3, 5)) },
  { name: "reshape", build: () => lang.reshape(image(2, 3, 4), ["N", 4, -1]) },
  {
    name: "reshape, squared",
    build: () => {
      const y = lang.reshape(rows(6), ["N", 2, 3]);
      return lang.mul(y, y);
    },
  },
  { name: "transpose", build: () => lang.transpose(rows(3, 5)) },
  { name: "transpose by an order", build: () => lang.transpose(image(2, 3, 5), [0, 2, 3, 1]) },
  {
    name: "concat",
    build: () => lang.concat([image(2, 3, 2), input("z", ["N", 3, 3, 2]), param("p", [1, 1])].slice(0, 2)),
  },
  {
    name: "concat along axis 2",
    build: () => lang.concat([rows(3, 2), input("z", ["N", 3, 5])], { axis: -1 }),
  },
  {
    name: "concat of a tensor with itself",
    build: () => {
      const x = rows(3, 2);
      return lang.concat([x, input("z", ["N", 1, 2]), x]);
    },
  },
  { name: "slice", build: () => lang.slice(image(5, 3, 2), { start: 1, end: 4 }) },
  { name: "slice along the last axis", build: () => lang.slice(rows(3, 7), { axis: -1, start: 5 }) },
  {
    name: "split: a gate",
    build: () => {
      const [a, b] = split(rows(6, 5), { parts: 2 });
      return lang.mul(must(a, "part"), lang.sigmoid(must(b, "part")));
    },
  },
  {
    name: "split: queries, keys and values of one product",
    build: () => {
      const parts = split(lang.linear(rows(3, 5), { out: 7 }), { axis: -1, sizes: [2, 2, 3] });
      const [q, k, v] = parts.map((part) => must(part, "part"));
      const scores = lang.softmax(lang.matmul(must(q, "q"), lang.transpose(must(k, "k"))));
      return lang.matmul(scores, must(v, "v"));
    },
  },
  {
    name: "split: parts that overlap with what reads the whole",
    build: () => {
      const x = rows(5, 2);
      const [a] = split(x, { sizes: [2, 3] });
      return lang.concat([lang.mul(x, x), must(a, "part"), lang.exp(lang.slice(x, { start: 1, end: 3 }))]);
    },
  },
  { name: "slice in steps", build: () => lang.slice(image(5, 3, 7), { axis: 3, start: 1, step: 3 }) },
  { name: "slice backwards", build: () => lang.slice(rows(3, 7), { axis: 2, start: 5, end: 0, step: -2 }) },
  { name: "squeeze", build: () => lang.squeeze(rows(1, 5, 1)) },
  { name: "unsqueeze", build: () => lang.exp(lang.unsqueeze(rows(3, 5), { axis: [1, -1] })) },
  { name: "expand", build: () => lang.mul(lang.expand(param("p", [3, 1]), ["N", 3, 4]), rows(3, 4)) },
  { name: "tile", build: () => lang.mul(lang.tile(rows(3, 2), [1, 2, 3]), param("p", [6, 6])) },
  {
    name: "stack",
    build: () => {
      const x = rows(3, 2);
      return lang.mul(lang.stack([x, input("z", ["N", 3, 2]), x], { axis: 2 }), param("p", [3, 3, 2]));
    },
  },
  { name: "triu", build: () => lang.mul(lang.triu(rows(3, 5)), param("p", [3, 5])) },
  { name: "tril", build: () => lang.mul(lang.tril(rows(4, 3), { diagonal: -1 }), param("p", [4, 3])) },
  { name: "flip", build: () => lang.mul(lang.flip(rows(3, 5), { axis: [1, 2] }), param("p", [3, 5])) },
  { name: "roll", build: () => lang.mul(lang.roll(rows(3, 5), { shift: 2 }), param("p", [3, 5])) },
  ...(["DCR", "CRD"] as const).flatMap((mode): Case[] => [
    {
      name: `depthToSpace ${mode}`,
      build: () => lang.mul(lang.depthToSpace(image(8, 2, 3), { block: 2, mode }), param("p", [2, 4, 6])),
    },
    {
      name: `spaceToDepth ${mode}`,
      build: () => lang.mul(lang.spaceToDepth(image(2, 4, 6), { block: 2, mode }), param("p", [8, 2, 3])),
    },
  ]),
  ...(["reflect", "edge", "wrap"] as const).map(
    (mode): Case => ({
      name: `pad ${mode}`,
      build: () => lang.mul(lang.pad(image(2, 4, 5), { padding: [1, 3, 2, 0], mode }), param("p", [2, 8, 7])),
    }),
  ),
  { name: "pad", build: () => lang.pad(image(2, 3, 4), { padding: [1, 0, 2, 3], value: -2 }) },

  ...(["add", "sub", "mul"] as const).flatMap((op): Case[] => [
    { name: op, build: () => lang[op](rows(3, 2), input("z", ["N", 3, 2])) },
    { name: `${op} broadcast`, build: () => lang[op](rows(3, 2), param("p", [3, 1])) },
    { name: `${op} broadcast on both sides`, build: () => lang[op](rows(3, 1), param("p", [1, 5])) },
    {
      name: `${op} with itself`,
      build: () => {
        const x = rows(5);
        return lang[op](x, x);
      },
    },
    { name: `${op} with a number`, build: () => lang[op](rows(5), 3) },
  ]),
  { name: "a parameter of rank 0", build: () => lang.mul(rows(5), param("p", [])) },
  { name: "ranks that differ", build: () => lang.add(param("p", [5]), rows(3, 5)) },
  { name: "div", build: () => lang.div(rows(5), input("positive", ["N", 5])) },
  { name: "div broadcast", build: () => lang.div(rows(3, 1), param("positive", [5])) },
  {
    name: "div of a tensor by itself",
    build: () => {
      const x = input("positive", ["N", 5]);
      return lang.div(x, x);
    },
  },
  { name: "div of a number", build: () => lang.div(2, input("positive", ["N", 5])) },
  { name: "max", build: () => lang.max(rows(7), input("z", ["N", 7])) },
  { name: "max broadcast", build: () => lang.max(rows(7), param("p", [1])) },
  { name: "min", build: () => lang.min(rows(7), input("z", ["N", 7])) },
  { name: "min with a number", build: () => lang.min(rows(7), 0.2) },
  { name: "pow", build: () => lang.pow(input("positive", ["N", 5]), input("z", ["N", 5])) },
  { name: "pow broadcast", build: () => lang.pow(input("positive", ["N", 5, 2]), param("p", [2])) },
  { name: "pow of negative numbers by 2", build: () => lang.pow(rows(5), 2) },
  { name: "pow of negative numbers by 3", build: () => lang.pow(rows(5), 3) },
  { name: "pow of a number", build: () => lang.pow(2, rows(5)) },

  unary("sigmoid"),
  unary("tanh"),
  unary("exp"),
  unary("log", undefined, [0.3, 4]),
  unary("sqrt", undefined, [0.3, 4]),
  unary("abs"),
  unary("neg"),
  unary("relu"),
  unary("relu6", undefined, [-6, 12]),
  unary("leakyRelu"),
  unary("leakyRelu", { slope: 0.3 }),
  unary("elu"),
  unary("elu", { alpha: 0.5 }),
  unary("gelu"),
  unary("gelu", undefined, [-9, 9]),
  unary("silu"),
  unary("hardSigmoid", undefined, [-5, 5]),
  unary("hardSwish", undefined, [-5, 5]),
  unary("selu"),
  unary("celu", { alpha: 0.5 }),
  unary("softplus", undefined, [-9, 9]),
  unary("softsign"),
  unary("mish", undefined, [-6, 6]),
  unary("thresholdedRelu", { alpha: 0.5 }),
  unary("floor"),
  unary("ceil"),
  unary("round"),
  unary("sign"),
  unary("reciprocal", undefined, [0.3, 4]),
  unary("sin"),
  unary("cos"),
  unary("tan", undefined, [-1.2, 1.2]),
  unary("asin", undefined, [-0.9, 0.9]),
  unary("acos", undefined, [-0.9, 0.9]),
  unary("atan"),
  unary("sinh"),
  unary("cosh"),
  unary("asinh"),
  unary("acosh", undefined, [1.2, 4]),
  unary("atanh", undefined, [-0.9, 0.9]),
  unary("erf"),
  { name: "prelu", build: () => lang.prelu(image(3, 2, 2), param("p", [3, 1, 1])) },
  { name: "mod", build: () => lang.mod(rows(7), input("positive", ["N", 7])) },
  { name: "fmod", build: () => lang.fmod(rows(7), input("positive", ["N", 7])) },
  ...(
    ["equal", "notEqual", "less", "lessOrEqual", "greater", "greaterOrEqual", "and", "or", "xor"] as const
  ).map(
    (op): Case => ({
      name: `${op}: which of two is taken, and no slope of its own`,
      build: () => {
        const x = rows(7);
        return lang.mul(lang[op](lang.relu(x), lang.relu(input("z", ["N", 7]))), x);
      },
    }),
  ),
  {
    name: "not",
    build: () => {
      const x = rows(7);
      return lang.mul(lang.not(lang.relu(x)), x);
    },
  },
  {
    name: "where",
    build: () =>
      lang.where(lang.less(rows(7), input("z", ["N", 7])), param("p", [7]), lang.exp(input("y", ["N", 1]))),
  },
  unary("clip", { min: -1, max: 2 }),
  unary("clip", { max: 1 }),
  unary("dropout", { p: 0.3 }),

  ...(["sum", "mean", "max", "min"] as const).flatMap((op): Case[] => [
    { name: `${op} over the last axis`, build: () => lang[op](rows(3, 5), { axis: -1 }) },
    {
      name: `${op} over two axes, kept`,
      build: () => lang[op](rows(3, 5, 2), { axis: [1, 3], keepDims: true }),
    },
    { name: `${op} over everything`, build: () => lang[op](rows(3, 2), {}) },
    { name: `${op} over the batch`, build: () => lang[op](rows(5), { axis: 0 }) },
    {
      name: `${op} of a product`,
      build: () => lang[op](lang.mul(rows(3, 5), param("p", [3, 1])), { axis: 1 }),
    },
  ]),
  { name: "prod", build: () => lang.prod(rows(3, 4), { axis: 2 }) },
  {
    name: "prod of two axes with zeros",
    build: () => lang.prod(lang.relu(lang.add(rows(2, 3), 0.6)), { axis: [1, 2], keepDims: true }),
  },
  { name: "l1", build: () => lang.l1(rows(3, 5), { axis: 1 }) },
  { name: "l2", build: () => lang.l2(rows(3, 5), { axis: -1 }) },
  { name: "l2 of all, kept", build: () => lang.l2(rows(5), { keepDims: true }) },
  { name: "sumSquare", build: () => lang.sumSquare(rows(3, 5), { axis: [1, 2] }) },
  { name: "logSum", build: () => lang.logSum(lang.exp(rows(3, 5)), { axis: 1, keepDims: true }) },
  { name: "logSumExp", build: () => lang.logSumExp(rows(3, 5), { axis: 1 }) },
  { name: "logSumExp of all, kept", build: () => lang.logSumExp(rows(5), { keepDims: true }) },
  ...[{}, { exclusive: true }, { reverse: true, axis: 1 }].map(
    (options): Case => ({
      name: `cumsum ${JSON.stringify(options)}`,
      build: () => lang.mul(lang.cumsum(rows(3, 5), options), param("p", [3, 5])),
    }),
  ),
  { name: "einsum", build: () => lang.einsum("nqd,nkd->nkq", [rows(3, 4), input("z", ["N", 5, 4])]) },
  {
    name: "einsum of three",
    build: () => lang.einsum("ni,ij,nj->n", [rows(3), param("p", [3, 4]), input("z", ["N", 4])]),
  },
  ...(["none", "add", "mul"] as const).map(
    (reduction): Case => ({
      name: `scatterElements, ${reduction}`,
      build: () =>
        lang.scatterElements(input("x", [1, 5]), places([1, 3], [3, 0, 3]), input("u", [1, 3]), {
          reduction,
        }),
      given: { constant: ndarray([1, 3], [3, 0, 3]) },
      batches: [1],
    }),
  ),
  {
    name: "scatterND",
    build: () => lang.scatterND(param("t", [4, 3]), places([3, 1], [3, 1, 3]), input("u", [3, 3])),
    given: { constant: ndarray([3, 1], [3, 1, 3]) },
    batches: [1],
  },
  {
    name: "gatherND",
    build: () => lang.gatherND(input("x", [3, 4]), places([2, 2], [1, 2, 0, 3])),
    given: { constant: ndarray([2, 2], [1, 2, 0, 3]) },
    batches: [1],
  },
  { name: "rnn", build: () => lang.rnn(rows(3, 2), { hidden: 3 }) },
  {
    name: "rnn both ways, relu",
    build: () => lang.rnn(rows(2, 2), { hidden: 2, direction: "both", activations: ["softsign"] }),
  },
  { name: "gru", build: () => lang.gru(rows(3, 2), { hidden: 2, state: input("h", ["N", 1, 2]) }) },
  {
    name: "gru, reset before",
    build: () => lang.gru(rows(3, 2), { hidden: 2, resetAfter: false, direction: "reverse" }),
  },
  {
    name: "lstm from a state and a cell",
    build: () =>
      lang.lstm(rows(3, 2), {
        hidden: 2,
        direction: "both",
        peephole: true,
        state: input("h", ["N", 2, 2]),
        cell: input("c", ["N", 2, 2]),
      }),
  },
  {
    name: "lstm, its last cell, coupled",
    build: () => must(states(rows(3, 2), { hidden: 2, coupled: true, states: true })[2], "cell"),
  },
  { name: "einsum of a diagonal", build: () => lang.einsum("nii->ni", [rows(4, 4)]) },
  {
    name: "topK: what is read by places that were found",
    build: () => {
      const x = rows(7);
      const [values, indices] = topK(x, { count: 3 });
      return lang.mul(
        must(values, "values"),
        lang.gatherElements(input("z", ["N", 7]), must(indices, "indices")),
      );
    },
  },
  {
    name: "argmax and argmin: gradients end there",
    build: () => {
      const x = rows(5);
      const places = lang.stack([lang.argmax(x), lang.argmin(x)]);
      return lang.mul(lang.gather(x, places), lang.cast(places, { to: "f32" }));
    },
  },
  {
    name: "oneHot and ranking: gradients end there",
    build: () => {
      const x = rows(5);
      return lang.mul(lang.oneHot(lang.argmax(x), { count: 5 }), lang.mul(x, lang.ranking(x)));
    },
  },
  { name: "softmax", build: () => lang.softmax(rows(5)) },
  { name: "softmax along axis 1", build: () => lang.softmax(rows(5, 3), { axis: 1 }) },
  { name: "logSoftmax", build: () => lang.logSoftmax(rows(7)) },
  { name: "logSoftmax along axis −2", build: () => lang.logSoftmax(rows(5, 3), { axis: -2 }) },
  { name: "batchNorm2d", build: () => lang.batchNorm2d(image(3, 2, 4)) },
  {
    name: "batchNorm2d in training",
    build: () => lang.batchNorm2d(image(3, 2, 5)),
    form: "training",
    custom: inTraining,
  },
  { name: "batchNorm1d", build: () => lang.batchNorm1d(rows(3, 4)) },
  { name: "batchNorm3d", build: () => lang.batchNorm3d(rows(2, 2, 3, 2)) },
  ...(
    [
      ["batchNorm1d of features", "batchNorm1d", [5], [3]],
      ["batchNorm1d of sequences", "batchNorm1d", [3, 7], [2]],
      ["batchNorm3d", "batchNorm3d", [2, 2, 3, 2], [2]],
    ] as const
  ).map(
    ([name, op, shape, batches]): Case => ({
      name: `${name} in training`,
      build: () => lang[op](rows(...shape)),
      form: "training",
      custom: inTraining,
      batches: [...batches],
    }),
  ),
  { name: "rmsNorm", build: () => lang.rmsNorm(rows(7)) },
  { name: "rmsNorm over two dimensions", build: () => lang.rmsNorm(rows(2, 3, 5), { dims: 2 }) },
  { name: "groupNorm", build: () => lang.groupNorm(image(4, 2, 3), { groups: 2 }) },
  { name: "groupNorm of features", build: () => lang.groupNorm(rows(6), { groups: 2, eps: 0.1 }) },
  { name: "instanceNorm", build: () => lang.instanceNorm(image(2, 3, 4)) },
  { name: "instanceNorm of sequences", build: () => lang.instanceNorm(rows(3, 7)) },
  {
    name: "localResponseNorm",
    build: () => lang.localResponseNorm(image(5, 2, 2), { size: 3, alpha: 0.9, k: 0.7 }),
  },
  {
    name: "localResponseNorm of an even size",
    build: () => lang.localResponseNorm(rows(5), { size: 4, alpha: 2 }),
  },
  { name: "lpNormalize", build: () => lang.lpNormalize(rows(7)) },
  { name: "lpNormalize along axis 1", build: () => lang.lpNormalize(rows(5, 3), { axis: 1 }) },
  { name: "lpNormalize by sizes", build: () => lang.lpNormalize(rows(5), { p: 1 }) },
  { name: "layerNorm", build: () => lang.layerNorm(rows(7)) },
  { name: "layerNorm over two dimensions", build: () => lang.layerNorm(rows(2, 3, 5), { dims: 2 }) },
  { name: "layerNorm of sequences", build: () => lang.layerNorm(rows(3, 5)) },
];

describe("gradients equal central differences", () => {
  test.each(cases.map((c, i) => [c.name, c, i] as const))("%s", async (_, { build, ...options }, i) => {
    await checkGradients(build(), {
      seed: 100 * i + 1,
      training: i % 2 === 0,
      forward: i % 3 === 0,
      ...options,
    });
  });

  test("every op is among the cases", () => {
    const covered = new Set(cases.flatMap((c) => opsOf(c.build())));
    // Whole numbers of an input: test/ops/gather.test.ts takes a training step and compares it with numbers worked out by hand.
    const elsewhere = ["embedding"];
    expect(Object.keys(ops).filter((name) => !covered.has(name))).toEqual(elsewhere);
  });
});

test("dropout's gradient has the mask that was drawn", async () => {
  const y = lang.dropout(input("x", ["N", 40]), { p: 0.25 });
  const g = gradientGraph(y.node, { form: "training", forward: true });
  const values = valuesFor(g, 3, 5, { range: { x: [1, 2] } });
  const execution = await execute(compiled(g.graph).program, {}, 3);
  const masks: string[] = [];
  for (const step of [1, 2, 1]) {
    execution.run(values, { batch: 3, step, seed: 9 });
    const share = async (of: string, by: string): Promise<readonly number[]> =>
      Array.from((await execution.read(of)).data, (v, i) => v / (values[by]?.data[i] ?? 0));
    const forward = await share("y", "x");
    const mask = forward.map((v) => (v === 0 ? 0 : 4 / 3));
    const dropped = mask.filter((m) => m === 0).length;
    expect(mask.length).toBe(120);
    expect(dropped).toBeGreaterThan(12);
    expect(dropped).toBeLessThan(50);
    for (const shares of [forward, await share("d(x)", "loss.weights")])
      for (const [i, v] of shares.entries()) expect(v).toBeCloseTo(mask[i] ?? Number.NaN, 5);
    masks.push(mask.join());
  }
  execution.destroy();
  expect(masks[1]).not.toBe(masks[0]);
  expect(masks[2]).toBe(masks[0]);
});

describe("where the slope jumps", () => {
  /** d(x) for the given x, all weights of the loss being 1. */
  const slopeAt = async (y: Tensor, x: readonly number[], name = "x"): Promise<readonly number[]> => {
    const g = gradientGraph(y.node);
    const shape = (node: { readonly type: { readonly shape: readonly unknown[] } }): number[] =>
      node.type.shape.map((d) => (d === "N" ? 1 : Number(d)));
    const size = shape(y.node).reduce((a, d) => a * d, 1);
    const values = {
      ...valuesFor(g, 1, 1, {}),
      x: ndarray(shape(input("x", y.node.kind === "op" ? (y.node.inputs[0]?.type.shape ?? []) : []).node), x),
      "loss.weights": ndarray(
        shape(y.node),
        Array.from({ length: size }, () => 1),
      ),
    };
    const [got] = await runProgram(compiled(g.graph).program, values, values);
    return Array.from(got?.[`d(${name})`]?.data ?? []);
  };

  test("equal maxima share the gradient", async () => {
    const x = image(1, 2, 4);
    const ties = [0, 0, 1, 2, 0, 0, 2, 2];
    const third = 1 / 3;
    const want = [0.25, 0.25, 0, third, 0.25, 0.25, third, third];
    const got = await slopeAt(lang.maxPool2d(x, { kernel: 2 }), ties);
    for (const [i, w] of want.entries()) expect(got[i]).toBeCloseTo(w, 6);
    expect(await slopeAt(lang.max(rows(4), { axis: 1 }), [3, 1, 3, 0])).toEqual([0.5, 0, 0.5, 0]);
    expect(await slopeAt(lang.min(rows(4), { axis: 1 }), [0, 0, 0, 0])).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  test("relu, abs and their kin have a finite slope at 0", async () => {
    const at0 = (f: (x: Tensor) => Tensor): Promise<readonly number[]> => slopeAt(f(rows(2)), [0, -0]);
    for (const op of ["relu", "relu6", "abs"] as const) expect(await at0((x) => lang[op](x))).toEqual([0, 0]);
    expect(await at0((x) => lang.leakyRelu(x, { slope: 0.5 }))).toEqual([0.5, 0.5]);
    expect(await at0((x) => lang.elu(x))).toEqual([1, 1]);
    expect(await at0((x) => lang.pow(x, 2))).toEqual([0, -0]);
  });

  test("the exponent of a power of 0 has slope 0", async () => {
    expect(await slopeAt(lang.pow(rows(3), param("p", [3])), [0, 0, 0], "p")).toEqual([0, 0, 0]);
  });

  test("powers and logarithms of what has no ordinary slope", async () => {
    const at = (f: (x: Tensor) => Tensor): Promise<readonly number[]> => slopeAt(f(rows(3)), [-2, 0, 4]);
    expect(await at((x) => lang.pow(x, 0))).toEqual([0, 0, 0]);
    expect(await at((x) => lang.pow(x, 1))).toEqual([1, 1, 1]);
    expect((await at((x) => lang.pow(x, 3))).map((v) => Math.round(1e4 * v) / 1e4)).toEqual([12, 0, 48]);
    const [below, none, above] = await at((x) => lang.pow(x, 0.5));
    expect([below, none]).toEqual([Number.NaN, Infinity]);
    expect(above).toBeCloseTo(0.25, 5);
    expect(await at((x) => lang.log(x))).toEqual([-0.5, Infinity, 0.25]);
    expect(await slopeAt(lang.pow(rows(3), param("p", [3])), [0, 0, 0], "p")).toEqual([0, 0, 0]);
  });
});
