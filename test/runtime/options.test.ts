/** Options of the runtime's functions: in JavaScript too, one that nobody knows or that is of another kind is said. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  checkFinite,
  factsOf,
  initialise,
  load,
  pick,
  readMetadata,
  readSafetensors,
  writeSafetensors,
} from "../../runtime/index.ts";
import {
  clockOf,
  doctor,
  measurePeaks,
  profileProgram,
  requestDevice,
  wallClock,
} from "../../runtime/node/index.ts";
import { cosine, createTrainer, stepDecay, type Trainer, warmUp } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { collect, linearTraining, quarters } from "../train/runtime.ts";
import { failure } from "./failure.ts";
import { addition, chain, range } from "./programs.ts";

let device: GPUDevice;
let trainer: Trainer;
beforeAll(async () => {
  ({ device } = await usualDevice());
  trainer = await createTrainer(linearTraining(), { device });
});
afterAll(() => {
  trainer.destroy();
  device.destroy();
});

const refused = async (action: () => unknown): Promise<string> => {
  const error = await failure(Promise.resolve().then(action));
  expect(error.code).toBe("input");
  return error.message;
};
/** As JavaScript has it. */
const wrong = (options: unknown): never => options as never;

test.each([
  [{ weight: {} }, 'load: unknown option "weight"; try: weights, device, seed'],
  [{ divice: 1 }, 'load: unknown option "divice"; try: weights, device, seed'],
  [{ seed: "1" }, 'load: seed has to be a whole number from 0 to 4294967295, got "1"'],
  [{ seed: 0.5 }, "load: seed has to be a whole number from 0 to 4294967295, got 0.5"],
  [{ seed: Number.NaN }, "load: seed has to be a whole number from 0 to 4294967295, got NaN"],
  [
    { device: Promise.resolve() },
    'load: device has to be a GPUDevice, "auto", "webgpu" or "wasm", got Promise',
  ],
  [{ device: { device: {} } }, 'load: device has to be a GPUDevice, "auto", "webgpu" or "wasm", got Object'],
  [{ device: null }, 'load: device has to be a GPUDevice, "auto", "webgpu" or "wasm", got null'],
  [null, "load: its options are an object, got null"],
  [[], "load: its options are an object, got Array"],
])("load(program, %o)", async (options, message) => {
  expect(await refused(() => load(chain, wrong(options)))).toBe(message);
  const inputs = { x: range(5) };
  const same = message.replace(/^load/, "checkFinite");
  expect(await refused(() => checkFinite(chain, inputs, wrong(options)))).toBe(same);
});

test("options that are undefined are left out", async () => {
  const session = await load(addition, wrong({ device, weights: undefined, seed: undefined }));
  expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
  expect(await refused(() => session.reload(wrong("gpu")))).toBe(
    'device: device has to be a GPUDevice, "auto", "webgpu" or "wasm", got "gpu"',
  );
  session.destroy();
});

test.each([
  [{ weight: {} }, 'createTrainer: unknown option "weight"; try: weights, device, seed, checkpoint'],
  [{ chekpoint: {} }, 'createTrainer: unknown option "chekpoint"; try: weights, device, seed, checkpoint'],
  [{ seed: -1 }, "createTrainer: seed has to be a whole number from 0 to 4294967295, got -1"],
  [
    { weights: {}, checkpoint: {} },
    "createTrainer: a checkpoint holds the weights; try: leave out one of the two",
  ],
])("createTrainer(training, %o)", async (options, message) => {
  expect(await refused(() => createTrainer(linearTraining(), wrong(options)))).toBe(message);
});

