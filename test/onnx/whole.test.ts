/** What files do around the operators of a model: arithmetic with shapes, branches, loops, functions, types, sizes that are left open. */
import { describe, expect, test } from "vitest";
import { importOnnx } from "../../compiler/onnx/index.ts";
import { ndarray } from "../oracle/array.ts";
import { expectSameAgain } from "./again.ts";
import { differenceOf, drawn } from "./compare.ts";
import {
  file,
  floatTensor,
  graph,
  int,
  ints,
  intTensor,
  node,
  string,
  tensor,
  valueInfo,
  weight,
} from "./file.ts";

/** As torch.onnx.export writes `x.view(x.size(0), -1, x.size(2) // 2)` */
const view = (): Uint8Array =>
  file({
    inputs: { x: ["batch", 3, 8] },
    weights: [intTensor("axis0", [0])],
    nodes: [
      node("Shape", ["x"], ["s"]),
      node("Constant", [], ["zero"], tensor("value", { name: "", dataType: 7, dims: [], int64Data: [0] })),
      node("Constant", [], ["two"], tensor("value", { name: "", dataType: 7, dims: [], int64Data: [2] })),
      node("Gather", ["s", "zero"], ["n"], int("axis", 0)),
      node("Gather", ["s", "two"], ["l"], int("axis", 0)),
      node("Div", ["l", "two"], ["half"]),
      node("Unsqueeze", ["n", "axis0"], ["n1"]),
      node("Unsqueeze", ["half", "axis0"], ["half1"]),
      node("Constant", [], ["rest"], ints("value_ints", [-1])),
      node("Concat", ["n1", "rest", "half1"], ["to"], int("axis", 0)),
      node("Reshape", ["x", "to"], ["y"]),
    ],
    outputs: ["y"],
  });

test("arithmetic with shapes is carried out, and the batch stays N", async () => {
  const { source, report, model } = importOnnx(view());
  expect(source).toContain("const y = reshape(x, [N, 6, 4]);");
  expect(model.outputs).toEqual({ y: ["N", 6, 4] });
  expect(report.folded.map(({ op, count }) => `${op} ${count}`)).toEqual([
    "Constant 3",
    "Gather 2",
    "Unsqueeze 2",
    "Concat 1",
    "Div 1",
    "Shape 1",
  ]);
  expect(await differenceOf(view(), drawn({ x: [2, 3, 8] }, 1))).toBeUndefined();
});

test("what is computed with the batch and is no size is refused, with what to try", () => {
  const bytes = file({
    inputs: { x: ["batch", 4] },
    weights: [intTensor("two", [2]), intTensor("rest", [-1])],
    nodes: [
      node("Shape", ["x"], ["s"], int("end", 1)),
      node("Mul", ["s", "two"], ["n2"]),
      node("Concat", ["n2", "rest"], ["to"], int("axis", 0)),
      node("Reshape", ["x", "to"], ["y"]),
    ],
    outputs: ["y"],
  });
  expect(() => importOnnx(bytes)).toThrow(`1 node cannot be imported:
    Mul "n2": N · 2 is no size
  try:  bind it: --dim NAME=SIZE, dims: { NAME: SIZE }`);
  expect(importOnnx(bytes, { dims: { batch: 3 } }).model.outputs).toEqual({ y: [6, 2] });
});

const branch = (name: string, op: string): ReturnType<typeof graph> =>
  graph(name, {
    name,
    node: [node(op, ["x"], [`${name}_out`])],
    initializer: [],
    input: [],
    output: [{ name: `${name}_out` }],
  });

test("a branch whose condition is known is the graph that is taken", async () => {
  const bytes = file({
    inputs: { x: ["batch", 4] },
    nodes: [
      node("Shape", ["x"], ["s"], int("start", 1)),
      node("Constant", [], ["four"], ints("value_ints", [4])),
      node("Equal", ["s", "four"], ["c"]),
      node("If", ["c"], ["y"], branch("then_branch", "Sigmoid"), branch("else_branch", "Relu")),
    ],
    outputs: ["y"],
  });
  expect(importOnnx(bytes).source).toContain("const y = sigmoid(x);");
  expect(await differenceOf(bytes, drawn({ x: [2, 4] }, 1))).toBeUndefined();
});

