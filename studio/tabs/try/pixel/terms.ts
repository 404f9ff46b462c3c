/** The terms of a reduction, one after the other: what is multiplied, and what they come to so far. */
import type {
  Element as Entry,
  Explanation,
  Factor,
  Reduction,
  Term,
} from "../../../../compiler/report/explain.ts";
import { fill, h } from "../../../dom.ts";
import { dark } from "../../../theme.ts";
import { shown } from "../color.ts";
import type { Text } from "../text.ts";
import { type Board, board } from "./board.ts";
import { partOf, type Sheet, sheetOf, sliceAt, sourcesOf, termsOn } from "./sheet.ts";
import { type Spot, spotText } from "./values.ts";

export interface Following {
  readonly element: HTMLElement;
  /** Which term is shown. */
  readonly at: number | undefined;
  go(term: number): void;
  redraw(dark: boolean): void;
  leave(): void;
}

interface Options {
  readonly text: Text;
  /** On to the element that a factor was read from. */
  readonly deeper: (to: Spot) => void;
}

/** Milliseconds that a walk over all terms takes, about, and the shortest and longest stay with one. */
const WALK = 8000;
const [BRIEF, LONG] = [40, 900];

export function follow({ reductions, elements }: Explanation, options: Options): Following {
  const { text, deeper } = options;
  const listed = reductions.filter((r) => r.terms !== undefined && r.terms.length > 0);
  // The one with the most to see; a maximum that only keeps an exponent small is not it.
  const main = listed.toSorted((a, b) => b.count - a.count || listed.indexOf(b) - listed.indexOf(a))[0];
  const walk = main?.terms && walkOver(main, main.terms, options);
  const long = reductions.filter((r) => r.terms === undefined);
  const element = h(
    "div",
    { class: "terms" },
    walk?.element,
    ...long.map((r) => h("p", { class: "quiet-text" }, text.pixel.tooLong(r.count, shown(r.value)))),
    elements.length > 0 &&
      h("p", { class: "reads" }, text.pixel.reads, ...elements.map((e) => entry(e, deeper))),
  );
  return {
    element,
    get at() {
      return walk?.at();
    },
    go: (term) => walk?.go(term),
    redraw: (now) => walk?.redraw(now),
    leave: () => walk?.stop(),
  };
}

/** A button that leads to an element. */
const entry = (element: Entry, deeper: (to: Spot) => void): HTMLElement =>
  h("button", { type: "button", class: "mono entry", onclick: () => deeper(element) }, label(element));

const label = (element: Entry): string => `${spotText(element)} = ${shown(element.value)}`;

interface Walk {
  readonly element: HTMLElement;
  at(): number;
  go(term: number): void;
  redraw(dark: boolean): void;
  stop(): void;
}

