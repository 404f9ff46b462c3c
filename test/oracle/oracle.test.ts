/** The two references against each other: nothing of the compiler runs here. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel, printModel } from "../fuzz/spec.ts";
import { userMeanings } from "../fuzz/userOps.ts";
import { differences, isMeaningful, reference } from "./compare.ts";
import { exceptionFor, onnxReference } from "./onnx.ts";
import { evaluate } from "./oracle.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 20);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 300);

test(`the naive oracle equals onnxruntime on ${runs} random models (seed ${seed})`, async () => {
  const skipped = new Map<string, number>();
  const ops = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(models(), async (spec) => {
      const graph = buildModel(spec);
      for (const n of graph.nodes) if (n.kind === "op") ops.set(n.op.name, (ops.get(n.op.name) ?? 0) + 1);
      const { inputs, params } = dataFor(graph, spec.batches[0] ?? 1, spec.seed, spec.scale);
      const want = reference(graph, inputs, params, { custom: userMeanings });
      const skip = Object.values(want).every((r) => isMeaningful(r))
        ? exceptionFor(graph)?.name
        : "no right answer in f32";
      if (skip !== undefined) {
        skipped.set(skip, (skipped.get(skip) ?? 0) + 1);
        return;
      }
      const text = differences(evaluate(graph, inputs, params), await onnxReference(graph, inputs, params));
      if (text) throw new Error(`${text}\n\n${printModel(spec)}`);
    }),
    { seed, numRuns: runs },
  );
  console.log(`ops: ${[...ops].map(([k, n]) => `${k} ${n}`).join(", ")}`);
  for (const [name, n] of skipped) console.log(`not compared with onnxruntime: ${n} models (${name})`);
  expect(runs).toBeGreaterThan(0);
});
