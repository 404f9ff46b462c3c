/** What a trainer keeps: checkpoints, the state it goes back to where something goes wrong, and on another device. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adam, sgd } from "../../compiler/train/index.ts";
import {
  type Checkpoint,
  cosine,
  createTrainer,
  type Epoch,
  readMetadata,
  readSafetensors,
  type Trainer,
  type Training,
  warmUp,
  writeSafetensors,
} from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { withoutMemory } from "../faults/faulty.ts";
import { failure } from "../runtime/failure.ts";
import { bytesOf, CLASSES, collect, linearTraining, quarters } from "./runtime.ts";

let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await usualDevice());
});
afterAll(() => device.destroy());

const momentum = linearTraining(sgd({ lr: 0.5, momentum: 0.9 }));
const data = quarters(50);
const held = quarters(31, 5);

describe("checkpoints", () => {
  for (const [name, optimizer] of [
    ["momentum", sgd({ lr: 0.5, momentum: 0.9 })],
    ["Adam", adam({ lr: 0.01 })],
  ] as const)
    test(`resumed within an epoch, ${name} ends with the bytes of an uninterrupted run`, async () => {
      const training = linearTraining(optimizer);
      const fit = { epochs: 3, batch: 8, schedule: warmUp(4, cosine()) };
      const whole = await createTrainer(training, { device, seed: 2 });
      const all = await collect(whole.fit(data, fit));
      expect(await collect(whole.fit(data, fit))).toEqual([]); // nothing is left to do

      const stop = new AbortController();
      const first = await createTrainer(training, { device, seed: 2 });
      const stopped = await collect(
        first.fit(data, {
          ...fit,
          stepsPerSubmit: 1,
          signal: stop.signal,
          onStep: ({ step }) => step === 9 && stop.abort(),
        }),
      );
      expect(stopped).toHaveLength(1);
      expect(first.position).toMatchObject({ epoch: 1, batch: 8, rows: 50 });
      expect(first.position.stepInEpoch).toBeGreaterThanOrEqual(2);
      expect(first.position.stepInEpoch).toBeLessThan(7);
      const file = bytesOf(first.checkpoint());
      first.destroy();

      const second = await createTrainer(training, { device, checkpoint: file });
      const rest = await collect(second.fit(data, fit));
      expect(Buffer.from(bytesOf(second.checkpoint()))).toEqual(Buffer.from(bytesOf(whole.checkpoint())));
      const plain = (e: Epoch): unknown => ({ loss: e.loss, accuracy: e.trainAccuracy });
      expect([...stopped, ...rest].map(plain)).toEqual(all.map(plain));
      for (const trainer of [whole, second]) trainer.destroy();
    });

  test("are kept every so many steps", async () => {
    const trainer = await createTrainer(momentum, { device });
    const at: unknown[] = [];
    const onCheckpoint = ({ metadata }: Checkpoint): void => {
      const { epoch, stepInEpoch } = JSON.parse(metadata["position"] ?? "");
      at.push([epoch, stepInEpoch]);
    };
    await collect(trainer.fit(data, { epochs: 2, batch: 8, checkpointEvery: 3, onCheckpoint }));
    expect(at).toEqual([
      [0, 3],
      [0, 6],
      [1, 0],
      [1, 3],
      [1, 6],
      [2, 0],
    ]);
    trainer.destroy();
  });

  test("of another model, loss or optimiser are refused", async () => {
    const trainer = await createTrainer(momentum, { device });
    await collect(trainer.fit(data, { batch: 8 }));
    const checkpoint = trainer.checkpoint();
    trainer.destroy();
    const refused = async (training: Training, damaged: Checkpoint = checkpoint): Promise<string> =>
      (await failure(createTrainer(training, { device, checkpoint: damaged }))).message;
    expect(await refused(linearTraining(sgd({ lr: 0.5, momentum: 0.9 }), "other"))).toBe(
      'checkpoint: the model is "small", but this training\'s is "other"',
    );
    expect(await refused(linearTraining(sgd({ lr: 0.5, momentum: 0.8 })))).toBe(
      "checkpoint: the optimiser's momentum is 0.9, but this training's is 0.8",
    );
    expect(await refused(linearTraining(adam()))).toBe(
      'checkpoint: the optimiser is "sgd", but this training\'s is "adam"',
    );
    const bounded = { ...momentum, clip: { norm: 1 } };
    expect(await refused(bounded)).toBe(
      'checkpoint: the bound of gradients is "none", but this training\'s is {"norm":1}',
    );
    const clipped = await createTrainer(bounded, { device });
    expect(await refused(momentum, clipped.checkpoint())).toBe(
      'checkpoint: the bound of gradients is {"norm":1}, but this training\'s is "none"',
    );
    (await createTrainer(bounded, { device, checkpoint: bytesOf(clipped.checkpoint()) })).destroy();
    clipped.destroy();
    const { metadata, tensors } = checkpoint;
    expect(await refused(momentum, { tensors, metadata: {} })).toMatch(/maybe these are plain weights/);
    expect(await refused(momentum, { tensors, metadata: { ...metadata, position: "{" } })).toBe(
      'checkpoint: "position" of the metadata is damaged: {',
    );
    for (const [key, value] of [
      ["step", -1],
      ["epoch", 0.5],
      ["sums", "much"],
      ["rows", null],
    ] as const) {
      const position = JSON.stringify({ ...JSON.parse(metadata["position"] ?? ""), [key]: value });
      expect(await refused(momentum, { tensors, metadata: { ...metadata, position } })).toBe(
        `checkpoint: its ${key} is ${value}`,
      );
    }
    expect(await refused(momentum, { tensors: {}, metadata })).toMatch(
      /^weights: "linear1\.[a-z.]+" \[3(, 16)?\] is missing$/,
    );
    expect((await failure(createTrainer(momentum, { device, checkpoint, seed: 9 }))).message).toMatch(
      /the seed is 9, but the checkpoint's is 0/,
    );
    const mid = {
      ...metadata,
      position: JSON.stringify({ ...JSON.parse(metadata["position"] ?? ""), stepInEpoch: 2 }),
    };
    const resumed = await createTrainer(momentum, { device, checkpoint: { tensors, metadata: mid } });
    expect((await failure(collect(resumed.fit(data, { epochs: 2, batch: 10 })))).message).toBe(
      "small: the checkpoint stands at step 2 of an epoch of 50 examples in batches of 8; it cannot go on with a data set of 50 in batches of 10",
    );
    resumed.destroy();
  });

  test("survive a file", () => {
    const tensors = { w: { shape: [2], data: Float32Array.of(1, 2) } };
    const file = writeSafetensors(tensors, { b: "2", a: "ä" });
    expect(readMetadata(file)).toEqual({ a: "ä", b: "2" });
    expect(readSafetensors(file)["w"]?.data).toEqual(tensors.w.data);
    expect(writeSafetensors(tensors, { a: "ä", b: "2" })).toEqual(file);
    expect(readMetadata(writeSafetensors(tensors))).toEqual({});
    expect(writeSafetensors(tensors)).toEqual(writeSafetensors(tensors, {}));
    const damaged = Buffer.from(Buffer.from(file).toString("latin1").replace('"b":"2"', '"b":222'), "latin1");
    expect(() => readMetadata(damaged)).toThrow('"b" of __metadata__ is no text, but number');
  });
});

describe("what goes wrong", () => {
  let trainer: Trainer;
  beforeAll(async () => {
    trainer = await createTrainer(momentum, { device });
  });
  afterAll(() => trainer.destroy());

  test("bad data are named with their numbers", async () => {
    const tried = async (set: unknown, options = {}): Promise<string> =>
      (await failure(collect(trainer.fit(set as typeof data, { batch: 4, ...options })))).message;
    const { images, labels } = quarters(6);
    expect(await tried({ images: images.subarray(1), labels })).toBe(
      "small: images [N, 1, 4, 4] need a multiple of 16 bytes, got 95",
    );
    expect(await tried({ images, labels: labels.subarray(1) })).toBe(
      "small: images and labels differ in number: 6 and 5",
    );
    expect(await tried({ images: new Uint8Array(), labels: new Uint8Array() })).toMatch(
      /there are no images/,
    );
    expect(await tried({ images: Array.from(images), labels })).toBe(
      "small: images have to be a Uint8Array, got Array",
    );
    const wrong = labels.slice();
    wrong[4] = 3;
    expect(await tried({ images, labels: wrong })).toBe("small: label 4 is 3, the classes are 0 … 2");
    expect(await tried({ images, labels, classes: 2 })).toMatch(/label \d is 2, the classes are 0 … 1/);
    expect(await tried({ images, labels }, { test: { images, labels: wrong } })).toMatch(/label 4 is 3/);
    expect(await tried({ images, labels }, { batch: 7 })).toBe(
      "small: the batch of 7 is larger than the data set of 6",
    );
    expect(await tried({ images, labels }, { batch: 0 })).toMatch(
      /batch is 0, it has to be a whole number from 1/,
    );
    expect(await tried({ images, labels }, { epochs: 1.5 })).toMatch(/epochs is 1.5/);
    expect(await tried({ images, labels }, { schedule: () => -1 })).toBe(
      "small: the learning rate of step 1 is -1, it has to be a number above 0",
    );
    expect((await failure(createTrainer(momentum, { device, seed: -1 }))).message).toBe(
      "createTrainer: seed has to be a whole number from 0 to 4294967295, got -1",
    );
  });

  test("a loss that is not finite stops at once, names the step and keeps the state before", async () => {
    const fresh = await createTrainer(momentum, { device });
    await collect(fresh.fit(data, { batch: 8 }));
    const before = bytesOf(fresh.checkpoint());
    const steps: number[] = [];
    const error = await failure(
      collect(
        fresh.fit(data, {
          epochs: 3,
          batch: 8,
          schedule: ({ step }) => (step === 9 ? 3e38 : 0.5),
          onStep: ({ step }) => steps.push(step),
        }),
      ),
    );
    expect(error.code).toBe("diverged");
    expect(error.message).toMatch(
      /^small: the loss of epoch 2, step 4 of 7 is (NaN|Infinity) \(learning rate 0\.5\): linear1's activations \(in a kernel with flatten1\) hold \d+ values that are NaN or infinite\. The state before is kept; try a smaller learning rate, or to clip gradients$/,
    );
    expect(steps.at(-1)).toBe(10);
    expect(bytesOf(fresh.checkpoint())).toEqual(before);
    // It goes on from there as if nothing had happened.
    await collect(fresh.fit(data, { epochs: 2, batch: 8 }));
    const whole = await createTrainer(momentum, { device });
    await collect(whole.fit(data, { epochs: 2, batch: 8 }));
    expect(bytesOf(fresh.checkpoint())).toEqual(bytesOf(whole.checkpoint()));
    for (const t of [fresh, whole]) t.destroy();
  });

  test("a lost device: training goes on from the kept state on another one", async () => {
    const { device: doomed } = await usualDevice();
    const unlucky = await createTrainer(momentum, { device: doomed });
    const run = collect(
      unlucky.fit(data, {
        epochs: 2,
        batch: 8,
        checkpointEvery: 2,
        onStep: ({ step }) => step === 11 && doomed.destroy(),
      }),
    );
    expect((await failure(run)).code).toBe("device-lost");
    expect(unlucky.position).toMatchObject({ epoch: 1, stepInEpoch: 2 });
    expect((await failure(unlucky.evaluate(held))).code).toBe("device-lost");
    await unlucky.reload(device);
    await collect(unlucky.fit(data, { epochs: 2, batch: 8 }));
    const whole = await createTrainer(momentum, { device });
    await collect(whole.fit(data, { epochs: 2, batch: 8 }));
    expect(bytesOf(unlucky.checkpoint())).toEqual(bytesOf(whole.checkpoint()));
    for (const t of [unlucky, whole]) t.destroy();
  });

  test("out of memory: training goes on with a smaller batch", async () => {
    const { device: own } = await usualDevice();
    const many = quarters(600);
    const large = 4 * CLASSES * 600; // a number for each class and example; the data set has 16 bytes for each example
    const small = withoutMemory(own, (size) => size >= large && size < 16 * 600);
    const trainer = await createTrainer(momentum, { device: small });
    const error = await failure(collect(trainer.fit(many, { batch: 600, test: held })));
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toBe("small, batch of 600: no memory left");
    await collect(trainer.fit(many, { batch: 300, test: held }));
    const whole = await createTrainer(momentum, { device });
    await collect(whole.fit(many, { batch: 300 }));
    expect(bytesOf(trainer.checkpoint())).toEqual(bytesOf(whole.checkpoint()));
    for (const t of [trainer, whole]) t.destroy();
    own.destroy();
  });

  test("a destroyed trainer says so, and has its weights still", async () => {
    const gone = await createTrainer(momentum, { device });
    gone.destroy();
    expect((await failure(collect(gone.fit(data)))).code).toBe("destroyed");
    expect((await failure(gone.evaluate(data))).code).toBe("destroyed");
    expect(gone.weights()["linear1.bias"]?.data).toHaveLength(CLASSES);
  });
});
