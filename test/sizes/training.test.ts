/** Training over sizes that a run decides: gradients by central differences of the float64 oracle, for every size. */
import { afterAll, expect, test } from "vitest";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import { compileParts } from "../../compiler/train/index.ts";
import { sgd } from "../../compiler/train/optimizer.ts";
import { TARGET } from "../../contract/training.ts";
import { createTrainer, type SizedDataSet, type SizedTrainer } from "../../runtime/sizedTrain.ts";
import { createTrainer as createPlain } from "../../runtime/train.ts";
import { checker } from "../check/device.ts";
import { userMeanings } from "../fuzz/userOps.ts";
import { type Arrays, type NdArray, random } from "../oracle/array.ts";
import { closeDevice, device, kindsOfTarget } from "../oracle/weft.ts";
import { gradientsOf, lossOf, sum } from "../train/stepReference.ts";
import { alike, MOST, type Model, trained } from "./trained.ts";

afterAll(closeDevice);

/** Examples of a step, and what T is: larger, smaller, 1, the bound, and again. */
const RUNS = [
  [3, 4],
  [2, 1],
  [2, MOST],
  [3, 5],
] as const;

const RATE = 0.5;

const names = Object.keys(trained) as (keyof typeof trained)[]; // its own keys

/** A data set of `n` examples of length `t`, and what the oracle is given of it. */
function drawn({ graph, loss, bytes }: Model, n: number, t: number, seed: number) {
  const next = random(seed);
  const numbers = (shape: readonly number[], one: () => number): NdArray => ({
    shape,
    data: Float64Array.from({ length: shape.reduce((a, d) => a * d, 1) }, one),
  });
  const at = (of: Graph["inputs"][number]["node"]): readonly number[] =>
    of.type.shape.map((d) => (d === "N" ? n : typeof d === "number" ? d : t));
  const [input, output] = [graph.inputs[0]?.node, graph.outputs[0]?.node];
  if (!input || !output) throw new Error("no input or output");
  const x = numbers(at(input), () => (bytes ? Math.floor(next() * 9) : 2 * next() - 1));
  const y = at(output);
  const target =
    loss === "crossEntropy"
      ? numbers([n], () => Math.floor(next() * (y[1] ?? 1)))
      : numbers(y, () => 2 * next() - 1);
  return { x, target };
}

/** Arrays that are made with what must not be read: the room beyond T keeps it. Targets have to be numbers. */
const FILLED = { examples: Number.NaN, targets: 1e9, bytes: 255 };
class Examples extends Float32Array {
  constructor(of: number | ArrayLike<number> | ArrayBuffer, ...part: readonly number[]) {
    super(of as ArrayBuffer, part[0], part[1]);
    if (typeof of === "number") this.fill(FILLED.examples);
  }
}
class Targets extends Float32Array {
  constructor(of: number | ArrayLike<number> | ArrayBuffer, ...part: readonly number[]) {
    super(of as ArrayBuffer, part[0], part[1]);
    if (typeof of === "number") this.fill(FILLED.targets);
  }
}
class Bytes extends Uint8Array {
  constructor(of: number | ArrayLike<number> | ArrayBuffer, ...part: readonly number[]) {
    super(of as ArrayBuffer, part[0], part[1]);
    if (typeof of === "number") this.fill(FILLED.bytes);
  }
}

function setOf({ graph, loss, bytes }: Model, x: NdArray, target: NdArray): SizedDataSet {
  const images = { shape: x.shape, data: new (bytes ? Bytes : Examples)([...x.data]) };
  if (loss === "crossEntropy") return { images, labels: new (bytes ? Bytes : Targets)([...target.data]) };
  const data = new Targets([...target.data]);
  const sized = graph.outputs.some((o) => o.node.type.shape.some((d) => typeof d === "object"));
  return { images, labels: sized ? { shape: target.shape, data } : data };
}

async function opened({ graph, loss, bytes }: Model, target: TargetName, own?: GPUDevice) {
  const parts = compileParts(graph, { loss, bytes, optimizer: sgd({ lr: RATE }), target, typicalBatch: 2 });
  const on = own ?? checker(parts.step, parts.evaluate);
  return { parts, trainer: await createTrainer(parts.training, { device: on, seed: 3 }) };
}

/** Takes a step: what it changes is the gradient, times the rate. */
async function stepped(trainer: SizedTrainer, set: SizedDataSet, batch: number): Promise<number> {
  const epochs = trainer.position.epoch + 1;
  for await (const { loss } of trainer.fit(set, { epochs, batch })) return loss;
  throw new Error("no epoch");
}

