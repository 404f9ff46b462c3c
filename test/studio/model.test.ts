/** The model tab in a real browser, served as `weft studio` serves it: each feature used, each claim checked. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ProjectFiles, projectFiles } from "../../cli/studio/project.ts";
import { type StudioServer, serveStudio } from "../../cli/studio/server.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { root, scratch } from "../cli/weft.ts";
import { type Opened, studioPages } from "./page.ts";

const lenet = readFileSync(join(root, "models/lenet.ts"), "utf8");
let folder = "";
let file = "";
let project: ProjectFiles;
let server: StudioServer;
const { open: openPage, shoot: shootPage } = studioPages("model", () => server.url);
/** On request alone: the page is shared, and a picture of all of it changes its size for a moment. */
const shoot = async (page: Page, name: string): Promise<void> => {
  if (process.env["WEFT_SCREENSHOTS"]) await shootPage(page, name);
};

beforeAll(async () => {
  folder = scratch();
  file = join(folder, "models/lenet.ts");
  mkdirSync(join(folder, "models"));
  cpSync(join(root, "models/samples"), join(folder, "models/samples"), { recursive: true });
  writeFileSync(file, lenet);
  server = await serveStudio({ project: () => project, port: 0 });
});
afterAll(async () => {
  await server?.close();
});
beforeEach(() => {
  writeFileSync(file, lenet);
  project = projectFiles({ model: file, cwd: folder });
});

/** The page that most tests share: it takes seconds to load TypeScript on a busy machine. */
let shared: Opened | undefined;

/** That page with LeNet as it is on disk. */
async function desk(): Promise<Page> {
  shared ??= await open();
  const { page } = shared;
  if (await page.isVisible("#revert")) await page.click("#revert");
  await settled(page);
  await expect.poll(() => page.locator(".shapes tr[data-name]").count()).toBe(12);
  await page.click('[aria-label="Show all"]');
  return page;
}

afterEach(() => expect(shared?.list ?? []).toEqual([]));

/** A page with the model tab. */
const open = (): Promise<Opened> => openPage({ viewport: DESK });

const DESK = { width: 1440, height: 900 };

async function settled(page: Page): Promise<void> {
  await page.waitForSelector(".verdict.good");
}

async function close({ page, list }: Opened): Promise<void> {
  await page.context().close();
  expect(list).toEqual([]);
}

