/** Many sessions at once, and many runs of one: nothing mixes, nothing grows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { conv2d, flatten, input, linear, model, N, relu } from "../../compiler/dsl/index.ts";
import { load } from "../../runtime/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { addition, chain } from "../runtime/programs.ts";
import { linearTraining, quarters } from "../train/runtime.ts";
import { endurance } from "./endurance.ts";

let device: GPUDevice;
const uncaptured: string[] = [];
beforeAll(async () => {
  ({ device } = await usualDevice());
  device.onuncapturederror = ({ error }) => uncaptured.push(error.message);
});
afterAll(() => {
  expect(uncaptured).toEqual([]);
  device.destroy();
});

const range = (count: number, from: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => from + i);

/** Two kernels: each device builds its own. */
function small() {
  const image = input("image", [N, 1, 6, 6]);
  const maps = relu(conv2d(image, { out: 2, kernel: 3 }));
  return model("small", { image }, { logits: linear(flatten(maps), { out: 5 }) }).graph;
}

describe("16 sessions at once", () => {
  test("on one device: each computes its own", async () => {
    const sessions = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        i % 2
          ? load(addition, { device })
          : load(chain, { device, weights: { "layer.w": { shape: [5], data: range(5, i) } } }),
      ),
    );
    const runs = sessions.flatMap((session, i) =>
      [1, 3, 2].map(async (n) => {
        if (i % 2) {
          const { sum } = await session.run({ a: range(3 * n, i), b: range(3 * n, 0) });
          expect(sum?.data).toEqual(range(3 * n, 0).map((x) => 2 * x + i));
        } else {
          const { scaled } = await session.run({ x: range(5 * n, 1) });
          expect(scaled?.data).toEqual(range(5 * n, 1).map((x, k) => 2 * x * (i + (k % 5)) ** 2));
        }
      }),
    );
    await Promise.all(runs);
    for (const session of sessions) session.destroy();
  });

  test("on a device each, with trainings between them", async () => {
    const { program } = compile(small());
    const image = range(36, 0).map((x) => x / 36);
    const alone = await load(program, { device, seed: 3 });
    const { logits: want } = await alone.run({ image });
    const data = quarters(30);
    const results = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const { device: own } = await usualDevice();
        try {
          if (i % 4 === 3) {
            const trainer = await createTrainer(linearTraining(), { device: own, seed: 5 });
            for await (const _ of trainer.fit(data, { epochs: 2, batch: 8 }));
            return trainer.weights();
          }
          const session = await load(program, { device: own, seed: 3 });
          return (await session.run({ image }))["logits"];
        } finally {
          own.destroy();
        }
      }),
    );
    results.forEach((result, i) => {
      expect(result).toEqual(i % 4 === 3 ? results[3] : want);
    });
  });
});

test("2,000 runs in a row leave memory as it was (npm run soak: 10,000)", async () => {
  const { buffersMade, buffersAlive, rssGrowth } = await endurance(2000);
  expect({ buffersMade, buffersAlive }).toEqual({ buffersMade: 0, buffersAlive: 0 });
  expect(rssGrowth).toBeLessThan(24 * 2 ** 20);
});
