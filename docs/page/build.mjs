// Builds the page to dist/page: `node docs/page/build.mjs`, then serve that folder (`npx http-server dist/page`).
// In a project of your own the import is the same: `import { weft } from "weftgpu/esbuild"`.
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { weft } from "weftgpu/esbuild";

const page = fileURLToPath(new URL(".", import.meta.url));
const models = join(page, "../../models");
const out = process.argv[2] ?? join(page, "../../dist/page");

mkdirSync(out, { recursive: true });
await build({
  entryPoints: [join(page, "main.ts")],
  outfile: join(out, "main.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  plugins: [weft({ wasm: true })], // for browsers without WebGPU, too
});
for (const file of ["index.html", "style.css"]) cpSync(join(page, file), join(out, file));
cpSync(join(models, "lenet.fashion-mnist.safetensors"), join(out, "lenet.safetensors"));
cpSync(join(models, "samples"), join(out, "samples"), { recursive: true });
console.log(`${out}: serve this folder over http://localhost or https`);
