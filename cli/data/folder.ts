/**
 * A data set in a folder: IDX files by MNIST's names, or pictures in a folder for each class. Where there are
 * `train` and `test` folders they are taken as such; else every sixth picture of a class is kept for testing.
 */
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { product, type Target } from "../../data/array.ts";
import { idxDataSet, type Source } from "../../data/idxSet.ts";
import { type Data, type DataSet, labelsOf } from "../../data/set.ts";
import { fileReason, isHidden, readBytes, shownPath } from "../files.ts";
import { gunzipIfNeeded } from "../input/idx.ts";
import { FILES } from "./published.ts";

const PICTURES = new Set([".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".tif", ".tiff", ".svg"]);
/** One in so many is for testing where a folder does not say which. */
const TEST_SHARE = 6;
/** Pictures decoded at a time. */
const TOGETHER = 8;

const LAYOUT =
  "DATA/CLASS/*.png, or DATA/train/CLASS/*.png and DATA/test/CLASS/*.png, or the four IDX files of MNIST";

/** Throws `UserError` where the folder has none of the layouts, or a picture cannot be read. */
export async function readFolder(path: string, target: Target, limit: number | undefined): Promise<Data> {
  const name = shownPath(path);
  const names = await entries(path, name);
  const idx = await readIdx(path, names, name);
  if (idx) return idx;
  const split = names.includes("train") && names.includes("test");
  const train = await classFolders(split ? join(path, "train") : path);
  const test = split ? await classFolders(join(path, "test")) : train;
  const classes = [...train.keys()];
  const other = [...test.keys()].find((each) => !train.has(each));
  if (classes.length < 2 || other !== undefined)
    throw new UserError({
      problem: other
        ? `${name}: the class ${other} has pictures in test, but none in train`
        : `${name} holds pictures of ${classes.length === 1 ? `one class, ${classes[0]}` : "no class"}`,
      rule: `a data set is ${LAYOUT}, with two classes or more`,
    });
  const pick = (files: readonly string[], testing: boolean): readonly string[] =>
    split ? files : files.filter((_, i) => (i % TEST_SHARE === TEST_SHARE - 1) === testing);
  const read = async (from: ReadonlyMap<string, readonly string[]>, testing: boolean): Promise<DataSet> => {
    const files = classes.flatMap((each, label) =>
      pick(from.get(each) ?? [], testing).map((file) => ({ file, label })),
    );
    if (files.length === 0)
      throw new UserError({
        problem: `${name} has no pictures for ${testing ? "testing" : "training"}`,
        rule: `every ${TEST_SHARE}th picture of a class is for testing, unless there are folders train and test`,
        fix: "add pictures",
      });
    return readPictures(spread(files, limit), target, classes);
  };
  return { name, train: await read(train, false), test: await read(test, true) };
}

interface Labelled {
  readonly file: string;
  readonly label: number;
}

/** At most `limit` of them, evenly over the classes. */
function spread(files: readonly Labelled[], limit = files.length): readonly Labelled[] {
  if (limit >= files.length) return files;
  return Array.from({ length: limit }, (_, i) => files[Math.floor((i * files.length) / limit)]).filter(
    (each) => each !== undefined,
  );
}

const shownIn = async (path: string): Promise<readonly string[]> =>
  (await readdir(path)).filter((name) => !isHidden(name)).sort();

async function entries(path: string, shown: string): Promise<readonly string[]> {
  try {
    return await shownIn(path);
  } catch (error) {
    throw new UserError({
      problem: `cannot read the data ${shown}: ${fileReason(error)}`,
      rule: "--data takes fashion-mnist, mnist, synthetic or a folder",
      fix: `name a folder: ${LAYOUT}`,
    });
  }
}

/** The pictures of every class that has any, in the order of their names. */
async function classFolders(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const name of await entries(path, shownPath(path))) {
    const folder = join(path, name);
    if (!(await stat(folder)).isDirectory()) continue;
    const files = (await shownIn(folder)).filter((f) => PICTURES.has(extname(f).toLowerCase()));
    if (files.length > 0)
      found.set(
        name,
        files.map((file) => join(folder, file)),
      );
  }
  return found;
}

async function readPictures(
  files: readonly Labelled[],
  target: Target,
  classes: readonly string[],
): Promise<DataSet> {
  const { readPicture } = await import("../input/image.ts"); // sharp is loaded for pictures only
  const size = product(target.example);
  const images = new Uint8Array(files.length * size);
  for (let from = 0; from < files.length; from += TOGETHER)
    await Promise.all(
      files.slice(from, from + TOGETHER).map(async ({ file }, i) => {
        const { data } = await readPicture(file, target, false);
        const at = (from + i) * size;
        for (let k = 0; k < size; k++) images[at + k] = Math.round((data[k] ?? 0) * 255);
      }),
    );
  const labels = labelsOf(
    files.map(({ label }) => label),
    classes.length,
  );
  return { images, labels, rows: files.length, shape: target.example, classes };
}

/** The set in IDX files, gzipped or not, if that is what the folder holds. */
async function readIdx(path: string, names: readonly string[], shown: string): Promise<Data | undefined> {
  const nameOf = (file: string): string | undefined =>
    [file, file.replace(/\.gz$/, "")].find((each) => names.includes(each));
  const all = Object.values(FILES);
  if (all.every((file) => nameOf(file) === undefined)) return undefined;
  const read = async (file: string): Promise<Source> => {
    const name = nameOf(file);
    if (name === undefined)
      throw new UserError({
        problem: `${shown} has no ${file}`,
        rule: `a data set in IDX format is the files ${all.join(", ")}, gzipped or not`,
      });
    const source = shownPath(join(path, name));
    return { bytes: gunzipIfNeeded(await readBytes(join(path, name), "the data"), source), name: source };
  };
  const train = idxDataSet(await read(FILES.trainImages), await read(FILES.trainLabels), []);
  const test = idxDataSet(await read(FILES.testImages), await read(FILES.testLabels), []);
  const classes = train.classes.length > test.classes.length ? train.classes : test.classes;
  return { name: shown, train: { ...train, classes }, test: { ...test, classes } };
}
