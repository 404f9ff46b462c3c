/** Looks for the first value of a run that is not finite. Costs nothing unless it is asked for: no session holds it. */
import type { Dispatch, Program, Shader } from "../contract/program.ts";
import type { TensorData } from "../contract/tensor.ts";
import { bytesAt } from "../contract/type.ts";
import type { Weights } from "../contract/weights.ts";
import { openGpu } from "./gpu.ts";
import { type Batch, checkInputs, type InputValue } from "./inputs.ts";
import { checkOptions, LOAD } from "./options.ts";
import { Plan, READ, READBACK, type Step, UNIFORM } from "./plan.ts";
import { valuesOf } from "./values.ts";

/** Where values left the finite numbers. */
export interface NonFinite {
  /** The input that held them already, or the kernel that made them of finite ones. */
  readonly in: "input" | "kernel";
  /** Of the input or the kernel. */
  readonly name: string;
  /** The layers that the kernel computes; none of an input. What the last of them gives was looked at. */
  readonly layers: readonly string[];
  /** How many values are NaN or infinite. */
  readonly count: number;
  /** The first of them: NaN, ∞ or −∞. */
  readonly value: number;
}

/** What the checked run may be given. */
export interface CheckOptions {
  /** The bytes of a safetensors file, or tensors by name. Default: initial values drawn with `seed`. */
  readonly weights?: ArrayBuffer | Uint8Array | Weights;
  /** Default: a device of the page's own choice. */
  readonly device?: GPUDevice;
  /** Default 0. */
  readonly seed?: number;
}

function unfit(data: TensorData): Pick<NonFinite, "count" | "value"> | undefined {
  let [count, value] = [0, 0];
  for (const x of data) if (!Number.isFinite(x) && !count++) value = x;
  return count ? { count, value } : undefined;
}

/** The same of f16 bits: NaN and infinity have the largest exponent. */
function unfitHalves(bits: Uint16Array): Pick<NonFinite, "count" | "value"> | undefined {
  const found = bits.filter((b) => (b & 0x7c00) === 0x7c00);
  const [first] = found;
  if (first === undefined) return undefined;
  const value = first & 0x3ff ? Number.NaN : first & 0x8000 ? -Infinity : Infinity;
  return { count: found.length, value };
}

class Sentinel extends Plan {
  readonly #made: GPUBuffer[] = [];

  async check(values: readonly TensorData[], { size, data }: Batch): Promise<NonFinite | undefined> {
    const { buffers: planned, params, inputs, prepare, dispatches, name } = this.program;
    this.checkSizes(size);
    await this.build();
    const { device } = this.gpu;
    const { buffers, steps } = await this.gpu.scoped(`${name}, batch of ${size}`, () => {
      const uniform = device.createBuffer({ label: "batch", size: 32, usage: UNIFORM });
      this.write(uniform, Uint32Array.of(size));
      const buffers = planned.map((_, i) => this.buffer(i, size));
      this.#made.push(uniform, ...buffers);
      params.forEach((param, i) => {
        this.fill(buffers, param, values[i] as TensorData); // checked against the params
      });
      inputs.forEach(({ buffer }, i) => {
        this.write(buffers[buffer], data[i] as TensorData); // checked against the inputs
      });
      return { buffers, steps: this.steps([...prepare, ...dispatches], buffers, { buffer: uniform }) };
    });
    for (const [i, dispatch] of [...prepare, ...dispatches].entries()) {
      const kernel = this.program.kernels[dispatch.kernel] as Shader; // the compiler's index
      const found = await this.#look(steps[i] as Step, kernel, dispatch, buffers, size);
      if (found) return { in: "kernel", name: kernel.name, layers: dispatch.layers, ...found };
    }
    return undefined;
  }

  /**
   * Carries out one dispatch and reads back the buffers that it writes. They may be larger than what it writes, but the
   * rest of them is zero or was looked at before.
   */
  async #look(
    step: Step,
    kernel: Shader,
    dispatch: Dispatch,
    buffers: readonly GPUBuffer[],
    batch: number,
  ): Promise<Pick<NonFinite, "count" | "value"> | undefined> {
    const { device } = this.gpu;
    const what = `${this.program.name}, batch of ${batch}`;
    const written = kernel.bindings.flatMap(({ access, storage }, k) => {
      const index = dispatch.buffers[k] as number; // one for each binding
      const { bytes } = this.program.buffers[index] as Program["buffers"][number]; // the compiler's index
      return access === "read_write" ? [{ storage, index, size: bytesAt(bytes, batch) }] : [];
    });
    const total = written.reduce((a, w) => a + w.size, 0);
    const { staging, mapped } = await this.gpu.scoped(what, () => {
      const staging = device.createBuffer({ label: "readback", size: total, usage: READBACK });
      this.#made.push(staging);
      const encoder = device.createCommandEncoder();
      this.encode(encoder, [step], batch);
      let at = 0;
      for (const { index, size } of written) {
        encoder.copyBufferToBuffer(buffers[index] as GPUBuffer, 0, staging, at, size);
        at += size;
      }
      device.queue.submit([encoder.finish()]);
      const mapped = staging.mapAsync(READ, 0, total);
      mapped.catch(() => {}); // awaited below, unless the scopes report a failure first
      return { staging, mapped };
    });
    await this.gpu.wait(what, mapped);
    const data = staging.getMappedRange(0, total);
    let at = 0;
    let found: ReturnType<typeof unfit>;
    for (const { storage, size } of written) {
      found ??= storage
        ? unfitHalves(new Uint16Array(data, at, size / 2))
        : unfit(new Float32Array(data, at, size / 4));
      at += size;
    }
    staging.destroy();
    return found;
  }

  close(): void {
    for (const buffer of this.#made) buffer.destroy();
  }
}

/**
 * Carries out one run kernel by kernel, reading back what each has written, and says where the first value that is NaN
 * or infinite came from; undefined where every value is finite. Some adapters turn NaN into numbers within a kernel:
 * what never leaves a kernel is not seen.
 *
 * Throws `WeftError`: "weights", "input", "no-device", "gpu", "out-of-memory", "device-lost".
 */
export async function checkFinite(
  program: Program,
  inputs: Readonly<Record<string, InputValue>>,
  options: CheckOptions = {},
): Promise<NonFinite | undefined> {
  checkOptions("checkFinite", options, LOAD);
  const { weights, device, seed = 0 } = options;
  const values = valuesOf(program, weights, seed);
  const batch = checkInputs(program, inputs);
  for (const [i, { name }] of program.inputs.entries()) {
    const found = unfit(batch.data[i] as TensorData); // one for each input
    if (found) return { in: "input", name, layers: [], ...found };
  }
  const gpu = await openGpu(device);
  const sentinel = new Sentinel(gpu, program);
  try {
    return await sentinel.check(values, batch);
  } finally {
    sentinel.close();
    if (!device) gpu.device.destroy();
  }
}
