/** The Train tab: the model learns in the page. */
import { fill } from "../../dom.ts";
import type { Studio, Tab } from "../../tab.ts";
import type { Entered } from "./form.ts";
import { PageTraining, type Training } from "./run.ts";
import { LECTURE } from "./settings.ts";
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
  const sets = studio.project.sets ?? [];
  const source = sets.find((s) => s.here && s.name === "fashion-mnist") ? "fashion-mnist" : "shapes";
  const entered: Entered = { source, chosen: {}, recipe: "quick", settings: LECTURE };
  const memory = { run: new PageTraining(() => studio.device()), entered };
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
      leave = showTrain(host, { studio, run, entered, text: texts[language] });
    });
    return () => {
      stop();
      leave?.();
    };
  },
};
