/** Ops that read where whole numbers say. */
import { expect, test } from "vitest";
import {
  add,
  concat,
  embedding,
  exp,
  flatten,
  gather,
  input,
  linear,
  model,
  N,
  param,
  relu,
  reshape,
  transpose,
} from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import type { Index } from "../../compiler/ir/expr.ts";
import { type Node, topologicalOrder } from "../../compiler/ir/graph.ts";
import { lookupsInOrder } from "../../compiler/lower/lookups.ts";
import { add as addIndex, axisIndex, constant, lookup, newAxis, scale } from "../../compiler/math/affine.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { ndarray } from "../oracle/array.ts";
import { interpreter } from "../wgsl/device.ts";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

const tokens = () => input("tokens", [N, 6], { dtype: "i32" });
const image = () => input("x", [N, 3, 5, 8]);

checkOp("embedding", [
  { name: "rows of a table", build: () => embedding(tokens(), { count: 11, size: 8 }) },
  {
    name: "u32, one number",
    build: () => embedding(input("t", [N], { dtype: "u32" }), { count: 5, size: 3 }),
  },
  {
    name: "into a dense layer",
    build: () => relu(linear(embedding(tokens(), { count: 9, size: 12 }), { out: 8 })),
  },
  { name: "a table of one row", build: () => embedding(tokens(), { count: 1, size: 4 }) },
  {
    name: "with positions",
    build: () => add(embedding(tokens(), { count: 9, size: 4 }), param("positions", [6, 4])),
  },
  {
    name: "numbers outside the table",
    withoutOnnx: "ONNX counts negative indices from the end and refuses larger ones",
    given: { tokens: ndarray([1, 6], [-5, 0, 3, 4, 100, 2 ** 30]) },
    batches: [1],
    build: () => embedding(tokens(), { count: 4, size: 3 }),
  },
  {
    name: "numbers that were moved, and some that were joined",
    build: () => {
      const t = input("t", [N, 2, 3], { dtype: "i32" });
      const moved = reshape(transpose(t), [N, 6]);
      return embedding(concat([moved, flatten(t)]), { count: 7, size: 4 });
    },
  },
]);

checkOp("gather", [
  { name: "channels", build: () => gather(image(), input("i", [4], { dtype: "i32" })) },
  {
    name: "the last axis",
    build: () => exp(gather(image(), input("i", [7], { dtype: "u32" }), { axis: -1 })),
  },
  { name: "rows of a parameter", build: () => gather(param("p", [9, 4]), tokens()) },
  { name: "each example by its own", build: () => gather(image(), input("i", [N, 2], { dtype: "i32" })) },
  {
    name: "each example by its own, behind other axes",
    build: () => gather(image(), input("i", [N, 2, 2], { dtype: "i32" }), { axis: 2 }),
  },
  {
    name: "of what is computed, into a dense layer",
    build: () => linear(gather(exp(input("x", [N, 6, 8])), input("i", [3], { dtype: "i32" })), { out: 5 }),
  },
  {
    name: "by what is gathered",
    batches: [1],
    withoutOnnx: "its indices are whole numbers alone",
    given: { a: ndarray([5], [0, 3, 1, 3, 2]), b: ndarray([3], [4, 0, 2]) },
    build: () =>
      gather(
        param("p", [4, 3]),
        gather(input("a", [5], { dtype: "i32" }), input("b", [3], { dtype: "i32" })),
      ),
  },
]);

test("indices of f32 and whole numbers in sums are refused", () => {
  expect(() => embedding(input("x", [N, 6]), { count: 4, size: 3 })).toThrow(
    "embedding reads where whole numbers say, but its indices [N, 6] are f32",
  );
  expect(() => relu(tokens())).toThrow("relu takes tensors of f32, but operand 1 is i32");
  expect(() => concat([tokens(), input("x", [N, 6])])).toThrow(
    "concat takes tensors of i32, but operand 2 is f32",
  );
  const free: (...args: unknown[]) => unknown = gather as never;
  expect(() => free(image(), tokens(), { axis: 0 })).toThrow("gather along axis 0 of [N, 3, 5, 8]");
  expect(() => free(param("p", [4, 4]), tokens(), { axis: 1 })).toThrow("would give [4, N, 6]");
});

