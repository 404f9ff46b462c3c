// Writes dist/types, the type declarations, where TypeScript is installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

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
