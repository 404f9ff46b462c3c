/** Copies of the repository that may be broken: the working tree is never touched. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Not copied: what npm and the build made, and the history. */
const LEFT_OUT = new Set(["node_modules", "dist", ".git"]);

export interface Tree {
  readonly folder: string;
  /** Puts a file's text there until the next `restore`. */
  replace(file: string, text: string): void;
  restore(): void;
  remove(): void;
}

export function copyOf(root: string): Tree {
  const folder = mkdtempSync(join(tmpdir(), "weft-mutate-"));
  cpSync(root, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  const kept = new Map<string, string>();
  return {
    folder,
    replace(file, text) {
      const path = join(folder, file);
      if (!kept.has(path)) kept.set(path, readFileSync(path, "utf8"));
      writeFileSync(path, text);
    },
    restore() {
      for (const [path, text] of kept) writeFileSync(path, text);
      kept.clear();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
