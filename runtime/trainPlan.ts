/** A program that changes its params from batch to batch, on one device: many batches may go into one submit. */
import type { Shader } from "../contract/program.ts";
import { ARRAYS, permute, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";
import { bytesAt } from "../contract/type.ts";
import type { Weights } from "../contract/weights.ts";
import type { Source } from "./dataUpload.ts";
import { Plan, READ, READBACK, type Step, UNIFORM } from "./plan.ts";
import { isMetrics, stateOf } from "./trainState.ts";

/** The most batches that share a submit. */
export const MOST_BATCHES = 64;
/** The most submits in flight. */
export const MOST_SUBMITS = 2;

/** Bytes from one batch's uniform to the next: the alignment that every device allows. */
const STRIDE = 256;
/** Bytes of the uniform. */
const UNIFORM_BYTES = 32;
/** Bytes of [Σ loss, number right]. */
const METRICS_BYTES = 8;

/** What differs from batch to batch: the uniform, whose seed is the same for all. */
export interface BatchEntry {
  readonly n: number;
  /** Where the batch starts in the order of the data set. */
  readonly offset: number;
  readonly step: number;
  readonly rates: readonly number[];
}

interface Capacity {
  readonly batch: number;
  readonly buffers: readonly (GPUBuffer | undefined)[];
  readonly bound: WeakMap<Source, readonly Step[]>;
}

export class TrainPlan extends Plan {
  #uniform: GPUBuffer | undefined;
  /** By index into `Program.buffers`: those whose size does not depend on the batch or the data. */
  #fixed: readonly (GPUBuffer | undefined)[] = [];
  #metrics: GPUBuffer | undefined;
  /** Where metrics are read back, when not in flight. */
  #staging: GPUBuffer[] = [];
  /** Where the params are read back. */
  #copy: GPUBuffer | undefined;
  /** What depends on the params alone. */
  #prepared: readonly Step[] = [];
  #capacity: Capacity | undefined;

  /** Builds the pipelines in parallel and makes all buffers whose size is known. */
  async open(): Promise<this> {
    const { name, buffers, params, inputs, order } = this.program;
    this.checkSizes(0);
    await this.build({ type: "uniform", hasDynamicOffset: true });
    const drawn = [order, ...inputs.filter((i) => i.storage).map((i) => i.buffer)];
    await this.gpu.scoped(`${name}: parameters`, () => {
      const { device } = this.gpu;
      const make = (label: string, size: number, usage: number): GPUBuffer =>
        device.createBuffer({ label, size, usage });
      this.#uniform = make("batches", MOST_BATCHES * STRIDE, UNIFORM);
      this.#fixed = buffers.map(({ bytes }, i) =>
        bytes.perBatch || drawn.includes(i) ? undefined : this.buffer(i, 0),
      );
      this.#metrics = this.#fixed[params.find(isMetrics)?.buffer ?? -1];
      this.#staging = Array.from({ length: MOST_SUBMITS }, () =>
        make("metrics read back", MOST_BATCHES * METRICS_BYTES, READBACK),
      );
      this.#prepared = this.steps(this.program.prepare, this.#fixed, this.#binding());
      this.#copy = make(
        "params read back",
        4 * stateOf(this.program).reduce((a, p) => a + sizeOf(p.shape), 4),
        READBACK,
      );
    });
    return this;
  }

  /** Sets the params that `tensors` has, and runs what depends on them alone. */
  set(tensors: Weights): void {
    for (const param of stateOf(this.program))
      this.fill(this.#fixed, param, (tensors[param.name] as Tensor).data);
    if (!this.#prepared.length) return;
    this.#writeEntries([{ n: 1, offset: 0, step: 0, rates: [] }], 0);
    const encoder = this.gpu.device.createCommandEncoder();
    this.encode(encoder, this.#prepared, 1, [0]);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** The params as they are once all that was submitted has been carried out. One call at a time. */
  async get(): Promise<Record<string, Tensor>> {
    const { name } = this.program;
    const copy = this.#copy as GPUBuffer;
    let used = 0;
    const places = stateOf(this.program).map((param) => {
      const at = used;
      const bytes = 4 * sizeOf(param.shape);
      used += bytes;
      return { param, at, bytes };
    });
    const mapped = await this.#submit(`${name}: read back`, copy, used, (encoder) => {
      for (const { param, at, bytes } of places)
        encoder.copyBufferToBuffer(this.#fixed[param.buffer] as GPUBuffer, 0, copy, at, bytes);
    });
    return Object.fromEntries(
      places.map(({ param: { name, dtype, shape, order }, at, bytes }) => {
        const data: TensorData = new ARRAYS[dtype](mapped.slice(at, at + bytes));
        return [name, { shape, data: order ? unpermute(data, shape, order) : data }];
      }),
    );
  }

  /** Makes what a batch of this size from these sources takes, so that nothing is made while batches run. */
  reserve(batch: number, sources: readonly Source[]): void {
    this.checkSizes(batch);
    if (!this.#capacity || this.#capacity.batch < batch) {
      this.#release();
      const buffers = this.program.buffers.map(
        ({ bytes }, i) => this.#fixed[i] ?? (bytes.perBatch ? this.buffer(i, batch) : undefined),
      );
      this.#capacity = { batch, buffers, bound: new WeakMap() };
    }
    for (const source of sources) this.#bind(this.#capacity, source);
  }

  /**
   * Carries out batches in order, in one submit with a pass for each. The result is [Σ loss, number right] of each
   * batch. Everything is submitted before this returns its promise; at most MOST_SUBMITS may be pending.
   */
  async run(entries: readonly BatchEntry[], source: Source, seed: number): Promise<Float32Array> {
    const { name } = this.program;
    const capacity = this.#capacity as Capacity;
    const staging = this.#staging.pop() as GPUBuffer;
    const steps = this.#bind(capacity, source);
    const metrics = this.#metrics as GPUBuffer;
    try {
      const mapped = await this.#submit(name, staging, entries.length * METRICS_BYTES, (encoder) => {
        this.#writeEntries(entries, seed);
        entries.forEach((entry, i) => {
          const { n } = entry;
          this.#writeInputs(capacity, source, entry);
          encoder.clearBuffer(metrics);
          this.encode(encoder, steps, n, [i * STRIDE]);
          encoder.copyBufferToBuffer(metrics, 0, staging, i * METRICS_BYTES, METRICS_BYTES);
        });
      });
      return new Float32Array(mapped);
    } finally {
      this.#staging.push(staging);
    }
  }

  /**
   * Carries out one batch kernel by kernel, and shows `look` what each of them has written, with the positions
   * of the dispatch and of the tensor among those that it writes, as long as it answers true. With nothing else in flight.
   */
  async trace(
    entry: BatchEntry,
    source: Source,
    seed: number,
    look: (dispatch: number, which: number, data: Float32Array) => boolean,
  ): Promise<void> {
    const { name, dispatches, kernels, buffers, params } = this.program;
    const { device } = this.gpu;
    const capacity = this.#capacity as Capacity;
    const steps = this.#bind(capacity, source);
    this.#writeEntries([entry], seed);
    this.#writeInputs(capacity, source, entry);
    this.write(this.#metrics, new Float32Array(2));
    for (const [i, dispatch] of dispatches.entries()) {
      const { bindings } = kernels[dispatch.kernel] as Shader;
      let total = 0;
      const written = bindings.flatMap(({ access }, k) => {
        if (access === "read") return [];
        const index = dispatch.buffers[k] as number;
        const bytes = bytesAt((buffers[index] as (typeof buffers)[number]).bytes, entry.n);
        total += bytes;
        return { index, bytes, at: total - bytes };
      });
      const staging = device.createBuffer({ label: name, size: total, usage: READBACK });
      try {
        const mapped = await this.#submit(name, staging, total, (encoder) => {
          // What was there before, of other tensors or of a larger batch, is not this kernel's.
          for (const { index } of written)
            if (!params.some((p) => p.buffer === index))
              encoder.clearBuffer(capacity.buffers[index] as GPUBuffer);
          this.encode(encoder, [steps[i] as Step], entry.n, [0]);
          for (const { index, at, bytes } of written)
            encoder.copyBufferToBuffer(capacity.buffers[index] as GPUBuffer, 0, staging, at, bytes);
        });
        for (const [which, { at, bytes }] of written.entries())
          if (!look(i, which, new Float32Array(mapped, at, bytes / 4))) return;
      } finally {
        staging.destroy();
      }
    }
  }

  destroy(): void {
    this.#release();
    for (const buffer of [this.#uniform, this.#copy, ...this.#staging, ...this.#fixed]) buffer?.destroy();
  }

  #bind({ buffers, bound }: Capacity, source: Source): readonly Step[] {
    const known = bound.get(source);
    if (known) return known;
    const all = buffers.map((buffer, i) => source.buffers.get(i) ?? buffer);
    const steps = this.steps(this.program.dispatches, all, this.#binding());
    bound.set(source, steps);
    return steps;
  }

  /** Of a program whose data are not on the GPU. */
  #writeInputs({ buffers }: Capacity, source: Source, { offset, n }: BatchEntry): void {
    source.batch?.(offset, n).forEach((data, i) => {
      if (data) this.write(buffers[this.program.inputs[i]?.buffer as number], data);
    });
  }

  #binding(): GPUBufferBinding {
    return { buffer: this.#uniform as GPUBuffer, size: UNIFORM_BYTES };
  }

  #writeEntries(entries: readonly BatchEntry[], seed: number): void {
    const data = new ArrayBuffer(entries.length * STRIDE);
    entries.forEach(({ n, offset, step, rates }, i) => {
      new Uint32Array(data, i * STRIDE).set([n, offset, step, seed]);
      new Float32Array(data, i * STRIDE + 16).set(rates);
    });
    this.write(this.#uniform, new Uint32Array(data));
  }

  /** Submits what `encode` adds and gives the bytes that it left in `staging`. */
  async #submit(
    what: string,
    staging: GPUBuffer,
    bytes: number,
    encode: (encoder: GPUCommandEncoder) => void,
  ): Promise<ArrayBuffer> {
    const { device } = this.gpu;
    try {
      const { mapped } = await this.gpu.scoped(what, () => {
        const encoder = device.createCommandEncoder();
        encode(encoder);
        device.queue.submit([encoder.finish()]);
        const mapped = staging.mapAsync(READ, 0, bytes);
        mapped.catch(() => {}); // awaited below, unless the scopes report a failure first
        return { mapped };
      });
      await this.gpu.wait(what, mapped);
      return staging.getMappedRange(0, bytes).slice(0);
    } finally {
      staging.unmap();
    }
  }

  #release(): void {
    this.#capacity?.buffers.forEach((buffer, i) => {
      if (buffer !== this.#fixed[i]) buffer?.destroy();
    });
    this.#capacity = undefined;
  }
}

/** The elements in row-major order of `shape`, which lie in memory with their axes in `order`. */
function unpermute(data: TensorData, shape: readonly number[], order: readonly number[]): TensorData {
  const inverse = shape.map((_, axis) => order.indexOf(axis));
  return permute(
    data,
    order.map((axis) => shape[axis] as number),
    inverse,
  );
}
