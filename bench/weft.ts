/** Weft's own side of the benchmark: how graphs are compiled for an adapter, and kernels without upload or readback. */
import { performance } from "node:perf_hooks";
import { type Compilation, compile } from "../compiler/compile.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import { targetFor } from "../compiler/passes/target.ts";
import type { Program } from "../contract/program.ts";
import { permute, sizeOf } from "../contract/tensor.ts";
import { Gpu } from "../runtime/gpu.ts";
import { Plan, UNIFORM } from "../runtime/plan.ts";
import type { Job } from "./gpu.ts";

/** The one place that says how the benchmark compiles. */
export function compileFor(graph: Graph, device: GPUDevice): Compilation {
  return compile(graph, { target: targetFor(device) });
}

/** A program's dispatches on buffers that were filled once. */
class Resident extends Plan {
  async job(
    name: string,
    batch: number,
    inputs: Readonly<Record<string, Float32Array>>,
    params: readonly Float32Array[],
  ): Promise<Job> {
    const { program } = this;
    const start = performance.now();
    await this.build();
    const buildMs = performance.now() - start;
    const { device } = this.gpu;
    const uniform = device.createBuffer({ size: 16, usage: UNIFORM });
    this.write(uniform, Uint32Array.of(batch));
    const buffers = program.buffers.map((_, i) => this.buffer(i, batch));
    program.params.forEach(({ buffer, shape, order }, i) => {
      const data = params[i];
      if (data?.length !== sizeOf(shape))
        throw new Error(`${name}: parameter ${i} needs ${sizeOf(shape)} values`);
      this.write(buffers[buffer], order ? permute(data, shape, order) : data);
    });
    for (const { name: input, buffer } of program.inputs) {
      const data = inputs[input];
      if (!data) throw new Error(`${name}: no value for input ${input}`);
      this.write(buffers[buffer], data);
    }
    const prepare = this.steps(program.prepare, buffers, { buffer: uniform });
    const steps = this.steps(program.dispatches, buffers, { buffer: uniform });
    const encoder = device.createCommandEncoder();
    this.encode(encoder, prepare, 1);
    device.queue.submit([encoder.finish()]);
    const [output] = program.outputs;
    const buffer = output && buffers[output.buffer];
    if (!output || !buffer) throw new Error(`${name}: no output`);
    return {
      name,
      buildMs,
      result: { buffer, length: sizeOf(output.shape.map((d) => (d === "N" ? batch : d))) },
      encode: (commands) => this.encode(commands, steps, batch),
      destroy: () => {
        for (const one of [uniform, ...buffers]) one.destroy();
      },
    };
  }
}

/** `params` in the program's order. Throws `WeftError` where the device refuses the program. */
export function weftJob(
  device: GPUDevice,
  program: Program,
  batch: number,
  inputs: Readonly<Record<string, Float32Array>>,
  params: readonly Float32Array[],
): Promise<Job> {
  return new Resident(new Gpu(device, false), program).job("Weft", batch, inputs, params);
}
