/** Storage in f16: its rounding, its kernels, and how far results may be from f32. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  add,
  batchNorm2d,
  compile,
  conv2d,
  flatten,
  type Graph,
  input,
  layerNorm,
  linear,
  matmul,
  maxPool2d,
  model,
  N,
  relu,
  reshape,
  sgd,
  sigmoid,
  softmax,
  type Tensor,
} from "weftgpu";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import { LARGEST_HALF } from "../../contract/f16.ts";
import { halves } from "../../contract/half.ts";
import lenet from "../../models/lenet.ts";
import { load, validateProgram } from "../../runtime/index.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { dataFor } from "../fuzz/data.ts";
import { type Arrays, type NdArray, random } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { closeDevice, device as software } from "../oracle/weft.ts";

/** The value of f16 bits, by the format's definition (IEEE 754-2019, 3.4). */
function fromBits(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

describe("numbers as f16", () => {
  test("every finite f16 is itself", () => {
    const all = Array.from({ length: 0x7c00 }, (_, i) => [i, i | 0x8000]).flat();
    const values = Float32Array.from(all, fromBits);
    expect([...halves(values)].map((h) => h & (fromBits(h) === 0 ? 0x7fff : 0xffff))).toEqual(
      all.map((b) => b & (fromBits(b) === 0 ? 0x7fff : 0xffff)),
    );
  });

  test("others go to the nearest, ties to the even one", () => {
    const next = random(5);
    const scales = Array.from({ length: 4000 }, () => 2 ** (next() * 42 - 27) * (next() - 0.5));
    const ties = Array.from({ length: 4000 }, () => {
      const low = Math.floor(next() * 0x7bff);
      return (fromBits(low) + fromBits(low + 1)) / 2;
    });
    for (const x of Float32Array.from([...scales, ...ties]).filter((v) => Math.abs(v) <= LARGEST_HALF)) {
      const bits = halves(Float32Array.of(x))[0] ?? -1;
      const off = Math.abs(fromBits(bits) - x);
      for (const other of [bits - 1, bits + 1]) {
        if ((other & 0x7fff) > 0x7bff || (other & 0x8000) !== (bits & 0x8000)) continue;
        const its = Math.abs(fromBits(other) - x);
        expect(off < its || (off === its && bits % 2 === 0), `${x} → ${bits}, not ${other}`).toBe(true);
      }
    }
  });

  test("an odd count takes a whole number of words", () => {
    expect([...halves(Float32Array.of(1, -2, 0.5))]).toEqual([0x3c00, 0xc000, 0x3800, 0]);
  });
});

const x = input("x", [N, 3, 9, 9]);
const block = (t: Tensor<[N, 3 | 8, 9, 9]>, out: 8) =>
  relu(batchNorm2d(conv2d(t, { out, kernel: 3, padding: 1, bias: false })));
const models: Readonly<Record<string, Graph>> = {
  lenet: lenet.graph,
  residual: (() => {
    const a = block(x, 8);
    const b = add(a, block(a, 8));
    const c = maxPool2d(b, { kernel: 2 });
    return model("residual", { x }, { y: linear(flatten(c), { out: 7 }), c: reshape(c, [N, 16, 8]) }).graph;
  })(),
  attention: (() => {
    const t = input("t", [N, 6, 12]);
    const n = layerNorm(t);
    const q = linear(n, { out: 12 });
    const k = linear(n, { out: 12 });
    const scores = softmax(matmul(q, reshape(k, [N, 12, 6])));
    return model("attention", { t }, { y: sigmoid(add(t, matmul(scores, n))) }).graph;
  })(),
};

describe.each(Object.entries(models))("%s", (_, graph) => {
  const half = compile(graph, { precision: "f16" });
  const single = compile(graph);

  test("weights and what lies between kernels take two bytes, inputs and outputs four", () => {
    const { program } = half;
    verifyProgram(program);
    expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
    expect(program.features).toEqual(["shader-f16"]);
    for (const p of program.params) expect(p.storage, p.name).toBe(p.shape.length > 1 ? "f16" : undefined);
    for (const s of [...program.inputs, ...program.outputs]) expect(s.storage, s.name).toBeUndefined();
    const bytes = (p: typeof program): number => p.peakBytes.fixed + 64 * p.peakBytes.perBatch;
    expect(bytes(program)).toBeLessThan(0.85 * bytes(single.program));
    expect(program.kernels.some((k) => /array<(?:vec[24]<f16>|f16)>/.test(k.wgsl))).toBe(true);
  });

  test("sums are f32", () => {
    for (const { wgsl } of half.program.kernels) {
      expect(wgsl.startsWith("enable f16;") || wgsl.includes("\nenable f16;") || !wgsl.includes("f16>")).toBe(
        true,
      );
      expect(wgsl).not.toMatch(/var \w+ = (?:vec[24]<)?f16/);
    }
  });
  test("what is stored as f16 is kept within its range", () => {
    const storing = half.program.kernels.filter(({ wgsl }) =>
      /read_write> \w+: array<(?:vec\d<)?f16/.test(wgsl),
    );
    expect(storing.length).toBeGreaterThan(0);
    for (const { wgsl } of storing) expect(wgsl).toMatch(/f16>?\(clamp\(.*-65504\.0.*, .*65504\.0/);
  });
});

describe("on an adapter that has shader-f16", () => {
  let gpu: GPUDevice | undefined;
  beforeAll(async () => {
    const opened = await requestDevice({ adapter: "auto" });
    if (opened.device.features.has("shader-f16")) gpu = opened.device;
    else opened.device.destroy();
  });
  afterAll(() => gpu?.destroy());

  test.each(Object.entries(models))("%s is as near to f32 as 11 bits allow", async (name, graph) => {
    if (!gpu) {
      console.log(`no adapter here has shader-f16: ${name} is not run`);
      return;
    }
    const { inputs, params } = dataFor(graph, 3, 2, 1);
    // Quads take what was read from another thread: once is enough. Kernels of small batches are built in a third of the time.
    const target = name === "lenet" ? "quads" : "portable";
    const { program } = compile(graph, { precision: "f16", target, typicalBatch: 1 });
    const tensors = (arrays: Arrays) =>
      Object.fromEntries(
        Object.entries(arrays).map(([key, { shape, data }]) => [
          key,
          { shape, data: Float32Array.from(data) },
        ]),
      );
    const session = await load(program, { weights: tensors(params), device: gpu });
    const got = await session.run(tensors(inputs));
    session.destroy();
    for (const [output, { value, bound }] of Object.entries(boundOf(graph, inputs, params))) {
      const off = largestDifference(value, got[output]?.data ?? []);
      expect(off, output).toBeLessThanOrEqual(bound);
      expect(off, "f16 leaves a trace").toBeGreaterThan(0);
    }
  });
});

/** Rounding to 11 bits moves a number by 2⁻¹¹ of itself at most: half a unit in the last place. */
const UNIT = 2 ** -11;
const TRIALS = 6;

/**
 * How far an output may move: as far as it did when every tensor was shifted at random by 2⁻¹¹ of its values, three
 * times over. (Random shifts are smaller than the worst, and not every tensor is stored.)
 */
function boundOf(graph: Graph, inputs: Arrays, params: Arrays) {
  const exact = evaluate(graph, inputs, params);
  const next = random(3);
  const disturb = (a: NdArray): NdArray => ({
    shape: a.shape,
    data: a.data.map((v) => v * (1 + (next() < 0.5 ? UNIT : -UNIT))),
  });
  const trials = Array.from({ length: TRIALS }, () => evaluate(graph, inputs, params, { disturb }));
  return Object.fromEntries(
    Object.entries(exact).map(([name, value]) => [
      name,
      {
        value,
        bound: 3 * Math.max(...trials.map((t) => largestDifference(value, t[name]?.data ?? []))),
      },
    ]),
  );
}

function largestDifference(a: NdArray, b: ArrayLike<number>): number {
  return a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] ?? Number.NaN))), 0);
}

