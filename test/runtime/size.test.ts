import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What a page loads besides its model. Raise it only for something that a page needs. */
// 5550, 550 that name wrong options and kinds of weights, and copy shared memory; 100 for what it runs on; 110 that take the
// kernels for the batch that comes: with those for many examples one of a product alone costs as much as 32 or 64;
// 30 that refuse to draw a constant which only weights hold: a mask of zeros would be a wrong answer.
// 5 that let weftgpu/page make a program ready in its own way.
const BUDGET = 6345;
/** What it loads where the model is for WebAssembly too. */
const WASM_BUDGET = 11_120; // 20 of them spare a copy of each result: a seventh of the time of a depthwise convolution

const bundle = (define: Readonly<Record<string, string>>) =>
  build({
    stdin: { contents: 'export { load } from "./runtime/index.ts";', resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    define,
  });

test.each([
  [BUDGET, { WEFT_WEBGPU_ONLY: "true" }],
  [WASM_BUDGET, {}],
])("the runtime is at most %i bytes, minified and gzipped, and imports nothing", async (budget, define) => {
  const { outputFiles, metafile } = await bundle(define);
  expect(Object.values(metafile.outputs).flatMap((o) => o.imports)).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((i) => i.startsWith("compiler"))).toEqual([]);
  expect(Object.keys(metafile.inputs).some((i) => /wasm/.test(i))).toBe(!("WEFT_WEBGPU_ONLY" in define));
  expect(gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length).toBeLessThanOrEqual(budget);
});

test("a page that only runs a model loads nothing of the trainer", async () => {
  const { metafile } = await build({
    stdin: { contents: 'export { load } from "./runtime/index.ts";', resolveDir: process.cwd() },
    bundle: true,
    write: false,
    metafile: true,
  });
  expect(Object.keys(metafile.inputs).filter((i) => /(runtime|contract)\/(train|data)/.test(i))).toEqual([]);
});
