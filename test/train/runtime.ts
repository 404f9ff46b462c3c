/** A small model and data for tests of the trainer: classes are bright quarters of a 4 × 4 picture. */
import { batchNorm2d, conv2d, dropout, flatten, input, linear, model, N, relu } from "weftgpu";
import { adam, compileTraining, type Optimizer, sgd } from "../../compiler/train/index.ts";
import type { DataSet } from "../../runtime/data.ts";
import { type Checkpoint, type Epoch, type Training, writeSafetensors } from "../../runtime/train.ts";

export const CLASSES = 3;
export const PIXELS = 16;

export function linearTraining(
  optimizer: Optimizer = sgd({ lr: 0.5 }),
  name = "small",
  target: "portable" | "wasm" = "portable",
): Training {
  const image = input("image", [N, 1, 4, 4]);
  const graph = model(name, { image }, { logits: linear(flatten(image), { out: CLASSES }) }).graph;
  return compileTraining(graph, { optimizer, target });
}

/** A model whose training form differs: batch statistics, and values dropped at random. */
export function statefulTraining(): Training {
  const image = input("image", [N, 1, 4, 4]);
  const maps = relu(batchNorm2d(conv2d(image, { out: 4, kernel: 3 })));
  const logits = linear(dropout(flatten(maps), { p: 0.25 }), { out: CLASSES });
  return compileTraining(model("stateful", { image }, { logits }).graph, { optimizer: adam({ lr: 0.02 }) });
}

/** The lecture's first training: a kernel of two weights from pictures and what the kernel makes of them. */
export function kernelTraining(target: "portable" | "wasm" = "portable"): Training {
  const image = input("image", [N, 1, 6, 8]);
  const graph = model(
    "edges",
    { image },
    { edges: conv2d(image, { out: 1, kernel: [1, 2], bias: false }) },
  ).graph;
  return compileTraining(graph, { loss: "squaredError", optimizer: sgd({ lr: 0.6 }), bytes: false, target });
}

/** Pictures whose quarter `label` is bright, with noise; the same on each call. */
export function quarters(rows: number, seed = 1): DataSet {
  let state = seed;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 25; // 0 … 127
  };
  const labels = Uint8Array.from({ length: rows }, (_, i) => (i * 7 + seed) % CLASSES);
  const images = Uint8Array.from({ length: rows * PIXELS }, (_, i) => {
    const quarter = 2 * Math.floor((i % PIXELS) / 8) + Math.floor((i % 4) / 2);
    return noise() + (quarter === labels[Math.floor(i / PIXELS)] ? 128 : 0);
  });
  return { images, labels };
}

/** Counts what is asked of a device from now on. */
export interface Counts {
  submits: number;
  passes: number;
  buffers: number;
  bindGroups: number;
  pipelines: number;
}

/** Counts calls on the device until `stop`. */
export function countCalls(device: GPUDevice): { readonly counts: Counts; readonly stop: () => void } {
  const counts: Counts = { submits: 0, passes: 0, buffers: 0, bindGroups: 0, pipelines: 0 };
  const undo: (() => void)[] = [];
  const wrap = (object: object, method: string, note: (result: unknown) => void): void => {
    const original = Reflect.get(object, method) as (...args: unknown[]) => unknown;
    Object.defineProperty(object, method, {
      configurable: true,
      value: (...args: unknown[]) => {
        const result = original.apply(object, args);
        note(result);
        return result;
      },
    });
    undo.push(() => Reflect.deleteProperty(object, method));
  };
  const { queue } = device;
  wrap(queue, "submit", () => counts.submits++);
  wrap(device, "createBuffer", () => counts.buffers++);
  wrap(device, "createBindGroup", () => counts.bindGroups++);
  wrap(device, "createComputePipelineAsync", () => counts.pipelines++);
  wrap(device, "createCommandEncoder", (encoder) =>
    wrap(encoder as object, "beginComputePass", () => counts.passes++),
  );
  return { counts, stop: () => undo.forEach((u) => void u()) };
}

export async function collect(epochs: AsyncIterable<Epoch>): Promise<Epoch[]> {
  const all: Epoch[] = [];
  for await (const epoch of epochs) all.push(epoch);
  return all;
}

export const bytesOf = ({ tensors, metadata }: Checkpoint): Uint8Array => writeSafetensors(tensors, metadata);
export const figures = (epochs: readonly Epoch[]): unknown[] =>
  epochs.map(({ examplesPerSecond: _, seconds: __, ...rest }) => rest);
