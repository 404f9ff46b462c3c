/**
 * The LeNet bundle in a plain page and in Node: with the weights and a device, and nothing else, the same logits. So with
 * a bundle of several programs, of which a browser takes the one that suits its adapter.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { emit } from "../../compiler/emit/index.ts";
import { squeeze } from "../../compiler/emit/squeeze.ts";
import { variantsOf } from "../../compiler/emit/variants.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Variant } from "../../contract/program.ts";
import type { OpenedDevice } from "../../runtime/node/index.ts";
import { usualDevice } from "../adapter.ts";
import { closePages, complaints, sharedBrowser } from "./chromium.ts";
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

/** A page that loads nothing yet. */
const BARE = '<!doctype html><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">';

let base = "";
let site: Site;
let browser: Browser;
let opened: OpenedDevice;
let pictures: Float32Array;
let variants: readonly Variant[];

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "weft-page-"));
  const { graph } = await loadModel(join(models, "lenet.ts"));
  const compilation = compile(graph);
  variants = variantsOf(graph, compilation.program, ["octets", "quads", "f16"], {}, undefined);
  await emit(compilation, join(base, "lenet"));
  await emit(compilation, join(base, "several"), { variants });
  // Nothing but the bundles and the weights is there.
  mkdirSync(join(base, "site"));
  for (const name of ["lenet", "several"])
    copyFileSync(join(base, name, "lenet.bundle.js"), join(base, "site", `${name}.bundle.js`));
  writeFileSync(join(base, "site/lenet.safetensors"), weights);
  site = await serve({
    "/site": join(base, "site"),
    "/plain.html": { html: PLAIN },
    "/bare.html": { html: BARE },
  });
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
  browser = await sharedBrowser();
  opened = await usualDevice();
});
afterAll(async () => {
  await closePages();
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

function expectSame(page: readonly number[], node: readonly number[]): void {
  expect(page).toHaveLength(node.length);
  const largest = Math.max(...node.map(Math.abs));
  const apart = node.map((x, i) => Math.abs(x - (page[i] ?? Number.NaN)));
  expect(Math.max(...apart)).toBeLessThanOrEqual(1e-4 * largest);
}

describe("the LeNet bundle", () => {
  test("gives the same logits in a page as in Node, for one picture and for eight", async () => {
    const page = await browser.newPage();
    const list = complaints(page);
    await page.goto(`${site.origin}/plain.html`);
    await page.waitForFunction("document.title === 'ready'");
    for (const images of [pictures.slice(0, 784), pictures]) {
      const logits: readonly number[] = await page.evaluate(
        `window.classify(${JSON.stringify(Array.from(images))})`,
      );
      expectSame(logits, await inNode(images));
    }
    expect(list).toEqual([]);
    await page.close();
  });

  test("of several programs takes the one that suits the browser's adapter, with the same logits", async () => {
    const page = await browser.newPage();
    const list = complaints(page);
    await page.goto(`${site.origin}/bare.html`);
    const image = Array.from(pictures.slice(0, 784));
    const found: {
      readonly kernels: readonly string[];
      readonly logits: readonly number[];
      readonly fallback: boolean;
      readonly lanes: number;
      readonly features: readonly string[];
    } = await page.evaluate(`(async () => {
      const { load } = await import("/site/several.bundle.js");
      const weights = await fetch("/site/lenet.safetensors").then((r) => r.arrayBuffer());
      const session = await load(weights);
      const { logits } = await session.run({ image: Float32Array.from(${JSON.stringify(image)}) });
      const { info, features } = await navigator.gpu.requestAdapter();
      return {
        kernels: session.program.kernels.map((k) => k.wgsl),
        logits: Array.from(logits.data),
        fallback: info.isFallbackAdapter,
        lanes: info.subgroupMinSize ?? 0,
        features: [...features],
      };
    })()`);
    const onCpu = found.fallback && found.features.includes("subgroups");
    const other = found.features.includes("shader-f16") ? "f16" : "portable";
    const name = onCpu ? (found.lanes >= 8 ? "octets" : "quads") : other;
    expect(variants.map((v) => v.name)).toEqual(["octets", "quads", "f16", "portable"]);
    const wanted = variants.find((v) => v.name === name)?.program.kernels.map((k) => squeeze(k.wgsl));
    expect(found.kernels).toEqual(wanted);
    expectSame(found.logits, await inNode(pictures.slice(0, 784)));
    expect(list).toEqual([]);
    await page.close();
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
