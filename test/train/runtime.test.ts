import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dropout, input, model, mul, N, param, sub } from "weftgpu";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { shuffled } from "../../runtime/data.ts";
import {
  cosine,
  createTrainer,
  type Epoch,
  type StepReport,
  stepDecay,
  type Training,
  warmUp,
} from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import {
  bytesOf,
  CLASSES,
  collect,
  countCalls,
  figures,
  kernelTraining,
  linearTraining,
  PIXELS,
  quarters,
  statefulTraining,
} from "./runtime.ts";

let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await usualDevice());
});
afterAll(() => device.destroy());

const momentum = linearTraining(sgd({ lr: 0.5, momentum: 0.9 }));
const data = quarters(50);
const held = quarters(31, 5);

describe("training", () => {
  test("learns a separable set, and reports each epoch and step", async () => {
    const trainer = await createTrainer(momentum, { device });
    const steps: StepReport[] = [];
    const epochs = await collect(
      trainer.fit(data, { epochs: 6, batch: 8, test: held, onStep: (s) => steps.push(s) }),
    );
    expect(epochs.map((e) => e.epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(epochs.every((e) => e.steps === 7 && e.examplesPerSecond > 0)).toBe(true);
    const [first, last] = [epochs[0] as Epoch, epochs[5] as Epoch];
    expect(last.loss).toBeLessThan(first.loss / 2);
    expect(last.testAccuracy).toBeGreaterThan(0.9);
    expect(steps.map((s) => s.step)).toEqual(Array.from({ length: 42 }, (_, i) => i + 1));
    expect(steps.at(-1)).toMatchObject({ epoch: 6, stepInEpoch: 7, stepsPerEpoch: 7, learningRate: 0.5 });
    expect(steps.at(-1)?.loss).toBe(last.loss);
    expect(await trainer.evaluate(held)).toMatchObject({ accuracy: last.testAccuracy, loss: last.testLoss });
    expect(Object.keys(trainer.weights()).sort()).toEqual(["linear1.bias", "linear1.weight"]);
    trainer.destroy();
  });

  test("gives the same bytes twice, however many steps share a submit", async () => {
    const results: string[] = [];
    for (const stepsPerSubmit of [1, 1, 5]) {
      const trainer = await createTrainer(momentum, { device, seed: 7 });
      const epochs = await collect(trainer.fit(data, { epochs: 3, batch: 8, stepsPerSubmit, test: held }));
      results.push(
        Buffer.from(bytesOf(trainer.checkpoint())).toString("hex") + JSON.stringify(figures(epochs)),
      );
      trainer.destroy();
    }
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
    const other = await createTrainer(momentum, { device, seed: 8 });
    await collect(other.fit(data, { epochs: 3, batch: 8 }));
    expect(Buffer.from(bytesOf(other.checkpoint())).toString("hex")).not.toBe(results[0]?.slice(0, 10));
    other.destroy();
  });

  test("takes one submit and one pass per step, and makes nothing after the first", async () => {
    const trainer = await createTrainer(momentum, { device });
    let counter: ReturnType<typeof countCalls> | undefined;
    const onStep = ({ step }: StepReport): void => {
      if (step === 1) counter = countCalls(device);
    };
    const run = trainer.fit(data, { epochs: 3, batch: 8, test: held, stepsPerSubmit: 1, onStep });
    await run.next();
    const { submits, passes } = { ...counter?.counts } as { submits: number; passes: number };
    await run.next();
    const counts = counter?.counts;
    counter?.stop();
    await run.return();
    // Of the second epoch: 7 steps, reading the state back, and an evaluation of 31 examples in one batch.
    expect({ submits: (counts?.submits ?? 0) - submits, passes: (counts?.passes ?? 0) - passes }).toEqual({
      submits: 7 + 1 + 1,
      passes: 7 + 1,
    });
    expect(counts).toMatchObject({ buffers: 0, bindGroups: 0, pipelines: 0 });
    trainer.destroy();
  });

  test("takes many steps in one submit", async () => {
    const trainer = await createTrainer(momentum, { device });
    await collect(trainer.fit(data, { epochs: 1, batch: 8, stepsPerSubmit: 4 }));
    const { counts, stop } = countCalls(device);
    await collect(trainer.fit(data, { epochs: 2, batch: 8, stepsPerSubmit: 4 }));
    stop();
    expect(counts).toMatchObject({ submits: 2 + 1, passes: 7, buffers: 0, bindGroups: 0 });
    trainer.destroy();
  });
});

test("batch statistics and dropout: the same bytes twice and after a resume, nothing made after the first step", async () => {
  const training = statefulTraining();
  const fit = { epochs: 8, batch: 8, test: held };
  const whole = await createTrainer(training, { device, seed: 4 });
  let counter: ReturnType<typeof countCalls> | undefined;
  const onStep = ({ step }: StepReport): void => {
    if (step === 1) counter = countCalls(device);
  };
  const epochs = await collect(whole.fit(data, { ...fit, onStep }));
  counter?.stop();
  expect(counter?.counts).toMatchObject({ buffers: 0, bindGroups: 0, pipelines: 0 });
  expect(epochs[7]?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 2);
  expect(epochs[7]?.testAccuracy).toBeGreaterThan(0.9);
  const first = await createTrainer(training, { device, seed: 4 });
  await collect(first.fit(data, { ...fit, epochs: 3 }));
  const second = await createTrainer(training, { device, checkpoint: bytesOf(first.checkpoint()) });
  await collect(second.fit(data, fit));
  expect(bytesOf(second.checkpoint())).toEqual(bytesOf(whole.checkpoint()));
  for (const trainer of [whole, first, second]) trainer.destroy();
});

test("numbers instead of bytes: a kernel learned from pictures and results equals float64", async () => {
  const [rows, pixels, results] = [3, 6 * 8, 6 * 7];
  const images = Float32Array.from({ length: rows * pixels }, (_, i) => ((i * 29) % 17) / 17);
  const at = (r: number, i: number): [number, number] => {
    const k = r * pixels + Math.floor(i / 7) * 8 + (i % 7);
    return [images[k] as number, images[k + 1] as number];
  };
  const labels = Float32Array.from({ length: rows * results }, (_, j) => {
    const [a, b] = at(Math.floor(j / results), j % results);
    return a - b;
  });
  const trainer = await createTrainer(kernelTraining(), { device, seed: 5 });
  const want = Array.from(Object.values(trainer.weights())[0]?.data ?? []) as [number, number];
  const losses: number[] = [];
  const epochs = await collect(
    trainer.fit({ images, labels }, { epochs: 6, batch: 2, onStep: (s) => losses.push(s.batchLoss) }),
  );
  for (let epoch = 0; epoch < 6; epoch++) {
    const order = shuffled(rows, 5, epoch);
    [order.subarray(0, 2), order.subarray(2)].forEach((batch, step) => {
      let [loss, ga, gb] = [0, 0, 0];
      for (const r of batch)
        for (let i = 0; i < results; i++) {
          const [a, b] = at(r, i);
          const error = want[0] * a + want[1] * b - (a - b);
          loss += error ** 2;
          ga += 2 * error * a;
          gb += 2 * error * b;
        }
      const n = batch.length * results;
      expect(losses[2 * epoch + step]).toBeCloseTo(loss / n, 5);
      want[0] -= (0.6 * ga) / n;
      want[1] -= (0.6 * gb) / n;
    });
  }
  Object.values(trainer.weights())[0]?.data.forEach(
    (w, i) => void expect(w).toBeCloseTo(want[i] as number, 5),
  );
  expect(epochs[5]?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 4);
  expect(epochs[5]?.trainAccuracy).toBeNaN();
  trainer.destroy();
});

/** Softmax regression in float64, one plain loop after another: the parameters after the batches. */
function reference(
  training: Training,
  { images, labels }: ReturnType<typeof quarters>,
  start: { weight: ArrayLike<number>; bias: ArrayLike<number> },
  batches: readonly (readonly number[])[],
): { weight: number[]; bias: number[]; losses: number[] } {
  const weight = Array.from(start.weight);
  const bias = Array.from(start.bias);
  const losses: number[] = [];
  for (const batch of batches) {
    const gw = weight.map(() => 0);
    const gb = bias.map(() => 0);
    let loss = 0;
    for (const row of batch) {
      const x = Array.from({ length: PIXELS }, (_, k) => (images[row * PIXELS + k] as number) / 255);
      const z = bias.map((b, c) => x.reduce((sum, v, k) => sum + v * (weight[c * PIXELS + k] as number), b));
      const total = z.reduce((sum, v) => sum + Math.exp(v), 0);
      loss -= Math.log(Math.exp(z[labels[row] as number] as number) / total);
      z.forEach((v, c) => {
        const d = (Math.exp(v) / total - (labels[row] === c ? 1 : 0)) / batch.length;
        gb[c] = (gb[c] as number) + d;
        x.forEach((value, k) => {
          gw[c * PIXELS + k] = (gw[c * PIXELS + k] as number) + d * value;
        });
      });
    }
    losses.push(loss / batch.length);
    gw.forEach((g, i) => {
      weight[i] = (weight[i] as number) - training.optimizer.lr * g;
    });
    gb.forEach((g, i) => {
      bias[i] = (bias[i] as number) - training.optimizer.lr * g;
    });
  }
  return { weight, bias, losses };
}

test("an epoch of 5 examples in batches of 4 equals plain loops in float64: the last batch is 1 example", async () => {
  const training = linearTraining(sgd({ lr: 0.5 }));
  const trainer = await createTrainer(training, { device, seed: 3 });
  const start = trainer.weights();
  const five = quarters(5);
  const order = Array.from(shuffled(5, 3, 0));
  const losses: number[] = [];
  const [epoch] = await collect(trainer.fit(five, { batch: 4, onStep: (s) => losses.push(s.batchLoss) }));
  const want = reference(
    training,
    five,
    {
      weight: start["linear1.weight"]?.data as Float32Array,
      bias: start["linear1.bias"]?.data as Float32Array,
    },
    [order.slice(0, 4), order.slice(4)],
  );
  const got = trainer.weights();
  expect(got["linear1.weight"]?.shape).toEqual([CLASSES, PIXELS]);
  got["linear1.weight"]?.data.forEach((v, i) => void expect(v).toBeCloseTo(want.weight[i] as number, 6));
  got["linear1.bias"]?.data.forEach((v, i) => void expect(v).toBeCloseTo(want.bias[i] as number, 6));
  want.losses.forEach((loss, i) => void expect(losses[i]).toBeCloseTo(loss, 5));
  const { losses: after } = reference(training, five, want, [[0, 1, 2, 3, 4]]);
  expect((await trainer.evaluate(five)).loss).toBeCloseTo(after[0] as number, 5);
  const [four, one] = want.losses as [number, number];
  expect(epoch?.loss).toBeCloseTo((4 * four + one) / 5, 5);
  trainer.destroy();
});

test("an evaluation of many submits, whose last batch is a smaller one, counts every example once", async () => {
  const training = linearTraining();
  const trainer = await createTrainer(training, { device, seed: 6 });
  const many = quarters(64 * 256 + 300);
  const { "linear1.weight": weight, "linear1.bias": bias } = trainer.weights();
  if (!weight || !bias) expect.fail();
  const { losses } = reference(training, many, { weight: weight.data, bias: bias.data }, [
    Array.from(many.labels.keys()),
  ]);
  const { loss, examples } = await trainer.evaluate(many);
  expect(examples).toBe(64 * 256 + 300);
  expect(loss).toBeCloseTo(losses[0] as number, 5);
  trainer.destroy();
});

test("other labels of the same pictures are others, though the pictures are on the GPU already", async () => {
  const trainer = await createTrainer(linearTraining(), { device, seed: 6 });
  const { images, labels } = quarters(30);
  const other = labels.map((label) => (label + 1) % CLASSES);
  const first = await trainer.evaluate({ images, labels });
  const second = await trainer.evaluate({ images, labels: other });
  const fresh = await trainer.evaluate({ images: images.slice(), labels: other });
  expect(second).toEqual(fresh);
  expect(second.loss).not.toBe(first.loss);
  trainer.destroy();
});

test("a larger batch in a later fit is what it is on a trainer of its own", async () => {
  const training = linearTraining();
  const grown = await createTrainer(training, { device, seed: 2 });
  await collect(grown.fit(data, { epochs: 1, batch: 8 }));
  const fresh = await createTrainer(training, { device, checkpoint: bytesOf(grown.checkpoint()) });
  for (const trainer of [grown, fresh]) await collect(trainer.fit(data, { epochs: 2, batch: 25 }));
  expect(bytesOf(grown.checkpoint())).toEqual(bytesOf(fresh.checkpoint()));
  for (const trainer of [grown, fresh]) trainer.destroy();
});

test("dropout is drawn anew at every step, and by the seed", async () => {
  const training = statefulTraining();
  // Rows that are all the same: what differs is what was dropped.
  const one = quarters(1);
  const same = {
    images: Uint8Array.from({ length: 16 * PIXELS }, (_, i) => one.images[i % PIXELS] as number),
    labels: new Uint8Array(16).fill(one.labels[0] as number),
  };
  const start = await createTrainer(training, { device });
  const weights = start.weights();
  const losses: number[][] = [];
  for (const seed of [1, 1, 2]) {
    const trainer = await createTrainer(training, { device, seed, weights });
    const seen: number[] = [];
    const schedule = (): number => 1e-30;
    await collect(trainer.fit(same, { batch: 4, schedule, onStep: (s) => seen.push(s.batchLoss) }));
    losses.push(seen);
    trainer.destroy();
  }
  start.destroy();
  expect(losses[1]).toEqual(losses[0]);
  expect(new Set(losses[0]).size).toBeGreaterThan(1);
  expect(losses[2]?.[0]).not.toBe(losses[0]?.[0]);
});

test("two dropouts of a model have masks of their own", async () => {
  const image = input("image", [N, 40]);
  const difference = mul(sub(dropout(image, { p: 0.5 }), dropout(image, { p: 0.5 })), param("w", [40]));
  const { graph } = model("masks", { image }, { difference });
  const optimizer = sgd({ lr: 1e-9 });
  const training = compileTraining(graph, { loss: "squaredError", optimizer, bytes: false });
  const weights = { w: { shape: [40], data: new Float32Array(40).fill(1) } };
  const trainer = await createTrainer(training, { device, weights });
  const rows = { images: new Float32Array(400).fill(1), labels: new Float32Array(400) };
  const [epoch] = await collect(trainer.fit(rows));
  // 2 − 2, 2 − 0, 0 − 2 or 0 − 0, a quarter each: squared, 2 on average.
  expect(epoch?.loss).toBeGreaterThan(1.5);
  expect(epoch?.loss).toBeLessThan(2.5);
  trainer.destroy();
});

test("one fit at a time", async () => {
  const trainer = await createTrainer(linearTraining(), { device });
  const first = trainer.fit(data, { epochs: 2, batch: 8 });
  const running = first.next();
  await expect(trainer.fit(data, { epochs: 2, batch: 8 }).next()).rejects.toThrow(
    "small: fit is running already: one at a time",
  );
  await running;
  await first.return();
  expect(await collect(trainer.fit(data, { epochs: 2, batch: 8 }))).toHaveLength(1);
  trainer.destroy();
});

test("schedules", () => {
  const at = { step: 0, epoch: 0, stepsPerEpoch: 10, epochs: 4, lr: 1 };
  expect([0, 1, 2, 5].map((epoch) => stepDecay({ every: 2, factor: 0.5 })({ ...at, epoch }))).toEqual([
    1, 1, 0.5, 0.25,
  ]);
  expect([0, 20, 40].map((step) => cosine()({ ...at, step }))).toEqual([1, 0.5, 0]);
  for (const [step, rate] of [
    [0, 1],
    [20, 0.6],
    [40, 0.2],
  ] as const)
    expect(cosine({ to: 0.2 })({ ...at, step })).toBeCloseTo(rate, 12);
  expect([0, 1, 3, 9].map((step) => warmUp(4)({ ...at, step }))).toEqual([0.25, 0.5, 1, 1]);
});

test("an epoch's order is a permutation that depends on seed and epoch", () => {
  const order = shuffled(1000, 1, 2);
  expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(shuffled(1000, 1, 2)).toEqual(order);
  expect(shuffled(1000, 1, 3)).not.toEqual(order);
  expect(shuffled(1000, 2, 2)).not.toEqual(order);
  // Every place is drawn: in some epoch each of a few examples is the first, and the last.
  const orders = Array.from({ length: 60 }, (_, epoch) => shuffled(5, 1, epoch));
  for (const place of [0, 4]) expect(new Set(orders.map((o) => o[place])).size).toBe(5);
});