describe("what is refused", () => {
  afterAll(closeDevice);

  test("a device without shader-f16", async () => {
    const gpu = await software();
    if (gpu.features.has("shader-f16")) return;
    const { program } = compile(lenet.graph, { precision: "f16" });
    await expect(load(program, { device: gpu })).rejects.toThrow(
      'lenet needs the device feature "shader-f16"',
    );
  });

  test("weights that f16 does not hold, before a device is asked for", async () => {
    const v = input("v", [N, 2]);
    const { program } = compile(model("m", { v }, { y: linear(v, { out: 2 }) }).graph, { precision: "f16" });
    const data = (...values: number[]) => Float32Array.from(values);
    const weights = {
      "linear1.weight": { shape: [2, 2], data: data(1, 65504, -70000, 1) },
      "linear1.bias": { shape: [2], data: data(1e6, 1e6) }, // f32
    };
    await expect(load(program, { weights })).rejects.toThrow(
      'weights: "linear1.weight" holds -70000 at element 2, beyond f16',
    );
  });

  test("training", () => {
    const step = trainingStep(lenet.graph, { optimizer: sgd({ lr: 0.1 }) });
    expect(() => compile(step, { precision: "f16" })).toThrow(
      `lenet cannot be trained in f16
  rule: the precision "f16" is for inference
  try:  train in f32; its weights run in f16`,
    );
  });
});
