/** Ops that move elements. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  abs,
  add,
  concat,
  conv2d,
  type Dim,
  dim,
  exp,
  flatten,
  input,
  linear,
  matmul,
  mul,
  N,
  pad,
  param,
  relu,
  reshape,
  sigmoid,
  slice,
  split,
  sum,
  type Tensor,
  transpose,
} from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { checker } from "../check/device.ts";
import { message } from "../dsl/message.ts";
import { dataFor } from "../fuzz/data.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { checkOp, graphOf, useDevice } from "./cases.ts";

useDevice();

const image = () => input("x", [N, 3, 5, 7]);

checkOp("flatten", [
  { name: "an image", build: () => flatten(image()) },
  { name: "a matrix stays one", build: () => flatten(input("x", [N, 6])) },
  { name: "between two layers", build: () => linear(flatten(abs(image())), { out: 5 }) },
]);

checkOp("reshape", [
  { name: "to a row", build: () => reshape(image(), [N, 105]) },
  { name: "−1 is what is left", build: () => reshape(image(), [N, 7, -1]) },
  { name: "sizes that do not line up", build: () => exp(reshape(input("x", [N, 6, 35]), [N, 10, 21])) },
  { name: "sizes of 1", build: () => reshape(input("x", [N, 4]), [N, 1, 4, 1]) },
  { name: "without N", batches: [1], build: () => abs(reshape(input("x", [6, 4]), [3, 8])) },
  {
    name: "read through a transpose",
    build: () => add(reshape(transpose(image(), [0, 2, 3, 1]), [N, 35, 3]), param("p", [3])),
  },
]);

checkOp("transpose", [
  { name: "the last two axes", build: () => transpose(image()) },
  { name: "channels last", build: () => transpose(image(), [0, 2, 3, 1]) },
  { name: "negative axes", build: () => transpose(image(), [0, -1, 1, 2]) },
  { name: "a matrix", batches: [1], build: () => transpose(input("x", [5, 7])) },
  { name: "then a dense layer", build: () => linear(transpose(image()), { out: 4 }) },
]);

checkOp("concat", [
  {
    name: "channels",
    build: () => concat([image(), input("z", [N, 2, 5, 7])]),
  },
  { name: "the last axis", build: () => concat([image(), input("z", [N, 3, 5, 1])], { axis: -1 }) },
  {
    name: "an input, its exponential and itself",
    build: () => {
      const x = image();
      return concat([x, exp(x), x]);
    },
  },
  { name: "a single one", build: () => concat([image()]) },
  {
    name: "ten parts",
    build: () => {
      const x = input("x", [N, 2, 3]);
      return concat(
        Array.from({ length: 10 }, (_, i) => add(x, i)),
        { axis: 2 },
      );
    },
  },
  {
    name: "ten inputs: more than a kernel may bind",
    build: () =>
      concat(
        Array.from({ length: 10 }, (_, i) => input(`x${i}`, [N, i + 1, 3])),
        { axis: 1 },
      ),
  },
]);

checkOp("slice", [
  { name: "channels", build: () => slice(image(), { end: 2 }) },
  { name: "the last columns", build: () => slice(image(), { axis: -1, start: 5 }) },
  { name: "all of it", build: () => slice(image(), {}) },
  {
    name: "one row of a parameter",
    batches: [1],
    build: () => abs(slice(param("p", [5, 7]), { axis: 0, start: 3, end: 4 })),
  },
  {
    name: "of a slice, into a dense layer",
    build: () =>
      linear(slice(slice(image(), { axis: 2, start: 1 }), { axis: 3, start: 2, end: 5 }), { out: 4 }),
  },
]);

checkOp("split", [
  {
    name: "a gate: one half of the channels by the sigmoid of the other",
    build: () => {
      const [a, b] = split(conv2d(image(), { out: 10, kernel: 3 }), { parts: 2 });
      return mul(a, sigmoid(b));
    },
  },
  {
    name: "queries, keys and values of one product",
    build: () => {
      const [q, k, v] = split(linear(input("x", [N, 5, 7]), { out: 13 }), { axis: -1, sizes: [4, 4, 5] });
      return matmul(matmul(q, transpose(k)), v);
    },
  },
  {
    name: "parts in another order",
    build: () => {
      const [a, b, c] = split(image(), { axis: 2, sizes: [1, 3, 1] });
      return concat([c, relu(b), a, b], { axis: 2 });
    },
  },
  { name: "a single part", build: () => exp(split(image(), { parts: 1 })[0]) },
  {
    name: "nine parts, each of its own use",
    build: () =>
      split(input("x", [N, 9, 2]), { parts: 9 })
        .map((t, i) => mul(t, i + 1))
        .reduce((a, b) => add(a, b)),
  },
]);

checkOp("pad", [
  { name: "all sides", build: () => pad(image(), { padding: 2 }) },
  { name: "top 1, right 3, value −0.5", build: () => pad(image(), { padding: [1, 0, 0, 3], value: -0.5 }) },
  { name: "nothing", build: () => pad(image(), { padding: 0 }) },
  { name: "a matrix", batches: [1], build: () => pad(input("x", [3, 4]), { padding: [1, 2] }) },
  { name: "of a transcendental value", build: () => pad(exp(image()), { padding: 1, value: 2 }) },
]);

const sizesOf = fc.array(fc.constantFrom(1, 2, 3, 5, 7, 11), { minLength: 1, maxLength: 6 });

test("the parts of a split, joined again, are the tensor, bit by bit and in one kernel", async () => {
  const drawn = fc.record({ sizes: sizesOf, d: fc.nat({ max: 2 }), other: fc.constantFrom(1, 2, 3, 5) });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ sizes, d, other }) => {
      const [axis, total] = [1 + d, sizes.reduce((a, b) => a + b, 0)];
      const shape: Dim[] = [N, ...[other, 2].toSpliced(d, 0, total)];
      const parts = split(input("x", shape), { axis, sizes });
      expect(parts.map((t) => t.shape)).toEqual(sizes.map((size) => shape.with(axis, size)));
      const graph = graphOf(relu(concat(parts, { axis })));
      const compiled = compile(graph);
      expect(compiled.modules).toHaveLength(1);
      const { inputs } = dataFor(graph, 2, total);
      const [got] = await runProgramOn(checker(compiled), compiled.program, {}, [inputs]);
      const want = Float32Array.from(inputs["x"]?.data ?? [], (v) => Math.max(0, v));
      expect(got?.["y"]?.data).toEqual(want);
    }),
    { numRuns: 40, seed: 5 },
  );
});

test("parts that are read where they lie are stored by nobody", () => {
  const [a, b, c] = split(conv2d(image(), { out: 12, kernel: 3 }), { sizes: [5, 6, 1] });
  const { steps } = compile(
    graphOf(concat([exp(a), linear(b, { out: 3 }), mul(c, c)].map((t: Tensor) => sum(t, { axis: -1 })))),
  );
  const stored = steps.flatMap((s) => s.kernel.results.map((r) => r.root.origin.name));
  expect(stored.filter((name) => name.startsWith("slice"))).toEqual([]);
});

test("what cannot be cut is refused with the numbers", () => {
  const free: Record<"slice" | "split", (...args: unknown[]) => unknown> = {
    slice: slice as never,
    split: split as never,
  };
  const x = input("x", [N, 10, 3]);
  expect([
    message(() => free.slice(x, { start: 4, end: 11 })),
    message(() => free.slice(x, { start: 10 })),
    message(() => free.slice(x, { start: 3, end: 3 })),
    message(() => free.slice(x, { end: 0 })),
    message(() => free.slice(x, { axis: 0, end: 1 })),
    message(() => free.slice(x, { axis: 3 })),
    message(() => free.slice(x, { end: -1 })),
    message(() => free.split(x, { sizes: [3, 4] })),
    message(() => free.split(x, { sizes: [8, 4] })),
    message(() => free.split(x, { sizes: [] })),
    message(() => free.split(x, { parts: 4 })),
    message(() => free.split(x, { axis: 2, parts: 5 })),
    message(() => free.split(x, {})),
    message(() => free.split(x, { sizes: [10], parts: 1 })),
    message(() => free.split(x, { axis: 0, parts: 2 })),
    message(() => free.split(x, { axis: -4, parts: 2 })),
    message(() => free.split(input("s", [N, dim("T", { max: 8 })]), { parts: 2 })),
    message(() => free.split("x", { parts: 2 })),
    message(() => free.split({ parts: 2 })),
    message(() => free.split(x, { sizes: [0, 10] })),
  ]).toMatchInlineSnapshot(`
    [
      "slice1: slice from 4 to 11 along axis 1 of [N, 10, 3]
      rule: 0 ≤ start < end ≤ 10, but start = 4 and end = 11
      try:  end: 10, or leave it out",
      "slice2: slice from 10 to 10 along axis 1 of [N, 10, 3]
      rule: 0 ≤ start < end ≤ 10, but start = 10 and end = 10
      try:  start: 9",
      "slice3: slice from 3 to 3 along axis 1 of [N, 10, 3]
      rule: 0 ≤ start < end ≤ 10, but start = 3 and end = 3
      try:  start: 2",
      "slice4: slice from 0 to 0 along axis 1 of [N, 10, 3]
      rule: 0 ≤ start < end ≤ 10, but start = 0 and end = 0
      try:  end: 10, or leave it out",
      "slice5: slice along the batch of [N, 10, 3]
      rule: examples stay apart",
      "slice6: slice: axis is 3
      rule: axis lies in −3 … 2 for a tensor of rank 3",
      "slice7: slice: end is -1
      rule: end is a whole number of at least 0
      try:  end: 1",
      "split of [N, 10, 3] along axis 1 into sizes [3, 4]
      rule: the sizes add up to that of the axis, but 3 + 4 = 7 ≠ 10
      try:  sizes: [3, 4, 3]",
      "split of [N, 10, 3] along axis 1 into sizes [8, 4]
      rule: the sizes add up to that of the axis, but 8 + 4 = 12 ≠ 10
      try:  parts, for parts of one size",
      "split of [N, 10, 3] along axis 1 into sizes []
      rule: the sizes add up to that of the axis, but 0 ≠ 10
      try:  sizes: [10]",
      "split of [N, 10, 3] along axis 1 into 4 parts
      rule: parts divides the size, but 10 mod 4 = 2
      try:  sizes: [3, 3, 2, 2]",
      "split of [N, 10, 3] along axis 2 into 5 parts
      rule: parts divides the size, but 3 mod 5 = 3
      try:  sizes: [1, 1, 1]",
      "split of [N, 10, 3] along axis 1 is given neither sizes nor parts
      rule: sizes say how large each part is, parts how many there are of one size
      try:  parts: 2",
      "split of [N, 10, 3] along axis 1 is given sizes and parts
      rule: sizes say how large each part is, parts how many there are of one size
      try:  parts: 2",
      "split along the batch of [N, 10, 3]
      rule: examples stay apart",
      "split: axis is -4
      rule: axis lies in −3 … 2 for a tensor of rank 3",
      "split: axis 1 is T, which a run decides
      rule: axis 1 is a number, as split computes other sizes with it
      try:  a number, such as 8, in place of T",
      "split: operand 1 is "x", not a tensor
      rule: split works on tensors: the result of input(), param() or another layer
      try:  a tensor in its place",
      "split: operand 1 is an object, not a tensor
      rule: split works on tensors: the result of input(), param() or another layer
      try:  a tensor in its place",
      "split: sizes[0] is 0
      rule: sizes[0] is a whole number of at least 1
      try:  sizes[0]: 1",
    ]
  `);
});
