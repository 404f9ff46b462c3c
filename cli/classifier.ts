/** The kind of model that is measured on labelled examples: one input, a score for every class. */
import { must, UserError } from "../compiler/errors.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import type { Program } from "../contract/program.ts";
import { showShape } from "../contract/shapes.ts";
import { ARRAYS, type TensorData } from "../contract/tensor.ts";
import type { Dim } from "../contract/type.ts";
import type { Weights } from "../contract/weights.ts";
import { concatenated, product, type Target, targetOf } from "../data/array.ts";
import type { DataSet, Labels } from "../data/set.ts";
import { packed } from "../runtime/quantised.ts";
import { load } from "../runtime/sized.ts";

export interface Classifier {
  readonly input: Target;
  readonly classes: number;
}

/** Undefined where the model has other inputs or outputs. */
export function classifierIn({ inputs, outputs }: Graph): Classifier | undefined {
  const [input, ...moreInputs] = inputs;
  const [output, ...moreOutputs] = outputs;
  const [batch, classes, ...rest] = output?.node.type.shape ?? [];
  const others = moreInputs.length + moreOutputs.length + rest.length;
  if (!input || others > 0 || batch !== "N" || typeof classes !== "number") return undefined;
  return { input: targetOf({ name: input.name, ...input.node.type }), classes };
}

/** Throws `UserError` where the model has other inputs or outputs. */
export function classifierOf(graph: Graph): Classifier {
  const found = classifierIn(graph);
  if (found) return found;
  const { name, inputs, outputs } = graph;
  const shown = (list: readonly { name: string; node: { type: { shape: readonly Dim[] } } }[]): string =>
    list.map((each) => `${each.name} ${showShape(each.node.type.shape)}`).join(", ");
  throw new UserError({
    problem: `${name} has the inputs ${shown(inputs)} and the outputs ${shown(outputs)}`,
    rule: "labelled pictures need a model with one input and one output [N, classes]",
    fix: "a model that classifies, such as models/lenet.ts, or arrays: --input NAME=FILE.npy --target NAME=FILE.npy",
  });
}

export interface Answers {
  /** The class of the largest score, for every example. */
  readonly answers: Labels;
  /** Of every example, a row each. */
  readonly scores: Float32Array;
  /** Wall time: upload, kernels and reading back. */
  readonly seconds: number;
}

export interface ClassifyOptions {
  readonly device: GPUDevice;
  readonly weights: Weights;
  readonly onProgress?: (examples: number) => void;
}

/** Large enough to fill a GPU, small enough for any. */
const CHUNK = 500;

/** Examples with labels: the model's input, bytes that are scaled or numbers as they are. */
export interface Labelled extends Pick<DataSet, "labels" | "rows" | "shape"> {
  readonly images: Uint8Array | TensorData;
}

/** Runs the program over the set; bytes become 0 … 1, or stay whole numbers where the input is of them. */
export async function classify(program: Program, set: Labelled, options: ClassifyOptions): Promise<Answers> {
  const { name, dtype } = must(program.inputs[0], "input");
  const [output] = program.outputs;
  const session = await load(...packed(program, { device: options.device, weights: options.weights }));
  const size = product(set.shape);
  const chunk = Math.min(CHUNK, program.maxBatch || CHUNK);
  const answers = new Uint32Array(set.rows);
  const parts: ArrayLike<number>[] = [];
  let seconds = 0;
  for (let from = 0; from < set.rows; from += chunk) {
    const to = Math.min(set.rows, from + chunk);
    const part = set.images.subarray(from * size, to * size);
    const scale = dtype === "f32" && part instanceof Uint8Array ? 255 : 1;
    const data = ARRAYS[dtype].from(part).map((value) => value / scale);
    const start = performance.now();
    const outputs = await session.run({ [name]: { shape: [to - from, ...set.shape], data } });
    seconds += (performance.now() - start) / 1000;
    const scores = outputs[output?.name ?? ""]?.data ?? new Float32Array();
    parts.push(scores);
    const classes = scores.length / (to - from);
    for (let i = from; i < to; i++) {
      const row = scores.subarray((i - from) * classes, (i - from + 1) * classes);
      if (row.some(Number.isNaN)) throw notNumbers(program.name, i);
      answers[i] = largest(row);
    }
    options.onProgress?.(to);
  }
  return { answers, scores: concatenated(parts, "f32"), seconds };
}

/** The position of the largest score, the first one of equals. */
function largest(scores: TensorData): number {
  let best = 0;
  for (const [i, score] of scores.entries()) if (score > (scores[best] ?? 0)) best = i;
  return best;
}

function notNumbers(model: string, example: number): UserError {
  return new UserError({
    problem: `${model}: among the scores of example ${example} is NaN`,
    rule: "the answer is the largest score, and of NaN there is none",
    fix: "weft run --check-finite names the layer that it comes from",
  });
}
