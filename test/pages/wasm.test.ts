/** The device of WebAssembly in a browser: with memory that threads share, with a worker's own, and without workers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trapping, wasmAddition } from "../runtime/wasmModules.ts";
import { closePages, complaints, sharedBrowser } from "./chromium.ts";
import { ISOLATED, type Site, serve } from "./server.ts";

const html = '<!doctype html><meta charset="utf-8"><title>wasm</title><link rel="icon" href="data:,">';
/** Nothing but scripts of the page itself: no worker of a Blob. */
const STRICT = {
  "content-security-policy": "script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; worker-src 'self'",
};

let folder = "";
let site: Site;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-wasm-"));
  const contents = [
    'export { load } from "./runtime/index.ts";',
    'export { wasmDevice } from "./runtime/wasm/index.ts";',
  ].join("\n");
  for (const [name, options] of Object.entries({ small: { minify: true }, named: { keepNames: true } })) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: process.cwd() },
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      write: false,
      ...options,
    });
    writeFileSync(join(folder, `${name}.js`), outputFiles[0]?.contents ?? "");
  }
  site = await serve({
    "/site": folder,
    "/isolated.html": { html, headers: ISOLATED },
    "/plain.html": { html },
    "/strict.html": { html, headers: STRICT },
    "/strict-isolated.html": { html, headers: { ...ISOLATED, ...STRICT } },
  });
  browser = await sharedBrowser();
});
afterAll(async () => {
  await closePages();
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Found {
  readonly isolated: boolean;
  readonly runsOn: { readonly kind: string; readonly threads: number };
  readonly sums: readonly (readonly number[])[];
  readonly problem: string;
  readonly after: string;
}

const LARGE = 1_000_000;
/** What a page does: overlapping runs of several batches, a trap, the end. */
const SCRIPT = (bundle: string, program: unknown, bad: unknown, threads: number): string => `(async () => {
  const { load, wasmDevice } = await import("/site/${bundle}.js");
  const device = await wasmDevice({ threads: ${threads} });
  const session = await load(${JSON.stringify(program)}, { device });
  const range = (n) => Float32Array.from({ length: n }, (_, i) => i);
  const runs = [1, 700, 40].map((n) => session.run({ a: range(3 * n), b: range(3 * n) }));
  const sums = (await Promise.all(runs)).map(({ sum }) => Array.from(sum.data));
  const broken = await load(${JSON.stringify(bad)}, { device });
  const inputs = { a: range(300), b: range(300) };
  const problem = await broken.run(inputs).then(() => "none", (e) => e.message);
  const { runsOn } = session;
  device.destroy();
  const after = await session.run(inputs).then(() => "none", (e) => e.message);
  return { isolated: crossOriginIsolated, runsOn, sums, problem, after };
})()`;

describe.each([
  ["isolated", 3, 3, LARGE],
  ["isolated", 3, 3, 10],
  ["isolated", 1, 1, LARGE],
  ["plain", 3, 1, LARGE],
  ["plain", 1, 1, 10],
  ["strict", 3, 1, LARGE],
  ["strict-isolated", 3, 3, LARGE],
] as const)("a page that is %s, of %i threads %i, at a cost of %i", (name, threads, uses, cost) => {
  test.each(["small", "named"])("%s bundle", async (bundle) => {
    const page = await browser.newPage();
    const list = complaints(page);
    await page.goto(`${site.origin}/${name}.html`);
    const found: Found = await page.evaluate(SCRIPT(bundle, wasmAddition(cost), trapping(cost), threads));
    expect(found.isolated).toBe(name.endsWith("isolated"));
    expect(found.runsOn).toMatchObject({ kind: "wasm", threads: uses });
    for (const [i, n] of [1, 700, 40].entries())
      expect(found.sums[i]).toEqual(Array.from({ length: 3 * n }, (_, i) => 2 * i));
    expect(found.problem).toBe("addition, batch of 100: kernel add (layer0): unreachable");
    expect(found.after).toBe("the GPU device was lost (destroyed); reload() takes a new one");
    // A policy's refusal is said by the browser.
    if (!name.startsWith("strict")) expect(list).toEqual([]);
    await page.close();
  });
});
