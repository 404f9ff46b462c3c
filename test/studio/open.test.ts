/** Files that are opened in the studio: dropped anywhere, or with the button. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileChooser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { importOnnx } from "../../compiler/onnx/index.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { kindOf } from "../../studio/opening/kind.ts";
import { file, int, ints, node, weight } from "../onnx/file.ts";
import { drop, type Opened, studioPages } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { open, shoot } = studioPages("open");

/** A convolution and three classes; height and width are left open. */
const tiny = (): Uint8Array =>
  file({
    inputs: { image: ["batch", 1, "height", "width"] },
    weights: [
      weight("conv.weight", [2, 1, 3, 3]),
      weight("conv.bias", [2], 4),
      weight("fc.weight", [3, 2], 7),
    ],
    nodes: [
      node("Conv", ["image", "conv.weight", "conv.bias"], ["h"], ints("pads", [1, 1, 1, 1])),
      node("Relu", ["h"], ["r"]),
      node("GlobalAveragePool", ["r"], ["pooled"]),
      node("Flatten", ["pooled"], ["flat"]),
      node("Gemm", ["flat", "fc.weight"], ["logits"], int("transB", 1)),
      node("Softmax", ["logits"], ["scores"]),
    ],
    outputs: ["scores"],
  });

const notice = (page: Page): Promise<string | null> => page.textContent(".notice p");
const about = (page: Page): Promise<string | null> => page.textContent(".about");

