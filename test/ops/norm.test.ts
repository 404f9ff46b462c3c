/** Normalisation, softmax and reductions. */
import {
  batchNorm2d,
  conv2d,
  input,
  layerNorm,
  logSoftmax,
  max,
  mean,
  min,
  N,
  softmax,
  sum,
  type Tensor,
} from "weftgpu";
import { ndarray } from "../oracle/array.ts";
import { type LayerName, lang } from "../train/language.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const image = () => input("x", [N, 3, 5, 7]);

checkOp("batchNorm2d", [
  { name: "alone", build: () => batchNorm2d(image()) },
  { name: "a large eps", build: () => batchNorm2d(image(), { eps: 0.1 }) },
  { name: "folded into a convolution", build: () => batchNorm2d(conv2d(image(), { out: 4, kernel: 3 })) },
  {
    name: "folded into a convolution without bias",
    build: () => batchNorm2d(conv2d(image(), { out: 5, kernel: 3, bias: false, padding: 1 })),
  },
  {
    name: "folded into a depthwise convolution",
    build: () => batchNorm2d(conv2d(image(), { out: 3, kernel: 3, groups: 3 })),
  },
]);

const of =
  (op: LayerName, options?: object, ...shape: readonly number[]) =>
  (): Tensor =>
    lang[op](lang.input("x", ["N", ...shape]), options);

checkOp("batchNorm1d", [
  { name: "features", build: of("batchNorm1d", {}, 7) },
  { name: "sequences", build: of("batchNorm1d", { eps: 0.1 }, 3, 11) },
  {
    name: "folded into a convolution",
    build: () => lang.batchNorm1d(lang.conv1d(lang.input("x", ["N", 3, 9]), { out: 4, kernel: 3 })),
  },
]);
checkOp("batchNorm3d", [
  { name: "volumes", build: of("batchNorm3d", {}, 3, 2, 4, 5) },
  {
    name: "folded into a transposed convolution",
    build: () =>
      lang.batchNorm3d(
        lang.convTranspose3d(lang.input("x", ["N", 2, 2, 3, 2]), { out: 4, kernel: 2, stride: 2 }),
      ),
  },
]);
checkOp("rmsNorm", [
  { name: "rows", build: of("rmsNorm", {}, 13) },
  { name: "the last three dimensions", build: of("rmsNorm", { dims: 3 }, 3, 5, 7) },
  { name: "a long row", build: of("rmsNorm", {}, 515) },
  { name: "large values", scale: 1e4, build: of("rmsNorm", {}, 13) },
  { name: "a large eps", build: of("rmsNorm", { eps: 0.5 }, 7) },
]);
checkOp("groupNorm", [
  { name: "2 groups of pictures", build: of("groupNorm", { groups: 2 }, 6, 5, 4) },
  { name: "1 group", build: of("groupNorm", { groups: 1 }, 3, 5, 7) },
  { name: "as many groups as channels", build: of("groupNorm", { groups: 4 }, 4, 3, 3) },
  { name: "features", build: of("groupNorm", { groups: 3, eps: 0.1 }, 12) },
  { name: "volumes", build: of("groupNorm", { groups: 2 }, 4, 2, 3, 3) },
  { name: "large values", scale: 1e4, build: of("groupNorm", { groups: 2 }, 6, 5, 4) },
]);
checkOp("instanceNorm", [
  { name: "pictures", build: of("instanceNorm", {}, 3, 5, 7) },
  { name: "sequences", build: of("instanceNorm", { eps: 0.1 }, 3, 17) },
  { name: "volumes", build: of("instanceNorm", {}, 2, 3, 4, 2) },
]);
checkOp("localResponseNorm", [
  { name: "as AlexNet has it", build: of("localResponseNorm", { size: 5, k: 2 }, 8, 3, 4) },
  { name: "larger than the channels", build: of("localResponseNorm", { size: 7, alpha: 1 }, 3, 3, 4) },
  { name: "an even size", build: of("localResponseNorm", { size: 4, alpha: 0.5, beta: 0.5 }, 7, 2, 3) },
  { name: "of one channel", build: of("localResponseNorm", { size: 1, alpha: 2, beta: 1, k: 0.5 }, 3, 2, 5) },
  { name: "features", build: of("localResponseNorm", { size: 3, alpha: 1 }, 9) },
]);
checkOp("lpNormalize", [
  { name: "rows", build: of("lpNormalize", {}, 13) },
  { name: "rows by sizes", build: of("lpNormalize", { p: 1 }, 13) },
  { name: "channels", build: of("lpNormalize", { axis: 1 }, 5, 3, 4) },
  { name: "channels by sizes", build: of("lpNormalize", { p: 1, axis: -3 }, 5, 3, 4) },
  {
    name: "a row of zeros",
    given: { x: ndarray([2, 3], [0, 0, 0, 3, 0, -4]) },
    batches: [2],
    build: of("lpNormalize", {}, 3),
  },
  { name: "large values", scale: 1e4, build: of("lpNormalize", {}, 13) },
]);

