/**
 * A table of numbers with a frame that slides over it. Three kinds: to read, to edit (a field in each cell), and to
 * choose from (a button in each cell). Arrow keys move between cells; the table is one stop for Tab where it is chosen from.
 */
import { fill, h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
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
  const { symbol, name, look = "" } = options;
  const label = scene.id("grid");
  const size = h("span", { class: "size" });
  const frame = h("div", { class: "frame", hidden: true, attrs: { "aria-hidden": true } });
  const table = new Cells(scene, options);
  const caption = h(
    "figcaption",
    { id: label },
    symbol && h("span", { class: "symbol" }, symbol, " "),
    h("span", { class: "name" }, scene.t(name)),
    " ",
    size,
  );
  const attrs = { "aria-labelledby": label };
  const sheet = h("div", { class: "sheet" }, h("table", { attrs }, table.element), frame);
  const element = h("figure", { class: `grid ${look}` }, caption, sheet);
  let view: View | undefined;
  const draw = (next: View): void => {
    view = next;
    table.draw(next);
    element.style.setProperty("--cols", `${next.cols}`);
    const words = `${next.rows} × ${next.cols}`;
    if (size.textContent !== words) size.textContent = words;
    place(frame, next);
  };
  scene.speak(() => view && draw(view));
  return { element, draw };
}

/** The cells, each with what it is read, edited or chosen by. */
class Cells {
  readonly element = h("tbody", { onkeydown: (event) => this.#onKey(event) });
  readonly #scene: Scene;
  readonly #options: GridOptions;
  #view: View | undefined;
  /** What the cells are made for: others need other controls. */
  #made = "";
  #controls: readonly HTMLElement[] = [];
  /** The cell that Tab leads to in a table of toggles. */
  #stop: Place = [0, 0];

  constructor(scene: Scene, options: GridOptions) {
    this.#scene = scene;
    this.#options = options;
  }

  draw(view: View): void {
    const { choose, toggles = false } = this.#options;
    this.#view = view;
    const { rows, cols, cell, current } = view;
    const fixed = Array.from({ length: rows * cols }, (_, i) => cell(...placeOf(i, cols)).fixed);
    const kinds = JSON.stringify([rows, cols, this.#options.edit && fixed]);
    if (kinds !== this.#made) this.#make(view);
    this.#made = kinds;
    for (const [i, control] of this.#controls.entries()) {
      const at = placeOf(i, cols);
      const isCurrent = current !== undefined && indexOf(current, cols) === i;
      this.#paint(control, cell(...at), at);
      control.parentElement?.classList.toggle("current", isCurrent);
      if (choose && !toggles) control.ariaCurrent = isCurrent ? "true" : null;
    }
    this.#markStop();
  }

  #make({ rows, cols, cell }: View): void {
    this.#controls = Array.from({ length: rows * cols }, (_, i) => {
      const at = placeOf(i, cols);
      return this.#control(at, cell(...at).fixed ?? false);
    });
    this.#stop = [Math.min(this.#stop[0], rows - 1), Math.min(this.#stop[1], cols - 1)];
    const row = (r: number): HTMLElement =>
      h("tr", {}, ...this.#controls.slice(r * cols, (r + 1) * cols).map((c) => h("td", {}, c)));
    fill(this.element, ...Array.from({ length: rows }, (_, r) => row(r)));
  }

  #control(at: Place, fixed: boolean): HTMLElement {
    const { edit, choose } = this.#options;
    if (edit && !fixed)
      return field(
        (value) => edit(at, value),
        () => this.#view?.cell(...at).value,
      );
    if (!choose) return h("span");
    const onclick = (): void => {
      this.#stop = at;
      choose(at);
    };
    return h("button", { type: "button", onclick });
  }

  #onKey(event: KeyboardEvent): void {
    const { target } = event;
    const { choose, toggles = false } = this.#options;
    const i = target instanceof HTMLElement ? this.#controls.indexOf(target) : -1;
    if (!this.#view || i < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const { rows, cols } = this.#view;
    if (target instanceof HTMLInputElement && !leaves(event, target)) return;
    const next = moved(event.key, placeOf(i, cols), rows, cols);
    if (!next) return;
    event.preventDefault();
    if (choose && !toggles) choose(next);
    this.#stop = next;
    this.#markStop();
    this.#controls[indexOf(next, cols)]?.focus();
  }

  /** Which button is a stop for Tab. */
  #markStop(): void {
    const { choose, toggles = false } = this.#options;
    if (!choose || !this.#view) return;
    const { cols, current = [0, 0] } = this.#view;
    const stop = indexOf(toggles ? this.#stop : current, cols);
    for (const [i, control] of this.#controls.entries()) control.tabIndex = i === stop ? 0 : -1;
  }

  #paint(control: HTMLElement, { value, text = show(value), look = "", corner }: Cell, at: Place): void {
    const td = control.parentElement;
    if (td) {
      td.className = look;
      if (corner === undefined) delete td.dataset["corner"];
      else td.dataset["corner"] = corner;
    }
    if (control instanceof HTMLInputElement) {
      // What is being typed stays, as long as it stands for the value or for none yet.
      const typed = parse(control.value);
      const typing = control === document.activeElement && (typed === undefined || typed === value);
      if (!typing) control.value = show(value);
      control.ariaLabel = this.#labelOf(at, this.#scene.say(this.#options.name));
      return;
    }
    control.textContent = text;
    control.style.setProperty("--len", `${Math.max(2, text.length)}`);
    if (control instanceof HTMLButtonElement) {
      control.ariaLabel = this.#labelOf(at, show(value));
      if (this.#options.toggles) control.ariaPressed = `${value !== 0}`;
    }
  }

  #labelOf([row, col]: Place, text: string): string {
    return this.#scene.say({
      en: `row ${row + 1}, column ${col + 1}: ${text}`,
      zh: `第 ${row + 1} 行第 ${col + 1} 列：${text}`,
    });
  }
}

/** A field for a number; `value` gives the one that it shows when it is left. */
function field(edit: (value: number) => void, value: () => number | undefined): HTMLInputElement {
  const input = h("input", {
    type: "text",
    inputMode: "decimal",
    autocomplete: "off" as const,
    spellcheck: false,
    onfocus: () => input.select(),
    oninput() {
      const typed = parse(input.value);
      input.classList.toggle("wrong", typed === undefined);
      if (typed !== undefined) edit(typed);
    },
    onblur() {
      input.classList.remove("wrong");
      const shown = value();
      if (shown !== undefined) input.value = show(shown);
    },
  });
  return input;
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
