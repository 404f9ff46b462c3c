/** The page that finds text: PaddleOCR's models, imported, compiled, and run in a real browser on a picture it draws. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SIGNS } from "../../docs/text-page/sample.ts";
import { type Box, boxesOf, planes, textOf } from "../../docs/text-page/text.ts";
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
  folder = mkdtempSync(join(tmpdir(), "weft-text-"));
  execFileSync(process.execPath, [join(root, "docs/text-page/build.mjs"), folder], {
    cwd: root,
    stdio: "pipe",
  });
  site = await serve({ "/page": folder });
  browser = await sharedBrowser();
});
afterAll(async () => {
  await closePages();
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function shoot(page: Page, name: string): Promise<void> {
  await settled(page);
  const path = join(shots ?? folder, `text-${name}.png`);
  if (shots) mkdirSync(shots, { recursive: true });
  expect((await page.screenshot({ path, fullPage: true })).length).toBeGreaterThan(10_000);
}

const status = (page: Page): Promise<string | null> => page.textContent("#status");

/** Where the page drew each sign's letters, in pixels of the picture. */
const drawn = (page: Page): Promise<readonly Box[]> =>
  page.evaluate((signs) => {
    const context = document.createElement("canvas").getContext("2d");
    if (!context) throw new Error("no canvas");
    return signs.map(({ text, x, y, size }) => {
      context.font = `600 ${size}px sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      const at = context.measureText(text);
      return {
        x: x - at.actualBoundingBoxLeft,
        y: y - at.actualBoundingBoxAscent,
        width: at.actualBoundingBoxLeft + at.actualBoundingBoxRight,
        height: at.actualBoundingBoxAscent + at.actualBoundingBoxDescent,
      };
    });
  }, SIGNS);

/** The boxes over the picture, in its pixels. */
const marked = (page: Page): Promise<readonly Box[]> =>
  page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const frame = canvas?.getBoundingClientRect();
    if (!canvas || !frame) throw new Error("no picture");
    const scale = canvas.width / frame.width;
    return Array.from(document.querySelectorAll("#boxes span"), (mark) => {
      const { left, top, width, height } = mark.getBoundingClientRect();
      return {
        x: scale * (left - frame.left),
        y: scale * (top - frame.top),
        width: scale * width,
        height: scale * height,
      };
    });
  });

/** What two boxes share, as a part of what they cover together. */
function overlap(a: Box, b: Box): number {
  const along = (from: number, size: number, other: number, otherSize: number): number =>
    Math.max(0, Math.min(from + size, other + otherSize) - Math.max(from, other));
  const shared = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** How far a box goes beyond letters at its left, right, top and bottom, in heights of these. */
function margins(box: Box, letters: Box): readonly number[] {
  return [
    letters.x - box.x,
    box.x + box.width - letters.x - letters.width,
    letters.y - box.y,
    box.y + box.height - letters.y - letters.height,
  ].map((pixels) => pixels / letters.height);
}

describe("the page that finds text", () => {
  test("frames and reads what was drawn, in WebAssembly, and fits a phone", async () => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: "light",
    });
    const page = await context.newPage();
    const list = complaints(page);
    await page.addInitScript("delete Navigator.prototype.gpu");
    await page.goto(`${site.origin}/page/index.html`);
    await expect.poll(() => status(page)).toMatch(/ · WebAssembly, 1 thread$/);
    const boxes = await marked(page);
    const signs = await drawn(page);
    // As the page lists them: from above. A sign's box is the one that shares most with its letters.
    const found = SIGNS.map(({ text }, i) => {
      const shares = boxes.map((box) => overlap(box, signs[i] ?? box));
      return { text, share: Math.max(...shares), at: shares.indexOf(Math.max(...shares)) };
    });
    // A box is larger than its letters by a part of their height, whatever the font: of a short word that is much of it.
    for (const [i, { text, at }] of found.entries()) {
      const [box, letters] = [boxes[at], signs[i]];
      if (!box || !letters) throw new Error(`${text} was not found`);
      for (const margin of margins(box, letters)) {
        expect(margin, text).toBeGreaterThan(-0.1);
        expect(margin, text).toBeLessThan(0.4);
      }
    }
    expect(found.map(({ at }) => at).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(boxes).toHaveLength(SIGNS.length);
    const read = await page.locator("#lines li").allTextContents();
    // The reader does not see every narrow space.
    const letters = (text: string | undefined): string => (text ?? "").replaceAll(" ", "");
    expect(found.map(({ at }) => letters(read[at]))).toEqual(SIGNS.map(({ text }) => letters(text)));
    await shoot(page, "light");

    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await shoot(page, "phone");

    const blank = await page.screenshot({ clip: { x: 0, y: 0, width: 8, height: 8 } });
    await page.setInputFiles("input", { name: "blank.png", mimeType: "image/png", buffer: blank });
    await expect.poll(() => status(page)).toMatch(/^0 lines found/);
    expect(await page.locator("#boxes span, #lines li").count()).toBe(0);
    const text = Buffer.from("no picture");
    await page.setInputFiles("input", { name: "note.txt", mimeType: "text/plain", buffer: text });
    await expect.poll(() => status(page)).toBe("note.txt is no picture that the browser can read");
    expect(list).toEqual([]);
    await context.close();
  });
});

describe("what the numbers say", () => {
  test("boxes are around pixels that hang together, and grow by their outline", () => {
    const width = 20;
    const map = new Float32Array(width * 12);
    const fill = (x: number, y: number, w: number, h: number, value: number): void => {
      for (let row = y; row < y + h; row++) map.fill(value, row * width + x, row * width + x + w);
    };
    fill(2, 2, 6, 3, 0.9);
    fill(7, 4, 1, 4, 0.9); // a tail of it
    fill(19, 2, 1, 1, 0.9); // the right edge does not touch the next row's left one
    fill(0, 3, 1, 1, 0.9);
    fill(10, 8, 6, 3, 0.4); // likely text, and no line
    const [box, ...more] = boxesOf(map, width);
    const grow = (1.8 * 6 * 6) / 24; // by area and outline of 6 × 6
    const expected = { x: 2 - grow, y: 2 - grow, width: 6 + 2 * grow, height: 6 + 2 * grow };
    for (const [side, value] of Object.entries(expected))
      expect(box?.[side as keyof Box]).toBeCloseTo(value, 9);
    expect(more).toEqual([]);
  });

  test("repeated characters stand once, unless there was none between them", () => {
    const characters = ["", "a", "b"];
    const steps = [0, 1, 1, 0, 1, 2, 2];
    const scores = Float32Array.from(
      steps.flatMap((best) => [0, 1, 2].map((c) => (c === best ? 0.9 : 0.05))),
    );
    expect(textOf(scores, characters)).toBe("aab");
  });

  test("planes are blue, green, red", () => {
    const pixels = Uint8ClampedArray.from([255, 0, 51, 255, 0, 255, 102, 255]);
    const expected = [0.2, 0.4, 0, 1, 1, 0].map((value, i) => (value - (i < 2 ? 0.1 : 0)) / 0.5);
    const found = planes(pixels, [0.1, 0, 0], [0.5, 0.5, 0.5]);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
  });
});
