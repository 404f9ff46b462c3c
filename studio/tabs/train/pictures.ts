/** Pictures of a data set, as small canvases and as samples to try. */
import type { DataSet } from "../../../cli/data/set.ts";
import { h } from "../../dom.ts";
import type { Sample } from "../../tab.ts";

/** How many are shown. */
const SHOWN = 20;

/** One example as RGBA bytes: grey, or of three channels. Undefined where it is no picture. Pure. */
export function pixelsOf(
  { images, shape }: DataSet,
  row: number,
):
  | { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray<ArrayBuffer> }
  | undefined {
  const size = shape.reduce((a, b) => a * b, 1);
  const flat = shape.filter((d) => d !== 1).length < 2;
  const side = Math.sqrt(size);
  const [height = 0, width = 0] = flat && Number.isInteger(side) ? [side, side] : shape.slice(-2);
  const channels = size / (height * width);
  if (channels !== 1 && channels !== 3) return undefined;
  const rgba = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < 3; c++)
      rgba[4 * i + c] = images[row * size + (channels === 3 ? c * height * width : 0) + i] ?? 0;
  return { width, height, rgba };
}

function canvasOf(set: DataSet, row: number): HTMLCanvasElement | undefined {
  const pixels = pixelsOf(set, row);
  if (!pixels) return undefined;
  const { width, height, rgba } = pixels;
  const canvas = h("canvas", { width, height, attrs: { "aria-hidden": "true" } });
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

/** The first pictures of a set with the names of their classes. */
export function thumbnails(set: DataSet, classNumber: (index: number) => string): HTMLElement {
  const items = Array.from({ length: Math.min(SHOWN, set.rows) }, (_, row) => {
    const label = set.labels[row] ?? 0;
    const name = set.classes[label] ?? "";
    // A class that is named by its number alone.
    return h("li", {}, canvasOf(set, row), name === "" || name === `${label}` ? classNumber(label) : name);
  });
  return h("ul", { class: "pictures" }, ...items);
}

/** The first picture of each of ten classes at most. */
export function examples(set: DataSet): readonly Sample[] {
  return set.classes.slice(0, 10).flatMap((name, label) => {
    const row = set.labels.indexOf(label);
    const url = row < 0 ? undefined : canvasOf(set, row)?.toDataURL();
    return url === undefined ? [] : [{ name, url }];
  });
}
