/** What a data set may be: its names, its kinds of arrays, and several of them at once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { input, linear, model, N } from "weftgpu";
import { compileTraining, type LossName, sgd } from "../../compiler/train/index.ts";
import {
  type AnyDataSet,
  createTrainer,
  type Evaluation,
  type Trainer,
  type Training,
  validateTraining,
} from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { failure } from "../runtime/failure.ts";
import { bytesOf, collect, figures, linearTraining, quarters } from "./runtime.ts";

let device: GPUDevice;
const opened: Trainer[] = [];
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => {
  for (const trainer of opened) trainer.destroy();
  device.destroy();
});

const WIDTH = 5;
const OUT = 2;
const WEIGHT = Float32Array.from({ length: WIDTH * OUT }, (_, i) => ((i * 7) % 11) / 8 - 0.5);

function training(loss: LossName, bytes: boolean, name = "x"): Training {
  const x = input(name, [N, WIDTH]);
  const { graph } = model("m", { [name]: x }, { y: linear(x, { out: OUT, bias: false }) });
  return validateTraining(
    compileTraining(graph, { loss, bytes, optimizer: sgd({ lr: 0.1 }), target: "wasm" }),
  );
}
async function trainerOf(of: Training): Promise<Trainer> {
  const [param] = of.evaluate.params.filter((p) => p.shape.length === 2);
  const weights = { [param?.name ?? ""]: { shape: [OUT, WIDTH], data: WEIGHT } };
  const trainer = await createTrainer(of, { device, weights });
  opened.push(trainer);
  return trainer;
}

const ROWS = 11;
const bytes = Uint8Array.from({ length: ROWS * WIDTH }, (_, i) => (i * 37) % 256);
const numbers = Float32Array.from(bytes, (b) => b / 255);
const targets = Float32Array.from({ length: ROWS * OUT }, (_, i) => ((i * 5) % 13) / 12);
const labels = Uint8Array.from({ length: ROWS }, (_, i) => i % OUT);

/** The scores in float64. */
const scores = Array.from({ length: ROWS * OUT }, (_, i) => {
  const [row, out] = [Math.floor(i / OUT), i % OUT];
  let sum = 0;
  for (let k = 0; k < WIDTH; k++)
    sum += (numbers[row * WIDTH + k] as number) * (WEIGHT[out * WIDTH + k] as number);
  return sum;
});
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const squared = mean(scores.map((y, i) => (y - (targets[i] as number)) ** 2));
const binary = mean(scores.map((y, i) => Math.log(1 + Math.exp(y)) - y * (targets[i] as number)));

describe("targets that are numbers", () => {
  test.each<[LossName, boolean, number]>([
    ["squaredError", true, squared],
    ["squaredError", false, squared],
    ["binaryCrossEntropy", true, binary],
    ["binaryCrossEntropy", false, binary],
  ])("%s, examples as bytes: %s", async (loss, asBytes, want) => {
    const trainer = await trainerOf(training(loss, asBytes));
    const set = { images: asBytes ? bytes : numbers, labels: targets };
    expect((await trainer.evaluate(set)).loss).toBeCloseTo(want, 5);
    // Without shuffling's help: a batch of all examples.
    const [epoch] = await collect(trainer.fit(set, { batch: ROWS }));
    expect(epoch?.loss).toBeCloseTo(want, 5);
    const later = await collect(trainer.fit(set, { epochs: 60, batch: 4 }));
    expect(later.at(-1)?.loss).toBeLessThan(want);
  });

  test("in bytes they are taken as they are, where the loss takes them", async () => {
    const ones = Uint8Array.from({ length: ROWS * OUT }, (_, i) => Number(i % 3 === 0));
    const regression = await trainerOf(training("squaredError", true));
    const asNumbers = await regression.evaluate({ images: bytes, labels: Float32Array.from(ones) });
    expect(await regression.evaluate({ images: bytes, labels: ones })).toEqual(asNumbers);
    const yesNo = await trainerOf(training("binaryCrossEntropy", true));
    const want = mean(scores.map((y, i) => Math.log(1 + Math.exp(y)) - y * (ones[i] as number)));
    expect((await yesNo.evaluate({ images: bytes, labels: ones })).loss).toBeCloseTo(want, 5);
    const masks = ones.map((one, i) => (i === 3 ? 255 : one));
    expect((await failure(yesNo.evaluate({ images: bytes, labels: masks }))).message).toBe(
      "m: label 3 is 255, this loss takes targets from 0 to 1; try: a Float32Array",
    );
    const bad = targets.slice();
    bad[2] = Number.NaN;
    expect((await failure(regression.evaluate({ images: bytes, labels: bad }))).message).toBe(
      "m: label 2 is NaN, targets have to be finite",
    );
  });
});

