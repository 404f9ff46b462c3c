/** Layers that are applied twice, and parameters that several layers are given: computed and trained. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  adam,
  add,
  avgPool2d,
  batchNorm2d,
  concat,
  conv2d,
  flatten,
  input,
  layerNorm,
  linear,
  type Model,
  model,
  mul,
  N,
  param,
  reshape,
  sequential,
  sgd,
  tanh,
  transpose,
} from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import { compileTraining } from "../../compiler/train/index.ts";
import type { Shape } from "../../contract/type.ts";
import { createTrainer } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { random, randomArray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";
import { follow } from "./beside.ts";
import { inTraining } from "./meanings.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(async () => {
  device.destroy();
  await closeDevice();
});

const ROWS = 4;

/** One tower on both halves of a picture. */
function twins(): Model<unknown, unknown> {
  const x = input("x", [N, 2, 5, 5]);
  const tower = sequential(
    conv2d({ out: 3, kernel: 2, stride: 2 }),
    layerNorm({ dims: 3 }),
    tanh(),
    flatten(),
    linear({ out: 2 }),
  );
  return model("twins", { x }, { d: add(tower(x), tower(mul(x, x))) });
}

/** An autoencoder whose decoder is the encoder's transpose (tied weights), with a shared gain. */
function tied(): Model<unknown, unknown> {
  const x = input("x", [N, 5]);
  const weight = param("weight", [3, 5]);
  const gain = param("gain", [3]);
  const code = tanh(linear(x, { out: 3, weight, bias: gain }));
  const y = linear(layerNorm(code, { weight: add(gain, 1) }), { out: 5, weight: transpose(weight) });
  return model("tied", { x }, { y });
}

/** Two convolutions with one kernel, made of a smaller parameter, and with one bias. */
function kernels(): Model<unknown, unknown> {
  const x = input("x", [N, 2, 6, 6]);
  const row = param("row", [2, 2, 3]);
  const weight = mul(reshape(row, [2, 2, 3, 1]), reshape(row, [2, 2, 1, 3]));
  const bias = param("bias", [2]);
  const near = conv2d(x, { out: 2, kernel: 3, weight, bias });
  const far = conv2d(near, { out: 2, kernel: 3, dilation: 1, padding: 1, weight, bias });
  return model("kernels", { x }, { y: flatten(avgPool2d(tanh(add(near, far)), { kernel: 2 })) });
}

const models: readonly (readonly [string, () => Model<unknown, unknown>, readonly string[]])[] = [
  [
    "twins",
    twins,
    [
      "conv2d1.weight",
      "conv2d1.bias",
      "layerNorm1.weight",
      "layerNorm1.bias",
      "linear1.weight",
      "linear1.bias",
    ],
  ],
  ["tied weights", tied, ["weight", "gain", "layerNorm1.bias", "linear2.bias"]],
  ["a kernel made of a parameter", kernels, ["row", "bias"]],
];

const sizes = (shape: Shape | undefined): readonly number[] =>
  (shape ?? []).map((d) => (typeof d === "number" ? d : ROWS));

describe.each(models)("%s", (_, build, names) => {
  const { graph } = build();
  const next = random(3);
  const x = randomArray(sizes(graph.inputs[0]?.node.type.shape), next);
  const labels = randomArray(sizes(graph.outputs[0]?.node.type.shape), next);

  test("is computed as the reference does", async () => {
    const params = Object.fromEntries(
      graph.nodes.flatMap((n) =>
        n.kind === "param" ? [[n.origin.name, randomArray(sizes(n.type.shape), next)]] : [],
      ),
    );
    expect(Object.keys(params).toSorted()).toEqual(names.toSorted());
    const want = reference(graph, { x }, params);
    expect(differences(await runWeft(graph, { x }, params), want)).toBeUndefined();
  });

  test.each([
    ["momentum", sgd({ lr: 0.1, momentum: 0.9 })],
    ["Adam", adam({ lr: 0.05 })],
  ] as const)("is trained as the reference is, with %s", async (_, optimizer) => {
    const training = compileTraining(graph, {
      loss: "squaredError",
      optimizer,
      bytes: false,
      target: "wasm",
    });
    const trainer = await createTrainer(training, { device, seed: 2 });
    await follow({ trainer, graph, optimizer, x, labels, epochs: 3 });
    trainer.destroy();
  });
});

test("a shared batch normalisation moves its statistics once for each application", async () => {
  const x = input("x", [N, 1, 2, 2]);
  const norm = batchNorm2d({ momentum: 0.25 });
  const y = flatten(add(norm(x), norm(mul(x, 3))));
  const graph: Graph = model("norms", { x }, { y }).graph;
  const optimizer = sgd({ lr: 0.1 });
  const training = compileTraining(graph, {
    loss: "squaredError",
    optimizer,
    bytes: false,
    target: "wasm",
  });
  const next = random(9);
  const [images, labels] = [randomArray([ROWS, 1, 2, 2], next), randomArray([ROWS, 4], next)];
  const trainer = await createTrainer(training, { device });
  await follow({ trainer, graph, optimizer, x: images, labels, epochs: 1, custom: inTraining });
  const values = Array.from(images.data);
  const mean = values.reduce((a, v) => a + v, 0) / values.length;
  const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / (values.length - 1);
  // running ← 0.75 · running + 0.25 · batch, first of x, then of 3 · x.
  const { "batchNorm2d1.running_mean": means, "batchNorm2d1.running_var": variances } = trainer.weights();
  expect(means?.data[0]).toBeCloseTo(0.75 * 0.25 * mean + 0.25 * 3 * mean, 5);
  expect(variances?.data[0]).toBeCloseTo(0.75 * (0.75 + 0.25 * variance) + 0.25 * 9 * variance, 5);
  trainer.destroy();
});

test("a layer applied to both parts of a concat", async () => {
  const x = input("x", [N, 3]);
  const layer = linear({ out: 2 });
  const { graph } = model("pair", { x }, { y: concat([layer(x), layer(mul(x, 2)), x]) });
  const next = random(1);
  const data = randomArray([ROWS, 3], next);
  const params = { "linear1.weight": randomArray([2, 3], next), "linear1.bias": randomArray([2], next) };
  expect(differences(await runWeft(graph, { x: data }, params), reference(graph, { x: data }, params))).toBe(
    undefined,
  );
});
