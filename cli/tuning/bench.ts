/**
 * A program on a device, run dispatch by dispatch: before a dispatch, its operands hold what they hold in a real run,
 * so that other kernels for the same work can be timed and their numbers compared there.
 */
import { performance } from "node:perf_hooks";
import { InternalError, must } from "../../compiler/errors.ts";
import { WeftError } from "../../contract/errors.ts";
import type { Dispatch, Grid, Program, Shader } from "../../contract/program.ts";
import { sizeOf, type TensorData } from "../../contract/tensor.ts";
import { bytesAt, type Dim } from "../../contract/type.ts";
import { Gpu } from "../../runtime/gpu.ts";
import { type Clock, type Work, workOf } from "../../runtime/node/clock.ts";
import { Plan, READ, READBACK, STORAGE, type Step, UNIFORM } from "../../runtime/plan.ts";

/** A dispatch whose kernel is tried out. */
export interface Site {
  readonly dispatch: Dispatch;
  /**
   * Whether it overwrites what it reads, as an update does. Then trials write to a copy: repeated on the buffer itself
   * they would change what comes after them.
   */
  readonly inPlace: boolean;
}

/** What a program is given besides its parameters. Default: random inputs, and a uniform that holds the batch size. */
export interface Feed {
  /** Buffers that are not the bench's own, by index into `Program.buffers`: data sets, and the order of their rows. */
  readonly buffers: ReadonlyMap<number, GPUBuffer>;
  /** The 32 bytes of the batch uniform. */
  readonly uniform: Uint32Array<ArrayBuffer>;
  /** Frees the buffers. */
  close(): void;
}

export interface Trial {
  readonly work: Work;
  /** Milliseconds that the pipeline took to build. */
  readonly build: number;
}

export interface Result {
  readonly data: Float32Array;
  readonly milliseconds: number;
}

export class Bench extends Plan {
  readonly #device: GPUDevice;
  readonly #clock: Clock;
  readonly #batch: number;
  readonly #made: GPUBuffer[] = [];
  #buffers: readonly GPUBuffer[] = [];
  #uniform: GPUBuffer | undefined;
  /** Takes the results of trials in place. */
  #copy: GPUBuffer | undefined;
  #feed: Feed | undefined;

  constructor(device: GPUDevice, program: Program, clock: Clock, batch: number) {
    super(new Gpu(device, false), program);
    this.#device = device;
    this.#clock = clock;
    this.#batch = batch;
  }

