/** The card with the class scores: a bar for each class, or for the best ten of many. */
import { fill, h } from "../../dom.ts";
import { ranked } from "./scores.ts";
import type { Text } from "./text.ts";

export interface ScoresCard {
  readonly element: HTMLElement;
  /** The classes that there are; empty names are numbered. Their bars are empty until there are scores. */
  expect(names: readonly string[]): void;
  /** In the place of scores. */
  without(message: string): void;
  /** Shares from 0 to 1 in the order of the classes; undefined: there is nothing to be scored. */
  show(shares: readonly number[] | undefined): void;
}

/** More classes than this are shown by rank. */
const MANY = 12;
const TOP = 10;

interface Row {
  readonly element: HTMLElement;
  set(name: string, share: number | undefined, best: boolean): void;
}

export function scoresCard(text: Text, about: HTMLElement): ScoresCard {
  const verdict = h("p", { class: "verdict", attrs: { "aria-live": "polite" } });
  const list = h("ol", { class: "scores" });
  const rest = h("p", { class: "quiet-text small" });
  let names: readonly string[] = [];
  let rows: readonly Row[] = [];
  let expected = "";
  const show = (shares: readonly number[] | undefined): void => {
    const order = ranked(shares ?? names.map(() => 0), names);
    const best = order[0];
    const shown = names.length > MANY ? order.slice(0, TOP) : order.toSorted((a, b) => a.index - b.index);
    shown.forEach((score, i) => {
      rows[i]?.set(score.name, shares && score.share, shares !== undefined && score.index === best?.index);
    });
    verdict.textContent = shares ? (best?.name ?? "") : text.drawSomething;
  };
  return {
    element: h(
      "section",
      { class: "card scores-card" },
      h("h2", {}, text.scores),
      verdict,
      list,
      rest,
      about,
    ),
    expect(given) {
      if (rows.length > 0 && `${given}` === expected) return;
      expected = `${given}`;
      names = given.map((name, i) => name || text.classNumber(i));
      rows = names.slice(0, names.length > MANY ? TOP : MANY).map(row);
      fill(list, ...rows.map((r) => r.element));
      rest.textContent = names.length > MANY ? text.moreClasses(names.length - TOP) : "";
      names.slice(0, rows.length).forEach((name, i) => {
        rows[i]?.set(name, undefined, false);
      });
      verdict.textContent = "\u00a0";
    },
    without(message) {
      [names, rows] = [[], []];
      fill(list);
      rest.textContent = message;
      verdict.hidden = true;
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
  };
}
