/** Memory that WebGPU itself does not take: shared between threads, or of a size that may change. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Weights, writeSafetensors } from "../../runtime/index.ts";
import { createTrainer, readMetadata } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { bytesOf, collect, figures, kernelTraining, linearTraining, quarters } from "../train/runtime.ts";
import { chain, range } from "./programs.ts";

let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await usualDevice());
});
afterAll(() => device.destroy());

type Resizable = new (length: number, options: { readonly maxByteLength: number }) => ArrayBuffer; // of ES2024

describe.each<[kind: string, make: (bytes: number) => ArrayBufferLike]>([
  ["shared", (bytes) => new SharedArrayBuffer(bytes)],
  ["resizable", (bytes) => new (ArrayBuffer as unknown as Resizable)(bytes, { maxByteLength: bytes + 64 })],
])("%s memory", (_, make) => {
  const floats = (from: ArrayLike<number>): Float32Array => {
    const array = new Float32Array(make(from.length * 4 + 8), 4, from.length); // a view with an offset
    array.set(from);
    return array;
  };
  const bytes = (from: ArrayLike<number>): Uint8Array => {
    const array = new Uint8Array(make(from.length));
    array.set(from);
    return array;
  };
  const w = range(5).map((x) => x + 1);

  test("as inputs and as weights, as tensors and as the bytes of a file", async () => {
    const file = bytes(writeSafetensors({ "layer.w": { shape: [5], data: w } }));
    const given: (Weights | Uint8Array | ArrayBuffer)[] = [
      { "layer.w": { shape: [5], data: floats(w) } },
      file,
      file.buffer as ArrayBuffer,
    ];
    for (const weights of given) {
      const session = await load(chain, { device, weights });
      const { doubled, scaled } = await session.run({ x: floats(range(10)) });
      expect(doubled?.data).toEqual(range(10).map((x) => 2 * x));
      expect(scaled?.data).toEqual(range(10).map((x, i) => 2 * x * ((i % 5) + 1) ** 2));
      session.destroy();
    }
  });

  test("as data sets, weights and checkpoints of a training", async () => {
    const { images, labels } = quarters(40);
    const epochs = await Promise.all(
      [
        { images, labels },
        { images: bytes(images), labels: bytes(labels) },
      ].map(async (data) => {
        const trainer = await createTrainer(linearTraining(), { device });
        const first = figures(await collect(trainer.fit(data, { batch: 8, test: data })));
        const checkpoint = bytes(bytesOf(trainer.checkpoint()));
        expect(readMetadata(checkpoint)).toEqual(trainer.checkpoint().metadata);
        const next = await createTrainer(linearTraining(), { device, checkpoint });
        const second = figures(await collect(next.fit(data, { batch: 8, epochs: 2 })));
        trainer.destroy();
        next.destroy();
        return [first, second];
      }),
    );
    expect(epochs[1]).toEqual(epochs[0]);
  });

  test("as data sets of numbers", async () => {
    const [images, labels] = [range(2 * 48), range(2 * 42)];
    const trainer = await createTrainer(kernelTraining(), { device });
    const plain = await trainer.evaluate({ images, labels });
    expect(await trainer.evaluate({ images: floats(images), labels: floats(labels) })).toEqual(plain);
    trainer.destroy();
  });
});
