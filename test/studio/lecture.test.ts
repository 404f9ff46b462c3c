/** The studio's lecture tab in a real browser: every section clicked, its numbers compared with the lecture's. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { outlined, readTable } from "./lecturePage.ts";
import { studioPages } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const DESK = { viewport: { width: 1200, height: 900 } };

const { open, shoot } = studioPages("lecture");
let page: Page;
let list: readonly string[];

beforeAll(async () => {
  ({ page, list } = await open({ ...DESK, permissions: ["clipboard-read", "clipboard-write"] }));
  await page.waitForSelector(".panel-lecture .topic");
});

const section = (id: string): Locator => page.locator(`#lecture-${id}`);

const table = (id: string, symbol: string, n = 0): Promise<readonly string[]> =>
  readTable(section(id), symbol, n);
const shows = (id: string, symbol: string, rows: readonly string[], n = 0): Promise<void> =>
  expect.poll(() => table(id, symbol, n)).toEqual(rows);
const says = (id: string, part: string, text: string | RegExp): Promise<void> =>
  expect.poll(() => section(id).locator(part).first().textContent()).toMatch(text);
const press = (id: string, name: string): Promise<void> =>
  section(id).getByRole("button", { name, exact: true }).click();

const slider = (id: string, name: string): Locator => section(id).getByRole("slider", { name }).first();

describe("the lecture", () => {
  test("slides a kernel over an input", async () => {
    await shows("corr2d", "Y", ["19 25", "37 43"]);
    await says("corr2d", ".sum", "Y[0, 0] = 0·0 + 1·1 + 3·2 + 4·3 = 19");
    await section("corr2d").locator("td.current button").press("ArrowRight");
    await says("corr2d", ".sum", "Y[0, 1] = 1·0 + 2·1 + 4·2 + 5·3 = 25");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(
      "row 1, column 2: 25",
    );
    expect(await section("corr2d").locator("td.tap").count()).toBe(4);

    await section("corr2d").getByLabel("row 3, column 3: input").fill("10");
    await shows("corr2d", "Y", ["19 25", "37 49"]); // 43 + 2 · 3
    await press("corr2d", "One step on");
    await press("corr2d", "One step on");
    await says("corr2d", ".sum", "Y[1, 1] = 4·0 + 5·1 + 7·2 + 10·3 = 49");
    await press("corr2d", "▶ Play"); // from the beginning, to the end
    await says("corr2d", ".sum", /^Y\[0, 1\]/);
    await press("corr2d", "❚❚ Pause");
    expect(await section("corr2d").locator(".place").textContent()).toBe("2 / 4");

    await slider("corr2d", "Input").fill("4");
    await slider("corr2d", "Kernel").fill("3");
    await shows("corr2d", "Y", ["258 294", "402 438"]); // 0 … 15 and 0 … 8, by hand
    await press("corr2d", "The lecture’s example");
    await shows("corr2d", "Y", ["19 25", "37 43"]);
  });

  test("shows the code that computes it, to be copied", async () => {
    await section("corr2d").locator("details.source summary").click();
    await section("corr2d").locator("details.wgsl summary").click();
    await says("corr2d", "details.wgsl code", /@compute/);
    await section("corr2d").locator("details.source .copy").click();
    await says("corr2d", "details.source .copy", "Copied");
    const copied = await page.evaluate("navigator.clipboard.readText()");
    expect(copied).toBe(
      [
        'import { corr2d, input, model } from "weftgpu";\n',
        'const picture = input("picture", [3, 3]);',
        'const kernel = input("kernel", [2, 2]);\n',
        "const result = corr2d(picture, kernel);\n",
        'export default model("corr2d", { picture, kernel }, { result });\n',
      ].join("\n"),
    );
    for (const id of ["edges", "learning", "sizes", "channels", "one-by-one", "pooling", "lenet"])
      expect(await section(id).locator("details.wgsl code").textContent(), id).toMatch(/@compute/);
  });

  test("finds edges", async () => {
    const edges = Array.from({ length: 6 }, () => "0 1 0 0 0 −1 0");
    await shows("edges", "Y", edges);
    await shows(
      "edges",
      "Y",
      Array.from({ length: 8 }, () => "0 0 0 0 0"),
      1,
    );
    await section("edges").getByLabel("row 1, column 8: 1").click(); // a black pixel in the corner
    await shows("edges", "Y", ["0 1 0 0 0 −1 1", ...edges.slice(1)]);
    await press("edges", "Stripe");
    await section("edges").getByLabel("K = [1, −1]ᵀ").check();
    await shows(
      "edges",
      "Y",
      Array.from({ length: 5 }, () => "0 0 0 0 0 0 0 0"),
    );
    const [none, one, other] = ["0 0 0 0 0 0", "1 1 1 1 1 1", "−1 −1 −1 −1 −1 −1"];
    await shows("edges", "Y", [none, one, none, none, none, other, none].map(String), 1);
  });

  test("outlines a picture", async () => {
    const raw = await sharp(join(root, "models/samples/boot.png")).toColourspace("b-w").raw().toBuffer();
    const outline = outlined(raw);
    const text = (v: number): string => `${Number(v.toPrecision(3))}`.replace("-", "−");
    const filters = section("edges").locator(".filters");
    await filters.getByRole("button", { name: "boot" }).click();
    await press("edges", "Outline");
    const range = `Values from ${text(Math.min(...outline))} (violet) to ${text(Math.max(...outline))} (green).`;
    await says("edges", ".filters .remark", range);
    await filters.getByLabel("row 2, column 2: kernel").fill("9");
    await expect.poll(() => filters.locator(".remark").textContent()).not.toBe(range);
  });

  test("learns the kernel as the lecture does, and from a seed", async () => {
    const rows = (): Promise<readonly string[]> => section("learning").locator("tbody tr").allInnerTexts();
    await says("learning", ".status", "The kernel starts at [0.3680, −0.2034].");
    // The beat is the clock's, and the clock is ours.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await press("learning", "▶ Run to step 10");
    for (const count of [2, 3, 4]) {
      await expect.poll(async () => (await rows()).length).toBe(count);
      if (count < 4) await page.clock.runFor(350);
    }
    await press("learning", "❚❚ Pause");
    await expect.poll(() => section("learning").locator(".run").textContent()).toBe("▶ Run to step 10");
    await page.clock.runFor(10_000);
    await page.clock.resume();
    const paused = (await rows()).length;
    expect(paused).toBe(4);
    await press("learning", "One step");
    await expect.poll(async () => (await rows()).length).toBe(paused + 1);
    await press("learning", "▶ Run to step 10");
    await says("learning", ".status", "Step 10: loss 0.009, kernel [1.0006, −0.9829].");
    const losses = (await rows()).map((row) => row.split(/\s+/)[1]);
    expect([2, 4, 6, 8, 10].map((i) => losses[i])).toEqual(["2.768", "0.527", "0.114", "0.030", "0.009"]);
    expect((await rows()).at(-1)).toMatch(/0\.02\s+1\.00\s+0\.00\s+0\.00\s+0\.00\s+−0\.98\s+0\.02$/);

    await section("learning").getByLabel("the lecture’s start").uncheck();
    await section("learning").getByLabel("seed").fill("7");
    await section("learning").getByLabel("seed").blur();
    await expect.poll(async () => (await rows()).length).toBe(1);
    await slider("learning", "Learning rate").fill("0.04");
    for (let i = 0; i < 3; i++) {
      await press("learning", "One step");
      await expect.poll(async () => (await rows()).length).toBe(i + 2);
    }
    const figures = (await rows()).map((row) => row.split(/\s+/).map((v) => Number(v.replace("−", "-"))));
    const sums = figures.map(([, ...f]) => (f.at(-9) ?? Number.NaN) + (f.at(-8) ?? Number.NaN));
    for (const [i, sum] of sums.slice(1).entries())
      expect(sum / (sums[i] ?? 0)).toBeCloseTo(1 - 0.04 * 60, 1);
    await press("learning", "Reset");
    await says("learning", ".status", /^The kernel starts at/);
  });

  test("puts padding, stride and dilation into the formula", async () => {
    await shows("sizes", "Y", ["4 6 6 6", "6 9 9 9", "6 9 9 9", "6 9 9 9"]);
    await says(
      "sizes",
      ".formula",
      "⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1 = ⌊(8 + 2·1 − 1·(3 − 1) − 1)/2⌋ + 1 = ⌊7/2⌋ + 1 = 4",
    );
    await says("sizes", ".remark", /^7 is no multiple of 2/);
    await press("sizes", "LeNet’s first");
    await says("sizes", ".formula", "⌊(8 + 2·2 − 1·(5 − 1) − 1)/1⌋ + 1 = ⌊7/1⌋ + 1 = 8");
    await expect.poll(async () => (await table("sizes", "Y"))[0]).toBe("9 12 15 15 15 15 12 9");
    await slider("sizes", "Dilation").fill("3");
    await slider("sizes", "Padding").fill("0");
    await says("sizes", ".note", "Weft refuses these sizes:conv2d cannot place a 5×5 kernel on [N, 1, 8, 8]");
    await says(
      "sizes",
      ".note",
      "kernel ≤ input + padding in height, but 5 (dilation 3 makes it 13) > 8 + 0 + 0",
    );
    await press("sizes", "Same size");
    await expect.poll(() => section("sizes").locator(".note").isHidden()).toBe(true);
    await expect.poll(async () => (await table("sizes", "Y")).length).toBe(8);
  });

  test("adds channels up and stacks them", async () => {
    await shows("channels", "Y", ["56 72", "104 120"]);
    await shows("channels", "X₁∗K₁", ["37 47", "67 77"]);
    await section("channels").getByLabel("1", { exact: true }).check();
    await shows("channels", "Y", ["76 100", "148 172"]);
    await section("channels").getByLabel("2", { exact: true }).check();
    await shows("channels", "Y", ["96 128", "192 224"]);
    await section("channels").getByLabel("0", { exact: true }).check();
    await section("channels").getByLabel("row 1, column 1: kernel").first().fill("1");
    await shows("channels", "Y", ["56 73", "107 124"]); // + X₀ once more
    await press("channels", "All kernels + 1");
    await shows("channels", "Y", ["76 101", "151 176"]);
  });

  test("mixes channels, pixel by pixel", async () => {
    await shows("one-by-one", "Y₀", ["−8 −6 −4", "−2 0 2", "4 6 8"]);
    await shows("one-by-one", "Y₁", ["10 12 14", "16 18 20", "22 24 26"]);
    await section("one-by-one").locator("td.current button").first().press("ArrowDown");
    await says("one-by-one", ".sums .sum", "Y₀[1, 0] = 3·1 + 4·0 + 5·(−1) = −2");
    await says("one-by-one", ".remark", /largest difference over all pixels is 0\.$/);
  });

  test("pools", async () => {
    await shows("pooling", "Y", ["5 7", "13 15"]);
    await press("pooling", "3×3");
    await shows("pooling", "Y", ["10"]);
    await press("pooling", "3×3, padding 1, stride 2");
    await shows("pooling", "Y", ["5 7", "13 15"]);
    await says("pooling", ".sum", "Y[0, 0] = max(0, 1, 4, 5) = 5");
    await press("pooling", "2×3");
    await shows("pooling", "Y", ["5 7", "13 15"]);
    await press("pooling", "average 2×2");
    await shows("pooling", "Y", ["2.5 4.5", "10.5 12.5"]);
    await section("pooling").getByLabel("row 1, column 1: input").fill("−4");
    await shows("pooling", "Y", ["1.5 4.5", "10.5 12.5"]);
    await says("pooling", ".sum", "Y[0, 0] = ((−4) + 1 + 4 + 5)/4 = 1.5");
    await slider("pooling", "Stride").fill("1");
    await expect.poll(async () => (await table("pooling", "Y")).length).toBe(3);
  });

  test("has LeNet’s shapes, and leads to the model", async () => {
    const outputs = await section("lenet").locator("tbody td:nth-child(2)").allTextContents();
    expect(outputs.slice(0, 7)).toEqual(
      ["6, 28, 28", "6, 28, 28", "6, 14, 14", "16, 10, 10", "16, 10, 10", "16, 5, 5", "400"].map(
        (s) => `[N, ${s}]`,
      ),
    );
    expect(await section("lenet").locator("tbody").textContent()).toContain("⌊(28 + 2·2 − 5)/1⌋ + 1 = 28");
    await says("lenet", ".remark", "61,706 parameters. Weft computes the 12 layers in 5 kernels.");
  });

  test("speaks Chinese, and keeps what was typed", async () => {
    await page.click("#language");
    const titles = await page.locator(".panel-lecture h2").allInnerTexts();
    expect(titles.map((t) => t.replace(/^\d\s*/, ""))).toEqual([
      "互相关运算",
      "边缘检测",
      "学习卷积核",
      "填充和步幅",
      "多个通道",
      "1×1 卷积",
      "汇聚层",
      "LeNet 的形状",
    ]);
    await shows("corr2d", "Y", ["19 25", "37 43"]);
    expect(await section("corr2d").getByLabel("第 1 行第 1 列：19").count()).toBe(1);
    await says("sizes", ".remark", "输出与输入一样大。");
    await says("learning", ".status", /^卷积核从 \[.*\] 开始。$/);
    // Only names, code and Weft's own messages stay English.
    const words = await page.locator(".panel-lecture .topic > p, .panel-lecture .opening").allInnerTexts();
    expect(words.filter((w) => !/[\u4e00-\u9fff]/.test(w) && !w.startsWith("Y["))).toEqual([]);
    await shoot(page, "zh");
    await page.click("#language");
    await press("lenet", "Open the Model tab →");
    await expect.poll(() => page.evaluate("location.hash")).toBe("#model");
    // Back while the kernels are still being built, and away once more.
    for (const tab of ["lecture", "model", "lecture"]) await page.click(`#tab-${tab}`);
    await shows("pooling", "Y", ["5 7", "13 15"]);
    await says("learning", ".status", "The kernel starts at [0.3680, −0.2034].");
    expect(list).toEqual([]);
  });
});
