import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What a page loads besides its model. Raise it only for something that a page needs. */
const BUDGET = 6100; // 5550, and 550 that name wrong options and kinds of weights, and copy shared memory

test(`the runtime is at most ${BUDGET} bytes, minified and gzipped, and imports nothing`, async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export { load } from "./runtime/index.ts";', resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  expect(Object.values(metafile.outputs).flatMap((o) => o.imports)).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((i) => i.startsWith("compiler"))).toEqual([]);
  expect(gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length).toBeLessThanOrEqual(BUDGET);
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
