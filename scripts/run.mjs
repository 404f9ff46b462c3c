// Runs a TypeScript script of this repository: `node scripts/run.mjs scripts/draw-samples.ts [arguments]`.
// Node 20 reads no TypeScript, so the script and the sources it imports are bundled first.
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [script, ...rest] = process.argv.slice(2);
if (!script) {
  console.error("usage: node scripts/run.mjs <script.ts> [arguments]");
  process.exit(1);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules/.cache/weft-scripts");
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${basename(script, ".ts")}-${process.pid}.mjs`);
try {
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    logLevel: "warning",
  });
  process.argv.splice(1, process.argv.length - 1, script, ...rest);
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
