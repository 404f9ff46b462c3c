/** Weights in i8 and i4: what they are rounded to, the kernels that read them, and what they need of memory. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { compile, type Graph, N } from "weftgpu";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import type { Program } from "../../contract/program.ts";
import { load, readSafetensors, validateProgram, writeSafetensors } from "../../runtime/index.ts";
import { packed } from "../../runtime/quantised.ts";
import { load as loadSized } from "../../runtime/sized.ts";
import { checker } from "../check/device.ts";
import { message } from "../dsl/message.ts";
import { dataFor } from "../fuzz/data.ts";
import { ndarray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { dequantised } from "../oracle/quantised.ts";
import { closeDevice, kindsOfTarget, runProgram, runProgramOn } from "../oracle/weft.ts";

afterAll(closeDevice);

const TYPES = ["i8", "i4"] as const;
const LEVELS = { i8: 127, i4: 7 };
const BITS = { i8: 8, i4: 4 };

/** A program that has one weight of this shape. */
function holding(type: "i8" | "i4", shape: readonly [number, number]): Program {
  const table = w.param("table", shape);
  const rows = w.input("rows", [N, 3], { dtype: "u32" });
  return compile(w.model("m", { rows }, { y: w.gather(table, rows) }).graph, { quantise: type }).program;
}

/** The words in which a weight's elements lie. */
function wordsOf(type: "i8" | "i4", values: readonly number[]): Uint32Array {
  const shape = [1, values.length] as const;
  const [{ params }, { weights }] = packed(holding(type, shape), {
    weights: { table: { shape, data: Float32Array.from(values) } },
  });
  const { data } = (weights as Record<string, { data: Uint32Array }>)["table"] ?? {};
  expect(params[0]).toMatchObject({ dtype: "u32", shape: [data?.length] });
  return data ?? new Uint32Array();
}

/** What kernels make of words: each block of 32 has its scale first, then fields from the lowest bits on. */
function meant(type: "i8" | "i4", words: Uint32Array, count: number): number[] {
  const [bits, scales] = [BITS[type], new Float32Array(words.buffer)];
  return Array.from({ length: count }, (_, i) => {
    const block = Math.floor(i / 32) * (bits + 1);
    const bit = (i % 32) * bits;
    const field = Math.floor((words[block + 1 + Math.floor(bit / 32)] ?? 0) / 2 ** (bit % 32)) % 2 ** bits;
    return Math.fround((field - 2 ** (bits - 1)) * (scales[block] ?? 0));
  });
}

describe.each(TYPES)("numbers as %s", (type) => {
  const size = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -126, max: 127 }));
  const list = fc.array(
    size.map(([x, exponent]) => Math.fround(x * 2 ** exponent)),
    { minLength: 1, maxLength: 101 },
  );
  const near = fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 101 });

  test("each is off by half a step at most, and by what the reference says", () => {
    fc.assert(
      fc.property(fc.oneof(list, near), (values) => {
        const words = wordsOf(type, values);
        expect(words.length).toBe(Math.ceil(values.length / 32) * (BITS[type] + 1));
        const got = meant(type, words, values.length);
        const shape = [1, values.length];
        const params = dequantised(holding(type, [1, values.length]), { table: ndarray(shape, values) });
        expect(got.map((v) => v + 0)).toEqual(Array.from(params["table"]?.data ?? [], (v) => v + 0));
        values.forEach((x, i) => {
          const from = i - (i % 32);
          const most = Math.max(...values.slice(from, from + 32).map(Math.abs));
          const bound = (most / LEVELS[type] / 2) * (1 + 2 ** -10);
          expect(Math.abs(x - (got[i] ?? Number.NaN))).toBeLessThanOrEqual(Math.max(bound, 2 ** -119));
        });
      }),
      { numRuns: 60 },
    );
  });

  test("the largest of a block is kept, 0 is 0, and nothing becomes infinite", () => {
    const largest = 3.4028234663852886e38;
    expect(meant(type, wordsOf(type, [0, 0, -0]), 3).map(Math.abs)).toEqual([0, 0, 0]);
    const values = [largest, 0, -largest, largest / 2];
    const got = meant(type, wordsOf(type, values), 4);
    expect(got.every(Number.isFinite)).toBe(true);
    expect(got[0]).toBeGreaterThan(0.999 * largest);
    expect(got[2]).toBe(-(got[0] ?? 0));
    expect(got[1]).toBe(0);
    // Scales that are no normal numbers may be 0 to a device: their blocks are.
    expect(meant(type, wordsOf(type, [2 ** -126, -(2 ** -140)]), 2).map(Math.abs)).toEqual([0, 0]);
  });

  test("weights that are not finite are refused by name", () => {
    const shape = [2, 3] as const;
    const given = (data: number[]) => ({ weights: { table: { shape, data: Float32Array.from(data) } } });
    const pack = (data: number[]) => () => packed(holding(type, shape), given(data));
    expect(pack([1, 2, Number.NaN, 1, 1, 1])).toThrow('weights: "table" holds NaN at element 2');
    expect(pack([1, 2, 3, 1, -Infinity, 1])).toThrow('weights: "table" holds -Infinity at element 4');
    expect(() => packed(holding(type, shape), { weights: {} })).toThrow('weights: "table" [2, 3] is missing');
  });
});

