/** What an adapter can do at most: two kernels that do nothing else, measured by the clock of the profile. */
import { dispatch } from "../executable.ts";
import { DEVICE } from "../options.ts";
import { CLOCK, type Clock, type Work } from "./clock.ts";
import { checkAll } from "./given.ts";

export interface Peaks {
  /** Floating-point operations a second of multiply-adds in registers; a multiply-add is two. */
  readonly flops: number;
  /** Bytes a second of a copy, read and written together. */
  readonly bandwidth: number;
}

const STORAGE = 0x80;
const UNIFORM = 0x40;
const COPY_DST = 0x8;

/** Independent chains of vec4 multiply-adds in a thread: enough to hide their latency, few enough for registers. */
const CHAINS = 8;
/** Steps written out in the loop: on a CPU adapter a trip costs as much as several of them. */
const STEPS = 16;
const OPERATIONS = STEPS * CHAINS * 4 * 2;

/** Every chain depends on itself alone, and on a factor from memory: nothing can be computed beforehand. */
const FMA = `
struct Given { rounds: u32, factor: f32 }
@group(0) @binding(0) var<uniform> given: Given;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = vec4<f32>(given.factor);
  let b = a * 0.5;
${each((i) => `  var c${i} = b * f32(id.x + ${i}u);`)}
  for (var k = 0u; k < given.rounds; k++) {
${Array.from({ length: STEPS }, () => each((i) => `    c${i} = fma(c${i}, a, b);`)).join("\n")}
  }
  let sum = ${Array.from({ length: CHAINS }, (_, i) => `c${i}`).join(" + ")};
  if (sum.x == 12345.678) { y[0] = sum; }
}`;

const COPY = `
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < arrayLength(&x)) { y[i] = x[i]; }
}`;

function each(line: (i: number) => string): string {
  return Array.from({ length: CHAINS }, (_, i) => line(i)).join("\n");
}

/** A kernel shall take this many nanoseconds: long against the clock's steps, short for whoever waits. */
const LONG = 8e6;
const TRIALS = 15;
/** … and at least so many of a kernel that takes longer than it shall. */
const FEWEST = 5;

/** How often a kernel of so many nanoseconds is tried: no longer in all than one that is as long as it shall be. */
const triesOf = (time: number): number =>
  Math.max(FEWEST, Math.min(TRIALS, Math.ceil((TRIALS * LONG) / time)));

/** Longer by this at most from one look to the next: on a busy machine one may read far too short. */
const GROWTH = 4;

/** Takes about half a second. The best of some trials: a peak is what can be reached. Throws `WeftError`: "input", "gpu". */
export async function measurePeaks(device: GPUDevice, clock: Clock): Promise<Peaks> {
  checkAll("measurePeaks", { device, clock }, { device: DEVICE, clock: CLOCK });
  return { flops: await peakFlops(device, clock), bandwidth: await peakBandwidth(device, clock) };
}

/** A CPU wants few threads, since starting one costs; a GPU wants many. */
const THREADS = [4096, 65536, 1048576];
/** Trips of a thread's loop: at least so many that starting it does not count. */
const ROUNDS = 16;

async function peakFlops(device: GPUDevice, clock: Clock): Promise<number> {
  const pipeline = await pipelineOf(device, FMA, "calibration: multiply-adds");
  const given = device.createBuffer({ size: 16, usage: UNIFORM | COPY_DST });
  const y = device.createBuffer({ size: 16, usage: STORAGE });
  const group = groupOf(device, pipeline, [given, y]);
  const rate = async (threads: number): Promise<number> => {
    const work = workOf(pipeline, group, threads / 64);
    let rounds = ROUNDS;
    const time = (trials: number): Promise<number> => {
      const block = new DataView(new ArrayBuffer(16));
      block.setUint32(0, rounds, true);
      block.setFloat32(4, 0.999, true);
      device.queue.writeBuffer(given, 0, block.buffer);
      return best(clock, work, trials);
    };
    await time(1);
    let once = await time(1);
    for (; once < LONG / 2 && rounds < 1 << 20; once = await time(1))
      rounds = Math.ceil(rounds * Math.min(GROWTH, Math.max(2, LONG / once)));
    return (threads * rounds * OPERATIONS) / ((await time(triesOf(once))) / 1e9);
  };
  try {
    let most = 0;
    for (const threads of THREADS) {
      const found = await rate(threads);
      if (found < 1.1 * most) return Math.max(most, found);
      most = found;
    }
    return most;
  } finally {
    given.destroy();
    y.destroy();
  }
}

/** Bytes of each side: more than caches hold, where the device binds so much. */
const LARGEST = 256 * 2 ** 20;
const SMALLEST = 16 * 2 ** 20;

async function peakBandwidth(device: GPUDevice, clock: Clock): Promise<number> {
  const pipeline = await pipelineOf(device, COPY, "calibration: copy");
  const limit = Math.min(LARGEST, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  for (let size = Math.min(SMALLEST, limit); ; size = Math.min(limit, size * 4)) {
    const [x, y] = [0, 1].map(() => device.createBuffer({ size, usage: STORAGE }));
    if (!x || !y) throw new Error("two buffers");
    const group = groupOf(device, pipeline, [x, y]);
    const work = workOf(pipeline, group, Math.ceil(size / 16 / 64));
    try {
      const time = await best(clock, work, triesOf(await best(clock, work, 1)));
      if (time > LONG / 4 || size === limit) return (2 * size) / (time / 1e9);
    } finally {
      x.destroy();
      y.destroy();
    }
  }
}

async function best(clock: Clock, work: Work, trials: number): Promise<number> {
  return Math.max(1, Math.min(...(await clock.measure(Array.from({ length: trials }, () => work)))));
}

function pipelineOf(device: GPUDevice, code: string, label: string): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ label, code });
  return device.createComputePipelineAsync({
    label,
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
}

function groupOf(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  buffers: readonly GPUBuffer[],
): GPUBindGroup {
  return device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
}

const workOf =
  (pipeline: GPUComputePipeline, group: GPUBindGroup, groups: number): Work =>
  (pass) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    dispatch(pass, groups);
  };
