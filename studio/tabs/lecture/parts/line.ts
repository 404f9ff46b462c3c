/**
 * The sum of the window, written out. A screen reader hears it where its user moved the window or changed a number: not
 * while it plays, and not when the page opens.
 */
import { fill, h } from "../../../dom.ts";
import type { Token } from "../pure/sums.ts";

export interface Line {
  readonly element: HTMLElement;
  draw(tokens: readonly Token[], quiet?: boolean): void;
}

export function line(): Line {
  const element = h("p", { class: "sum", attrs: { "aria-live": "off" } });
  return {
    element,
    draw(tokens, quiet = false) {
      const text = tokens.map((t) => t.text).join("");
      if (element.textContent === text) return;
      element.setAttribute("aria-live", quiet || element.textContent === "" ? "off" : "polite");
      fill(element, ...tokens.map(({ kind, text }) => h("span", { class: kind }, text)));
    },
  };
}
