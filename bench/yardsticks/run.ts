/** Runs Weft's kernel and the hand-written ones for the same computation side by side. */
import { compareJobs, type Job, rawJob, resultOf, type Timing } from "../gpu.ts";
import { relativeDifference } from "../numbers.ts";
import { compileFor, weftJob } from "../weft.ts";
import { type Task, tasks } from "./tasks.ts";

/** f32 sums of some thousand terms in any order stay within this share of the largest element. */
const TOLERANCE = 1e-5;

export interface YardstickRow extends Timing {
  /** Billions of floating-point operations a second. */
  readonly gflops: number;
  readonly gigabytes: number;
  /** The largest difference from the float64 loops, as a share of the largest element. */
  readonly error: number;
  readonly buildMs: number;
}

export interface YardstickResult {
  readonly task: string;
  /** Weft's first, then the hand-written ones. */
  readonly rows: readonly YardstickRow[];
  /** Kernels that could not be timed, and why. */
  readonly left: readonly string[];
  /** Weft's speed as a share of the best hand-written kernel's: by medians, and by the fastest rounds (less noise). */
  readonly ratio: number;
  readonly ratioOfMinima: number;
}

export async function runYardstick(device: GPUDevice, name: string, limit: RegExp): Promise<YardstickResult> {
  const task = tasks[name]?.(name);
  if (!task) throw new Error(`no yardstick "${name}": there are ${Object.keys(tasks).join(", ")}`);
  const expected = task.expected();
  const jobs: Job[] = [];
  const left: string[] = [];
  const errors = new Map<Job, number>();
  const add = async (make: () => Promise<Job>): Promise<void> => {
    const job = await make();
    const error = relativeDifference(await resultOf(device, job), expected);
    errors.set(job, error);
    if (error <= TOLERANCE) jobs.push(job);
    else {
      left.push(`${job.name}: off by ${error.toExponential(1)} of the largest element`);
      job.destroy();
    }
  };
  const { program } = compileFor(task.graph, device);
  await add(() => weftJob(device, program, 1, task.inputs, task.params));
  for (const kernel of task.kernels({ lanes: lanesOf(device) }))
    if (limit.test(kernel.name)) await add(() => rawJob(device, kernel));
  const timings = await compareJobs(device, jobs);
  const rows = timings.map((timing, i): YardstickRow => {
    const job = jobs[i];
    return {
      ...timing,
      ...rates(task, timing),
      error: (job && errors.get(job)) ?? Number.NaN,
      buildMs: job?.buildMs ?? Number.NaN,
    };
  });
  for (const job of jobs) job.destroy();
  const [weft, ...others] = rows;
  const ratioOf = (key: "median" | "min"): number =>
    Math.min(...others.map((row) => row[key])) / (weft?.[key] ?? Number.NaN);
  return { task: name, rows, left, ratio: ratioOf("median"), ratioOfMinima: ratioOf("min") };
}

function rates(
  { multiplyAdds, bytes }: Task,
  { median }: Timing,
): Pick<YardstickRow, "gflops" | "gigabytes"> {
  return { gflops: (2 * multiplyAdds) / median / 1e6, gigabytes: bytes / median / 1e6 };
}

function lanesOf(device: GPUDevice): number | undefined {
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  return device.features.has("subgroups") && subgroupMinSize === subgroupMaxSize
    ? subgroupMinSize
    : undefined;
}
