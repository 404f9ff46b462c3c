/** Weft Studio's entry: reads the project, then shows the tabs. */
import "./style.css"; // before the style sheets of what is imported below
import { readSafetensors, type Weights } from "../runtime/weights.ts";
import { devices } from "./device.ts";
import { h } from "./dom.ts";
import { readProject } from "./project.ts";
import { shell } from "./shell.ts";
import { signal } from "./signal.ts";
import type { CompiledModel, Studio } from "./tab.ts";
import { tabs } from "./tabs/index.ts";

async function start(): Promise<void> {
  const project = await readProject();
  const frame = shell(tabs);
  const { device, target } = devices();
  const weights = signal<Weights | null>(null);
  const model = signal<CompiledModel | null>(null);
  const studio: Studio = {
    project,
    model,
    weights,
    device,
    target,
    language: frame.language,
    show: frame.show,
  };
  document.body.replaceChildren(frame.element);
  frame.start(studio);
  // Without a GPU there is still the model to look at; tabs that need one say so themselves.
  device().catch(() => undefined);
  if (project.weights !== null) {
    const response = await fetch(project.weights);
    if (response.ok) weights.set(readSafetensors(await response.arrayBuffer()));
  }
}

start().catch((error: Error) => {
  document.body.replaceChildren(
    h("p", { class: "note bad", attrs: { role: "alert" } }, `Weft Studio could not start: ${error.message}`),
  );
});
