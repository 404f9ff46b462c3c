/**
 * A runtime in a process of its own: it loads a row from a folder, computes the first result, and then repeats the
 * work whenever the parent asks. So rounds of different runtimes can alternate.
 */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { readSafetensors, type Weights } from "../../runtime/weights.ts";
import type { Layers } from "../layers.ts";
import { STEPS_PER_RUN } from "./training.ts";

export interface Task {
  readonly kind: "forward" | "train";
  readonly batch: number;
  readonly inputs: Weights;
  /** By the model's names, nothing folded. */
  readonly weights: Weights;
  /** Without weights: `foldedWeights` are theirs. */
  layers(): Omit<Layers, "weights">;
  foldedWeights(): Weights;
  /** Path of a file in the folder. */
  file(name: string): string;
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

/** What the parent is told once the first result is there. */
export interface Ready {
  readonly kind: "ready";
  /** Since the process started. */
  readonly firstMs: number;
  readonly output: Float32Array;
  /** GPU pipelines made until then, and dispatches of a repeated run (a step, in training). */
  readonly pipelines: number;
  readonly dispatches: number;
  readonly version: string;
}

export type Answer =
  | Ready
  | { readonly kind: "ran"; readonly ms: number }
  | { readonly kind: "failed"; readonly why: string };

export const counts = { pipelines: 0, dispatches: 0 };

/** Counts pipelines and dispatches, whoever makes them. `globals` are those of the package `webgpu`. */
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

const TRAINED_STEPS = 4;

/** The whole life of a peer's process. */
export async function serve(version: string, open: (task: Task) => Promise<Runner>): Promise<void> {
  const send = (answer: Answer): void => {
    if (process.send) process.send(answer);
    else console.log(answer); // started by hand
  };
  try {
    const task = taskIn(process.argv[2] ?? ".");
    const runner = await open(task);
    const output = runner.losses
      ? Float32Array.from(await runner.losses(TRAINED_STEPS))
      : await runner.run(1);
    const firstMs = performance.now();
    const { pipelines, dispatches: before } = counts;
    const steps = task.kind === "train" ? STEPS_PER_RUN : 1;
    await runner.run(steps);
    const dispatches = (counts.dispatches - before) / steps;
    send({ kind: "ready", firstMs, output, pipelines, dispatches, version });
    process.on("message", async (times: number) => {
      try {
        const start = performance.now();
        await runner.run(times);
        send({ kind: "ran", ms: performance.now() - start });
      } catch (error) {
        send({ kind: "failed", why: String(error) });
      }
    });
  } catch (error) {
    send({ kind: "failed", why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function taskIn(folder: string): Task {
  const file = (name: string): string => `${folder}/${name}`;
  const tensors = (name: string): Weights => readSafetensors(readFileSync(file(name)));
  const { kind, batch } = JSON.parse(readFileSync(file("row.json"), "utf8"));
  return {
    kind,
    batch,
    inputs: tensors("inputs.safetensors"),
    weights: tensors("weights.safetensors"),
    layers: () => JSON.parse(readFileSync(file("layers.json"), "utf8")),
    foldedWeights: () => tensors("folded.safetensors"),
    file,
  };
}
