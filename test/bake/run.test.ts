/** Baked programs on an adapter: the numbers of the naive reference and of the program that reads its weights. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  avgPool2d,
  compile,
  conv2d,
  flatten,
  type Graph,
  input,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  sigmoid,
  tanh,
} from "weftgpu";
import { loadModel } from "../../compiler/frontend/index.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import { load, readSafetensors, type Weights } from "../../runtime/index.ts";
import { dataFor } from "../fuzz/data.ts";
import type { Arrays } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { closeDevice, device } from "../oracle/weft.ts";
import { wasmChecker } from "../wasm/device.ts";

afterAll(closeDevice);

const SEED = 11;
/** Models drawn. */
const RUNS = Number(process.env["WEFT_BAKE_RUNS"] ?? 12);

const tensors = (arrays: Arrays): Weights =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );

describe("LeNet", async () => {
  const { graph } = await loadModel("models/lenet.ts");
  const weights = readSafetensors(readFileSync("models/lenet.fashion-mnist.safetensors"));
  const image = Float32Array.from({ length: 3 * 784 }, (_, i) => ((i * 37) % 101) / 101);
  const { program } = compile(graph, { bake: weights });

  test("computes what it computes with loads", async () => {
    const gpu = await device();
    const outputs: (readonly number[])[] = [];
    for (const each of [
      program,
      compile(graph, { bake: weights, target: "quads" }).program,
      compile(graph).program,
    ]) {
      const session = await load(each, { weights, device: gpu });
      outputs.push([...((await session.run({ image }))["logits"]?.data ?? [])]);
      session.destroy();
    }
    const want = outputs.pop() ?? [];
    expect(want).toHaveLength(30);
    for (const got of outputs)
      for (const [i, x] of want.entries()) expect(Math.abs(x - (got[i] ?? Number.NaN))).toBeLessThan(1e-5);
  });

  test("takes weights without what is baked, and refuses other values and none", async () => {
    const gpu = await device();
    const { "conv1.weight": weight, "conv1.bias": bias, ...rest } = weights;
    if (!weight || !bias) throw new Error("LeNet has a first convolution");
    const without = await load(program, { weights: rest, device: gpu });
    const all = await load(program, { weights, device: gpu });
    expect(await without.run({ image })).toEqual(await all.run({ image }));
    for (const session of [without, all]) session.destroy();

    const data = Float32Array.from(weight.data);
    data[149] = Math.fround((data[149] ?? 0) * (1 + 2 ** -23));
    const others: [Weights | undefined, string][] = [
      [
        { ...weights, "conv1.weight": { ...weight, data } },
        '"conv1.weight" is compiled in, with other values',
      ],
      [
        { ...weights, "conv1.weight": { ...weight, shape: [6, 25] } },
        '"conv1.weight" is compiled in, with other values',
      ],
      [{ ...weights, extra: bias }, 'not in the model: "extra"'],
      [undefined, '"conv1.bias" is compiled in, so the rest is needed'],
    ];
    for (const [given, message] of others)
      await expect(load(program, { ...(given && { weights: given }), device: gpu })).rejects.toThrow(
        `weights: ${message}`,
      );
  });
});

test("a program that holds all of its parameters needs no weights", async () => {
  const x = input("x", [N, 1, 20, 20]);
  const graph = model("edges", { x }, { y: conv2d(x, { out: 2, kernel: 2 }) }).graph;
  const bake = {
    "conv2d1.weight": { shape: [2, 1, 2, 2], data: [1, -1, 0, 0, 1, 0, -1, 0] },
    "conv2d1.bias": { shape: [2], data: [0, 0.5] },
  };
  const { program } = compile(graph, { bake });
  expect(program.params).toEqual([]);
  const session = await load(program, { device: await device() });
  const picture = Float32Array.from({ length: 400 }, (_, i) => (i * i) % 7);
  const { y } = await session.run({ x: picture });
  session.destroy();
  const at = (i: number, j: number): number => (20 * i + j) ** 2 % 7;
  const want = [0, 1].flatMap((o) =>
    Array.from({ length: 361 }, (_, k) => {
      const [i, j] = [Math.floor(k / 19), k % 19];
      return o === 0 ? at(i, j) - at(i, j + 1) : at(i, j) - at(i + 1, j) + 0.5;
    }),
  );
  expect([...(y?.data ?? [])]).toEqual(want);
});

/** A convolution of any kind, what may follow it in its kernel, and a dense layer. */
interface Drawn {
  readonly channels: number;
  readonly groups: number;
  readonly out: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly bias: boolean;
  readonly after: "nothing" | "relu" | "sigmoid" | "tanh";
  readonly pool: "none" | "max" | "avg";
  readonly dense: number;
  readonly target: TargetName;
  readonly seed: number;
  /** Which parameters are given, as bits. */
  readonly given: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  channels: fc.constantFrom(1, 1, 2, 3),
  groups: fc.constantFrom(1, 1, 1, 2),
  out: fc.integer({ min: 1, max: 6 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
  stride: fc.constantFrom(1, 1, 2),
  padding: fc.integer({ min: 0, max: 2 }),
  dilation: fc.constantFrom(1, 1, 2),
  bias: fc.boolean(),
  after: fc.constantFrom("nothing", "relu", "sigmoid", "tanh"),
  pool: fc.constantFrom("none", "max", "avg"),
  dense: fc.integer({ min: 1, max: 5 }),
  target: fc.constantFrom(...(Object.keys(targets) as TargetName[])),
  seed: fc.nat(1000),
  given: fc.constantFrom(255, 255, 1, 2, 5, 6, 10),
});

function graphOf(d: Drawn): Graph {
  const x = input("x", [N, d.channels * d.groups, 13, 14]);
  const conv = conv2d(x, {
    out: d.out * d.groups,
    kernel: [...d.kernel],
    stride: d.stride,
    padding: d.padding,
    dilation: d.dilation,
    groups: d.groups,
    bias: d.bias,
  });
  const act = { nothing: conv, relu: relu(conv), sigmoid: sigmoid(conv), tanh: tanh(conv) }[d.after];
  const pooled = { none: act, max: maxPool2d(act, { kernel: 2 }), avg: avgPool2d(act, { kernel: 2 }) }[
    d.pool
  ];
  return model("drawn", { x }, { y: pooled, z: linear(flatten(pooled), { out: d.dense }) }).graph;
}

test("small convolutions and dense layers, some or all parameters given, on every target", async () => {
  const gpu = await device();
  let bakedOnes = 0;
  await fc.assert(
    fc.asyncProperty(drawn, async (d) => {
      const graph = graphOf(d);
      const { inputs, params } = dataFor(graph, 2, d.seed, 1);
      const weights = tensors(params);
      const bake = Object.fromEntries(Object.entries(weights).filter((_, i) => (d.given >> i) & 1));
      const { program, baking } = compile(graph, { bake, target: d.target, typicalBatch: 4096 });
      verifyProgram(program);
      expect(baking.map((b) => b.name)).toEqual(Object.keys(bake));
      expect([...program.params, ...(program.baked ?? [])].map((p) => p.name).sort()).toEqual(
        Object.keys(weights).sort(),
      );
      bakedOnes += program.baked?.length ?? 0;
      const session = await load(program, { weights, device: program.module ? wasmChecker(program) : gpu });
      const got = await session.run(tensors(inputs));
      session.destroy();
      expect(differences(got, reference(graph, inputs, params)), JSON.stringify(d)).toBeUndefined();
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(bakedOnes, "parameters baked in all").toBeGreaterThan(RUNS / 2);
});
