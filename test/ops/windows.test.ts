/** Windows along one axis and along three: the rule that pictures have, of sequences and volumes. */
import type { Tensor } from "weftgpu";
import { input, type LayerName, lang } from "../train/language.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const sequence = (channels: number, length: number): Tensor => input("x", ["N", channels, length]);
const volume = (channels: number, ...sizes: readonly [number, number, number]): Tensor =>
  input("x", ["N", channels, ...sizes]);

const op =
  (name: LayerName) =>
  (title: string, x: () => Tensor, options?: object): Case => ({
    name: title,
    build: () => lang[name](x(), options),
  });

const conv1 = op("conv1d");
checkOp("conv1d", [
  conv1("kernel 1", () => sequence(3, 7), { out: 4, kernel: 1 }),
  conv1("prime sizes", () => sequence(5, 23), { out: 7, kernel: 5, padding: 2 }),
  conv1("padding before alone, as causal models have it", () => sequence(2, 9), {
    out: 3,
    kernel: 3,
    padding: [2, 0],
  }),
  conv1("stride 3, dilation 2", () => sequence(3, 29), { out: 5, kernel: 4, stride: [3], dilation: 2 }),
  conv1("depthwise", () => sequence(6, 11), { out: 6, kernel: 3, padding: 1, groups: 6, bias: false }),
  conv1("groups 2", () => sequence(4, 16), { out: 6, kernel: [3], padding: [1], groups: 2 }),
  conv1('"same" of an even kernel', () => sequence(2, 10), { out: 3, kernel: 4, padding: "same" }),
  conv1('"sameUpper" of an even kernel', () => sequence(2, 10), { out: 3, kernel: 4, padding: "sameUpper" }),
  conv1('"sameUpper" with stride 2 and dilation 2', () => sequence(2, 11), {
    out: 3,
    kernel: 3,
    stride: 2,
    dilation: 2,
    padding: "sameUpper",
  }),
  conv1("many channels", () => sequence(40, 33), { out: 48, kernel: 3, padding: 1 }),
]);

const conv3 = op("conv3d");
checkOp("conv3d", [
  conv3("kernel 1", () => volume(3, 2, 3, 4), { out: 4, kernel: 1 }),
  conv3("2×3×2 of prime sizes", () => volume(2, 5, 7, 3), { out: 3, kernel: [2, 3, 2] }),
  conv3("each end padded on its own", () => volume(2, 3, 4, 5), {
    out: 2,
    kernel: 3,
    padding: [1, 0, 2, 1, 0, 3],
  }),
  conv3("padding of each axis, strides, dilations", () => volume(2, 6, 7, 9), {
    out: 3,
    kernel: [2, 3, 2],
    padding: [1, 2, 0],
    stride: [2, 1, 3],
    dilation: [1, 2, 3],
  }),
  conv3("depthwise", () => volume(3, 4, 4, 4), { out: 3, kernel: 3, padding: 1, groups: 3 }),
  conv3('"sameUpper"', () => volume(2, 3, 4, 5), { out: 2, kernel: [2, 3, 4], padding: "sameUpper" }),
  conv3("many channels", () => volume(16, 3, 4, 4), { out: 24, kernel: 3, padding: 1 }),
]);

const conv2 = op("conv2d");
checkOp("conv2d", [
  conv2('"sameUpper"', () => input("x", ["N", 3, 6, 9]), {
    out: 4,
    kernel: [3, 4],
    stride: 2,
    padding: "sameUpper",
  }),
]);

for (const name of ["maxPool", "avgPool"] as const) {
  const [one, two, three] = [op(`${name}1d`), op(`${name}2d`), op(`${name}3d`)];
  checkOp(`${name}1d`, [
    one("2", () => sequence(3, 8), { kernel: 2 }),
    one("overlapping, padded", () => sequence(2, 13), { kernel: 3, stride: 2, padding: 1 }),
    one("dilation 3", () => sequence(2, 17), { kernel: 3, stride: 1, dilation: 3 }),
    one("dilation 2, padded, ceilMode", () => sequence(2, 12), {
      kernel: 3,
      stride: 2,
      dilation: 2,
      padding: [2, 1],
      ceilMode: true,
    }),
    one('"sameUpper"', () => sequence(2, 7), { kernel: 4, stride: 2, padding: "sameUpper" }),
  ]);
  checkOp(`${name}2d`, [
    two("dilation 2×3, padded", () => input("x", ["N", 2, 9, 11]), {
      kernel: [3, 2],
      stride: 1,
      dilation: [2, 3],
      padding: [2, 1],
    }),
  ]);
  checkOp(`${name}3d`, [
    three("2×2×2", () => volume(3, 4, 6, 2), { kernel: 2 }),
    three("prime sizes, padded", () => volume(2, 5, 3, 7), { kernel: 3, stride: [2, 1, 3], padding: 1 }),
    three("ceilMode", () => volume(2, 4, 5, 7), { kernel: [1, 2, 3], ceilMode: true }),
    three("dilation", () => volume(1, 5, 6, 7), { kernel: 2, stride: 1, dilation: [1, 3, 2] }),
  ]);
}

for (const rank of ["1d", "3d"] as const)
  checkOp(`avgPool${rank}`, [
    op(`avgPool${rank}`)(
      "padding does not count, dilation 2, ceilMode",
      () => (rank === "1d" ? sequence(2, 12) : volume(2, 7, 6, 8)),
      { kernel: 3, stride: 2, padding: 1, dilation: 2, ceilMode: true, countIncludePad: false },
    ),
  ]);

for (const p of [1, 2, 3])
  checkOp(`lpPool, p ${p}`, [
    op("lpPool1d")("sequences", () => sequence(3, 11), { kernel: 3, stride: 2, padding: 1, p }),
    op("lpPool2d")("pictures", () => input("x", ["N", 2, 7, 6]), { kernel: [2, 3], p, ceilMode: true }),
    op("lpPool3d")("volumes", () => volume(2, 4, 3, 5), { kernel: 2, stride: 1, p }),
    op("lpPool2d")("dilated", () => input("x", ["N", 2, 7, 6]), { kernel: 2, dilation: 2, p: p + 0.5 }),
  ]);

for (const name of ["adaptiveAvgPool", "adaptiveMaxPool"] as const)
  checkOp(name, [
    op(`${name}2d`)("sizes that divide", () => input("x", ["N", 3, 8, 6]), { size: [4, 2] }),
    op(`${name}2d`)("sizes that do not", () => input("x", ["N", 3, 11, 7]), { size: [4, 3] }),
    op(`${name}2d`)("one place", () => input("x", ["N", 3, 5, 7]), { size: 1 }),
    op(`${name}2d`)("larger than the input", () => input("x", ["N", 2, 3, 4]), { size: [7, 4] }),
    op(`${name}1d`)("sequences", () => sequence(3, 17), { size: 5 }),
    op(`${name}3d`)("volumes", () => volume(2, 4, 5, 3), { size: [2, 3, 3] }),
  ]);

const images: Readonly<Record<string, () => Tensor>> = {
  "1d": () => sequence(5, 37),
  "2d": () => input("x", ["N", 3, 7, 11]),
  "3d": () => volume(3, 5, 3, 7),
};
for (const [rank, x] of Object.entries(images))
  for (const name of [`globalAvgPool${rank}`, `globalMaxPool${rank}`] as unknown as readonly LayerName[])
    checkOp(name, [op(name)("prime sizes", x), { ...op(name)("large values", x), scale: 1e4 }]);
