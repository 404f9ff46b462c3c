/** Weft's own side of the benchmark: how graphs are compiled for an adapter, and kernels without upload or readback. */
import { performance } from "node:perf_hooks";
import { type Compilation, compile } from "../compiler/compile.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import { targetFor } from "../compiler/strategies/target.ts";
import type { Program } from "../contract/program.ts";
import { sizeOf } from "../contract/tensor.ts";
import { shapeAt } from "../contract/type.ts";
import { Executable, encodePass } from "../runtime/executable.ts";
import { Gpu } from "../runtime/gpu.ts";
import type { Job } from "./gpu.ts";

/** The one place that says how the benchmark compiles. */
export function compileFor(graph: Graph, device: GPUDevice): Compilation {
  return compile(graph, { target: targetFor(device) });
}

/**
 * A program's dispatches on buffers that were filled once, `params` in the program's order. Throws `WeftError` where the
 * device refuses the program.
 */
export async function weftJob(
  device: GPUDevice,
  program: Program,
  batch: number,
  inputs: Readonly<Record<string, Float32Array>>,
  params: readonly Float32Array[],
): Promise<Job> {
  const start = performance.now();
  const executable = await Executable.open(new Gpu(device, false), program);
  const buildMs = performance.now() - start;
  program.params.forEach(({ shape }, i) => {
    if (params[i]?.length !== sizeOf(shape))
      throw new Error(`Weft: parameter ${i} needs ${sizeOf(shape)} values`);
  });
  executable.fill(program.params, params);
  const data = program.inputs.map(({ name }) => {
    const given = inputs[name];
    if (!given) throw new Error(`Weft: no value for input ${name}`);
    return given;
  });
  const dispatches = executable.feed(batch, data);
  const [output] = program.outputs;
  if (!output) throw new Error("Weft: no output");
  return {
    name: "Weft",
    buildMs,
    result: { buffer: executable.buffer(output.buffer), length: sizeOf(shapeAt(output.shape, batch)) },
    encode: (commands) => encodePass(commands, dispatches, batch),
    destroy: () => executable.destroy(),
  };
}