test.each([0.5, -0.5])("a branch that a run chooses is a choice between both (%d)", async (number) => {
  const bytes = file({
    inputs: { x: ["batch", 4], threshold: [] },
    weights: [floatTensor("zero", [], [0])],
    nodes: [
      node("Greater", ["threshold", "zero"], ["c"]),
      node("If", ["c"], ["y"], branch("then_branch", "Sigmoid"), branch("else_branch", "Relu")),
    ],
    outputs: ["y"],
  });
  const feeds = { ...drawn({ x: [2, 4] }, 1), threshold: ndarray([], [number]) };
  expect(await differenceOf(bytes, feeds)).toBeUndefined();
});

test("a loop of so many rounds is written out", async () => {
  const bytes = file({
    inputs: { x: [2, 3] },
    weights: [
      weight("w", [3, 3]),
      { name: "rounds", dataType: 7, dims: [], int64Data: [3] },
      { name: "go", dataType: 9, dims: [], rawData: Uint8Array.of(1) },
    ],
    nodes: [
      node(
        "Loop",
        ["rounds", "go", "x"],
        ["last", "each"],
        graph("body", {
          name: "body",
          node: [
            node("MatMul", ["h", "w"], ["h1"]),
            node("Tanh", ["h1"], ["h2"]),
            node("Identity", ["h2"], ["kept"]),
            node("Identity", ["going"], ["on"]),
          ],
          initializer: [],
          input: [valueInfo("i", [], 7), valueInfo("going", [], 9), valueInfo("h", [2, 3])],
          output: [valueInfo("on", [], 9), valueInfo("h2", [2, 3]), valueInfo("kept", [2, 3])],
        }),
      ),
    ],
    outputs: ["last", "each"],
  });
  expect(importOnnx(bytes).model.outputs).toEqual({ last: [2, 3], each: [3, 2, 3] });
  expect(await differenceOf(bytes, drawn({ x: [2, 3] }, 1))).toBeUndefined();
});

test("masks, ranges and quantised weights are computed at import", async () => {
  const whole = (
    name: string,
    values: readonly number[],
    dims: readonly number[] = [],
  ): ReturnType<typeof intTensor> => ({
    name,
    dataType: 7,
    dims,
    int64Data: values,
  });
  const bytes = file({
    inputs: { x: ["batch", 3, 3] },
    weights: [
      whole("shape", [3, 3], [2]),
      ...[0, 9, 1, 3].map((n, i) => whole(`n${i}`, [n])),
      { name: "q", dataType: 3, dims: [3, 3], rawData: Uint8Array.from([1, 2, 255, 4, 5, 250, 7, 8, 9]) },
      floatTensor("scale", [3], [0.5, 0.25, 2]),
      { name: "zero", dataType: 3, dims: [3], rawData: Uint8Array.of(0, 1, 2) },
    ],
    nodes: [
      node("ConstantOfShape", ["shape"], ["ones"], tensor("value", floatTensor("", [1], [1]))),
      node("Trilu", ["ones"], ["triangle"], int("upper", 0)),
      node("Range", ["n0", "n1", "n2"], ["line"]),
      node("Reshape", ["line", "shape"], ["square"]),
      node("Cast", ["square"], ["floats"], int("to", 1)),
      node("NonZero", ["triangle"], ["places"]),
      node("Shape", ["places"], ["count"], int("start", 1)),
      node("Cast", ["count"], ["factor"], int("to", 1)),
      node("DequantizeLinear", ["q", "scale", "zero"], ["weights"], int("axis", 0)),
      node("Mul", ["x", "triangle"], ["a"]),
      node("Add", ["a", "floats"], ["b"]),
      node("Mul", ["b", "factor"], ["c"]),
      node("MatMul", ["c", "weights"], ["y"]),
    ],
    outputs: ["y"],
  });
  expect(importOnnx(bytes).report.folded.reduce((sum, { count }) => sum + count, 0)).toBe(9);
  expect(await differenceOf(bytes, drawn({ x: [2, 3, 3] }, 1))).toBeUndefined();
});

