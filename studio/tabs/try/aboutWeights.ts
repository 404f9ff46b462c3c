/** Where the weights come from that are used, and others in their place. */
import type { Weights } from "../../../contract/weights.ts";
import { fill, h } from "../../dom.ts";
import type { Text } from "./text.ts";
import { originOf } from "./weights.ts";

export interface Used {
  /** Null: initial values. */
  readonly weights: Weights | null;
  /** Why the weights that were wanted are not used. */
  readonly misfit: string | undefined;
  /** Why the classes that they tell of are left aside. */
  readonly ignored: string | undefined;
  /** Whether weights are wanted, used or not. */
  readonly given: boolean;
}

export interface AboutWeights {
  readonly element: HTMLElement;
  update(used: Used): void;
}

export interface AboutWeightsProps {
  /** A model without parameters has nothing to say. */
  readonly hidden: boolean;
  readonly text: Text;
  readonly open: (files: readonly File[]) => void;
  readonly useInitial: () => void;
}

export function aboutWeights({ hidden, text, open, useInitial }: AboutWeightsProps): AboutWeights {
  const element = h("div", { class: "about", hidden });
  return {
    element,
    update({ weights, misfit, ignored, given }) {
      const origin = weights && originOf(weights);
      const file = h("input", {
        type: "file",
        accept: ".safetensors",
        class: "hidden-text",
        onchange: () => open([...(file.files ?? [])]),
      });
      const warning = (words: string): HTMLElement => h("p", { class: "small warn" }, words);
      fill(
        element,
        h("p", { class: "small" }, origin ? text[origin.kind](origin.name) : text.initial),
        misfit !== undefined && warning(text.misfit(misfit)),
        ignored !== undefined && warning(text.classesIgnored(ignored)),
        h(
          "div",
          { class: "row" },
          h("label", { class: "button quiet-button" }, text.openWeights, file),
          h("button", {
            type: "button",
            class: "quiet",
            textContent: text.useInitial,
            disabled: !given,
            onclick: useInitial,
          }),
        ),
      );
    },
  };
}
