/** Data sets in the four IDX files of MNIST's layout. */
import { plural, UserError } from "../compiler/errors.ts";
import { showShape } from "../contract/shapes.ts";
import { product } from "./array.ts";
import { type IdxBytes, parseIdxBytes } from "./idx.ts";
import { checkLabels, type DataSet } from "./set.ts";

/** A file's content, unpacked, and what it is called in messages. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** Throws `UserError` that names the file where either is no IDX, is cut off, or does not go with the other. */
export function idxDataSet(images: Source, labels: Source, classes: readonly string[]): DataSet {
  const pictures = parsed(images, (rank) => rank >= 2, "pictures are bytes in two or more dimensions");
  const answers = parsed(labels, (rank) => rank === 1, "labels are bytes in one dimension");
  const [rows = 0, ...shape] = pictures.shape;
  if (answers.shape[0] !== rows)
    throw new UserError({
      problem: `${images.name} holds ${rows} ${plural(rows, "picture")}, but ${labels.name} ${answers.shape[0]} ${plural(Number(answers.shape[0]), "label")}`,
      rule: "every picture has one label",
      fix: "download or copy both files again",
    });
  if (product(pictures.shape) === 0)
    throw new UserError({ problem: `${images.name} holds no pictures: ${showShape(pictures.shape)}` });
  const set = { images: pictures.data, labels: answers.data, rows, shape, classes };
  if (classes.length > 0) {
    checkLabels(answers.data, classes.length, labels.name);
    return set;
  }
  const count = set.labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  return { ...set, classes: Array.from({ length: count }, (_, i) => `${i}`) };
}

function parsed({ bytes, name }: Source, fits: (rank: number) => boolean, rule: string): IdxBytes {
  const array = parseIdxBytes(bytes, name);
  if (array.type !== 8 || !fits(array.shape.length))
    throw new UserError({
      problem: `${name} holds values of IDX type ${array.type} in the shape ${showShape(array.shape)}`,
      rule,
      fix: "give the files as they were published, e.g. train-images-idx3-ubyte.gz",
    });
  return array;
}
