/** What the adapter can do at most: multiply-adds that touch no memory, and a copy. */
import { compareJobs, type RawKernel, rawJob } from "../gpu.ts";

const CHAINS = 16;
const STEPS = 2048;
const THREADS = 8192;
const COPIED = 1 << 22;

export interface Peak {
  /** Billions of floating-point operations a second; a multiply-add counts as two. */
  readonly gflops: number;
  /** Billions of bytes a second, read and written. */
  readonly gigabytes: number;
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Independent chains in registers: enough of them to hide how long one multiply-add takes. */
function multiplyAddKernel(): RawKernel {
  const wgsl = `@group(0) @binding(0) var<storage, read> seed: array<f32, 2>;
@group(0) @binding(1) var<storage, read_write> y: array<f32, ${THREADS}>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = seed[0]; let b = seed[1];
  ${range(CHAINS)
    .map((i) => `var a${i} = f32(id.x) * ${i + 1}e-6;`)
    .join("\n")}
  for (var i = 0; i < ${STEPS}; i++) { ${range(CHAINS)
    .map((i) => `a${i} = a${i} * m + b;`)
    .join("\n")} }
  y[id.x] = ${range(CHAINS)
    .map((i) => `a${i}`)
    .join(" + ")};
}`;
  return {
    name: "fma",
    wgsl,
    operands: [Float32Array.of(0.5, 0.25)],
    result: THREADS,
    workgroups: [THREADS / 64, 1],
  };
}

function copyKernel(): RawKernel {
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<vec4f, ${COPIED / 4}>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f, ${COPIED / 4}>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x]; }`;
  return {
    name: "copy",
    wgsl,
    operands: [new Float32Array(COPIED)],
    result: COPIED,
    workgroups: [COPIED / 256, 1],
  };
}

/** About two seconds. */
export async function measurePeak(device: GPUDevice): Promise<Peak> {
  const jobs = [await rawJob(device, multiplyAddKernel()), await rawJob(device, copyKernel())];
  const [fma, copy] = await compareJobs(device, jobs);
  for (const job of jobs) job.destroy();
  return {
    gflops: (2 * CHAINS * STEPS * THREADS) / (fma?.min ?? Number.NaN) / 1e6,
    gigabytes: (8 * COPIED) / (copy?.min ?? Number.NaN) / 1e6,
  };
}
