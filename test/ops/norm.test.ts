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
