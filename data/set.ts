/** Labelled examples as bytes: what is trained on and measured. */
import { plural, UserError } from "../compiler/errors.ts";
import { narrowest, ROW_ARRAYS } from "../contract/rows.ts";
import { showShape } from "../contract/shapes.ts";
import { product, type Target } from "./array.ts";

/** The indices of classes, as wide as their number wants. */
export type Labels = Uint8Array | Uint16Array | Uint32Array;

export const labelsOf = (labels: ArrayLike<number>, classes: number): Labels =>
  ROW_ARRAYS[narrowest(classes)].from(labels);

export interface DataSet {
  /** Rows of `shape`, one byte an element. */
  readonly images: Uint8Array;
  /** Of each row the index of its class. */
  readonly labels: Labels;
  readonly rows: number;
  /** The shape of one example. */
  readonly shape: readonly number[];
  /** The classes' names in the labels' order. */
  readonly classes: readonly string[];
}

/** What a model learns from, and what it has never seen. */
export interface Data {
  /** `fashion-mnist`, `synthetic`, or the path of a folder. */
  readonly name: string;
  readonly train: DataSet;
  readonly test: DataSet;
}

/** The first `limit` examples. */
export function firstRows(set: DataSet, limit: number | undefined): DataSet {
  const rows = Math.min(set.rows, limit ?? set.rows);
  return {
    ...set,
    rows,
    images: set.images.subarray(0, rows * product(set.shape)),
    labels: set.labels.subarray(0, rows),
  };
}

/** Throws `UserError` where a label has no class: labels count from 0. `positions`: which examples of `source` they are of. */
export function checkLabels(
  labels: Labels | readonly number[],
  classes: number,
  source: string,
  positions?: readonly number[],
): void {
  const list: ArrayLike<number> & Iterable<number> = labels;
  const bad = Array.from(list).findIndex(
    (label) => !(Number.isInteger(label) && label >= 0 && label < classes),
  );
  if (bad >= 0)
    throw new UserError({
      problem: `${source}: example ${positions?.[bad] ?? bad} has label ${labels[bad]}, but there ${plural(classes, "is", "are")} ${classes} ${plural(classes, "class", "classes")}`,
      rule: `labels are whole numbers from 0 to ${classes - 1}`,
      fix: "correct the labels, or give the model a score for every class",
    });
}

/**
 * The set in the shape of the model's input; sizes of 1 may be left out or added, and a flat input takes any shape.
 * Throws `UserError` where the sizes differ, or where the model takes one example at a time.
 */
export function fitted(set: DataSet, target: Target, source: string): DataSet {
  const ones = (shape: readonly number[]): string => shape.filter((d) => d !== 1).join("×");
  const flat = target.example.length === 1 && target.example[0] === product(set.shape);
  if (!target.batched || (!flat && ones(set.shape) !== ones(target.example)))
    throw new UserError({
      problem: `the examples of ${source} are ${showShape(set.shape)}, but the input ${target.name} of the model is ${showShape(target.shape)}`,
      rule: "the input has to be N examples of the data's size; sizes of 1 may be left out",
      fix: "change the shape of the model's input, or take other data",
    });
  return { ...set, shape: target.example };
}

/**
 * The set with its classes numbered as a trained model has them; what counts its classes by numbers is left as it is.
 * Throws `UserError` where a class is none of the model's.
 */
export function ordered(set: DataSet, names: readonly string[], source: string): DataSet {
  const order = set.classes.map((name) => names.indexOf(name));
  const strange = order.indexOf(-1);
  if (strange < 0) {
    const labels = labelsOf(
      Array.from(set.labels, (label) => order[label] ?? label),
      names.length,
    );
    return { ...set, labels, classes: names };
  }
  if (set.classes.every((name) => /^\d+$/.test(name))) return set;
  throw new UserError({
    problem: `${source} has pictures of the class ${set.classes[strange]}, which the model was not trained with`,
    rule: `its classes are ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
    fix: "name the folders as they were called in training",
  });
}