/** Puts a text in place of the whole source, as by hand. */
async function type(page: Page, text: string): Promise<void> {
  await page.click(".cm-content");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

const cell = (page: Page, name: string) => page.locator(`.cell[data-name="${name}"]`);
const verdict = (page: Page): Promise<string | null> => page.locator(".verdict").textContent();
const shapeOf = (page: Page, name: string): Promise<string | null> =>
  page.locator(`.shapes tr[data-name="${name}"] td:nth-of-type(2)`).textContent();

describe("the graph", () => {
  test("draws every layer, and the layers of a kernel in one frame", async () => {
    const page = await desk();
    expect(await page.locator(".cell.layer").count()).toBe(12);
    expect(await page.locator(".cell.input, .cell.output").count()).toBe(2);
    const { program } = compile((await loadModel(file, { cwd: folder })).graph);
    expect(await page.locator(".frame .kernel").allTextContents()).toEqual(
      program.kernels.map((k) => k.name),
    );
    expect(await cell(page, "conv1").locator("text").allTextContents()).toEqual([
      "conv1",
      "[N, 6, 28, 28]",
      "conv2d · 6 · 5×5, padding 2",
      "⌊(28 + 2·2 − 5)/1⌋ + 1 = 28",
      "156 parameters · sees 5×5",
    ]);
    const frame = await page.locator(".frame").first().boundingBox();
    for (const name of ["conv1", "pool1/sigmoid", "pool1"]) {
      const box = await cell(page, name).boundingBox();
      expect(box && frame && box.y > frame.y && box.y + box.height < frame.y + frame.height).toBe(true);
    }
    await shoot(page, "light");
  });

  test("zooms by buttons, wheel and keys, and moves by dragging", async () => {
    const page = await desk();
    const box = async (): Promise<{ x: number; y: number; width: number; height: number }> => {
      const found = await cell(page, "conv1").boundingBox();
      if (!found) throw new Error("conv1 is not drawn");
      return found;
    };
    const first = await box();
    await page.click('[aria-label="Zoom in"]');
    expect((await box()).width).toBeCloseTo(first.width * 1.25, 0);
    await page.click('[aria-label="Show all"]');
    expect((await box()).width).toBeCloseTo(first.width, 1);
    const canvas = await page.locator(".canvas").boundingBox();
    if (!canvas) throw new Error("no canvas");
    await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    const large = await box();
    expect(large.width).toBeGreaterThan(first.width);
    await page.mouse.down();
    await page.mouse.move(canvas.x + canvas.width / 2 + 60, canvas.y + canvas.height / 2 + 45, { steps: 4 });
    await page.mouse.up();
    const moved = await box();
    expect([moved.x - large.x, moved.y - large.y].map(Math.round)).toEqual([60, 45]);
    // A drag that ends on a layer or a frame does not choose it.
    expect(await page.locator(".cell.chosen, .frame.chosen").count()).toBe(0);
  });

  test("is walked by keys: arrows go from frame to layer, Enter shows the kernel", async () => {
    const page = await desk();
    await page.locator(".cell").first().focus();
    const focused = (): Promise<string> => page.evaluate("document.activeElement.getAttribute('aria-label')");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("Kernel conv1_pool1");
    await page.keyboard.press("Enter");
    expect(await page.locator("#kernel-name").textContent()).toBe("conv1_pool1");
    await page.keyboard.press("End");
    expect(await focused()).toContain("logits");
    await page.keyboard.press("Home");
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
    expect(await focused()).toMatch(/^conv1, \[N, 6, 28, 28\], conv2d/);
    await page.keyboard.press("Enter");
    expect(await page.locator(".details h3").first().textContent()).toBe("conv1");
  });
});

describe("a layer", () => {
  test("shows its kernel: reasons, schedule and the WGSL that compile() gives", async () => {
    const page = await desk();
    await cell(page, "pool2").click();
    const { program } = compile((await loadModel(file, { cwd: folder })).graph, {
      target: await target(page),
    });
    const kernel = program.kernels.find((k) => k.name === "conv2_pool2");
    expect(await page.locator(".wgsl code").textContent()).toBe(kernel?.wgsl);
    expect(await page.locator(".wgsl .keyword").count()).toBeGreaterThan(10);
    expect(await page.locator(".reasons").textContent()).toContain("the 4-element windows do not overlap");
    expect(await page.locator(".schedule .rule").textContent()).not.toBe("");
    expect(await page.locator(".frame.chosen .kernel").textContent()).toBe("conv2_pool2");
    await page.click("#jump");
    const line = page.locator(".cm-activeLine");
    expect(await line.textContent()).toContain("const pool2 = avgPool2d");
    await shoot(page, "kernel");
  });

  test("shows what it sees of the picture, and follows the pointer there", async () => {
    const page = await desk();
    const rect = async (): Promise<readonly number[]> => {
      const names = ["x", "y", "width", "height"];
      return Promise.all(names.map(async (n) => Number(await page.locator(".window-rect").getAttribute(n))));
    };
    await cell(page, "pool1").hover();
    // pool1[7, 7] averages conv1 at 14 and 15, which see 12 … 16 and 13 … 17: 2·7 − 2 on, 6 elements.
    expect(await rect()).toEqual([12, 12, 6, 6]);
    expect(await page.locator(".field-caption").textContent()).toBe("pool1[7, 7] sees 6×6 of image");
    await cell(page, "pool1").click();
    const picture = await page.locator(".field-picture").boundingBox();
    if (!picture) throw new Error("no picture");
    await page.mouse.move(picture.x + 2, picture.y + 2);
    expect(await rect()).toEqual([-2, -2, 6, 6]);
    const before = await page.locator(".field-picture .picture").getAttribute("href");
    await page.click(".field-foot button");
    expect(await page.locator(".field-picture .picture").getAttribute("href")).not.toBe(before);
  });

  test("is the same one in table, graph and source", async () => {
    const page = await desk();
    await page.click('.shapes tr[data-name="fc1"] button');
    expect(await page.locator(".cell.chosen .name").textContent()).toBe("fc1");
    expect(await page.locator(".cm-line.tinted").textContent()).toContain("const fc1");
    await page.locator(".cm-line", { hasText: "const conv2" }).click();
    expect(await page.locator(".cell.chosen .name").textContent()).toBe("conv2");
    expect(await page.locator(".shapes .head").textContent()).toContain("61,706 parameters");
  });

  test("has a time once it is measured", async () => {
    const page = await desk();
    await page.click("#measure");
    await expect
      .poll(() => page.locator(".frame .time").allTextContents())
      .toEqual(expect.arrayContaining([expect.stringMatching(/^[\d.]+ (?:µs|ms)$/)]));
    expect((await page.locator(".frame .time").allTextContents()).every((t) => t !== "")).toBe(true);
    await cell(page, "conv1").click();
    expect(await page.locator(".kernel-part .facts").first().textContent()).toMatch(
      /[\d.]+ (?:µs|ms), N = 1/,
    );
  });
});

describe("editing", () => {
  test("compiles again: table, graph and WGSL follow", async () => {
    const page = await desk();
    expect(await shapeOf(page, "conv1")).toBe("[N, 6, 28, 28]");
    await type(
      page,
      lenet
        .replace("out: 6,", "out: 8,")
        .replace("const conv2 ", "const second ")
        .replace("sigmoid(conv2)", "sigmoid(second)"),
    );
    await expect.poll(() => shapeOf(page, "conv1")).toBe("[N, 8, 28, 28]");
    expect(await shapeOf(page, "second")).toBe("[N, 16, 10, 10]");
    expect(await cell(page, "second").count()).toBe(1);
    await cell(page, "conv1").click();
    expect(await page.locator(".wgsl code").textContent()).toContain("1568"); // 8 · 14 · 14
  });

  test("shows a shape error where it is, in Weft's own words, and recovers", async () => {
    const page = await desk();
    await type(page, lenet.replace("{ out: 120 }", "{ in: 256, out: 120 }"));
    const mark = page.locator(".cm-lintRange-error");
    await mark.first().waitFor();
    expect(await mark.allInnerTexts()).toEqual(["in"]);
    await mark.hover();
    const message = "linear takes 256 features, but the last dimension of [N, 400] is 400";
    await page.waitForSelector(".cm-diagnostic");
    expect(await page.locator(".cm-diagnostic").textContent()).toBe(message);
    await page.waitForSelector(".verdict.failed");
    expect(await verdict(page)).toContain(
      "fc1: linear expects 256 features, but its input is [N, 400]models/lenet.ts:14:13",
    );
    // What compiled last stays to be looked at.
    expect(await page.locator(".cell.layer").count()).toBe(12);
    await shoot(page, "error");
    await type(page, lenet);
    await settled(page);
    await expect.poll(() => mark.count()).toBe(0);
  });

  test("marks what only running the file finds", async () => {
    const page = await desk();
    await type(page, lenet.replace("classes: 10 });", 'classes: 10 });\nthrow new Error("halt");'));
    await page.waitForSelector(".verdict.failed");
    expect(await verdict(page)).toContain("the model file throws Error: halt");
    await expect.poll(() => page.locator(".cm-lintRange-error").allInnerTexts()).toEqual(["new"]);
  });

  test("survives an endless loop", async () => {
    const page = await desk();
    await type(page, `while (Number.isFinite(1)) {}\n${lenet}`);
    await expect.poll(() => verdict(page)).toContain("models/lenet.ts did not end within 3 seconds");
    await type(page, lenet.replace("out: 84", "out: 85"));
    await expect.poll(() => shapeOf(page, "fc2")).toBe("[N, 85]");
  });

  test("tells types under the pointer and completes options", async () => {
    const page = await desk();
    await page.locator(".cm-line", { hasText: "const pool2" }).hover({ position: { x: 75, y: 8 } });
    await page.waitForSelector(".cm-tooltip .type");
    expect(await page.locator(".cm-tooltip .type").textContent()).toContain(
      "const pool2: Tensor<[N, 16, 5, 5]>",
    );
    await page.locator(".cm-line", { hasText: "const fc2" }).click();
    await page.keyboard.press("End");
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type(", ");
    await page.keyboard.press("Control+Space");
    await page.waitForSelector(".cm-tooltip-autocomplete");
    expect(await page.locator(".cm-tooltip-autocomplete li").allInnerTexts()).toEqual(
      expect.arrayContaining(["bias", "in", "init"]),
    );
    await shoot(page, "complete");
  });

  test("runs ops of the model's own", async () => {
    const own = [
      'import { defineOp, input, linear, model, N } from "weftgpu";',
      "const double = defineOp({",
      '  name: "double",',
      "  shape: ([x]) => x ?? [],",
      "  value: ({ at: [n, i], inputs: [x] }) => x!.at(n, i).times(2),",
      "});",
      'const row = input("row", [N, 3]);',
      "const twice = double(row);",
      "const out = linear(twice, { out: 4 });",
      'export default model("own", { row }, { out });',
    ].join("\n");
    const page = await desk();
    await type(page, own);
    await expect.poll(() => page.locator(".cell.layer .name").allTextContents()).toEqual(["twice", "out"]);
    await page.click("#measure"); // the page itself works with the compiled model
    await expect
      .poll(() => page.locator(".measured").textContent())
      .toMatch(/^[\d.]+ (?:µs|ms) in all, N = 1$/);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll(".panel-model *")]
        .filter((e) => getComputedStyle(e).textOverflow === "ellipsis" && e.scrollWidth > e.clientWidth)
        .map((e) => e.textContent),
    );
    expect(cut).toEqual([]);
  });

  test("is saved by the button alone, and follows the disk", async () => {
    const page = await desk();
    expect(await page.isDisabled("#save")).toBe(true);
    await type(page, lenet.replace("out: 84", "out: 86"));
    await expect.poll(() => shapeOf(page, "fc2")).toBe("[N, 86]");
    expect(readFileSync(file, "utf8")).toBe(lenet);
    await page.click("#save");
    await expect.poll(() => readFileSync(file, "utf8")).toContain("out: 86");
    await expect.poll(() => page.isDisabled("#save")).toBe(true);
    writeFileSync(file, lenet.replace("out: 84", "out: 87"));
    server.changed();
    await expect.poll(() => shapeOf(page, "fc2")).toBe("[N, 87]");
    expect(await page.locator(".cm-content").textContent()).toContain("out: 87");
  });
});

