/** Ops that a user writes by a shape and a formula: their gradients follow from it. */
import { afterAll, describe, test } from "vitest";
import { defineOp, input, N, param, type Tensor } from "weftgpu";
import { build, get, type NdArray } from "../oracle/array.ts";
import type { Op } from "../oracle/op.ts";
import type { Meaning } from "../oracle/oracle.ts";
import { closeDevice } from "../oracle/weft.ts";
import { checkGradients, type GradientOptions } from "./gradients.ts";
import { lang, input as tensor } from "./language.ts";

afterAll(closeDevice);

const operand = ({ inputs }: Op, i = 0): NdArray => {
  const x = inputs[i];
  if (!x) throw new Error(`operand ${i} is missing`);
  return x;
};
/** The element, or 0 outside. */
const at = (x: NdArray, ...where: readonly number[]): number =>
  where.every((i, d) => i >= 0 && i < (x.shape[d] ?? 0)) ? get(x, where) : 0;
const range = (extent: number): readonly number[] => Array.from({ length: extent }, (_, i) => i);
const total = (values: readonly number[]): number => values.reduce((a, v) => a + v, 0);

const correlate = defineOp({
  name: "correlate",
  shape: ([x, k]: [[number, number], [number, number]]) => [x[0] - k[0] + 1, x[1] - k[1] + 1],
  value: ({ at: [i, j], inputs: [x, k], axis, sumOver }) => {
    const [u, v] = [axis(2), axis(3)];
    return sumOver([u, v], x.at(i.plus(u), j.plus(v)).times(k.at(u, v)));
  },
});

/** PyTorch's PixelShuffle. */
const shuffle = defineOp({
  name: "shuffle",
  shape: ([x]: [[N, number, number, number]], { by }: { by: number }) => [
    x[0],
    x[1] / by ** 2,
    x[2] * by,
    x[3] * by,
  ],
  value: ({ at: [n, c, h, w], inputs: [x], options: { by } }) =>
    x.at(
      n,
      c
        .times(by * by)
        .plus(h.mod(by).times(by))
        .plus(w.mod(by)),
      h.over(by),
      w.over(by),
    ),
});

/** A dimension of the operand is named twice. */
const diagonal = defineOp({
  name: "diagonal",
  shape: ([x]: [[number, number]]) => [x[0]],
  value: ({ at: [i], inputs: [x] }) => x.at(i, i),
});

/** A division that does not divide the extent. */
const enlarge = defineOp({
  name: "enlarge",
  shape: ([x]: [[N, number]]) => [x[0], 7] as const,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.over(3)),
});

/** From the last element to the first. */
const backwards = defineOp({
  name: "backwards",
  shape: ([x]: [[N, number]]) => x,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.times(-1).plus(4)),
});

/** Every other element, from the last one. */
const halved = defineOp({
  name: "halved",
  shape: ([x]: [[N, number]]) => [x[0], 3] as const,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.times(-2).plus(5)),
});

/** One axis, by itself and under a division: 0, 1, 3, 4, 6. */
const leap = defineOp({
  name: "leap",
  shape: ([x]: [[N, number]]) => [x[0], 5] as const,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.plus(i.over(2))),
});

/** A division of what is below 0, rounded down: 2, 1, 1, 0, 0. */
const below = defineOp({
  name: "below",
  shape: ([x]: [[N, number]]) => [x[0], 5] as const,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i.times(-1).over(2).plus(2)),
});

/** A single element of each row. */
const third = defineOp({
  name: "third",
  shape: ([x]: [[N, number]]) => [x[0]] as const,
  value: ({ at: [n], inputs: [x] }) => x.at(n, 2),
});

/** Two axes in each dimension, of which no one determines the other alone. */
const skewed = defineOp({
  name: "skewed",
  shape: (_: [[number, number]]) => [4, 3],
  value: ({ at: [i, j], inputs: [x] }) => x.at(i.plus(j), i.minus(j).plus(2)),
});

/** The operand is read in two ways, one with a stride and padding, and neither is linear. */
const mixture = defineOp({
  name: "mixture",
  shape: ([x]: [[N, number, number]]) => x,
  value: ({ at: [n, i, j], inputs: [x], axis, sumOver }) => {
    const [u, v] = [axis(3), axis(2)];
    const tap = x.atOr(0, n, i.times(2).plus(u.times(3)).minus(2), j.plus(u).minus(v));
    return sumOver([u, v], tap.times(x.at(n, i, j)).sigmoid());
  },
});

/** x / (|x| + max x): reductions within a quotient. */
const scaled = defineOp({
  name: "scaled",
  shape: ([x]: [[N, number]]) => x,
  value: ({ at: [n, i], inputs: [x], axis, sumOver, maxOver }) => {
    const [k, j] = [axis(5), axis(5)];
    const length = sumOver(k, x.at(n, k).times(x.at(n, k))).sqrt();
    return x.at(n, i).over(length.plus(maxOver(j, x.at(n, j))).plus(1));
  },
});

/** A sum of the smallest products, with a branch that reads the position. */
const branches = defineOp({
  name: "branches",
  shape: ([x]: [[N, number], [number, number]]) => x,
  value: ({ at: [n, i], inputs: [x, w], axis, minOver }) => {
    const k = axis(5);
    const least = minOver(k, x.at(n, k).times(w.at(i, k)));
    return i
      .value()
      .less(2)
      .choose(least, least.times(i.value()).plus(x.at(n, i)));
  },
});

