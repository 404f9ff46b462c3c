// The way of a stranger, with npm itself: packs Weft, installs the tarball in an empty folder, makes a project with
// `weft init`, installs, builds and tests that.  node scripts/try-package.mjs
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weft-package-"));
const shell = process.platform === "win32"; // npm is a script there

function run(cwd, command, ...args) {
  console.log(`\n$ ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit", shell });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

try {
  run(root, process.execPath, "scripts/build.mjs");
  run(root, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const first = join(folder, "first");
  mkdirSync(first);
  writeFileSync(join(first, "package.json"), "{}\n");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  run(first, "npm", ...install, join(folder, `weftgpu-${version}.tgz`));
  run(first, "npx", "weftgpu", "init", "my-model");
  const project = join(first, "my-model");
  run(project, "npm", ...install);
  run(project, "npm", "run", "build");
  run(project, "npm", "test");
  console.log("\nthe package works in an empty folder");
} catch (error) {
  console.error(`\ntry-package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
