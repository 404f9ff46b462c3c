/** Times every dispatch of a program on a device. */
import { performance } from "node:perf_hooks";
import { WeftError } from "../../contract/errors.ts";
import type { Dispatch, Program } from "../../contract/program.ts";
import { dtypeOf, sizeOf, type TensorData } from "../../contract/tensor.ts";
import { Gpu } from "../gpu.ts";
import { DEVICE, type Rule } from "../options.ts";
import { Plan, type Step, UNIFORM } from "../plan.ts";
import { CLOCK, type Clock, workOf } from "./clock.ts";
import { checkAll } from "./given.ts";

/** How a program is measured. */
export interface ProfileOptions {
  readonly device: GPUDevice;
  readonly clock: Clock;
  /** The parameters in the program's order. */
  readonly values: readonly TensorData[];
  readonly batch: number;
  /** Runs that are not counted: the first ones wake the device up and fill its caches. */
  readonly warmup: number;
  /** Runs that are. */
  readonly runs: number;
}

/** What was measured. */
export interface Measured {
  /** Nanoseconds by run, then by dispatch. */
  readonly times: readonly (readonly number[])[];
  /** Nanoseconds of whole runs, from submit to done, all dispatches in one pass as a session has them. */
  readonly whole: readonly number[];
  /** Milliseconds until all pipelines were built. */
  readonly build: number;
}

const whole = (least: number): Rule => [
  `a whole number of at least ${least}`,
  (value) => Number.isSafeInteger(value) && Number(value) >= least,
];
const OPTIONS: Readonly<Record<keyof ProfileOptions, Rule>> = {
  device: DEVICE,
  clock: CLOCK,
  values: ["an array of typed arrays", (value) => Array.isArray(value) && value.every(dtypeOf)],
  batch: whole(1),
  warmup: whole(0),
  runs: whole(0),
};

class Profiler extends Plan {
  readonly #device: GPUDevice;
  readonly #made: GPUBuffer[] = [];

  constructor(device: GPUDevice, program: Program) {
    super(new Gpu(device, false), program);
    this.#device = device;
  }

  async measure({ clock, values, batch, warmup, runs }: Omit<ProfileOptions, "device">): Promise<Measured> {
    const { buffers: planned, params, prepare, dispatches, inputs, name } = this.program;
    this.checkSizes(batch);
    const start = performance.now();
    await this.build();
    const build = performance.now() - start;
    const { once, steps } = await this.gpu.scoped(`${name}, batch of ${batch}`, () => {
      const uniform = this.#keep(this.#device.createBuffer({ label: "batch", size: 32, usage: UNIFORM }));
      this.write(uniform, Uint32Array.of(batch));
      const buffers = planned.map((_, i) => this.#keep(this.buffer(i, batch)));
      params.forEach((param, i) => {
        const data = values[i];
        if (!data) throw new WeftError("weights", `${name}: no value for parameter ${i}`);
        this.fill(buffers, param, data);
      });
      for (const { buffer, shape } of inputs)
        this.write(buffers[buffer], picture(sizeOf(shape.map((d) => (d === "N" ? batch : d)))));
      const stepsOf = (list: readonly Dispatch[]): Step[] => this.steps(list, buffers, { buffer: uniform });
      return { once: stepsOf(prepare), steps: stepsOf(dispatches) };
    });
    const works = steps.map((step) => workOf(step, batch));
    await this.#whole(once, batch);
    const times: number[][] = [];
    const whole: number[] = [];
    for (let run = -warmup; run < runs; run++) {
      const [each, all] = [await clock.measure(works), await this.#whole(steps, batch)];
      if (run < 0) continue;
      times.push(each);
      whole.push(all);
    }
    return { times, whole, build };
  }

  /** Nanoseconds of all steps in one pass. */
  async #whole(steps: readonly Step[], batch: number): Promise<number> {
    const what = `${this.program.name}, batch of ${batch}`;
    const encoder = this.#device.createCommandEncoder();
    this.encode(encoder, steps, batch);
    const start = performance.now();
    await this.gpu.scoped(what, () => this.#device.queue.submit([encoder.finish()]));
    await this.gpu.wait(what, this.#device.queue.onSubmittedWorkDone());
    return (performance.now() - start) * 1e6;
  }

  #keep(buffer: GPUBuffer): GPUBuffer {
    this.#made.push(buffer);
    return buffer;
  }

  close(): void {
    for (const buffer of this.#made) buffer.destroy();
  }
}

/** Numbers in [0, 1) that repeat late: kernels take the same time for any, except where many are denormal. */
function picture(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 10007) / 10007);
}

/**
 * Times every dispatch of the program, `warmup + runs` times. Throws `WeftError`: "gpu", "input" (a batch that the
 * device cannot hold), "out-of-memory", "device-lost".
 */
export async function profileProgram(program: Program, settings: ProfileOptions): Promise<Measured> {
  checkAll("profileProgram", settings, OPTIONS);
  const { device, ...options } = settings;
  const profiler = new Profiler(device, program);
  try {
    return await profiler.measure(options);
  } finally {
    profiler.close();
  }
}
