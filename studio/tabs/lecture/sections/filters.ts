/** Kernels on a picture of 28 × 28 pixels: edges, blur and what the reader types. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { dark } from "../../../theme.ts";
import { correlation } from "../models.ts";
import { grid } from "../parts/grid.ts";
import { at, floats, from, type Matrix, replaced } from "../pure/matrix.ts";
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
  const { samples } = scene.studio.project;
  const [first] = samples;
  if (!first) return undefined;
  let k = UPRIGHT;
  let picture: readonly number[] = [];
  let result: readonly number[] = [];
  let chosen = first.url;

  const screen = (side: number): HTMLCanvasElement =>
    h("canvas", { class: "screen", width: side, height: side, attrs: { role: "img" } });
  const [before, after] = [screen(SIDE), screen(OUT)];
  const range = h("p", { class: "remark" });
  const weights = grid(scene, {
    symbol: "K",
    name: { en: "kernel", zh: "卷积核" },
    look: "tone-k",
    edit: ([r, c], value) => changed(replaced(k, r, c, value)),
  });
  const figure = h("div", { class: "figure filters" });
  const work = stage(scene, figure, ({ outputs }) => {
    result = outputs["result"] ?? [];
    draw();
  });
  const put = (canvas: HTMLCanvasElement, bytes: Uint8ClampedArray<ArrayBuffer>): void => {
    const { width, height } = canvas;
    if (bytes.length === 4 * width * height)
      canvas.getContext("2d")?.putImageData(new ImageData(bytes, width, height), 0, 0);
  };
  const draw = (): void => {
    put(before, grey(picture));
    put(after, shade(result, dark.value ? DARK : LIGHT));
    before.ariaLabel = scene.say({ en: "The picture", zh: "图像" });
    after.ariaLabel = scene.say({ en: "What the kernel makes of it", zh: "卷积核作用后的结果" });
    weights.draw({ ...k, cell: (r, c) => ({ value: at(k, r, c) }) });
    if (result.length === 0) return;
    const [low, high] = [show(Math.min(...result), 3), show(Math.max(...result), 3)];
    range.textContent = scene.say({
      en: `Values from ${low} (violet) to ${high} (green).`,
      zh: `数值从 ${low}（紫色）到 ${high}（绿色）。`,
    });
  };
  const changed = (next: Matrix): void => {
    k = next;
    draw();
    if (picture.length === SIDE * SIDE)
      work.ask({
        recipe: correlation(SIDE, K),
        inputs: { picture: Float32Array.from(picture), kernel: floats(k) },
      });
  };
  const choose = async (url: string): Promise<void> => {
    chosen = url;
    for (const button of buttons) button.ariaPressed = `${button.dataset["url"] === url}`;
    const pixels = await read(url);
    if (chosen !== url) return; // another was chosen meanwhile
    picture = pixels;
    changed(k);
  };
  const buttons = samples.map(({ name, url }) =>
    h(
      "button",
      { type: "button", class: "sample", title: name, data: { url }, onclick: () => void choose(url) },
      h("img", { src: url, alt: name, width: SIDE, height: SIDE }),
    ),
  );
  const frame = (canvas: HTMLElement, symbol: string, tone: string): HTMLElement =>
    h(
      "figure",
      { class: `grid ${tone}` },
      h("figcaption", {}, h("span", { class: "symbol" }, symbol)),
      canvas,
    );
  figure.append(
    h("div", { class: "row samples" }, ...buttons),
    equationRow(frame(before, "X", "tone-x"), "∗", weights.element, "=", frame(after, "Y", "tone-y")),
    range,
    h("div", { class: "row" }, ...KERNELS.map(([words, own]) => preset(scene, words, () => changed(own)))),
    work.notice,
  );
  scene.speak(draw);
  scene.atEnd(dark.watch(draw));
  choose(first.url).catch(() => figure.remove()); // a sample that cannot be read is nothing to show
  return figure;
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
