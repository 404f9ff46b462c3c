/** Parameters that training leaves as they are. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchNorm2d, conv2d, flatten, input, linear, model, N, relu } from "weftgpu";
import { adam, compileTraining, type Optimizer, sgd } from "../../compiler/train/index.ts";
import { createTrainer, type Training, type Weights } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { CLASSES, quarters } from "./runtime.ts";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => device.destroy());

const image = input("image", [N, 1, 4, 4]);
const maps = relu(batchNorm2d(conv2d(image, { out: 4, kernel: 3 })));
const hidden = relu(linear(flatten(maps), { out: 6 }));
const { graph } = model("frozen", { image }, { logits: linear(hidden, { out: CLASSES }) });

const training = (freeze: readonly string[], optimizer: Optimizer = sgd({ lr: 0.3 })): Training =>
  compileTraining(graph, { optimizer, freeze, target: "wasm" });
const data = quarters(24);

/** One step on all examples. */
async function stepped(of: Training, weights?: Weights): Promise<Weights> {
  const trainer = await createTrainer(of, { device, ...(weights && { weights }) });
  for await (const _ of trainer.fit(data, { epochs: 1, batch: 24 }));
  const after = trainer.weights();
  trainer.destroy();
  return after;
}
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

const NAMES = training([]).evaluate.params.flatMap(({ name, use }) => (use === "metrics" ? [] : [name]));
const FIRST = NAMES.filter((name) => name.startsWith("conv"));

describe("what is frozen", () => {
  test("does not move, and the rest moves as if nothing were: step by step, bit by bit", async () => {
    const [whole, part] = [training([]), training(["conv2d1", "linear1.bias"])];
    let weights = await stepped(whole);
    for (let step = 0; step < 3; step++) {
      const [all, some] = [await stepped(whole, weights), await stepped(part, weights)];
      for (const name of NAMES) {
        const frozen = FIRST.includes(name) || name === "linear1.bias";
        expect(some[name]?.data, name).toEqual((frozen ? weights : all)[name]?.data);
        expect(all[name]?.data, name).not.toEqual(weights[name]?.data);
      }
      weights = some;
    }
  });

  test("has no moments, and what leads to it alone is not computed", () => {
    const moments = ({ step }: Training): readonly string[] =>
      step.params.flatMap(({ name, use }) => (use === "moment" ? [name] : []));
    const [whole, part] = [training([], adam()), training(["conv2d1", "batchNorm2d1", "linear1"], adam())];
    expect(moments(whole)).toHaveLength(2 * 8);
    expect(moments(part)).toHaveLength(2 * 2);
    expect(moments(part).every((name) => name.startsWith("linear2"))).toBe(true);
    expect(part.step.dispatches.length).toBeLessThan(whole.step.dispatches.length);
    const gradients = part.results.flat().filter(([role]) => role === "gradients");
    expect(gradients.every(([, of]) => of.startsWith("linear2"))).toBe(true);
  });

  test("goes on from a checkpoint, and from one with other moments not", async () => {
    const part = training(["conv2d1"], adam({ lr: 0.01 }));
    const one = await createTrainer(part, { device });
    for await (const _ of one.fit(data, { epochs: 4, batch: 8 }));
    const two = await createTrainer(part, { device });
    for await (const _ of two.fit(data, { epochs: 2, batch: 8 }));
    const checkpoint = two.checkpoint();
    const three = await createTrainer(part, { device, checkpoint });
    for await (const _ of three.fit(data, { epochs: 4, batch: 8 }));
    expect(three.weights()).toEqual(one.weights());
    await expect(createTrainer(training([], adam({ lr: 0.01 })), { device, checkpoint })).rejects.toThrow(
      /^weights: "conv2d1\.bias\.moment1" \[4\] is missing/,
    );
    for (const trainer of [one, two, three]) trainer.destroy();
  });
});

describe("names", () => {
  const frozen = (...freeze: readonly string[]): readonly string[] => {
    const { step } = training(freeze, adam());
    const moving = step.params.flatMap(({ name, use }) => (use === "moment" ? [name] : []));
    return NAMES.filter((name) => !/running/.test(name) && !moving.some((m) => m.startsWith(name)));
  };

  test("are of layers, of parameters, or hold a *", () => {
    expect(frozen("linear1")).toEqual(["linear1.weight", "linear1.bias"]);
    expect(frozen("linear1.bias")).toEqual(["linear1.bias"]);
    expect(frozen("*.bias")).toEqual(NAMES.filter((name) => name.endsWith(".bias")));
    expect(frozen("linear*", "conv2d1")).toHaveLength(6);
  });

  test("that are none are refused with what may have been meant", () => {
    expect(message(() => training(["linear"]))).toBe(
      `"linear" is to be frozen, but no trained parameter of frozen is called so
  rule: a name is a parameter's, a layer's or a scope's, with * for any text; the layers are conv2d1, batchNorm2d1, linear1, linear2
  try:  linear1`,
    );
    // A statistic is not trained, and a name is no part of another.
    expect(message(() => training(["batchNorm2d1.running_mean"]))).toContain("no trained parameter");
    expect(message(() => training(["(conv2d1)|x"]))).toContain('"(conv2d1)|x" is to be frozen');
  });

  test("of everything leave nothing to train", () => {
    expect(message(() => training(["*"]))).toBe(
      `all 8 parameters of frozen are frozen, so there is nothing to train
  rule: * covers ${NAMES.filter((name) => !/running/.test(name)).join(", ")}
  try:  freeze fewer layers`,
    );
  });
});
