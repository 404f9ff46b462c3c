/** Training that diverges: which step, which layer, how many values, and what is kept. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  batchNorm2d,
  conv2d,
  exp,
  flatten,
  input,
  linear,
  maxPool2d,
  model,
  mul,
  N,
  param,
  sqrt,
  type Tensor,
  zeros,
} from "weftgpu";
import { mapGraph } from "../../compiler/ir/graph.ts";
import { type Clip, compileTraining, type Optimizer, sgd } from "../../compiler/train/index.ts";
import type { Weights } from "../../contract/weights.ts";
import { shuffled } from "../../runtime/data.ts";
import {
  createTrainer,
  DivergedError,
  type FitOptions,
  type Training,
  validateTraining,
} from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { kernelTraining, PIXELS } from "./runtime.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => device.destroy());

const ROWS = 8;
const BATCH = 4;
const UNITS = 5;

/** A hidden layer whose results `middle` changes, and scores of two classes. */
function trainingOf(
  middle: (x: Tensor<[N, number]>) => Tensor<[N, number]>,
  options: { optimizer?: Optimizer; clip?: Clip } = {},
): Training {
  const image = input("image", [N, 1, 4, 4]);
  const hidden = linear(flatten(image), { out: UNITS });
  const graph = model("hidden", { image }, { logits: linear(middle(hidden), { out: 2 }) }).graph;
  return compileTraining(graph, { optimizer: sgd({ lr: 0.1 }), target: "wasm", ...options });
}

/** A hidden layer that sums the pixels, each times `scale`; the scores' weights are small. */
const weights = (scale: number): Weights => ({
  "linear1.weight": { shape: [UNITS, PIXELS], data: new Float32Array(UNITS * PIXELS).fill(scale) },
  "linear1.bias": { shape: [UNITS], data: new Float32Array(UNITS) },
  "linear2.weight": { shape: [2, UNITS], data: Float32Array.from({ length: 2 * UNITS }, (_, i) => i / 100) },
  "linear2.bias": { shape: [2], data: new Float32Array(2) },
});

/** Grey pictures, but for those at one place of the shuffled order. */
function pictures(place: number, pixel: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(ROWS * PIXELS).fill(10);
  const row = shuffled(ROWS, 0, 0)[place] as number;
  images.fill(pixel, row * PIXELS, (row + 1) * PIXELS);
  return { images, labels: Uint8Array.from({ length: ROWS }, (_, i) => i % 2) };
}

async function failureOf(
  training: Training,
  data: { images: Uint8Array | Float32Array; labels: Uint8Array | Float32Array },
  start: Weights | undefined,
  fit: FitOptions = {},
): Promise<DivergedError> {
  const trainer = await createTrainer(training, { device, ...(start ? { weights: start } : {}) });
  const before = trainer.weights();
  const run = async (): Promise<void> => {
    for await (const _ of trainer.fit(data, { batch: BATCH, ...fit }));
  };
  const error = await run().then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(trainer.weights()).toEqual(before);
  expect(trainer.position.step).toBe(0);
  trainer.destroy();
  if (!(error instanceof DivergedError)) throw error ?? new Error("it did not diverge");
  return error;
}

test("activations that overflow: the step, the layer and how many", async () => {
  // e^(16 · 6) is more than a float holds, e^(16 · 6 · 10/255) is 43.
  const training = trainingOf((x) => exp(x));
  const { failure, message, code } = await failureOf(training, pictures(6, 255), weights(6));
  expect(failure).toMatchObject({ step: 2, epoch: 1, stepInEpoch: 2 });
  const where = `exp1's activations (in a kernel with flatten1, linear1) hold ${UNITS} values that are NaN or infinite`;
  expect(failure.where).toBe(where);
  expect(message.replace("Infinity", "NaN")).toBe(
    `hidden: the loss of epoch 1, step 2 of 2 is NaN (learning rate 0.1): ${where}. The state before is kept; try a smaller learning rate, or to clip gradients`,
  );
  expect(code).toBe("diverged");
});

test("gradients that are none: the loss fails a step later, the layer is named all the same", async () => {
  // √x has no slope at 0, where a black picture leads.
  const training = trainingOf((x) => sqrt(x));
  const { failure } = await failureOf(training, pictures(1, 0), weights(0.1));
  expect(failure).toMatchObject({ step: 2, stepInEpoch: 2 });
  expect(failure.where).toBe(
    `in step 1, the gradients of linear1 hold ${UNITS} values that are NaN or infinite`,
  );
});

test("parameters that are none after the last step of an epoch: the gradients that made them", async () => {
  const training = trainingOf((x) => sqrt(x));
  const { failure } = await failureOf(training, pictures(5, 0), weights(0.1), { batch: ROWS });
  expect(failure).toMatchObject({
    step: 1,
    stepInEpoch: 1,
    problem: "the parameters are not finite after epoch 1, step 1 of 1",
    where: `the gradients of linear1 hold ${UNITS} values that are NaN or infinite`,
  });
});

