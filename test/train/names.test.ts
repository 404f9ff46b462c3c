/** What a tensor is to a training is data, not its name: models whose names are those that training would give. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adam, add, input, matmul, model, mul, N, type Optimizer, ones, param, sgd } from "weftgpu";
import { compileTraining } from "../../compiler/train/index.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { type Arrays, random, randomArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { gradientsOf, sum, updated } from "./stepReference.ts";

let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await requestDevice());
});
afterAll(() => device.destroy());

const ROWS = 6;
const EPOCHS = 3;

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
    const training = compileTraining(graph, { loss: "squaredError", optimizer, bytes: false });
    expect(training.step.inputs.map((i) => i.name)).toEqual(["target", "target#2"]);
    const metrics = [training.step, training.evaluate].map(({ params }) =>
      params.filter((p) => p.use === "metrics").map((p) => p.name),
    );
    expect(metrics).toEqual([["training.metrics#2"], ["training.metrics#2"]]);

    const next = random(5);
    const [x, labels] = [randomArray([ROWS, 3], next), randomArray([ROWS, 2], next)];
    const data = { images: Float32Array.from(x.data), labels: Float32Array.from(labels.data) };
    const trainer = await createTrainer(training, { device, seed: 4 });
    let params: Arrays = Object.fromEntries(
      Object.entries(trainer.weights()).map(([name, t]) => [
        name,
        { shape: t.shape, data: Float64Array.from(t.data) },
      ]),
    );
    expect(Object.keys(params).sort()).toEqual(names.toSorted());
    const lossOf = (p: Arrays): number => {
      const y = evaluate(graph, { target: x }, p)["training.metrics"];
      if (!y) throw new Error("no output");
      return sum(Array.from(y.data, (v, i) => (v - (labels.data[i] ?? 0)) ** 2)) / y.data.length;
    };
    const state = new Map<string, { m: number; v: number }>();
    for (let t = 1; t <= EPOCHS; t++) {
      const before = lossOf(params);
      for await (const { loss } of trainer.fit(data, { epochs: t, batch: ROWS }))
        expect(Math.abs(loss - before)).toBeLessThan(1e-5 * (1 + before));
      const gradients = gradientsOf(lossOf, params);
      params = Object.fromEntries(
        Object.entries(params).map(([name, { shape, data }]) => {
          const moved = data.map((w, j) => {
            const key = `${name} ${j}`;
            const gradient = gradients[name]?.data[j] ?? Number.NaN;
            const element = updated({ w, ...(state.get(key) ?? { m: 0, v: 0 }) }, gradient, optimizer, t);
            state.set(key, element);
            return element.w;
          });
          return [name, { shape, data: moved }];
        }),
      );
    }
    const trained = trainer.weights();
    for (const [name, want] of Object.entries(params))
      want.data.forEach((w, j) => {
        expect(Math.abs((trained[name]?.data[j] ?? Number.NaN) - w), `${name}[${j}]`).toBeLessThan(2e-5);
      });
    expect((await trainer.evaluate(data)).loss).toBeCloseTo(lossOf(params), 4);

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
  expect(step.inputs.map((i) => i.name)).toEqual(["x", "target"]);
  expect(step.params.map(({ name, use }) => [name, use])).toEqual([
    ["w.velocity", "moment"],
    ["w", undefined],
    ["training.metrics", "metrics"],
  ]);
});
