/** Opens what `--data` names, in the shape of the model's input. */
import { refuseSizes } from "../../compiler/emit/sizes.ts";
import { UserError } from "../../compiler/errors.ts";
import { sizesIn } from "../../compiler/ir/type.ts";
import type { Target } from "../../data/array.ts";
import { checkLabels, type Data, type DataSet, firstRows, fitted } from "../../data/set.ts";
import { SYNTHETIC_TEST, SYNTHETIC_TRAIN, synthetic } from "../../data/synthetic.ts";
import { readFolder } from "./folder.ts";
import { isPublished, readPublished } from "./published.ts";

export interface DataOptions {
  /** `synthetic`, `fashion-mnist`, `mnist`, or a folder. */
  readonly data: string;
  readonly dataDir?: string;
  /** Take only the first so many examples, of both the training and the test set. */
  readonly limit?: number;
}

/**
 * @param classes how many scores the model gives
 * @throws UserError where the data cannot be read, or does not fit the model, which has no sizes besides N
 */
export async function openData(options: DataOptions, target: Target, classes: number): Promise<Data> {
  const { data, dataDir, limit } = options;
  refuseSizes({ name: target.name, sizes: sizesIn([target.shape]) }, "what learns from files");
  if (dataDir !== undefined && !isPublished(data))
    throw new UserError({
      problem: `--data-dir goes with a published data set, not with --data ${data}`,
      fix: "--data fashion-mnist or mnist; a folder of your own is named by --data FOLDER alone",
    });
  const read = await opened(data, dataDir, limit, target);
  const ready = (set: DataSet, part: string): DataSet => {
    const shown = `${read.name} (${part})`;
    checkLabels(set.labels, classes, shown);
    return firstRows(fitted(set, target, read.name), limit);
  };
  return { name: read.name, train: ready(read.train, "train"), test: ready(read.test, "test") };
}

function opened(
  data: string,
  dataDir: string | undefined,
  limit: number | undefined,
  target: Target,
): Promise<Data> | Data {
  if (isPublished(data)) return readPublished(data, dataDir);
  if (data !== "synthetic") return readFolder(data, target, limit);
  const rows = limit ?? Number.POSITIVE_INFINITY;
  return synthetic(Math.min(SYNTHETIC_TRAIN, rows), Math.min(SYNTHETIC_TEST, rows));
}
