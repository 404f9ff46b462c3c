/** What executing a program takes: its pipelines, its buffers, and dispatches that are ready but for the batch. */
import { WeftError } from "../contract/errors.ts";
import { WORKGROUPS } from "../contract/limits.ts";
import type { Dispatch, ParamSpec, Program, Shader } from "../contract/program.ts";
import { permute, type TensorData } from "../contract/tensor.ts";
import { bytesAt } from "../contract/type.ts";
import type { Gpu } from "./gpu.ts";
import { halves } from "./half.ts";

/** GPUBufferUsage and GPUMapMode as numbers: these globals are a browser's, not Node's. */
export const STORAGE = 0x80 | 0x08 | 0x04; // and COPY_DST, COPY_SRC
export const UNIFORM = 0x40 | 0x08;
export const READBACK = 0x08 | 0x01;
export const READ = 1;

/** A dispatch, ready but for its size. */
export interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** How many workgroups a batch takes. */
  readonly groups: (batch: number) => number;
  readonly usesBatch: boolean;
}

/**
 * Encodes one dispatch, in rows of as many workgroups as a dimension holds; kernels number them through. `offsets` as
 * in `encode`.
 */
export const dispatch = (
  pass: GPUComputePassEncoder,
  { pipeline, group, groups, usesBatch }: Step,
  batch: number,
  offsets: readonly number[] = [],
): void => {
  const rows = Math.ceil(groups(batch) / WORKGROUPS);
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group, usesBatch ? offsets : []);
  pass.dispatchWorkgroups(Math.ceil(groups(batch) / rows), rows);
};

export class Plan {
  protected readonly gpu: Gpu;
  protected readonly program: Program;
  #pipelines: readonly GPUComputePipeline[] = [];

  constructor(gpu: Gpu, program: Program) {
    this.gpu = gpu;
    this.program = program;
  }

  /** One pipeline per kernel, made in parallel; `uniform` is the layout of the batch uniform. */
  protected async build(uniform?: GPUBufferBindingLayout): Promise<void> {
    const { kernels, features, name } = this.program;
    const lacks = features?.find((f) => !this.gpu.device.features.has(f));
    if (lacks) throw new WeftError("no-device", `${name} needs the device feature "${lacks}"`);
    const byText = new Map<string, Promise<GPUComputePipeline>>();
    this.#pipelines = await Promise.all(
      kernels.map((kernel) => {
        const pipeline = byText.get(kernel.wgsl) ?? this.gpu.pipeline(kernel, uniform);
        byText.set(kernel.wgsl, pipeline);
        return pipeline;
      }),
    );
  }

  protected buffer(index: number, batch: number): GPUBuffer {
    const { name, bytes } = this.program.buffers[index] as Program["buffers"][number];
    return this.gpu.device.createBuffer({ label: name, size: bytesAt(bytes, batch), usage: STORAGE });
  }

  protected write(buffer: GPUBuffer | undefined, data: TensorData | Uint16Array): void {
    this.gpu.write(buffer as GPUBuffer, data);
  }

  /** Writes a parameter as its buffer holds it. */
  protected fill(
    buffers: readonly (GPUBuffer | undefined)[],
    { buffer, shape, order, storage }: ParamSpec,
    data: TensorData,
  ): void {
    const lying = order ? permute(data, shape, order) : data;
    this.write(buffers[buffer], storage ? halves(lying) : lying);
  }

  /** `uniform` is binding 0 of the kernels that use the batch. */
  protected steps(
    dispatches: readonly Dispatch[],
    buffers: readonly (GPUBuffer | undefined)[],
    uniform: GPUBufferBinding,
  ): Step[] {
    return dispatches.map(({ kernel, layers, grid: { items, batchTile }, buffers: indices }) => {
      const pipeline = this.#pipelines[kernel] as GPUComputePipeline;
      const { name, workgroup, usesBatch } = this.program.kernels[kernel] as Shader;
      const bound = indices.map((i) => ({ buffer: buffers[i] }) as GPUBufferBinding);
      if (usesBatch) bound.unshift(uniform);
      const group = this.gpu.device.createBindGroup({
        label: `${name} (${layers.join(", ")})`,
        layout: pipeline.getBindGroupLayout(0),
        entries: bound.map((resource, binding) => ({ binding, resource })),
      });
      const groups = (batch: number): number =>
        Math.ceil((items * Math.ceil(batchTile ? batch / batchTile : 1)) / workgroup);
      return { pipeline, group, groups, usesBatch };
    });
  }

  /** One pass. `offsets`: where in its buffer the uniform is, if its layout has a dynamic offset. */
  protected encode(
    encoder: GPUCommandEncoder,
    steps: readonly Step[],
    batch: number,
    offsets?: readonly number[],
  ): void {
    const pass = encoder.beginComputePass();
    for (const step of steps) dispatch(pass, step, batch, offsets);
    pass.end();
  }

  /** Throws `WeftError` where a buffer would exceed what the device can bind: "input", without a batch "out-of-memory". */
  protected checkSizes(batch: number): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const { buffers, name: model } = this.program;
    for (const { name, bytes } of buffers) {
      const need = bytesAt(bytes, batch);
      if (need <= limit) continue;
      const most = Math.min(...buffers.map((b) => Math.floor((limit - b.bytes.fixed) / b.bytes.perBatch)));
      const large = batch ? `a batch of ${batch} is too large, the most is ${most}: ` : "";
      throw new WeftError(
        batch ? "input" : "out-of-memory",
        `${model}: ${large}"${name}" needs ${need} bytes, a buffer of this device holds ${limit}`,
      );
    }
  }
}