function walkOver(reduction: Reduction, terms: readonly Term[], { text, deeper }: Options): Walk {
  const sheet = sheetOf(reduction);
  const { rows, columns } = sheet;
  const many = reduction.op === "sum" || reduction.op === "prod";
  let at = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const pick = (cell: number): void => {
    const first = sliceAt(sheet, at) * rows * columns;
    if (first + cell < terms.length) go(first + cell);
  };
  const boards = boardsOf(terms, sheet, text, pick);
  const slider = h("input", {
    type: "range",
    min: "0",
    max: `${terms.length - 1}`,
    ariaLabel: text.pixel.term,
  });
  const play = h("button", { type: "button", class: "play", onclick: () => (timer ? stop() : start()) });
  const back = h(
    "button",
    { type: "button", class: "icon", ariaLabel: text.pixel.back, onclick: () => go(at - 1) },
    "‹",
  );
  const on = h(
    "button",
    { type: "button", class: "icon", ariaLabel: text.pixel.on, onclick: () => go(at + 1) },
    "›",
  );
  const place = h("span", { class: "place" });
  const line = h("p", { class: "term" });
  const part = h("p", { class: "part mono" });
  const show = (): void => {
    const term = terms[at];
    if (!term) return;
    slider.valueAsNumber = at;
    back.disabled = at === 0;
    on.disabled = at === terms.length - 1;
    play.textContent = timer ? `❚❚ ${text.pixel.pause}` : `▶ ${text.pixel.play}`;
    const axes = reduction.axes.map(({ name }, i) => `${name} = ${term.at[i]}`).join(", ");
    place.textContent = `${text.pixel.termOf(at + 1, terms.length)} (${axes})`;
    slider.setAttribute("aria-valuetext", place.textContent);
    fill(line, ...factorsLine(term, deeper, text));
    part.textContent = text.pixel.soFar(shown(partOf(reduction, terms, at + 1)), shown(reduction.value));
    const slice = sliceAt(sheet, at);
    for (const each of boards) each.show(slice, at - slice * rows * columns, dark.value);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    show();
  };
  const go = (to: number): void => {
    clearInterval(timer);
    timer = undefined;
    at = Math.min(terms.length - 1, Math.max(0, to));
    show();
  };
  const start = (): void => {
    if (at === terms.length - 1) at = 0;
    const stay = Math.min(LONG, Math.max(BRIEF, WALK / terms.length));
    // Where there are more terms than moments, several are taken in one.
    const stride = Math.max(1, Math.ceil((terms.length * BRIEF) / WALK));
    timer = setInterval(() => {
      at = Math.min(terms.length - 1, at + stride);
      if (at === terms.length - 1) stop();
      else show();
    }, stay);
    show();
  };
  slider.addEventListener("input", () => go(slider.valueAsNumber));
  const element = h(
    "div",
    { class: "walk" },
    h("p", { class: "mono formula" }, `${reduction.formula} = ${shown(reduction.value)}`),
    h(
      "div",
      { class: "boards" },
      ...boards.flatMap((each, i) => [
        i > 0 &&
          h("span", { class: "sign" }, i === boards.length - 1 && many && boards.length > 2 ? "=" : "·"),
        each.element,
      ]),
    ),
    h("div", { class: "steps" }, back, play, on, slider, place),
    line,
    part,
  );
  show();
  return { element, at: () => at, go, redraw: show, stop: () => clearInterval(timer) };
}

/** `pool1[0, 7, 9] = 0.51 · conv2.weight[3, 0, 2, 2] = 0.12 → 0.061` */
function factorsLine(
  { factors, value }: Term,
  deeper: (to: Spot) => void,
  text: Text,
): readonly (HTMLElement | string)[] {
  const parts = factors.flatMap((factor, i): (HTMLElement | string)[] => [
    ...(i > 0 ? [" · "] : []),
    factorText(factor, deeper, text),
  ]);
  return factors.length > 1 ? [...parts, ` = ${shown(value)}`] : parts;
}

function factorText({ element, padding, value, text: own }: Factor, deeper: (to: Spot) => void, text: Text) {
  if (element) return entry(element, deeper);
  const what = padding
    ? `${text.pixel.padding} ${shown(value)}`
    : own === shown(value)
      ? own
      : `${own} = ${shown(value)}`;
  return h("span", { class: "mono" }, what);
}

interface Shown {
  readonly element: HTMLElement;
  show(slice: number, cell: number, dark: boolean): void;
}

/** A board for each factor, and one for the products. */
function boardsOf(
  terms: readonly Term[],
  sheet: Sheet,
  text: Text,
  pick: (cell: number) => void,
): readonly Shown[] {
  const sources = sourcesOf(terms);
  const make = (title: string, value: (t: Term) => Pick<Factor, "value" | "padding"> | undefined): Shown => {
    const own: Board = board(title, sheet.rows, sheet.columns, pick);
    let drawn = "";
    return {
      element: own.element,
      show(slice, cell, now) {
        const key = `${slice} ${now}`;
        if (drawn !== key) {
          const on = termsOn(sheet, slice, terms).map(value);
          own.draw(
            on.map((v) => v?.value ?? Number.NaN),
            on.map((v) => v?.padding === true),
            now,
          );
        }
        drawn = key;
        own.mark(cell);
      },
    };
  };
  const factors = sources.map((name, i) => make(name || text.pixel.computed, (t) => t.factors[i]));
  return sources.length > 1 ? [...factors, make(text.pixel.products, (t) => t)] : factors;
}
