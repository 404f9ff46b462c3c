/** Which parameters become numbers in the WGSL, what the program says of them, and what is refused. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  avgPool2d,
  batchNorm2d,
  compile,
  conv2d,
  flatten,
  input,
  linear,
  model,
  mul,
  N,
  param,
  relu,
  sgd,
  sigmoid,
} from "weftgpu";
import { loadModel } from "../../compiler/frontend/index.ts";
import { MOST_BAKED } from "../../compiler/passes/bake.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import { halves } from "../../contract/half.ts";
import { hash } from "../../contract/tensor.ts";
import { readSafetensors, validateProgram, type Weights } from "../../runtime/index.ts";

const file = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const weights = readSafetensors(readFileSync(file("models/lenet.fashion-mnist.safetensors")));
const { graph } = await loadModel(file("models/lenet.ts"));
const baked = compile(graph, { bake: weights });
const plain = compile(graph);

/** The numbers that a kernel declares, in the order of their variables. */
const numbersIn = (wgsl: string): number[] =>
  [...wgsl.matchAll(/^ *let (?:weight|bias)\d+ = (.*);$/gm)].flatMap(([, text = ""]) =>
    [...text.replace(/vec\d<f\d+>/, "").matchAll(/-?\d[\d.e+-]*/g)].map(([n]) => Number(n)),
  );

describe("LeNet with its trained weights", () => {
  test("has the numbers of its first convolution in its first kernel, and reads all others", () => {
    expect(baked.baking.map(({ name, baked: is, reason }) => [name, is, reason])).toEqual([
      ["conv1.bias", true, "every address at which it is read is a constant"],
      ["conv1.weight", true, "every address at which it is read is a constant"],
      ["conv2.bias", false, expect.stringContaining("pool2 reads it at addresses that differ")],
      ["conv2.weight", false, "2400 elements, more than 1024"],
      ["fc1.bias", false, expect.stringContaining("reads it at addresses that differ")],
      ["fc1.weight", false, "48000 elements, more than 1024"],
      ["fc2.bias", false, expect.stringContaining("reads it at addresses that differ")],
      ["fc2.weight", false, "10080 elements, more than 1024"],
      ["logits.bias", false, expect.stringContaining("logits reads it at addresses that differ")],
      ["logits.weight", false, expect.stringContaining("logits reads it at addresses that differ")],
    ]);
    const [first, ...others] = baked.program.kernels;
    expect(others).toEqual(plain.program.kernels.slice(1));
    expect(first?.bindings.map((b) => b.name)).toEqual(["image", "pool1"]);
    const want = [...(weights["conv1.weight"]?.data ?? []), ...(weights["conv1.bias"]?.data ?? [])];
    const found = numbersIn(first?.wgsl ?? "").map(Math.fround);
    expect(found.toSorted((a, b) => a - b)).toEqual(want.map(Math.fround).toSorted((a, b) => a - b));
  });

  test("the program says so, has no buffer for them, and is valid", () => {
    const { program } = baked;
    verifyProgram(program);
    expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
    expect(program.params.map((p) => p.name)).toEqual(
      plain.program.params.map((p) => p.name).filter((n) => !n.startsWith("conv1.")),
    );
    expect(program.buffers.map((b) => b.name)).not.toContain("conv1.weight");
    expect(program.baked?.map(({ name, shape }) => [name, shape])).toEqual([
      ["conv1.bias", [6]],
      ["conv1.weight", [6, 1, 5, 5]],
    ]);
    expect(program.peakBytes.fixed).toBe(plain.program.peakBytes.fixed - 608 - 32);
  });

  test.each([
    ["baked[0].shape[0]: 0, but it has to be a whole number of at least 1", { shape: [0] }],
    ["baked[0].digest: -1, but it has to be a whole number from 0 to 4294967295", { digest: -1 }],
    ["baked[0].name: another one has the same name", { name: "fc1.weight" }],
    ["baked[0].name: missing, but it has to be a text that is not empty", { name: undefined }],
  ])("a damaged one is told: %s", (message, damage) => {
    const program = structuredClone(baked.program);
    const damaged = { ...program, baked: [{ ...program.baked?.[0], ...damage }] };
    expect(() => validateProgram(damaged)).toThrow(message);
  });

  test("its digests are those that the runtime computes of the weights", () => {
    for (const { name, digest } of baked.program.baked ?? []) {
      const { shape, data } = weights[name] ?? {};
      expect(digest, name).toBe(hash(`${shape};${data}`));
    }
  });

  test("without values, or with values of large parameters alone, nothing changes", () => {
    const { "fc1.weight": large } = weights as Required<Weights>;
    expect(compile(graph, { bake: {} }).program).toEqual(plain.program);
    expect(compile(graph, { bake: large ? { "fc1.weight": large } : {} }).program).toEqual(plain.program);
    expect(plain.program.baked).toBeUndefined();
  });

  test("for single pictures its schedules have loops, so nothing is a constant but what is cheap", () => {
    const { program } = compile(graph, { bake: weights, target: "octets", typicalBatch: 1 });
    expect(program).toEqual(compile(graph, { target: "octets", typicalBatch: 1 }).program);
  });
});

