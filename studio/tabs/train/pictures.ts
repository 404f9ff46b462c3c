/** Pictures of a data set, as small canvases and as samples to try. */
import type { DataSet } from "../../../data/set.ts";
import { h } from "../../dom.ts";
import type { Sample } from "../../project.ts";
import { pixelsOf } from "./pixels.ts";

/** How many are shown. */
const SHOWN = 20;

/** One of them; undefined where it is no picture. */
export function canvasOf(set: DataSet, row: number): HTMLCanvasElement | undefined {
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
