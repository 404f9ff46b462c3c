/** LeNet's own training step, by its kernels and as plain loops: on the adapter, and where its driver would build for long by their text. */
import { expect, test } from "vitest";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import lenet from "../../models/lenet.ts";
import { shuffled } from "../../runtime/data.ts";
import { createTrainer } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { interpreter } from "../wgsl/device.ts";
import { example } from "./lenetReference.ts";

const PIXELS = 28 * 28;

test.each(["portable", "gpu"] as const)(
  "%s: an epoch of 7 examples in batches of 4 equals plain loops in float64",
  async (target) => {
    const device = target === "gpu" ? interpreter() : (await usualDevice()).device;
    const lr = 0.9;
    const training = compileTraining(lenet.graph, { optimizer: sgd({ lr }), target });
    expect(training.step.dispatches.length).toBeLessThanOrEqual(target === "gpu" ? 19 : 24);
    const trainer = await createTrainer(training, { device, seed: 1 });
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    const images = Uint8Array.from({ length: 7 * PIXELS }, random);
    const labels = Uint8Array.from({ length: 7 }, (_, i) => (3 * i) % 10);
    const start = trainer.weights();
    const names = Object.keys(start);
    const params = Object.values(start).map(({ data }) => Float64Array.from(data));
    const losses: number[] = [];
    for await (const _ of trainer.fit(
      { images, labels },
      { batch: 4, onStep: (s) => losses.push(s.batchLoss) },
    ));

    const order = shuffled(7, 1, 0);
    [order.subarray(0, 4), order.subarray(4)].forEach((batch, step) => {
      const grads = params.map((p) => new Float64Array(p.length));
      let loss = 0;
      for (const row of batch) {
        const image = Float64Array.from(images.subarray(row * PIXELS, (row + 1) * PIXELS), (v) => v / 255);
        loss += example(params, grads, image, labels[row] as number);
      }
      expect(losses[step]).toBeCloseTo(loss / batch.length, 5);
      params.forEach((p, k) => {
        p.forEach((v, i) => {
          p[i] = v - (lr * (grads[k]?.[i] as number)) / batch.length;
        });
      });
    });
    const got = trainer.weights();
    names.forEach((name, k) => {
      const [before, want] = [start[name]?.data as Float32Array, params[k] as Float64Array];
      // Of the change, not of the value: small gradients count as much as large ones.
      const scale = Math.max(...want.map((w, i) => Math.abs(w - (before[i] as number))));
      const worst = Math.max(...want.map((w, i) => Math.abs((got[name]?.data[i] as number) - w)));
      expect(worst, name).toBeLessThan(1e-3 * scale + 1e-7);
    });
    trainer.destroy();
    device.destroy();
  },
);
