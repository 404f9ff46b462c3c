/** A layer's values as small pictures or bars, and the pointing at them. */
import type { TensorData } from "../../../contract/tensor.ts";
import { fill, h } from "../../dom.ts";
import { drawBars } from "./bars.ts";
import { extent, paint, type Scale, scaleOf } from "./color.ts";
import type { Layer } from "./layers.ts";
import type { Text } from "./text.ts";

/** An element of a layer: of bars only `column` counts. */
export interface Place {
  readonly map: number;
  readonly row: number;
  readonly column: number;
}

export interface Values {
  readonly data: TensorData;
  readonly dark: boolean;
  /** Whether each map has colours of its own. */
  readonly perMap: boolean;
}

export interface Maps {
  readonly element: HTMLElement;
  /** Draws the values, and gives the scale that all maps share. */
  draw(values: Values): Scale;
  /** Marks an element, or none. */
  mark(place: Place | undefined): void;
  destroy(): void;
}

/** Maps that are drawn unasked. */
const FEW = 48;
/** The side that a map is shown with, about: a whole number of page pixels for each value. */
const SIDE = 72;
const SINGLE = 200;

/** What is told of pointer and keys. */
export interface Pointing {
  /** Which element is pointed at. */
  readonly point: (place: Place | undefined) => void;
  /** It was clicked, or Enter was pressed. */
  readonly pick: (place: Place) => void;
}

export function openMaps(layer: Layer, text: Text, pointing: Pointing): Maps {
  return layer.view.kind === "bars" ? bars(layer, text, pointing) : tiles(layer, layer.view, text, pointing);
}

type Tiled = Extract<Layer["view"], { kind: "maps" }>;

function tiles(layer: Layer, view: Tiled, text: Text, { point, pick }: Pointing): Maps {
  const { count, height, width } = view;
  const grid = mapGrid(view);
  const more = h("button", { type: "button", class: "quiet more" });
  const element = h(
    "div",
    { class: "maps", tabIndex: 0, attrs: { role: "group", "aria-label": text.mapsLabel(layer.name) } },
    grid.element,
    count > FEW && more,
  );
  let values: Values | undefined;
  let at: Place | undefined;
  let all = false;
  const shownCount = (): number => (all ? count : Math.min(count, FEW));
  const build = (): void => {
    grid.build(shownCount());
    more.textContent = all ? text.showFewer : text.showAll(count);
  };
  const move = (place: Place): void => {
    at = {
      map: clamp(place.map, shownCount()),
      row: clamp(place.row, height),
      column: clamp(place.column, width),
    };
    point(at);
  };
  onPoint(grid.element, point, (event) => {
    const place = grid.placeOf(event);
    if (place) move(place);
  });
  grid.element.addEventListener("click", (event) => {
    if (at && grid.placeOf(event)) pick(at);
  });
  element.addEventListener("keydown", (event) => {
    if (event.target === element && event.key === "Enter" && at) pick(at);
    const step = event.target === element && stepOf(event.key);
    if (!step) return;
    event.preventDefault();
    move(at ? moved(at, step) : { map: 0, row: 0, column: 0 });
  });
  element.addEventListener("blur", () => point(undefined));
  more.addEventListener("click", () => {
    all = !all;
    build();
    if (values) grid.draw(values);
  });
  build();
  return {
    element,
    draw(given) {
      values = given;
      return grid.draw(given);
    },
    mark: grid.mark,
    destroy() {},
  };
}

interface MapGrid extends Pick<Maps, "draw" | "mark"> {
  readonly element: HTMLElement;
  /** So many empty maps, from the first. */
  build(count: number): void;
  /** The element under the pointer, if it is on a map. */
  placeOf(event: MouseEvent): Place | undefined;
}

