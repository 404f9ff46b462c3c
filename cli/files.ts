/** Reading files with errors that a user can act on. */
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { UserError } from "../compiler/errors.ts";
import { harmless } from "./ui.ts";

/** The path as the user would type it, without characters that a terminal would obey. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return harmless(near === "" || near.startsWith("..") ? path : near).replace(/[\n\t]/g, "�");
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is a file, not a directory",
  EACCES: "permission is denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EEXIST: "a file with that name is in the way",
  ENAMETOOLONG: "the name is too long",
};

/** `there is no such file or directory`, or Node's own words. */
export function fileReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

/** @throws UserError where the file cannot be read */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UserError({
      problem: `cannot read ${what} ${shownPath(path)}: ${fileReason(error)}`,
      fix: "check the path; it is relative to the directory you are in",
    });
  }
}

/**
 * Whether a name is a hidden file's or folder's. Such are passed over wherever a folder is read: a Mac leaves .DS_Store,
 * and ._0.png beside 0.png where the file system is another's.
 */
export const isHidden = (name: string): boolean => name.startsWith(".");
