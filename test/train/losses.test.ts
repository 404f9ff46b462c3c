/** The losses and their gradients, against float64 formulas written here, up to logits of ±1e4. */
import { afterAll, describe, expect, test } from "vitest";
import type { Loss } from "weftgpu";
import type { Node, OpDef } from "../../compiler/ir/graph.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import { opNode } from "../../compiler/ops/derived.ts";
import { ops } from "../../compiler/ops/index.ts";
import { losses } from "../../compiler/ops/loss.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { type NdArray, ndarray, random, zeros } from "../oracle/array.ts";
import { type Exact, exactLoss } from "../oracle/losses.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";
import { compiled } from "./gradients.ts";

afterAll(closeDevice);

/** The loss, its values and the gradient of its mean over terms, through the compiler. */
async function computed(
  loss: Loss,
  x: NdArray,
  t: NdArray,
): Promise<Omit<Exact, "counts"> & { readonly mean: number }> {
  const input = (name: string, { shape }: NdArray, dtype: "f32" | "u32" | "i32"): Node => ({
    kind: "input",
    type: { dtype, shape: ["N", ...shape.slice(1)] },
    origin: { name },
  });
  const prediction = input("prediction", x, "f32");
  const whole = t.data.some((label) => label < 0) ? "i32" : "u32";
  const target = input("target", t, loss.kind === "crossEntropy" ? whole : "f32");
  const { kind, ...options } = loss;
  const op: OpDef = losses[kind];
  const weight = kind === "crossEntropy" ? loss.weight : undefined;
  const own: Node[] = weight
    ? [
        {
          kind: "param",
          type: { dtype: "f32", shape: [weight.length] },
          origin: { name: "weight" },
          init: { kind: "data", values: weight },
          use: "constant",
        },
      ]
    : [];
  const each = opNode(op, options, [prediction, target, ...own], { name: "each" });
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
  const params = weight ? { weight: ndarray([weight.length], weight) } : {};
  const [got] = await runProgram(program, params, { prediction: x, target: t });
  const array = (name: string): NdArray => {
    const value = got?.[name];
    if (!value) throw new Error(`no ${name}`);
    return ndarray(value.shape, value.data);
  };
  return { each: array("each"), gradient: array("gradient"), mean: array("mean").data[0] ?? Number.NaN };
}

/** The gradient of the mean over terms. */
const meanGradient = ({ each, gradient }: Exact): NdArray => ({
  ...gradient,
  data: gradient.data.map((g) => g / each.data.length),
});

const CLASSES = 5;
const all: readonly Loss[] = [
  { kind: "crossEntropy" },
  { kind: "crossEntropy", weight: [0.5, 0, 3, 1, 0.25] },
  { kind: "crossEntropy", labelSmoothing: 0.1 },
  { kind: "crossEntropy", labelSmoothing: 1 },
  { kind: "crossEntropy", weight: [0.5, 0, 3, 1, 0.25], labelSmoothing: 0.3 },
  { kind: "crossEntropy", ignoreIndex: 255 },
  { kind: "crossEntropy", ignoreIndex: 2, labelSmoothing: 0.2 },
  { kind: "crossEntropy", weight: [0.5, 0, 3, 1, 0.25], labelSmoothing: 0.3, ignoreIndex: -100 },
  { kind: "binaryCrossEntropy" },
  { kind: "squaredError" },
  { kind: "absoluteError" },
  { kind: "huber" },
  { kind: "huber", delta: 0.2 },
];

function expectClose(got: NdArray, want: NdArray, floor: number): void {
  expect(got.shape).toEqual(want.shape);
  want.data.forEach((w, i) => {
    const g = got.data[i] ?? Number.NaN;
    if (!(Math.abs(g - w) <= 1e-5 * Math.abs(w) + floor)) expect.fail(`element ${i} is ${g}, not ${w}`);
  });
}

const SIZES = [0, 1, 30, 1e2, 1e4] as const;
const EXAMPLES = 7;

