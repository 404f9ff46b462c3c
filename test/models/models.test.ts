/**
 * Published models: their sizes are the published ones, every stage of their compilation holds what it promises,
 * and on a small picture they compute what onnxruntime computes. `npm run models` does this on whole pictures.
 */
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { verifyGraph, verifyProgram, verifyRegion } from "../../compiler/passes/verify.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { closeDevice } from "../oracle/weft.ts";
import { parametersOf, subjects } from "./models.ts";
import { compareWithOnnx } from "./onnx.ts";

afterAll(closeDevice);

describe.each(subjects.map((s) => [s.name, s] as const))("%s", (name, subject) => {
  test("has the published size, and compiles to what the verifier accepts", () => {
    expect(parametersOf(subject.graph)).toBe(subject.parameters);
    const start = performance.now();
    const compilation = compile(subject.graph);
    console.log(`${name}: compiled in ${(performance.now() - start).toFixed(0)} ms`);
    verifyGraph(compilation.source);
    verifyGraph(compilation.graph);
    for (const { region } of compilation.steps) verifyRegion(region);
    verifyProgram(compilation.program);
    const table = shapeTable(subject.graph);
    expect(table.layers.at(-1)?.output).toEqual(["N", 1000]);
    expect(Math.round(table.totals.macs / 1e6)).toBe(subject.megaMacs);
  });

  test("computes what onnxruntime computes, on a small picture", async () => {
    const { error, weftTime, onnxTime } = await compareWithOnnx(subject.small());
    console.log(
      `${name}: error ${error.toExponential(1)}; load and run ${weftTime.toFixed(0)} ms, onnxruntime ${onnxTime.toFixed(0)} ms`,
    );
    expect(error).toBeLessThanOrEqual(1e-4);
  });
});
