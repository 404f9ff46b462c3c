/** A program on one device: its pipelines, buffers and bind groups. */
import type { Dispatch, Program, Shader } from "../compiler/ir/program.ts";
import type { Count } from "../compiler/ir/type.ts";
import { WeftError } from "./errors.ts";
import type { Gpu } from "./gpu.ts";
import type { Batch } from "./inputs.ts";
import { ARRAYS, permute, sizeOf, type Tensor, type TensorData } from "./tensor.ts";

/** GPUBufferUsage and GPUMapMode as numbers: these globals are a browser's, not Node's. */
const STORAGE = 0x80 | 0x08 | 0x04; // and COPY_DST, COPY_SRC
const UNIFORM = 0x40 | 0x08;
const READBACK = 0x08 | 0x01;
const READ = 1;

/** Workgroups per dimension that every device allows. */
const MAX_WORKGROUPS = 65535;

/** A dispatch, ready but for its size. */
interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** How many workgroups a batch takes. */
  readonly groups: (batch: number) => number;
}

/** What depends on the batch, made for the largest one seen. */
interface Capacity {
  readonly batch: number;
  readonly buffers: readonly GPUBuffer[];
  readonly steps: readonly Step[];
}

/** A run in flight: where its outputs are read back. */
interface Slot {
  staging?: GPUBuffer | undefined;
  done: Promise<unknown>;
}

const bytesAt = ({ fixed, perBatch }: Count, batch: number): number =>
  Math.max(16, Math.ceil((fixed + perBatch * batch) / 16) * 16);

export class Engine {
  readonly #gpu: Gpu;
  readonly #program: Program;
  readonly #ownsDevice: boolean;
  #pipelines: readonly GPUComputePipeline[] = [];
  #uniform: GPUBuffer | undefined;
  /** What the uniform holds. */
  #batch = 0;
  /** By index into `Program.buffers`: those whose size does not depend on the batch. */
  #fixed: readonly (GPUBuffer | undefined)[] = [];
  #capacity: Capacity | undefined;
  /** Two runs may be in flight: one computes while the other is read back. Further ones wait their turn. */
  readonly #slots: [Slot, Slot] = [{ done: Promise.resolve() }, { done: Promise.resolve() }];

  constructor(gpu: Gpu, program: Program, ownsDevice: boolean) {
    this.#gpu = gpu;
    this.#program = program;
    this.#ownsDevice = ownsDevice;
  }

