/** Tensors of numbers that a model is made with: computed with, read by, left out of weights, bundled, and refused. */
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { constant, input, model, N } from "weftgpu";
import { load } from "weftgpu/runtime";
import { createTrainer } from "weftgpu/train";
import { compile } from "../../compiler/compile.ts";
import { validateProgram } from "../../contract/validate.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { collect } from "../train/runtime.ts";
import { interpreter } from "../wgsl/device.ts";
import { message } from "./message.ts";

const CAUSAL = [0, -1e30, -1e30, 0, 0, -1e30, 0, 0, 0];

/** Attention weights of three places, none of which sees a later one, and the rows of a table in reverse. */
function built() {
  const x = input("x", [N, 3, 3]);
  const scores = weft.softmax(weft.add(x, constant(CAUSAL, [3, 3])));
  const rows = weft.gather(weft.param("table", [3, 2]), constant([2, 1, 0], [3], { dtype: "i32" }));
  return model("m", { x }, { y: weft.matmul(scores, rows) }).graph;
}
const table = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const x = new Float32Array(9);
/** Means of the rows 2, 2 … 1 and 2 … 0. */
const WANT = [5, 6, 4, 5, 3, 4];

describe("a model with constants", () => {
  test("computes in WGSL and in WebAssembly, with weights that do not hold them", async () => {
    const { program } = compile(built(), { wasm: true });
    for (const device of [await interpreter(), "wasm"] as const) {
      const session = await load(program, { weights: { table }, device: device as GPUDevice });
      const { y } = await session.run({ x });
      expect([...(y?.data ?? [])].map((v) => Math.round(v * 1e5) / 1e5)).toEqual(WANT);
      session.destroy();
    }
  });

  test("holds them as numbers of the program, under names of their own, and no kernel's text does", () => {
    const { program } = compile(built());
    expect(program.params.map(({ name, use, dtype }) => [name, use, dtype])).toEqual([
      ["constant1", "constant", "f32"],
      ["table", undefined, "f32"],
      ["constant2", "constant", "i32"],
    ]);
    expect(program.kernels.map((k) => k.wgsl).join("")).not.toContain("1e+30");
    expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
  });

  test("weights that hold them are taken, too", async () => {
    const { program } = compile(built());
    const mask = { shape: [3, 3], data: new Float32Array(9) };
    const session = await load(program, { weights: { table, constant1: mask }, device: await interpreter() });
    const { y } = await session.run({ x });
    expect([...(y?.data ?? [])].map((v) => Math.round(v * 1e5) / 1e5)).toEqual([3, 4, 3, 4, 3, 4]);
    session.destroy();
  });

  test.each(["i8", "i4"] as const)("weights in %s leave them as they are", (quantise) => {
    const { program } = compile(built(), { quantise });
    expect(program.params.map((p) => p.storage)).toEqual([undefined, quantise, undefined]);
  });

  test("in f16 they keep their range", () => {
    expect(compile(built(), { precision: "f16" }).program.params.map((p) => p.storage)).toEqual([
      undefined,
      "f16",
      undefined,
    ]);
  });

  test("is trained around them", async () => {
    const features = input("x", [N, 3]);
    const y = weft.mul(weft.linear(features, { out: 2 }), constant([2, -1], [2]));
    const { graph } = model("m", { x: features }, { y });
    const training = weft.compileTraining(graph, {
      optimizer: weft.sgd({ lr: 0.1 }),
      loss: "squaredError",
      target: "wasm",
    });
    expect(training.step.params.filter((p) => p.use === "constant").map((p) => p.name)).toEqual([
      "constant1",
    ]);
    expect(graph.nodes.filter((n) => n.kind === "param" && n.use === undefined)).toHaveLength(2);
  });
});

