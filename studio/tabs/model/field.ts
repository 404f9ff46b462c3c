/** What one element of a layer sees of the input, drawn on a picture. */
import { type Field, isKnown, type ReceptiveField } from "../../../compiler/report/receptive.ts";
import type { LayerView } from "../../compile/parts.ts";
import type { ModelView } from "../../compile/view.ts";
import { h, svg } from "../../dom.ts";
import "./field.css";
import type { State } from "./state.ts";

/** `5×5 of image`; where it is unknown, why. */
export function fieldText(field: Field, state: State): string {
  if (!isKnown(field)) return `? (${field.since}: ${state.say("noWindow")})`;
  const { size, input } = field;
  return size.length === 0 ? state.say("everything") : `${size.join("×")} ${state.say("of")} ${input}`;
}

/** One axis of a window: where it begins and how long it is, in elements of the input. */
export interface Window {
  readonly from: number;
  readonly size: number;
}

/** What the element at `position` sees along an axis; the position is cut to the output. */
export function windowAt(field: ReceptiveField, axis: number, position: number): Window {
  const { offset, stride, size } = field;
  return { from: (offset[axis] ?? 0) + (stride[axis] ?? 0) * position, size: size[axis] ?? 1 };
}

/** The position whose window lies about an element of the input. */
export function positionNear(field: ReceptiveField, axis: number, element: number, extent: number): number {
  const stride = field.stride[axis] ?? 0;
  if (stride === 0) return 0;
  const middle = (field.offset[axis] ?? 0) + ((field.size[axis] ?? 1) - 1) / 2;
  return Math.min(Math.max(Math.round((element - middle) / stride), 0), extent - 1);
}

export function fieldPane(state: State): HTMLElement {
  const { samples } = state.studio.project;
  let sample = 0;
  /** Where the pointer is on the picture, in elements of the input; null: its middle. */
  let at: Point | null = null;
  const picture = fieldPicture((point) => {
    at = point;
    draw();
  });
  const caption = h("p", { class: "field-caption" });
  const next = h("button", {
    type: "button",
    class: "quiet small",
    hidden: samples.length < 2,
    onclick() {
      sample = (sample + 1) % Math.max(1, samples.length);
      draw();
    },
  });
  const foot = h("div", { class: "field-foot" }, caption, next);
  const pane = h("div", { class: "field-pane" }, picture.element, foot);
  const draw = (): void => {
    const extent = state.view.value && imageOf(state.view.value);
    pane.hidden = !extent;
    if (!extent) return;
    const row = pointedLayer(state);
    const shown = row ? shownWindow(row, at ?? [extent[0] / 2, extent[1] / 2]) : null;
    const words = captionOf(row, shown, state);
    picture.update({ extent, url: samples[sample]?.url, windows: shown?.windows, words });
    caption.textContent = words;
    next.textContent = state.say("nextPicture");
  };
  for (const source of [state.view, state.choice, state.pointed]) state.watch<unknown>(source, draw);
  state.speak(draw);
  return pane;
}

type Point = readonly [row: number, column: number];

interface FieldPicture {
  readonly element: SVGElement;
  update(shown: {
    /** Rows and columns of the input. */
    readonly extent: Point;
    readonly url: string | undefined;
    readonly windows: readonly [rows: Window, columns: Window] | undefined;
    readonly words: string;
  }): void;
}

/** A picture with a window on it; `pointed` is told of the pointer. */
function fieldPicture(pointed: (at: Point | null) => void): FieldPicture {
  const ground = svg("rect", { class: "ground" });
  const picture = svg("image", { preserveAspectRatio: "none", class: "picture" });
  const frame = svg("rect", { class: "window-rect" });
  const element = svg("svg", { class: "field-picture", role: "img" }, ground, picture, frame);
  element.addEventListener("pointermove", ({ clientX, clientY }) => {
    const matrix = element.getScreenCTM()?.inverse();
    if (!matrix) return;
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    pointed([y - 0.5, x - 0.5]);
  });
  element.addEventListener("pointerleave", () => pointed(null));
  return {
    element,
    update({ extent: [height, width], url, windows, words }) {
      // The window may reach into the padding: then the picture has a margin.
      const margin = Math.ceil(Math.max(height, width) * 0.08);
      element.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
      for (const each of [picture, ground]) place(each, { from: 0, size: height }, { from: 0, size: width });
      if (url === undefined) picture.removeAttribute("href");
      else picture.setAttribute("href", url);
      frame.setAttribute("visibility", windows ? "visible" : "hidden");
      if (windows) place(frame, ...windows);
      frame.setAttribute("stroke-width", `${Math.max(height, width) / 45}`);
      element.setAttribute("aria-label", words);
    },
  };
}

function place(element: SVGElement, rows: Window, columns: Window): void {
  const box = { x: columns.from, y: rows.from, width: columns.size, height: rows.size };
  for (const [name, value] of Object.entries(box)) element.setAttribute(name, `${value}`);
}

function pointedLayer({ view, pointed, choice }: State): LayerView | undefined {
  const name = pointed.value ?? choice.value.layer;
  return view.value?.layers.find((l) => l.name === name);
}

function captionOf(row: LayerView | undefined, shown: ShownWindow | null, state: State): string {
  const field = row?.receptiveField;
  if (!row || !field) return state.say("fieldHelp");
  if (!isKnown(field)) return `${row.name}: ${state.say("field")} ${fieldText(field, state)}`;
  if (!shown) return state.say("fieldHelp");
  return `${row.name}${shown.element} ${state.say("sees")} ${fieldText(field, state)}`;
}

interface ShownWindow {
  readonly windows: readonly [rows: Window, columns: Window];
  /** Of the layer: `[3, 4]`; empty where all see the same. */
  readonly element: string;
}

/** What the element about a point sees; null where that is no window on a picture. */
function shownWindow({ receptiveField: field, output }: LayerView, at: Point): ShownWindow | null {
  if (!isKnown(field) || field.size.length !== 2) return null;
  // The layer's last two dimensions move the window, where it moves.
  const extents = output.slice(-2).map((d) => (typeof d === "number" ? d : 1));
  const place = ([0, 1] as const).map((axis) => positionNear(field, axis, at[axis], extents[axis] ?? 1));
  const moves = field.stride.some((s) => s > 0);
  const [row = 0, column = 0] = place;
  return {
    windows: [windowAt(field, 0, row), windowAt(field, 1, column)],
    element: moves ? `[${row}, ${column}]` : "",
  };
}

/** Rows and columns of the first input that is a picture. */
function imageOf({ table }: ModelView): Point | null {
  for (const { shape } of table.inputs) {
    const [height, width] = shape.slice(-2);
    if (shape.length >= 2 && typeof height === "number" && typeof width === "number") return [height, width];
  }
  return null;
}
