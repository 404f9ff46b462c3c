import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { BUDGET, WASM_BUDGET } from "./budget.ts";

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
