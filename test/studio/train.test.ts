/**
 * The Train tab in a real browser: a small set of IDX files, live curves, pausing, weights. LeNet learns in WebAssembly, which builds
 * it at once; a small model on WebGPU.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { checkWeights, readSafetensors } from "../../contract/weights.ts";
import { load } from "../../runtime/index.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { usualDevice } from "../adapter.ts";
import { idx } from "../cli/make.ts";
import { turns } from "../pages/chromium.ts";
import { sayings, studioPages } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const { open, shoot, folder } = studioPages("train");

const status = (page: Page): Promise<string | null> => page.textContent("#train-status");
const ready = (page: Page): Promise<void> => expect.poll(() => page.isEnabled("#train-go")).toBe(true);
/** How many points a curve has. */
const points = (page: Page, curve: number): Promise<number> =>
  page.evaluate(
    (i) => document.querySelector(`.plot .curve.c${i}`)?.getAttribute("d")?.match(/[ML]/g)?.length ?? 0,
    curve,
  );

async function settings(page: Page, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await page.fill(`#train-${name}`, `${value}`);
}

/** Bars that are wider from class to class: 100 pictures to train with, 20 to test with. */
function idxFiles(): readonly string[] {
  const pixels = (rows: number): number[] =>
    Array.from({ length: rows * 784 }, (_, i) =>
      Math.floor(i / 28) % 28 < 3 + 2 * (Math.floor(i / 784) % 10) ? 220 : 10,
    );
  const labels = (rows: number): number[] => Array.from({ length: rows }, (_, i) => i % 10);
  const file = (name: string, bytes: Buffer): string => {
    const path = join(folder(), name);
    writeFileSync(path, bytes);
    return path;
  };
  return [
    file("train-images-idx3-ubyte.gz", gzipSync(idx([100, 28, 28], pixels(100)))),
    file("train-labels-idx1-ubyte.gz", gzipSync(idx([100], labels(100)))),
    file("t10k-images-idx3-ubyte", idx([20, 28, 28], pixels(20))),
    file("t10k-labels-idx1-ubyte.gz", gzipSync(idx([20], labels(20)))),
  ];
}

