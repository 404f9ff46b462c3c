/** Weft Studio, built and opened in a real browser, for the tests of a tab. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { closePages, complaints, settled, sharedBrowser } from "../pages/chromium.ts";
import { type Site, serve } from "../pages/server.ts";

/** Built before any test runs. */
const STUDIO = fileURLToPath(new URL("../../dist/studio", import.meta.url));

/** Where screenshots go: for whoever wants to look at them. */
const shots = process.env["WEFT_SCREENSHOTS"];

export interface Opened {
  readonly page: Page;
  /** What the page complains of. */
  readonly list: readonly string[];
}

export interface Wanted extends BrowserContextOptions {
  /** The text of a model file that is shown instead of LeNet, without weights or samples. */
  readonly model?: string;
  /** Default true. */
  readonly gpu?: boolean;
  /** A script that the page runs before its own. */
  readonly prepare?: string;
  /** What follows the page's address; default: the tab. */
  readonly hash?: string;
}

export interface StudioPages {
  /** A folder for the tests' files. */
  folder(): string;
  open(wanted?: Wanted): Promise<Opened>;
  /** A picture of the whole page, after the bars' transition. */
  shoot(page: Page, name: string): Promise<void>;
}

/**
 * One browser for the tests of a file; `tab` is shown. `url`: where the studio is, if not in a static folder. To be
 * called where hooks can be registered.
 */
export function studioPages(tab: string, url?: () => string): StudioPages {
  let folder = "";
  let site: Site | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), `weft-studio-${tab}-`));
    site = await serve({ "/studio": STUDIO });
    browser = await sharedBrowser();
  });
  afterAll(async () => {
    await closePages();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder: () => folder,
    async open({ model, gpu = true, prepare, hash = tab, ...options } = {}) {
      if (!browser || !site) throw new Error("the browser is not open");
      const viewport = { width: 1280, height: 900 };
      const context = await browser.newContext({ locale: "en", viewport, ...options });
      const page = await context.newPage();
      const list = complaints(page);
      const path = "models/m.ts";
      const project = { model: path, files: { [path]: model }, weights: null, samples: [], live: false };
      if (model !== undefined)
        await page.route("**/project.json", (route) => route.fulfill({ json: project }));
      if (!gpu) await page.addInitScript("delete Navigator.prototype.gpu");
      if (prepare !== undefined) await page.addInitScript(prepare);
      await page.goto(`${url?.() ?? `${site.origin}/studio/index.html`}#${hash}`);
      return { page, list };
    },
    async shoot(page, name) {
      await settled(page);
      const path = join(shots ?? folder, `studio-${tab}-${name}.png`);
      if (shots) mkdirSync(shots, { recursive: true });
      expect((await page.screenshot({ path, fullPage: true })).length).toBeGreaterThan(10_000);
    },
  };
}

/** What an element says from now on: gives all its texts so far, also those that stood for a moment. */
export async function sayings(page: Page, selector: string): Promise<() => Promise<readonly string[]>> {
  const list = await page.evaluateHandle((wanted) => {
    const texts: string[] = [];
    const element = document.querySelector(wanted);
    if (element)
      new MutationObserver(() => texts.push(element.textContent ?? "")).observe(element, { childList: true });
    return texts;
  }, selector);
  return () => list.jsonValue();
}

/** Drops a file on the page, as a hand does. */
export async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([file, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], file));
      return data;
    },
    [name, Buffer.from(bytes).toString("base64")] as const,
  );
  for (const event of ["dragover", "drop"])
    await page.dispatchEvent("#panel", event, { dataTransfer: transfer });
}