const FIT = "epochs, batch, test, schedule, signal, onStep, checkpointEvery, onCheckpoint, stepsPerSubmit";
const NUMBERS = "it has to be a whole number from 1 to 9007199254740991";
test.each([
  [{ batchSize: 4 }, `fit: unknown option "batchSize"; try: ${FIT}`],
  [{ epoch: 4 }, `fit: unknown option "epoch"; try: ${FIT}`],
  [{ epochs: "4" }, `small: epochs is "4", ${NUMBERS}`],
  [{ batch: null }, `small: batch is null, ${NUMBERS}`],
  [{ schedule: "cosine" }, 'fit: schedule has to be a function, got "cosine"'],
  [{ schedule: () => "fast" }, 'small: the learning rate of step 1 is "fast", it has to be a number above 0'],
  [{ signal: true }, "fit: signal has to be an AbortSignal, got true"],
  [{ onStep: 1 }, "fit: onStep has to be a function, got 1"],
  [{ stepsPerSubmit: 65 }, "small: stepsPerSubmit is 65, it has to be a whole number from 1 to 64"],
  [3, "fit: its options are an object, got 3"],
])("fit(data, %o)", async (options, message) => {
  expect(await refused(() => collect(trainer.fit(quarters(8), wrong(options))))).toBe(message);
});

test("schedules", async () => {
  expect(await refused(() => cosine(wrong({ min: 0.1 })))).toBe('cosine: unknown option "min"; try: to');
  expect(await refused(() => cosine({ to: 2 }))).toBe("cosine: to has to be a number from 0 to 1, got 2");
  expect(await refused(() => stepDecay({ every: 0 }))).toBe(
    "stepDecay: every has to be a number above 0, got 0",
  );
  expect(await refused(() => warmUp(wrong("4")))).toBe(
    'warmUp: steps has to be a number of at least 0, got "4"',
  );
  expect(await refused(() => warmUp(4, wrong(0.1)))).toBe("warmUp: schedule has to be a function, got 0.1");
});

test("requestDevice, and the environment", async () => {
  expect(await refused(() => requestDevice(wrong({ adaptor: "software" })))).toBe(
    'requestDevice: unknown option "adaptor"; try: adapter, features, wasm, flags',
  );
  expect(await refused(() => requestDevice(wrong({ adapter: "cpu" })))).toBe(
    'requestDevice: adapter has to be "auto", "hardware" or "software", got "cpu"',
  );
  expect(await refused(() => requestDevice(wrong({ features: "shader-f16" })))).toBe(
    'requestDevice: features has to be an array of texts, got "shader-f16"',
  );
  vi.stubEnv("WEFT_ADAPTER", "sofware");
  expect(await refused(() => requestDevice())).toBe(
    'the environment: WEFT_ADAPTER has to be "auto", "hardware" or "software", got "sofware"',
  );
  vi.unstubAllEnvs();
});

test("profileProgram", async () => {
  const clock = clockOf(device);
  const all = { device, clock, values: [], batch: 1, warmup: 0, runs: 1 };
  expect(await refused(() => profileProgram(addition, wrong({ ...all, run: 1 })))).toBe(
    'profileProgram: unknown option "run"; try: device, clock, values, batch, warmup, runs',
  );
  expect(await refused(() => profileProgram(addition, { ...all, batch: 0 }))).toBe(
    "profileProgram: batch has to be a whole number of at least 1, got 0",
  );
  const { runs: _, ...less } = all;
  expect(await refused(() => profileProgram(addition, wrong(less)))).toBe(
    "profileProgram: runs is missing; it has to be a whole number of at least 0",
  );
});

const A_DEVICE = "device has to be a GPUDevice, got Object";
test("clocks and peaks", async () => {
  expect(await refused(() => clockOf(wrong({ device })))).toBe(`clockOf: ${A_DEVICE}`);
  expect(await refused(() => clockOf(wrong(undefined)))).toBe(
    "clockOf: device is missing; it has to be a GPUDevice",
  );
  expect(await refused(() => wallClock(wrong({ device })))).toBe(`wallClock: ${A_DEVICE}`);
  expect(await refused(() => measurePeaks(wrong({ device }), clockOf(device)))).toBe(
    `measurePeaks: ${A_DEVICE}`,
  );
  expect(await refused(() => measurePeaks(device, wrong(undefined)))).toBe(
    "measurePeaks: clock is missing; it has to be a clock, as clockOf(device) gives it",
  );
});

