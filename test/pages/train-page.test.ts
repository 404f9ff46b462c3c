/** The page that trains: LeNet learns in a real browser, with the bundle that `weft compile --train` writes. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { checkWeights, readSafetensors } from "../../contract/weights.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { idx } from "../cli/make.ts";
import { clickWhen, closePages, complaints, sharedBrowser, submits } from "./chromium.ts";
import { type Site, serve } from "./server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where screenshots go: for whoever wants to look at them. */
const shots = process.env["WEFT_SCREENSHOTS"];

let folder = "";
let site: Site;
let browser: Browser;

beforeAll(async () => {
  expect(inject("buildError")).toBe("");
  folder = mkdtempSync(join(tmpdir(), "weft-train-page-"));
  execFileSync(process.execPath, [join(root, "docs/train-page/build.mjs"), join(folder, "page")], {
    cwd: root,
    stdio: "pipe",
  });
  site = await serve({ "/page": join(folder, "page") });
  browser = await sharedBrowser();
});
afterAll(async () => {
  await closePages();
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where the device is not what is tested: its kernels are built at once. */
const WASM = "?device=wasm";

async function open(
  options: BrowserContextOptions = {},
  address = "?device=webgpu",
): Promise<{ page: Page; list: readonly string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const list = complaints(page);
  if (address === "") await page.addInitScript("delete Navigator.prototype.gpu");
  await page.goto(`${site.origin}/page/index.html${address}`);
  await expect.poll(() => page.textContent("#status")).toBe("Ready");
  return { page, list };
}

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(shots ?? folder, `train-${name}.png`);
  if (shots) mkdirSync(shots, { recursive: true });
  expect((await page.screenshot({ path, fullPage: true })).length).toBeGreaterThan(10_000);
}

/** A training that a software adapter ends soon. */
async function settings(page: Page, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [id, value] of Object.entries({ limit: 320, batch: 32, rate: 0.5, ...values }))
    await page.fill(`#${id}`, `${value}`);
}

const status = (page: Page): Promise<string | null> => page.textContent("#status");
const rows = (page: Page): Promise<string[][]> =>
  page.evaluate(
    "[...document.querySelectorAll('#table tr')].map((r) => [...r.cells].map((c) => c.textContent))",
  );
/** How many points a curve has. */
const points = (page: Page, curve: string): Promise<number> =>
  page.evaluate(
    `document.querySelector("#plot .curve.${curve}")?.getAttribute("d").match(/[ML]/g).length ?? 0`,
  );

