/** Weft Studio's entry: reads the project, then shows the tabs. */
import "./style.css"; // before the style sheets of what is imported below
import type { Weights } from "../contract/weights.ts";
import { devices } from "./device.ts";
import { h } from "./dom.ts";
import { openFiles } from "./opening/index.ts";
import { readProject } from "./project.ts";
import { watchDisk } from "./server.ts";
import { shell } from "./shell.ts";
import { signal } from "./signal.ts";
import type { Given, Studio, Words } from "./tab.ts";
import { tabs } from "./tabs/index.ts";
import { openWeights } from "./tabs/try/weights.ts";
import { workbench } from "./workbench.ts";

/** Milliseconds that the first compile waits for an adapter: it says what to compile for. */
const patience = 1500;

async function start(): Promise<void> {
  const project = await readProject();
  const frame = shell(tabs);
  const { device, target, shown, missing } = devices();
  // Without any device there is still the model to look at; tabs that need one say so themselves.
  const opened = device().then(
    () => missing.value !== null && frame.tell(inWasm(missing.value)),
    (error: Error) => frame.tell(withoutGpu(error.message)),
  );
  await Promise.race([opened, new Promise((late) => setTimeout(late, patience))]);
  const bench = await workbench(project, shown);
  const weights = signal<Weights | null>(null);
  const { language, show } = frame;
  const studio: Studio = {
    ...{ project, bench, model: bench.model, weights, device, target, language, show },
    given: signal<Given | null>(null),
    open: (files) => void openFiles(files, studio, frame.tell),
  };
  document.body.replaceChildren(frame.element);
  frame.start(studio);
  if (project.live) watchDisk(bench.disk);
  if (project.weights !== null) {
    const response = await fetch(project.weights);
    const name = decodeURIComponent(project.weights.split("/").at(-1) ?? "");
    if (response.ok) weights.set(openWeights(await response.arrayBuffer(), name, "served"));
  }
}

/** What computes in its place. */
function inWasm(why: string): Words {
  return {
    en: `No WebGPU: ${why}. Models run and train in WebAssembly here; timing their kernels needs WebGPU.`,
    zh: `无法使用 WebGPU：${why}。此处模型用 WebAssembly 运行和训练；内核计时需要 WebGPU。`,
  };
}

/** What can be done all the same. */
function withoutGpu(why: string): Words {
  return {
    en: `No WebGPU: ${why}. The model can be looked at and edited here; running, training and timing it need WebGPU.`,
    zh: `无法使用 WebGPU：${why}。此处仍可查看和编辑模型；运行、训练和计时需要 WebGPU。`,
  };
}

start().catch((error: Error) => {
  console.error(error);
  document.body.replaceChildren(
    h("p", { class: "note bad", attrs: { role: "alert" } }, `Weft Studio could not start: ${error.message}`),
  );
});