describe.each(all.map((loss) => [JSON.stringify(loss), loss] as const))("%s", (_, loss) => {
  test.each(SIZES)("equals float64 for predictions up to ±%d", async (size) => {
    const next = random(Math.round(size) + 3);
    const x = zeros([EXAMPLES, CLASSES]);
    // The extremes themselves occur, and ties among the largest.
    x.data.forEach((__, i) => {
      x.data[i] = i % 4 === 0 ? (next() < 0.5 ? size : -size) : Math.fround((2 * next() - 1) * size);
    });
    const t =
      loss.kind === "crossEntropy"
        ? ndarray(
            [EXAMPLES],
            Array.from({ length: EXAMPLES }, (__, i) => (i % 3 === 1 && loss.ignoreIndex) || i % CLASSES),
          )
        : { shape: x.shape, data: x.data.map((__, i) => (i % 3 === 0 ? i % 2 : Math.fround(next()))) };
    const want = exactLoss(loss, x, t);
    const got = await computed(loss, x, t);
    for (const v of [...got.each.data, ...got.gradient.data, got.mean]) expect(Number.isFinite(v)).toBe(true);
    // A difference of large numbers keeps their rounding.
    expectClose(got.each, want.each, 1e-6 * Math.max(1, size));
    expectClose(got.gradient, meanGradient(want), 1e-6);
    const mean = want.each.data.reduce((a, v) => a + v, 0) / want.each.data.length;
    expect(Math.abs(got.mean - mean)).toBeLessThan(1e-5 * Math.abs(mean) + 1e-6);
  });
});

test.each(all.filter((loss) => loss.kind === "crossEntropy"))(
  "each place has a label of its own: %o",
  async (loss) => {
    const next = random(11);
    const x = zeros([3, CLASSES, 2, 4]);
    x.data.forEach((_, i) => {
      x.data[i] = Math.fround(8 * next() - 4);
    });
    const labels = zeros([3, 2, 4]);
    labels.data.forEach((_, i) => {
      labels.data[i] = (next() < 0.3 && loss.ignoreIndex) || Math.floor(next() * CLASSES);
    });
    const want = exactLoss(loss, x, labels);
    const got = await computed(loss, x, labels);
    expectClose(got.each, want.each, 1e-6);
    expectClose(got.gradient, meanGradient(want), 1e-7);
  },
);

test("a loss of two tensors that do not fit names itself and both shapes", () => {
  const node = (dtype: "f32" | "u32", ...shape: (number | "N")[]): Node => ({
    kind: "input",
    type: { dtype, shape },
    origin: { name: "x" },
  });
  const scores = (...shape: (number | "N")[]): Node => node("f32", ...shape);
  const labels = (...shape: (number | "N")[]): Node => node("u32", ...shape);
  const made =
    ({ kind, ...options }: Loss, a: Node, b: Node) =>
    (): Node =>
      opNode(losses[kind] as OpDef, options, [a, b], { name: "loss" });
  const cross: Loss = { kind: "crossEntropy" };
  expect(made(cross, scores("N", 10), labels("N", 10))).toThrow(/crossEntropy .*\[N, 10\].*\[N, 10\]/);
  expect(made(cross, scores("N", 3, 4), labels("N"))).toThrow(/crossEntropy/);
  expect(made(cross, scores("N", 3, 4, 5), labels("N", 4))).toThrow(/labels are \[N, 4, 5\]/);
  expect(made(cross, scores("N", 3), scores("N"))).toThrow(
    'crossEntropy takes the numbers of classes, but labels [N] are f32\n  rule: labels are whole numbers from 0\n  try:  input("label", [N], { dtype: "u32" })',
  );
  expect(made({ ...cross, weight: [1, 2] }, scores("N", 3), labels("N"))).toThrow(
    "crossEntropy: weight has 2 numbers, but logits are [N, 3]\n  rule: weight has a number for each class: 3",
  );
  expect(made({ ...cross, ignoreIndex: -1 }, scores("N", 3), labels("N"))).toThrow(
    'crossEntropy: ignoreIndex is -1, but labels [N] are u32\n  rule: numbers of u32 are 0 or more\n  try:  input("label", [N], { dtype: "i32" })',
  );
  expect(made({ kind: "squaredError" }, scores("N", 3), scores("N", 4))).toThrow(
    /squaredError .*\[N, 3\].*\[N, 4\]/,
  );
});

test.each<[unknown, string]>([
  [{ weight: [1, -1] }, "crossEntropy: weight[1] is -1"],
  [{ weight: [0, 0] }, "crossEntropy: weight is [0, 0]"],
  [{ labelSmoothing: 1.5 }, "crossEntropy: labelSmoothing is 1.5"],
  [{ ignoreIndex: 0.5 }, "crossEntropy: ignoreIndex is 0.5"],
  [{ ignoreIndex: 2 ** 25 }, "ignoreIndex is a whole number from -16777216 to 16777216"],
  [{ smoothing: 0.1 }, 'crossEntropy: unknown option "smoothing"'],
])("options that are none: %o", (options, message) => {
  expect(() => losses.crossEntropy.options(options as never)).toThrow(message);
});
