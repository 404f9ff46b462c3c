/** The card with what the model answers: a bar for each class, or for the best ten of many; else numbers. */
import { fill, h } from "../../dom.ts";
import { shown } from "./color.ts";
import { ranked } from "./scores.ts";
import type { Text } from "./text.ts";

export interface ScoresCard {
  readonly element: HTMLElement;
  /** The classes that there are; empty names are numbered. Their bars are empty until there are scores. */
  expect(names: readonly string[]): void;
  /** So many numbers, which are no scores. */
  expectNumbers(count: number): void;
  /** There are none: what is left is where the weights come from. */
  without(): void;
  /** Shares from 0 to 1 in the order of the classes; undefined: there is nothing to be scored. */
  show(shares: readonly number[] | undefined): void;
  showNumbers(values: ArrayLike<number>): void;
}

/** More classes than this are shown by rank. */
const MANY = 12;
const TOP = 10;

interface Row {
  readonly element: HTMLElement;
  set(name: string, share: number | undefined, best: boolean): void;
  setNumber(name: string, value: string): void;
}

export function scoresCard(text: Text, about: HTMLElement): ScoresCard {
  const verdict = h("p", { class: "verdict", attrs: { "aria-live": "polite" } });
  const list = h("ol", { class: "scores" });
  const rest = h("p", { class: "quiet-text small" });
  let names: readonly string[] = [];
  let rows: readonly Row[] = [];
  let expected: string | undefined;
  const show = (shares: readonly number[] | undefined): void => {
    const order = ranked(shares ?? names.map(() => 0), names);
    const best = order[0];
    const shown = names.length > MANY ? order.slice(0, TOP) : order.toSorted((a, b) => a.index - b.index);
    shown.forEach((score, i) => {
      rows[i]?.set(score.name, shares && score.share, shares !== undefined && score.index === best?.index);
    });
    verdict.textContent = shares ? (best?.name ?? "") : text.drawSomething;
  };
  /** Rows for what is expected now, unless it was so before. */
  const begin = (what: string, count: number, more: (count: number) => string): boolean => {
    if (what === expected) return false;
    expected = what;
    rows = Array.from({ length: count > MANY ? TOP : count }, row);
    fill(list, ...rows.map((r) => r.element));
    rest.textContent = count > MANY ? more(count - TOP) : "";
    verdict.textContent = "\u00a0";
    return true;
  };
  const heading = h("h2", {}, text.scores);
  const element = h("section", { class: "card scores-card" }, heading, verdict, list, rest, about);
  return {
    element,
    expect(given) {
      heading.textContent = text.scores;
      verdict.hidden = false;
      if (!begin(JSON.stringify(given), given.length, text.moreClasses)) return;
      names = given.map((name, i) => name || text.classNumber(i));
      for (const [i, line] of rows.entries()) line.set(names[i] ?? "", undefined, false);
    },
    expectNumbers(count) {
      heading.textContent = text.numbers;
      verdict.hidden = true;
      begin(`${count}`, count, text.moreNumbers);
    },
    without() {
      heading.textContent = text.weights;
      element.hidden = about.hidden; // nor weights
      verdict.hidden = true;
      begin("", 0, text.moreNumbers);
    },
    showNumbers(values) {
      for (const [i, line] of rows.entries()) line.setNumber(text.element(i), shown(values[i] ?? Number.NaN));
    },
    show,
  };
}

function row(): Row {
  const [name, bar, percent] = [
    h("span", { class: "name" }),
    h("span", { class: "share" }),
    h("span", { class: "percent" }),
  ];
  const element = h("li", {}, name, h("span", { class: "track" }, bar), percent);
  return {
    element,
    set(title, share, best) {
      name.textContent = title;
      name.title = title;
      element.classList.toggle("best", best);
      bar.style.setProperty("--share", (share ?? 0).toFixed(4));
      percent.textContent = share === undefined ? "" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
    },
    setNumber(title, value) {
      name.textContent = title;
      element.classList.add("number");
      percent.textContent = value;
    },
  };
}
