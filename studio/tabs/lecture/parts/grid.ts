/**
 * A table of numbers with a frame that slides over it. Three kinds: to read, to edit (a field in each cell), and to
 * choose from (a button in each cell). Arrow keys move between cells; the table is one stop for Tab where it is chosen from.
 */
import { fill, h } from "../../../dom.ts";
import type { Language, Words } from "../../../tab.ts";
import { parse, show } from "../pure/numbers.ts";
import { indexOf, moved, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";

export interface Rect {
  readonly row: number;
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
}

export interface Cell {
  readonly value: number;
  /** What is shown in place of the value. */
  readonly text?: string;
  /** Classes: `tap`, `pad`, `unseen`, `plus`, `minus`, … */
  readonly look?: string;
  /** A small number in the corner: the kernel's weight. */
  readonly corner?: string;
  /** A cell that is shown in a table of fields, but is none: padding. */
  readonly fixed?: boolean;
}

export interface View {
  readonly rows: number;
  readonly cols: number;
  cell(row: number, col: number): Cell;
  readonly frame?: Rect | undefined;
  /** The chosen cell. */
  readonly current?: Place | undefined;
}

export interface Grid {
  readonly element: HTMLElement;
  draw(view: View): void;
}

export interface GridOptions {
  /** The name above the table: a symbol, then words. */
  readonly symbol: string;
  readonly name: Words;
  /** Makes the cells fields. */
  readonly edit?: (place: Place, value: number) => void;
  /** Makes the cells buttons. `focused` is true where a key led there. */
  readonly choose?: (place: Place) => void;
  /** Arrow keys and Tab move the focus and nothing else: the buttons toggle. */
  readonly toggles?: boolean;
  /** `tone-x`, `tone-k`, `tone-y`, `pixels`, `small`. */
  readonly look?: string;
}

export function grid(scene: Scene, options: GridOptions): Grid {
  const { symbol, name, edit, choose, toggles = false, look = "" } = options;
  const label = scene.id("grid");
  const size = h("span", { class: "size" });
  const body = h("tbody");
  const frame = h("div", { class: "frame", hidden: true, attrs: { "aria-hidden": true } });
  const sheet = h(
    "div",
    { class: "sheet" },
    h("table", { attrs: { "aria-labelledby": label } }, body),
    frame,
  );
  const element = h(
    "figure",
    { class: `grid ${look}` },
    h(
      "figcaption",
      { id: label },
      symbol && h("span", { class: "symbol" }, symbol, " "),
      h("span", { class: "name" }, scene.t(name)),
      " ",
      size,
    ),
    sheet,
  );
  let view: View | undefined;
  let controls: HTMLElement[] = [];
  /** The cell that Tab leads to in a table of toggles. */
  let stop: Place = [0, 0];

  const describe = ([row, col]: Place, text: string, language: Language): string =>
    language === "en"
      ? `row ${row + 1}, column ${col + 1}: ${text}`
      : `第 ${row + 1} 行第 ${col + 1} 列：${text}`;

  const focus = (place: Place): void => {
    if (!view) return;
    controls[indexOf(place, view.cols)]?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    const { target } = event;
    const at = target instanceof HTMLElement ? controls.indexOf(target) : -1;
    if (!view || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = placeOf(at, view.cols);
    if (event.target instanceof HTMLInputElement && !leaves(event, event.target)) return;
    const next = moved(event.key, place, view.rows, view.cols);
    if (!next) return;
    event.preventDefault();
    if (choose && !toggles) choose(next);
    stop = next;
    marks();
    focus(next);
  };
  /** Which button is a stop for Tab. */
  const marks = (): void => {
    if (!choose || !view) return;
    const { cols, current } = view;
    const place = toggles ? stop : (current ?? [0, 0]);
    for (const [i, control] of controls.entries()) control.tabIndex = i === indexOf(place, cols) ? 0 : -1;
  };
  body.addEventListener("keydown", onKey);

  const field = (place: Place): HTMLInputElement => {
    const input = h("input", { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("input", () => {
      const value = parse(input.value);
      input.classList.toggle("wrong", value === undefined);
      if (value !== undefined) edit?.(place, value);
    });
    input.addEventListener("blur", () => {
      input.classList.remove("wrong");
      const cell = view?.cell(...place);
      if (cell) input.value = show(cell.value);
    });
    return input;
  };
  const control = (place: Place, fixed: boolean): HTMLElement => {
    if (edit && !fixed) return field(place);
    if (!choose) return h("span");
    const button = h("button", { type: "button" });
    button.addEventListener("click", () => {
      stop = place;
      choose(place);
    });
    return button;
  };
  const rebuild = ({ rows, cols, cell }: View): void => {
    controls = Array.from({ length: rows * cols }, (_, i) => {
      const place = placeOf(i, cols);
      return control(place, cell(...place).fixed ?? false);
    });
    stop = [Math.min(stop[0], rows - 1), Math.min(stop[1], cols - 1)];
    fill(
      body,
      ...Array.from({ length: rows }, (_, r) =>
        h("tr", {}, ...controls.slice(r * cols, (r + 1) * cols).map((c) => h("td", {}, c))),
      ),
    );
    element.style.setProperty("--cols", `${cols}`);
    size.textContent = `${rows} × ${cols}`;
  };
  const draw = (next: View): void => {
    const kinds = (v: View): string =>
      JSON.stringify([
        v.rows,
        v.cols,
        edit && Array.from({ length: v.rows * v.cols }, (_, i) => v.cell(...placeOf(i, v.cols)).fixed),
      ]);
    const same = view && kinds(view) === kinds(next);
    view = next;
    if (!same) rebuild(next);
    const language = scene.studio.language.value;
    for (const [i, element] of controls.entries()) {
      const place = placeOf(i, next.cols);
      paint(element, next.cell(...place), place, language);
      const current = next.current && indexOf(next.current, next.cols) === i;
      element.parentElement?.classList.toggle("current", current === true);
      if (choose && !toggles) element.ariaCurrent = current ? "true" : null;
    }
    marks();
    place(frame, next);
  };
  const paint = (element: HTMLElement, cell: Cell, place: Place, language: Language): void => {
    const text = cell.text ?? show(cell.value);
    const td = element.parentElement;
    if (td) {
      td.className = cell.look ?? "";
      if (cell.corner === undefined) delete td.dataset["corner"];
      else td.dataset["corner"] = cell.corner;
    }
    if (element instanceof HTMLInputElement) {
      if (element !== document.activeElement || parse(element.value) !== cell.value) {
        const typing = element === document.activeElement && parse(element.value) === undefined;
        if (!typing) element.value = show(cell.value);
      }
      element.ariaLabel = describe(place, scene.say(name), language);
      return;
    }
    element.textContent = text;
    element.style.setProperty("--len", `${Math.max(2, text.length)}`);
    if (element instanceof HTMLButtonElement) {
      element.ariaLabel = describe(place, show(cell.value), language);
      if (toggles) element.ariaPressed = `${cell.value !== 0}`;
    }
  };
  scene.speak(() => view && draw(view));
  return { element, draw };
}

/** Left and right leave a field only from its ends, or where all of it is selected. */
function leaves(event: KeyboardEvent, input: HTMLInputElement): boolean {
  if (event.key === "Home" || event.key === "End") return false;
  const { selectionStart: from, selectionEnd: to, value } = input;
  const all = from === 0 && to === value.length;
  if (event.key === "ArrowLeft") return all || (from === 0 && to === 0);
  if (event.key === "ArrowRight") return all || from === value.length;
  return true;
}

function place(frame: HTMLElement, { rows, cols, frame: rect }: View): void {
  frame.hidden = rect === undefined;
  if (!rect) return;
  const percent = (part: number, whole: number): string => `${(100 * part) / whole}%`;
  Object.assign(frame.style, {
    top: percent(rect.row, rows),
    left: percent(rect.col, cols),
    height: percent(rect.rows, rows),
    width: percent(rect.cols, cols),
  });
}
