// Builds the page to dist/train-page: `node docs/train-page/build.mjs`, then serve that folder
// (`npx http-server dist/train-page`). The bundle that trains is what `weft compile --train` writes, as it is.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const page = fileURLToPath(new URL(".", import.meta.url));
const root = join(page, "../..");
const out = process.argv[2] ?? join(root, "dist/train-page");
const BUNDLE = "lenet.train.bundle.js";

mkdirSync(out, { recursive: true });
const compiled = mkdtempSync(join(tmpdir(), "weft-train-page-"));
try {
  const weft = [join(root, "dist/cli.js"), "compile", join(root, "models/lenet.ts"), "--train", "--quiet"];
  weft.push("--targets", "webgpu,wasm"); // for browsers without WebGPU, too
  execFileSync(process.execPath, [...weft, "--out", compiled, "--format", "json"]);
  cpSync(join(compiled, BUNDLE), join(out, BUNDLE));
} finally {
  rmSync(compiled, { recursive: true, force: true });
}
await build({
  entryPoints: [join(page, "main.ts")],
  outfile: join(out, "main.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  external: [`./${BUNDLE}`],
});
for (const file of ["index.html", "style.css"]) cpSync(join(page, file), join(out, file));
console.log(`${out}: serve this folder over http://localhost or https`);
