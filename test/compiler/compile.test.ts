/** The pipeline's decisions and invariants on real graphs. */
import { describe, expect, test } from "vitest";
import {
  add,
  avgPool2d,
  batchNorm2d,
  compile,
  concat,
  conv2d,
  dropout,
  flatten,
  input,
  linear,
  matmul,
  maxPool2d,
  model,
  mul,
  N,
  param,
  relu,
  reshape,
  sigmoid,
  softmax,
  tanh,
  transpose,
} from "weftgpu";
import { verifyGraph, verifyRegion } from "../../compiler/passes/verify.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import lenet from "../../models/lenet.ts";

type Compilation = ReturnType<typeof compile>;

function verified(compilation: Compilation): Compilation {
  verifyGraph(compilation.source);
  verifyGraph(compilation.graph);
  for (const { region } of compilation.steps) verifyRegion(region);
  verifyProgram(compilation.program);
  return compilation;
}

const image = () => input("image", [N, 3, 16, 16]);
const layers = (c: Compilation): readonly (readonly string[])[] => c.program.dispatches.map((d) => d.layers);
const ops = (c: Compilation): readonly string[] =>
  c.steps.filter((s) => s.region.phase === "run").map((s) => s.region.nodes.map((n) => n.op.name).join(" "));
const reason = (c: Compilation, op: string): string | undefined =>
  c.decisions.find((d) => d.node.op.name === op)?.reason;

describe("LeNet", () => {
  test("is five dispatches, with pooling in the convolution's kernel", () => {
    const compilation = verified(compile(lenet.graph));
    expect(ops(compilation)).toEqual([
      "conv2d sigmoid avgPool2d",
      "conv2d sigmoid avgPool2d",
      "flatten linear sigmoid",
      "linear sigmoid",
      "linear",
    ]);
    expect(compilation.program.prepare).toEqual([]);
  });

  test("compiles to the same bytes twice", () => {
    expect(JSON.stringify(compile(lenet.graph).program)).toBe(JSON.stringify(compile(lenet.graph).program));
  });

  test("keeps N symbolic; a given batch puts its number in", () => {
    expect(compile(lenet.graph).program.inputs[0]?.shape).toEqual(["N", 1, 28, 28]);
    const fixed = verified(compile(lenet.graph, { batch: 4 })).program;
    expect(fixed.inputs[0]?.shape).toEqual([4, 1, 28, 28]);
    expect(fixed.kernels.every((k) => !k.usesBatch)).toBe(true);
    expect(fixed.peakBytes.perBatch).toBe(0);
  });

  test("reuses buffers whose lifetimes do not overlap", () => {
    const { buffers, dispatches } = compile(lenet.graph).program;
    const written = dispatches.map((d) => d.buffers.at(-1));
    expect(written[2]).toBe(written[0]);
    expect(buffers.filter((b) => b.bytes.perBatch > 0)).toHaveLength(4); // image, logits, two in turn
  });
});

test("weights start by the fans of their layer: taps count, groups divide", () => {
  const x = image();
  const c = conv2d(x, { out: 6, kernel: [3, 2] });
  const y = linear(conv2d(c, { out: 4, kernel: 2, groups: 2 }), { out: 5 });
  const { params } = compile(model("m", { x }, { y }).graph).program;
  const width = x.node.type.shape.at(-1);
  expect(params.filter((p) => p.name.endsWith("weight")).map((p) => p.init)).toEqual([
    { kind: "xavierUniform", fanIn: Number(x.node.type.shape[1]) * 6, fanOut: 6 * 6 },
    { kind: "xavierUniform", fanIn: 3 * 4, fanOut: 2 * 4 },
    { kind: "xavierUniform", fanIn: Number(width) - 2, fanOut: 5 },
  ]);
});

test("a buffer that is used again is as large as the largest that it holds", () => {
  const x = input("x", [N, 4]);
  const widths = [8, 16, 32, 64, 3];
  const y = widths.reduce((h, out) => tanh(linear(h, { out })) as typeof x, x);
  const { program } = verified(compile(model("m", { x }, { y }).graph));
  program.dispatches.forEach(({ buffers }, i) => {
    const held = program.buffers[buffers.at(-1) ?? -1]?.bytes;
    expect(held?.perBatch).toBeGreaterThanOrEqual(4 * (widths[i] ?? 0));
  });
  expect(new Set(program.dispatches.map((d) => d.buffers.at(-1))).size).toBe(3); // two in turn, and the output
});

