/** Whole programs for WebAssembly, beside the naive reference. */
import { describe, expect, test } from "vitest";
import { avgPool2d, input, linear, logSoftmax, N, type Tensor } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { dataFor } from "../fuzz/data.ts";
import { graphOf } from "../ops/cases.ts";
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
