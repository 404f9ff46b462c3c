/** Padding and stride. */
import { afterAll, describe, expect, test } from "vitest";
import { conv2d, corr2d, input, pad, param, type Tensor } from "weftgpu";
import { random, randomArray } from "../oracle/array.ts";
import { closeDevice } from "../oracle/weft.ts";
import { arange, compute, full, nested, shapeOf } from "./compute.ts";

afterAll(closeDevice);

const X = [[arange([3, 3])]];
const K = [[arange([2, 2])]];
const noBias = [0];

describe("padding", () => {
  test("a 3×3 input padded to 5×5 gives 4×4 with a 2×2 kernel", async () => {
    const Y = conv2d(input("X", [1, 1, 3, 3]), { out: 1, kernel: 2, padding: 1 });
    const y = await compute(Y, { X, "conv2d1.weight": K, "conv2d1.bias": noBias });
    expect(y).toEqual([
      [
        [
          [0, 3, 8, 4],
          [9, 19, 25, 10],
          [21, 37, 43, 16],
          [6, 7, 8, 0],
        ],
      ],
    ]);
  });

  test("is the same as a border of zeros", async () => {
    const padded = pad(input("X", [3, 3]), { padding: 1 });
    expect(await compute(padded, { X: arange([3, 3]) })).toEqual([
      [0, 0, 0, 0, 0],
      [0, 0, 1, 2, 0],
      [0, 3, 4, 5, 0],
      [0, 6, 7, 8, 0],
      [0, 0, 0, 0, 0],
    ]);
    const Y = corr2d(pad(input("X", [3, 3]), { padding: 1 }), param("K", [2, 2]));
    expect(await compute(Y, { X: arange([3, 3]), K: arange([2, 2]) })).toEqual([
      [0, 3, 8, 4],
      [9, 19, 25, 10],
      [21, 37, 43, 16],
      [6, 7, 8, 0],
    ]);
  });

  test('an even kernel with "same" padding: one more row above and column to the left', async () => {
    const Y = conv2d(input("X", [1, 1, 3, 3]), { out: 1, kernel: 2, padding: "same", bias: false });
    expect(await compute(Y, { X, "conv2d1.weight": K })).toEqual([
      [
        [
          [0, 3, 8],
          [9, 19, 25],
          [21, 37, 43],
        ],
      ],
    ]);
  });
});

describe("stride", () => {
  test("3 in height and 2 in width", async () => {
    const Y = conv2d(input("X", [1, 1, 3, 3]), { out: 1, kernel: 2, padding: 1, stride: [3, 2] });
    expect(await compute(Y, { X, "conv2d1.weight": K, "conv2d1.bias": noBias })).toEqual([
      [
        [
          [0, 8],
          [6, 8],
        ],
      ],
    ]);
  });
});

describe("the shape of what comes out of an 8×8 input", () => {
  const x = () => input("x", [1, 1, 8, 8]);
  const cases: readonly (readonly [string, () => Tensor, readonly [number, number]])[] = [
    ["3×3 kernel, padding 1", () => conv2d(x(), { out: 1, kernel: 3, padding: 1 }), [8, 8]],
    ["5×3 kernel, padding 2 and 1", () => conv2d(x(), { out: 1, kernel: [5, 3], padding: [2, 1] }), [8, 8]],
    [
      "3×3 kernel, padding 1, stride 2",
      () => conv2d(x(), { out: 1, kernel: 3, padding: 1, stride: 2 }),
      [4, 4],
    ],
    [
      "3×5 kernel, padding 0 and 1, stride 3 and 4",
      () => conv2d(x(), { out: 1, kernel: [3, 5], padding: [0, 1], stride: [3, 4] }),
      [2, 2],
    ],
  ];
  test.each(cases)("%s", async (_, build, [height, width]) => {
    const y = build();
    expect(y.shape).toEqual([1, 1, height, width]);
    const next = random(8);
    const kernel = weightShape(y);
    const values = {
      x: nested([1, 1, 8, 8], randomArray([1, 1, 8, 8], next).data),
      "conv2d1.weight": full(kernel, 1),
      "conv2d1.bias": noBias,
    };
    expect(shapeOf(await compute(y, values))).toEqual([1, 1, height, width]);
  });

  function weightShape(y: Tensor): readonly number[] {
    const weight = y.node.kind === "op" ? y.node.inputs[1]?.type.shape : undefined;
    return (weight ?? []).map(Number);
  }
});