test("a graph that is compiled again gives the same text, though its constant places are older now", () => {
  const rows = input("rows", [N], { dtype: "i32" });
  const few = input("few", [4], { dtype: "i32" });
  const table = embedding(rows, { count: 2, size: 2 });
  const many = input("many", [64], { dtype: "i32" });
  const both = gather(embedding(many, { count: 3, size: 5 }), many);
  const outputs = { y: gather(table, few), z: exp(gather(table, few)), both };
  const { graph } = model("m", { rows, few, many }, outputs);
  const [first, second] = [compile(graph), compile(graph)];
  expect(second.program).toEqual(first.program);
});

test("the numbers that an index looks up are in order, whichever was made first", () => {
  const { node } = input("i", [4], { dtype: "i32" });
  const axis = axisIndex(newAxis("a", 4));
  const [late, moving, early] = [constant(2), axis, constant(1)].map((place) => lookup(node, [place], 9));
  const index = addIndex(late as Index, scale(moving as Index, 9), scale(early as Index, 81));
  expect(lookupsInOrder(index, [node]).map((l) => l.index[0])).toEqual([constant(1), constant(2), axis]);
});

test("a table starts as a layer from as many features as it has rows; f32 tells positions apart up to 2^24", () => {
  const [, weight] = topologicalOrder([embedding(tokens(), { count: 9, size: 4 }).node]);
  expect(weight).toMatchObject({ init: { kind: "xavierUniform", fanIn: 9, fanOut: 4 } });
  const long = (size: number) => gather(input("x", [N, size]), input("i", [3], { dtype: "i32" }));
  expect(long(2 ** 24).shape).toEqual(["N", 3]);
  expect(() => long(2 ** 24 + 1)).toThrow("gather along 16777217 positions");
});

test("a table learns from the rows that were read, each the sum of all places", async () => {
  const y = flatten(embedding(input("t", [N, 3], { dtype: "i32" }), { count: 5, size: 2 }));
  const { graph } = model("rows", tensorOf(topologicalOrder([y.node])[0] as Node), y);
  const training = compileTraining(graph, { loss: "squaredError", optimizer: sgd({ lr: 0.5 }) });
  const trainer = await createTrainer(training, { device: interpreter(), seed: 3 });
  const table = (): Float64Array => Float64Array.from(Object.values(trainer.weights())[0]?.data ?? []);
  const before = table();
  const rows = [0, 4, 4, 2, 4, 0, 1, 2, 2];
  const targets = Array.from({ length: 18 }, (_, i) => (i * 7) % 5);
  const want = Float64Array.from(before);
  rows.forEach((row, i) => {
    for (const j of [0, 1]) {
      const place = 2 * row + j;
      const error = (before[place] ?? 0) - (targets[2 * i + j] ?? 0);
      want[place] = (want[place] ?? 0) - (0.5 * 2 * error) / targets.length;
    }
  });
  const set = { images: Uint8Array.from(rows), labels: Float32Array.from(targets) };
  for await (const epoch of trainer.fit(set, { epochs: 1, batch: 3 })) expect(epoch.steps).toBe(1);
  table().forEach((value, i) => {
    expect(value).toBeCloseTo(want[i] ?? 0, 5);
  });
  trainer.destroy();
});

test.each([
  [false, 5, undefined],
  [true, 5, "u8"],
  [true, 256, "u8"],
  [true, 257, "u16"],
  [true, 65_536, "u16"],
  [true, 65_537, "u32"],
] as const)("whole numbers in data sets (%s) below %i are stored as %s", (bytes, count, storage) => {
  const { graph } = model("rows", tokens(), embedding({ count, size: 2 }));
  const options = { loss: "squaredError", optimizer: sgd({ lr: 1 }), bytes, target: "wasm" } as const;
  const { step } = compileTraining(graph, options);
  expect(step.inputs[0]).toMatchObject({ dtype: "i32", below: count });
  expect(step.inputs[0]?.storage).toBe(storage);
  expect(step.inputs.some((i) => i.name === "rows#2" || i.name === "rows")).toBe(bytes);
});