test("doctor", async () => {
  expect(await refused(() => doctor(wrong("cpu")))).toBe(
    'doctor: choice has to be "auto", "hardware" or "software", got "cpu"',
  );
  expect(await refused(() => doctor(wrong({ adapter: "software" })))).toBe(
    'doctor: choice has to be "auto", "hardware" or "software", got Object',
  );
});

test("pick and factsOf", async () => {
  const variants = [{ name: "portable", program: addition }];
  const facts = await factsOf(device);
  expect(pick(variants, facts)).toBe(addition);
  expect(await refused(() => factsOf(wrong({ device })))).toBe(`factsOf: ${A_DEVICE}`);
  const wanted = "pick: facts has to be an adapter, or what factsOf(device) gives";
  expect(await refused(() => pick(variants, wrong(device)))).toBe(`${wanted}, got GPUDevice`);
  expect(await refused(() => pick(variants, wrong({ features: ["subgroups"] })))).toBe(
    `${wanted}, got Object`,
  );
  expect(await refused(() => pick(variants, wrong(undefined)))).toBe(`${wanted}, got null`);
  expect(await refused(() => pick(wrong(addition), facts))).toBe(
    "pick: variants has to be a list of { name, when, program }, got Object",
  );
  const error = await failure(Promise.resolve().then(() => pick(variants, facts, wrong(null))));
  expect(error.message).toMatch(/^weights: null, but they have to be the ArrayBuffer or Uint8Array of/);
});

test("initialise", async () => {
  const param = { name: "w", shape: [2], dtype: "f32", buffer: 0, init: { kind: "ones" } } as const;
  expect(initialise(param)).toEqual(Float32Array.of(1, 1));
  expect(await refused(() => initialise(param, wrong("1")))).toBe(
    'initialise: seed has to be a whole number from 0 to 4294967295, got "1"',
  );
  const wanted = "initialise: param has to be one of program.params";
  expect(await refused(() => initialise(wrong(undefined)))).toBe(`${wanted}, got null`);
  expect(await refused(() => initialise(wrong("w")))).toBe(`${wanted}, got "w"`);
  expect(await refused(() => initialise(wrong({ shape: [2] })))).toBe(`${wanted}, got Object`);
});

test.each([
  [{ step: 3 }, 'weights: "step" of __metadata__ is no text, but number'],
  [{ at: null }, 'weights: "at" of __metadata__ is no text, but object'],
  [["a"], 'weights: "__metadata__" is Array, but has to be texts by name'],
  ["a", 'weights: "__metadata__" is String, but has to be texts by name'],
  [null, 'weights: "__metadata__" is null, but has to be texts by name'],
])("writeSafetensors(tensors, %o)", async (metadata, message) => {
  const error = await failure(Promise.resolve().then(() => writeSafetensors({}, wrong(metadata))));
  expect([error.code, error.message]).toEqual(["weights", message]);
});

test.each([
  [() => ({}), "weights: Function, but they have to be tensors by name"],
  [Promise.resolve({}), "weights: Promise, but they have to be tensors by name"],
  [new Map(), "weights: Map, but they have to be tensors by name"],
  [{ w: new Float32Array(2) }, 'weights: "w" is Float32Array, but has to be { shape, data }'],
  [{ w: null }, 'weights: "w" is null, but has to be { shape, data }'],
])("writeSafetensors(%o)", async (tensors, message) => {
  const error = await failure(Promise.resolve().then(() => writeSafetensors(wrong(tensors))));
  expect([error.code, error.message]).toEqual(["weights", message]);
});

test("what writeSafetensors takes comes back", () => {
  const bytes = writeSafetensors(
    readSafetensors(writeSafetensors({}, {})),
    Object.assign(Object.create(null), { a: "1" }),
  );
  expect(readMetadata(bytes)).toEqual({ a: "1" });
});
