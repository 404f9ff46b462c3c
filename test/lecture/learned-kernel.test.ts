/** Learning the kernel [1, −1] from a picture and its edges: each loss equals float64's, from every start. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { must } from "../../compiler/errors.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import kernel from "../../models/lecture/learned-kernel.ts";
import { createTrainer } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";

const [ROWS, COLUMNS, STEPS, RATE] = [6, 8, 10, 0.03];

/** White, but for four black columns in the middle. */
const picture = Array.from({ length: ROWS }, () => [1, 1, 0, 0, 0, 0, 1, 1]);
/** 1 where white turns black on the right, −1 where black turns white. */
const edges = picture.map((row) => row.slice(1).map((right, x) => (row[x] ?? 0) - right));

/** Gradient descent on Σ (w₀·x + w₁·x′ − y)² in float64: the losses before each step, and where the weights end. */
function reference(start: readonly [number, number]): { losses: number[]; weights: [number, number] } {
  let [w0, w1] = start;
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    let [loss, g0, g1] = [0, 0, 0];
    for (let y = 0; y < ROWS; y++)
      for (let x = 0; x + 1 < COLUMNS; x++) {
        const [left, right] = [picture[y]?.[x] ?? 0, picture[y]?.[x + 1] ?? 0];
        const error = w0 * left + w1 * right - (edges[y]?.[x] ?? 0);
        loss += error * error;
        g0 += 2 * error * left;
        g1 += 2 * error * right;
      }
    losses.push(loss);
    w0 -= RATE * g0;
    w1 -= RATE * g1;
  }
  return { losses, weights: [w0, w1] };
}

const NAME = "conv2d1.weight";
const training = compileTraining(kernel.graph, {
  loss: "squaredError",
  reduction: "sum",
  optimizer: sgd({ lr: RATE }),
  bytes: false,
  target: "wasm",
});
const data = { images: Float32Array.from(picture.flat()), labels: Float32Array.from(edges.flat()) };

let device: GPUDevice;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => device.destroy());

/** Ten steps in WebAssembly, from the seed's start. */
async function learn(seed: number) {
  const trainer = await createTrainer(training, { device, seed });
  const weights = (): [number, number] => {
    const { data } = must(trainer.weights()[NAME], NAME);
    return [must(data[0], "weight"), must(data[1], "weight")];
  };
  const start = weights();
  const losses: number[] = [];
  for await (const { loss } of trainer.fit(data, { epochs: STEPS })) losses.push(loss);
  const result = { start, losses, end: weights() };
  trainer.destroy();
  return result;
}

describe("a kernel is learned", () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))("from seed %i", async (seed) => {
    const { start, losses, end } = await learn(seed);
    for (const w of start) expect(Math.abs(w)).toBeLessThan(Math.SQRT1_2);
    const want = reference(start);
    const off = losses.map((loss, i) => Math.abs(loss / must(want.losses[i], "loss") - 1));
    expect(losses).toHaveLength(STEPS);
    expect(Math.max(...off)).toBeLessThan(1e-5);
    expect(Math.abs(end[0] - 1)).toBeLessThan(0.1);
    expect(Math.abs(end[1] + 1)).toBeLessThan(0.1);
  });

  test("the program prints the lecture's losses and its kernel", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const script = ["scripts/run.mjs", "models/lecture/training/learn-kernel.ts"];
    const printed = execFileSync(process.execPath, script, { cwd: root, encoding: "utf8", stdio: "pipe" });
    expect(printed.split("\n").filter((line) => /^(iteration|kernel)/.test(line))).toEqual([
      "iteration 2, loss 2.768",
      "iteration 4, loss 0.527",
      "iteration 6, loss 0.114",
      "iteration 8, loss 0.030",
      "iteration 10, loss 0.009",
      "kernel [1.0006, -0.9829]",
    ]);
  });
});
