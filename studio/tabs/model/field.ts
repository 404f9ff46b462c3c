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
  let at: readonly [row: number, column: number] | null = null;
  const picture = svg("image", { preserveAspectRatio: "none", class: "picture" });
  const window_ = svg("rect", { class: "window-rect" });
  const drawing = svg(
    "svg",
    { class: "field-picture", role: "img" },
    svg("rect", { class: "ground" }),
    picture,
    window_,
  );
  const caption = h("p", { class: "field-caption" });
  const next = h("button", {
    type: "button",
    class: "quiet small",
    onclick() {
      sample = (sample + 1) % Math.max(1, samples.length);
      draw();
    },
  });
  next.hidden = samples.length < 2;
  const pane = h("div", { class: "field-pane" }, drawing, h("div", { class: "field-foot" }, caption, next));

  const draw = (): void => {
    const view = state.view.value;
    const extent = view && imageOf(view);
    pane.hidden = !extent;
    if (!extent || !view) return;
    const [height, width] = extent;
    const name = state.pointed.value ?? state.choice.value.layer;
    const row = view.layers.find((l) => l.name === name);
    const field = row?.receptiveField;
    const shown =
      isKnown(field) && field.size.length === 2 && row
        ? shownWindow(field, row, at ?? [height / 2, width / 2])
        : null;
    // The window may reach into the padding: then the picture has a margin.
    const margin = Math.ceil(Math.max(height, width) * 0.08);
    drawing.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
    for (const [name, value] of Object.entries({ x: 0, y: 0, width, height })) {
      picture.setAttribute(name, `${value}`);
      drawing.querySelector(".ground")?.setAttribute(name, `${value}`);
    }
    const url = samples[sample]?.url;
    if (url === undefined) picture.removeAttribute("href");
    else picture.setAttribute("href", url);
    window_.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) {
      const [rows, columns] = shown.windows;
      for (const [name, value] of Object.entries({
        x: columns.from,
        y: rows.from,
        width: columns.size,
        height: rows.size,
      }))
        window_.setAttribute(name, `${value}`);
      window_.setAttribute("stroke-width", `${Math.max(height, width) / 45}`);
    }
    const text =
      shown && row && isKnown(field)
        ? `${row.name}${shown.element} ${state.say("sees")} ${fieldText(field, state)}`
        : row && field && !isKnown(field)
          ? `${row.name}: ${state.say("field")} ${fieldText(field, state)}`
          : state.say("fieldHelp");
    caption.textContent = text;
    drawing.setAttribute("aria-label", text);
    next.textContent = state.say("nextPicture");
  };
  drawing.addEventListener("pointermove", (event) => {
    const matrix = drawing.getScreenCTM()?.inverse();
    if (!matrix) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    at = [point.y - 0.5, point.x - 0.5];
    draw();
  });
  drawing.addEventListener("pointerleave", () => {
    at = null;
    draw();
  });
  state.watch(state.view, draw);
  state.watch(state.choice, draw);
  state.watch(state.pointed, draw);
  state.speak(draw);
  return pane;
}

function shownWindow(
  field: ReceptiveField,
  { output }: LayerView,
  at: readonly [number, number],
): { readonly windows: readonly [Window, Window]; readonly element: string } {
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
function imageOf({ table }: ModelView): readonly [number, number] | null {
  for (const { shape } of table.inputs) {
    const [height, width] = shape.slice(-2);
    if (shape.length >= 2 && typeof height === "number" && typeof width === "number") return [height, width];
  }
  return null;
}
