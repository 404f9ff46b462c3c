/** Convolutions and cross-correlations. */
import { conv2d, corr2d, input, N, param } from "weftgpu";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

const image = (channels: number, height: number, width: number) => input("x", [N, channels, height, width]);

checkOp("conv2d", [
  { name: "1×1", build: () => conv2d(image(3, 5, 7), { out: 4, kernel: 1 }) },
  { name: "3×3 on a single pixel", build: () => conv2d(image(2, 1, 1), { out: 3, kernel: 3, padding: 1 }) },
  { name: "the kernel covers the image", build: () => conv2d(image(3, 7, 5), { out: 2, kernel: [7, 5] }) },
  { name: "without bias", build: () => conv2d(image(2, 6, 6), { out: 4, kernel: 3, bias: false }) },
  {
    name: "prime sizes everywhere",
    build: () => conv2d(image(3, 13, 11), { out: 7, kernel: [5, 3], padding: [2, 1] }),
  },
  {
    name: "asymmetric padding: top 2, bottom 0, left 1, right 3",
    build: () => conv2d(image(2, 5, 6), { out: 3, kernel: 3, padding: [2, 0, 1, 3] }),
  },
  {
    name: "padding larger than the kernel",
    build: () => conv2d(image(1, 3, 3), { out: 2, kernel: 2, padding: 4 }),
  },
  { name: "stride 2", build: () => conv2d(image(3, 9, 8), { out: 4, kernel: 3, stride: 2, padding: 1 }) },
  {
    name: "stride larger than the kernel",
    build: () => conv2d(image(2, 11, 13), { out: 3, kernel: 2, stride: [4, 3] }),
  },
  {
    name: "a stride that leaves a rest",
    build: () => conv2d(image(1, 10, 10), { out: 1, kernel: 3, stride: 4 }),
  },
  { name: "dilation 2", build: () => conv2d(image(2, 9, 9), { out: 3, kernel: 3, dilation: 2 }) },
  {
    name: "dilation 3×2, stride 2×1, padding",
    build: () =>
      conv2d(image(2, 11, 7), {
        out: 3,
        kernel: [3, 2],
        dilation: [3, 2],
        stride: [2, 1],
        padding: [1, 0, 2, 1],
      }),
  },
  { name: "groups 2", build: () => conv2d(image(4, 6, 5), { out: 6, kernel: 3, groups: 2 }) },
  {
    name: "groups 3 with one output channel each",
    build: () => conv2d(image(6, 5, 5), { out: 3, kernel: 2, groups: 3 }),
  },
  {
    name: "depthwise",
    build: () => conv2d(image(5, 7, 7), { out: 5, kernel: 3, padding: 1, groups: 5 }),
  },
  {
    name: "depthwise with two outputs per channel, stride 2",
    build: () => conv2d(image(3, 8, 9), { out: 6, kernel: 3, stride: 2, padding: 1, groups: 3 }),
  },
  {
    name: "groups 7, prime sizes",
    build: () => conv2d(image(7, 5, 3), { out: 14, kernel: [2, 3], groups: 7 }),
  },
  {
    name: '"same" with an odd kernel',
    build: () => conv2d(image(2, 6, 7), { out: 2, kernel: 5, padding: "same" }),
  },
  {
    name: '"same" with an even kernel',
    build: () => conv2d(image(2, 6, 7), { out: 3, kernel: [2, 4], padding: "same" }),
  },
  {
    name: '"same" with stride 2 and dilation 2',
    build: () => conv2d(image(2, 7, 10), { out: 3, kernel: 3, stride: 2, dilation: 2, padding: "same" }),
  },
  { name: "many channels", build: () => conv2d(image(33, 4, 5), { out: 37, kernel: 3, padding: 1 }) },
  { name: "one channel out of many", build: () => conv2d(image(64, 3, 3), { out: 1, kernel: 3 }) },
  { name: "large values", scale: 1e4, build: () => conv2d(image(3, 6, 6), { out: 4, kernel: 3 }) },
  {
    name: "a fixed batch",
    batches: [1],
    build: () => conv2d(input("x", [2, 3, 6, 6]), { out: 4, kernel: 3, padding: 1 }),
  },
]);

checkOp("corr2d", [
  { name: "3×3 with 2×2", batches: [1], build: () => corr2d(input("x", [3, 3]), param("k", [2, 2])) },
  { name: "prime sizes", batches: [1], build: () => corr2d(input("x", [13, 11]), param("k", [5, 3])) },
  { name: "1×n", batches: [1], build: () => corr2d(input("x", [1, 17]), param("k", [1, 4])) },
  { name: "a batch of matrices", build: () => corr2d(input("x", [N, 6, 8]), param("k", [1, 2])) },
  {
    name: "the kernel is an input",
    batches: [1],
    build: () => corr2d(input("x", [6, 8]), input("k", [3, 2])),
  },
]);
