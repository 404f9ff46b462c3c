/** Labels that do not count (`ignoreIndex`): a batch with some of them trains as the batch without them does. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compileTraining,
  conv2d,
  crossEntropy,
  input,
  type Loss,
  linear,
  model,
  N,
  sgd,
  type Training,
  type TrainingOptions,
} from "weftgpu";
import { createTrainer, type NamedDataSet, type Trainer, validateTraining } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { message } from "../dsl/message.ts";
import { random } from "../oracle/array.ts";
import { device as adapter, closeDevice } from "../oracle/weft.ts";
import { failure } from "../runtime/failure.ts";

let wasm: GPUDevice;
const trainers: Trainer[] = [];
beforeAll(async () => {
  wasm = await wasmDevice({ threads: 1 });
});
afterAll(() => {
  for (const trainer of trainers) trainer.destroy();
  wasm.destroy();
  return closeDevice();
});

const [ROWS, CLASSES] = [9, 4];
const x = input("x", [N, 3]);
const { graph } = model("rows", { x }, { scores: linear(x, { out: CLASSES }) });
const next = random(8);
const examples = Float32Array.from({ length: 3 * ROWS }, () => 2 * next() - 1);
const classes = Array.from({ length: ROWS }, (_, i) => (i * 7) % CLASSES);
const counts = (row: number): boolean => row % 3 !== 1;
const rows = <T>(list: readonly T[]): T[] => list.filter((_, row) => counts(row));

type How = Partial<TrainingOptions>;
const compiled = (loss: Loss, how: How = {}): Training =>
  validateTraining(
    JSON.parse(
      JSON.stringify(
        compileTraining(graph, { loss, optimizer: sgd({ lr: 0.5 }), bytes: false, target: "wasm", ...how }),
      ),
    ),
  );

/** Two steps with all of the examples: what is measured of each, and the parameters at the end. */
async function trained(training: Training, data: NamedDataSet, batch: number, device = wasm) {
  const trainer = await createTrainer(training, { device, seed: 1 });
  trainers.push(trainer);
  const seen: number[] = [];
  for await (const { loss, trainAccuracy } of trainer.fit(data, { epochs: 2, batch }))
    seen.push(loss, trainAccuracy);
  const { loss, accuracy } = await trainer.evaluate(data);
  return {
    seen: [...seen, loss, accuracy],
    weights: Object.values(trainer.weights()).flatMap((w) => [...w.data]),
  };
}

const expectClose = (got: readonly number[], want: readonly number[]): void => {
  expect(got).toHaveLength(want.length);
  got.forEach((value, i) => {
    expect(value).toBeCloseTo(want[i] ?? Number.NaN, 5);
  });
};

const some = { weight: [0.5, 2, 1, 3], labelSmoothing: 0.2 };
const cases: readonly [name: string, ignoreIndex: number, more: object, how: How][] = [
  ["255", 255, {}, {}],
  ["255 with class weights and smoothing", 255, some, {}],
  ["255, a sum", 255, some, { reduction: "sum" }],
  ["PyTorch's −100", -100, {}, {}],
  ["PyTorch's −100 with class weights and smoothing", -100, some, {}],
  ["a number of two bytes", 1000, {}, {}],
  ["one of the classes", 2, some, {}],
];

/** The labels, as numbers of the class that is ignored where they do not count. */
function labelled(ignoreIndex: number): { readonly labels: Int32Array; readonly counted: boolean[] } {
  const labels = Int32Array.from(classes, (label, row) => (counts(row) ? label : ignoreIndex));
  return { labels, counted: Array.from(labels, (label) => label !== ignoreIndex) };
}

test.each(cases)("%s", async (_, ignoreIndex, more, how) => {
  const { labels, counted } = labelled(ignoreIndex);
  const all = { x: examples, target: labels };
  const got = await trained(compiled({ kind: "crossEntropy", ...more, ignoreIndex }, how), all, ROWS);
  const without = {
    x: examples.filter((_, i) => counted[Math.floor(i / 3)]),
    target: labels.filter((label) => label !== ignoreIndex),
  };
  const plain = compiled({ kind: "crossEntropy", ...more }, how);
  const want = await trained(plain, without, without.target.length);
  expectClose(got.seen, want.seen);
  expectClose(got.weights, want.weights);
});

test("in WGSL, from labels that lie on the device", async () => {
  const bytes = Uint8Array.from(examples, (value) => Math.round(127 * (value + 1)));
  const { labels, counted } = labelled(255);
  const device = await adapter();
  const how: How = { bytes: true, target: "portable" };
  const training = compiled({ kind: "crossEntropy", ignoreIndex: 255 }, how);
  expect(training.step.inputs[1]).toMatchObject({ dtype: "u32", storage: "u8", below: CLASSES, except: 255 });
  const got = await trained(training, { x: bytes, target: Uint8Array.from(labels) }, ROWS, device);
  const without = {
    x: bytes.filter((_, i) => counted[Math.floor(i / 3)]),
    target: Uint8Array.from(rows(classes)),
  };
  const want = await trained(compiled({ kind: "crossEntropy" }, how), without, without.target.length, device);
  expectClose(got.seen, want.seen);
  expectClose(got.weights, want.weights);
});

