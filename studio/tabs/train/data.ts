/** Labelled pictures for a training in the page: four IDX files, or a set that Weft draws. */
import { classifierOf } from "../../../cli/classifier.ts";
import { plural, UserError } from "../../../compiler/errors.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { idxDataSet, type Source } from "../../../data/idxSet.ts";
import { KNOWN } from "../../../data/knownClasses.ts";
import { type Data, firstRows, fitted, type Labels } from "../../../data/set.ts";
import { synthetic } from "../../../data/synthetic.ts";
import { askForSet, setFile } from "../../server.ts";

/** There are so many pictures to test with for each to train with, as in MNIST and Fashion-MNIST. */
const TEST_SHARE = 1 / 6;

/** Weft's own set: ten kinds of shapes. Takes a second or so for 24,000. */
export function drawnShapes(limit: number): Data {
  return synthetic(limit, Math.max(1, Math.ceil(limit * TEST_SHARE)));
}

const PARTS = {
  trainImages: { like: "train-images-idx3-ubyte.gz", test: false, images: true },
  trainLabels: { like: "train-labels-idx1-ubyte.gz", test: false, images: false },
  testImages: { like: "t10k-images-idx3-ubyte.gz", test: true, images: true },
  testLabels: { like: "t10k-labels-idx1-ubyte.gz", test: true, images: false },
} as const;

export type Part = keyof typeof PARTS;
export type Chosen = Partial<Readonly<Record<Part, File>>>;

/** Which of the four a file is, by its name; undefined if none. */
export function partOf(name: string): Part | undefined {
  const test = /t10k|test/i.test(name);
  const images = /images/i.test(name);
  if (!images && !/labels/i.test(name)) return undefined;
  return (Object.keys(PARTS) as Part[]).find((p) => PARTS[p].test === test && PARTS[p].images === images); // as: its own keys
}

/** The files that are still to be chosen, by the names of the published ones. */
export function missing(chosen: Chosen): readonly string[] {
  return (Object.keys(PARTS) as Part[]).flatMap((part) => (chosen[part] ? [] : [PARTS[part].like])); // as: its own keys
}

/** Throws `UserError` that names the file which is missing, broken, or does not go with the others. */
export async function readIdxFiles(chosen: Chosen): Promise<Data> {
  const source = async (part: Part): Promise<Source> => {
    const file = chosen[part];
    if (!file)
      throw new UserError({
        problem: `${PARTS[part].like} is missing`,
        rule: `a data set is four files: ${Object.values(PARTS)
          .map((p) => p.like)
          .join(", ")}`,
        fix: "drop or choose the missing ones too",
      });
    return { bytes: await unpacked(file), name: file.name };
  };
  const labels = await source("trainLabels");
  const train = idxDataSet(await source("trainImages"), labels, []);
  const known = recognised(train.labels);
  const classes = known ? (KNOWN[known] ?? []) : train.classes;
  const test = idxDataSet(await source("testImages"), await source("testLabels"), classes);
  return { name: known ?? "files", train: { ...train, classes }, test };
}

/** A set of the server's, which it downloads where it is not there. Throws with what it says where it cannot. */
export async function readServed(set: string): Promise<Data> {
  await askForSet(set);
  const parts = Object.entries(PARTS).map(
    async ([part, { like }]) => [part, await setFile(set, like)] as const,
  );
  return readIdxFiles(Object.fromEntries(await Promise.all(parts)) as Chosen); // its own keys
}

/** The first labels of the published sets, whose files have the same names. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  "fashion-mnist": "9,0,0,3,0,2,7,2,5,5",
  mnist: "5,0,4,1,9,2,1,3,1,4",
};

/** The name of a published set, by its first ten labels. */
export function recognised(labels: Labels): string | undefined {
  const first = labels.subarray(0, 10).join(",");
  return Object.keys(BEGINNINGS).find((name) => BEGINNINGS[name] === first);
}

/** Megabytes that a packed file may unpack to: a small one can be made to fill any memory. */
const MOST = 256;

/**
 * The file's bytes, gunzipped by the browser where they are packed. Throws `UserError` where that fails, or once they
 * are more than `most` megabytes.
 */
export async function unpacked(file: File, most = MOST): Promise<Uint8Array<ArrayBuffer>> {
  const [a, b] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (a !== 0x1f || b !== 0x8b) return new Uint8Array(await file.arrayBuffer());
  let bytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > most * 1e6) controller.error(new Error("too large"));
      else controller.enqueue(chunk);
    },
  });
  try {
    const stream = file.stream().pipeThrough(new DecompressionStream("gzip")).pipeThrough(counted);
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    if (bytes > most * 1e6)
      throw new UserError({
        problem: `${file.name} unpacks to more than ${most} MB`,
        rule: "the largest file of MNIST and Fashion-MNIST unpacks to 47 MB; more is likely to be a mistake",
        fix: "if it is right, unpack it first: files that are not packed may be larger",
      });
    throw new UserError({
      problem: `${file.name} is a broken gzip file`,
      fix: "download or copy it again; it may have been cut off",
    });
  }
}

/**
 * The first `limit` pictures to train with, and of those to test with as large a part, in the shape of the model's
 * input. Throws `UserError` where the model is no classifier, or takes other pictures or fewer classes.
 */
export function prepared(data: Data, graph: Graph, limit: number): Data {
  const { input, classes } = classifierOf(graph);
  const named = data.train.classes.length;
  if (named > classes)
    throw new UserError({
      problem: `the pictures have ${named} ${plural(named, "class", "classes")}, but the output of ${graph.name} has ${classes}`,
      rule: "the model gives a score for every class",
      fix: "change the size of the last layer, or take other data",
    });
  const share = Math.min(1, limit / data.train.rows);
  const few = {
    train: firstRows(data.train, limit),
    test: firstRows(data.test, Math.max(1, Math.ceil(data.test.rows * share))),
  };
  const source = data.name === "files" ? "the files" : data.name;
  return {
    name: data.name,
    train: fitted(few.train, input, source),
    test: fitted(few.test, input, source),
  };
}
