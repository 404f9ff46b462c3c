/** Ops that a model file defines itself, alone and fused with others, against a meaning written here. */
import { conv2d, defineOp, input, N, param, relu, sigmoid } from "weftgpu";
import { build, get, type NdArray } from "../oracle/array.ts";
import type { Op } from "../oracle/op.ts";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

type Image = [N, number, number, number];

const correlate = defineOp({
  name: "correlate",
  shape: ([x, k]: [[N, number, number], [number, number]]) => [x[0], x[1] - k[0] + 1, x[2] - k[1] + 1],
  value: ({ at: [n, i, j], inputs: [x, k], axis, sumOver }) => {
    const [u, v] = [axis(3), axis(2)];
    return sumOver([u, v], x.at(n, i.plus(u), j.plus(v)).times(k.at(u, v)));
  },
});

/** Each pixel moves to the right; what enters is 0. */
const shift = defineOp({
  name: "shift",
  shape: ([x]: [Image], _: { by: number }) => x,
  value: ({ at: [n, c, i, j], inputs: [x], options }) => x.atOr(0, n, c, i, j.minus(options.by)),
});

/** Four channels become one of twice the size: PyTorch's PixelShuffle(2). */
const shuffle = defineOp({
  name: "shuffle",
  shape: ([x]: [Image]) => [x[0], x[1] / 4, x[2] * 2, x[3] * 2],
  value: ({ at: [n, c, i, j], inputs: [x] }) =>
    x.at(n, c.times(4).plus(i.mod(2).times(2)).plus(j.mod(2)), i.over(2), j.over(2)),
});

/** A division of what is below 0, rounded down: 2, 1, 1, 0, 0. */
const halfway = defineOp({
  name: "halfway",
  shape: ([x]: [[N, number]]) => [x[0], 5] as const,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.times(-1).over(2).plus(2)),
});

const operand = ({ inputs }: Op, i: number): NdArray => {
  const x = inputs[i];
  if (!x) throw new Error(`operand ${i} is missing`);
  return x;
};

const custom: Readonly<Record<string, (op: Op) => NdArray>> = {
  correlate: (op) => {
    const [x, k] = [operand(op, 0), operand(op, 1)];
    const [n = 0, h = 0, w = 0] = x.shape;
    return build([n, h - 2, w - 1], ([b = 0, i = 0, j = 0]) => {
      let sum = 0;
      for (let u = 0; u < 3; u++)
        for (let v = 0; v < 2; v++) sum += get(x, [b, i + u, j + v]) * get(k, [u, v]);
      return sum;
    });
  },
  shift: (op) => {
    const x = operand(op, 0);
    const by = Number(op.attrs["by"]);
    return build(x.shape, ([n = 0, c = 0, i = 0, j = 0]) => {
      const from = j - by;
      return from >= 0 && from < (x.shape[3] ?? 0) ? get(x, [n, c, i, from]) : 0;
    });
  },
  halfway: (op) => {
    const x = operand(op, 0);
    return build([x.shape[0] ?? 0, 5], ([n = 0, i = 0]) => get(x, [n, 2 - Math.ceil(i / 2)]));
  },
  shuffle: (op) => {
    const x = operand(op, 0);
    const [n = 0, c = 0, h = 0, w = 0] = x.shape;
    return build([n, c / 4, h * 2, w * 2], ([b = 0, o = 0, i = 0, j = 0]) =>
      get(x, [b, 4 * o + 2 * (i % 2) + (j % 2), Math.floor(i / 2), Math.floor(j / 2)]),
    );
  },
};

const withoutOnnx = "ONNX does not know a user's op";
const shared = { custom, withoutOnnx };

checkOp("defineOp", [
  {
    name: "a sum of products",
    ...shared,
    build: () => correlate(input("x", [N, 7, 5]), param("k", [3, 2])),
  },
  {
    name: "a sum of products, then a sigmoid",
    ...shared,
    build: () => sigmoid(correlate(input("x", [N, 7, 5]), param("k", [3, 2]))),
  },
  { name: "an op with options", ...shared, build: () => shift(input("x", [N, 2, 3, 7]), { by: 2 }) },
  {
    name: "positions that may lie outside",
    ...shared,
    build: () => shift(input("x", [N, 2, 3, 7]), { by: -3 }),
  },
  {
    name: "before a convolution",
    ...shared,
    build: () => conv2d(shift(relu(input("x", [N, 2, 5, 6])), { by: 1 }), { out: 3, kernel: 3 }),
  },
  { name: "a quotient below 0", ...shared, build: () => halfway(input("x", [N, 3])) },
  { name: "quotients and remainders", ...shared, build: () => shuffle(input("x", [N, 8, 3, 5])) },
  {
    name: "quotients and remainders after a convolution",
    ...shared,
    build: () => relu(shuffle(conv2d(input("x", [N, 3, 5, 5]), { out: 4, kernel: 2 }))),
  },
]);
