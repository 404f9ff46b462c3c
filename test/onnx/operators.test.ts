/** Each operator of the table on drawn shapes and attributes, beside onnxruntime. `npm run onnx` draws more. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rows } from "../../compiler/onnx/rows/index.ts";
import { caseOf } from "./cases/draw.ts";
import { atImport, cases } from "./cases/index.ts";
import { tryCase } from "./run.ts";

const RUNS = Number(process.env["WEFT_ONNX_RUNS"] ?? 4);
const seed = Number(process.env["WEFT_ONNX_SEED"] ?? Date.now() % 2 ** 31);

test("every operator of the table has cases", () => {
  expect(Object.keys(rows).filter((op) => !Object.hasOwn(cases, op) && !atImport.includes(op))).toEqual([]);
});

test("docs/onnx.md has them all", () => {
  const text = readFileSync(new URL("../../docs/onnx.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^\| (\w+) +\|.*\|.*\|.*\|$/gm)].map(([, op]) => op);
  expect(listed.filter((op) => op !== "Operator" && op !== "File").toSorted()).toEqual(
    [...Object.keys(cases), ...atImport].toSorted(),
  );
});

describe("as in onnxruntime", () => {
  test.each(Object.entries(cases))("%s", async (op, draw) => {
    let [equal, other] = [0, ""];
    const property = fc.asyncProperty(caseOf(op, draw), fc.nat(), async (drawn, numbers) => {
      const outcome = await tryCase(drawn, numbers);
      if (outcome.kind === "equal") equal++;
      else other = `${outcome.kind}: ${outcome.reason}`;
      if (process.env["WEFT_ONNX_SHOW"] && outcome.kind !== "equal")
        console.log(op, outcome.kind, outcome.reason);
      expect(outcome.kind === "wrong" ? outcome.reason : "").toBe("");
    });
    await fc.assert(property, { numRuns: RUNS, seed, endOnFailure: true });
    expect(equal === 0 ? other : "").toBe("");
  });
});