const image = w.input("image", [N, 3, 7, 5]);
const row = w.input("row", [N, 37]);
const matrix = w.input("matrix", [N, 5, 13]);
const ids = w.input("ids", [N, 5], { dtype: "u32" });
const models: Readonly<Record<string, Graph>> = {
  "linear, odd": w.model("m", { row }, { y: w.linear(row, { out: 13 }) }).graph,
  "linear, fours": w.model("m", { row }, { y: w.linear(row, { out: 24 }) }).graph,
  "linear, twos": w.model("m", { row }, { y: w.relu(w.linear(row, { out: 22 })) }).graph,
  "matmul, by a weight": w.model("m", { matrix }, { y: w.matmul(matrix, w.param("p", [13, 11])) }).graph,
  "matmul, of a weight": w.model("m", { matrix }, { y: w.matmul(w.param("p", [11, 5]), matrix) }).graph,
  conv2d: w.model("m", { image }, { y: w.conv2d(image, { out: 8, kernel: 3, padding: 1 }) }).graph,
  "conv2d, odd": w.model("m", { image }, { y: w.conv2d(image, { out: 7, kernel: [2, 3] }) }).graph,
  embedding: w.model("m", { ids }, { y: w.embedding(ids, { count: 11, size: 7 }) }).graph,
  "a table that a product shares": (() => {
    const table = w.param("table", [11, 12]);
    const tokens = w.gather(table, ids);
    return w.model("m", { ids }, { y: w.matmul(tokens, w.transpose(table)) }).graph;
  })(),
  elementwise: w.model("m", { matrix }, { y: w.mul(matrix, w.param("p", [5, 13])) }).graph,
};

describe.each(Object.entries(models))("%s", (_, graph) => {
  test.each(TYPES)("in %s, for every target and on the adapter", async (quantise) => {
    const { inputs, params } = dataFor(graph, 3, 1);
    const portable = compile(graph, { quantise });
    const want = reference(graph, inputs, dequantised(portable.program, params));
    const agree = (got: Awaited<ReturnType<typeof runProgram>>) =>
      expect(differences(got[0] ?? {}, want)).toBeUndefined();
    agree(await runProgram(portable.program, params, inputs));
    for (const target of kindsOfTarget) {
      const compilation = compile(graph, { quantise, target });
      agree(await runProgramOn(checker(compilation), compilation.program, params, [inputs]));
    }
  });

  test("the program says so, and has buffers of 9 or 5 bits an element", () => {
    for (const quantise of TYPES) {
      const { program } = compile(graph, { quantise });
      verifyProgram(program);
      expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
      expect(program.version).toBe(3);
      for (const { name, shape, storage, buffer } of program.params) {
        expect(storage, name).toBe(shape.length > 1 ? quantise : undefined);
        if (storage === undefined) continue;
        const blocks = Math.ceil(shape.reduce((a, d) => a * d, 1) / 32);
        const bytes = blocks * 4 * (BITS[quantise] + 1);
        expect(program.buffers[buffer]?.bytes).toEqual({ fixed: Math.ceil(bytes / 16) * 16, perBatch: 0 });
      }
    }
  });
});