test("labels below 0 are sent batch by batch, wider ones lie there in more bits", () => {
  const of = (ignoreIndex: number) =>
    compiled({ kind: "crossEntropy", ignoreIndex }, { bytes: true }).step.inputs.find(
      (i) => i.name === "target",
    );
  expect(of(-100)).toMatchObject({ dtype: "i32", below: CLASSES, except: -100 });
  expect(of(-100)).not.toHaveProperty("storage");
  expect(of(256)).toMatchObject({ dtype: "u32", storage: "u16", except: 256 });
});

test("where no label counts the loss is 0, no parameter moves, and there is no accuracy", async () => {
  const training = compiled({ kind: "crossEntropy", ...some, ignoreIndex: 255 });
  const trainer = await createTrainer(training, { device: wasm, seed: 1 });
  trainers.push(trainer);
  const before = structuredClone(trainer.weights());
  const none = { x: examples, target: new Uint8Array(ROWS).fill(255) };
  for await (const { loss, trainAccuracy } of trainer.fit(none, { batch: 4 }))
    expect([loss, trainAccuracy]).toEqual([0, Number.NaN]);
  expect(trainer.weights()).toEqual(before);
});

test("of places: each of a picture", async () => {
  const image = input("image", [N, 1, 2, 2]);
  const pixels = model("pixels", { image }, { scores: conv2d(image, { out: 2, kernel: 1 }) }).graph;
  const training = compileTraining(pixels, {
    loss: { kind: "crossEntropy", ignoreIndex: 255 },
    optimizer: sgd({ lr: 1 }),
    target: "wasm",
  });
  const weights = {
    "conv2d1.weight": { shape: [2, 1, 1, 1], data: Float32Array.of(0, 4) },
    "conv2d1.bias": { shape: [2], data: Float32Array.of(0, -2) },
  };
  const trainer = await createTrainer(training, { device: wasm, weights });
  trainers.push(trainer);
  // Logits 0 and 4·pixel − 2: of black −2, of white 2.
  const data = {
    image: Uint8Array.of(0, 255, 0, 255, 255, 255, 0, 0),
    target: Uint8Array.of(0, 1, 255, 255, 0, 255, 255, 1),
  };
  const { loss, accuracy } = await trainer.evaluate(data);
  expect(accuracy).toBe(2 / 4);
  const [right, wrong] = [Math.log(1 + Math.exp(-2)), Math.log(1 + Math.exp(2))];
  expect(loss).toBeCloseTo((2 * right + 2 * wrong) / 4, 6);
});

describe("what is refused", () => {
  const loss: Loss = { kind: "crossEntropy", ignoreIndex: -100 };

  test("labels that are neither a class nor the number", async () => {
    const trainer = await createTrainer(compiled(loss), { device: wasm });
    trainers.push(trainer);
    const labels = Int32Array.from(classes);
    labels[3] = -1;
    expect(await failure(trainer.evaluate({ x: examples, target: labels }))).toMatchObject({
      code: "input",
      message: "rows: target 3 is -1, the classes are 0 … 3, and -100",
    });
  });

  test("batches that are gathered: in a mean they would count the same", () => {
    expect(message(() => compiled(loss, { accumulate: 2 }))).toBe(
      `rows is trained with labels that count differently for scores, and gradients of several batches are gathered
  rule: a mean by class weights, or over the labels that count, is that of one batch: batches that weigh more would count no more than others
  try:  reduction: "sum" with a smaller learning rate, or no accumulate`,
    );
    expect(compiled(loss, { accumulate: 2, reduction: "sum" }).accumulate).toBe(2);
  });

  test("a number besides the bound, where there is no bound or where it is none", () => {
    const training = compiled(loss);
    const [first, label] = training.step.inputs;
    for (const inputs of [
      [{ ...first, except: 3 }, label],
      [first, { ...label, except: 0.5 }],
    ])
      expect(() => validateTraining({ ...training, step: { ...training.step, inputs } } as never)).toThrow(
        /inputs\[\d\]\.except/,
      );
  });
});

test("in a loss of the author's, whose labels may be below 0", async () => {
  const label = input("label", [N], { dtype: "i32" });
  const own = compileTraining(graph, {
    loss: (y) => crossEntropy(y as never, label, { ignoreIndex: -100 }),
    optimizer: sgd({ lr: 1 }),
    bytes: false,
    target: "wasm",
  });
  const { labels } = labelled(-100);
  const { seen } = await trained(own, { x: examples, label: labels }, ROWS);
  const known = await trained(
    compiled({ kind: "crossEntropy", ignoreIndex: -100 }, { optimizer: sgd({ lr: 1 }), reduction: "sum" }),
    { x: examples, target: labels },
    ROWS,
  );
  // The mean of an own loss is over all of its terms.
  expect((seen[0] ?? 0) * ROWS).toBeCloseTo(known.seen[0] ?? Number.NaN, 4);
});
