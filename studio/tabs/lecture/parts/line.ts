/** The sum of the window, written out; read to a screen reader where the reader moved the window, not while it plays. */
import { fill, h } from "../../../dom.ts";
import type { Token } from "../pure/sums.ts";

export interface Line {
  readonly element: HTMLElement;
  draw(tokens: readonly Token[], quiet?: boolean): void;
}

export function line(): Line {
  const element = h("p", { class: "sum", attrs: { "aria-live": "polite" } });
  return {
    element,
    draw(tokens, quiet = false) {
      const text = tokens.map((t) => t.text).join("");
      element.setAttribute("aria-live", quiet ? "off" : "polite");
      if (element.textContent === text) return;
      fill(element, ...tokens.map(({ kind, text }) => h("span", { class: kind }, text)));
    },
  };
}
