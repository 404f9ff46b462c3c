/** A sheet of numbers: as cells that can be read where they are few, else as a small picture. */
import { h } from "../../../dom.ts";
import { colorOf, paint, scaleOf, shown } from "../color.ts";

export interface Board {
  readonly element: HTMLElement;
  /** Values row by row; `blank` says which are outside of the tensor. */
  draw(values: readonly number[], blank: readonly boolean[], dark: boolean): void;
  /** Marks a cell. */
  mark(cell: number | undefined): void;
}

/** Cells whose numbers are written. */
const FEW = 64;
/** The side of a picture, about, in page pixels. */
const SIDE = 176;

/** `pick` is told which cell was chosen. */
export function board(title: string, rows: number, columns: number, pick: (cell: number) => void): Board {
  const few = rows * columns <= FEW && columns <= 12;
  const field = few ? cells(rows, columns, pick) : picture(rows, columns, pick);
  return {
    ...field,
    element: h("figure", { class: "board" }, field.element, h("figcaption", { class: "mono" }, title)),
  };
}

function cells(rows: number, columns: number, pick: (cell: number) => void): Board {
  const all = Array.from({ length: rows * columns }, (_, i) =>
    h("span", { class: "cell", onclick: () => pick(i) }),
  );
  const element = h(
    "div",
    { class: "cells mono", attrs: { "aria-hidden": "true", style: `--columns: ${columns}` } },
    ...all,
  );
  return {
    element,
    draw(values, blank, dark) {
      const scale = scaleOf(values.filter((_, i) => !blank[i]));
      all.forEach((cell, i) => {
        const value = values[i];
        cell.hidden = value === undefined;
        if (value === undefined) return;
        cell.textContent = brief(value);
        cell.title = shown(value);
        cell.classList.toggle("blank", blank[i] === true);
        const { background, ink } = colorOf(value, scale, dark);
        cell.style.background = blank[i] ? "" : background;
        cell.style.color = blank[i] ? "" : ink;
      });
    },
    mark(at) {
      all.forEach((cell, i) => void cell.classList.toggle("here", i === at));
    },
  };
}

function picture(rows: number, columns: number, pick: (cell: number) => void): Board {
  const zoom = Math.max(1, Math.round(SIDE / Math.max(rows, columns)));
  const canvas = h("canvas", { width: columns, height: rows });
  const marker = h("span", { class: "marker" });
  const style = `width: min(100%, ${columns * zoom}px); aspect-ratio: ${columns} / ${rows}`;
  const element = h("div", { class: "tile", attrs: { "aria-hidden": "true", style } }, canvas);
  element.addEventListener("click", ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((clientY - box.top) / box.height) * rows);
    const column = Math.floor(((clientX - box.left) / box.width) * columns);
    pick(row * columns + column);
  });
  const pixels = new ImageData(columns, rows);
  return {
    element,
    draw(values, _, dark) {
      paint(values, 0, scaleOf(values), dark, pixels.data);
      for (let i = values.length; i < rows * columns; i++) pixels.data[4 * i + 3] = 0;
      canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    },
    mark(at) {
      if (at === undefined) return marker.remove();
      const share = (n: number, whole: number): string => `${(100 * n) / whole}%`;
      marker.style.left = share(at % columns, columns);
      marker.style.top = share(Math.floor(at / columns), rows);
      marker.style.width = share(1, columns);
      marker.style.height = share(1, rows);
      element.append(marker);
    },
  };
}

/** Two digits or so: what a cell has room for. */
function brief(value: number): string {
  if (!Number.isFinite(value)) return shown(value);
  const size = Math.abs(value);
  const text =
    size >= 1000 || (size > 0 && size < 0.001)
      ? value.toExponential(0)
      : `${size < 0.01 ? Number(value.toPrecision(1)) : Number(value.toFixed(2))}`;
  return text.replaceAll("-", "−").replace(/^(−?)0\./, "$1.");
}
