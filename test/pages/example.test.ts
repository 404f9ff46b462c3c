/** The example page, built with the esbuild plugin: clicked through in a real browser. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { closePages, complaints, settled, sharedBrowser } from "./chromium.ts";
import { type Site, serve } from "./server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where screenshots go: for whoever wants to look at them. */
const shots = process.env["WEFT_SCREENSHOTS"];

let folder = "";
let site: Site;
let browser: Browser;

beforeAll(async () => {
  expect(inject("buildError")).toBe("");
  folder = mkdtempSync(join(tmpdir(), "weft-example-"));
  execFileSync(process.execPath, [join(root, "docs/page/build.mjs"), folder], { cwd: root, stdio: "pipe" });
  site = await serve({ "/page": folder });
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
  options: BrowserContextOptions,
  address = "?device=webgpu",
): Promise<{ page: Page; list: readonly string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const list = complaints(page);
  if (address === "") await page.addInitScript("delete Navigator.prototype.gpu");
  await page.goto(`${site.origin}/page/index.html${address}`);
  await page.waitForSelector("#bars li.best");
  return { page, list };
}

async function shoot(page: Page, name: string): Promise<void> {
  await settled(page);
  const path = join(shots ?? folder, `${name}.png`);
  if (shots) mkdirSync(shots, { recursive: true });
  const bytes = await page.screenshot({ path, fullPage: true });
  expect(bytes.length).toBeGreaterThan(10_000);
}

const verdict = (page: Page): Promise<string | null> => page.textContent("#verdict");

describe("the example page", () => {
  test("classifies the samples", async () => {
    const { page, list } = await open({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
    const expected = {
      "t-shirt": "T-shirt/top",
      trouser: "Trouser",
      sandal: "Sandal",
      bag: "Bag",
      boot: "Ankle boot",
    };
    for (const [sample, name] of Object.entries(expected)) {
      await page.click(`#samples button:has-text("${sample}")`);
      await expect.poll(() => verdict(page)).toBe(name);
    }
    expect(await page.locator("#bars li").count()).toBe(10);
    expect(await page.textContent("#status")).toMatch(/^\d+\.\d ms for this picture.* · WebGPU/);
    await shoot(page, "light");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("takes a drawing", async () => {
    const dark = { viewport: { width: 1100, height: 900 }, colorScheme: "dark" } as const;
    const { page, list } = await open(dark, WASM);
    await page.click("#clear");
    await expect.poll(() => verdict(page)).toBe("Draw something bright on black");
    const box = await page.locator("#pad").boundingBox();
    if (!box) throw new Error("no pad");
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
    const stroke = async (from: [number, number], to: [number, number]): Promise<void> => {
      await page.mouse.move(...at(...from));
      await page.mouse.down();
      await page.mouse.move(...at(...to), { steps: 8 });
      await page.mouse.up();
    };
    for (const x of [0.35, 0.4, 0.6, 0.65]) await stroke([x, 0.1], [x, 0.92]); // two legs
    for (const y of [0.1, 0.15, 0.2]) await stroke([0.36, y], [0.64, y]);
    await expect.poll(() => verdict(page)).toBe("Trouser");
    await shoot(page, "dark");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("fits a phone", async () => {
    const phone = { width: 375, height: 800 };
    const { page, list } = await open({ viewport: phone, deviceScaleFactor: 2, colorScheme: "dark" }, WASM);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(phone.width);
    await shoot(page, "phone");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("computes in WebAssembly where there is no WebGPU, and says so", async () => {
    const { page, list } = await open({ viewport: { width: 1100, height: 900 } }, "");
    await page.click('#samples button:has-text("trouser")');
    await expect.poll(() => verdict(page)).toBe("Trouser");
    expect(await page.textContent("#status")).toMatch(/ to build the kernels · WebAssembly, 1 thread$/);
    await shoot(page, "wasm");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("says what fails", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript("delete Navigator.prototype.gpu");
    await page.goto(`${site.origin}/page/index.html?device=webgpu`);
    await expect.poll(() => verdict(page)).toBe("It does not run here");
    expect(await page.textContent("#status")).toMatch(/WebGPU/);
    await context.close();
  });
});