test("neighbours in a word are fetched at once where they are read side by side", () => {
  const wgsl = (out: number, quantise: "i8" | "i4"): string =>
    compile(w.model("m", { row }, { y: w.linear(row, { out }) }).graph, { quantise }).program.kernels[0]
      ?.wgsl ?? "";
  expect(wgsl(24, "i8")).toMatch(/vec4<u32>\(\w+\[[^\]]*\]\) >> vec4<u32>\(0u, 8u, 16u, 24u\)/);
  expect(wgsl(24, "i4")).toMatch(/>> vec4<u32>\(0u, 4u, 8u, 12u\)/);
  expect(wgsl(13, "i8")).not.toContain("vec4<u32>");
});

test("what lies between kernels in f16 goes with weights in i8", async () => {
  const graph = w.model(
    "m",
    { row },
    { y: w.linear(w.softmax(w.linear(row, { out: 12 })), { out: 4 }) },
  ).graph;
  const compilation = compile(graph, { quantise: "i8", precision: "f16" });
  const { program } = compilation;
  expect(program.params.map((p) => p.storage)).toEqual(["i8", undefined, "i8", undefined]);
  expect(program.features).toEqual(["shader-f16"]);
  const { inputs, params } = dataFor(graph, 3, 1);
  const want = reference(graph, inputs, dequantised(program, params), { storage: "f16" });
  const [got] = await runProgramOn(checker(compilation), program, params, [inputs]);
  expect(differences(got ?? {}, want)).toBeUndefined();
});

test("sizes besides N", async () => {
  const T = w.dim("T", { max: 7 });
  const x = w.input("x", [N, T, 6]);
  const { graph } = w.model("m", { x }, { y: w.linear(w.mean(x, { axis: 1 }), { out: 5 }) });
  const compilation = compile(graph, { quantise: "i4" });
  const weight = { shape: [5, 6], data: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)) };
  const weights = { "linear1.weight": weight, "linear1.bias": { shape: [5], data: new Float32Array(5) } };
  const device = checker(compilation);
  await expect(loadSized(compilation.program, { weights, device })).rejects.toThrow(
    "no Weft program, or not for weftgpu/runtime",
  );
  const session = await loadSized(...packed(compilation.program, { weights, device }));
  const data = Float32Array.from({ length: 18 }, (_, i) => Math.cos(i));
  const { y } = await session.run({ x: { shape: [1, 3, 6], data } });
  const seen = dequantised(compilation.program, {
    "linear1.weight": ndarray(weight.shape, weight.data),
  })["linear1.weight"];
  const mean = Array.from(
    { length: 6 },
    (_, k) => ((data[k] ?? 0) + (data[k + 6] ?? 0) + (data[k + 12] ?? 0)) / 3,
  );
  const want = Array.from({ length: 5 }, (_, i) =>
    mean.reduce((sum, v, k) => sum + v * (seen?.data[6 * i + k] ?? 0), 0),
  );
  expect(Array.from(y?.data ?? [])).toEqual(want.map((v) => expect.closeTo(v, 5)));
});

