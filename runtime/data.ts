/** Labelled examples: what a trainer is given, checked against its programs, and the order they are taken in. */
import type { Signature } from "../compiler/ir/program.ts";
import type { Training } from "../compiler/ir/training.ts";
import { WeftError } from "./errors.ts";
import { hash, threefry } from "./random.ts";
import { show, sizeOf } from "./tensor.ts";

/**
 * Examples and their labels, row by row. For a training compiled with `bytes` (the default) both are bytes, of which
 * those of images are scaled to 0 … 1 on the GPU; else numbers, taken as they are. Cross-entropy has one label per
 * example, the class's number; other losses have as many targets as the model has outputs.
 *
 * A data set is sent to the GPU once, so its arrays must not change afterwards.
 */
export interface DataSet {
  readonly images: Uint8Array | Float32Array;
  readonly labels: Uint8Array | Float32Array;
  /** How many classes the labels name. Default: as many as the model tells apart. */
  readonly classes?: number;
}

/** Elements of one row of an input. */
export function rowSize({ shape }: Signature): number {
  return sizeOf(shape.map((d) => (d === "N" ? 1 : d)));
}

/**
 * The number of examples. Throws `WeftError` "input" with the numbers: wrong kinds or lengths of arrays, no examples,
 * labels that name no class.
 */
export function checkData(training: Training, { images, labels, classes }: DataSet): number {
  const { name, bytes, loss, step } = training;
  const fail = (problem: string): never => {
    throw new WeftError("input", `${name}: ${problem}`);
  };
  const [input, target] = step.inputs as readonly [Signature, Signature];
  const count = (what: "images" | "labels", array: ArrayLike<number>, { shape }: Signature, each: number) => {
    const Kind = bytes ? Uint8Array : Float32Array;
    if (!(array instanceof Kind))
      fail(`${what} have to be a ${Kind.name}, got ${(array as object | undefined)?.constructor?.name}`);
    if (array.length === 0) fail(`there are no ${what}: a data set holds at least one example`);
    if (array.length % each)
      fail(
        `${what} ${show(shape)} need a multiple of ${each} ${bytes ? "bytes" : "numbers"}, got ${array.length}`,
      );
    return array.length / each;
  };
  const rows = count("images", images, input, rowSize(input));
  const labelled = count("labels", labels, target, rowSize(target));
  if (rows !== labelled) fail(`there are ${rows} images, but labels for ${labelled}`);
  const limit = Math.min(classes ?? Infinity, training.classes ?? Infinity);
  if (loss === "crossEntropy")
    labels.forEach((label, i) => {
      if (!(label < limit && label >= 0 && label % 1 === 0))
        fail(`label ${i} is ${label}, the classes are 0 … ${limit - 1}`);
    });
  return rows;
}

/**
 * The order of an epoch's examples: Fisher and Yates's shuffle of 0 … rows − 1, determined by the seed and the
 * epoch alone.
 */
export function shuffled(rows: number, seed: number, epoch: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  const key = hash("shuffle");
  for (let i = rows - 1; i > 0; i--) {
    const [word] = threefry(seed, key, i, epoch) as [number];
    const j = Math.floor((word / 2 ** 32) * (i + 1));
    const other = order[j] as number;
    order[j] = order[i] as number;
    order[i] = other;
  }
  return order;
}
