/** The card with outputs that are no scores: as a picture where they have the form of one, else as a table. */
import type { Tensor } from "../../../contract/tensor.ts";
import { showSizes } from "../../../contract/type.ts";
import { fill, h } from "../../dom.ts";
import { extent, shown } from "./color.ts";
import type { Text } from "./text.ts";

export interface OutputsCard {
  readonly element: HTMLElement;
  show(outputs: readonly (readonly [name: string, tensor: Tensor])[]): void;
}

/** What is written out of a table. */
const ROWS = 10;
const COLUMNS = 6;
/** A picture has so many rows and columns at least. */
const SIDE = 8;

export function outputsCard(text: Text): OutputsCard {
  const list = h("div", { class: "outputs" });
  return {
    element: h("section", { class: "card outputs-card" }, h("h2", {}, text.numbers), list),
    show(outputs) {
      fill(list, ...outputs.map(([name, tensor]) => outputOf(name, tensor, text)));
    },
  };
}

function outputOf(name: string, { shape, data }: Tensor, text: Text): HTMLElement {
  const { low, high } = extent(data);
  const picture = pictureOf(shape);
  return h(
    "div",
    { data: { output: name } },
    h("p", { class: "mono" }, `${name} ${showSizes(shape)}`),
    picture ? drawn(data, picture, name) : tableOf(shape, data),
    h(
      "p",
      { class: "quiet-text small" },
      picture ? text.grey(shown(low), shown(high)) : text.numbersFrom(data.length, shown(low), shown(high)),
    ),
  );
}

interface Pictured {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** One example of one or three planes that are large enough to be looked at. */
export function pictureOf(shape: readonly number[]): Pictured | undefined {
  const [height = 1, width = 1] = shape.slice(-2);
  const planes = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const channels = planes === 3 && shape.at(-3) === 3 ? 3 : planes === 1 ? 1 : undefined;
  return channels && Math.min(height, width) >= SIDE ? { height, width, channels } : undefined;
}

/** From black, the least value, to white, the largest. What is no number is magenta. */
function drawn(data: ArrayLike<number>, { height, width, channels }: Pictured, name: string): HTMLElement {
  const canvas = h("canvas", { width, height, attrs: { role: "img", "aria-label": name } });
  const pixels = new ImageData(width, height);
  const { low, high } = extent(data);
  const size = height * width;
  for (let i = 0; i < size; i++)
    for (let c = 0; c < 4; c++) {
      const value = data[channels === 3 ? c * size + i : i] ?? Number.NaN;
      const part = (value - low) / (high - low || 1);
      pixels.data[4 * i + c] = c === 3 ? 255 : Number.isFinite(value) ? 255 * part : c === 1 ? 0 : 255;
    }
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

/** Rows of the last axis; of more than fit, the first. */
function tableOf(shape: readonly number[], data: ArrayLike<number>): HTMLElement {
  const width = shape.at(-1) ?? 1;
  const [rows, columns] = [Math.ceil(data.length / width), Math.min(width, COLUMNS)];
  const cell = (value: string): HTMLElement => h("td", {}, value);
  const row = (r: number): HTMLElement =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, r),
      ...Array.from({ length: columns }, (_, c) => cell(shown(data[r * width + c] ?? Number.NaN))),
      columns < width && cell("…"),
    );
  return h(
    "div",
    { class: "table" },
    h("table", { class: "mono" }, ...Array.from({ length: Math.min(rows, ROWS) }, (_, r) => row(r))),
    rows > ROWS && h("p", {}, "…"),
  );
}
