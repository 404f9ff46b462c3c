/** Multiple input and output channels. */
import { afterAll, describe, expect, test } from "vitest";
import { conv2d, input, matmul, param, reshape } from "weftgpu";
import { random, randomArray } from "../oracle/array.ts";
import { closeDevice } from "../oracle/weft.ts";
import { arange, compute, flat, nested, shapeOf } from "./compute.ts";

afterAll(closeDevice);

/** Two channels: 0 … 8 and 1 … 9. */
const X = [[arange([3, 3], 0), arange([3, 3], 1)]];
/** A kernel for each of them: [[0, 1], [2, 3]] and [[1, 2], [3, 4]]. */
const K = [arange([2, 2], 0), arange([2, 2], 1)];

test("two input channels: the results of both are added", async () => {
  const Y = conv2d(input("X", [1, 2, 3, 3]), { out: 1, kernel: 2, bias: false });
  expect(await compute(Y, { X, "conv2d1.weight": [K] })).toEqual([
    [
      [
        [56, 72],
        [104, 120],
      ],
    ],
  ]);
});

test("K, K + 1 and K + 2 stacked: three output channels", async () => {
  const plus = (n: number) => [arange([2, 2], n), arange([2, 2], n + 1)];
  const Y = conv2d(input("X", [1, 2, 3, 3]), { out: 3, kernel: 2, bias: false });
  const y = await compute(Y, { X, "conv2d1.weight": [plus(0), plus(1), plus(2)] });
  expect(y).toEqual([
    [
      [
        [56, 72],
        [104, 120],
      ],
      [
        [76, 100],
        [148, 172],
      ],
      [
        [96, 128],
        [192, 224],
      ],
    ],
  ]);
});

describe("a 1×1 convolution", () => {
  test("is a matrix product over the channels", async () => {
    const next = random(11);
    const image = nested([1, 3, 3, 3], randomArray([1, 3, 3, 3], next).data);
    const kernel = nested([2, 3, 1, 1], randomArray([2, 3, 1, 1], next).data);
    const asConvolution = await compute(
      conv2d(input("X", [1, 3, 3, 3]), { out: 2, kernel: 1, bias: false }),
      { X: image, "conv2d1.weight": kernel },
    );
    // [2, 3] · [3, 9], then the 9 positions are a 3×3 image again.
    const product = matmul(
      reshape(param("K", [2, 3, 1, 1]), [2, 3]),
      reshape(input("X", [1, 3, 3, 3]), [3, 9]),
    );
    const asProduct = await compute(reshape(product, [1, 2, 3, 3]), { X: image, K: kernel });
    expect(shapeOf(asConvolution)).toEqual([1, 2, 3, 3]);
    const difference = flat(asConvolution).map((v, i) => Math.abs(v - (flat(asProduct)[i] ?? Number.NaN)));
    expect(Math.max(...difference)).toBeLessThan(1e-6);
  });
});