describe("the Train tab", () => {
  test("trains on files, pauses, gives the weights, and goes on with the model it began with", async () => {
    const { page, list } = await open({ colorScheme: "light", gpu: false });
    await ready(page);
    expect(await page.textContent(".about-model")).toBe("lenet, 61,706 parameters");
    expect(await page.inputValue("#train-recipe")).toBe("quick");
    await page.selectOption("#train-recipe", "lecture");
    expect(await page.inputValue("#train-lr")).toBe("0.9");
    const files = idxFiles();
    await page.check("input[value=files]");
    await page.setInputFiles("#train-files", files.slice(0, 3));
    expect(await page.textContent(".choose [role=status]")).toBe("Still missing: t10k-labels-idx1-ubyte.gz");
    await settings(page, { batch: 10, epochs: 1000, lr: 0.5, seed: 3 });
    expect(await page.inputValue("#train-recipe")).toBe("own");
    await page.click("#train-go");
    await expect
      .poll(() => page.textContent("#train-failure"))
      .toMatch(/^t10k-labels-idx1-ubyte\.gz is missing/);
    await page.setInputFiles("#train-files", files.slice(3)); // the others are kept
    const said = await sayings(page, "#train-status");
    await page.focus("#train-epochs");
    await page.keyboard.press("Enter"); // as a form does
    await expect.poll(() => status(page)).toMatch(/^Epoch \d+ of 1000, step \d+ of 10$/);
    expect(await said()).toEqual(expect.arrayContaining([expect.stringMatching(/^Building \d+ kernels …$/)]));
    expect(await page.textContent("#train-failure")).toBe("");
    expect(await page.isDisabled("#train-batch")).toBe(true);

    await expect.poll(() => points(page, 0)).toBeGreaterThan(10);
    await expect.poll(() => page.textContent(".speed")).toMatch(/^[\d,]+ examples\/s$/);

    await page.click("#train-go:has-text('Pause')");
    await expect.poll(() => status(page)).toMatch(/^Paused after \d+ steps$/);
    const paused = await status(page);
    const before = await points(page, 0);
    await turns(page);
    expect([await status(page), await points(page, 0)]).toEqual([paused, before]);
    const done = Math.ceil(Number(/\d+/.exec(paused ?? "")?.[0]) / 10) + 1;
    await settings(page, { epochs: done });
    await page.click("#train-go:has-text('Resume')");
    await expect.poll(() => status(page)).toBe(`Trained for ${done} epochs`);
    expect(await points(page, 0)).toBeGreaterThan(before);
    expect(await points(page, 0)).toBe(10 * done);
    expect(await points(page, 2)).toBe(done);
    const table = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLTableRowElement>(".epochs tbody tr")].map((row) =>
        [...row.cells].map((cell) => Number(cell.textContent?.replaceAll(",", ""))),
      ),
    );
    expect(table.map(([epoch]) => epoch)).toEqual(Array.from({ length: done }, (_, i) => done - i));
    expect(table[0]?.[1]).toBeLessThan(table.at(-1)?.[1] ?? 0); // the loss has fallen
    expect(await page.getAttribute(".plot", "aria-label")).toContain(`After epoch ${done}: train loss `);
    expect(await page.textContent(".pictures:not(.mistakes) li:nth-child(4)")).toBe("class 3");
    await page.hover(".plot", { position: { x: 60, y: 100 } });
    await shoot(page, "light");

    const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#train-save")]);
    expect(saved.suggestedFilename()).toBe("lenet.safetensors");
    const bytes = readFileSync(await saved.path());
    expect(JSON.parse(readMetadata(bytes)["classes"] ?? "")).toHaveLength(10);
    const { program } = compile((await loadModel(join(root, "models/lenet.ts"))).graph);
    expect(checkWeights(program.params, readSafetensors(bytes))).toHaveLength(10);
    const { device } = await usualDevice();
    const session = await load(program, { weights: bytes, device });
    const { logits } = await session.run({ image: new Float32Array(784) });
    expect(logits?.data.every(Number.isFinite)).toBe(true);
    session.destroy();
    device.destroy();

    await page.click("#train-use");
    await expect
      .poll(() => page.textContent(".about"))
      .toContain(`Trained in this page: lenet, ${done} epochs of Files of your own`);
    expect(await page.locator(".samples button").count()).toBe(10);
    await page.click("#tab-train");
    expect(await status(page)).toBe(`Trained for ${done} epochs`);
    await settings(page, { epochs: 1000 });
    await page.click("#train-go:has-text('Resume')"); // more epochs go on
    await expect.poll(() => status(page)).toMatch(/^Epoch \d+ of 1000/);
    await page.click("#tab-model");
    await page.click(".cm-content");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("// edited");
    await page.click("#tab-train");
    await expect.poll(() => page.isVisible("#train-edited")).toBe(true);
    expect(await status(page)).toMatch(/^Epoch \d+ of 1000/);
    await page.click("#train-stop");
    await expect.poll(() => status(page)).toMatch(/^Stopped after \d+ epochs?$/);
    expect(await page.isEnabled("#train-batch")).toBe(true);
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("learns drawn shapes with the settings it proposes, and shows what it takes for what", async () => {
    const { page, list } = await open({ colorScheme: "dark", gpu: false });
    await ready(page);
    const shown = async (name: string): Promise<string> => page.inputValue(`#train-${name}`);
    expect([await shown("optimizer"), await shown("lr"), await shown("batch")]).toEqual([
      "adam",
      "0.003",
      "64",
    ]);
    await settings(page, { limit: 2400, epochs: 6 }); // less of it, as a test is not to take long
    await page.click("#train-go");
    await expect.poll(() => status(page)).toBe("Trained for 6 epochs");
    const accuracy = await page.evaluate(() =>
      Number(document.querySelector(".epochs tbody tr td:nth-child(4)")?.textContent),
    );
    expect(accuracy).toBeGreaterThan(0.5); // guesses are right once in ten times
    expect(await page.isVisible("#train-flat")).toBe(false);
    const counts = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLTableRowElement>(".confusion tbody tr")].map((row) =>
        [...row.cells].slice(1).map((cell) => Number(cell.textContent)),
      ),
    );
    expect(counts.map((row) => row.length)).toEqual(Array.from({ length: 10 }, () => 10));
    const all = counts.flat().reduce((a, b) => a + b, 0);
    const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
    expect(all).toBe(400);
    expect(right / all).toBeCloseTo(accuracy, 2);
    const wrong = await page.locator(".mistakes li").count();
    expect(wrong).toBe(Math.min(12, all - right));
    await shoot(page, "answers");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("says before the button that a model cannot be trained", async () => {
    const two = `
      import { input, linear, model, N } from "weftgpu";
      const a = input("a", [N, 3]);
      export default model("two", { a }, { b: linear(a, { out: 2 }), c: linear(a, { out: 3 }) });`;
    const { page, list } = await open({ model: two, gpu: false });
    await expect
      .poll(() => page.textContent(".about-model"))
      .toMatch(/^two cannot be trained here: pictures/);
    expect(await page.isDisabled("#train-go")).toBe(true);
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("names the layer where a training diverges", async () => {
    const boom = `
      import { exp, flatten, input, linear, model, mul, N } from "weftgpu";
      const image = input("image", [N, 1, 28, 28]);
      const hidden = linear(flatten(image), { out: 10 });
      const scores = exp(mul(hidden, 1000));
      export default model("boom", { image }, { scores });`;
    const { page, list } = await open({ colorScheme: "dark", model: boom });
    await ready(page);
    await settings(page, { limit: 60, batch: 20 });
    await page.selectOption("#train-optimizer", "sgd");
    expect(await page.inputValue("#train-lr")).toBe("0.9");
    await page.selectOption("#train-optimizer", "adam");
    expect(await page.inputValue("#train-lr")).toBe("0.001");
    expect(await page.isDisabled("#train-momentum")).toBe(true);
    await page.selectOption("#train-clip", "norm");
    await page.click("#train-go");
    await expect
      .poll(() => page.textContent("#train-failure"))
      .toMatch(
        /^The training divergedThe loss of epoch 1, step 1 of 3 is .*scores's activations .* hold \d+ values that are NaN or infinite/,
      );
    expect(await status(page)).toBe("Ready"); // nothing was learnt
    await shoot(page, "diverged");
    expect(list).toEqual([]);
    await page.context().close();
  });
});