describe("numbers", () => {
  const x = input("x", [N, 1, 40, 40]);
  const small = model("small", { x }, { y: conv2d(x, { out: 2, kernel: 2, bias: false }) }).graph;
  const values = [0.1, -0, 1e-45, -1.5, 3.4028234663852886e38, 1 / 3, 65504, -7e-8];
  const name = "conv2d1.weight";
  const tensor = { shape: [2, 1, 2, 2], data: Float32Array.from(values) };

  test("read back as the same f32, whatever they are", () => {
    const [kernel] = compile(small, { bake: { [name]: tensor } }).program.kernels;
    const found = numbersIn(kernel?.wgsl ?? "").map(Math.fround);
    for (const v of tensor.data)
      expect(
        found.some((n) => Object.is(n, v)),
        `${v}`,
      ).toBe(true);
  });

  test("are rounded to f16 where the parameter would be", () => {
    const data = Float32Array.from([0.1, -0.3, 1e-7, -6e-8, 65504, 2049, 2051, 1 / 3]);
    const { program } = compile(small, { precision: "f16", bake: { [name]: { shape: [2, 1, 2, 2], data } } });
    const bits = [...halves(data)];
    const want = bits.map((b) => {
      const [exponent, fraction] = [(b >> 10) & 31, b & 1023];
      const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      return b & 0x8000 ? -size : size;
    });
    const found = numbersIn(program.kernels[0]?.wgsl ?? "").map(Math.fround);
    expect(found.toSorted((a, b) => a - b)).toEqual(want.toSorted((a, b) => a - b));
  });
});

describe("what is not baked", () => {
  test("what is computed of parameters once, a thread for each element", () => {
    const x = input("x", [N, 1, 8, 8]);
    const k = param("k", [2, 1, 3, 3]);
    const folded = relu(batchNorm2d(conv2d(x, { out: 3, kernel: 3 })));
    const graph = model(
      "several",
      { x },
      { y: avgPool2d(folded, { kernel: 2 }), z: sigmoid(mul(x, param("s", [1]))), k: mul(k, 2) },
    ).graph;
    const given = Object.fromEntries(
      graph.nodes.flatMap((n) => {
        if (n.kind !== "param") return [];
        const shape = n.type.shape.map(Number);
        return [
          [n.origin.name, { shape, data: new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(0.5) }],
        ];
      }),
    );
    const { baking, program } = compile(graph, { bake: given });
    const names = baking.filter((b) => b.baked).map((b) => b.name);
    expect(names).toContain("s");
    expect(names.filter((name) => name === "k" || name.startsWith("batchNorm2d1"))).toEqual([]);
    expect(program.baked?.map((b) => b.name).sort()).toEqual(names.sort());
    verifyProgram(program);
  });

  test("what is too large for the text", () => {
    const x = input("x", [N, 1, 8, 8]);
    const { graph } = model("large", { x }, { y: linear(flatten(x), { out: 17 }) });
    const data = new Float32Array(17 * 64);
    const { baking } = compile(graph, { bake: { "linear1.weight": { shape: [17, 64], data } } });
    expect(baking).toEqual([
      { name: "linear1.weight", baked: false, reason: `1088 elements, more than ${MOST_BAKED}` },
    ]);
  });
});

describe("what is refused", () => {
  const conv = weights["conv1.weight"];
  if (!conv) throw new Error("LeNet has conv1.weight");
  const broken = (values: Parameters<typeof compile>[1] & {}): string => {
    try {
      compile(graph, values);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  test.each([
    [
      "another name",
      { "conv3.weight": conv },
      `"conv3.weight" is to be baked, but lenet has no such parameter
  rule: its parameters are conv1.weight, conv1.bias, conv2.weight, conv2.bias, fc1.weight, fc1.bias, fc2.weight, fc2.bias, logits.weight, logits.bias
  try:  give the weights that were saved from this model`,
    ],
    [
      "another shape",
      { "conv1.weight": { ...conv, shape: [6, 25] } },
      `"conv1.weight" cannot be baked: it has shape [6, 25], the model wants [6, 1, 5, 5]
  rule: weights have the shapes of the model's parameters
  try:  other weights`,
    ],
    [
      "too few numbers",
      { "conv1.weight": { ...conv, data: conv.data.subarray(1) } },
      `"conv1.weight" cannot be baked: it holds 149 numbers
  rule: its shape [6, 1, 5, 5] needs 150
  try:  other weights`,
    ],
    [
      "numbers that are none",
      { "conv1.weight": { ...conv, data: Float32Array.from(conv.data).fill(Number.NaN, 7, 8) } },
      `"conv1.weight" cannot be baked: it holds NaN at element 7
  rule: weights are finite numbers
  try:  other weights`,
    ],
  ])("%s", (_, bake, message) => {
    expect(broken({ bake })).toBe(message);
  });

  test("numbers beyond f16, where they are stored so", () => {
    const bake = { "conv1.weight": { ...conv, data: Float32Array.from(conv.data).fill(70_000, 0, 1) } };
    expect(broken({ bake, precision: "f16" })).toContain(`it holds 70000 at element 0
  rule: f16 holds finite numbers up to ±65504`);
    expect(broken({ bake })).toBe("");
  });

  test("training", () => {
    const step = trainingStep(graph, { optimizer: sgd({ lr: 0.1 }) });
    expect(() => compile(step, { bake: weights })).toThrow("cannot be trained with weights as constants");
  });
});
