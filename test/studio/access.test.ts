/** Every tab as axe-core reads it, light and dark, in both languages: names of controls, landmarks, contrast of 4.5 : 1. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { settled } from "../pages/chromium.ts";
import { studioPages } from "./page.ts";
import { READY, type Tab } from "./tabs.ts";

const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const { open } = studioPages("access");

/** Of a layer in the drawing the label is its texts, in their order: axe joins them without spaces, and finds another. */
const DRAWN = { id: "label-content-name-mismatch", selector: "*:not(svg *)" };

const CONTRAST = "color-contrast";
/** What axe looks at. The system's theme changes colours alone, a language texts alone. */
const LOOKS = {
  all: {},
  colours: { runOnly: [CONTRAST] },
  texts: { rules: { [CONTRAST]: { enabled: false } } },
} as const;
type Look = keyof typeof LOOKS;

/** What breaks a rule: the rule, the first elements, and what is wrong with them. */
async function violations(page: Page, look: Look): Promise<readonly string[]> {
  const options = JSON.stringify({ resultTypes: ["violations"], ...LOOKS[look] });
  const found = (await page.evaluate(
    `axe.configure({ rules: [${JSON.stringify(DRAWN)}] }); axe.run(document, ${options})`,
  )) as AxeResults;
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** Shows where a value comes from. */
async function explain(page: Page): Promise<void> {
  await page.focus('[data-layer="conv2"] .maps');
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".pixel-card .board");
}

test("nothing in any tab breaks a rule of axe", async () => {
  const { page, list } = await open({ hash: "model", prepare: axe, reducedMotion: "reduce" });
  const show = async (tab: Tab): Promise<void> => {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector(READY[tab]);
    await settled(page);
  };
  const found: Record<string, readonly string[]> = {};
  for (const [language, themes] of [
    ["en", { light: "all", dark: "colours" }],
    ["zh-Hans", { light: "texts" }],
  ] as const) {
    if ((await page.getAttribute("html", "lang")) !== language) await page.click("#language");
    for (const tab of Object.keys(READY) as Tab[]) {
      await show(tab);
      if (tab === "try") await explain(page);
      for (const [colorScheme, look] of Object.entries(themes) as ["light" | "dark", Look][]) {
        await page.emulateMedia({ colorScheme });
        await settled(page);
        found[`${tab}, ${colorScheme}, ${language}`] = await violations(page, look);
      }
    }
  }
  expect(Object.keys(found)).toHaveLength(12);
  expect(Object.entries(found).filter(([, list]) => list.length > 0)).toEqual([]);
  expect(list).toEqual([]);
});
