/** The published data sets: their files, where they come from, where they are looked for. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { idxDataSet, type Source } from "../../data/idxSet.ts";
import { KNOWN } from "../../data/knownClasses.ts";
import type { Data } from "../../data/set.ts";
import { cacheFolder } from "../../runtime/node/software.ts";
import { fileReason, readBytes, shownPath } from "../files.ts";
import { gunzipIfNeeded } from "../input/idx.ts";

export const PUBLISHED = ["fashion-mnist", "mnist"] as const;
export type Published = (typeof PUBLISHED)[number];

export function isPublished(name: string): name is Published {
  return PUBLISHED.some((each) => each === name);
}

export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  /** Of the .gz as it was published. */
  readonly md5: string;
}

/** The four files of MNIST's layout. */
export const FILES = {
  trainImages: "train-images-idx3-ubyte.gz",
  trainLabels: "train-labels-idx1-ubyte.gz",
  testImages: "t10k-images-idx3-ubyte.gz",
  testLabels: "t10k-labels-idx1-ubyte.gz",
} as const;

/** The sums are those that the sets' authors and torchvision publish. */
const SETS: Readonly<Record<Published, { readonly url: string; readonly files: readonly PublishedFile[] }>> =
  {
    "fashion-mnist": {
      url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      files: [
        { name: FILES.trainImages, bytes: 26421880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
        { name: FILES.trainLabels, bytes: 29515, md5: "25c81989df183df01b3e8a0aad5dffbe" },
        { name: FILES.testImages, bytes: 4422102, md5: "bef4ecab320f06d8554ea6380940ec79" },
        { name: FILES.testLabels, bytes: 5148, md5: "bb300cfdad3c16e7a12a480ee83cd310" },
      ],
    },
    mnist: {
      url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
      files: [
        { name: FILES.trainImages, bytes: 9912422, md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
        { name: FILES.trainLabels, bytes: 28881, md5: "d53e105ee54ea40749a09fcbcd1e9432" },
        { name: FILES.testImages, bytes: 1648877, md5: "9fb629c4189551a2d022fa330f9573f3" },
        { name: FILES.testLabels, bytes: 4542, md5: "ec29112dd5afa0611ce80d1b7f02629c" },
      ],
    },
  };

export const addressOf = (set: Published): string => SETS[set].url;
export const filesOf = (set: Published): readonly PublishedFile[] => SETS[set].files;

/** Where `weft data` puts a set. */
export const cachedFolder = (set: Published): string => join(cacheFolder(), "data", set);

/** Name, size and sum of every file: what has to be put into a folder by hand. */
export function fileList(set: Published): string {
  return filesOf(set)
    .map(
      ({ name, bytes, md5 }) => `\n          ${name.padEnd(27)} ${`${bytes}`.padStart(8)} bytes, MD5 ${md5}`,
    )
    .join("");
}

/**
 * The folders that are searched, first one first: `--data-dir` alone if it is given, else WEFT_DATA, then the cache.
 * Each may hold the files itself or in a folder of the set's name.
 */
function folders(set: Published, dataDir: string | undefined): readonly string[] {
  const within = (folder: string): readonly string[] => [join(folder, set), folder];
  if (dataDir !== undefined) return within(dataDir);
  const { WEFT_DATA } = process.env;
  return [...(WEFT_DATA ? within(WEFT_DATA) : []), cachedFolder(set)];
}

async function holds(folder: string, set: Published): Promise<boolean> {
  const found = filesOf(set).map(({ name }) => stat(join(folder, name)).then((s) => s.isFile()));
  return (await Promise.all(found.map((each) => each.catch(() => false)))).some(Boolean);
}

/** Throws `UserError` where the file is not the one that was published. */
export function checkSum(bytes: Uint8Array, file: PublishedFile, set: Published, shown: string): void {
  const md5 = createHash("md5").update(bytes).digest("hex");
  if (md5 === file.md5) return;
  throw new UserError({
    problem: `${shown} is not the published file of ${set}: ${bytes.length} bytes, MD5 ${md5}`,
    rule: `${file.name} has ${file.bytes} bytes and the MD5 ${file.md5}`,
    fix: `download it again from ${addressOf(set)}${file.name}; other files in IDX format can be used with --data FOLDER`,
  });
}

/** The first folder with files of a set; undefined where there is none. */
export async function folderOf(set: Published, dataDir?: string): Promise<string | undefined> {
  for (const each of folders(set, dataDir)) if (await holds(each, set)) return each;
  return undefined;
}

/** Throws `UserError` where a file is nowhere to be found, which says what to put where, or is not as published. */
export async function readPublished(set: Published, dataDir: string | undefined): Promise<Data> {
  const searched = folders(set, dataDir);
  const folder = await folderOf(set, dataDir);
  if (folder === undefined)
    throw new UserError({
      problem: `there are no files of ${set} in ${searched.map(shownPath).join(", ")}`,
      rule: `the set is these four files:${fileList(set)}`,
      fix: `weft data ${set}    downloads them; without a network put them into ${shownPath(searched[0] ?? "")}`,
    });
  const read = async (name: string): Promise<Source> => {
    const file = filesOf(set).find((each) => each.name === name);
    const path = join(folder, name);
    const missing = await stat(path).then(() => undefined, fileReason);
    if (missing !== undefined || file === undefined)
      throw new UserError({
        problem: `${shownPath(folder)} has no ${name}: ${missing}`,
        rule: `the set is these four files:${fileList(set)}`,
        fix: `weft data ${set}    downloads them; without a network put the missing ones beside the others`,
      });
    const bytes = await readBytes(path, "the data");
    checkSum(bytes, file, set, shownPath(path));
    return { bytes: gunzipIfNeeded(bytes, shownPath(path)), name: shownPath(path) };
  };
  const classes = KNOWN[set] ?? [];
  return {
    name: set,
    train: idxDataSet(await read(FILES.trainImages), await read(FILES.trainLabels), classes),
    test: idxDataSet(await read(FILES.testImages), await read(FILES.testLabels), classes),
  };
}
