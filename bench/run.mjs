// `npm run bench`: installs the other runtimes on first use, bundles the benchmark next to them and runs it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const bench = fileURLToPath(new URL(".", import.meta.url));
const root = join(bench, "..");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Runs a command in `cwd`; a failure is ours. */
function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

const alone = process.argv.some((a) => a === "--yardsticks" || a === "--help");
if (!alone && !existsSync(join(bench, "node_modules/@jax-js/jax"))) {
  console.log("bench: installing the runtimes to compare with");
  run(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], bench);
}
if (process.argv.includes("--check")) {
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", bench], root);
  process.exit();
}

const folder = join(bench, "node_modules/.cache");
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `main-${process.pid}.mjs`);
try {
  await build({
    entryPoints: [join(bench, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    logLevel: "warning",
  });
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
