/** Writing files whole or not at all. */
import { access, constants, type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UserError } from "../compiler/errors.ts";
import { fileReason, shownPath } from "./files.ts";

/**
 * Makes a folder and those above it. Node's own `recursive` never returns where a file system answers ENOENT below a
 * folder that exists, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  const there = async (): Promise<boolean> =>
    (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (await there()) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    if (!(await there())) throw error; // else another process was quicker
  }
}

/** Makes the folder and checks that files can be made in it, before any work is done. Throws `UserError`. */
export async function requireWritableFolder(path: string): Promise<void> {
  try {
    await makeFolder(resolve(path));
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UserError({
      problem: `cannot write to the folder ${shownPath(path)}: ${fileReason(error)}`,
      fix: "name another folder, or change the permissions of this one",
    });
  }
}

/** Checks that a file can be put at `path`, before any work is done. Throws `UserError`. */
export async function requireWritableFile(path: string): Promise<void> {
  await requireWritableFolder(dirname(path));
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new UserError({
      problem: `cannot write ${shownPath(path)}: it is a folder`,
      fix: "name a file",
    });
}

/**
 * Writes the files under temporary names, makes sure that they are on the disk, and gives them their names then: a
 * process that is killed leaves each as it was or as it should be. Throws `UserError` where one cannot be written.
 */
export async function writeFiles(
  files: readonly (readonly [path: string, content: string | Uint8Array])[],
): Promise<void> {
  const moves: (readonly [from: string, to: string])[] = [];
  let at = "";
  try {
    for (const [path, content] of files) {
      at = path;
      await makeFolder(dirname(resolve(path)));
      const temporary = `${path}.${process.pid}.tmp`;
      moves.push([temporary, path]);
      await writeThrough(await open(temporary, "w"), content);
    }
    for (const [from, to] of moves) {
      at = to;
      await rename(from, to);
    }
  } catch (error) {
    for (const [temporary] of moves) await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError({ problem: `cannot write ${shownPath(at)}: ${fileReason(error)}` });
  }
}

async function writeThrough(file: FileHandle, content: string | Uint8Array): Promise<void> {
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
