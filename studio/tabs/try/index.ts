/** The Try tab: a picture or numbers in, the values of every layer and the outputs out, computed by the model's kernels. */
import { fill, h } from "../../dom.ts";
import type { Studio, Tab } from "../../tab.ts";
import "./style.css";
import { pictureInput } from "./picture.ts";
import type { Memory } from "./props.ts";
import { texts } from "./text.ts";
import { showTry } from "./view.ts";

const memories = new WeakMap<Studio, Memory>();

function memoryOf(studio: Studio): Memory {
  const known = memories.get(studio);
  if (known) return known;
  const memory: Memory = {
    kept: undefined,
    numbers: new Map(),
    asNumbers: new Set(),
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
    const enter = (change?: () => void): void => {
      leave?.();
      leave = undefined;
      change?.();
      fill(host);
      const text = texts[studio.language.value];
      const model = studio.model.value;
      const failed = studio.bench.status.value.kind === "failed";
      const note = (words: string): void => fill(host, h("p", { class: "note" }, words));
      if (!model) note(failed ? text.noModel : text.compiling);
      else if (model.graph.inputs.length === 0) note(text.noInput);
      else {
        const input = memory.asNumbers.has(model.file) ? undefined : pictureInput(model.graph);
        leave = showTry(host, { studio, model, input, memory, text, again: enter });
      }
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
