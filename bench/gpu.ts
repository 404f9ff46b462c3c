/** Work on a GPUDevice that can be encoded any number of times, and its time. */
import { performance } from "node:perf_hooks";
import { median } from "./numbers.ts";

/** GPUBufferUsage as numbers: the global is a browser's. STORAGE, UNIFORM, COPY_DST and COPY_SRC. */
const STORAGE = 0x80 | 0x40 | 0x08 | 0x04;
const READBACK = 0x08 | 0x01;

export interface Job {
  readonly name: string;
  /** Encodes the work once. */
  encode(encoder: GPUCommandEncoder): void;
  /** The result's buffer and its number of f32. */
  readonly result: { readonly buffer: GPUBuffer; readonly length: number };
  /** Milliseconds that building its pipelines took. */
  readonly buildMs: number;
  destroy(): void;
}

/** A kernel with its data: operands in the order of the bindings (one may be bound twice), then the result. */
export interface RawKernel {
  readonly name: string;
  readonly wgsl: string;
  readonly operands: readonly Float32Array[];
  /** Number of f32 of the result. */
  readonly result: number;
  readonly workgroups: readonly [x: number, y: number];
  /**
   * Cuts the work into so many dispatches, each with its part of one operand and of the result: for operands in
   * uniform buffers, of which a binding holds 64 KiB.
   */
  readonly parts?: { readonly count: number; readonly operand: number };
}

/** Throws where the WGSL is refused. */
export async function rawJob(device: GPUDevice, kernel: RawKernel): Promise<Job> {
  const start = performance.now();
  const module = device.createShaderModule({ label: kernel.name, code: kernel.wgsl });
  const pipeline = await device.createComputePipelineAsync({
    label: kernel.name,
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const buildMs = performance.now() - start;
  const made = new Map<Float32Array, GPUBuffer>();
  const buffers = kernel.operands.map((data) => {
    const known = made.get(data);
    if (known) return known;
    const buffer = device.createBuffer({ size: data.byteLength, usage: STORAGE });
    device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>); // never a shared one
    made.set(data, buffer);
    return buffer;
  });
  const result = device.createBuffer({ size: kernel.result * 4, usage: STORAGE });
  const { count, operand } = kernel.parts ?? { count: 1, operand: -1 };
  const part = (buffer: GPUBuffer, i: number, cut: boolean): GPUBufferBinding =>
    cut ? { buffer, offset: (buffer.size / count) * i, size: buffer.size / count } : { buffer };
  const groups = Array.from({ length: count }, (_, i) =>
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [...buffers, result].map((buffer, binding) => ({
        binding,
        resource: part(buffer, i, buffer === result || binding === operand),
      })),
    }),
  );
  return {
    name: kernel.name,
    buildMs,
    result: { buffer: result, length: kernel.result },
    encode(encoder) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      for (const group of groups) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...kernel.workgroups);
      }
      pass.end();
    },
    destroy: () => {
      for (const buffer of [...buffers, result]) buffer.destroy();
    },
  };
}

/** Runs a job once and reads its result. */
export async function resultOf(device: GPUDevice, { encode, result }: Job): Promise<Float32Array> {
  const staging = device.createBuffer({ size: result.length * 4, usage: READBACK });
  const encoder = device.createCommandEncoder();
  encode(encoder);
  encoder.copyBufferToBuffer(result.buffer, 0, staging, 0, result.length * 4);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return data;
}

/** Milliseconds of `times` repetitions in one submit, from submit to done. */
async function timed(device: GPUDevice, job: Job, times: number): Promise<number> {
  const encoder = device.createCommandEncoder();
  for (let i = 0; i < times; i++) job.encode(encoder);
  const commands = encoder.finish();
  const start = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}

export interface Timing {
  readonly name: string;
  /** Milliseconds of one execution. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface CompareOptions {
  readonly rounds?: number;
  readonly sampleMs?: number;
  /** No round starts later than this, but three are always run. */
  readonly budgetMs?: number;
}

/**
 * Times jobs in turn, round by round, so that all of them meet the same moods of the machine. A sample repeats the
 * work until it takes about `sampleMs`. Throws nothing of its own.
 */
export async function compareJobs(
  device: GPUDevice,
  jobs: readonly Job[],
  { rounds = 9, sampleMs = 50, budgetMs = 8000 }: CompareOptions = {},
): Promise<readonly Timing[]> {
  const plans: { readonly job: Job; readonly times: number; readonly samples: number[] }[] = [];
  for (const job of jobs) {
    await timed(device, job, 1);
    const once = await timed(device, job, 1);
    plans.push({ job, times: Math.max(1, Math.min(500, Math.ceil(sampleMs / once))), samples: [] });
  }
  const start = performance.now();
  for (let round = 0; round < rounds && (round < 3 || performance.now() - start < budgetMs); round++)
    for (const { job, times, samples } of plans) samples.push((await timed(device, job, times)) / times);
  return plans.map(({ job, samples }) => ({
    name: job.name,
    median: median(samples),
    min: Math.min(...samples),
    max: Math.max(...samples),
  }));
}
