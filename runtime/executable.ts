/** A program made ready on a device: its pipelines, its buffers, and its dispatches, ready but for the batch. */
import { WeftError } from "../contract/errors.ts";
import { halves } from "../contract/half.ts";
import { WORKGROUPS } from "../contract/limits.ts";
import {
  type Dispatch,
  dispatchesFor,
  type ParamSpec,
  type Program,
  type Shader,
  type Signature,
} from "../contract/program.ts";
import { permute, type TensorData } from "../contract/tensor.ts";
import { bytesAt } from "../contract/type.ts";
import { formOf, type Gpu } from "./gpu.ts";

/** True in bundles whose programs have no form for WebAssembly. */
declare const WEFT_WEBGPU_ONLY: true | undefined;

/** GPUBufferUsage and GPUMapMode as numbers: these globals are a browser's, not Node's. */
export const STORAGE = 0x80 | 0x08 | 0x04; // and COPY_DST, COPY_SRC
const UNIFORM = 0x40 | 0x08;
const READBACK = 0x08 | 0x01;
const READ = 1;

/** Bytes from one batch's uniform to the next: the alignment that every device allows. */
export const STRIDE = 256;
/** The most batches that share a submit. */
export const MOST_BATCHES = 64;

/** Buffers of others that are bound in place of a program's own, by index into `Program.buffers`. */
export type Lent = ReadonlyMap<number, GPUBuffer>;
export const NONE: Lent = new Map();

/** A dispatch that encodes itself. `offset` is where in its buffer the batch's uniform lies. */
export type BoundDispatch = (pass: GPUComputePassEncoder, batch: number, offset?: number) => void;

/** What one submit does. */
export interface Submission {
  /** Bytes of what is read back, part by part. */
  readonly sizes: readonly number[];
  /** Encodes all of it; the parts end up in `staging`, one after the other. */
  readonly encode: (encoder: GPUCommandEncoder, staging: GPUBuffer) => void;
}

/** Dispatches workgroups in rows of as many as a dimension holds; kernels number them through. */
export const dispatch = (pass: GPUComputePassEncoder, groups: number): void => {
  const rows = Math.ceil(groups / WORKGROUPS);
  pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
};

/** Encodes a pass. `offset` as of a `BoundDispatch`. */
export function encodePass(
  encoder: GPUCommandEncoder,
  dispatches: readonly BoundDispatch[],
  batch: number,
  offset?: number,
): void {
  const pass = encoder.beginComputePass();
  for (const bound of dispatches) bound(pass, batch, offset);
  pass.end();
}

/** Encodes copies of the beginnings of buffers, one after the other. */
export function copyOut(
  encoder: GPUCommandEncoder,
  staging: GPUBuffer,
  buffers: readonly GPUBuffer[],
  sizes: readonly number[],
): void {
  let at = 0;
  buffers.forEach((buffer, i) => {
    const size = sizes[i] as number; // one for each
    encoder.copyBufferToBuffer(buffer, 0, staging, at, size);
    at += size;
  });
}

/**
 * What a session, a trainer, a profiler and a tuner carry a program out with. Its buffers and bind groups are made when they
 * are first asked for, so its methods belong into `Gpu.scoped`, save `open` and `run`, which open scopes themselves.
 *
 * Buffers whose size depends on the batch, and the bind groups over them, are made for the largest batch seen (`#capacity`).
 * `#buffers` goes by index into `Program.buffers`; `#bound` holds the program's dispatches, over what was lent; `#staging`
 * is where results are read back, when not in flight.
 */
export class Executable {
  readonly gpu: Gpu;
  readonly program: Program;
  /** By kernel. */
  readonly #pipelines: GPUComputePipeline[] = [];
  readonly #buffers: (GPUBuffer | undefined)[] = [];
  readonly #staging: GPUBuffer[] = [];
  #uniform: GPUBuffer | undefined;
  #capacity = 0;
  #bound = new WeakMap<object, readonly BoundDispatch[]>();

  /** Use `open`. */
  constructor(gpu: Gpu, program: Program) {
    this.gpu = gpu;
    this.program = program;
  }

  /** Builds the pipelines that a batch of 1 takes, in parallel. Throws `WeftError`: "no-device", "out-of-memory", "gpu", "device-lost". */
  static async open(gpu: Gpu, given: Program): Promise<Executable> {
    const program = formOf(gpu, given);
    const { features, name } = program;
    checkSizes(gpu.device, program, 0);
    const lacks = features?.find((f) => !gpu.device.features.has(f));
    if (lacks) throw new WeftError("no-device", `${name} needs the device feature "${lacks}"`);
    const executable = new Executable(gpu, program);
    await executable.build(1);
    return executable;
  }

  /** Builds the pipelines for a batch that are not there yet, in parallel: before its `feed` or `reserve`. */
  async build(batch: number): Promise<void> {
    const { prepare, kernels } = this.program;
    await Promise.all(
      [...new Set([...prepare, ...dispatchesFor(this.program, batch)].map((d) => d.kernel))].map(
        async (kernel) => {
          this.#pipelines[kernel] ??= await this.gpu.pipeline(kernels[kernel] as Shader, this.program);
        },
      ),
    );
  }

