/** The right classes of a data set's examples, from an IDX file. */
import { UserError } from "../../compiler/errors.ts";
import { checkLabels } from "../../data/set.ts";
import { readBytes, shownPath } from "../files.ts";
import { parseIdx } from "./idx.ts";
import type { Batch } from "./read.ts";

/**
 * One label per example of the batch, matched by position where the examples were picked with `--index`.
 * @throws UserError where the file holds too few, is no list, or where there are fewer classes
 */
export async function readLabels(
  path: string,
  batch: Batch | undefined,
  classes: number,
): Promise<readonly number[]> {
  const source = shownPath(path);
  const { shape, data } = parseIdx(await readBytes(path, "the labels"), source);
  const positions = batch?.positions ?? batch?.titles.map((_, i) => i) ?? [];
  const last = Math.max(...positions);
  if (shape.length !== 1 || last >= data.length)
    throw new UserError({
      problem: `${source} holds [${shape.join(", ")}], but a label is needed for example ${last}`,
      rule: "labels are a list, one number per example of the data set",
      fix: "name the label file that belongs to the pictures, e.g. t10k-labels-idx1-ubyte.gz",
    });
  const labels = positions.map((i) => data[i] ?? 0);
  checkLabels(labels, classes, source, positions);
  return labels;
}
