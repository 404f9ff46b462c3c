/** Whole programs for WebAssembly, beside the naive reference. */
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { avgPool2d, input, linear, logSoftmax, N, type Tensor } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { dataFor } from "../fuzz/data.ts";
import { graphOf } from "../ops/cases.ts";
import { ndarray, sizeOf } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { execute } from "../train/execute.ts";
import { checkGradients } from "../train/gradients.ts";
import { wasmChecker } from "./device.ts";

async function expectRight(y: Tensor, batch = 2): Promise<void> {
  const graph = graphOf(y);
  const { program } = compile(graph, { target: "wasm" });
  const { inputs, params } = dataFor(graph, batch, 1);
  const [got = {}] = await runProgramOn(wasmChecker(program), program, params, [inputs]);
  expect(differences(got, reference(graph, inputs, params))).toBe(undefined);
}

describe("what was once wrong", () => {
  test("a maximum of a loop, taken from all lanes of a vector", async () => {
    await expectRight(logSoftmax(input("x", [N, 320])));
  });
  test("a factor that is the same in all lanes, of which the last vector takes a part", async () => {
    const padded = weft.pad(input("x", [N, 1, 11]), { padding: [1, 0, 1, 1] });
    await expectRight(linear(padded, { out: 1 }));
  });
  test("rows of a data set, looked up for examples beyond the batch, end in no trap", async () => {
    const table = weft.embedding(input("x", [N, 1], { dtype: "i32" }), { count: 2, size: 2 });
    const graph = graphOf(linear(weft.reshape(table, [N, 2]), { out: 4 }));
    const how = { loss: "squaredError", optimizer: sgd({ lr: 0.1 }), target: "wasm" } as const;
    const { step } = compileTraining(graph, how);
    const execution = await execute(step, dataFor(graph, 2, 1).params, 2, wasmChecker(step));
    const zeros = (shape: readonly number[]) => ({ shape, data: new Float64Array(sizeOf(shape)) });
    const given = Object.fromEntries(
      step.inputs.map(({ name, shape }) => [name, zeros(shape.map((d) => (d === "N" ? 2 : Number(d))))]),
    );
    // Layouts change from run to run: each kernel is at either end of the memory.
    for (const i of [0, 1]) execution.run(given, { batch: 2, step: i, rates: [0.1] });
    const weights = await execution.read("linear1.weight");
    expect(Array.from(weights.data).every(Number.isFinite)).toBe(true);
    execution.destroy();
  });
  test("addresses that go backwards from the end of a tensor at the memory's beginning", async () => {
    const y = weft.relu(weft.conv2d(input("x", [1, 1, 4, 5]), { out: 1, kernel: [2, 4] }));
    await checkGradients(y, {
      batches: [1, 1, 1],
      target: "wasm",
      device: (program) => wasmChecker(program),
    });
  });
  test("a component of a vector that is computed, in all lanes of another", async () => {
    const y = linear(input("x", [N, 1, 5, 5]), { out: 2, bias: false });
    await expectRight(avgPool2d(y, { kernel: [1, 2], padding: [0, 1] }));
  });
});

const keeping: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  relu: weft.relu,
  relu6: weft.relu6,
  leakyRelu: (x) => weft.leakyRelu(x),
  clip: (x) => weft.clip(x, { min: -1, max: 1 }),
  sigmoid: weft.sigmoid,
  tanh: weft.tanh,
  gelu: weft.gelu,
  exp: weft.exp,
  log: weft.log,
  "max with a number": (x) => weft.max(x, 0),
  "min with a tensor": (x) => weft.min(x, weft.neg(x)),
  "x · 0": (x) => weft.mul(x, 0),
  "max over an axis": (x) => weft.max(x, { axis: 1 }),
  "min over an axis": (x) => weft.min(x, { axis: 1 }),
  softmax: (x) => weft.softmax(x, { axis: 1 }),
};

describe("NaN reaches the result, in whichever lane it is", () => {
  const expectKept = async (
    f: (x: Tensor) => Tensor,
    shape: readonly number[],
    at: number,
  ): Promise<void> => {
    const x = input("x", [N, ...shape]);
    const { program } = compile(graphOf(f(x)), { target: "wasm" });
    const size = shape.reduce((a, d) => a * d, 1);
    const data = Float64Array.from({ length: size }, (_, i) => (i === at ? Number.NaN : 1));
    const given = { x: ndarray([1, ...shape], data) };
    const [result] = await runProgramOn(wasmChecker(program), program, {}, [given]);
    const all = Array.from(result?.["y"]?.data ?? []);
    expect(all.some(Number.isNaN)).toBe(true);
  };
  test.each(Object.entries(keeping))("%s", async (_, f) => {
    for (const width of [1, 4, 7, 300]) for (const at of [0, width - 1]) await expectKept(f, [width], at);
  });
  test("maxPool2d", async () => {
    for (const at of [0, 5, 35]) await expectKept((x) => weft.maxPool2d(x, { kernel: 3 }), [1, 6, 6], at);
  });
});

describe("what a program says of its module", () => {
  const padded = (): Tensor => {
    const x = input("x", [N, 2, 6, 6]);
    return weft.conv2d(x, { out: 4, kernel: 5, padding: 2 });
  };

  test("how far kernels fetch beyond what they are given: they stay within the slack at the memory's edges", async () => {
    const { program } = compile(graphOf(padded()), { target: "wasm" });
    expect(program.module?.slack).toBeGreaterThan(0);
    // Both edges by turns.
    for (const batch of [1, 2, 3]) await expectRight(padded(), batch);
  });

  test("of kernels that are one, the one that fetches furthest", () => {
    // Four numbers of eight, or all four that there are, before eight others: a guard drops the places from 4 on.
    const [eight, four, others] = [input("eight", [8]), input("four", [4]), input("others", [8])];
    const [row, factor] = [input("row", [1, 12]), input("factor", [12, 12])];
    const near = weft.concat([weft.slice(eight, { start: 0, end: 4, axis: 0 }), others], { axis: 0 });
    // A product between them, which shares no dispatch.
    const between = weft.reshape(weft.matmul(row, factor), [12]);
    const far = weft.concat([four, weft.slice(between, { start: 0, end: 8, axis: 0 })], { axis: 0 });
    const compiled = (given: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>) =>
      compile(weft.model("joined", given, outputs).graph, { target: "wasm" }).program;
    const alone = compiled({ eight, others }, { near }).module?.slack ?? 0;
    const both = compiled({ eight, four, others, row, factor }, { near, far });
    expect([both.kernels.length, both.dispatches.length]).toEqual([2, 3]);
    expect(both.module?.slack).toBeGreaterThan(alone);
  });

  test("what a workgroup costs, by which work is divided: loops by their turns", () => {
    const costs = [1, 10, 100].map((k) => {
      const y = linear(input("x", [N, 40 * k]), { out: 8 });
      const { kernels } = compile(graphOf(y), { target: "wasm" }).program;
      return kernels.reduce((sum, { cost = 0 }) => sum + cost, 0);
    });
    const [one = 0, ten = 0, hundred = 0] = costs;
    expect(ten).toBeGreaterThan(4 * one);
    expect(hundred).toBeGreaterThan(4 * ten);
  });
});
