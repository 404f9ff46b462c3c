/** Writing a new project: all of its files or none, and over nothing. */
import { lstat, mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { fileReason, shownPath } from "../files.ts";

/** Which of the paths exist in the folder, and which need a folder where a file is. */
export async function inTheWay(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  const folders = new Set(paths.flatMap(ancestors));
  const found = async (path: string): Promise<readonly string[]> => {
    const there = await lstat(join(folder, path)).catch(() => undefined);
    return there && !(folders.has(path) && there.isDirectory()) ? [path] : [];
  };
  return (await Promise.all([...folders, ...paths].map(found))).flat();
}

/** `a/b/c` → `a`, `a/b` */
function ancestors(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
}

/**
 * Writes every file, in folders that are made where there are none. Where one cannot be written, what was written
 * and made before it is removed again. Throws `UserError`.
 */
export async function createFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  let at = folder;
  try {
    for (const [name, text] of files) {
      at = join(folder, name);
      for (const made of await makeFolders(dirname(at))) undo.unshift(() => rmdir(made));
      const path = at;
      await writeFile(path, text, { flag: "wx" }).catch(async (error: unknown) => {
        // Half a file, such as on a full disk, is ours; one that another process has just made is not.
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST"))
          await rm(path, { force: true });
        throw error;
      });
      undo.unshift(() => rm(path, { force: true }));
    }
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined);
    throw new UserError({
      problem: `cannot write ${shownPath(at)}: ${fileReason(error)}`,
      rule: "nothing was written",
    });
  }
}

/** The folders that had to be made, outermost first. */
async function makeFolders(path: string): Promise<readonly string[]> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) return [];
  const above = dirname(path) === path ? [] : await makeFolders(dirname(path));
  await mkdir(path);
  return [...above, path];
}
