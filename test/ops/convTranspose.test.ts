/** Transposed convolutions. */
import type { Tensor } from "weftgpu";
import { input, type LayerName, lang } from "../train/language.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const op =
  (name: LayerName, ...shape: readonly number[]) =>
  (title: string, options: object, at: readonly number[] = shape): Case => ({
    name: title,
    build: (): Tensor => lang[name](input("x", ["N", ...at]), options),
  });

const two = op("convTranspose2d", 3, 5, 4);
checkOp("convTranspose2d", [
  two("1×1", { out: 4, kernel: 1 }),
  two("3×3", { out: 4, kernel: 3 }),
  two("3×3, padding 1", { out: 4, kernel: 3, padding: 1, bias: false }),
  two("2×2, stride 2: windows side by side", { out: 6, kernel: 2, stride: 2 }),
  two(
    "4×4, stride 2, padding 1, as decoders have it",
    { out: 8, kernel: 4, stride: 2, padding: 1 },
    [8, 6, 4],
  ),
  two("3×3, stride 2, padding 1, output padding 1", {
    out: 4,
    kernel: 3,
    stride: 2,
    padding: 1,
    outputPadding: 1,
  }),
  two("a stride larger than the kernel: places that nothing reaches", { out: 3, kernel: 2, stride: [3, 4] }),
  two("output padding beyond the stride", { out: 3, kernel: 2, stride: 2, outputPadding: [3, 0] }),
  two("dilation 2, stride 3", { out: 3, kernel: 3, stride: 3, dilation: 2, padding: 2 }),
  two("dilation 3, stride 2", { out: 3, kernel: [2, 3], stride: 2, dilation: [3, 1], padding: [1, 0] }),
  two("a common factor of stride and dilation", { out: 3, kernel: 3, stride: 2, dilation: 2, padding: 1 }),
  two("stride 4, dilation 6", { out: 2, kernel: 3, stride: 4, dilation: 6 }),
  two("each end padded on its own", { out: 3, kernel: [4, 3], stride: 2, padding: [2, 1, 0, 3] }),
  two("groups 3", { out: 6, kernel: 3, stride: 2, groups: 3 }),
  two("groups 2 of many channels", { out: 10, kernel: 2, stride: 2, groups: 2 }, [6, 3, 3]),
  two("depthwise", { out: 4, kernel: 4, stride: 2, padding: 1, groups: 4 }, [4, 5, 5]),
  two("many channels", { out: 24, kernel: 4, stride: 2, padding: 1 }, [32, 6, 8]),
]);

const one = op("convTranspose1d", 3, 7);
checkOp("convTranspose1d", [
  one("kernel 4, stride 2", { out: 5, kernel: 4, stride: 2, padding: 1 }),
  one("kernel 7, stride 3, dilation 2, output padding", {
    out: 4,
    kernel: 7,
    stride: 3,
    dilation: 2,
    padding: [3, 1],
    outputPadding: 2,
  }),
  one("groups", { out: 6, kernel: 3, groups: 3 }),
]);

const three = op("convTranspose3d", 2, 3, 2, 4);
checkOp("convTranspose3d", [
  three("2×2×2, stride 2", { out: 3, kernel: 2, stride: 2 }),
  three("all that there is", {
    out: 4,
    kernel: [2, 3, 1],
    stride: [1, 2, 3],
    padding: [0, 1, 0],
    dilation: [2, 1, 1],
    outputPadding: [0, 1, 0],
    groups: 2,
  }),
]);
