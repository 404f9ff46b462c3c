/** Data sets that the studio's server has in a folder that it knows, or downloads. */
import { join } from "node:path";
import { download } from "../data/download.ts";
import {
  cachedFolder,
  filesOf,
  folderOf,
  isPublished,
  PUBLISHED,
  type Published,
} from "../data/published.ts";

/** A set that the page may ask for. */
export interface ServedSet {
  readonly name: Published;
  /** Whether it is on this machine; else it is downloaded when it is asked for. */
  readonly here: boolean;
  /** Of all its files. */
  readonly bytes: number;
}

/** The address that a set is asked for at, and in front of those of its files. */
const FOLDER = "data/";

export async function servedSets(): Promise<readonly ServedSet[]> {
  return Promise.all(
    PUBLISHED.map(async (name) => ({
      name,
      here: (await folderOf(name)) !== undefined,
      bytes: filesOf(name).reduce((sum, f) => sum + f.bytes, 0),
    })),
  );
}

/** The set at an address. */
export function setNamed(address: string): Published | undefined {
  const name = address.startsWith(FOLDER) ? address.slice(FOLDER.length) : "";
  return isPublished(name) ? name : undefined;
}

/** Where the file of a set is, by its address; undefined where there is none. */
export async function setFile(address: string): Promise<string | undefined> {
  const [, set = "", name] = address.split("/");
  const file = isPublished(set) ? filesOf(set).find((f) => f.name === name) : undefined;
  const folder = file && isPublished(set) ? await folderOf(set) : undefined;
  return file && folder && address === `${FOLDER}${set}/${file.name}` ? join(folder, file.name) : undefined;
}

/** Downloads that are under way: a second page waits for the first one's. */
const under = new Map<Published, Promise<unknown>>();

/** Throws `UserError` as `download`. */
export async function fetchSet(set: Published): Promise<void> {
  if ((await folderOf(set)) !== undefined) return;
  const quiet = { start() {}, advance() {}, stop() {} };
  const going = under.get(set) ?? download(set, { folder: cachedFolder(set), progress: quiet });
  under.set(set, going);
  try {
    await going;
  } finally {
    under.delete(set);
  }
}
