/** What the tests of ops share: a table of small models, each through WGSL against both references. */
import { afterAll, describe, test } from "vitest";
import { model, type Tensor } from "weftgpu";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { type Graph, topologicalOrder } from "../../compiler/ir/graph.ts";
import type { Tensor as Result } from "../../runtime/index.ts";
import { dataFor } from "../fuzz/data.ts";
import type { Arrays } from "../oracle/array.ts";
import { allFinite, differences, floorShare, reference } from "../oracle/compare.ts";
import { exceptionFor, onnxReference } from "../oracle/onnx.ts";
import { type EvaluateOptions, evaluate } from "../oracle/oracle.ts";
import { closeDevice, everyTarget, runProgram } from "../oracle/weft.ts";

export interface Case {
  /** What is special about it. */
  readonly name: string;
  /** The tensor to check. Inputs and parameters are found in its graph. */
  readonly build: () => Tensor;
  /** Inputs are uniform in ±scale. Default 1. */
  readonly scale?: number;
  /** Values instead of random ones, by name. */
  readonly given?: Arrays;
  /** The sizes of N, all run by one compiled program. Default 1 and 5. */
  readonly batches?: readonly number[];
  /** Operands are as they are, and an op jumps where they are equal: none is taken for a rounded one. */
  readonly jumps?: true;
  /** Why onnxruntime cannot be asked. */
  readonly withoutOnnx?: string;
  readonly custom?: EvaluateOptions["custom"];
}

export function graphOf(y: Tensor): Graph {
  const inputs = topologicalOrder([y.node]).filter((n) => n.kind === "input");
  return model("case", Object.fromEntries(inputs.map((n) => [n.origin.name, tensorOf(n)])), { y }).graph;
}

/** Declares a test for each case. */
export function checkOp(op: string, cases: readonly Case[]): void {
  describe(op, () => {
    test.each(cases.map((c) => [c.name, c] as const))("%s", async (_, c) => {
      await checkCase(c);
    });
  });
}

/** Closes the device when the file is done. */
export function useDevice(): void {
  afterAll(closeDevice);
}

async function checkCase({
  build,
  scale = 1,
  given = {},
  batches = [1, 5],
  withoutOnnx,
  custom,
  jumps,
}: Case): Promise<void> {
  const graph = graphOf(build());
  const sets = batches.map((batch) => {
    const data = dataFor(graph, batch, 100 + batch, scale);
    return { inputs: { ...data.inputs, ...given }, params: { ...data.params, ...given } };
  });
  const params = sets[0]?.params ?? {};
  const results = new Map<string, readonly Record<string, Result>[]>();
  for (const [target, { program }] of everyTarget(graph))
    results.set(target, await runProgram(program, params, ...sets.map((s) => s.inputs)));
  for (const [i, { inputs }] of sets.entries()) {
    const fail = (who: string, text: string | undefined): void => {
      if (text) throw new Error(`batch ${batches[i]}, against ${who}: ${text}`);
    };
    const meanings = custom && { custom };
    const exact = evaluate(graph, inputs, params, meanings);
    const options = { exact, ...meanings, ...(jumps && { samples: 0 }) };
    const want = reference(graph, inputs, params, options);
    // Hand-made values may be as hard as they like, but not without an answer.
    if (!Object.values(want).every((r) => allFinite(r) && floorShare(r) < 1e-2))
      throw new Error("f32 has no right answer for this case");
    for (const [target, got] of results)
      fail(`the naive oracle (${target})`, differences(got[i] ?? {}, want));
    const exception = withoutOnnx ?? exceptionFor(graph)?.reason;
    if (exception === undefined) {
      const theirs = await onnxReference(graph, inputs, params, options);
      for (const [target, got] of results) fail(`onnxruntime (${target})`, differences(got[i] ?? {}, theirs));
    } else if (i === 0) console.log(`not compared with onnxruntime: ${exception}`);
  }
}
