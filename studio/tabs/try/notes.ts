/** What is in the way of an answer: a failure, or a size that is asked about first. */
import { type Child, fill, h } from "../../dom.ts";
import { messageOf, sentence } from "../../message.ts";
import type { Text } from "./text.ts";

export interface Notes {
  readonly element: HTMLElement;
  clear(): void;
  /** What went wrong, and the button that tries again. */
  failed(error: unknown, again: () => void): void;
  /** Asks once whether so many parameters shall be computed. */
  ask(parameters: number, go: () => void): void;
  /** Why a file is not taken. */
  refused(error: unknown): void;
}

export function notes(text: Text): Notes {
  const element = h("div", { class: "problem" });
  const alert = (...children: readonly Child[]): void =>
    fill(element, h("div", { class: "note bad", attrs: { role: "alert" } }, ...children));
  return {
    element,
    clear: () => fill(element),
    failed(error, again) {
      const button = h("button", { type: "button", textContent: text.retry, onclick: again });
      alert(sentence(messageOf(error)), h("div", {}, button));
    },
    ask(parameters, go) {
      if (element.childElementCount > 0) return;
      const button = h("button", {
        type: "button",
        class: "primary",
        textContent: text.compute,
        onclick() {
          fill(element);
          go();
        },
      });
      fill(
        element,
        h("div", { class: "note" }, text.big((parameters / 1e6).toFixed(0)), h("div", {}, button)),
      );
    },
    refused: (error) => alert(sentence(messageOf(error))),
  };
}