describe("files that are opened", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({ gpu: false, hash: "lecture", viewport: { width: 1280, height: 800 } });
    await opened.page.waitForSelector(".notice p"); // no WebGPU
  });

  test("an ONNX file becomes the model, with its weights, once its open sizes are known", async () => {
    const { page, list } = opened;
    await page.dispatchEvent("#panel", "dragover", {
      dataTransfer: await page.evaluateHandle(() => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], "x.onnx"));
        return data;
      }),
    });
    expect(await page.textContent(".drop-here:not([hidden])")).toBe(
      "Drop a model, weights, a picture, or numbers",
    );
    await drop(page, "tiny.onnx", tiny());
    await page.waitForSelector("dialog");
    expect(await page.locator(".drop-here:visible").count()).toBe(0);
    expect(await page.textContent("dialog h2")).toBe("tiny.onnx leaves sizes open");
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog").count()).toBe(0);
    expect(await page.textContent("#file")).toBe("models/lenet.ts");

    await drop(page, "tiny.onnx", tiny());
    await page.fill("dialog input[name=height]", "28");
    await page.fill("dialog input[name=width]", "28");
    await shoot(page, "sizes");
    await page.keyboard.press("Enter");
    await expect.poll(() => notice(page)).toMatch(/^tiny\.onnx is open: 6 layers, 26 parameters\./);
    expect([await page.textContent("#file"), page.url().split("#")[1]]).toEqual(["tiny.ts", "model"]);
    const { source } = importOnnx(tiny(), { name: "tiny", dims: { height: 28, width: 28 } });
    const shown = (await page.locator(".cm-line").allTextContents()).join("\n");
    expect(shown.trim()).toBe(source.trim());
    expect(await page.textContent("#save")).toBe("Download");
    expect(await page.locator(".panel-model .pane.source [role=alert]").count()).toBe(0);
    await shoot(page, "model");
    await page.click("#tab-try");
    await expect.poll(() => about(page)).toContain("Weights from tiny.onnx");
    await expect.poll(() => page.textContent(".panel-try .status")).toMatch(/ms for \d layers/);
    expect(list).toEqual([]);
  });

  test("weights of other names are proposed, and those that do not fit leave what was", async () => {
    const { page, list } = opened;
    const { weights } = importOnnx(tiny(), { dims: { height: 28, width: 28 } });
    const renamed = Object.fromEntries(
      Object.entries(weights).map(([name, tensor]) => [
        name.replace("conv", "stem").replace("fc", "head"),
        tensor,
      ]),
    );
    await drop(page, "renamed.safetensors", writeSafetensors(renamed));
    await page.waitForSelector("dialog");
    expect(await page.textContent("dialog h2")).toBe("renamed.safetensors has other names");
    const rows = await page
      .locator("dialog tbody tr")
      .evaluateAll((all) => all.map((row) => Array.from(row.children, (cell) => cell.textContent)));
    expect(rows).toEqual([
      ["conv", "stem", "shape"],
      ["fc", "head", "shape"],
    ]);
    await shoot(page, "proposals");
    await page.click("dialog button.primary");
    await expect.poll(() => about(page)).toContain("Weights from renamed.safetensors");

    // Without the head it is its user who says that it keeps its initial values.
    const { "head.weight": _, ...headless } = renamed;
    await drop(page, "headless.safetensors", writeSafetensors(headless));
    expect(await page.isDisabled("dialog button.primary")).toBe(true);
    await page.selectOption('dialog select[aria-label="fc"]', { label: "initial values" });
    expect(await page.isEnabled("dialog button.primary")).toBe(true);
    await page.click("dialog button.primary");
    await expect.poll(() => about(page)).toContain("Weights from headless.safetensors");

    await drop(page, "other.safetensors", writeSafetensors({ a: { shape: [7], data: new Float32Array(7) } }));
    await expect
      .poll(() => notice(page))
      .toMatch(/^other\.safetensors does not fit this model: .* are kept\.$/s);
    await drop(page, "cut.safetensors", writeSafetensors(weights).subarray(0, 40));
    await expect.poll(() => notice(page)).toMatch(/^cut\.safetensors: /);
    await drop(page, "cut.onnx", tiny().subarray(0, 200));
    await expect.poll(() => notice(page)).toMatch(/^cut\.onnx: /);
    expect(await about(page)).toContain("Weights from headless.safetensors");
    expect(await page.textContent("#file")).toBe("tiny.ts");
    expect(list).toEqual([]);
  });

  test("a model file, pictures and a data set go where they are used, by hand or with the button", async () => {
    const { page, list } = opened;
    // Asked for well before the button is pressed: the browser takes its time to hand file choosers over.
    const chosen = new Promise<FileChooser>((resolve) => page.once("filechooser", resolve));
    const picture = await readFile(join(root, "models/samples/boot.png"));
    await drop(page, "boot.png", picture);
    await expect.poll(() => page.textContent(".picture-note")).not.toBe("");
    expect(page.url()).toMatch(/#try$/);

    const source = await readFile(join(root, "models/lenet.ts"));
    await page.focus("#open");
    await page.keyboard.press("Enter");
    await (await chosen).setFiles([{ name: "mine.ts", mimeType: "text/plain", buffer: source }]);
    await expect.poll(() => page.textContent("#file")).toBe("mine.ts");
    await expect.poll(() => page.url()).toMatch(/#model$/);
    await page.click("#tab-try");
    await expect.poll(() => about(page)).toMatch(/^Untrained: initial values/); // those before do not fit

    await drop(page, "train-labels-idx1-ubyte.gz", Uint8Array.of(1));
    await expect.poll(() => page.url()).toMatch(/#train$/);
    expect(await page.isChecked('input[name="source"][value="files"]')).toBe(true);

    await drop(page, "notes.docx", Uint8Array.of(1));
    expect(await notice(page)).toMatch(
      /^notes\.docx cannot be opened here\. What can: models \(\.onnx, \.ts\)/,
    );
    await page.click("#language");
    expect(await notice(page)).toMatch(/^无法在此打开 notes\.docx。/);
    expect(await page.textContent("#open")).toBe("打开");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await shoot(page, "phone");
    expect(list).toEqual([]);
  });
});

test("what a file is, by its name", () => {
  const kinds = Object.entries({
    "a.ONNX": "onnx",
    "m.ts": "model",
    "m.d.mts": "model",
    "w.safetensors": "weights",
    "t10k-images-idx3-ubyte.gz": "set",
    "train-labels-idx1-ubyte": "set",
    "other-idx3-ubyte": "array",
    "x.npy": "array",
    "p.JPEG": "picture",
    "x.onnx.data": undefined,
    constructor: undefined,
    "train-images.png": "picture",
  });
  expect(kinds.map(([name]) => [name, kindOf({ name, type: "" })])).toEqual(kinds);
  expect(kindOf({ name: "pasted", type: "image/png" })).toBe("picture");
});
