/**
 * A program on a device, run dispatch by dispatch: before a dispatch, its operands hold what they hold in a real run,
 * so that other kernels for the same work can be timed and their numbers compared there.
 */
import { performance } from "node:perf_hooks";
import { InternalError, must } from "../../compiler/errors.ts";
import type { Dispatch, Grid, Program, Shader } from "../../compiler/ir/program.ts";
import { WeftError } from "../../runtime/errors.ts";
import { Gpu } from "../../runtime/gpu.ts";
import { type Clock, type Work, workOf } from "../../runtime/node/clock.ts";
import { Plan, READ, READBACK, type Step, UNIFORM } from "../../runtime/plan.ts";
import { sizeOf, type TensorData } from "../../runtime/tensor.ts";

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

  constructor(device: GPUDevice, program: Program, clock: Clock, batch: number) {
    super(new Gpu(device, false), program);
    this.#device = device;
    this.#clock = clock;
    this.#batch = batch;
  }

  /** Builds the pipelines, fills parameters and inputs, and runs what depends on parameters alone. */
  async open(values: readonly TensorData[]): Promise<this> {
    const { buffers, params, prepare, inputs } = this.program;
    this.checkSizes(this.#batch);
    await this.build();
    const steps = await this.gpu.scoped(this.#what, () => {
      this.#uniform = this.#keep(this.#device.createBuffer({ label: "batch", size: 32, usage: UNIFORM }));
      this.write(this.#uniform, Uint32Array.of(this.#batch));
      this.#buffers = buffers.map((_, i) => this.#keep(this.buffer(i, this.#batch)));
      params.forEach((param, i) => {
        this.fill(this.#buffers, param, must(values[i], "parameter"));
      });
      for (const { buffer, shape } of inputs)
        this.write(this.#buffers[buffer], noise(sizeOf(shape.map((d) => (d === "N" ? this.#batch : d)))));
      return this.#stepsOf(prepare);
    });
    await this.#submit(steps);
    return this;
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

  /** The work of each dispatch, as the program has them. */
  works(): Promise<Work[]> {
    return this.gpu.scoped(this.#what, () =>
      this.#stepsOf(this.program.dispatches).map((step) => workOf(step, this.#batch)),
    );
  }

  /** Another kernel for a dispatch, over the same buffers. Throws `WeftError` where the device refuses it. */
  async trial(dispatch: Dispatch, shader: Shader, { items, batchTile }: Grid): Promise<Trial> {
    const start = performance.now();
    const pipeline = await this.gpu.pipeline(shader);
    const build = performance.now() - start;
    const group = await this.gpu.scoped(this.#what, () => {
      const bound: GPUBufferBinding[] = dispatch.buffers.map((i) => ({
        buffer: must(this.#buffers[i], "buffer"),
      }));
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

  /** Nanoseconds of each piece of work, done one after the other. */
  measure(works: readonly Work[]): Promise<number[]> {
    return this.#clock.measure(works);
  }

  /**
   * What work leaves in the buffer of a dispatch's result, which is cleared before, and the milliseconds from submit to
   * done: the first time some drivers still compile.
   */
  async result(work: Work, dispatch: Dispatch, bytes: number): Promise<Result> {
    const target = must(this.#buffers[must(dispatch.buffers.at(-1), "result")], "buffer");
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.#device.createBuffer({ label: "readback", size, usage: READBACK });
    try {
      const start = performance.now();
      await this.gpu.scoped(this.#what, () => {
        const encoder = this.#device.createCommandEncoder();
        encoder.clearBuffer(target, 0, size);
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
    for (const { name, buffer, shape } of this.program.outputs) {
      const size = 4 * sizeOf(shape.map((d) => (d === "N" ? this.#batch : d)));
      const staging = this.#device.createBuffer({ size, usage: READBACK });
      await this.gpu.scoped(this.#what, () => {
        const encoder = this.#device.createCommandEncoder();
        encoder.copyBufferToBuffer(must(this.#buffers[buffer], "buffer"), 0, staging, 0, size);
        this.#device.queue.submit([encoder.finish()]);
      });
      await this.gpu.wait(this.#what, staging.mapAsync(READ, 0, size));
      found.set(name, new Float32Array(staging.getMappedRange(0, size).slice(0)));
      staging.destroy();
    }
    return found;
  }

  #keep(buffer: GPUBuffer): GPUBuffer {
    this.#made.push(buffer);
    return buffer;
  }

  close(): void {
    for (const buffer of this.#made) buffer.destroy();
  }
}

/** Numbers in ±1 that repeat late. */
function noise(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 10007) / 5003.5 - 1);
}
