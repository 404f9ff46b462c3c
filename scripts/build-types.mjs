// Writes dist/types, the type declarations, where TypeScript is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Whether a file was written after everything in these folders. */
export function isFresh(path, folders) {
  const file = join(root, path);
  if (!existsSync(file)) return false;
  const { mtimeMs } = statSync(file);
  return folders.every((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).every(
      (entry) => !entry.isFile() || statSync(join(entry.parentPath, entry.name)).mtimeMs <= mtimeMs,
    ),
  );
}

/** As `buildTypes`, where the sources have changed since. */
export function freshTypes() {
  if (!isFresh("dist/types/compiler/index.d.ts", ["compiler", "contract", "runtime"])) buildTypes();
}

export function buildTypes() {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(tsc)) {
    console.error("build: TypeScript is not installed, so dist/types was not written");
    return;
  }
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "scripts/tsconfig.build.json")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the type declarations could not be built");
}
