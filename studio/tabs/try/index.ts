/** The Try tab: a picture in, the values of every layer and the class scores out, computed by the model's kernels. */
import { fill, h } from "../../dom.ts";
import type { Studio, Tab } from "../../tab.ts";
import "./style.css";
import { pictureInput } from "./picture.ts";
import { texts } from "./text.ts";
import { type Memory, showTry } from "./view.ts";

const memories = new WeakMap<Studio, Memory>();

function memoryOf(studio: Studio): Memory {
  const known = memories.get(studio);
  if (known) return known;
  const memory: Memory = {
    kept: undefined,
    perMap: false,
    toggled: new Map(),
    drawn: new Map(),
    allowed: new Set(),
  };
  memories.set(studio, memory);
  return memory;
}

export const tryTab: Tab = {
  id: "try",
  title: { en: "Try", zh: "试用" },
  mount(host: HTMLElement, studio: Studio) {
    const memory = memoryOf(studio);
    let leave: (() => void) | undefined;
    const enter = (): void => {
      leave?.();
      leave = undefined;
      fill(host);
      const text = texts[studio.language.value];
      const model = studio.model.value;
      const input = model && pictureInput(model.graph);
      const failed = studio.bench.status.value.kind === "failed";
      if (!input) fill(host, h("p", { class: "note" }, failed ? text.noModel : text.compiling));
      else if ("other" in input) fill(host, h("p", { class: "note" }, text.otherInput(input.other)));
      else leave = showTry(host, { studio, model, input, memory, text });
    };
    let ready = false; // each watcher is called once at first
    const again = (): void => {
      if (ready) enter();
    };
    const stops = [
      studio.model.watch(again),
      studio.language.watch(again),
      studio.bench.status.watch(() => {
        if (studio.model.value === null) again(); // why there is none
      }),
    ];
    ready = true;
    enter();
    return () => {
      for (const stop of stops) stop();
      leave?.();
    };
  },
};
