/** Ops of the user's own and layers that are put together, computed on the adapter. */
import { describe, expect, test } from "vitest";
import {
  add,
  conv2d,
  type Dim,
  defineOp,
  input,
  linear,
  mul,
  N,
  param,
  pipe,
  relu,
  residual,
  sequential,
} from "weftgpu";
import { arange, compute } from "../lecture/compute.ts";

const image = arange([3, 3]);
const kernel = [
  [0, 1],
  [2, 3],
];

describe("an op from an index expression", () => {
  test("the lecture's cross-correlation, written by hand", async () => {
    const corr = defineOp({
      name: "corr",
      shape: ([x, k]: [[number, number], [number, number]]) => [x[0] - k[0] + 1, x[1] - k[1] + 1],
      value: ({ at: [i, j], inputs: [x, k], axis, sumOver }) => {
        const [u, v] = [axis(2), axis(2)];
        return sumOver([u, v], x.at(i.plus(u), j.plus(v)).times(k.at(u, v)));
      },
    });
    const y = corr(input("x", [3, 3]), param("k", [2, 2]));
    expect(await compute(y, { x: image, k: kernel })).toEqual([
      [19, 25],
      [37, 43],
    ]);
  });

  test("a shift, between other layers", async () => {
    const shift = defineOp({
      name: "shift",
      shape: ([x]: [[N, number, number]], _: { by: number }) => x,
      value: ({ at: [n, i, j], inputs: [x], options }) => x.atOr(-1, n, i, j.minus(options.by)),
    });
    const x = input("x", [N, 2, 3]);
    const y = mul(shift(add(x, 1), { by: 1 }), 10);
    expect(await compute(y, { x: [arange([2, 3]), arange([2, 3], 6)] })).toEqual([
      [
        [-10, 10, 20],
        [-10, 40, 50],
      ],
      [
        [-10, 70, 80],
        [-10, 100, 110],
      ],
    ]);
  });

  test("a pixel shuffle, by division and remainder", async () => {
    const shuffle = defineOp({
      name: "shuffle",
      shape: ([x]: [[N, 4, number, number]]): [N, 1, number, number] => [x[0], 1, x[2] * 2, x[3] * 2],
      value: ({ at: [n, , i, j], inputs: [x] }) =>
        x.at(n, i.mod(2).times(2).plus(j.mod(2)), i.over(2), j.over(2)),
    });
    const y = shuffle(input("x", [N, 4, 1, 2]));
    expect(await compute(y, { x: [arange([4, 1, 2])] })).toEqual([
      [
        [
          [0, 2, 1, 3],
          [4, 6, 5, 7],
        ],
      ],
    ]);
  });

  test("a maximum over an axis, a choice, and the position as a number", async () => {
    const ramp = defineOp({
      name: "ramp",
      shape: ([x]: [[Dim, number]]) => x,
      value: ({ at: [n, i], inputs: [x], axis, maxOver }) => {
        const k = axis(3);
        const largest = maxOver(k, x.at(n, k));
        return x.at(n, i).less(largest).choose(i.times(2).plus(1).value(), largest.negated());
      },
    });
    const y = ramp(input("x", [N, 3]));
    expect(
      await compute(y, {
        x: [
          [5, 9, 2],
          [7, 7, 8],
        ],
      }),
    ).toEqual([
      [1, -9, 5],
      [1, 3, -8],
    ]);
  });
});

test("a residual block adds its input", async () => {
  const block = residual(sequential(conv2d({ out: 1, kernel: 3, padding: 1, bias: false }), relu()));
  const y = block(input("x", [N, 1, 3, 3]));
  const identity = [
    [
      [
        [0, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
      ],
    ],
  ];
  expect(await compute(y, { x: [[image]], "conv2d1.weight": identity })).toEqual([
    [
      [
        [0, 2, 4],
        [6, 8, 10],
        [12, 14, 16],
      ],
    ],
  ]);
});

test("a layer that is applied twice has one set of parameters", async () => {
  const layer = linear({ out: 2, bias: false });
  const y = pipe(input("x", [N, 2]), layer, add(1), layer);
  const weights = {
    "linear1.weight": [
      [0, 1],
      [10, 0],
    ],
  };
  expect(await compute(y, { x: [[3, 4]], ...weights })).toEqual([[31, 50]]);
});