const arraysOf = (trainer: SizedTrainer): Arrays =>
  Object.fromEntries(
    Object.entries(trainer.weights()).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(data) },
    ]),
  );

/** A step's examples, and what it gives: the loss before it and the parameters after it. */
interface Step {
  readonly n: number;
  readonly t: number;
  readonly x: NdArray;
  readonly target: NdArray;
  readonly loss: number;
  readonly after: Arrays;
}

const followed = new Map<string, readonly Step[]>();

/** Steps of several sizes in float64, by differences of the loss. */
function stepsOf(name: keyof typeof trained, from: Arrays): readonly Step[] {
  const model = trained[name]();
  let params = from;
  const steps = followed.get(name) ?? [];
  if (steps.length > 0) return steps;
  const made = RUNS.map(([n, t], i): Step => {
    const { x, target } = drawn(model, n, t, i + 1);
    const inputs = { [model.graph.inputs[0]?.name ?? ""]: x, [TARGET]: target };
    const mean = (p: Arrays): number => {
      const all = lossOf(model.graph, model.loss, inputs, p, userMeanings);
      return sum(all) / all.length;
    };
    const loss = mean(params);
    const slopes = gradientsOf(mean, params);
    params = Object.fromEntries(
      Object.entries(params).map(([key, { shape, data }]) => [
        key,
        { shape, data: data.map((w, j) => w - RATE * (slopes[key]?.data[j] ?? Number.NaN)) },
      ]),
    );
    return { n, t, x, target, loss, after: params };
  });
  followed.set(name, made);
  return made;
}

/** Takes them by one trainer. */
async function expectSteps(name: keyof typeof trained, target: TargetName, own?: GPUDevice) {
  const model = trained[name]();
  const { trainer } = await opened(model, target, own);
  for (const { n, t, x, target: wanted, loss, after } of stepsOf(name, arraysOf(trainer))) {
    const set = setOf(model, x, wanted);
    const { loss: measured } = await trainer.evaluate(set);
    expect(Math.abs(measured - loss), `loss at ${t}`).toBeLessThan(1e-5 * (1 + loss));
    const seen = await stepped(trainer, set, n);
    expect(Math.abs(seen - loss), `loss of the step at ${t}`).toBeLessThan(1e-5 * (1 + loss));
    for (const [key, want] of Object.entries(after))
      trainer.weights()[key]?.data.forEach((got, j) => {
        const error = Math.abs(got - (want.data[j] ?? Number.NaN));
        expect(error, `${key}[${j}] after ${t}: ${got}, not ${want.data[j]}`).toBeLessThan(1e-5);
      });
  }
  trainer.destroy();
}

test.each(names.flatMap((name) => kindsOfTarget.map((target) => [name, target] as const)))(
  "%s, compiled for %s, takes the right steps for every size",
  expectSteps,
);

test("on the adapter too", async () => {
  await expectSteps("text", "portable", await device());
});

test.each(Object.keys(alike) as (keyof typeof alike)[])(
  "%s of 5 is what the model with the number 5 is",
  async (name) => {
    const [sized, plain] = [alike[name](), alike[name](5)];
    const { x, target } = drawn(sized, 3, 5, 9);
    const { trainer } = await opened(sized, "portable");
    const { graph, loss, bytes } = plain;
    const parts = compileParts(graph, { loss, bytes, optimizer: sgd({ lr: RATE }), typicalBatch: 2 });
    expect(parts.training.step.version).toBe(1);
    const other = await createPlain(parts.training, { device: checker(parts.step, parts.evaluate), seed: 3 });
    const rows = bytes ? Uint8Array : Float32Array;
    const set = {
      images: new rows(x.data),
      labels: loss === "crossEntropy" ? new rows(target.data) : Float32Array.from(target.data),
    };
    const figures = async (epochs: AsyncIterable<{ loss: number; testLoss?: number }>) => {
      const all: number[] = [];
      for await (const { loss, testLoss = Number.NaN } of epochs) all.push(loss, testLoss);
      return all;
    };
    const own = setOf(sized, x, target);
    const got = await figures(trainer.fit(own, { epochs: 2, batch: 2, test: own }));
    const want = await figures(other.fit(set, { epochs: 2, batch: 2, test: set }));
    expect(got.length).toBe(4);
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(want[i] ?? Number.NaN, 5);
    });
    for (const [key, { data }] of Object.entries(other.weights()))
      trainer.weights()[key]?.data.forEach((value, j) => {
        expect(Math.abs(value - (data[j] ?? Number.NaN)), `${key}[${j}]`).toBeLessThan(1e-5);
      });
    trainer.destroy();
    other.destroy();
  },
);
