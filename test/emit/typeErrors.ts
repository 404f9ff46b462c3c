import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Type errors of a TypeScript file under the strictest settings. */
export function typeErrors(file: string, lib = "es2023,dom"): string {
  const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const more = ["--target", "es2023", "--module", "nodenext", "--lib", lib, "--ignoreConfig"];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    execFileSync(process.execPath, [tsc, ...flags, ...more, file], {
      cwd: root,
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    return String((error as { stdout: string }).stdout);
  }
}
