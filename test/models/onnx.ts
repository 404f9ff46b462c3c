/** Runs a whole model through Weft and through onnxruntime with the same seeded data. */
import { performance } from "node:perf_hooks";
import { type Compilation, type CompileOptions, compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { dataFor } from "../fuzz/data.ts";
import { runOnnx } from "../oracle/onnx.ts";
import { runOnAdapter } from "../oracle/weft.ts";

export interface Comparison {
  /** The largest difference of the outputs, as a share of the largest value of onnxruntime's. */
  readonly error: number;
  /** That largest value. */
  readonly scale: number;
  /** Milliseconds. */
  readonly compileTime: number;
  readonly weftTime: number;
  readonly onnxTime: number;
  readonly compilation: Compilation;
}

/** Throws where either side refuses the model, or where an output is missing. */
export async function compareWithOnnx(
  graph: Graph,
  options: CompileOptions = {},
  { batch = 1, seed = 1 } = {},
): Promise<Comparison> {
  const { inputs, params } = dataFor(graph, batch, seed);
  const start = performance.now();
  const compilation = compile(graph, options);
  const compiled = performance.now();
  const [got = {}] = await runOnAdapter(compilation.program, params, inputs);
  const ran = performance.now();
  const want = await runOnnx(graph, inputs, params);
  const end = performance.now();
  let [error, scale] = [0, 0];
  for (const [name, { data, shape }] of Object.entries(want)) {
    const result = got[name];
    if (!result || String(result.shape) !== String(shape))
      throw new Error(`output ${name} is [${result?.shape}]`);
    data.forEach((w, i) => {
      const difference = Math.abs(w - (result.data[i] ?? Number.NaN));
      error = Math.max(error, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
      scale = Math.max(scale, Math.abs(w));
    });
  }
  return {
    error: error / scale,
    scale,
    compileTime: compiled - start,
    weftTime: ran - compiled,
    onnxTime: end - ran,
    compilation,
  };
}
