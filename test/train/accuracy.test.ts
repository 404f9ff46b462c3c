/** What counts as right: argmax with the first of equal scores, and nothing where a score is NaN. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { conv2d, flatten, input, model, N, ones } from "weftgpu";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { createTrainer, type Trainer } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { collect } from "./runtime.ts";

const CLASSES = 5;
let trainer: Trainer;
let device: GPUDevice;

/** A model whose scores are its input, each by itself: a channel per class, times 1. */
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
  const x = input("x", [N, CLASSES, 1, 1]);
  const y = flatten(conv2d(x, { out: CLASSES, kernel: 1, groups: CLASSES, bias: false, init: ones() }));
  const graph = model("scores", { x }, { y }).graph;
  trainer = await createTrainer(
    compileTraining(graph, { optimizer: sgd({ lr: 1e-9 }), bytes: false, target: "wasm" }),
    {
      device,
    },
  );
});
afterAll(() => {
  trainer.destroy();
  device.destroy();
});

/** Of every label, how often it is right for one row of scores. */
async function rightFor(row: readonly number[]): Promise<number[]> {
  const right: number[] = [];
  for (let label = 0; label < CLASSES; label++) {
    const set = { images: Float32Array.from(row), labels: Float32Array.of(label) };
    right.push((await trainer.evaluate(set)).accuracy);
  }
  return right;
}

test.each([
  { row: [0, 0, 0, 0, 0], first: 0 },
  { row: [1, 2, 2, 0, 2], first: 1 },
  { row: [-3, -2, -5, -2, -2], first: 1 },
  { row: [0, -0, 0, 0, 0], first: 0 },
  { row: [1, 2, 3, 4, 5], first: 4 },
  { row: [-3.4028234663852886e38, 0, 3.4028234663852886e38, 1, 2], first: 2 },
])("the first of the largest of $row is the answer, and no other", async ({ row, first }) => {
  expect(await rightFor(row)).toEqual(Array.from({ length: CLASSES }, (_, i) => (i === first ? 1 : 0)));
});

test.each([0, 2, 4])("a row with NaN at class %i is never right", async (at) => {
  expect(await rightFor([1, 2, 3, 2, 1].map((x, i) => (i === at ? Number.NaN : x)))).toEqual([0, 0, 0, 0, 0]);
});

test("evaluate and fit agree with argmax on scores that are often equal", async () => {
  const rows = 300;
  const images = Float32Array.from({ length: rows * CLASSES }, (_, i) => (i * i * 7 + i) % 3);
  const labels = Float32Array.from({ length: rows }, (_, i) => (i * 3) % CLASSES);
  const right = Array.from(labels).filter((label, i) => {
    const row = Array.from(images.subarray(i * CLASSES, (i + 1) * CLASSES));
    return row.indexOf(Math.max(...row)) === label;
  });
  expect(right.length).toBeGreaterThan(20);
  expect((await trainer.evaluate({ images, labels })).accuracy).toBe(right.length / rows);
  const [epoch] = await collect(trainer.fit({ images, labels }, { batch: rows }));
  expect(epoch?.trainAccuracy).toBe(right.length / rows);
});
