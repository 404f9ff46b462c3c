/** The Try tab in a real browser: drawing, dropping, and every layer's values against the reference. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { readPicture } from "../../cli/input/image.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { readSafetensors, writeSafetensors } from "../../contract/weights.ts";
import { targetOf } from "../../data/array.ts";
import { initialise } from "../../runtime/initialise.ts";
import { shown } from "../../studio/tabs/try/color.ts";
import { layersOf, outputName, watching } from "../../studio/tabs/try/layers.ts";
import { ndarray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { drop, type Opened, sayings, studioPages } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const { open, shoot } = studioPages("try");

const COMPUTED = /^[\d.]+ ms for \d+ layers?, copies included$/;
const status = (page: Page): Promise<string | null> => page.textContent(".panel-try .status");
const verdict = (page: Page): Promise<string | null> => page.textContent(".verdict");
const note = (page: Page): Promise<string | null> => page.textContent(".picture-note");
const computed = (page: Page): Promise<void> => expect.poll(() => status(page)).toMatch(COMPUTED);

describe("the Try tab", () => {
  let lenet: Opened;
  beforeAll(async () => {
    lenet = await open();
  });

  test("shows the values of every layer, which are those of the reference", async () => {
    const { page, list } = lenet;
    await expect.poll(() => verdict(page)).toBe("Bag"); // the first sample, with the trained weights
    await computed(page);
    expect(await page.textContent(".about")).toContain("Trained weights: lenet.fashion-mnist.safetensors");

    const { graph } = await loadModel(join(root, "models/lenet.ts"));
    const layers = layersOf(graph);
    const tensors = readSafetensors(await readFile(join(root, "models/lenet.fashion-mnist.safetensors")));
    const params = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [name, ndarray(shape, data)]),
    );
    const picture = await readPicture(
      join(root, "models/samples/bag.png"),
      targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 28, 28] }),
      false,
    );
    const image = ndarray(picture.shape, picture.data);
    const expected = evaluate(watching(graph, layers), { image }, params);

    const seen = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("[data-layer]")].map((layer) => ({
        name: layer.dataset["layer"],
        canvases: [...layer.querySelectorAll("canvas")].map((c) => [c.width, c.height]),
        legend: layer.querySelector(".legend")?.textContent,
      })),
    );
    expect(seen.map((l) => l.name)).toEqual(layers.map((l) => l.name));
    for (const [i, { view, name }] of layers.entries()) {
      const canvases = seen[i]?.canvases ?? [];
      if (view.kind === "bars") expect(canvases, name).toHaveLength(1);
      else
        expect(canvases, name).toEqual(Array.from({ length: view.count }, () => [view.width, view.height]));
    }

    await page.focus('[data-layer="pool2"] .maps');
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "PageDown"]) await page.keyboard.press(key);
    expect(await page.textContent(".readout .line")).toMatch(/^pool2, channel 1, row 1, column 1: /);

    // Elements all over each layer, read off by pointing at them.
    const places = layers.flatMap((layer) =>
      [0.02, 0.31, 0.66, 0.98].map((part) => ({
        name: layer.name,
        index: Math.floor(part * layer.size),
        view: layer.view,
      })),
    );
    const lines = await page.evaluate((wanted) => {
      return wanted.map(({ name, index, view }) => {
        const layer = document.querySelector(`[data-layer="${name}"]`);
        const size = view.kind === "maps" ? view.height * view.width : view.count;
        const canvas = layer?.querySelectorAll("canvas")[Math.floor(index / size)];
        const box = canvas?.getBoundingClientRect();
        if (!box) return "";
        const rest = index % size;
        const [columns, rows] = view.kind === "maps" ? [view.width, view.height] : [view.count, 1];
        // Bars do not always fill their strip.
        const width = view.kind === "bars" ? Math.min(box.width, view.count * 30) : box.width;
        canvas?.dispatchEvent(
          new PointerEvent("pointermove", {
            bubbles: true,
            clientX: box.left + (((rest % columns) + 0.5) / columns) * width,
            clientY: box.top + ((Math.floor(rest / columns) + 0.5) / rows) * box.height,
          }),
        );
        return document.querySelector(".readout .line")?.textContent ?? "";
      });
    }, places);
    for (const [i, { name, index }] of places.entries()) {
      const layer = layers.find((l) => l.name === name);
      const value = expected[layer ? outputName(layer) : ""]?.data[index] ?? Number.NaN;
      const line = lines[i] ?? "";
      expect(line, `${name} ${index}`).toMatch(new RegExp(`^${name}, `));
      const read = Number(/: (\S+) · /.exec(line)?.[1]?.replace("−", "-"));
      const most = Math.max(...(expected[layer ? outputName(layer) : ""]?.data ?? []).map(Math.abs));
      expect(Math.abs(read - value), `${line}, expected ${shown(value)}`).toBeLessThan(
        6e-4 * Math.abs(value) + 1e-5 * most,
      );
    }
    expect(lines.at(-1)).toBe(
      `logits, element 9: ${/: (\S+) · /.exec(lines.at(-1) ?? "")?.[1]} · sees the whole picture`,
    );
    await page.hover('[data-layer="conv1"] canvas >> nth=2', { position: { x: 43.5, y: 43.5 } });
    expect(await page.textContent(".readout .line")).toMatch(
      /^conv1, channel 2, row 14, column 14: \S+ · sees rows 12 to 16, columns 12 to 16 of the picture$/,
    );
    expect(await page.isVisible(".field-box")).toBe(true);
    await shoot(page, "light");

    expect(list).toEqual([]);
  });

  test("takes drawings, pictures of any size, and weights", async () => {
    const { page, list } = lenet;
    await page.emulateMedia({ colorScheme: "dark" });
    await page.selectOption("#try-scale", "map");
    await page.click('.samples button:has-text("trouser")');
    await expect.poll(() => verdict(page)).toBe("Trouser");
    await page.click('button:has-text("Clear")');
    await expect.poll(() => verdict(page)).toBe("Draw something bright on black");

    const box = await page.locator(".pad").boundingBox();
    if (!box) throw new Error("no pad");
    const stroke = async (from: readonly number[], to: readonly number[]): Promise<void> => {
      const at = ([x = 0, y = 0]: readonly number[]): [number, number] => [
        box.x + x * box.width,
        box.y + y * box.height,
      ];
      await page.mouse.move(...at(from));
      await page.mouse.down();
      await page.mouse.move(...at(to), { steps: 6 });
      await page.mouse.up();
    };
    const legend = (): Promise<string | null> => page.textContent('[data-layer="fc1"] .legend');
    const before = await legend();
    await stroke([0.35, 0.1], [0.35, 0.92]);
    await expect.poll(legend).not.toBe(before); // recomputed while drawing
    for (const x of [0.4, 0.6, 0.65]) await stroke([x, 0.1], [x, 0.92]); // two legs
    for (const y of [0.1, 0.15, 0.2]) await stroke([0.36, y], [0.64, y]);
    await expect.poll(() => verdict(page)).toBe("Trouser");
    await shoot(page, "dark");

    // A photograph's case: dark on bright, and large.
    const photo = await sharp(join(root, "models/samples/bag.png"))
      .resize(280, 280)
      .negate({ alpha: false })
      .extend({ left: 10, right: 10, background: "#fff" })
      .png()
      .toBuffer();
    await drop(page, "photo.png", photo);
    await expect
      .poll(() => note(page))
      .toBe("resized from 300×280 to 28×28 · inverted, as its background is bright");
    await expect.poll(() => verdict(page)).toBe("Bag");
    await page.click('button:has-text("Invert")');
    await expect.poll(() => verdict(page)).not.toBe("Bag");
    await page.setInputFiles(".picture-card input[type=file]", join(root, "models/samples/boot.png"));
    await expect.poll(() => verdict(page)).toBe("Ankle boot");
    await page.evaluate(async () => {
      const data = new DataTransfer();
      const sample = await fetch("samples/sandal.png").then((response) => response.blob());
      data.items.add(new File([sample], "image.png", { type: "image/png" }));
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    });
    await expect.poll(() => verdict(page)).toBe("Sandal");
    await drop(page, "broken.png", Uint8Array.of(1, 2, 3));
    await expect.poll(() => note(page)).toBe("broken.png is no picture that the browser can read");

    const { params } = compile((await loadModel(join(root, "models/lenet.ts"))).graph).program;
    const drawn = Object.fromEntries(params.map((p) => [p.name, { shape: p.shape, data: initialise(p, 5) }]));
    const names = Array.from({ length: 10 }, (_, i) => `kind ${i}`);
    const said = await sayings(page, ".panel-try .status");
    await drop(page, "mine.safetensors", writeSafetensors(drawn, { classes: JSON.stringify(names) }));
    await expect.poll(() => page.textContent(".about")).toContain("Weights from mine.safetensors");
    await expect.poll(() => verdict(page)).toMatch(/^kind \d$/);
    expect(await said()).toEqual(expect.arrayContaining([expect.stringMatching(/^Building \d+ kernels …$/)]));
    await drop(page, "other.safetensors", writeSafetensors({ a: { shape: [1], data: Float32Array.of(1) } }));
    await expect
      .poll(() => page.textContent(".notice p"))
      .toMatch(
        /^other\.safetensors does not fit this model: "conv1.weight" \[6, 1, 5, 5\] is missing.*\. The weights that were used before are kept\.$/s,
      );
    expect(await page.textContent(".about")).toContain("Weights from mine.safetensors");
    expect(await verdict(page)).toMatch(/^kind \d$/);
    await shoot(page, "refused");
    await drop(page, "bad.safetensors", Uint8Array.of(1, 2, 3));
    await expect
      .poll(() => page.textContent(".notice p"))
      .toMatch(/^bad.safetensors: 3 bytes are no safetensors file/);
    expect(await page.textContent(".about")).toContain("Weights from mine.safetensors");
    await page.click('button:has-text("Use initial values")');
    await expect.poll(() => page.textContent(".about")).toMatch(/^Untrained: initial values, seed 0Open/);
    expect(list).toEqual([]);
    await page.context().close();
  });

  test("draws in colour, says what it cannot show, and keeps the picture while other tabs are shown", async () => {
    const rgb = `
      import { conv2d, globalAvgPool2d, flatten, input, model, N, relu, softmax } from "weftgpu";
      const image = input("image", [N, 3, 24, 32]);
      const edges = relu(conv2d(image, { out: 70, kernel: 3, padding: 1 }));
      const mixed = softmax(flatten(globalAvgPool2d(edges)));
      export default model("rgb", { image }, { mixed });`;
    const { page, list } = await open({ model: rgb });
    await computed(page);
    expect(await page.textContent(".about")).toContain("Untrained: initial values, seed 0");
    expect(await verdict(page)).toBe("Draw something bright on black");
    expect(await page.textContent(".scores-card")).toContain("and 60 more classes");
    expect(await page.locator('[data-layer="edges"] canvas').count()).toBe(48);
    await page.click('[data-layer="edges"] .more');
    expect(await page.locator('[data-layer="edges"] canvas').count()).toBe(70);
    await page.fill("input[type=color]", "#ff4000");
    await page.click(".pad", { position: { x: 100, y: 60 } });
    await expect.poll(() => verdict(page)).toMatch(/^class \d+$/);
    const pixels = (): Promise<string> =>
      page.evaluate(() => document.querySelector<HTMLCanvasElement>(".pad")?.toDataURL() ?? "");
    const drawn = await pixels();
    await page.click("#tab-model");
    await page.click("#tab-try");
    await computed(page);
    expect(await pixels()).toBe(drawn);
    expect(list).toEqual([]);
    await page.context().close();

    const regression = `
      import { flatten, input, linear, model, N } from "weftgpu";
      const image = input("image", [N, 1, 8, 8]);
      const place = linear(flatten(image), { out: 3 });
      export default model("place", { image }, { place });`;
    const place = await open({ model: regression });
    await computed(place.page);
    const card = (): Promise<string | null> => place.page.textContent(".scores-card");
    const row = (): Promise<string | null> => place.page.textContent(".scores");
    // No class scores, also of an empty picture: the biases.
    await expect.poll(row).toBe("element 00element 10element 20");
    expect(await card()).toMatch(/^Output/);
    expect(await place.page.isVisible(".verdict")).toBe(false);
    const fitting = {
      "place.weight": { shape: [3, 64], data: new Float32Array(192) },
      "place.bias": { shape: [3], data: Float32Array.of(-1, 0.5, 3) },
    };
    const give = (name: string, classes: string): Promise<void> =>
      drop(place.page, name, writeSafetensors(fitting, { classes }));
    await give("two.safetensors", '["a","b"]');
    await expect.poll(row).toBe("element 0−1element 10.5element 23");
    expect(await card()).toContain(
      "The classes that the file names are left aside: they are 2, but the output of place is place [N, 3].",
    );
    await give("three.safetensors", '["a","b","c"]');
    await expect.poll(card).toMatch(/^Class scores/);
    await place.page.click(".pad", { position: { x: 100, y: 60 } });
    await expect.poll(() => verdict(place.page)).toBe("c");
    expect(await place.page.isVisible(".verdict")).toBe(true);
    expect(place.list).toEqual([]);
    await place.page.context().close();
  });
});
