/** Kernels on a picture of 28 × 28 pixels: edges, blur and what the reader types. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { dark } from "../../../theme.ts";
import { correlation } from "../models.ts";
import { grid } from "../parts/grid.ts";
import { plain } from "../parts/views.ts";
import { floats, from, type Matrix, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { DARK, grey, LIGHT, luminance, shade } from "../pure/shade.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage } from "../section.ts";

const SIDE = 28;
const K = 3;
const OUT = SIDE - K + 1;

const kernel = (...values: readonly number[]): Matrix => from(K, K, values);
const UPRIGHT = kernel(1, 0, -1, 2, 0, -2, 1, 0, -1);
const KERNELS: readonly (readonly [Words, Matrix])[] = [
  [{ en: "Upright edges", zh: "竖直边缘" }, UPRIGHT],
  [{ en: "Level edges", zh: "水平边缘" }, kernel(1, 2, 1, 0, 0, 0, -1, -2, -1)],
  [{ en: "Outline", zh: "轮廓" }, kernel(-1, -1, -1, -1, 8, -1, -1, -1, -1)],
  [{ en: "Blur", zh: "模糊" }, kernel(1, 2, 1, 2, 4, 2, 1, 2, 1)],
  [{ en: "Sharpen", zh: "锐化" }, kernel(0, -1, 0, -1, 5, -1, 0, -1, 0)],
];

/** undefined where the project has no sample pictures. */
export function filters(scene: Scene): HTMLElement | undefined {
  const [first] = scene.studio.project.samples;
  if (!first) return undefined;
  let k = UPRIGHT;
  let picture: readonly number[] = [];
  let result: readonly number[] = [];
  const [before, after] = [screen(SIDE), screen(OUT)];
  const range = h("p", { class: "remark" });
  const weights = grid(scene, {
    symbol: "K",
    name: { en: "kernel", zh: "卷积核" },
    look: "tone-k",
    edit: ([r, c], value) => change(replaced(k, r, c, value)),
  });
  const figure = h("div", { class: "figure filters" });
  const work = stage(scene, figure, ({ outputs }) => {
    result = outputs["result"] ?? [];
    draw();
  });
  const draw = (): void => {
    put(before, grey(picture));
    put(after, shade(result, dark.value ? DARK : LIGHT));
    before.ariaLabel = scene.say({ en: "The picture", zh: "图像" });
    after.ariaLabel = scene.say({ en: "What the kernel makes of it", zh: "卷积核作用后的结果" });
    weights.draw(plain(k));
    if (result.length > 0) range.textContent = scene.say(rangeOf(result));
  };
  const change = (next: Matrix): void => {
    k = next;
    draw();
    if (picture.length !== SIDE * SIDE) return;
    const inputs = { picture: Float32Array.from(picture), kernel: floats(k) };
    work.ask({ recipe: correlation(SIDE, K), inputs });
  };
  const samples = sampleRow(scene, (pixels) => {
    picture = pixels;
    change(k);
  });
  const kernels = KERNELS.map(([words, own]) => preset(scene, words, () => change(own)));
  figure.append(
    samples.element,
    equationRow(framed(before, "X", "tone-x"), "∗", weights.element, "=", framed(after, "Y", "tone-y")),
    range,
    h("div", { class: "row" }, ...kernels),
    work.notice,
  );
  scene.speak(draw);
  scene.atEnd(dark.watch(draw));
  samples.choose(first.url).catch(() => figure.remove()); // a sample that cannot be read is nothing to show
  return figure;
}

const screen = (side: number): HTMLCanvasElement =>
  h("canvas", { class: "screen", width: side, height: side, attrs: { role: "img" } });

/** Nothing of another size. */
function put(canvas: HTMLCanvasElement, bytes: Uint8ClampedArray<ArrayBuffer>): void {
  const { width, height } = canvas;
  if (bytes.length === 4 * width * height)
    canvas.getContext("2d")?.putImageData(new ImageData(bytes, width, height), 0, 0);
}

function framed(canvas: HTMLElement, symbol: string, tone: string): HTMLElement {
  const caption = h("figcaption", {}, h("span", { class: "symbol" }, symbol));
  return h("figure", { class: `grid ${tone}` }, caption, canvas);
}

function rangeOf(values: readonly number[]): Words {
  const [low, high] = [show(Math.min(...values), 3), show(Math.max(...values), 3)];
  return {
    en: `Values from ${low} (violet) to ${high} (green).`,
    zh: `数值从 ${low}（紫色）到 ${high}（绿色）。`,
  };
}

/** A button for each sample picture; `chosen` is given the newest choice's pixels. */
function sampleRow(
  { studio }: Scene,
  chosen: (pixels: readonly number[]) => void,
): {
  readonly element: HTMLElement;
  /** Rejects where the picture cannot be read. */
  choose(url: string): Promise<void>;
} {
  let newest = "";
  const choose = async (url: string): Promise<void> => {
    newest = url;
    for (const button of buttons) button.ariaPressed = `${button.dataset["url"] === url}`;
    const pixels = await read(url);
    if (newest === url) chosen(pixels);
  };
  const buttons = studio.project.samples.map(({ name, url }) =>
    h(
      "button",
      { type: "button", class: "sample", title: name, data: { url }, onclick: () => void choose(url) },
      h("img", { src: url, alt: name, width: SIDE, height: SIDE }),
    ),
  );
  return { element: h("div", { class: "row samples" }, ...buttons), choose };
}

/** The picture's luminance, 28 × 28 of 0 … 1. Rejects where it cannot be read. */
async function read(url: string): Promise<readonly number[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answers ${response.status}`);
  const image = await createImageBitmap(await response.blob());
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser gives no canvas to read pictures with");
  context.drawImage(image, 0, 0, SIDE, SIDE);
  return luminance(context.getImageData(0, 0, SIDE, SIDE).data);
}