  /** Builds the pipelines in parallel, sets the parameters and runs what depends on them alone. */
  async prepare(values: readonly TensorData[]): Promise<this> {
    const { kernels, buffers, params, prepare, name } = this.#program;
    this.#checkSizes(0);
    const byText = new Map<string, Promise<GPUComputePipeline>>();
    for (const kernel of kernels)
      if (!byText.has(kernel.wgsl)) byText.set(kernel.wgsl, this.#gpu.pipeline(kernel));
    this.#pipelines = await Promise.all(
      kernels.map((k) => byText.get(k.wgsl) as Promise<GPUComputePipeline>),
    );

    const { device } = this.#gpu;
    await this.#gpu.scoped(`${name}: parameters`, () => {
      this.#uniform = device.createBuffer({ label: "batch", size: 16, usage: UNIFORM });
      this.#fixed = buffers.map(({ bytes }, i) => (bytes.perBatch ? undefined : this.#buffer(i, 0)));
      params.forEach(({ buffer, shape, order }, i) => {
        const data = values[i] as TensorData;
        this.#write(this.#fixed[buffer], order ? permute(data, shape, order) : data);
      });
      if (prepare.length) this.#submit(this.#steps(prepare, this.#fixed), 1);
    });
    return this;
  }

  run(batch: Batch): Promise<Record<string, Tensor>> {
    this.#slots.reverse();
    const [slot] = this.#slots;
    const result = slot.done.then(() => this.#run(batch, slot));
    slot.done = result.catch(() => {});
    return result;
  }

  /** Writes, encodes and submits within one turn: runs that overlap cannot mix. */
  async #run({ size, data }: Batch, slot: Slot): Promise<Record<string, Tensor>> {
    const { inputs, outputs, name } = this.#program;
    const what = `${name}, batch of ${size}`;
    this.#checkSizes(size);
    let total = 0;
    const places = outputs.map((output) => {
      const at = total;
      const shape = output.shape.map((d) => (d === "N" ? size : d));
      const bytes = sizeOf(shape) * 4;
      total += Math.ceil(bytes / 8) * 8;
      return { ...output, shape, at, bytes };
    });
    try {
      const { mapped, staging } = await this.#gpu.scoped(what, () => {
        const { buffers, steps } = this.#reserve(size);
        inputs.forEach(({ buffer }, i) => {
          this.#write(buffers[buffer], data[i] as TensorData);
        });
        if (!slot.staging || slot.staging.size < total) {
          slot.staging?.destroy();
          slot.staging = this.#gpu.device.createBuffer({ label: "readback", size: total, usage: READBACK });
        }
        const { staging } = slot;
        this.#submit(steps, size, (encoder) => {
          for (const { buffer, at, bytes } of places)
            encoder.copyBufferToBuffer(buffers[buffer] as GPUBuffer, 0, staging, at, bytes);
        });
        const mapped = staging.mapAsync(READ, 0, total);
        mapped.catch(() => {}); // awaited below, unless the scopes report a failure first
        return { mapped, staging };
      });
      await this.#gpu.wait(what, mapped);
      const range = staging.getMappedRange(0, total);
      const tensors = places.map(({ name, dtype, shape, at, bytes }): [string, Tensor] => [
        name,
        { shape, data: new ARRAYS[dtype](range.slice(at, at + bytes)) },
      ]);
      staging.unmap();
      return Object.fromEntries(tensors);
    } catch (error) {
      this.#release(slot);
      throw error;
    }
  }

  /** Frees the buffers; runs in flight are rejected. */
  destroy(): void {
    this.#gpu.end(new WeftError("destroyed", `${this.#program.name}: the session was destroyed or reloaded`));
    for (const slot of this.#slots) this.#release(slot);
    for (const buffer of [this.#uniform, ...this.#fixed]) buffer?.destroy();
    if (this.#ownsDevice) this.#gpu.device.destroy();
  }

  /** Drops what depends on the batch: it is made anew when next needed. */
  #release(slot?: Slot): void {
    if (slot) {
      slot.staging?.destroy();
      slot.staging = undefined;
    }
    this.#capacity?.buffers.forEach((buffer, i) => {
      if (buffer !== this.#fixed[i]) buffer.destroy();
    });
    this.#capacity = undefined;
  }

  #reserve(batch: number): Capacity {
    if (this.#capacity && this.#capacity.batch >= batch) return this.#capacity;
    this.#release();
    const buffers = this.#program.buffers.map((_, i) => this.#fixed[i] ?? this.#buffer(i, batch));
    this.#capacity = { batch, buffers, steps: this.#steps(this.#program.dispatches, buffers) };
    return this.#capacity;
  }

  #buffer(index: number, batch: number): GPUBuffer {
    const { name, bytes } = this.#program.buffers[index] as Program["buffers"][number];
    return this.#gpu.device.createBuffer({ label: name, size: bytesAt(bytes, batch), usage: STORAGE });
  }

  #write(buffer: GPUBuffer | undefined, data: TensorData): void {
    this.#gpu.device.queue.writeBuffer(buffer as GPUBuffer, 0, data as GPUAllowSharedBufferSource);
  }

  #steps(dispatches: readonly Dispatch[], buffers: readonly (GPUBuffer | undefined)[]): Step[] {
    return dispatches.map(({ kernel, layers, grid: { items, batchTile }, buffers: indices }) => {
      const pipeline = this.#pipelines[kernel] as GPUComputePipeline;
      const { name, workgroup, usesBatch } = this.#program.kernels[kernel] as Shader;
      const bound = indices.map((i) => buffers[i]);
      if (usesBatch) bound.unshift(this.#uniform);
      const group = this.#gpu.device.createBindGroup({
        label: `${name} (${layers.join(", ")})`,
        layout: pipeline.getBindGroupLayout(0),
        entries: bound.map((buffer, binding) => ({ binding, resource: { buffer: buffer as GPUBuffer } })),
      });
      const groups = (batch: number): number =>
        Math.ceil((items * (batchTile ? Math.ceil(batch / batchTile) : 1)) / workgroup);
      return { pipeline, group, groups };
    });
  }

  #submit(steps: readonly Step[], batch: number, copy?: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.#gpu;
    if (this.#batch !== batch) {
      this.#batch = batch;
      this.#write(this.#uniform, Uint32Array.of(batch));
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, groups } of steps) {
      const rows = Math.ceil(groups(batch) / MAX_WORKGROUPS);
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(Math.ceil(groups(batch) / rows), rows);
    }
    pass.end();
    copy?.(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** Throws `WeftError` "input" where a buffer would exceed what the device can bind. */
  #checkSizes(batch: number): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const { buffers, name: model } = this.#program;
    for (const { name, bytes } of buffers) {
      const need = bytesAt(bytes, batch);
      if (need <= limit) continue;
      const most = Math.min(...buffers.map((b) => Math.floor((limit - b.bytes.fixed) / b.bytes.perBatch)));
      const large = batch ? `a batch of ${batch} is too large, the most is ${most}: ` : "";
      throw new WeftError(
        "input",
        `${model}: ${large}"${name}" needs ${need} bytes, a buffer of this device holds ${limit}`,
      );
    }
  }
}
