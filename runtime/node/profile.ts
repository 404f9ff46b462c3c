/** Times every dispatch of a program on a device. */
import { performance } from "node:perf_hooks";
import { WeftError } from "../../contract/errors.ts";
import type { Program } from "../../contract/program.ts";
import { boundsOf, wordsOf } from "../../contract/sizes.ts";
import { dtypeOf, type TensorData } from "../../contract/tensor.ts";
import { Executable } from "../executable.ts";
import { Gpu } from "../gpu.ts";
import { DEVICE, type Rule } from "../options.ts";
import { CLOCK, type Clock, timed, type Work } from "./clock.ts";
import { checkAll } from "./given.ts";
import { probes } from "./probe.ts";

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

/**
 * Times every dispatch of the program, `warmup + runs` times. Throws `WeftError`: "gpu", "input" (a batch that the
 * device cannot hold), "out-of-memory", "device-lost".
 */
export async function profileProgram(program: Program, settings: ProfileOptions): Promise<Measured> {
  checkAll("profileProgram", settings, OPTIONS);
  const { device, clock, values, batch, warmup, runs } = settings;
  const { name, params, inputs } = program;
  const what = `${name}, batch of ${batch}`;
  const start = performance.now();
  const executable = await Executable.open(new Gpu(device, false), program);
  const build = performance.now() - start;
  try {
    await executable.build(batch);
    const dispatches = await executable.gpu.scoped(what, () => {
      params.forEach((_, i) => {
        if (!values[i]) throw new WeftError("weights", `${name}: no value for parameter ${i}`);
      });
      executable.fill(params, values);
      return executable.feed(
        batch,
        probes(program, inputs, batch, 0), // kernels take the same time for any, except where many are denormal
        ...wordsOf(program, boundsOf(program)),
      );
    });
    await executable.gpu.wait(what, device.queue.onSubmittedWorkDone());
    const works = dispatches.map(
      (bound): Work =>
        (pass) =>
          bound(pass, batch),
    );
    const times: number[][] = [];
    const whole: number[] = [];
    for (let run = -warmup; run < runs; run++) {
      const [each, all] = [await clock.measure(works), await timed(executable, what, dispatches, batch)];
      if (run < 0) continue;
      times.push(each);
      whole.push(all);
    }
    return { times, whole, build };
  } finally {
    executable.destroy();
  }
}
