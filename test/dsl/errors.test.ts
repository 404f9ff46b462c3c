/** What a mistake in a model file says. Types reject most of these; a JavaScript model or a cast brings them here. */
import { describe, expect, test } from "vitest";
import * as w from "../../compiler/dsl/index.ts";
import { N } from "../../compiler/dsl/index.ts";
import type { OpNode } from "../../compiler/ir/graph.ts";
import { message } from "./message.ts";

const image = w.input("image", [N, 3, 28, 28]) as w.Tensor;
const rows = w.input("rows", [N, 10]) as w.Tensor;
/** A size as it comes from a calculation: types do not know it. */
const n = (value: number): number => value;
const untyped = (value: unknown): never => value as never;

describe("a layer names itself and its rule", () => {
  test("shapes", () => {
    w.model("start", { rows }, { rows: w.relu(rows) });
    expect([
      message(() => w.conv2d(image, { out: 6, kernel: n(31) })),
      message(() => w.conv2d(rows, { out: 6, kernel: 3 })),
      message(() => w.conv2d(image, { out: 4, kernel: 3, groups: n(3) })),
      message(() => w.linear(rows, { out: 6, in: n(11) })),
      message(() => w.add(rows, w.input("y", [N, n(9)]))),
      message(() => w.reshape(rows, [N, n(3), -1])),
      message(() => w.mul(w.input("y", [5, 10, 1]), rows)),
      message(() => w.residual(w.conv2d({ out: 6, kernel: 3 }))(image)),
    ]).toMatchInlineSnapshot(`
      [
        "conv2d1: conv2d cannot place a 31×31 kernel on [N, 3, 28, 28]
        rule: kernel ≤ input + padding in height, but 31 > 28 + 0 + 0
        try:  a kernel of at most 28 or more padding",
        "conv2d2: conv2d needs a 4-dimensional tensor [N, channels, height, width], but its input is [N, 10]
        rule: rank 4 expected, got rank 2",
        "conv2d3: conv2d cannot split the 4 output channels of [N, 3, 28, 28] → 4 channels into 3 groups
        rule: groups divides the output channels, but 4 mod 3 = 1
        try:  groups: 1",
        "linear1: linear expects 11 features, but its input is [N, 10]
        rule: in = the last dimension, but 11 ≠ 10
        try:  in: 10, or leave it out: it is inferred",
        "add1: add cannot combine [N, 10] with [N, 9]: 10 against 9
        rule: sizes aligned at the right are equal or 1, but dimension 1 of the result has 10 and 9",
        "reshape1: reshape cannot turn [N, 10] into [N, 3, -1]
        rule: the sizes divide the number of elements, but 10 mod 3 = 1",
        "mul1: mul cannot combine [5, 10, 1] with [N, 10]: 10 against N
        rule: sizes aligned at the right are equal or 1, but dimension 1 of the result has 10 and N",
        "residual cannot add its body's [N, 6, 26, 26] to its shortcut's [N, 3, 28, 28]
        rule: the body and the shortcut end in the same shape
        try:  a shortcut that changes the shape as the body does: residual(body, conv2d({ out, kernel: 1, stride }))",
      ]
    `);
  });

  test("options", () => {
    w.model("start", { rows }, { rows: w.relu(rows) });
    expect([
      message(() => w.conv2d(image, { out: n(-6), kernel: 3 })),
      message(() => w.conv2d(image, { out: 6, kernel: n(2.5) })),
      message(() => w.conv2d({ out: 6, kernel: n(0) })),
      message(() => w.conv2d(image, untyped({ out: 6, kernel: 3, pading: 1 }))),
      message(() => w.conv2d(untyped({ out: 6 }))),
      message(() => w.dropout(rows, { p: 1.5 })),
      message(() => w.sum(rows, { axis: n(4) })),
    ]).toMatchInlineSnapshot(`
      [
        "conv2d1: conv2d: out is -6
        rule: out is a whole number of at least 1
        try:  out: 6",
        "conv2d2: conv2d: kernel is 2.5
        rule: kernel is a whole number of at least 1
        try:  kernel: 3",
        "conv2d: kernel is 0
        rule: kernel is a whole number of at least 1
        try:  kernel: 1",
        "conv2d3: conv2d: unknown option "pading"
        rule: conv2d takes out, kernel, stride, padding, dilation, groups, weight, bias, init
        try:  padding",
        "conv2d: kernel is undefined
        rule: kernel is a whole number of at least 1
        try:  kernel: 1",
        "dropout1: dropout: p is 1.5
        rule: 0 ≤ p < 1: p is the share of elements set to zero
        try:  p: 0.5",
        "sum1: sum: axis is 4
        rule: axis lies in −2 … 1 for a tensor of rank 2",
      ]
    `);
  });

  test("operands", () => {
    w.model("start", { rows }, { rows: w.relu(rows) });
    expect([
      message(() => w.conv2d(untyped(undefined), { out: 6, kernel: 3 })),
      message(() => w.conv2d(untyped(w.relu()), { out: 6, kernel: 3 })),
      message(() => w.add(rows, untyped("2"))),
      message(() => w.add(rows, Number.NaN)),
      message(() => w.concat(untyped([]))),
      message(() => w.sequential(w.relu(), untyped(rows))),
      message(() => w.pipe(rows, undefined as unknown as w.Layer)),
      message(() => w.relu()(untyped(3))),
    ]).toMatchInlineSnapshot(`
      [
        "conv2d1: conv2d: operand 1 is undefined, not a tensor
        rule: conv2d works on tensors: the result of input(), param() or another layer
        try:  a tensor in its place",
        "conv2d2: conv2d: operand 1 is a layer, not a tensor
        rule: conv2d works on tensors: the result of input(), param() or another layer
        try:  calling the layer with its input: layer(x)",
        "add1: add: operand 2 is "2", not a tensor
        rule: add works on tensors: the result of input(), param() or another layer
        try:  a tensor in its place",
        "add2: add: operand 2 is NaN, not a tensor
        rule: add works on tensors: the result of input(), param() or another layer
        try:  a tensor in its place",
        "concat1: concat takes at least one tensor, but got 0
        try:  concat([a, b])",
        "sequential: argument 2 is a tensor, not a layer
        rule: a layer is an op without its tensor, such as relu() or conv2d({ out: 6, kernel: 5 })
        try:  pipe(x, …layers) to run layers on a tensor",
        "pipe: argument 1 is undefined, not a layer
        rule: a layer is an op without its tensor, such as relu() or conv2d({ out: 6, kernel: 5 })",
        "relu: the layer is applied to something that is not a tensor
        rule: a layer takes one tensor: the result of input(), param() or another layer",
      ]
    `);
  });

  test("inputs and parameters", () => {
    expect([
      message(() => w.input("", [N, 3])),
      message(() => w.input("x", [3, N])),
      message(() => w.input("x", [N, n(2.5)])),
      message(() => w.input("x", [N, n(-1)])),
      message(() => w.input("x", untyped(3))),
      message(() => w.param("p", untyped([N, 3]))),
      message(() => w.param("p", [n(0)])),
      message(() => w.constant(Number.NaN)),
      message(() => w.uniform(1, 0)),
    ]).toMatchInlineSnapshot(`
      [
        "input: the name is ""
        rule: a name is not empty",
        "x: input: size 1 of [3, N] is N
        rule: every size is a whole number of at least 1; only the first may be N
        try:  N as the first size, or a number",
        "x: input: size 1 of [N, 2.5] is 2.5
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 3]",
        "x: input: size 1 of [N, -1] is -1
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 1]",
        "x: input: the shape is 3
        rule: a shape is a list of sizes
        try:  [N, 3]",
        "p: param: size 0 is N
        rule: a parameter is the same for every batch size",
        "p: param: size 0 of [0] is 0
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [1]",
        "constant: value is NaN
        rule: value is a finite number
        try:  value: 1",
        "uniform(1, 0)
        rule: low ≤ high
        try:  uniform(0, 1)",
      ]
    `);
  });
});

