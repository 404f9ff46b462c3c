/** Pooling over windows and over whole images. */
import { avgPool2d, globalAvgPool2d, input, maxPool2d, N, type Tensor } from "weftgpu";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

const image = (channels: number, height: number, width: number) => input("x", [N, channels, height, width]);

interface Options {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number] | readonly [number, number, number, number];
  readonly ceilMode?: boolean;
}
type Pool = (x: Tensor, options: Options) => Tensor;
const pools = { maxPool2d, avgPool2d } as unknown as Readonly<Record<string, Pool>>; // checked at run time

for (const [op, pool] of Object.entries(pools)) {
  checkOp(op, [
    { name: "2×2", build: () => pool(image(3, 6, 8), { kernel: 2 }) },
    { name: "1×1", build: () => pool(image(2, 3, 5), { kernel: 1 }) },
    { name: "a rest that is cut off", build: () => pool(image(2, 7, 11), { kernel: 3 }) },
    { name: "windows that overlap", build: () => pool(image(2, 7, 5), { kernel: 3, stride: 1 }) },
    { name: "windows with gaps", build: () => pool(image(2, 11, 13), { kernel: 2, stride: [3, 5] }) },
    { name: "rectangular", build: () => pool(image(3, 9, 10), { kernel: [2, 5], stride: [3, 2] }) },
    {
      name: "padding 1, all values negative at the edge",
      build: () => pool(image(2, 5, 5), { kernel: 3, padding: 1, stride: 2 }),
    },
    {
      name: "asymmetric padding",
      build: () => pool(image(2, 6, 7), { kernel: [3, 4], padding: [1, 0, 0, 2], stride: 2 }),
    },
    {
      name: "vectors of four across the edge",
      build: () => pool(image(2, 8, 16), { kernel: 4, stride: 4, padding: 1 }),
    },
    { name: "a window larger than the image", build: () => pool(image(3, 1, 1), { kernel: 2, padding: 1 }) },
    { name: "ceilMode without padding", build: () => pool(image(2, 7, 8), { kernel: 2, ceilMode: true }) },
    {
      name: "ceilMode with padding",
      build: () => pool(image(2, 6, 6), { kernel: 3, stride: 2, padding: 1, ceilMode: true }),
    },
    {
      name: "ceilMode, the last window would start in the padding",
      build: () => pool(image(1, 5, 2), { kernel: [1, 3], padding: [0, 1], ceilMode: true }),
    },
    { name: "the whole image", build: () => pool(image(4, 5, 7), { kernel: [5, 7] }) },
    { name: "large values", scale: 1e4, build: () => pool(image(2, 6, 6), { kernel: 3, stride: 2 }) },
    { name: "batch 1 only", batches: [1], build: () => pool(input("x", [1, 2, 4, 4]), { kernel: 2 }) },
  ]);
}

checkOp("maxPool2d", [
  { name: "dilation 2", build: () => maxPool2d(image(2, 9, 8), { kernel: 3, dilation: 2, stride: 1 }) },
  {
    name: "dilation 3×1 with ceilMode",
    build: () => maxPool2d(image(2, 9, 8), { kernel: 2, dilation: [3, 1], stride: 2, ceilMode: true }),
  },
]);

checkOp("avgPool2d", [
  {
    name: "padding does not count",
    build: () => avgPool2d(image(2, 5, 6), { kernel: 3, padding: 1, countIncludePad: false }),
  },
  {
    name: "padding does not count, with ceilMode",
    build: () =>
      avgPool2d(image(2, 6, 7), { kernel: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
  },
  {
    name: "padding counts, but not what hangs over it (ceilMode)",
    build: () => avgPool2d(image(2, 6, 8), { kernel: [4, 3], stride: [3, 2], padding: 1, ceilMode: true }),
  },
  {
    name: "asymmetric padding does not count",
    build: () =>
      avgPool2d(image(3, 5, 4), { kernel: [3, 2], stride: 1, padding: [0, 1, 1, 0], countIncludePad: false }),
  },
]);

checkOp("globalAvgPool2d", [
  { name: "prime sizes", build: () => globalAvgPool2d(image(5, 7, 11)) },
  { name: "a single pixel", build: () => globalAvgPool2d(image(3, 1, 1)) },
  { name: "a large image", build: () => globalAvgPool2d(image(2, 40, 41)) },
]);
