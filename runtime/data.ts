/** Labelled examples: what a trainer is given, checked against its programs, and the order they are taken in. */
import { WeftError } from "../contract/errors.ts";
import type { Signature } from "../contract/program.ts";
import { hash, kindOf, sizeOf } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { shapeAt, showSizes } from "../contract/type.ts";
import { ANYTHING, checkOptions, shownOption } from "./options.ts";
import { threefry } from "./random.ts";

/** What examples, labels and targets are given as. */
export type Rows = Uint8Array | Float32Array;

/**
 * Examples and their labels, row by row. Examples of a training compiled with `bytes` (the default) are bytes, which are
 * scaled to 0 … 1 on the GPU; else numbers, taken as they are. Cross-entropy has one label per example, the class's
 * number, in bytes as the examples are; other losses have as many targets as the model has outputs, numbers as they are,
 * in bytes or not.
 *
 * A data set is sent to the GPU once, so its arrays must not change afterwards.
 */
export interface DataSet {
  readonly images: Rows;
  readonly labels: Rows;
  /** How many classes the labels name. Default: as many as the model tells apart. */
  readonly classes?: number;
}

/** The same under the names that the training has for them: that of the model's input, and "target". */
export interface NamedDataSet {
  readonly [name: string]: Rows | number | undefined;
}

/** A data set, its two parts under either of their names. */
export type AnyDataSet = DataSet | NamedDataSet;

/** A training may read its data sets itself: those of weftgpu/sized-train do. */
export interface Reader {
  readonly read?: (data: AnyDataSet) => Checked;
}

/** A data set that fits a training: in the order of the programs' inputs. */
export interface Checked {
  readonly arrays: readonly [examples: Rows, targets: Rows];
  readonly rows: number;
  /** The terms of the loss that an example has: one of labels, one for each output of other losses. */
  readonly terms: number;
  /** What `Program.sizes` are. */
  readonly sizes: readonly number[];
}

/** What throws `WeftError` "input" with a problem. */
export const failing =
  ({ name }: Training) =>
  (problem: string): never => {
    throw new WeftError("input", `${name}: ${problem}`);
  };

/**
 * The data set, whatever its parts are called; their values are not looked at. Throws `WeftError` "input" with the
 * numbers: wrong names, kinds or lengths of arrays, no examples.
 */
export function partsOf(training: Training & Reader, data: AnyDataSet): Checked {
  if (training.read) return training.read(data);
  const fail = failing(training);
  const [input, target] = training.step.inputs as readonly [Signature, Signature];
  checkOptions(`${training.name}: data set`, data, {
    [input.name]: ANYTHING,
    images: ANYTHING,
    [target.name]: ANYTHING,
    labels: ANYTHING,
    classes: ANYTHING,
  });
  const part = (signature: Signature, other: string) => {
    const { name, shape, storage } = signature;
    const given = [...new Set([name, other])].filter((key) => (data as NamedDataSet)[key] !== undefined);
    const [what = fail(`the data set has no "${other}", which "${name}" may name too`), more] = given;
    if (more) fail(`"${what}" and "${more}" of the data set are the same; try: leave out one of the two`);
    const array = (data as NamedDataSet)[what] as Rows;
    const kinds = storage ? [Uint8Array] : signature === target ? [Uint8Array, Float32Array] : [Float32Array];
    if (!kinds.some((kind) => array instanceof kind))
      fail(`${what} have to be a ${kinds.map((kind) => kind.name).join(" or ")}, got ${kindOf(array)}`);
    const each = sizeOf(shapeAt(shape, 1));
    if (array.length === 0) fail(`there are no ${what}: a data set holds at least one example`);
    if (array.length % each)
      fail(
        `${what} ${showSizes(shape)} need a multiple of ${each} ${storage ? "bytes" : "numbers"}, got ${array.length}`,
      );
    return { what, array, each, rows: array.length / each };
  };
  const examples = part(input, "images");
  const targets = part(target, input.name === "labels" ? target.name : "labels");
  if (examples.rows !== targets.rows)
    fail(`${examples.what} and ${targets.what} differ in number: ${examples.rows} and ${targets.rows}`);
  return {
    arrays: [examples.array, targets.array],
    rows: examples.rows,
    terms: targets.each,
    sizes: [],
  };
}

/** As `partsOf`; throws also for labels that name no class, and for targets that the loss does not take. */
export function checkData(training: Training, data: AnyDataSet): Checked {
  const { loss, step } = training;
  const parts = partsOf(training, data);
  const fail = failing(training);
  // Unless the model's input is called so; as checked below.
  const classes = (step.inputs[0]?.name === "classes" ? undefined : data.classes) as number | undefined;
  if (classes !== undefined && !(Number.isSafeInteger(classes) && classes > 0))
    fail(`classes is ${shownOption(classes)}, it has to be a whole number above 0`);
  const limit = Math.min(classes ?? Infinity, training.classes ?? Infinity);
  const [fits, rule]: [fits: (value: number) => boolean, rule: string] =
    loss === "crossEntropy"
      ? [(x) => x < limit && x >= 0 && x % 1 === 0, `the classes are 0 … ${limit - 1}`]
      : loss === "binaryCrossEntropy"
        ? [(x) => x >= 0 && x <= 1, "this loss takes targets from 0 to 1; try: a Float32Array"]
        : [Number.isFinite, "targets have to be finite"];
  const at = parts.arrays[1].findIndex((value) => !fits(value));
  if (at >= 0) fail(`label ${at} is ${parts.arrays[1][at]}, ${rule}`);
  return parts;
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