test("packed weights are a file of their own, which needs no packing", async () => {
  const graph = models["linear, odd"] as Graph;
  const compilation = compile(graph, { quantise: "i4" });
  const { inputs } = dataFor(graph, 2, 1);
  const [plain, { weights }] = packed(compilation.program, { seed: 7 });
  expect(plain.version).toBe(1);
  expect(validateProgram(JSON.parse(JSON.stringify(plain)))).toEqual(plain);
  const file = writeSafetensors(weights as Parameters<typeof writeSafetensors>[0]);
  const x = Float32Array.from(inputs["row"]?.data ?? []);
  const answers = async (given: Parameters<typeof load>): Promise<unknown> => {
    const [program, options] = given;
    return (await load(program, { ...options, device: checker(compilation) })).run({ row: x });
  };
  expect(await answers([plain, { weights: readSafetensors(file) }])).toEqual(
    await answers(packed(compilation.program, { seed: 7 })),
  );
});

test("whose weights the host sees, or that are no weights, stay f32", () => {
  const p = w.param("p", [4, 6]);
  const x = w.input("x", [N, 4]);
  const { program } = compile(w.model("m", { x }, { y: w.matmul(x, p), p }).graph, { quantise: "i8" });
  expect(program.params.map((q) => q.storage)).toEqual([undefined]);
  expect(program.version).toBe(1);
  const options = { weights: { p: { shape: [4, 6], data: new Float32Array(24) } } };
  expect(packed(program, options)).toEqual([program, options]);
});

test("baked weights stand in the text as they were given, the rest is quantised", async () => {
  const x = w.input("x", [N, 1, 40, 40]);
  const outputs = { c: w.conv2d(x, { out: 2, kernel: 2 }), y: w.linear(row, { out: 17 }) };
  const { graph } = w.model("m", { x, row }, outputs);
  const { inputs, params } = dataFor(graph, 1, 1);
  const compilation = compile(graph, { quantise: "i4", bake: params });
  const { program } = compilation;
  expect(program.baked?.map((b) => b.name)).toContain("conv2d1.weight");
  expect(program.params.filter((p) => p.storage).map((p) => p.name)).toEqual(["linear1.weight"]);
  const want = reference(graph, inputs, dequantised(program, params));
  const [got] = await runProgramOn(checker(compilation), program, params, [inputs]);
  expect(differences(got ?? {}, want)).toBeUndefined();
});

describe("what is refused", () => {
  test("by the runtime that knows nothing of it, before a device is asked for", async () => {
    await expect(load(holding("i8", [2, 3]))).rejects.toThrow("no Weft program, or not for weftgpu/runtime");
  });

  test("training, and other types", () => {
    const step = trainingStep(w.model("m", { row }, { y: w.linear(row, { out: 3 }) }).graph, {
      optimizer: w.sgd({ lr: 0.1 }),
    });
    expect(message(() => compile(step, { quantise: "i8" }))).toBe(
      `m cannot be trained with weights in i8
  rule: to quantise is for inference: updates are smaller than its steps
  try:  train in f32; its weights are quantised where they are loaded`,
    );
    expect(message(() => compile(step, { quantise: "int8" as never }))).toBe(
      `compile: quantise is "int8"
  rule: quantise is one of "i8", "i4"
  try:  quantise: "i8" or "i4"`,
    );
  });

  test("files that say it wrongly", () => {
    const program = holding("i4", [8, 8]);
    const damaged = (change: (p: ReturnType<typeof JSON.parse>) => void) => () => {
      const copy = JSON.parse(JSON.stringify(program));
      change(copy);
      validateProgram(copy);
    };
    expect(damaged((p) => (p.version = 1))).toThrow("version: 1, but it has to be 3");
    expect(damaged((p) => (p.params[0].storage = "i2"))).toThrow(
      'params[0].storage: "i2", but it has to be "f16" or "i8" or "i4"',
    );
    expect(damaged((p) => (p.params[0].dtype = "u32"))).toThrow(
      'params[0].dtype: "u32", but it has to be "f32"',
    );
    expect(damaged((p) => (p.params[0].shape = [8, 13]))).toThrow(
      "params[0].buffer: buffer 1 holds 48 bytes, [8, 13] takes 80",
    );
  });
});