describe("a constant whose numbers are among the weights", () => {
  const features = input("x", [N, 3]);
  const y = weft.mul(weft.linear(features, { out: 2 }), constant("factors", [2]));
  const { graph } = model("m", { x: features }, { y });
  const weights = {
    "linear1.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    "linear1.bias": { shape: [2], data: Float32Array.of(0, 1) },
    factors: { shape: [2], data: Float32Array.of(2, -1) },
  };

  test("is taken from there, by its name, and never drawn", async () => {
    const { program } = compile(graph);
    const device = await interpreter();
    const session = await load(program, { weights, device });
    const { y } = await session.run({ x: Float32Array.of(1, 1, 1) });
    expect([...(y?.data ?? [])]).toEqual([12, -16]);
    session.destroy();
    const { factors: _, ...others } = weights;
    await expect(load(program, { weights: others, device })).rejects.toThrow('"factors" [2] is missing');
    await expect(load(program, { device })).rejects.toThrow('"factors" is missing: constants are not drawn');
    expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
  });

  test("is as exact in f16", () => {
    const x = input("x", [N, 3, 3]);
    const masked = model("m", { x }, { y: weft.add(x, constant("mask", [3, 3])) }).graph;
    expect(compile(masked, { precision: "f16" }).program.params.map((p) => p.storage)).toEqual([undefined]);
  });

  test("is trained around, and stays one of the weights", async () => {
    const training = weft.compileTraining(graph, {
      optimizer: weft.sgd({ lr: 0.1 }),
      loss: "squaredError",
      bytes: false,
      target: "wasm",
    });
    const device = await wasmDevice({ threads: 1 });
    const trainer = await createTrainer(training, { weights, device });
    await collect(trainer.fit({ x: Float32Array.of(1, 2, 3), labels: Float32Array.of(1, 1) }, { batch: 1 }));
    const after = trainer.weights();
    expect(after["factors"]).toEqual(weights.factors);
    expect(after["linear1.bias"]).not.toEqual(weights["linear1.bias"]);
    await expect(createTrainer(training, { device })).rejects.toThrow("constants are not drawn");
    trainer.destroy();
    device.destroy();
  });
});

test("what is no constant is refused", () => {
  const free = constant as (...args: readonly unknown[]) => unknown;
  expect(
    [
      () => free([1, 2, 3], [2]),
      () => free({}, [3]),
      () => free(" ", [3]),
      () => free("table", [3], { dtype: "i32" }),
      () => free("table", [N]),
      () => free([1, Number.NEGATIVE_INFINITY], [2]),
      () => free([1, 2.5], [2], { dtype: "i32" }),
      () => free([1, -1], [2], { dtype: "u32" }),
      () => free([1], [N]),
      () => free(new Float32Array(2 ** 20 + 1), [2 ** 20 + 1]),
      () => free([1], [1], { type: "f32" }),
    ].map(message),
  ).toMatchInlineSnapshot(`
    [
      "constant: constant: the data are 3 numbers
      rule: a list of as many numbers as [2] has elements: 2
      try:  numbers in row-major order, in one list",
      "constant: constant: the data are {}
      rule: a list of as many numbers as [3] has elements: 3
      try:  numbers in row-major order, in one list",
      " : constant: the name is " "
      rule: a name is not empty",
      "table: constant: argument 3 is { dtype: "i32" }
      rule: constant takes 2 arguments at most
      try:  leaving it out",
      "table: constant: size 0 is N
      rule: a constant is the same for every batch size",
      "constant: constant: element 1 is -Infinity
      rule: elements are finite numbers of f32
      try:  -1e30, of which softmax makes 0",
      "constant: constant: element 1 is 2.5
      rule: elements are whole numbers of i32",
      "constant: constant: element 1 is -1
      rule: elements are whole numbers of u32",
      "constant: constant: size 0 is N
      rule: a constant is the same for every batch size",
      "constant: constant: 1048577 numbers
      rule: at most 1048576: they are part of the program's text
      try:  constant("table", [1048577]), whose numbers are among the weights",
      "constant: constant: unknown option "type"
      rule: constant takes dtype
      try:  dtype",
    ]
  `);
});
