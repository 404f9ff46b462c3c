/** Writes what the runtimes load: a folder per row. */
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { compile, compileTraining, sgd, type TargetName } from "weftgpu";
import type { Graph } from "../compiler/ir/graph.ts";
import { type Weights, writeSafetensors } from "../runtime/index.ts";
import { ndarray } from "../test/oracle/array.ts";
import { toOnnx } from "../test/oracle/onnx.ts";
import { layersOf } from "./layers.ts";
import { noise } from "./numbers.ts";
import { LEARNING_RATE } from "./peers/training.ts";
import { inputsOf, type Row, weightsOf } from "./rows.ts";

/** A batch of bytes and class numbers, as f32. */
function trainingData(batch: number): Weights {
  const pixels = noise(batch * 28 * 28, 60).map((v) => Math.floor((v + 1) * 128));
  const labels = Float32Array.from({ length: batch }, (_, i) => (i * 7) % 10);
  return {
    pixels: { shape: [batch, 1, 28, 28], data: pixels },
    labels: { shape: [batch], data: labels },
  };
}

/** The oracle: onnxruntime's CPU provider, unoptimised. */
async function reference(model: Uint8Array, inputs: Weights): Promise<Float32Array> {
  const session = await InferenceSession.create(model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  const feeds = Object.entries(inputs).map(
    ([name, { shape, data }]) => [name, new Tensor("float32", data as Float32Array, shape)] as const,
  ); // f32 in all rows
  const [output] = Object.values(await session.run(Object.fromEntries(feeds)));
  await session.release();
  if (!(output?.data instanceof Float32Array)) throw new Error("the oracle gives no f32");
  return output.data;
}

export interface Prepared {
  readonly folder: string;
  /** The result of the oracle; for training, the loss of the first step, and nothing of later ones. */
  readonly expected: Float32Array;
  /** Bytes of Weft's compiled program, gzipped. */
  readonly programBytes: number;
}

export async function prepareRow(row: Row, folder: string): Promise<Prepared> {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, data: string | Uint8Array): void => writeFileSync(`${folder}/${name}`, data);
  const graph: Graph = await row.graph();
  const { kind, batch } = row;
  const weights = weightsOf(graph);
  const inputs = kind === "train" ? trainingData(batch) : inputsOf(graph, batch);
  const { weights: folded, ...layers } = layersOf(graph, weights, batch);
  write("row.json", JSON.stringify({ kind, batch }));
  write("weights.safetensors", writeSafetensors(weights));
  write("folded.safetensors", writeSafetensors(folded));
  write("inputs.safetensors", writeSafetensors(inputs));
  write("layers.json", JSON.stringify(layers));
  const params = Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, ndarray(shape, data)]),
  );
  const onnx = toOnnx(graph, params);
  write("model.onnx", onnx);
  if (kind === "forward") {
    const programs = forTargets((target) => compile(graph, { target, typicalBatch: batch }).program);
    for (const [target, program] of programs) write(`program.${target}.json`, program);
    return { folder, expected: await reference(onnx, inputs), programBytes: sizeOf(programs) };
  }
  const optimizer = sgd({ lr: LEARNING_RATE });
  const trainings = forTargets((target) => compileTraining(graph, { optimizer, target }));
  for (const [target, training] of trainings) write(`training.${target}.json`, training);
  const { pixels, labels } = inputs;
  const image = { shape: pixels?.shape ?? [], data: Float32Array.from(pixels?.data ?? [], (v) => v / 255) };
  const logits = await reference(onnx, { image });
  return {
    folder,
    expected: Float32Array.of(crossEntropy(logits, labels?.data ?? [])),
    programBytes: sizeOf(trainings),
  };
}

/** What is compiled, as JSON, once for each target: the peer takes the one for its device. */
function forTargets(make: (target: TargetName) => unknown): ReadonlyMap<TargetName, string> {
  return new Map(
    (["portable", "gpu", "octets", "quads", "wasm"] as const).map((target) => [
      target,
      JSON.stringify(make(target)),
    ]),
  );
}

/** What is shipped to a page runs everywhere. */
const sizeOf = (programs: ReadonlyMap<TargetName, string>): number =>
  gzipSync(programs.get("portable") ?? "").length;

/** The mean of −log softmax(logits)[label], in float64. */
function crossEntropy(logits: Float32Array, labels: ArrayLike<number>): number {
  const classes = logits.length / labels.length;
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = Array.from(logits.subarray(i * classes, (i + 1) * classes));
    const top = Math.max(...row);
    sum +=
      top + Math.log(row.reduce((a, v) => a + Math.exp(v - top), 0)) - (row[labels[i] ?? 0] ?? Number.NaN);
  }
  return sum / labels.length;
}
