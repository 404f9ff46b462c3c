/**
 * Published models: their sizes are the published ones, every stage of their compilation holds what it promises,
 * and on a small picture they compute what onnxruntime computes. `npm run models` does this on whole pictures.
 */
import { afterAll, describe, expect, test } from "vitest";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { verifyGraph, verifyRegion } from "../../compiler/passes/verify.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { type Shape, shapeAt } from "../../contract/type.ts";
import resnet18 from "../../models/resnet18.ts";
import { closeDevice } from "../oracle/weft.ts";
import { subjects } from "./models.ts";
import { compareWithOnnx } from "./onnx.ts";

afterAll(closeDevice);

/** Those that are run on the adapter, the others in WebAssembly. */
const ON_ADAPTER: ReadonlySet<string> = new Set(["resnet18", "vit"]);

let whole: Compilation | undefined;
/** Compiled once for two tests. */
const resnet = (): Compilation => {
  whole ??= compile(resnet18.graph);
  return whole;
};

describe.each(subjects.map((s) => [s.name, s] as const))("%s", (name, subject) => {
  test("has the published size, and compiles to what the verifier accepts", () => {
    const start = performance.now();
    const compilation = name === "resnet18" ? resnet() : compile(subject.graph);
    console.log(`${name}: compiled in ${(performance.now() - start).toFixed(0)} ms`);
    verifyGraph(compilation.source);
    verifyGraph(compilation.graph);
    for (const { region } of compilation.steps) verifyRegion(region);
    verifyProgram(compilation.program);
    const table = shapeTable(subject.graph);
    expect(table.layers.at(-1)?.output).toEqual(["N", 1000]);
    expect(table.totals.params).toBe(subject.parameters);
    expect(Math.round(table.totals.macs / 1e6)).toBe(subject.megaMacs);
  });

  test("computes what onnxruntime computes, on a small picture", async () => {
    // On the adapter building the kernels takes longer than all else; `npm run models` does that.
    const target = ON_ADAPTER.has(name) ? "portable" : "wasm";
    const { error, weftTime, onnxTime } = await compareWithOnnx(subject.small(), { target });
    console.log(
      `${name}: error ${error.toExponential(1)}; load and run ${weftTime.toFixed(0)} ms, onnxruntime ${onnxTime.toFixed(0)} ms`,
    );
    expect(error).toBeLessThanOrEqual(1e-4);
  });
});

test("resnet18's buffers are its weights and twice the largest pair of activations that live together", () => {
  const { program, steps } = resnet();
  const elements = (shape: Shape): number => shapeAt(shape, 1).reduce((a, d) => a * d, 1);
  const perImage = (node: { readonly type: { readonly shape: Shape } }): number =>
    node.type.shape[0] === "N" ? 4 * elements(node.type.shape) : 0;
  const pairs = steps.map(({ kernel }) => {
    const largest = Math.max(...kernel.reads.map(perImage));
    return largest + Math.max(...kernel.results.map((r) => perImage(r.root)));
  });
  const weights = program.params.reduce((a, p) => a + 4 * elements(p.shape), 0);
  expect(program.peakBytes.perBatch).toBeLessThanOrEqual(2 * Math.max(...pairs));
  expect(program.peakBytes.fixed).toBeLessThanOrEqual(weights * 1.001); // besides them two numbers a channel of each norm
  expect(Math.max(...pairs)).toBe(4 * (64 * 112 * 112 + 64 * 56 * 56));
});