describe("the page that trains", () => {
  test("holds nothing but its own files", () => {
    expect(readdirSync(join(folder, "page")).sort()).toEqual([
      "index.html",
      "lenet.train.bundle.js",
      "main.js",
      "style.css",
    ]);
  });

  test("trains on the drawn shapes, pauses, goes on, and gives the weights", async () => {
    const { page, list } = await open({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
    await settings(page, { epochs: 3 });
    await page.focus("#epochs");
    const clicked = clickWhen(page, "#go", "#status", /^Epoch [12] of 3, step \d+ of 10$/);
    await page.keyboard.press("Enter"); // as a form does
    await clicked; // it says Pause
    await expect.poll(() => status(page)).toMatch(/^Paused after \d+ steps$/);
    const paused = Number(/\d+/.exec((await status(page)) ?? "")?.[0]);
    expect(paused).toBeLessThan(30);
    expect(await submits(page)).toBe(0);
    expect(await status(page)).toBe(`Paused after ${paused} steps`);
    await page.click("#go:has-text('Resume')");
    await expect.poll(() => status(page)).toBe("Trained for 3 epochs");

    const table = await rows(page);
    expect(table.map(([epoch]) => epoch)).toEqual(["1", "2", "3"]);
    const losses = table.map(([, loss]) => Number(loss));
    expect(losses[2]).toBeLessThan(losses[0] ?? 0);
    for (const [, , train, tested] of table)
      for (const share of [train, tested]) expect(Number(share)).toBeLessThanOrEqual(1);
    expect(await points(page, "loss")).toBe(15); // five an epoch
    expect(await points(page, "test")).toBe(3);
    expect(await page.getAttribute("#plot", "aria-label")).toContain(
      `After epoch 3: train loss ${losses[2]?.toFixed(3)}`,
    );
    expect(await page.locator("#pictures li").count()).toBe(20);
    expect(await page.isDisabled("#go")).toBe(true);

    const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    expect(saved.suggestedFilename()).toBe("lenet.safetensors");
    const bytes = readFileSync(await saved.path());
    expect(JSON.parse(readMetadata(bytes)["classes"] ?? "")).toHaveLength(10);
    const weights = readSafetensors(bytes);
    const { program } = compile((await loadModel(join(root, "models/lenet.ts"))).graph);
    expect(checkWeights(program.params, weights)).toHaveLength(10);

    await page.fill("#epochs", "4"); // and one more
    await page.click("#go:has-text('Resume')");
    await expect.poll(() => status(page)).toBe("Trained for 4 epochs");
    await shoot(page, "light");
    await page.click("#again");
    expect([await status(page), await rows(page)]).toEqual(["Ready", []]);
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("reads files of Fashion-MNIST's kind, says what is wrong with others, and fits a phone", async () => {
    const dark = { viewport: { width: 1100, height: 900 }, colorScheme: "dark" } as const;
    const { page, list } = await open(dark, WASM);
    const file = (name: string, bytes: Buffer): string => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const pixels = (rows: number): number[] =>
      Array.from({ length: rows * 784 }, (_, i) =>
        Math.floor(i / 28) % 28 < 3 + 2 * (Math.floor(i / 784) % 10) ? 220 : 10,
      );
    const labels = (rows: number): number[] => Array.from({ length: rows }, (_, i) => i % 10);
    const good = [
      file("train-images-idx3-ubyte.gz", gzipSync(idx([100, 28, 28], pixels(100)))),
      file("train-labels-idx1-ubyte.gz", gzipSync(idx([100], labels(100)))),
      file("t10k-images-idx3-ubyte", idx([20, 28, 28], pixels(20))),
      file("t10k-labels-idx1-ubyte.gz", gzipSync(idx([20], labels(20)))),
    ];
    await page.check("input[value=files]");
    await settings(page, { epochs: 1, limit: 60 });
    const failing = async (files: readonly string[], message: string): Promise<void> => {
      await page.setInputFiles("#files", [...files]);
      await page.click("#go");
      await expect.poll(() => page.textContent("#failure")).toBe(message);
    };
    await failing(good.slice(0, 3), "There is no t10k-labels-idx1-ubyte.gz among the files");
    const cut = gzipSync(idx([100], labels(100))).subarray(0, 30);
    await failing(
      [good[0] ?? "", file("bad/../train-labels-idx1-ubyte.gz".replace("bad/../", "cut-"), cut)],
      "cut-train-labels-idx1-ubyte.gz is a broken gzip file: download it again",
    );
    await page.setInputFiles("#files", good);
    await page.click("#go");
    await expect.poll(() => status(page)).toBe("Trained for 1 epoch");
    expect(await page.textContent("#failure")).toBe("");
    expect(await rows(page)).toHaveLength(1);
    expect(await page.textContent("#pictures li:nth-child(4)")).toBe("class 3");
    await shoot(page, "dark");
    const phone = { width: 375, height: 800 };
    await page.setViewportSize(phone);
    await expect.poll(() => page.getAttribute("#plot", "viewBox")).toMatch(/^0 0 3\d\d 300$/); // drawn anew
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(phone.width);
    await shoot(page, "phone");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("trains in WebAssembly where there is no WebGPU, and says so", async () => {
    const { page, list } = await open({ viewport: { width: 1100, height: 900 } }, "");
    await settings(page, { epochs: 3 });
    await page.click("#go");
    await expect.poll(() => status(page)).toBe("Trained for 3 epochs");
    expect(await page.textContent("#device")).toBe("Computed in WebAssembly, 1 thread");
    const losses = (await rows(page)).map(([, loss]) => Number(loss));
    expect(losses[2]).toBeLessThan(losses[0] ?? 0);
    await shoot(page, "wasm");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("says what fails", async () => {
    const context = await browser.newContext({ viewport: { width: 900, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript("delete Navigator.prototype.gpu");
    await page.goto(`${site.origin}/page/index.html?device=webgpu`);
    await page.click("#go");
    await expect.poll(() => page.textContent("#failure")).toMatch(/WebGPU/);
    expect(await status(page)).toBe("Stopped");
    await context.close();
  });
});
