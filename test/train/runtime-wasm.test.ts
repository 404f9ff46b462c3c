/** Sessions and trainers of compiled models on the device of WebAssembly: what they give elsewhere, on however many threads. */
import { afterEach, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import {
  conv2d,
  dim,
  flatten,
  input,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  softmax,
} from "../../compiler/dsl/index.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import type { Program } from "../../contract/program.ts";
import type { Training } from "../../contract/training.ts";
import { type LoadOptions, load } from "../../runtime/index.ts";
import { packed } from "../../runtime/quantised.ts";
import { load as loadSized } from "../../runtime/sized.ts";
import { createTrainer, DivergedError, validateTraining } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { interpreter } from "../wgsl/device.ts";

const image = input("image", [N, 1, 8, 8]);
const convolved = maxPool2d(relu(conv2d(image, { out: 4, kernel: 3, padding: 1 })), { kernel: 2 });
const logits = linear(flatten(convolved), { out: 5 });
const net = model("net", { image }, { logits });

const devices: GPUDevice[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) device.destroy();
});
async function wasm(threads: number): Promise<GPUDevice> {
  const device = await wasmDevice({ threads });
  devices.push(device);
  return device;
}

const ROWS = 41;
const images = Uint8Array.from({ length: 64 * ROWS }, (_, i) => (i * 7919) % 251);
const labels = Uint8Array.from({ length: ROWS }, (_, i) => (i * 3) % 5);
const data = { images, labels };

/** Every workgroup as if it were worth dividing, in lists that workers carry out. */
const dear = (program: Program): Program => ({
  ...program,
  kernels: program.kernels.map((k) => ({ ...k, cost: 1e6 })),
});
const dearTraining = (t: Training): Training => ({ ...t, step: dear(t.step), evaluate: dear(t.evaluate) });

const training = compileTraining(net.graph, { optimizer: sgd({ lr: 0.1, momentum: 0.9 }), wasm: true });

async function trained(training: Training, device: GPUDevice) {
  const trainer = await createTrainer(training, { device, seed: 3 });
  const epochs: number[] = [];
  for await (const { loss, testLoss } of trainer.fit(data, { epochs: 2, batch: 8, test: data }))
    epochs.push(loss, testLoss ?? Number.NaN);
  const weights = trainer.weights();
  trainer.destroy();
  return { epochs, weights };
}

test("a training has the figures and weights of WebGPU's, and the same bytes on any number of threads", async () => {
  expect(validateTraining(JSON.parse(JSON.stringify(training)))).toEqual(training);
  const gpu = await trained(training, interpreter());
  const one = await trained(training, await wasm(1));
  one.epochs.forEach((x, i) => {
    expect(x).toBeCloseTo(gpu.epochs[i] as number, 4);
  });
  for (const [name, { data }] of Object.entries(one.weights))
    data.forEach((x, i) => {
      expect(x).toBeCloseTo(gpu.weights[name]?.data[i] as number, 4);
    });
  const many = { ...training, wasm: dearTraining(training.wasm as Training) };
  for (const threads of [2, 3]) expect(await trained(many, await wasm(threads))).toEqual(one);
});

test("a training moves from one device to another in the middle", async () => {
  const trainer = await createTrainer(training, { device: interpreter(), seed: 3 });
  for await (const _ of trainer.fit(data, { epochs: 1, batch: 8 }));
  await trainer.reload("wasm");
  expect(trainer.runsOn?.kind).toBe("wasm");
  for await (const { epoch } of trainer.fit(data, { epochs: 2, batch: 8 })) expect(epoch).toBe(2);
  const there = await trained(training, interpreter());
  for (const [name, { data }] of Object.entries(trainer.weights()))
    data.forEach((x, i) => {
      expect(x).toBeCloseTo(there.weights[name]?.data[i] as number, 4);
    });
  trainer.destroy();
});

test("a loss that is no number is traced to where it came from", async () => {
  const device = await wasm(1);
  const start = await createTrainer(training, { device, seed: 3 });
  const weights = start.weights();
  for (const [name, { data }] of Object.entries(weights)) if (name.startsWith("conv")) data.fill(3e38);
  const trainer = await createTrainer(training, { device, seed: 3, weights });
  const through = async () => {
    for await (const _ of trainer.fit(data, { batch: 8 }));
  };
  const error: unknown = await through().catch((e) => e);
  expect(error).toBeInstanceOf(DivergedError);
  expect((error as DivergedError).failure.where).toMatch(
    /'s activations .*hold [\d,]+ values that are NaN or infinite/,
  );
  start.destroy();
  trainer.destroy();
});

const pixels = Float32Array.from({ length: 3 * 64 }, (_, i) => ((i * 7919) % 251) / 251);

async function same(programs: readonly Program[], quantised = false): Promise<void> {
  for (const program of programs) {
    const given = (device: GPUDevice): [Program, LoadOptions] =>
      quantised ? packed(program, { device, seed: 5 }) : [program, { device, seed: 5 }];
    const name = program.outputs[0]?.name as string;
    const run = async (device: GPUDevice) =>
      (await (await load(...given(device))).run({ image: pixels }))[name];
    const [there, here] = [await run(interpreter()), await run(await wasm(1))];
    expect(here?.shape).toEqual(there?.shape);
    here?.data.forEach((x, i) => {
      expect(x).toBeCloseTo(there?.data[i] as number, 5);
    });
  }
}

test("a program with a form for either gives the same on either", () =>
  same([
    compile(net.graph, { wasm: true }).program,
    compile(net.graph, { wasm: true, target: "gpu" }).program,
  ]));

test("so does one whose weights are quantised", () =>
  same(
    (["i8", "i4"] as const).map((quantise) => compile(net.graph, { wasm: true, quantise }).program),
    true,
  ));

test("so does one with sizes besides N", async () => {
  const T = dim("T", { max: 6 });
  const rows = input("rows", [N, T, 4]);
  const scores = softmax(linear(rows, { out: 3 }), { axis: 1 });
  const program = compile(model("sized", { rows }, { scores }).graph, {
    wasm: true,
  }).program;
  const tensor = { shape: [2, 5, 4], data: pixels.slice(0, 40) };
  const run = async (device: GPUDevice) =>
    (await loadSized(program, { device, seed: 5 })).run({ rows: tensor });
  const [there, here] = [await run(interpreter()), await run(await wasm(1))];
  const name = program.outputs[0]?.name as string;
  expect(here[name]?.shape).toEqual([2, 5, 3]);
  here[name]?.data.forEach((x, i) => {
    expect(x).toBeCloseTo(there[name]?.data[i] as number, 5);
  });
});