checkOp("layerNorm", [
  { name: "rows", build: () => layerNorm(input("x", [N, 13])) },
  { name: "rows of an image", build: () => layerNorm(image()) },
  { name: "the last two dimensions", build: () => layerNorm(image(), { dims: 2 }) },
  { name: "the last three dimensions", build: () => layerNorm(image(), { dims: 3 }) },
  { name: "a long row", build: () => layerNorm(input("x", [N, 515])) },
  { name: "a mean far from 0", scale: 1, build: () => layerNorm(shifted()), batches: [3] },
  { name: "large values", scale: 1e4, build: () => layerNorm(input("x", [N, 13])) },
  { name: "a large eps", build: () => layerNorm(input("x", [N, 7]), { eps: 0.5 }) },
]);

function shifted(): Tensor<[N, 12]> {
  return input("x", [N, 12]);
}

const extremes = {
  x: ndarray([3, 4], [1e4, -1e4, 0, 1, -1e4, -1e4, -1e4, -1e4, 88, 89, 90, -90]),
};
for (const f of [softmax, logSoftmax]) {
  checkOp(f === softmax ? "softmax" : "logSoftmax", [
    { name: "rows", build: () => f(input("x", [N, 10])) },
    { name: "prime rows", build: () => f(input("x", [N, 3, 13])) },
    { name: "a single class", build: () => f(input("x", [N, 1])) },
    { name: "channels", build: () => f(image(), { axis: 1 }) },
    { name: "axis −2", build: () => f(image(), { axis: -2 }) },
    { name: "a long row", build: () => f(input("x", [N, 1000])) },
    { name: "±1e4", scale: 1e4, build: () => f(input("x", [N, 10])) },
    { name: "±1e4, equal and far apart", given: extremes, batches: [3], build: () => f(input("x", [N, 4])) },
  ]);
}

type Reduction = (x: Tensor, options?: { axis?: number | readonly number[]; keepDims?: boolean }) => Tensor;

function cases(f: Reduction): readonly Case[] {
  return [
    { name: "the last axis", build: () => f(image(), { axis: -1 }) },
    { name: "channels", build: () => f(image(), { axis: 1 }) },
    { name: "height and width, kept", build: () => f(image(), { axis: [2, 3], keepDims: true }) },
    { name: "all but the batch", build: () => f(image(), { axis: [1, 2, 3] }) },
    { name: "axes in another order", build: () => f(image(), { axis: [3, 1] }) },
    { name: "the batch", build: () => f(image(), { axis: 0 }) },
    { name: "the batch, kept", build: () => f(input("x", [N, 6]), { axis: 0, keepDims: true }) },
    { name: "all axes, the batch too", build: () => f(image()) },
    { name: "an axis of size 1", build: () => f(input("x", [N, 1, 4]), { axis: 1 }) },
    { name: "a long row", build: () => f(input("x", [N, 1500]), { axis: 1 }) },
    { name: "large values", scale: 1e4, build: () => f(image(), { axis: [2, 3] }) },
  ];
}

const reductions = { sum, mean, max, min } as unknown as Readonly<Record<string, Reduction>>; // checked at run time
for (const [name, f] of Object.entries(reductions)) checkOp(name, cases(f));
