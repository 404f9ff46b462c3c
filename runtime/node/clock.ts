/** How long work takes on a device: by its own clock where it has one, else by ours. */
import { performance } from "node:perf_hooks";
import { WeftError } from "../../contract/errors.ts";
import { type BoundDispatch, type Executable, encodePass } from "../executable.ts";
import { DEVICE, type Rule } from "../options.ts";
import { checkAll } from "./given.ts";

/** Encodes dispatches into a pass. It may be called several times; each must do the same work. */
export type Work = (pass: GPUComputePassEncoder) => void;

/** Measures how long work takes. */
export interface Clock {
  /** "timestamp-query": the device's own clock, around each pass. "wall": from submit to done, see `wallClock`. */
  readonly kind: "timestamp-query" | "wall";
  /** Nanoseconds of each piece of work, done one after the other. Throws `WeftError` if the device is lost. */
  measure(work: readonly Work[]): Promise<number[]>;
}

/** GPUBufferUsage and GPUMapMode as numbers: Node has no such globals. */
const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const MAP_READ = 0x1;
/** WebGPU's largest query set holds 4096 timestamps, two for each pass. */
const PASSES = 2048;

/** Of whoever is given a clock. */
export const CLOCK: Rule = ["a clock, as clockOf(device) gives it", (value) => "measure" in Object(value)];

/** The device's clock if it was opened with "timestamp-query", else the wall clock. Throws `WeftError` "input". */
export function clockOf(device: GPUDevice): Clock {
  checkAll("clockOf", { device }, { device: DEVICE });
  return device.features.has("timestamp-query") ? deviceClock(device) : wallClock(device);
}

function deviceClock(device: GPUDevice): Clock {
  async function part(work: readonly Work[]): Promise<number[]> {
    const count = 2 * work.length;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const resolved = device.createBuffer({ size: 8 * count, usage: QUERY_RESOLVE | COPY_SRC });
    const readback = device.createBuffer({ size: 8 * count, usage: COPY_DST | MAP_READ });
    try {
      const encoder = device.createCommandEncoder();
      work.forEach((encode, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
        encode(pass);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, 8 * count);
      device.queue.submit([encoder.finish()]);
      await readback.mapAsync(MAP_READ).catch((error: Error) => {
        throw new WeftError("gpu", `timestamps cannot be read: ${error.message}`);
      });
      const at = new BigUint64Array(readback.getMappedRange());
      return work.map((_, i) => Math.max(0, Number((at[2 * i + 1] ?? 0n) - (at[2 * i] ?? 0n))));
    } finally {
      querySet.destroy();
      resolved.destroy();
      readback.destroy();
    }
  }
  return {
    kind: "timestamp-query",
    async measure(work) {
      const times: number[] = [];
      for (let from = 0; from < work.length; from += PASSES)
        times.push(...(await part(work.slice(from, from + PASSES))));
      return times;
    },
  };
}

/** A submit shall take this many nanoseconds, so that what is not work is a small part of it … */
const ENOUGH = 4e6;
/**
 * Repeats grow by this until it does: on a busy machine the empty submit reads too long, and one look at the difference
 * would ask for far too many.
 */
const GROWTH = 4;
/** … and there are at most this many. */
const REPEATS = 64;

/**
 * The time from submit to done, less that of an empty submit. Short work is repeated within its submit, and the time
 * divided by the number of repeats. Throws `WeftError` "input" unless it is a device.
 */
export function wallClock(device: GPUDevice): Clock {
  checkAll("wallClock", { device }, { device: DEVICE });
  const repeats = new WeakMap<Work, number>();
  let empty: number | undefined;

  async function submit(encode: Work, times: number): Promise<number> {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) encode(pass);
    pass.end();
    const commands = encoder.finish();
    const start = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone().catch((error: Error) => {
      throw new WeftError("gpu", `the work was not done: ${error.message}`);
    });
    return (performance.now() - start) * 1e6;
  }

  async function one(encode: Work): Promise<number> {
    if (empty === undefined) {
      const samples: number[] = [];
      for (let i = 0; i < 9; i++) samples.push(await submit(() => {}, 1));
      empty = samples.sort((a, b) => a - b)[4] ?? 0;
    }
    let times = repeats.get(encode);
    if (times === undefined) {
      times = 1;
      while (times < REPEATS && (await submit(encode, times)) - empty < ENOUGH / GROWTH)
        times = Math.min(REPEATS, times * GROWTH);
      repeats.set(encode, times);
    }
    return Math.max(0, (await submit(encode, times)) - empty) / times;
  }

  return {
    kind: "wall",
    async measure(work) {
      const times: number[] = [];
      for (const encode of work) times.push(await one(encode));
      return times;
    },
  };
}

/** Nanoseconds from submit to done, all in one pass. Throws `WeftError`: "out-of-memory", "gpu", "device-lost". */
export async function timed(
  { gpu }: Executable,
  what: string,
  dispatches: readonly BoundDispatch[],
  batch: number,
): Promise<number> {
  const { device } = gpu;
  let start = 0;
  await gpu.scoped(what, () => {
    const encoder = device.createCommandEncoder();
    encodePass(encoder, dispatches, batch);
    const commands = encoder.finish();
    start = performance.now();
    device.queue.submit([commands]);
  });
  await gpu.wait(what, device.queue.onSubmittedWorkDone());
  return (performance.now() - start) * 1e6;
}
