/** A program on one device, run batch by batch. */
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { ARRAYS, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";
import type { Batch } from "./inputs.ts";
import { Plan, READ, READBACK, type Step, UNIFORM } from "./plan.ts";

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

export class Engine extends Plan {
  #uniform: GPUBuffer | undefined;
  /** What the uniform holds. */
  #batch = 0;
  /** By index into `Program.buffers`: those whose size does not depend on the batch. */
  #fixed: readonly (GPUBuffer | undefined)[] = [];
  #capacity: Capacity | undefined;
  /** Two runs may be in flight: one computes while the other is read back. Further ones wait their turn. */
  readonly #slots: [Slot, Slot] = [{ done: Promise.resolve() }, { done: Promise.resolve() }];

  /** Builds the pipelines in parallel, sets the parameters and runs what depends on them alone. */
  async prepare(values: readonly TensorData[]): Promise<this> {
    const { buffers, params, prepare, name } = this.program;
    this.checkSizes(0);
    await this.build();

    const { device } = this.gpu;
    await this.gpu.scoped(`${name}: parameters`, () => {
      this.#uniform = device.createBuffer({ label: "batch", size: 16, usage: UNIFORM });
      this.#fixed = buffers.map(({ bytes }, i) => (bytes.perBatch ? undefined : this.buffer(i, 0)));
      params.forEach((param, i) => {
        this.fill(this.#fixed, param, values[i] as TensorData);
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
    const { inputs, outputs, name } = this.program;
    const what = `${name}, batch of ${size}`;
    this.checkSizes(size);
    let total = 0;
    const places = outputs.map((output) => {
      const at = total;
      const shape = output.shape.map((d) => (d === "N" ? size : d));
      const bytes = sizeOf(shape) * 4;
      total += Math.ceil(bytes / 8) * 8;
      return { ...output, shape, at, bytes };
    });
    try {
      const { mapped, staging } = await this.gpu.scoped(what, () => {
        const { buffers, steps } = this.#reserve(size);
        inputs.forEach(({ buffer }, i) => {
          this.write(buffers[buffer], data[i] as TensorData);
        });
        if (!slot.staging || slot.staging.size < total) {
          slot.staging?.destroy();
          slot.staging = this.gpu.device.createBuffer({ label: "readback", size: total, usage: READBACK });
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
      await this.gpu.wait(what, mapped);
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
    this.gpu.close(new WeftError("destroyed", `${this.program.name}: the session was destroyed or reloaded`));
    for (const slot of this.#slots) this.#release(slot);
    for (const buffer of [this.#uniform, ...this.#fixed]) buffer?.destroy();
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
    const buffers = this.program.buffers.map((_, i) => this.#fixed[i] ?? this.buffer(i, batch));
    this.#capacity = { batch, buffers, steps: this.#steps(this.program.dispatches, buffers) };
    return this.#capacity;
  }

  #steps(dispatches: Program["dispatches"], buffers: readonly (GPUBuffer | undefined)[]): Step[] {
    return this.steps(dispatches, buffers, { buffer: this.#uniform as GPUBuffer });
  }

  #submit(steps: readonly Step[], batch: number, copy?: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.gpu;
    if (this.#batch !== batch) {
      this.#batch = batch;
      this.write(this.#uniform, Uint32Array.of(batch));
    }
    const encoder = device.createCommandEncoder();
    this.encode(encoder, steps, batch);
    copy?.(encoder);
    device.queue.submit([encoder.finish()]);
  }
}
