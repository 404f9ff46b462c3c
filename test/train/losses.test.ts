/** The losses and their gradients, against float64 formulas written here, up to logits of ±1e4. */
import { afterAll, describe, expect, test } from "vitest";
import type { Node } from "../../compiler/ir/graph.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import { opNode } from "../../compiler/ops/derived.ts";
import { ops } from "../../compiler/ops/index.ts";
import { losses } from "../../compiler/ops/loss.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { build, type NdArray, ndarray, random, zeros } from "../oracle/array.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";
import { compiled } from "./gradients.ts";

afterAll(closeDevice);

type LossName = keyof typeof losses;

/** A loss's value for each example or element, and the gradient of their mean for the prediction. */
interface Exact {
  readonly each: NdArray;
  readonly gradient: NdArray;
}

const exact: Readonly<Record<LossName, (x: NdArray, t: NdArray) => Exact>> = {
  crossEntropy(x, labels) {
    const [n = 0, classes = 0] = x.shape;
    const [each, gradient] = [zeros([n]), zeros(x.shape)];
    for (let i = 0; i < n; i++) {
      const row = x.data.subarray(i * classes, (i + 1) * classes);
      const top = Math.max(...row);
      const total = row.reduce((a, v) => a + Math.exp(v - top), 0);
      const label = labels.data[i] ?? 0;
      each.data[i] = top - (row[label] ?? 0) + Math.log(total);
      row.forEach((v, j) => {
        gradient.data[i * classes + j] = (Math.exp(v - top) / total - (j === label ? 1 : 0)) / n;
      });
    }
    return { each, gradient };
  },
  squaredError: (x, t) =>
    elementwise(
      x,
      t,
      (a, b) => (a - b) ** 2,
      (a, b) => 2 * (a - b),
    ),
  binaryCrossEntropy: (x, t) =>
    elementwise(
      x,
      t,
      (a, b) => Math.max(a, 0) - a * b + Math.log1p(Math.exp(-Math.abs(a))),
      (a, b) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))) - b,
    ),
};

function elementwise(
  x: NdArray,
  t: NdArray,
  value: (x: number, t: number) => number,
  slope: (x: number, t: number) => number,
): Exact {
  const of = (f: (x: number, t: number) => number, by: number): NdArray => ({
    shape: x.shape,
    data: x.data.map((v, i) => f(v, t.data[i] ?? 0) / by),
  });
  return { each: of(value, 1), gradient: of(slope, x.data.length) };
}

/** The loss, its values and the gradient of its mean, through the compiler. */
async function computed(loss: LossName, x: NdArray, t: NdArray): Promise<Exact & { readonly mean: number }> {
  const input = (name: string, shape: readonly number[]): Node => ({
    kind: "input",
    type: { dtype: "f32", shape: ["N", ...shape.slice(1)] },
    origin: { name },
  });
  const [prediction, target] = [input("prediction", x.shape), input("target", t.shape)];
  const each = opNode(losses[loss], {}, [prediction, target], { name: "each" });
  const mean = opNode(ops.mean, {}, [each], { name: "mean" });
  const gradient = differentiate(mean, [prediction]).get(prediction);
  if (!gradient) throw new Error("no gradient");
  const outputs = Object.entries({ each, mean, gradient }).map(([name, node]) => ({ name, node }));
  const { program } = compiled({
    name: "loss",
    inputs: [
      { name: "prediction", node: prediction },
      { name: "target", node: target },
    ],
    outputs,
    updates: [],
    nodes: topologicalOrder(outputs.map((o) => o.node)),
  });
  const [got] = await runProgram(program, {}, { prediction: x, target: t });
  const array = (name: string): NdArray => {
    const value = got?.[name];
    if (!value) throw new Error(`no ${name}`);
    return ndarray(value.shape, value.data);
  };
  return { each: array("each"), gradient: array("gradient"), mean: array("mean").data[0] ?? Number.NaN };
}

