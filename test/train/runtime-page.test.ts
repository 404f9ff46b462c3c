/** The trainer in a page: one script without a compiler and without dependencies, the figures of Node. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { sgd } from "../../compiler/train/index.ts";
import { createTrainer, type Epoch } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { closePages, complaints, sharedBrowser } from "../pages/chromium.ts";
import { serve } from "../pages/server.ts";
import { linearTraining, quarters } from "./runtime.ts";

/** What a page loads to train, besides the model's kernels and the data. */
const BUDGET = 12_480; // 100 of them take the kernels for the batch that comes; 400 are for several inputs, outputs and losses, each with its figures, and labels of any width; 140 gather gradients of several batches, and begin adapters; 40 know labels that do not count, and refuse to draw constants

async function bundle(): Promise<string> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export { createTrainer } from "./runtime/train.ts";', resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    define: { WEFT_WEBGPU_ONLY: "true" },
  });
  expect(Object.values(metafile.outputs).flatMap((o) => o.imports)).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((i) => i.startsWith("compiler"))).toEqual([]);
  return outputFiles[0]?.text ?? "";
}

test(`the trainer is at most ${BUDGET} bytes, minified and gzipped, and imports nothing`, async () => {
  expect(gzipSync(await bundle(), { level: 9 }).length).toBeLessThanOrEqual(BUDGET);
});

test("a page trains as Node does", async () => {
  const training = linearTraining(sgd({ lr: 0.5, momentum: 0.9 }));
  const { images, labels } = quarters(50);
  const { device } = await usualDevice();
  const trainer = await createTrainer(training, { device });
  const node: Epoch[] = [];
  for await (const epoch of trainer.fit({ images, labels }, { epochs: 2, batch: 8 })) node.push(epoch);
  trainer.destroy();
  device.destroy();

  const site = await serve({
    "/page.html": { html: `<!doctype html><link rel="icon" href="data:,"><title>training</title>` },
  });
  const browser = await sharedBrowser();
  try {
    const page = await browser.newPage();
    const list = complaints(page);
    await page.goto(`${site.origin}/page.html`);
    const script = `(async () => {
      const url = URL.createObjectURL(new Blob([${JSON.stringify(await bundle())}], { type: "text/javascript" }));
      const { createTrainer } = await import(url);
      const trainer = await createTrainer(${JSON.stringify(training)});
      const data = { images: Uint8Array.of(${images}), labels: Uint8Array.of(${labels}) };
      const epochs = [];
      for await (const epoch of trainer.fit(data, { epochs: 2, batch: 8, test: data })) epochs.push(epoch);
      trainer.destroy();
      return epochs;
    })()`;
    const epochs = (await page.evaluate(script)) as readonly Epoch[];
    expect(list).toEqual([]);
    expect(epochs.map((e) => e.loss)).toHaveLength(2);
    epochs.forEach((e, i) => void expect(e.loss).toBeCloseTo(node[i]?.loss ?? Number.NaN, 5));
    expect(epochs[1]?.testAccuracy).toBeGreaterThan(0.9);
  } finally {
    await closePages();
    await site.close();
  }
});