test("with momentum and clipped gradients; in submits of one step", async () => {
  const options = { optimizer: sgd({ lr: 0.1, momentum: 0.9 }), clip: { norm: 1 } };
  const training = trainingOf((x) => exp(mul(x, 6)), options);
  const { failure } = await failureOf(training, pictures(6, 255), weights(1), { stepsPerSubmit: 1 });
  expect(failure.where).toMatch(
    /^exp1's activations \(in a kernel with .*mul1\) hold 5 values that are NaN or infinite$/,
  );
});

/** Names that Weft's own nodes have, or once were known by. */
const taken = [
  "loss",
  "x.grad",
  "gradients.norm",
  "w_updated",
  "w.moment1_updated",
  "image.scaled",
  "training.metrics_updated",
];

test.each(taken)("a layer that is called %s", async (name) => {
  const image = input("image", [N, 1, 4, 4]);
  const scores = linear(exp(linear(flatten(image), { out: UNITS })), { out: 2 });
  const graph = mapGraph(model("hidden", { image }, { scores }).graph, (node) =>
    node.origin.name === "exp1" ? { ...node, origin: { ...node.origin, name } } : node,
  );
  const training = compileTraining(graph, { optimizer: sgd({ lr: 0.1 }), target: "wasm" });
  const { failure } = await failureOf(training, pictures(2, 255), weights(6));
  expect(failure.where).toBe(
    `${name}'s activations (in a kernel with flatten1, linear1) hold ${UNITS} values that are NaN or infinite`,
  );
});

test.each(
  taken.flatMap((name) => [
    [name, "the update of", {}] as const, // the kernel of the update computes the gradient, too
    [name, "the gradients of", { clip: { norm: 1 } }] as const,
  ]),
)("a parameter that is called %s: %s it", async (name, what, options) => {
  // √p has no slope at 0.
  const training = trainingOf((x) => mul(x, sqrt(param(name, [UNITS], zeros()))), options);
  const { failure } = await failureOf(training, pictures(2, 10), undefined);
  expect(failure.where?.replace("holds", "hold")).toBe(
    `in step 1, ${what} ${name} hold ${UNITS} values that are NaN or infinite`,
  );
});

test("an update that overflows, of gradients that do not", async () => {
  const training = trainingOf((x) => x, { optimizer: sgd({ lr: 3e38 }) });
  const { failure } = await failureOf(training, pictures(2, 255), weights(100));
  expect(failure.where).toMatch(/^in step 1, the update of linear[12]\.(weight|bias) holds \d+ values/);
});

test("each kernel's result has its role: input, activations, loss, gradients, norm, updates, metrics", () => {
  const image = input("image", [N, 3, 4, 4]);
  const bright = maxPool2d(image, { kernel: 2 });
  const maps = batchNorm2d(conv2d(bright, { out: 4, kernel: 1 }));
  const graph = model("all", { image }, { logits: linear(flatten(maps), { out: 2 }) }).graph;
  const training = compileTraining(graph, { optimizer: sgd({ lr: 0.1, momentum: 0.9 }), clip: { norm: 1 } });
  expect(() => validateTraining(training)).not.toThrow();
  const said = new Set(training.results.flat().map(([role, of]) => `${role} ${of}`));
  for (const each of [
    "activations conv2d1",
    "loss linear1",
    "gradients linear1.weight",
    "norm gradients",
    "update conv2d1.weight",
    "update batchNorm2d1.running_mean",
  ])
    expect([...said]).toContain(each);
  // What overwrites a parameter is its update, and what overwrites the metrics belongs to the loss.
  const { kernels, dispatches, params } = training.step;
  for (const [i, { kernel, buffers }] of dispatches.entries()) {
    const written = buffers.filter((_, k) => kernels[kernel]?.bindings[k]?.access === "read_write");
    for (const [k, buffer] of written.entries()) {
      const param = params.find((p) => p.buffer === buffer);
      const [role, of = ""] = training.results[i]?.[k] ?? [];
      if (param?.use === "metrics") expect(role).toBe("loss");
      else if (param)
        expect(`${role} ${param.name}`).toContain(`update ${of}`); // a moment is called after its parameter
      else expect(role).not.toBe("update");
    }
  }
});

test("numbers that are not on the GPU: an example that is infinite", async () => {
  const training = kernelTraining("wasm");
  const images = new Float32Array(ROWS * 48).fill(1);
  const row = shuffled(ROWS, 0, 0)[5] as number;
  images[row * 48] = Number.POSITIVE_INFINITY;
  const { failure } = await failureOf(training, { images, labels: new Float32Array(ROWS * 42) }, undefined);
  expect(failure).toMatchObject({
    step: 2,
    where: "conv2d1's activations hold 1 value that is NaN or infinite",
  });
});