describe("numbers of the file that no layer has", () => {
  const mask = floatTensor("", [3, 3], [0, 1, 1, 0, 0.1, 1, 0, 0, -1e9]);
  const large = (dims: readonly number[]): ReturnType<typeof weight> => ({ ...weight("", dims), name: "" });
  const bytes = file({
    inputs: { x: ["batch", 3, 3], wide: ["batch", 70] },
    weights: [
      weight("scale", [3]),
      weight("table", [2, 3, 3]),
      weight("at", [3], 5),
      intTensor("one", [1]),
      intTensor("shape", [3, 1]),
      { name: "which", dataType: 9, dims: [3], rawData: Uint8Array.of(1, 0, 1) },
    ],
    nodes: [
      node("Constant", [], ["mask"], tensor("value", mask)),
      node("Constant", [], ["again"], tensor("value", mask)),
      node("Constant", [], ["positions"], tensor("value", large([70]))),
      node("Constant", [], ["factor"], tensor("value", floatTensor("", [3], [2, 3, 4]))),
      node("Reshape", ["scale", "shape"], ["column"]),
      node("Gather", ["table", "one"], ["second"], int("axis", 0)),
      node("Mul", ["at", "factor"], ["moved"]),
      node("Exp", ["factor"], ["powers"]),
      node("Add", ["x", "mask"], ["a"]),
      node("Mul", ["a", "column"], ["b"]),
      node("Sub", ["b", "again"], ["c"]),
      node("Add", ["c", "second"], ["d"]),
      node("Div", ["d", "powers"], ["e"]),
      node("Sub", ["e", "moved"], ["f"]),
      node("Where", ["which", "f", "x"], ["y"]),
      node("Mul", ["wide", "positions"], ["z"]),
    ],
    outputs: ["y", "z"],
  });

  test("are parameters where they are weights or computed of them, and else constants", () => {
    const { source, weights, model } = importOnnx(bytes);
    const lines = source.split("\n");
    expect(lines.filter((line) => /= (?:param|constant)\(/.test(line))).toMatchInlineSnapshot(`
      [
        "const mask = constant([0, 1, 1, 0, 0.1, 1, 0, 0, -1000000000], [3, 3]);",
        "const scale = param("scale", [3, 1]);",
        "const second = param("second", [1, 3, 3]);",
        "const powers = constant([7.389056, 20.085537, 54.59815], [3]);",
        "const moved = param("moved", [3]);",
        "const which = constant([1, 0, 1], [3]);",
        "const positions = constant("positions", [70]);",
      ]
    `);
    expect(Object.keys(weights)).toEqual(["scale", "second", "moved", "positions"]);
    expect(model.graph.nodes.flatMap((n) => (n.kind === "param" ? [[n.origin.name, n.use]] : []))).toEqual([
      ["constant1", "constant"],
      ["constant2", "constant"],
      ["scale", undefined],
      ["second", undefined],
      ["constant3", "constant"],
      ["moved", undefined],
      ["positions", "constant"],
    ]);
  });

  test("are the same in the model file, and computed with as onnxruntime does", async () => {
    await expectSameAgain(importOnnx(bytes));
    expect(await differenceOf(bytes, drawn({ x: [2, 3, 3], wide: [2, 70] }, 1))).toBeUndefined();
  });

  test("are weights in nodes Constant of a file that has them nowhere else", () => {
    const constants = (weights: readonly ReturnType<typeof weight>[]): string =>
      importOnnx(
        file({
          inputs: { x: ["batch", 3] },
          weights,
          nodes: [
            node("Constant", [], ["w"], tensor("value", weight("", [3, 3]))),
            node("Constant", [], ["s"], tensor("value", weight("", [3]))),
            node("MatMul", ["x", "w"], ["h"]),
            node("Mul", ["h", "s"], ["y"]),
          ],
          outputs: ["y"],
        }),
      ).source;
    expect(constants([])).toContain('const s = param("s", [3]);');
    expect(constants([weight("other", [3])])).toContain("const s = constant([");
  });
});

test("sizes that are left open: the first is N, others are numbers or bounds", async () => {
  const bytes = file({
    inputs: { x: ["batch", "steps", 4] },
    weights: [weight("fc.weight", [4, 2])],
    nodes: [node("MatMul", ["x", "fc.weight"], ["h"]), node("Softmax", ["h"], ["y"], int("axis", 1))],
    outputs: ["y"],
  });
  const { source, model } = importOnnx(bytes, { dims: { steps: { max: 9 } } });
  expect(source).toContain(`const steps = dim("steps", { max: 9 });\nconst x = input("x", [N, steps, 4]);`);
  expect(model.inputs).toEqual({ x: ["N", { name: "steps", max: 9 }, 4] });
  expect(importOnnx(bytes, { dims: { steps: 5, batch: 2 } }).model.inputs).toEqual({ x: [2, 5, 4] });
  expect(
    await differenceOf(bytes, drawn({ x: [2, 5, 4] }, 1), { dims: { steps: { max: 9 } } }),
  ).toBeUndefined();
});

test("outputs may be other values of the file, and an input that they do not need is left out", () => {
  const bytes = file({
    inputs: { a: ["batch", 4], b: ["batch", 4] },
    nodes: [node("Relu", ["a"], ["r"]), node("Frobnicate", ["r", "b"], ["y"])],
    outputs: ["y"],
  });
  const { model, report } = importOnnx(bytes, { outputs: ["r"] });
  expect([model.inputs, model.outputs]).toEqual([{ a: ["N", 4] }, { r: ["N", 4] }]);
  expect(report.notes).toEqual(['input "b" is left out: no output needs it']);
  expect(() => importOnnx(bytes, { outputs: ["q"] })).toThrow('output "q" is no value of the file');
});

test("attention that stacks queries, keys and values with N inside is imported with N outermost", async () => {
  const bytes = file({
    inputs: { x: ["batch", 5, 12] },
    weights: [
      weight("qkv.weight", [12, 36]),
      intTensor("to", [-1, 5, 3, 2, 6]),
      intTensor("back", [-1, 5, 12]),
      floatTensor("scale", [], [0.4]),
      ...[0, 1, 2].map((i) => ({ name: `i${i}`, dataType: 7, dims: [], int64Data: [i] })),
    ],
    nodes: [
      node("MatMul", ["x", "qkv.weight"], ["h"]),
      node("Reshape", ["h", "to"], ["r"]),
      node("Transpose", ["r"], ["t"], ints("perm", [2, 0, 3, 1, 4])),
      ...["q", "k", "v"].map((name, i) => node("Gather", ["t", `i${i}`], [name], int("axis", 0))),
      node("Mul", ["q", "scale"], ["scaled"]),
      node("Transpose", ["k"], ["kt"], ints("perm", [0, 1, 3, 2])),
      node("MatMul", ["scaled", "kt"], ["scores"]),
      node("Softmax", ["scores"], ["p"]),
      node("MatMul", ["p", "v"], ["o"]),
      node("Transpose", ["o"], ["ot"], ints("perm", [0, 2, 1, 3])),
      node("Reshape", ["ot", "back"], ["y"]),
    ],
    outputs: ["y"],
  });
  expect(importOnnx(bytes).model.outputs).toEqual({ y: ["N", 5, 12] });
  expect(await differenceOf(bytes, drawn({ x: [2, 5, 12] }, 1))).toBeUndefined();
});

/** As torch.onnx.export writes an LSTM of two layers, both ways, with batch_first: states of zeros are as large as the batch. */
const layers = (more: readonly ReturnType<typeof node>[], outputs: readonly string[]): Uint8Array =>
  file({
    inputs: { x: ["batch", 5, 3] },
    weights: [
      ...[0, 1].flatMap((k) => [
        weight(`w${k}`, [2, 16, k === 0 ? 3 : 8], k),
        weight(`r${k}`, [2, 16, 4], k + 7),
        weight(`b${k}`, [2, 32], k + 3),
      ]),
      weight("fc.weight", [8, 6], 5),
      weight("fc.bias", [6], 9),
      intTensor("zero", [0]),
      intTensor("two", [2]),
      intTensor("four", [4]),
      intTensor("five", [5]),
      intTensor("one", [1]),
      intTensor("join", [0, 0, -1]),
      intTensor("unit", [1, 1, 1]),
      { name: "first", dataType: 7, dims: [], int64Data: [1] },
    ],
    nodes: [
      node("Transpose", ["x"], ["xt"], ints("perm", [1, 0, 2])),
      node("Shape", ["xt"], ["s"]),
      node("Gather", ["s", "first"], ["n"], int("axis", 0)),
      node("Unsqueeze", ["n", "zero"], ["n1"]),
      node("Concat", ["two", "n1", "four"], ["state"], int("axis", 0)),
      node("ConstantOfShape", ["state"], ["h0"], tensor("value", floatTensor("", [1], [0]))),
      node("Constant", [], ["none"], tensor("value", floatTensor("", [1, 1, 1], [0]))),
      node("Expand", ["none", "state"], ["c0"]),
      node(
        "Constant",
        [],
        ["few"],
        tensor(
          "value",
          floatTensor(
            "",
            [2, 1, 4],
            [1, 2, 3, 4, 5, 6, 7, 8].map((v) => v / 8),
          ),
        ),
      ),
      node("Expand", ["few", "state"], ["h1"]),
      node(
        "LSTM",
        ["xt", "w0", "r0", "b0", "", "h0", "c0"],
        ["y0", "last0"],
        string("direction", "bidirectional"),
        int("hidden_size", 4),
      ),
      node("Transpose", ["y0"], ["y0t"], ints("perm", [0, 2, 1, 3])),
      node("Reshape", ["y0t", "join"], ["y0r"]),
      node(
        "LSTM",
        ["y0r", "w1", "r1", "b1", "", "h1", "c0"],
        ["y1", "last1"],
        string("direction", "bidirectional"),
        int("hidden_size", 4),
      ),
      node("Transpose", ["y1"], ["y1t"], ints("perm", [0, 2, 1, 3])),
      node("Reshape", ["y1t", "join"], ["y1r"]),
      ...more,
    ],
    outputs,
  });

describe("recurrent layers whose sequences stand first", () => {
  test("of two layers, with states as large as the batch", async () => {
    const bytes = layers([node("Transpose", ["y1r"], ["y"], ints("perm", [1, 0, 2]))], ["y"]);
    const { source, model } = importOnnx(bytes);
    expect(model.outputs).toEqual({ y: ["N", 5, 8] });
    expect(source).toContain('lstm(x, { hidden: 4, direction: "both" })');
    expect(await differenceOf(bytes, drawn({ x: [3, 5, 3] }, 1))).toBeUndefined();
  });

  test("with a dense layer, sums and softmax of what has N inside", async () => {
    const bytes = layers(
      [
        node("Add", ["y0r", "y1r"], ["sum"]),
        node("MatMul", ["sum", "fc.weight"], ["m"]),
        node("Add", ["m", "fc.bias"], ["h"]),
        node("Softmax", ["h"], ["p"], int("axis", 0)),
        node("Softmax", ["h"], ["q"], int("axis", -1)),
        node("Sub", ["p", "q"], ["d"]),
        node("Unsqueeze", ["d", "zero"], ["u"]),
        node("Squeeze", ["u", "zero"], ["v"]),
        node("Tanh", ["v"], ["t"]),
        node("Transpose", ["t"], ["y"], ints("perm", [1, 0, 2])),
      ],
      ["y"],
    );
    expect(importOnnx(bytes).model.outputs).toEqual({ y: ["N", 5, 6] });
    await expectSameAgain(importOnnx(bytes));
    expect(await differenceOf(bytes, drawn({ x: [3, 5, 3] }, 1))).toBeUndefined();
  });

  test("an output that has N inside has it first, and a note says so", () => {
    const { model, report } = importOnnx(layers([], ["y1r"]));
    expect(model.outputs).toEqual({ y1r: ["N", 5, 8] });
    expect(report.notes).toEqual(['output "y1r" is [N, 5, 8] here and [5, N, 8] in the file']);
  });

  test("a shape that joins N with another size is refused", () => {
    const bytes = layers(
      [node("Constant", [], ["to"], ints("value_ints", [-1, 2, 4])), node("Reshape", ["y1r", "to"], ["y"])],
      ["y"],
    );
    expect(() => importOnnx(bytes)).toThrow(`1 node cannot be imported:
    Reshape "y": [5, N, 8] cannot become [-1, 2, 4]: what is left is N·5
  try:  bind the sizes that a run decides: --dim NAME=SIZE, dims: { NAME: SIZE }`);
  });
});

test("a sum behind a layer is its bias, and gelu is itself however its product is grouped", async () => {
  const dense = (more: readonly ReturnType<typeof node>[], outputs: readonly string[]): Uint8Array =>
    file({
      inputs: { x: ["batch", 5, 4] },
      weights: [
        weight("fc.weight", [4, 6]),
        weight("fc.bias", [6], 3),
        ...[Math.SQRT2, Math.SQRT1_2, 1, 0.5].map((n, i) => floatTensor(`n${i}`, [], [n])),
      ],
      nodes: [node("MatMul", ["x", "fc.weight"], ["m"]), node("Add", ["fc.bias", "m"], ["h"]), ...more],
      outputs,
    });
  const scaled = [node("Div", ["h", "n0"], ["s"]), node("Mul", ["h", "n1"], ["s"])];
  const sum = [node("Erf", ["s"], ["e"]), node("Add", ["e", "n2"], ["a"])];
  const grouped = [
    [node("Mul", ["h", "n3"], ["p"]), node("Mul", ["p", "a"], ["y"])],
    [node("Mul", ["h", "a"], ["p"]), node("Mul", ["n3", "p"], ["y"])],
    [node("Mul", ["a", "n3"], ["p"]), node("Mul", ["h", "p"], ["y"])],
  ];
  const lines = (bytes: Uint8Array): readonly string[] =>
    importOnnx(bytes)
      .source.split("\n")
      .filter((line) => line.startsWith("const"));
  for (const [i, product] of grouped.entries()) {
    const bytes = dense([...scaled.slice(i % 2, (i % 2) + 1), ...sum, ...product], ["y"]);
    expect(lines(bytes).slice(1)).toEqual(["const fc = linear(x, { out: 6 });", "const y = gelu(fc);"]);
    expect(await differenceOf(bytes, drawn({ x: [2, 5, 4] }, i))).toBeUndefined();
  }
  // Of another number, twice the same, or with a layer that something else reads.
  const others = [
    [node("Mul", ["h", "n1"], ["p"]), node("Mul", ["p", "a"], ["y"])],
    [node("Mul", ["h", "a"], ["p"]), node("Mul", ["p", "h"], ["q"]), node("Mul", ["q", "n3"], ["y"])],
    [node("Mul", ["m", "n3"], ["p"]), node("Mul", ["p", "a"], ["y"])],
  ];
  for (const product of others) {
    const bytes = dense([...scaled.slice(0, 1), ...sum, ...product], ["y"]);
    expect(lines(bytes).join()).not.toContain("gelu");
    expect(lines(bytes).filter((line) => line.includes("linear("))).toHaveLength(1);
    expect(await differenceOf(bytes, drawn({ x: [2, 5, 4] }, 1))).toBeUndefined();
  }
});

test("an attribute that its row does not know is refused", () => {
  const bytes = file({
    inputs: { x: [2] },
    nodes: [node("Relu", ["x"], ["y"], int("leaky", 1))],
    outputs: ["y"],
  });
  expect(() => importOnnx(bytes)).toThrow('Relu "y": attribute leaky is not one of Relu in opset 17');
});
