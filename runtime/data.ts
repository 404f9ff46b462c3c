/** Labelled examples: what a trainer is given, checked against its programs, and the order they are taken in. */

import { kindsOf, type Part, partsIn } from "../contract/dataSet.ts";
import { WeftError } from "../contract/errors.ts";
import { hash, kindOf, sizeOf } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { shapeAt, showSizes } from "../contract/type.ts";
import { ANYTHING, checkOptions, shownOption } from "./options.ts";
import { threefry } from "./random.ts";

/** What examples, labels and targets are given as. */
export type Rows = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array;

/**
 * Examples and their labels, row by row. Examples of a training compiled with `bytes` (the default) are bytes, which are
 * scaled to 0 … 1 on the GPU; else numbers, taken as they are. Cross-entropy has one label per example, the class's
 * number, in an array of any kind; other losses have as many targets as the model has outputs, numbers as they are, in bytes
 * or not.
 *
 * A data set is sent to the GPU once, so its arrays must not change afterwards.
 */
export interface DataSet {
  readonly images: Rows;
  readonly labels: Rows;
  /** How many classes the labels name. Default: as many as the model tells apart. */
  readonly classes?: number;
}

/** The same under the names that the training has for them: those of the model's inputs, and of the targets. */
export interface NamedDataSet {
  readonly [name: string]: Rows | number | undefined;
}

/** A data set. Where there is one input, it is `images` too, and where there is one target, `labels`. */
export type AnyDataSet = DataSet | NamedDataSet;

/** A training may read its data sets itself: those of weftgpu/sized-train do. */
export interface Reader {
  readonly read?: (data: AnyDataSet) => Checked;
}

/** A data set that fits a training. */
export interface Checked {
  /** In the order of the programs' inputs. */
  readonly arrays: readonly Rows[];
  readonly rows: number;
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
  const all = partsIn(training);
  const known = [...all.flatMap((n) => n.keys), "classes"].map((key) => [key, ANYTHING] as const);
  checkOptions(`${training.name}: data set`, data, Object.fromEntries(known));
  const parts = all.map((part) => {
    const { name, shape, storage } = part.input;
    const [what = fail(`the data set has no ${part.keys.map((key) => `"${key}"`).join(" or ")}`), more] =
      keysIn(data, part);
    if (more) fail(`"${what}" and "${more}" of the data set are the same; try: leave out one of the two`);
    const array = (data as NamedDataSet)[what] as Rows;
    const kinds = kindsOf(part);
    if (!kinds.some((kind) => array instanceof kind))
      fail(`${what} have to be a ${kinds.map((kind) => kind.name).join(" or ")}, got ${kindOf(array)}`);
    const each = sizeOf(shapeAt(shape, 1));
    if (array.length === 0) fail(`there are no ${what}: a data set holds at least one example`);
    if (array.length % each)
      fail(
        `${what} ${showSizes(shape)} need a multiple of ${each} ${storage === "u8" ? "bytes" : "numbers"}, got ${array.length}`,
      );
    return { name, what, array, rows: array.length / each };
  });
  const [{ what, rows }] = parts as [(typeof parts)[number]]; // a training has an input
  const other = parts.find((part) => part.rows !== rows);
  if (other) fail(`${what} and ${other.what} differ in number: ${rows} and ${other.rows}`);
  return { arrays: parts.map((part) => part.array), rows, sizes: [] };
}

const keysIn = (data: AnyDataSet, { keys }: Part): string[] =>
  keys.filter((key) => (data as NamedDataSet)[key] !== undefined);

/** As `partsOf`; throws also for labels that name no class, and for targets that the loss does not take. */
export function checkData(training: Training & Reader, data: AnyDataSet): Checked {
  const parts = partsOf(training, data);
  if (training.read) return parts; // as it checks them
  const fail = failing(training);
  const all = partsIn(training);
  // Unless an input is called so; as checked below.
  const said = all.every(({ input }) => input.name !== "classes")
    ? (data.classes as number | undefined)
    : undefined;
  if (said !== undefined && !(Number.isSafeInteger(said) && said > 0))
    fail(`classes is ${shownOption(said)}, it has to be a whole number above 0`);
  all.forEach((part, i) => {
    const { name, dtype, below, except } = part.input;
    const loss = training.losses.find((l) => l.targets.includes(name));
    const limit = Math.min((loss?.classes && said) ?? Infinity, Number(below ?? Infinity));
    const [fits, rule]: [fits: (value: number) => boolean, rule: string] =
      dtype !== "f32"
        ? [
            (x) => x === except || (x < limit && x >= 0 && x % 1 === 0),
            `${loss?.classes ? "the classes" : "whole numbers"} are 0 … ${limit - 1}${except === undefined ? "" : `, and ${except}`}`,
          ]
        : loss?.loss.kind === "binaryCrossEntropy"
          ? [(x) => x >= 0 && x <= 1, "this loss takes targets from 0 to 1; try: a Float32Array"]
          : [Number.isFinite, "targets have to be finite"];
    if (!part.target && !(limit < Infinity)) return;
    const values = parts.arrays[i] as Rows; // one for each
    const at = values.findIndex((value) => !fits(value));
    if (at >= 0)
      fail(`${keysIn(data, part)[0] === "labels" ? "label" : name} ${at} is ${values[at]}, ${rule}`);
  });
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
