/** Where a value comes from, in a real browser: from a score down to a pixel of the picture. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { readPicture } from "../../cli/input/image.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { readSafetensors } from "../../contract/weights.ts";
import { targetOf } from "../../data/array.ts";
import { shown } from "../../studio/tabs/try/color.ts";
import { layersOf, watching } from "../../studio/tabs/try/layers.ts";
import { type NdArray, ndarray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { type Opened, studioPages } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { open, shoot } = studioPages("pixel");

const text = async (page: Page, selector: string): Promise<string> =>
  (await page.textContent(`.pixel-card ${selector}`)) ?? "";
const number = (line: string): number => Number(line.replace("−", "-"));

/** LeNet's values for the first sample, by the reference. */
async function reference(): Promise<Readonly<Record<string, NdArray>>> {
  const { graph } = await loadModel(join(root, "models/lenet.ts"));
  const tensors = readSafetensors(await readFile(join(root, "models/lenet.fashion-mnist.safetensors")));
  const params = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, ndarray(shape, data)]),
  );
  const target = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 28, 28] });
  const picture = await readPicture(join(root, "models/samples/bag.png"), target, false);
  const image = ndarray(picture.shape, picture.data);
  return { ...params, image, ...evaluate(watching(graph, layersOf(graph)), { image }, params) };
}

describe("where a value comes from", () => {
  let opened: Opened;
  let values: Readonly<Record<string, NdArray>>;
  beforeAll(async () => {
    opened = await open({ gpu: false, hash: "try" });
    values = await reference();
  });
  const at = (name: string, ...index: readonly number[]): number => {
    const { shape, data } = values[name] as NdArray;
    return data[index.reduce((sum, i, axis) => sum * (shape[axis] ?? 1) + i, 0)] ?? Number.NaN;
  };

  test("a convolution's window, product by product, down to the picture", async () => {
    const { page, list } = opened;
    await expect.poll(() => page.textContent(".verdict")).toBe("Bag");
    await page.focus('[data-layer="conv2"] .maps');
    for (const key of ["ArrowRight", "PageDown", "ArrowRight", "ArrowDown", "Enter"])
      await page.keyboard.press(key);
    await expect
      .poll(() => text(page, ".formulas .formula"))
      .toMatch(/^conv2\[n, c, h, w\] = .*pool1\[.*conv2\.weight\[/);
    expect(await text(page, ".way strong")).toBe("conv2[1, 1, 1]");
    const conv2 = number(await text(page, ".formulas strong"));
    expect(conv2).toBeCloseTo(at("conv2", 0, 1, 1, 1), 3);
    expect(await text(page, ".steps .place")).toBe("term 1 of 150 (c′ = 0, kh = 0, kw = 0)");
    // The last of the slice before the last channel, by its cell; its window has numbers.
    await page.locator('.pixel-card input[type="range"]').fill("31");
    expect(await text(page, ".steps .place")).toBe("term 32 of 150 (c′ = 1, kh = 1, kw = 1)");
    const [a, b] = [at("pool1", 0, 1, 2, 2), at("conv2.weight", 1, 1, 1, 1)];
    expect(await text(page, ".term")).toBe(
      `pool1[1, 2, 2] = ${shown(a)} · conv2.weight[1, 1, 1, 1] = ${shown(b)} = ${shown(a * b)}`,
    );
    expect(await page.locator(".pixel-card .cells").count()).toBe(3);
    expect(await page.textContent(".pixel-card .board:first-child .cell.here")).toBe(
      `${Number(a.toFixed(2))}`.replace("-", "−").replace("0.", "."),
    );
    await page.locator(".pixel-card .board >> nth=0").locator(".cell >> nth=24").click();
    expect(await text(page, ".steps .place")).toBe("term 50 of 150 (c′ = 1, kh = 4, kw = 4)");
    await page.locator('.pixel-card input[type="range"]').press("End");
    const sum = at("conv2", 0, 1, 1, 1) - at("conv2.bias", 1);
    expect(await text(page, ".part")).toBe(`so far ${shown(sum)}, in the end ${shown(sum)}`);
    expect(await text(page, ".reads")).toBe(`It also readsconv2.bias[1] = ${shown(at("conv2.bias", 1))}`);
    await shoot(page, "window");

    // On to what it was read from: the pooling, the activation, the first convolution, the picture.
    await page.locator('.pixel-card input[type="range"]').fill("31");
    for (const [name, place] of [
      ["pool1", "pool1[1, 2, 2]"],
      ["pool1/sigmoid", "pool1/sigmoid[1, 4, 4]"],
      ["conv1", "conv1[1, 4, 4]"],
    ] as const) {
      await page.locator(".pixel-card .entry >> nth=0").click();
      await expect.poll(() => text(page, ".way strong"), { message: name }).toBe(place);
      await expect.poll(() => page.locator(".pixel-card .entry").count()).toBeGreaterThan(0);
    }
    await page.locator('.pixel-card input[type="range"]').fill("12");
    await page.locator(".pixel-card .term .entry >> nth=0").click();
    await expect
      .poll(() => text(page, ".explained"))
      .toBe(`image[0, 4, 4] = ${shown(at("image", 0, 0, 4, 4))}: this is what the model was given`);
    expect(await page.locator(".field-box:visible").count()).toBe(1);
    expect(await text(page, ".way")).toBe(
      "conv2[1, 1, 1]←pool1[1, 2, 2]←pool1/sigmoid[1, 4, 4]←conv1[1, 4, 4]←image[0, 4, 4]",
    );
    await page.locator(".pixel-card .way button >> nth=2").click();
    expect(await text(page, ".way strong")).toBe("pool1/sigmoid[1, 4, 4]");
    await page.keyboard.press("Escape");
    expect(await page.isVisible(".pixel-card")).toBe(false);
    expect(list).toEqual([]);
  });

  test("a dense layer by click; play; in Chinese, dark, on a phone", async () => {
    const { page, list } = opened;
    await page.click('[data-layer="fc1"] canvas', { position: { x: 3, y: 20 } });
    await expect.poll(() => text(page, ".way strong")).toBe("fc1[0]");
    await expect.poll(() => text(page, ".steps .place")).toMatch(/^term 1 of 400 /);
    expect(await page.locator(".pixel-card canvas").count()).toBe(3);
    await page.click(".pixel-card .play");
    await expect.poll(() => text(page, ".steps .place")).not.toMatch(/^term 1 of 400 /);
    await page.click(".pixel-card .play");
    expect(await text(page, ".play")).toBe("▶ Play");
    await page.click("#language");
    await page.click('[data-layer="pool2"] canvas >> nth=0');
    await expect.poll(() => text(page, ".steps .place")).toMatch(/^第 1 项，共 4 项/);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await shoot(page, "phone");
    expect(list).toEqual([]);
  });
});
