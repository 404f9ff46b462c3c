/** Convolutions for images: the cross-correlation, the convolutional layer, finding edges. */
import { afterAll, describe, expect, test } from "vitest";
import { add, conv2d, corr2d, input, param, transpose } from "weftgpu";
import { closeDevice } from "../oracle/weft.ts";
import { arange, compute, type Nested } from "./compute.ts";

afterAll(closeDevice);

describe("the cross-correlation operation", () => {
  test("corr2d of 0 … 8 with [[0, 1], [2, 3]]", async () => {
    const X = input("X", [3, 3]);
    const K = param("K", [2, 2]);
    const Y = corr2d(X, K);
    const values = {
      X: [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
      ],
      K: [
        [0, 1],
        [2, 3],
      ],
    };
    expect(await compute(Y, values)).toEqual([
      [19, 25],
      [37, 43],
    ]);
  });

  test("the kernel may be computed, or an input itself", async () => {
    const Y = corr2d(input("X", [3, 3]), input("K", [2, 2]));
    expect(await compute(Y, { X: arange([3, 3]), K: arange([2, 2]) })).toEqual([
      [19, 25],
      [37, 43],
    ]);
  });
});

describe("the convolutional layer", () => {
  test("is corr2d plus a scalar bias", async () => {
    const Y = add(corr2d(input("X", [3, 3]), param("weight", [2, 2])), param("bias", [1]));
    expect(await compute(Y, { X: arange([3, 3]), weight: arange([2, 2]), bias: [0.5] })).toEqual([
      [19.5, 25.5],
      [37.5, 43.5],
    ]);
  });

  test("is conv2d with one channel", async () => {
    const Y = conv2d(input("X", [1, 1, 3, 3]), { out: 1, kernel: 2 });
    const values = {
      X: arange([1, 1, 3, 3]),
      "conv2d1.weight": arange([1, 1, 2, 2]),
      "conv2d1.bias": [0.5],
    };
    expect(await compute(Y, values)).toEqual([
      [
        [
          [19.5, 25.5],
          [37.5, 43.5],
        ],
      ],
    ]);
  });
});

describe("object edge detection in images", () => {
  /** A 6×8 image: white, but for a black bar in columns 2 to 5. */
  const image: Nested = Array.from({ length: 6 }, () => [1, 1, 0, 0, 0, 0, 1, 1]);
  const K = [[1, -1]];

  test("[[1, −1]] finds vertical edges: 1 from white to black, −1 from black to white", async () => {
    const Y = corr2d(input("X", [6, 8]), param("K", [1, 2]));
    expect(await compute(Y, { X: image, K })).toEqual(
      Array.from({ length: 6 }, () => [0, 1, 0, 0, 0, -1, 0]),
    );
  });

  test("the same kernel finds nothing in the transposed image", async () => {
    const Y = corr2d(transpose(input("X", [6, 8])), param("K", [1, 2]));
    expect(await compute(Y, { X: image, K })).toEqual(Array.from({ length: 8 }, () => [0, 0, 0, 0, 0]));
  });
});
