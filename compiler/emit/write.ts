/** Writes the files of a folder all together or not at all, and touches no other file in it. */
import { lstat, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";

/** Text by file name. */
export type Files = ReadonlyMap<string, string>;

/**
 * Files are first written to a temporary folder of the same file system, then moved. `stale` files, left by an
 * earlier run, go. Where a move fails, what was there before is put back.
 * @throws UserError where the folder cannot be written; nothing has changed then
 */
export async function writeFolder(
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
  stale: readonly string[] = [],
): Promise<void> {
  const target = resolve(folder);
  let made: string | undefined;
  let temporary: string | undefined;
  try {
    made = await makeFolder(target);
    temporary = await mkdtemp(join(target, ".weft-"));
    await mkdir(join(temporary, "old"));
    await mkdir(join(temporary, "new"));
    for (const [name, content] of files) await writeFile(join(temporary, "new", name), content);
    await exchange(target, temporary, [...files.keys()], stale);
    await rm(temporary, { recursive: true, force: true });
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (made) await rm(made, { recursive: true, force: true }).catch(() => undefined); // it was not there before
    throw new UserError({
      problem: `cannot write to the directory ${folder}: ${fileReason(error)}`,
      fix: "another directory, or other permissions for this one",
    });
  }
}

/**
 * Makes a folder and those above it; the outermost that was made, if any. Node's own `recursive` never returns where
 * a file system answers ENOENT below a folder that exists, as /proc does.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  const parent = dirname(path);
  const outer = parent === path ? undefined : await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    if (await isFolder(path)) return outer; // another process was quicker
    if (outer) await rm(outer, { recursive: true, force: true });
    const file = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw file ? Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR" }) : error;
  }
  return outer ?? path;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Moves the old files out and the new ones in; undoes every move where one fails. */
async function exchange(
  target: string,
  temporary: string,
  names: readonly string[],
  stale: readonly string[],
): Promise<void> {
  const moved: (readonly [from: string, to: string])[] = [];
  const move = async (from: string, to: string): Promise<void> => {
    await rename(from, to);
    moved.push([from, to]);
  };
  try {
    for (const name of [...names, ...stale]) {
      const path = join(target, name);
      const found = await lstat(path).catch(() => undefined);
      if (found?.isDirectory()) throw new Error(`${name} is a directory there`);
      if (found) await move(path, join(temporary, "old", name));
    }
    for (const name of names) await move(join(temporary, "new", name), join(target, name));
  } catch (error) {
    for (const [from, to] of moved.reverse()) await rename(to, from).catch(() => undefined);
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no file or folder can be made there",
  EACCES: "permission is denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is a file, not a directory",
  EEXIST: "a file with that name is in the way",
  ENAMETOOLONG: "the name is too long",
};

/** `permission is denied`, or Node's own words. */
export function fileReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