describe("a model is checked as a whole", () => {
  const y = w.relu(rows);
  test("inputs and outputs", () => {
    expect([
      message(() => w.model("", { rows }, { y })),
      message(() => w.model("m", { rows }, {})),
      message(() => w.model("m", { rows, image }, { y })),
      message(() => w.model("m", { image }, { y, z: w.relu(image) })),
      message(() => w.model("m", { rows: w.input("rows", [N, 10]) }, { y })),
      message(() => w.model("m", { rows, again: rows }, { y })),
      message(() => w.model("m", { rows: y }, { y })),
      message(() => w.model("m", untyped([rows]), { y })),
      message(() => w.model("m", { rows }, { y: untyped(undefined) })),
      message(() => w.model("m", { rows }, { y: untyped(w.relu()) })),
      message(() => w.model("m", { rows }, untyped(w.relu()))),
    ]).toMatchInlineSnapshot(`
      [
        "model: the first argument is its name
        try:  model("lenet", { image }, { logits })",
        "model "m" has no outputs
        rule: a model computes at least one tensor",
        "model "m": no output needs input "image"
        rule: every input is used
        try:  a model without "image", or an output that is computed from it",
        "model "m": relu1 needs input "rows", which the model does not declare
        try:  rows among the inputs of model()",
        "model "m": relu1 needs input "rows", which the model does not declare
        rule: input("rows", …) is called twice: these are two inputs
        try:  one input() kept in a variable",
        "model "m": inputs.rows and inputs.again are the same tensor",
        "model "m": inputs.rows is relu1, which is computed
        rule: inputs are made by input(name, shape)",
        "model "m": its inputs are not a record of tensors
        try:  { image }",
        "model "m": outputs.y is undefined",
        "model "m": outputs.y is a layer, not a tensor",
        "model "m" applies a layer to several inputs
        rule: a layer takes one tensor
        try:  model("…", input("image", […]), sequential(…)), or layer(x) as an output",
      ]
    `);
  });

  test("classes", () => {
    const [few, square] = [w.linear(rows, { out: 8 }), w.reshape(rows, [N, 5, 2])];
    const untold = w.model("m", { rows }, { y }).graph;
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const named = w.model("m", { rows }, { few, y }, { classes: names }).graph;
    names.push("later");
    expect([untold.classes, named.classes]).toEqual([undefined, ["a", "b", "c", "d", "e", "f", "g", "h"]]);
    expect("classes" in untold).toBe(false);
    expect([
      message(() => w.model("m", { rows }, { few }, { classes: 10 })),
      message(() => w.model("m", { rows }, { few, y }, { classes: ["cat", "dog"] })),
      message(() => w.model("m", { rows }, { square }, { classes: 5 })),
      message(() => w.model("m", { rows }, { y }, { classes: 1 })),
      message(() => w.model("m", { rows }, { y }, { classes: ["cat", " "] })),
      message(() => w.model("m", { rows }, { y }, untyped({ classes: "10" }))),
      message(() => w.model("m", { rows }, { y }, untyped({ clases: 10 }))),
      message(() => w.model("m", { rows }, { y }, untyped(10))),
    ]).toMatchInlineSnapshot(`
      [
        "model "m": classes is 10, but the output of m is few [N, 8]
        rule: an output [N, classes] holds a score for every class: here [N, 10]
        try:  classes: 8",
        "model "m": classes is a list of 2, but the outputs of m are few [N, 8], y [N, 10]
        rule: an output [N, classes] holds a score for every class: here [N, 2]
        try:  classes: 8 or 10",
        "model "m": classes is 5, but the output of m is square [N, 5, 2]
        rule: an output [N, classes] holds a score for every class: here [N, 5]
        try:  leaving it out",
        "model: classes is 1
        rule: classes is the number of classes, 2 or more, or a list of their names
        try:  classes: 10",
        "model: classes is ["cat", " "]
        rule: classes is the number of classes, 2 or more, or a list of their names
        try:  classes: 10",
        "model: classes is "10"
        rule: classes is the number of classes, 2 or more, or a list of their names
        try:  classes: 10",
        "model: unknown option "clases"
        rule: model takes classes, loss, losses
        try:  classes",
        "model: options are 10
        rule: options are an object with classes, loss, losses
        try:  { classes: 10 }",
      ]
    `);
  });

  test("names", () => {
    const twice = w.add(w.mul(rows, w.param("scale", [10])), w.param("scale", [10]));
    expect([
      message(() => w.model("m", { rows }, { twice })),
      message(() => w.model("m", { scale: rows }, { y: w.mul(rows, w.param("scale", [10])) })),
    ]).toMatchInlineSnapshot(`
      [
        "two tensors are called "scale": a parameter and a parameter
        rule: names of inputs and parameters are unique: weights are found by them
        try:  another name for one of them, or one tensor used in both places",
        "two tensors are called "scale": an input and a parameter
        rule: names of inputs and parameters are unique: weights are found by them
        try:  another name for one of them, or one tensor used in both places",
      ]
    `);
  });

  test("a cycle, which only mutation can make", () => {
    const a = w.relu(rows);
    const b = w.sigmoid(a);
    (a.node as { inputs: readonly unknown[] }).inputs = [b.node];
    expect(message(() => w.model("m", { rows }, { b }))).toMatchInlineSnapshot(`
      "model "m" has a cycle: relu1 needs sigmoid1, which needs relu1
        rule: each layer is computed from layers before it"
    `);
  });
});

test("a mistake keeps the call stack of its layer for the frontend", () => {
  const trace = (body: () => unknown): string => {
    try {
      body();
    } catch (e) {
      if (e instanceof w.ModelError) return e.trace;
    }
    return "";
  };
  const frame = (line: string): RegExp => new RegExp(`${line}.*\\n.*errors\\.test\\.ts`);
  const op = frame("compiler/dsl/convolution\\.ts"); // ops are made by one function
  expect(trace(() => w.conv2d(image, { out: 6, kernel: n(31) }))).toMatch(op);
  const layer = w.conv2d({ out: 6, kernel: n(31) });
  expect(trace(() => w.pipe(image, w.relu(), layer))).toMatch(op);
  expect(trace(() => w.model("m", { rows }, {}))).toMatch(frame("model"));
  const node = w.relu(image).node as OpNode;
  expect(node.origin.trace).toMatch(/errors\.test\.ts/);
});
