/** Whole programs for WebAssembly, beside the naive reference. */
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { avgPool2d, input, linear, logSoftmax, N, type Tensor } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { dataFor } from "../fuzz/data.ts";
import { graphOf } from "../ops/cases.ts";
import { ndarray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";
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
