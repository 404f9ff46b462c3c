/** The studio on a phone, without WebGPU, and where the GPU device is lost: one page each, for every tab. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { readTable } from "./lecturePage.ts";
import { studioPages } from "./page.ts";

const { open, shoot } = studioPages("model");

const tab = (page: Page, id: string): Promise<void> => page.click(`#tab-${id}`);

describe("the studio", () => {
  test("fits a phone, is dark where the system is, speaks Chinese, and holds still where asked", async () => {
    const { page, list } = await open({
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      hasTouch: true,
      locale: "zh-CN",
      colorScheme: "dark",
      reducedMotion: "reduce",
      hash: "lecture/pooling",
    });
    const width = (): Promise<unknown> => page.evaluate("document.documentElement.scrollWidth");
    await page.waitForSelector(".panel-lecture .topic");
    await expect.poll(() => page.locator('.panel-lecture [aria-busy="true"]').count()).toBe(0);
    expect(await readTable(page.locator("#lecture-corr2d"), "Y")).toEqual(["19 25", "37 43"]);
    expect(await readTable(page.locator("#lecture-pooling"), "Y")).toEqual(["5 7", "13 15"]);
    expect(await page.locator(".panel-lecture .note.bad:visible").allTextContents()).toEqual([]);
    expect(await width()).toBe(390);
    expect(await page.evaluate("document.activeElement.id")).toBe("lecture-pooling-title"); // led to the topic
    const style = (selector: string, name: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).${name}`);
    expect(await style(".panel-lecture .frame", "transitionDuration")).toBe("0s");
    const [red = 255] = (/\d+/.exec(await style("#lecture-pooling", "backgroundColor")) ?? []).map(Number);
    expect(red).toBeLessThan(60);
    await shoot(page, "lecture-phone");

    await tab(page, "try");
    await expect.poll(() => page.textContent(".verdict")).toBe("Bag");
    expect(await page.textContent(".main h2")).toBe("各层");
    expect(await width()).toBe(390);
    await page.tap('[data-layer="conv2"] canvas >> nth=5');
    await expect.poll(() => page.textContent(".readout .line")).toMatch(/^conv2，?.*通道 5/);
    await shoot(page, "try-phone");

    await tab(page, "train");
    expect(await page.textContent("#train-go")).toBe("开始训练");
    expect(await width()).toBe(390);
    await shoot(page, "train-phone");
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("without WebGPU computes and trains in WebAssembly, and shows the code of a GPU", async () => {
    const { page, list } = await open({ gpu: false });
    await page.waitForSelector(".verdict.good");
    expect(await page.locator(".notice").textContent()).toMatch(
      /^No WebGPU: this browser has no WebGPU\. .*Models run and train in WebAssembly here/,
    );
    await page.click("#measure");
    await expect.poll(() => page.textContent(".measured")).toMatch(/^timing kernels needs WebGPU/);

    await tab(page, "try");
    await expect.poll(() => page.locator(".panel-try .verdict").textContent()).toBe("Bag");
    await tab(page, "lecture");
    await expect.poll(() => page.locator('.panel-lecture [aria-busy="true"]').count()).toBe(0);
    expect(await page.locator(".panel-lecture .note.bad:visible").allTextContents()).toEqual([]);
    await tab(page, "train");
    await expect.poll(() => page.isEnabled("#train-go")).toBe(true);
    await page.click("#train-go");
    await expect.poll(() => page.textContent(".speed")).toMatch(/^[\d,]+ examples\/s$/);
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("without WebGPU and WebAssembly shows models and code, and each tab says what is missing", async () => {
    const { page } = await open({ gpu: false, prepare: "delete globalThis.WebAssembly" });
    await page.waitForSelector(".verdict.good");
    expect(await page.locator(".cell.layer").count()).toBe(12);
    await page.click("#measure");
    await expect.poll(() => page.textContent(".measured")).toMatch(/^this browser has no WebGPU/);
    expect(await page.locator(".notice").textContent()).toMatch(
      /^No WebGPU: this browser has no WebGPU\. .*The model can be looked at and edited here/,
    );
    await shoot(page, "no-webgpu");
    await page.click(".notice button");
    expect(await page.isVisible(".notice")).toBe(false);

    await tab(page, "lecture");
    await expect
      .poll(() => page.locator("#lecture-corr2d .note").textContent())
      .toMatch(/^This cannot be computed here:this browser has no WebGPU/);
    for (const code of await page.locator(".panel-lecture details.wgsl code").allTextContents())
      expect(code).toMatch(/@compute/);
    await expect.poll(() => page.locator("#lecture-learning .note").isVisible()).toBe(true);

    await tab(page, "try");
    await expect.poll(() => page.textContent(".problem [role=alert]")).toMatch(/^This browser has no WebGPU/);
    await shoot(page, "try-no-webgpu");

    await tab(page, "train");
    await expect.poll(() => page.textContent("#train-failure")).toMatch(/^This browser has no WebGPU/);
    expect(await page.isDisabled("#train-go")).toBe(true);
    await page.context().close();
  });

  test("outlives its device: each tab computes on another one, or says how to go on", async () => {
    /** Keeps every device that the page is given, and counts them. */
    const prepare = `
      window.devices = [];
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (wanted) {
        const device = await request.call(this, wanted);
        window.devices.push(device);
        return device;
      };`;
    const model = `
      import { flatten, input, linear, model, N } from "weftgpu";
      const image = input("image", [N, 1, 28, 28]);
      export default model("small", { image }, { scores: linear(flatten(image), { out: 10 }) }, { classes: 10 });`;
    const { page, list } = await open({ prepare, model, hash: "try" });
    const lose = (): Promise<unknown> => page.evaluate("window.devices.at(-1).destroy()");
    const count = (): Promise<unknown> => page.evaluate("window.devices.length");
    const verdict = (): Promise<string | null> => page.textContent(".verdict");
    await expect.poll(verdict).toBe("Draw something bright on black");
    expect(await count()).toBe(1);

    await lose();
    await page.click(".pad", { position: { x: 100, y: 60 } });
    await expect.poll(verdict).toMatch(/^class \d$/);
    expect(await count()).toBe(2);

    await tab(page, "train");
    const status = (): Promise<string | null> => page.textContent("#train-status");
    for (const [name, value] of Object.entries({ limit: 60, batch: 20, epochs: 1000 }))
      await page.fill(`#train-${name}`, `${value}`);
    await page.click("#train-go");
    await expect.poll(status).toMatch(/^Epoch (?:[2-9]|\d\d+) of 1000/);
    await lose();
    await expect
      .poll(() => page.textContent("#train-failure"))
      .toMatch(
        /^The GPU device was lost \([^;]+\)“Resume” takes another device and goes on with the state that was kept last\.$/,
      );
    await page.click("#train-go:has-text('Resume')");
    await expect.poll(status).toMatch(/^Epoch \d+ of 1000/);
    expect(await page.textContent("#train-failure")).toBe("");
    expect(await count()).toBe(3);
    await page.click("#train-stop");
    await expect.poll(status).toMatch(/^Stopped after \d+ epochs?$/);

    await lose();
    await tab(page, "model");
    await page.click("#measure");
    await expect.poll(() => page.textContent(".measured")).toMatch(/^[\d.]+ (?:µs|ms) in all, N = 1$/);
    expect(await count()).toBe(4);
    expect(list).toEqual([]);
    await page.context().close();
  });
});
