/** Pooling. */
import { afterAll, describe, expect, test } from "vitest";
import { add, avgPool2d, concat, input, maxPool2d, type Tensor } from "weftgpu";
import { closeDevice } from "../oracle/weft.ts";
import { arange, compute } from "./compute.ts";

afterAll(closeDevice);

describe("maximum and average of 0 … 8 over 2×2 windows that overlap", () => {
  const X = [[arange([3, 3])]];
  const pool = (f: (x: Tensor<[1, 1, 3, 3]>) => Tensor) => compute(f(input("X", [1, 1, 3, 3])), { X });

  test("maximum", async () => {
    expect(await pool((x) => maxPool2d(x, { kernel: 2, stride: 1 }))).toEqual([
      [
        [
          [4, 5],
          [7, 8],
        ],
      ],
    ]);
  });

  test("average", async () => {
    expect(await pool((x) => avgPool2d(x, { kernel: 2, stride: 1 }))).toEqual([
      [
        [
          [2, 3],
          [5, 6],
        ],
      ],
    ]);
  });
});

describe("padding and stride on 0 … 15", () => {
  const X = [[arange([4, 4])]];
  const x = () => input("X", [1, 1, 4, 4]);

  test("the stride is the window by default: one 3×3 window fits", async () => {
    expect(await compute(maxPool2d(x(), { kernel: 3 }), { X })).toEqual([[[[10]]]]);
  });

  test("3×3, padding 1, stride 2", async () => {
    expect(await compute(maxPool2d(x(), { kernel: 3, padding: 1, stride: 2 }), { X })).toEqual([
      [
        [
          [5, 7],
          [13, 15],
        ],
      ],
    ]);
  });

  test("2×3, padding 0 and 1, stride 2 and 3", async () => {
    const Y = maxPool2d(x(), { kernel: [2, 3], padding: [0, 1], stride: [2, 3] });
    expect(await compute(Y, { X })).toEqual([
      [
        [
          [5, 7],
          [13, 15],
        ],
      ],
    ]);
  });

  test("two channels, X and X + 1, are pooled apart", async () => {
    const image = x();
    const both = concat([image, add(image, 1)]);
    expect(await compute(maxPool2d(both, { kernel: 3, padding: 1, stride: 2 }), { X })).toEqual([
      [
        [
          [5, 7],
          [13, 15],
        ],
        [
          [6, 8],
          [14, 16],
        ],
      ],
    ]);
  });
});
