/** Weights that are kept in a page for the next visit, in a real browser. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as weft from "../../runtime/page/index.ts";
import { closePages, complaints, sharedBrowser } from "./chromium.ts";
import { type Site, serve } from "./server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const name = "lenet.fashion-mnist.safetensors";
const digest = `sha256-${createHash("sha256")
  .update(readFileSync(`${root}models/${name}`))
  .digest("base64")}`;

let site: Site;
let browser: Browser;
beforeAll(async () => {
  const html = `<!doctype html><meta charset="utf-8"><title>kept</title><link rel="icon" href="data:,">
<script type="module">import * as page from "/dist/page.js"; globalThis.weft = page;</script>`;
  site = await serve({ "/page.html": { html }, "/dist": `${root}dist`, "/models": `${root}models` });
  browser = await sharedBrowser();
});
afterAll(async () => {
  await closePages();
  await site.close();
});

test("the second visit loads nothing, a damaged file is loaded anew, and other bytes are refused", async () => {
  const context = await browser.newContext();
  const requests: string[] = [];
  context.on("request", (r) => requests.push(r.url()));
  const visit = async (wanted: string): Promise<unknown> => {
    const page = await context.newPage();
    const list = complaints(page);
    await page.goto(`${site.origin}/page.html`);
    const result = await page.evaluate(
      async ([url, sum]) => {
        const { fetchBytes } = (globalThis as unknown as { weft: typeof weft }).weft;
        const seen: boolean[] = [];
        try {
          const source = { url: url as string, digest: sum as string };
          const bytes = await fetchBytes(source, { onProgress: ({ cached }) => void seen.push(cached) });
          return [bytes.length, seen.at(-1)];
        } catch (error) {
          return (error as Error).message;
        }
      },
      [`/models/${name}`, wanted],
    );
    expect(list).toEqual([]);
    await page.close();
    return result;
  };
  const { length } = readFileSync(`${root}models/${name}`);
  const loads = (): number => requests.filter((r) => r.endsWith(name)).length;
  expect(await visit(digest)).toEqual([length, false]);
  expect(await visit(digest)).toEqual([length, true]);
  expect(loads()).toBe(1);

  const other = digest.replace(/.=$/, digest.at(-2) === "A" ? "B=" : "A=");
  expect(await visit(other)).toBe(`/models/${name}: its digest is ${digest}, and has to be ${other}`);

  const page = await context.newPage();
  await page.goto(`${site.origin}/page.html`);
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("weft");
    for await (const handle of (
      folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }
    ).values()) {
      const file = await handle.createWritable({ keepExistingData: true });
      await file.write({ type: "write", position: 1000, data: new Uint8Array(8) });
      await file.close();
    }
  });
  await page.close();
  expect(await visit(digest)).toEqual([length, false]);
  expect(await visit(digest)).toEqual([length, true]);
  await context.close();
});
