/** What a runtime is given and what it does, in a process of its own or in a page. */
import { readSafetensors, type Weights } from "../../contract/weights.ts";
import type { Layers } from "../layers.ts";
import { STEPS_PER_RUN } from "./training.ts";

export interface Task {
  readonly kind: "forward" | "train";
  readonly batch: number;
  readonly inputs: Weights;
  /** By the model's names, nothing folded. */
  readonly weights: Weights;
  /** Without weights: `foldedWeights` are theirs. */
  layers(): Promise<Omit<Layers, "weights">>;
  foldedWeights(): Promise<Weights>;
  /** A file of the row's folder. */
  bytes(name: string): Promise<Uint8Array>;
}

export interface Runner {
  /**
   * Does the work `times` times, one after the other, and gives the last result: the output, row-major NCHW, or the
   * last step's loss. Inputs are uploaded and the output is read back each time.
   */
  run(times: number): Promise<Float32Array>;
  /** The losses of the first steps on the one batch; training only, called first. */
  losses?(steps: number): Promise<readonly number[]>;
}

export type Open = (task: Task) => Promise<Runner>;

/** What the parent is told once the first result is there. */
export interface Ready {
  readonly kind: "ready";
  readonly output: Float32Array;
  /** GPU pipelines made until then, and dispatches of a repeated run (a step, in training). */
  readonly pipelines: number;
  readonly dispatches: number;
}

export type Answer =
  /** The first result is there; `Ready` follows. */
  | { readonly kind: "first" }
  | Ready
  | { readonly kind: "ran"; readonly ms: number }
  | { readonly kind: "failed"; readonly why: string };

const counts = { pipelines: 0, dispatches: 0 };

/** Counts pipelines and dispatches, whoever makes them. `globals` hold WebGPU's classes. */
export function countCalls(globals: object): void {
  const prototypes = globals as Record<
    string,
    { prototype: Record<string, (...args: unknown[]) => unknown> }
  >;
  const count = (type: string, method: string, what: keyof typeof counts): void => {
    const prototype = prototypes[type]?.prototype;
    const original = prototype?.[method];
    if (!prototype || !original) throw new Error(`WebGPU without ${type}.${method}`);
    prototype[method] = function (this: unknown, ...args: unknown[]) {
      counts[what]++;
      return original.apply(this, args);
    };
  };
  count("GPUDevice", "createComputePipeline", "pipelines");
  count("GPUDevice", "createComputePipelineAsync", "pipelines");
  count("GPUComputePassEncoder", "dispatchWorkgroups", "dispatches");
  count("GPUComputePassEncoder", "dispatchWorkgroupsIndirect", "dispatches");
}

export async function taskFrom(bytes: Task["bytes"]): Promise<Task> {
  const json = async (name: string) => JSON.parse(new TextDecoder().decode(await bytes(name)));
  const tensors = async (name: string): Promise<Weights> => readSafetensors(await bytes(name));
  const { kind, batch } = await json("row.json");
  return {
    kind,
    batch,
    inputs: await tensors("inputs.safetensors"),
    weights: await tensors("weights.safetensors"),
    layers: () => json("layers.json"),
    foldedWeights: () => tensors("folded.safetensors"),
    bytes,
  };
}

const TRAINED_STEPS = 4;

/** The first result, and then a run to count dispatches; `first` is called in between. */
export async function begin(task: Task, runner: Runner, first: () => void): Promise<Ready> {
  const output = runner.losses ? Float32Array.from(await runner.losses(TRAINED_STEPS)) : await runner.run(1);
  first();
  const { pipelines, dispatches: before } = counts;
  const steps = task.kind === "train" ? STEPS_PER_RUN : 1;
  await runner.run(steps);
  return { kind: "ready", output, pipelines, dispatches: (counts.dispatches - before) / steps };
}

/** Repeats the work on request. */
export async function answer(runner: Runner, times: number): Promise<Answer> {
  const start = performance.now();
  await runner.run(times);
  return { kind: "ran", ms: performance.now() - start };
}

export const failure = (error: unknown): Answer => ({
  kind: "failed",
  why: error instanceof Error ? (error.stack ?? error.message) : String(error),
});
