/** The LeNet bundle in a plain page and in Node: with the weights and a device, and nothing else, the same logits. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { emit } from "../../compiler/emit/index.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { type OpenedDevice, requestDevice } from "../../runtime/node/index.ts";
import { complaints, openBrowser, PATIENCE } from "./chromium.ts";
import { type Site, serve } from "./server.ts";

const models = fileURLToPath(new URL("../../models", import.meta.url));
const weights = readFileSync(join(models, "lenet.fashion-mnist.safetensors"));

/** A page as anyone would write it: no build, no package. */
const PLAIN = `<!doctype html>
<meta charset="utf-8">
<title>plain</title>
<link rel="icon" href="data:,">
<script type="module">
  import { load } from "/site/lenet.bundle.js";
  const weights = await fetch("/site/lenet.safetensors").then((r) => r.arrayBuffer());
  const session = await load(weights);
  window.classify = async (image) => Array.from((await session.run({ image: Float32Array.from(image) })).logits.data);
  document.title = "ready";
</script>
`;

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

let base = "";
let site: Site;
let browser: Browser;
let opened: OpenedDevice;
let pictures: Float32Array;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "weft-page-"));
  const { graph } = await loadModel(join(models, "lenet.ts"));
  await emit(compile(graph), join(base, "lenet"));
  // Nothing but the bundle and the weights is there.
  mkdirSync(join(base, "site"));
  writeFileSync(join(base, "site/lenet.bundle.js"), readFileSync(join(base, "lenet/lenet.bundle.js")));
  writeFileSync(join(base, "site/lenet.safetensors"), weights);
  site = await serve({ "/site": join(base, "site"), "/plain.html": { html: PLAIN } });
  const files = readdirSync(join(models, "samples")).sort();
  const raw = await Promise.all(
    files.map((f) =>
      sharp(join(models, "samples", f))
        .toColourspace("b-w")
        .raw()
        .toBuffer(),
    ),
  );
  pictures = Float32Array.from(Buffer.concat(raw), (byte) => byte / 255);
  browser = await openBrowser();
  opened = await requestDevice();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  opened?.device.destroy();
  rmSync(base, { recursive: true, force: true });
});

async function inNode(images: Float32Array): Promise<readonly number[]> {
  const bundle = await import(/* @vite-ignore */ pathToFileURL(join(base, "site/lenet.bundle.js")).href);
  const session = await bundle.load(weights, opened.device);
  const { logits } = await session.run({ image: images });
  expect(logits.shape).toEqual([images.length / 784, 10]);
  return Array.from(logits.data as Float32Array);
}

async function inPage(images: Float32Array): Promise<readonly number[]> {
  const page = await browser.newPage();
  const list = complaints(page);
  await page.goto(`${site.origin}/plain.html`);
  await page.waitForFunction("document.title === 'ready'", undefined, { timeout: PATIENCE });
  const logits = await page.evaluate(`window.classify(${JSON.stringify(Array.from(images))})`);
  expect(list).toEqual([]);
  await page.close();
  return logits as readonly number[];
}

describe("the LeNet bundle", () => {
  test("gives the same logits in a page as in Node, for one picture and for eight", async () => {
    for (const images of [pictures.slice(0, 784), pictures]) {
      const node = await inNode(images);
      const page = await inPage(images);
      expect(page).toHaveLength(node.length);
      const largest = Math.max(...node.map(Math.abs));
      const apart = node.map((x, i) => Math.abs(x - (page[i] ?? Number.NaN)));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1e-4 * largest);
    }
  });

  test("knows most of the samples", async () => {
    const logits = await inNode(pictures);
    const classes = [8, 9, 3, 2, 5, 7, 0, 1]; // bag, boot, dress, pullover, sandal, sneaker, t-shirt, trouser
    const right = classes.filter((c, i) => {
      const own = logits.slice(10 * i, 10 * i + 10);
      return own.indexOf(Math.max(...own)) === c;
    });
    expect(right.length).toBeGreaterThanOrEqual(7);
  });

  test("says so in a page without WebGPU", async () => {
    const page = await browser.newPage();
    await page.addInitScript("delete Navigator.prototype.gpu");
    await page.goto(`${site.origin}/plain.html`);
    const message = await page.evaluate(
      `import("/site/lenet.bundle.js").then((m) => m.load()).catch((e) => e.message)`,
    );
    expect(message).toMatch(/there is no WebGPU adapter here/);
    await page.close();
  });
});
