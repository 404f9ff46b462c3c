/** Opens what `--data` names, in the shape of the model's input. */
import { refuseSizes } from "../../compiler/emit/sizes.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { sizesIn } from "../../compiler/ir/type.ts";
import type { Target } from "../../data/array.ts";
import { checkLabels, type Data, type DataSet, firstRows, fitted, ordered } from "../../data/set.ts";
import { SYNTHETIC_TEST, SYNTHETIC_TRAIN, synthetic } from "../../data/synthetic.ts";
import { classifierOf } from "../classifier.ts";
import { type ArrayFiles, openArrays } from "./arrays.ts";
import { readFolder } from "./folder.ts";
import type { DataPart, Opened } from "./parts.ts";
import { isPublished, readPublished } from "./published.ts";
import { isTable, openTable } from "./table.ts";

export interface DataOptions {
  /** `synthetic`, `fashion-mnist`, `mnist`, a folder, or a table. */
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

/** Where the examples of any training come from. */
export interface ExampleOptions extends ArrayFiles, Omit<DataOptions, "data"> {
  readonly data?: string;
  readonly label?: string | undefined;
  /** What a trained model's classes are called, in its order. Default: as the model says. */
  readonly names?: readonly string[] | undefined;
}

/**
 * Examples of whatever a training reads: arrays, a table, or pictures with labels.
 * @throws UserError where flags do not go together, files cannot be read, or do not fit
 */
export async function openExamples(
  { data, label, input, target, limit, names, ...places }: ExampleOptions,
  graph: Graph,
  parts: readonly DataPart[],
): Promise<Opened> {
  for (const { name, shape } of parts)
    refuseSizes({ name, sizes: sizesIn([shape]) }, "what learns from files");
  if (target && !input)
    throw new UserError({ problem: "--target goes with --input", fix: "--input FILE.npy --target FILE.npy" });
  if (input && data !== undefined && data !== "synthetic")
    throw new UserError({
      problem: "--input and --data exclude each other",
      rule: "examples come from arrays, or from a data set",
      fix: "leave one out",
    });
  const table = data !== undefined && isTable(data);
  if (label !== undefined && !table)
    throw new UserError({ problem: "--label goes with --data FILE.csv", fix: "leave out --label" });
  if (input) return openArrays({ input, target }, parts, limit);
  if (table) {
    const own = typeof graph.classes === "object" ? graph.classes : undefined;
    return openTable(data, label, parts, names ?? own, limit);
  }
  const classifier = classifierOf(graph);
  const [image, labels] = parts;
  if (!image || labels?.loss?.classes !== classifier.classes)
    throw new UserError({
      problem: `--data ${data ?? "synthetic"} has a class for each picture, but ${graph.name} is trained with ${parts.flatMap((p) => p.loss?.loss.kind ?? []).join(", ")}`,
      rule: "pictures by class go with crossEntropy",
      fix: "--input FILE.npy --target FILE.npy, a .csv file, or --loss crossEntropy",
    });
  const found = await openData(
    { data: data ?? "synthetic", ...places, ...(limit === undefined ? {} : { limit }) },
    classifier.input,
    classifier.classes,
  );
  const examples = ({ images, labels: list, rows }: DataSet): Opened["train"] => ({
    arrays: { [image.name]: images, [labels.name]: list },
    rows,
  });
  const { name } = found;
  const folder = data !== undefined && data !== "synthetic" && !isPublished(data);
  const known = (set: DataSet): DataSet => (folder && names ? ordered(set, names, name) : set);
  const [train, test] = [known(found.train), known(found.test)];
  return { name, train: examples(train), test: examples(test), classes: train.classes, bytes: true };
}