function expectClose(got: NdArray, want: NdArray, floor: number): void {
  expect(got.shape).toEqual(want.shape);
  want.data.forEach((w, i) => {
    const g = got.data[i] ?? Number.NaN;
    if (!(Math.abs(g - w) <= 1e-5 * Math.abs(w) + floor)) expect.fail(`element ${i} is ${g}, not ${w}`);
  });
}

const SIZES = [0, 1, 30, 1e2, 1e4] as const;
const EXAMPLES = 7;

describe.each(Object.keys(losses) as LossName[])("%s", (loss) => {
  test.each(SIZES)("equals float64 for predictions up to ±%d", async (size) => {
    const next = random(Math.round(size) + 3);
    const classes = 5;
    const x = zeros([EXAMPLES, classes]);
    // The extremes themselves occur, and ties among the largest.
    x.data.forEach((_, i) => {
      x.data[i] = i % 4 === 0 ? (next() < 0.5 ? size : -size) : Math.fround((2 * next() - 1) * size);
    });
    const t =
      loss === "crossEntropy"
        ? ndarray(
            [EXAMPLES],
            Array.from({ length: EXAMPLES }, (_, i) => i % classes),
          )
        : { shape: x.shape, data: x.data.map((_, i) => (i % 3 === 0 ? i % 2 : Math.fround(next()))) };
    const want = exact[loss](x, t);
    const got = await computed(loss, x, t);
    for (const v of [...got.each.data, ...got.gradient.data, got.mean]) expect(Number.isFinite(v)).toBe(true);
    // A difference of large numbers keeps their rounding.
    expectClose(got.each, want.each, 1e-6 * Math.max(1, size));
    expectClose(got.gradient, want.gradient, 1e-6);
    const mean = want.each.data.reduce((a, v) => a + v, 0) / want.each.data.length;
    expect(Math.abs(got.mean - mean)).toBeLessThan(1e-5 * Math.abs(mean) + 1e-6);
  });
});

test("cross-entropy of each place is that of its scores alone", async () => {
  const [examples, classes, height, width] = [3, 4, 2, 5];
  const next = random(11);
  const rows = zeros([examples * height * width, classes]);
  rows.data.forEach((_, i) => {
    rows.data[i] = Math.fround(8 * next() - 4);
  });
  const labels = zeros([examples * height * width]);
  labels.data.forEach((_, i) => {
    labels.data[i] = Math.floor(next() * classes);
  });
  /** From a row of scores for each place to [N, classes, H, W]. */
  const asPictures = ({ data }: NdArray): NdArray =>
    build([examples, classes, height, width], ([n = 0, c = 0, i = 0, j = 0]) => {
      const place = (n * height + i) * width + j;
      return data[place * classes + c] ?? 0;
    });
  const want = exact.crossEntropy(rows, labels);
  const places = [examples, height, width];
  const got = await computed("crossEntropy", asPictures(rows), ndarray(places, labels.data));
  expectClose(got.each, ndarray(places, want.each.data), 1e-6);
  expectClose(got.gradient, asPictures(want.gradient), 1e-7);
});

test("a loss of two tensors that do not fit names itself and both shapes", () => {
  const node = (...shape: (number | "N")[]): Node => ({
    kind: "input",
    type: { dtype: "f32", shape },
    origin: { name: "x" },
  });
  const made = (loss: LossName, a: Node, b: Node) => () => opNode(losses[loss], {}, [a, b], { name: "loss" });
  expect(made("crossEntropy", node("N", 10), node("N", 10))).toThrow(/crossEntropy .*\[N, 10\].*\[N, 10\]/);
  expect(made("crossEntropy", node("N", 3, 4), node("N"))).toThrow(/crossEntropy/);
  expect(made("crossEntropy", node("N", 3, 4, 5), node("N", 4))).toThrow(/labels are \[N, 4, 5\]/);
  expect(made("squaredError", node("N", 3), node("N", 4))).toThrow(/squaredError .*\[N, 3\].*\[N, 4\]/);
});