/** A small picture for each map. */
function mapGrid({ count: of, height, width }: Tiled): MapGrid {
  const element = h("div", { class: "grid" });
  const marker = h("span", { class: "marker", attrs: { "aria-hidden": "true" } });
  const zoom = Math.max(1, Math.round((of === 1 ? SINGLE : SIDE) / Math.max(width, height)));
  const style = `width: min(100%, ${width * zoom}px); aspect-ratio: ${width} / ${height}`;
  const pixels = new ImageData(width, height);
  let canvases: readonly HTMLCanvasElement[] = [];
  return {
    element,
    build(count) {
      canvases = Array.from({ length: count }, (_, i) =>
        h("canvas", { width, height, data: { map: `${i}` }, attrs: { "aria-hidden": "true" } }),
      );
      fill(element, ...canvases.map((c) => h("span", { class: "tile", attrs: { style } }, c)));
    },
    draw({ data, dark, perMap }) {
      const scale = scaleOf(data);
      const size = height * width;
      canvases.forEach((canvas, i) => {
        const own = perMap ? scaleOf(data, i * size, (i + 1) * size) : scale;
        paint(data, i * size, own, dark, pixels.data);
        canvas.getContext("2d")?.putImageData(pixels, 0, 0);
      });
      return scale;
    },
    placeOf({ target, clientX, clientY }) {
      const canvas = target instanceof HTMLElement ? target.closest(".tile")?.firstChild : null;
      if (!(canvas instanceof HTMLCanvasElement)) return undefined;
      const box = canvas.getBoundingClientRect();
      return {
        map: Number(canvas.dataset["map"]),
        row: Math.floor(((clientY - box.top) / box.height) * height),
        column: Math.floor(((clientX - box.left) / box.width) * width),
      };
    },
    mark(place) {
      const tile = place && canvases[place.map]?.parentElement;
      if (!place || !tile) return marker.remove();
      const share = (n: number, whole: number): string => `${(100 * n) / whole}%`;
      marker.style.left = share(place.column, width);
      marker.style.top = share(place.row, height);
      marker.style.width = share(1, width);
      marker.style.height = share(1, height);
      tile.append(marker);
    },
  };
}

function bars(layer: Layer, text: Text, { point, pick }: Pointing): Maps {
  const { count } = layer.view;
  const canvas = h("canvas", { attrs: { "aria-hidden": "true" } });
  const element = h(
    "div",
    { class: "bars", tabIndex: 0, attrs: { role: "group", "aria-label": text.mapsLabel(layer.name) } },
    canvas,
  );
  let values: Values | undefined;
  let marked: number | undefined;
  let at: number | undefined;
  let width = 0;
  const redraw = (): Scale => {
    const scale = extent(values?.data ?? []);
    if (values) width = drawBars(canvas, values.data, scale, values.dark, marked);
    return scale;
  };
  const move = (index: number): void => {
    at = clamp(index, count);
    point({ map: 0, row: 0, column: at });
  };
  onPoint(canvas, point, ({ clientX }) => {
    const x = clientX - canvas.getBoundingClientRect().left;
    if (width > 0 && x < width) move(Math.floor((x / width) * count));
    else point(undefined);
  });
  const picked = (): void => {
    if (at !== undefined) pick({ map: 0, row: 0, column: at });
  };
  canvas.addEventListener("click", picked);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter") picked();
    const step = stepOf(event.key);
    if (!step) return;
    event.preventDefault();
    move(at === undefined ? 0 : at + step.column + step.row + 10 * step.map);
  });
  element.addEventListener("blur", () => point(undefined));
  const observer = new ResizeObserver(redraw);
  observer.observe(canvas);
  return {
    element,
    draw(given) {
      values = given;
      return redraw();
    },
    mark(place) {
      if (marked === place?.column) return;
      marked = place?.column;
      redraw();
    },
    destroy: () => observer.disconnect(),
  };
}

/** A finger that is lifted leaves the element, but what it pointed at stays. */
function onPoint(
  element: HTMLElement,
  point: (place: undefined) => void,
  moved: (event: PointerEvent) => void,
): void {
  element.addEventListener("pointermove", moved);
  element.addEventListener("pointerdown", moved);
  element.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType !== "touch") point(undefined);
  });
}

const clamp = (index: number, count: number): number => Math.min(count - 1, Math.max(0, index));

const moved = (at: Place, by: Place): Place => ({
  map: at.map + by.map,
  row: at.row + by.row,
  column: at.column + by.column,
});

function stepOf(key: string): Place | undefined {
  const steps: Readonly<Record<string, Place>> = {
    ArrowLeft: { map: 0, row: 0, column: -1 },
    ArrowRight: { map: 0, row: 0, column: 1 },
    ArrowUp: { map: 0, row: -1, column: 0 },
    ArrowDown: { map: 0, row: 1, column: 0 },
    PageUp: { map: -1, row: 0, column: 0 },
    PageDown: { map: 1, row: 0, column: 0 },
  };
  return steps[key];
}