  /** One of the program's. */
  buffer(index: number): GPUBuffer {
    const { name: label, bytes } = this.program.buffers[index] as Program["buffers"][number];
    const size = bytesAt(bytes, this.#capacity);
    this.#buffers[index] ??= this.gpu.device.createBuffer({ label, size, usage: STORAGE });
    return this.#buffers[index];
  }

  /** Writes parameters or inputs as their buffers hold them. */
  upload(specs: readonly (Signature & Pick<ParamSpec, "order">)[], values: readonly TensorData[]): void {
    specs.forEach(({ buffer, shape, order, storage }, i) => {
      const data = values[i] as TensorData; // one for each
      const lying = order ? permute(data, shape as readonly number[], order) : data;
      this.gpu.write(this.buffer(buffer), storage ? halves(lying) : lying);
    });
  }

  /** Sets parameters, and runs what depends on them alone. */
  fill(params: readonly ParamSpec[], values: readonly TensorData[]): void {
    this.upload(params, values);
    const dispatches = this.program.prepare.map((d) => this.bind(d));
    if (dispatches.length) this.submit((encoder) => encodePass(encoder, dispatches, 1));
  }

  /**
   * Sets all inputs as they lie, in the program's order; gives what is to be carried out. `words` are those of the uniform
   * after n. Throws as `reserve` does.
   */
  feed(batch: number, values: readonly TensorData[], ...words: readonly number[]): readonly BoundDispatch[] {
    const dispatches = this.reserve(batch);
    this.upload(this.program.inputs, values);
    this.tell(Uint32Array.of(batch, ...words));
    return dispatches;
  }

  /** The program's dispatches, for this batch at least. Throws `WeftError` "input" where it is too large for the device. */
  reserve(batch: number, lent = NONE): readonly BoundDispatch[] {
    if (this.#capacity < batch) {
      checkSizes(this.gpu.device, this.program, batch);
      this.release();
      this.#capacity = batch;
    }
    const list = dispatchesFor(this.program, batch);
    const key = lent === NONE ? list : lent;
    const bound = this.#bound.get(key) ?? list.map((d) => this.bind(d, lent));
    this.#bound.set(key, bound);
    return bound;
  }

  /** `shader` and `pipeline`: of another kernel with the same bindings. */
  bind(
    { kernel, layers, grid: { items, batchTile }, buffers }: Dispatch,
    lent = NONE,
    { name, workgroup, usesBatch } = this.program.kernels[kernel] as Shader,
    pipeline = this.#pipelines[kernel] as GPUComputePipeline,
  ): BoundDispatch {
    const { device } = this.gpu;
    const bound: GPUBufferBinding[] = buffers.map((i) => ({ buffer: lent.get(i) ?? this.buffer(i) }));
    if (usesBatch) {
      const size = MOST_BATCHES * STRIDE;
      this.#uniform ??= device.createBuffer({ label: "batches", size, usage: UNIFORM });
      bound.unshift({ buffer: this.#uniform, size: STRIDE });
    }
    const group = device.createBindGroup({
      label: `${name} (${layers.join(", ")})`,
      layout: pipeline.getBindGroupLayout(0),
      entries: bound.map((resource, binding) => ({ binding, resource })),
    });
    return (pass, batch, offset = 0) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group, usesBatch ? [offset] : []);
      dispatch(pass, Math.ceil((items * Math.ceil(batchTile ? batch / batchTile : 1)) / workgroup));
    };
  }

  /** Writes the batch uniform: n alone, or its 32 bytes for each batch of a submit, `STRIDE` apart. */
  tell(words: Uint32Array): void {
    if (this.#uniform) this.gpu.write(this.#uniform, words);
  }

  submit(encode: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder();
    encode(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /**
   * Submits what `make` gives, within one turn: what runs meanwhile cannot mix with it. Gives what was read back.
   * Throws `WeftError`: "out-of-memory", "gpu", "device-lost", and what `make` throws.
   */
  async run(what: string, make: () => Submission): Promise<ArrayBuffer[]> {
    const { gpu } = this;
    const { read } = await gpu.scoped(what, () => {
      const { sizes, encode } = make();
      const total = sizes.reduce((a, b) => a + b, 0);
      const staging = this.#take(total);
      this.submit((encoder) => encode(encoder, staging));
      const read = gpu.wait(what, staging.mapAsync(READ, 0, total)).then(() => {
        const range = staging.getMappedRange(0, total);
        let at = 0;
        const parts = sizes.map((size) => {
          at += size;
          // What WebAssembly's memory held is a copy already, where it is all that was asked for.
          if (typeof WEFT_WEBGPU_ONLY === "undefined" && size === total && gpu.runsOn.kind === "wasm")
            return range;
          return range.slice(at - size, at);
        });
        staging.unmap();
        this.#staging.push(staging);
        return parts;
      });
      read.catch(() => staging.destroy()); // awaited below, unless the scopes report a failure first
      return { read };
    });
    return read;
  }

  /** Makes where so many bytes can be read back: a later `run` makes nothing. */
  stage(bytes: number): void {
    this.#staging.push(this.#take(bytes));
  }

  /** Drops what depends on the batch. */
  release(): void {
    this.#capacity = 0;
    this.#bound = new WeakMap();
    this.program.buffers.forEach(({ bytes }, i) => {
      if (!bytes.perBatch) return;
      this.#buffers[i]?.destroy();
      this.#buffers[i] = undefined;
    });
  }

  /** Frees the buffers. */
  destroy(): void {
    for (const buffer of [this.#uniform, ...this.#staging, ...this.#buffers]) buffer?.destroy();
  }

  /** The largest one, replaced where it is too small. */
  #take(size: number): GPUBuffer {
    const largest = this.#staging.sort((a, b) => a.size - b.size).pop();
    if (largest && largest.size >= size) return largest;
    largest?.destroy();
    return this.gpu.device.createBuffer({ label: "readback", size, usage: READBACK });
  }
}

/** Throws `WeftError` where a buffer would exceed what the device can bind: "input", without a batch "out-of-memory". */
function checkSizes({ limits }: GPUDevice, { buffers, name: model }: Program, batch: number): void {
  const limit = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
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
