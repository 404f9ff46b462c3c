/** What a tensor is to a training is data, not its name: models whose names are those that training would give. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adam, add, input, matmul, model, mul, N, type Optimizer, ones, param, sgd } from "weftgpu";
import { compileTraining } from "../../compiler/train/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { random, randomArray } from "../oracle/array.ts";
import { follow } from "./beside.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => device.destroy());

const ROWS = 6;

/** Every name is one that something else goes by: a statistic, the metrics, the target, moments, gradients. */
function hostile(): ReturnType<typeof model> {
  const target = input("target", [N, 3]);
  const hidden = mul(matmul(target, param("w", [3, 2])), param("gate.running_scale", [2], ones()));
  const shifted = add(hidden, param("training.metrics", [2]));
  const more = mul(shifted, param("w.velocity", [2], ones()));
  const output = mul(more, add(param("w.moment1", [2]), param("w.grad", [1])));
  return model("hostile", { target }, { "training.metrics": output });
}

const taken: readonly (readonly [string, Optimizer, readonly string[]])[] = [
  ["momentum", sgd({ lr: 0.1, momentum: 0.9 }), ["w.velocity#2"]],
  ["Adam", adam({ lr: 0.05 }), ["w.moment1#2", "w.moment2"]],
];

describe("a model with the names of training", () => {
  const { graph } = hostile();
  const names = ["w", "gate.running_scale", "training.metrics", "w.velocity", "w.moment1", "w.grad"];

  test.each(taken)("%s: every parameter follows the reference", async (_, optimizer, moments) => {
    const training = compileTraining(graph, {
      loss: "squaredError",
      optimizer,
      bytes: false,
      target: "wasm",
    });
    expect(training.step.inputs.map((i) => i.name)).toEqual(["target", "target#2"]);
    const metrics = [training.step, training.evaluate].map(({ params }) =>
      params.filter((p) => p.use === "metrics").map((p) => p.name),
    );
    expect(metrics).toEqual([["training.metrics#2"], ["training.metrics#2"]]);

    const next = random(5);
    const [x, labels] = [randomArray([ROWS, 3], next), randomArray([ROWS, 2], next)];
    const trainer = await createTrainer(training, { device, seed: 4 });
    expect(Object.keys(trainer.weights()).sort()).toEqual(names.toSorted());
    await follow({ trainer, graph, optimizer, x, labels, epochs: 3 });
    const trained = trainer.weights();

    const checkpoint = trainer.checkpoint();
    expect(Object.keys(checkpoint.tensors)).toEqual(expect.arrayContaining([...names, ...moments]));
    trainer.destroy();
    const again = await createTrainer(training, { device, checkpoint });
    expect(again.weights()).toEqual(trained);
    again.destroy();
  });
});

test("a model without such names has the plain ones", () => {
  const x = input("x", [N, 3]);
  const { graph } = model("plain", { x }, { y: matmul(x, param("w", [3, 2])) });
  const { step } = compileTraining(graph, {
    loss: "squaredError",
    optimizer: sgd({ lr: 0.1, momentum: 0.5 }),
  });
  expect(step.inputs.map((i) => i.name)).toEqual(["x", "target", "rows"]);
  expect(step.params.map(({ name, use }) => [name, use])).toEqual([
    ["w.velocity", "moment"],
    ["w", undefined],
    ["training.metrics", "metrics"],
  ]);
});