describe("a model of several files", () => {
  const net = [
    'import { flatten, input, linear, model, N } from "weftgpu";',
    'import { block } from "./parts/block.ts";',
    'import sizes from "./parts/sizes.json";',
    'const image = input("image", [N, 3, 8, 8]);',
    "const first = block(image, sizes.first);",
    "const scores = linear(flatten(first), { out: 10 });",
    'export default model("net", { image }, { scores });',
  ];
  const block = [
    'import { batchNorm2d, conv2d, type N, relu, type Tensor } from "weftgpu";',
    "export function block(x: Tensor<[N, number, number, number]>, out: number) {",
    "  const conv = conv2d(x, { out, kernel: 3, padding: 1 });",
    "  return relu(batchNorm2d(conv));",
    "}",
  ];

  test("is followed through its imports, and edited in each", async () => {
    mkdirSync(join(folder, "models/parts"), { recursive: true });
    writeFileSync(join(folder, "models/net.ts"), net.join("\n"));
    writeFileSync(join(folder, "models/parts/block.ts"), block.join("\n"));
    writeFileSync(join(folder, "models/parts/sizes.json"), '{ "first": 4 }');
    project = projectFiles({ model: "models/net.ts", cwd: folder });
    const opened = await open();
    const { page } = opened;
    await settled(page);
    const { graph } = await loadModel(join(folder, "models/net.ts"), { cwd: folder });
    const layers = graph.nodes.flatMap((n) => (n.kind === "op" ? [n.origin.name] : []));
    const rows = page.locator(".shapes tr[data-name] th");
    expect(await rows.allTextContents()).toEqual(layers);
    expect(layers).toContain("first/conv");
    // Batch normalisation is folded into the convolution before it: one frame, which the page says too.
    expect(await page.locator('.cell[data-group="0"] .name').allTextContents()).toEqual(layers.slice(0, 3));
    await page.click('.shapes tr[data-name="first/conv"] button');
    await page.click("#jump");
    expect(await page.inputValue("#file-select")).toBe("models/parts/block.ts");
    expect(await page.locator(".cm-activeLine").textContent()).toContain("const conv = conv2d");
    await type(page, block.join("\n").replace("padding: 1", "padding: 0"));
    await expect.poll(() => shapeOf(page, "first/conv")).toBe("[N, 4, 6, 6]");
    await close(opened);
  });
});