  /** Builds the pipelines, fills parameters and inputs, and runs what depends on parameters alone. */
  async open(values: readonly TensorData[], feed?: Feed): Promise<this> {
    const { buffers, params, prepare, inputs } = this.program;
    this.#feed = feed;
    this.checkSizes(this.#batch);
    await this.build();
    const steps = await this.gpu.scoped(this.#what, () => {
      this.#uniform = this.#keep(this.#device.createBuffer({ label: "batch", size: 32, usage: UNIFORM }));
      this.write(this.#uniform, feed?.uniform ?? Uint32Array.of(this.#batch));
      this.#buffers = buffers.map((_, i) => feed?.buffers.get(i) ?? this.#keep(this.buffer(i, this.#batch)));
      params.forEach((param, i) => {
        this.fill(this.#buffers, param, must(values[i], "parameter"));
      });
      for (const { buffer, shape } of inputs)
        if (!feed?.buffers.has(buffer)) this.write(this.#buffers[buffer], noise(this.#sizeOf(shape)));
      return this.#stepsOf(prepare);
    });
    await this.#submit(steps);
    return this;
  }

  #sizeOf(shape: readonly Dim[]): number {
    return sizeOf(shape.map((d) => (d === "N" ? this.#batch : d)));
  }

  get dispatches(): readonly Dispatch[] {
    return this.program.dispatches;
  }

  get #what(): string {
    return `${this.program.name}, batch of ${this.#batch}`;
  }

  #stepsOf(dispatches: readonly Dispatch[]): Step[] {
    return this.steps(dispatches, this.#buffers, { buffer: must(this.#uniform, "uniform") });
  }

  /** Runs dispatches as the program has them; milliseconds from submit to done. */
  async run(dispatches: readonly Dispatch[]): Promise<number> {
    return this.#submit(await this.gpu.scoped(this.#what, () => this.#stepsOf(dispatches)));
  }

  async #submit(steps: readonly Step[]): Promise<number> {
    if (steps.length === 0) return 0;
    const encoder = this.#device.createCommandEncoder();
    this.encode(encoder, steps, this.#batch);
    const start = performance.now();
    await this.gpu.scoped(this.#what, () => this.#device.queue.submit([encoder.finish()]));
    await this.gpu.wait(this.#what, this.#device.queue.onSubmittedWorkDone());
    return performance.now() - start;
  }

  /** The work of dispatches, as the program has them; what is in place is done on a copy. */
  works(sites: readonly Site[]): Promise<Work[]> {
    return this.gpu.scoped(this.#what, () =>
      sites.map(({ dispatch, inPlace }) => {
        const buffers = inPlace ? this.#buffers.with(resultOf(dispatch), this.#copyFor()) : this.#buffers;
        const uniform = { buffer: must(this.#uniform, "uniform") };
        return workOf(must(this.steps([dispatch], buffers, uniform)[0], "step"), this.#batch);
      }),
    );
  }

  /** Another kernel for a dispatch, over the same buffers. Throws `WeftError` where the device refuses it. */
  async trial({ dispatch, inPlace }: Site, shader: Shader, { items, batchTile }: Grid): Promise<Trial> {
    const start = performance.now();
    const pipeline = await this.gpu.pipeline(shader);
    const build = performance.now() - start;
    const group = await this.gpu.scoped(this.#what, () => {
      const bound: GPUBufferBinding[] = dispatch.buffers.map((i) => ({
        buffer: must(this.#buffers[i], "buffer"),
      }));
      if (inPlace) bound[bound.length - 1] = { buffer: this.#copyFor() };
      if (shader.usesBatch) bound.unshift({ buffer: must(this.#uniform, "uniform") });
      return this.#device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: bound.map((resource, binding) => ({ binding, resource })),
      });
    });
    const threads = items * (batchTile ? Math.ceil(this.#batch / batchTile) : 1);
    const groups = Math.ceil(threads / shader.workgroup);
    return { work: workOf({ pipeline, group, groups: () => groups, usesBatch: false }, this.#batch), build };
  }

  /** The copy that trials in place write to: as large as any buffer that may need one. */
  #copyFor(): GPUBuffer {
    const { buffers, params } = this.program;
    const size = Math.max(
      ...params.map((p) => bytesAt(must(buffers[p.buffer], "buffer").bytes, this.#batch)),
    );
    this.#copy ??= this.#keep(this.#device.createBuffer({ label: "copy", size, usage: STORAGE }));
    return this.#copy;
  }

  /** Nanoseconds of each piece of work, done one after the other. Those of a site begin with what is there in a run. */
  async measure(works: readonly Work[], site?: Site): Promise<number[]> {
    if (site?.inPlace)
      await this.gpu.scoped(this.#what, () => {
        const encoder = this.#device.createCommandEncoder();
        this.#reset(encoder, site);
        this.#device.queue.submit([encoder.finish()]);
      });
    return this.#clock.measure(works);
  }

  /** Clears the result of a dispatch, or puts into the copy what it overwrites; gives the buffer. */
  #reset(encoder: GPUCommandEncoder, { dispatch, inPlace }: Site): GPUBuffer {
    const result = must(this.#buffers[resultOf(dispatch)], "buffer");
    if (!inPlace) {
      encoder.clearBuffer(result);
      return result;
    }
    const copy = this.#copyFor();
    encoder.copyBufferToBuffer(result, 0, copy, 0, result.size);
    return copy;
  }

  /**
   * What work leaves as the result of a dispatch, and the milliseconds from submit to done: the first time some drivers
   * still compile.
   */
  async result(work: Work, site: Site, bytes: number): Promise<Result> {
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.#device.createBuffer({ label: "readback", size, usage: READBACK });
    try {
      const start = performance.now();
      await this.gpu.scoped(this.#what, () => {
        const encoder = this.#device.createCommandEncoder();
        const target = this.#reset(encoder, site);
        const pass = encoder.beginComputePass();
        work(pass);
        pass.end();
        encoder.copyBufferToBuffer(target, 0, staging, 0, size);
        this.#device.queue.submit([encoder.finish()]);
      });
      await this.gpu.wait(this.#what, staging.mapAsync(READ, 0, size));
      const milliseconds = performance.now() - start;
      return { data: new Float32Array(staging.getMappedRange(0, size).slice(0)), milliseconds };
    } catch (error) {
      throw error instanceof WeftError ? error : new InternalError(String(error));
    } finally {
      staging.destroy();
    }
  }

  /** The outputs after `run(dispatches)`. */
  async outputs(): Promise<ReadonlyMap<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    for (const { name, buffer, shape } of this.program.outputs)
      found.set(name, await this.contents(buffer, this.#sizeOf(shape)));
    return found;
  }

  /** The first numbers of a buffer, as they are now. */
  async contents(index: number, count: number): Promise<Float32Array> {
    const staging = this.#device.createBuffer({ size: 4 * count, usage: READBACK });
    try {
      await this.gpu.scoped(this.#what, () => {
        const encoder = this.#device.createCommandEncoder();
        encoder.copyBufferToBuffer(must(this.#buffers[index], "buffer"), 0, staging, 0, 4 * count);
        this.#device.queue.submit([encoder.finish()]);
      });
      await this.gpu.wait(this.#what, staging.mapAsync(READ, 0, 4 * count));
      return new Float32Array(staging.getMappedRange(0, 4 * count).slice(0));
    } finally {
      staging.destroy();
    }
  }

  #keep(buffer: GPUBuffer): GPUBuffer {
    this.#made.push(buffer);
    return buffer;
  }

  close(): void {
    for (const buffer of this.#made) buffer.destroy();
    this.#feed?.close();
  }
}

/** A kernel's result is bound last. */
const resultOf = ({ buffers }: Dispatch): number => must(buffers.at(-1), "result");

/** Numbers in ±1 that repeat late. */
function noise(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 10007) / 5003.5 - 1);
}