describe("names", () => {
  test("the input's and the target's, or images and labels", async () => {
    const trainer = await trainerOf(training("squaredError", false));
    const want = await trainer.evaluate({ images: numbers, labels: targets });
    for (const set of [
      { x: numbers, target: targets },
      { x: numbers, labels: targets },
      { images: numbers, target: targets, classes: undefined },
    ])
      expect(await trainer.evaluate(set)).toEqual(want);
    const epochs = trainer.fit({ x: numbers, target: targets }, { test: { x: numbers, target: targets } });
    expect((await collect(epochs))[0]?.testLoss).toBeLessThan(want.loss);
  });

  test.each(["labels", "classes", "target", "images"])("an input that is called %s", async (name) => {
    const of = training("crossEntropy", true, name);
    const trainer = await trainerOf(of);
    const own = of.step.inputs[1]?.name ?? "";
    const set: AnyDataSet = { [name]: bytes, [own]: labels };
    expect((await trainer.evaluate(set)).examples).toBe(ROWS);
  });

  test.each<[set: unknown, message: string]>([
    [{ y: numbers, labels }, 'm: data set: unknown option "y"; try: x, images, target, labels, classes'],
    [
      { x: numbers, label: targets },
      'm: data set: unknown option "label"; try: x, images, target, labels, classes',
    ],
    [{ labels: targets }, 'm: the data set has no "x" or "images"'],
    [{ x: numbers }, 'm: the data set has no "target" or "labels"'],
    [
      { x: numbers, images: numbers, labels: targets },
      'm: "x" and "images" of the data set are the same; try: leave out one of the two',
    ],
    [{ x: bytes, labels: targets }, "m: x have to be a Float32Array, got Uint8Array"],
    [{ x: numbers, labels: [1, 2] }, "m: labels have to be a Uint8Array or Float32Array, got Array"],
    [{ x: numbers, target: targets.subarray(1) }, "m: target [N, 2] need a multiple of 2 numbers, got 21"],
    [{ x: numbers, target: targets.subarray(2) }, "m: x and target differ in number: 11 and 10"],
    [
      { x: numbers.subarray(0, 0), labels: targets },
      "m: there are no x: a data set holds at least one example",
    ],
    [{ x: numbers, labels: targets, classes: "2" }, 'm: classes is "2", it has to be a whole number above 0'],
    [numbers, "m: data set: its options are an object, got Float32Array"],
    [undefined, "m: data set: its options are an object, got undefined"],
  ])("what is wrong is said: case %#", async (set, message) => {
    const trainer = await trainerOf(training("squaredError", false));
    for (const tried of [trainer.evaluate(set as AnyDataSet), collect(trainer.fit(set as AnyDataSet))]) {
      const error = await failure(tried);
      expect(error.code).toBe("input");
      expect(error.message).toBe(message);
    }
  });
});

describe("several data sets at once", () => {
  const data = quarters(400);
  // What is trained on is measured meanwhile too.
  const sets = [data, ...Array.from({ length: 7 }, (_, i) => quarters(40 + 300 * (i % 3), i + 2))];
  // Submits that are small, so that many of an epoch's are still to come when an evaluation ends.
  const options = { epochs: 2, batch: 4, stepsPerSubmit: 1, test: quarters(31, 5) };

  test("evaluations during fit neither end it nor change it, and are right", async () => {
    const alone = await createTrainer(linearTraining(sgd({ lr: 0.5 }), "small", "wasm"), { device });
    const want = figures(await collect(alone.fit(data, options)));
    const trainer = await createTrainer(linearTraining(sgd({ lr: 0.5 }), "small", "wasm"), { device });
    const first: Evaluation[] = [];
    for (const set of sets) first.push(await alone.evaluate(set));
    opened.push(alone, trainer);

    const pending: Promise<Evaluation>[] = [];
    const got = collect(
      trainer.fit(data, {
        ...options,
        onStep: ({ stepInEpoch }) => {
          if (stepInEpoch % 7 === 0)
            pending.push(trainer.evaluate(sets[pending.length % sets.length] as AnyDataSet));
        },
      }),
    );
    expect(figures(await got)).toEqual(want);
    expect((await Promise.all(pending)).length).toBe(2 * 14);
    expect(bytesOf(trainer.checkpoint())).toEqual(bytesOf(alone.checkpoint()));
    expect(await Promise.all(sets.map((set) => trainer.evaluate(set)))).toEqual(first);
  });

  test("the same examples with other labels are another set", async () => {
    const trainer = await createTrainer(linearTraining(sgd({ lr: 0.5 }), "small", "wasm"), { device });
    opened.push(trainer);
    const { images, labels } = quarters(20);
    const turned = labels.map((label) => (label + 1) % 3);
    const one = await trainer.evaluate({ images, labels });
    const both = await Promise.all([
      trainer.evaluate({ images, labels: turned }),
      trainer.evaluate({ images, labels }),
      collect(trainer.fit({ images, labels }, { epochs: 2 })),
      trainer.evaluate({ images, labels: turned }),
    ]);
    expect(both[1]).toEqual(one);
    expect(both[0].loss).not.toBe(one.loss);
  });
});
