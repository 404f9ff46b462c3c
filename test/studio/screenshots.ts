/**
 * Pictures of every tab of Studio, to be looked at: each at a laptop's sizes and a phone's, light and dark, in both languages.
 *
 *   npm run screenshots -- --out DIR      all of them
 *   npm run screenshots -- --readme       those that the README shows: docs/studio-light.png and docs/studio-dark.png
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { openBrowser, settled } from "../pages/chromium.ts";
import { serve } from "../pages/server.ts";
import { READY, type Tab } from "./tabs.ts";

const SIZES = [
  [1280, 800],
  [1440, 900],
  [390, 844],
] as const;
interface Look {
  readonly tab: Tab;
  readonly width: number;
  readonly height: number;
  readonly theme: "light" | "dark";
  readonly locale: "en" | "zh-CN";
}

const nameOf = ({ tab, width, height, theme, locale }: Look): string =>
  `${tab}-${width}x${height}-${theme}-${locale.slice(0, 2)}.png`;

/** A kernel's text, its reasons and its layers: what the README promises. */
async function choose(page: Page): Promise<void> {
  await page.click('[aria-label="Show all"]');
  await page.locator(".cell").first().focus();
  for (const key of ["ArrowDown", "Enter"]) await page.keyboard.press(key);
}

async function shoot(
  browser: Browser,
  address: string,
  look: Look,
  path: string,
  prepare?: (page: Page) => Promise<void>,
): Promise<void> {
  const { tab, width, height, theme, locale } = look;
  const context = await browser.newContext({ locale, colorScheme: theme, viewport: { width, height } });
  const page: Page = await context.newPage();
  const answer = await page.goto(`${address}#${tab}`);
  if (!answer?.ok()) throw new Error(`${address}: ${answer?.status()}; is Studio built? npm run build`);
  await page.waitForSelector(READY[tab]);
  await prepare?.(page);
  await settled(page);
  await page.screenshot({ path });
  await context.close();
  console.log(path);
}

const { values } = parseArgs({ options: { out: { type: "string" }, readme: { type: "boolean" } } });
if (!values.readme && values.out === undefined) {
  console.error("say where to: npm run screenshots -- --out DIR, or --readme");
  process.exit(1);
}
const site = await serve({ "/studio": resolve("dist/studio") });
const browser = await openBrowser();
const address = `${site.origin}/studio/index.html`;
try {
  if (values.readme)
    for (const theme of ["light", "dark"] as const)
      await shoot(
        browser,
        address,
        { tab: "model", width: 1280, height: 800, theme, locale: "en" },
        `docs/studio-${theme}.png`,
        choose,
      );
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    for (const tab of Object.keys(READY) as Tab[])
      for (const [width, height] of SIZES)
        for (const theme of ["light", "dark"] as const)
          for (const locale of ["en", "zh-CN"] as const) {
            const look = { tab, width, height, theme, locale };
            await shoot(browser, address, look, join(values.out, nameOf(look)));
          }
  }
} finally {
  await browser.close();
  await site.close();
}
