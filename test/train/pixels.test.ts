/** Models that score classes at each place of a picture, [N, classes, H, W] with labels [N, H, W]. */
import { afterAll, expect, test } from "vitest";
import { conv2d, input, model, N } from "../../compiler/dsl/index.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";

const device = await wasmDevice({ threads: 1 });
afterAll(() => device.destroy());

const [ROWS, SIDE] = [16, 6];
const images = Uint8Array.from({ length: 3 * SIDE * SIDE * ROWS }, (_, i) => (i * 7919) % 251);
/** The brightest channel of each place. */
const labels = Uint8Array.from({ length: SIDE * SIDE * ROWS }, (_, i) => {
  const [row, place] = [Math.floor(i / SIDE ** 2), i % SIDE ** 2];
  const values = [0, 1, 2].map((c) => images[(3 * row + c) * SIDE ** 2 + place] ?? 0);
  return values.indexOf(Math.max(...values));
});

const image = input("image", [N, 3, SIDE, SIDE]);
const scores = conv2d(image, { out: 3, kernel: 1 });

test("are trained from a label for each place; the accuracy is that of places", async () => {
  const training = compileTraining(model("pixels", { image }, { scores }).graph, {
    optimizer: sgd({ lr: 2, momentum: 0.9 }),
    target: "wasm",
  });
  const trainer = await createTrainer(training, { device, seed: 3 });
  const before = await trainer.evaluate({ images, labels });
  for await (const _ of trainer.fit({ images, labels }, { epochs: 40, batch: 4 }));
  const after = await trainer.evaluate({ images, labels });
  trainer.destroy();
  expect(before.accuracy).toBeLessThan(0.8);
  expect(before.loss).toBeGreaterThan(0.5); // a mean over places, too
  expect(before.loss).toBeLessThan(3);
  expect(after.accuracy).toBeGreaterThan(0.93);
  expect(after.accuracy).toBeLessThanOrEqual(1);
  expect(after.loss).toBeLessThan(before.loss / 2);
});