describe("fusion", () => {
  test("overlapping pooling windows are pooled apart", () => {
    const x = image();
    const y = maxPool2d(relu(conv2d(x, { out: 4, kernel: 3 })), { kernel: 3, stride: 2 });
    const c = verified(compile(model("m", { x }, { y }).graph));
    expect(ops(c)).toEqual(["conv2d relu", "maxPool2d"]);
    expect(reason(c, "relu")).toContain("more than once");
  });

  test("of two convolutions added, the later one takes the sum", () => {
    const x = image();
    const y = add(conv2d(x, { out: 4, kernel: 1 }), conv2d(x, { out: 4, kernel: 3, padding: 1 }));
    const c = verified(compile(model("m", { x }, { y }).graph));
    expect(ops(c)).toEqual(["conv2d", "conv2d add"]);
    expect(reason(c, "conv2d")).toBe("epilogue: each element is read once");
  });

  test("a value with two consumers is stored once", () => {
    const x = image();
    const h = relu(conv2d(x, { out: 4, kernel: 3, padding: 1 }));
    const y = add(conv2d(h, { out: 4, kernel: 1 }), h);
    const c = verified(compile(model("m", { x }, { y }).graph));
    expect(ops(c)).toEqual(["conv2d relu", "conv2d add"]);
    expect(reason(c, "relu")).toContain("several consumers");
  });

  test("a batch norm after a convolution is scale and shift in its kernel, computed once", () => {
    const x = image();
    const y = relu(batchNorm2d(conv2d(x, { out: 4, kernel: 3, bias: false })));
    const c = verified(compile(model("m", { x }, { y }).graph));
    expect(ops(c)).toEqual(["conv2d batchNorm2d relu"]);
    expect(c.program.prepare.length).toBe(1);
    expect(c.rewrites.map((r) => r.rule)).toEqual(["batch norm in two steps"]);
  });

  test("a batch norm stays where the convolution has another reader", () => {
    const x = image();
    const h = conv2d(x, { out: 4, kernel: 3 });
    const c = verified(compile(model("m", { x }, { y: add(batchNorm2d(h), h) }).graph));
    expect(c.rewrites).toEqual([]);
  });

  test("dropout vanishes at inference", () => {
    const x = image();
    const c = verified(compile(model("m", { x }, { y: relu(dropout(relu(x), { p: 0.3 })) }).graph));
    expect(ops(c)).toEqual(["relu relu"]);
  });

  test("softmax reads the stored logits", () => {
    const x = image();
    const c = verified(compile(model("m", { x }, { y: softmax(linear(flatten(x), { out: 10 })) }).graph));
    expect(ops(c)).toEqual(["flatten linear", "softmax"]);
  });

  test("reshapes cost nothing: an output that reshapes a stored tensor is that tensor", () => {
    const x = image();
    const h = conv2d(x, { out: 4, kernel: 3 });
    const c = verified(compile(model("m", { x }, { y: reshape(h, [N, 4 * 14 * 14]) }).graph));
    expect(ops(c)).toEqual(["conv2d"]);
    expect(c.program.outputs[0]?.shape).toEqual(["N", 784]);
  });

  test("a transposed operand is read in place", () => {
    const x = input("x", [N, 6, 10]);
    const c = verified(compile(model("m", { x }, { y: matmul(x, transpose(x)) }).graph));
    expect(ops(c)).toEqual(["transpose matmul"]);
  });

  test("no kernel reads more than seven tensors, whatever is added or joined", () => {
    const x = image();
    const parts = Array.from({ length: 12 }, () => conv2d(x, { out: 2, kernel: 1 }));
    const sum = parts.reduce((a, b) => add(a, b));
    const c = verified(compile(model("m", { x }, { sum, joined: concat(parts) }).graph));
    for (const k of c.program.kernels) expect(k.bindings.length).toBeLessThanOrEqual(8);
    for (const count of [7, 8, 9]) {
      const y = concat(parts.slice(0, count));
      const { kernels } = verified(compile(model("m", { x }, { y }).graph)).program;
      for (const k of kernels) expect(k.bindings.length).toBeLessThanOrEqual(8);
    }
  });
});

describe("kernels", () => {
  test("that differ in names alone are one shader", () => {
    const x = input("x", [N, 32]);
    const block = (h: typeof x) => relu(linear(h, { out: 32 }));
    const c = verified(compile(model("m", { x }, { y: block(block(block(x))) }).graph));
    expect(c.program.dispatches).toHaveLength(3);
    expect(c.program.kernels).toHaveLength(1);
    expect(layers(c)).toHaveLength(3);
  });

  test("are the same whatever the user's tensors are called, and say what Weft's own are", () => {
    const x = input("x", [N, 32]);
    const scaled = (h: typeof x, name: string): typeof x => linear(mul(h, param(name, [32])), { out: 32 });
    const y = ["first", "layer.scale", "loss.grad", "a.0.b", "b.for"].reduce(scaled, x);
    const c = verified(compile(model("m", { x }, { y }).graph));
    // The first has a product before it as well, and the last none after it.
    expect(c.program.dispatches.map((d) => d.kernel)).toEqual([0, 1, 1, 1, 2]);
    const { wgsl, bindings } = c.program.kernels[1] ?? {};
    expect(bindings?.map((b) => b.name)).toEqual(["x", "weight", "bias", "x_2", "y"]);
    expect(wgsl).toMatch(/let weight0 = /);
  });

  test("pooling after a sigmoid is fused even where the window does not divide the image", () => {
    const x = input("x", [N, 1, 9, 9]);
    const y = avgPool2d(sigmoid(conv2d(x, { out: 3, kernel: 2 })), { kernel: 3, ceilMode: true });
    expect(ops(verified(compile(model("m", { x }, { y }).graph)))).toEqual(["conv2d sigmoid avgPool2d"]);
  });
});