const meanings = {
  correlate: (op) => {
    const [x, k] = [operand(op), operand(op, 1)];
    const taps = (i: number, j: number): readonly number[] =>
      range(2).flatMap((u) => range(3).map((v) => at(x, i + u, j + v) * at(k, u, v)));
    return build([4, 5], ([i = 0, j = 0]) => total(taps(i, j)));
  },
  shuffle: (op) => {
    const [x, by] = [operand(op), Number(op.attrs["by"])];
    const [n = 0, c = 0, h = 0, w = 0] = x.shape;
    return build([n, c / by ** 2, h * by, w * by], ([b = 0, k = 0, i = 0, j = 0]) =>
      at(x, b, k * by * by + (i % by) * by + (j % by), Math.floor(i / by), Math.floor(j / by)),
    );
  },
  diagonal: (op) => build([operand(op).shape[0] ?? 0], ([i = 0]) => at(operand(op), i, i)),
  enlarge: (op) =>
    build([operand(op).shape[0] ?? 0, 7], ([n = 0, i = 0]) => at(operand(op), n, Math.floor(i / 3))),
  backwards: (op) => build(operand(op).shape, ([n = 0, i = 0]) => at(operand(op), n, 4 - i)),
  halved: (op) => build([operand(op).shape[0] ?? 0, 3], ([n = 0, i = 0]) => at(operand(op), n, 5 - 2 * i)),
  leap: (op) =>
    build([operand(op).shape[0] ?? 0, 5], ([n = 0, i = 0]) => at(operand(op), n, i + Math.floor(i / 2))),
  below: (op) =>
    build([operand(op).shape[0] ?? 0, 5], ([n = 0, i = 0]) => at(operand(op), n, Math.floor(-i / 2) + 2)),
  third: (op) => build([operand(op).shape[0] ?? 0], ([n = 0]) => at(operand(op), n, 2)),
  skewed: (op) => build([4, 3], ([i = 0, j = 0]) => at(operand(op), i + j, i - j + 2)),
  mixture: (op) => {
    const x = operand(op);
    return build(x.shape, ([n = 0, i = 0, j = 0]) =>
      total(
        range(3).flatMap((u) =>
          range(2).map((v) => {
            const product = at(x, n, 2 * i + 3 * u - 2, j + u - v) * at(x, n, i, j);
            return 1 / (1 + Math.exp(-product));
          }),
        ),
      ),
    );
  },
  scaled: (op) => {
    const x = operand(op);
    return build(x.shape, ([n = 0, i = 0]) => {
      const row = range(5).map((k) => at(x, n, k));
      return at(x, n, i) / (Math.hypot(...row) + Math.max(...row) + 1);
    });
  },
  branches: (op) => {
    const [x, w] = [operand(op), operand(op, 1)];
    return build(x.shape, ([n = 0, i = 0]) => {
      const least = Math.min(...range(5).map((k) => at(x, n, k) * at(w, i, k)));
      return i < 2 ? least : least * i + at(x, n, i);
    });
  },
} satisfies Record<string, Meaning>;

interface Case extends GradientOptions {
  readonly name: string;
  readonly build: () => Tensor;
}

const cases: readonly Case[] = [
  { name: "corr2d", build: () => correlate(input("x", [5, 7]), param("k", [2, 3])), batches: [1] },
  { name: "pixel shuffle by 2", build: () => shuffle(input("x", [N, 8, 2, 3]), { by: 2 }) },
  { name: "pixel shuffle by 3", build: () => shuffle(input("x", [N, 9, 2, 2]), { by: 3 }) },
  { name: "a diagonal", build: () => diagonal(input("x", [5, 5])), batches: [1] },
  { name: "a division with a rest", build: () => enlarge(input("x", [N, 3])) },
  { name: "a reversed order", build: () => backwards(input("x", [N, 5])) },
  { name: "every other element, reversed", build: () => halved(input("x", [N, 6])) },
  { name: "an axis and a part of it", build: () => leap(input("x", [N, 7])) },
  { name: "a division of what is below 0", build: () => below(input("x", [N, 3])) },
  { name: "a single element", build: () => third(input("x", [N, 4])) },
  { name: "skewed axes", build: () => skewed(input("x", [6, 6])), batches: [1] },
  { name: "two reads of one operand", build: () => mixture(input("x", [N, 5, 4])) },
  { name: "reductions in a quotient", build: () => scaled(input("x", [N, 5])) },
  { name: "a branch by position", build: () => branches(input("x", [N, 5]), param("w", [5, 5])) },
  {
    name: "between layers",
    build: () => {
      const h = lang.relu(lang.conv2d(tensor("x", ["N", 2, 4, 3]), { out: 4, kernel: 3, padding: 1 }));
      return lang.conv2d(shuffle(h as Tensor<[N, number, number, number]>, { by: 2 }), { out: 2, kernel: 2 });
    },
  },
];

describe("gradients of the user's own ops", () => {
  test.each(cases.map((c, i) => [c.name, c, i] as const))("%s", async (_, { build: y, ...options }, i) => {
    await checkGradients(y(), { seed: 31 * i + 1, custom: meanings, ...options });
  });
});
