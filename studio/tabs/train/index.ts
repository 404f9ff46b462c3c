/** The Train tab: the model learns in the page. */
import { fill } from "../../dom.ts";
import type { Studio, Tab } from "../../tab.ts";
import { type Entered, untouched } from "./form.ts";
import { type Training, training } from "./run.ts";
import "./style.css";
import { texts } from "./text.ts";
import { showTrain } from "./view.ts";

/** What goes on while other tabs are shown. */
interface Memory {
  readonly run: Training;
  readonly entered: Entered;
}

const memories = new WeakMap<Studio, Memory>();

function memoryOf(studio: Studio): Memory {
  const known = memories.get(studio);
  if (known) return known;
  const memory = { run: training(() => studio.device()), entered: untouched() };
  memories.set(studio, memory);
  return memory;
}

export const trainTab: Tab = {
  id: "train",
  title: { en: "Train", zh: "训练" },
  mount(host: HTMLElement, studio: Studio) {
    const { run, entered } = memoryOf(studio);
    let leave: (() => void) | undefined;
    const stop = studio.language.watch((language) => {
      leave?.();
      fill(host);
      leave = showTrain(host, studio, run, entered, texts[language]);
    });
    return () => {
      stop();
      leave?.();
    };
  },
};