describe("the page", () => {
  test("is dark where the system is, and by its button", async () => {
    const page = await desk();
    await page.emulateMedia({ colorScheme: "dark" });
    const ground = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const dark = await ground();
    await cell(page, "conv1").click();
    await shoot(page, "dark");
    await page.click("#theme");
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.click("#theme");
    expect(await ground()).toBe(dark);
    await page.click("#theme");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await ground()).toBe(light);
  });

  test("speaks Chinese", async () => {
    const page = await desk();
    await page.click("#language");
    expect(await page.locator("#tab-model").textContent()).toBe("模型");
    expect(await page.evaluate("document.documentElement.lang")).toBe("zh-Hans");
    expect(await page.locator("#graph-title").textContent()).toBe("计算图");
    await page.click("#language");
  });

  test("has tabs that arrow keys move between, each at an address", async () => {
    const page = await desk();
    await page.focus("#tab-model");
    await page.keyboard.press("ArrowRight");
    const chosen = (): Promise<string | null> =>
      page.locator('[role="tab"][aria-selected="true"]').getAttribute("id");
    expect(await chosen()).not.toBe("tab-model");
    expect(page.url()).toContain("#");
    await page.keyboard.press("Home");
    expect(await chosen()).toBe("tab-model");
    await settled(page);
  });

  test("fits a phone", async () => {
    const page = await desk();
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await cell(page, "conv1").click();
    expect(await page.locator("#kernel-name").textContent()).toBe("conv1_pool1");
    await shoot(page, "phone-full");
    await page.setViewportSize(DESK);
  });
});

/** What the page compiles for, by its adapter. */
async function target(page: Page): Promise<"portable" | "quads"> {
  const quads = await page.evaluate(
    "navigator.gpu.requestAdapter().then((a) => a.info.isFallbackAdapter && a.features.has('subgroups'))",
  );
  return quads ? "quads" : "portable";
}
