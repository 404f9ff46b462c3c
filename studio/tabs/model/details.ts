/** What is chosen, in full: the layer, then its kernel with reasons, schedule and WGSL. */
import { formatLocation } from "../../../compiler/errors.ts";
import { bytesText } from "../../../compiler/report/layout.ts";
import { showShape } from "../../../contract/shapes.ts";
import type { KernelView, LayerView } from "../../compile/parts.ts";
import type { ModelView } from "../../compile/view.ts";
import { type Child, fill, h } from "../../dom.ts";
import { fieldText } from "./field.ts";
import { chooseLayer, type State } from "./state.ts";
import { count, milliseconds } from "./text.ts";
import { wgslNode } from "./wgsl.ts";
import type { Word } from "./words.ts";
import "./details.css";

/** `foot` stays below what scrolls. */
export function detailsPane(state: State, foot: HTMLElement): HTMLElement {
  const title = h("h2", { id: "details-title" });
  const body = h("div", { class: "scroll", tabIndex: -1 });
  const draw = (): void => {
    title.textContent = state.say("details");
    const view = state.view.value;
    const { layer, group } = state.choice.value;
    const row = view?.layers.find((l) => l.name === layer);
    const kernel = group === null ? undefined : view?.kernels[group];
    if (!view || (!row && !kernel)) {
      fill(body, h("p", { class: "quiet-text hint" }, state.say("pick")), view && preparing(view, state));
      return;
    }
    fill(
      body,
      row && layerPart(row, state),
      kernel
        ? kernelPart(kernel, group ?? 0, view, state)
        : h("p", { class: "quiet-text hint" }, state.say("noKernel")),
    );
  };
  state.watch(state.view, draw);
  state.watch(state.choice, () => {
    draw();
    body.scrollTop = 0;
  });
  state.watch(state.times, draw);
  state.speak(draw);
  return h(
    "section",
    { class: "card pane details", attrs: { "aria-labelledby": "details-title" } },
    h("div", { class: "head" }, title),
    body,
    foot,
  );
}

type Fact = readonly [what: string, value: Child];

function factList(facts: readonly Fact[]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...facts.flatMap(([what, value]) => [h("dt", {}, what), h("dd", {}, value)]),
  );
}

function layerPart(row: LayerView, state: State): HTMLElement {
  const { at } = row;
  const say = (word: Word): string => state.say(word);
  const facts: readonly (Fact | false)[] = [
    [say("operation"), row.options === "" ? row.op : `${row.op} · ${row.options}`],
    [say("output"), h("span", { class: "mono" }, showShape(row.output))],
    row.formula !== "" && [say("size"), h("span", { class: "formula" }, row.formula.replaceAll("; ", "\n"))],
    row.params > 0 && [say("parameters"), count(row.params)],
    row.macs > 0 && [say("macs"), count(row.macs)],
    row.receptiveField !== null && [say("field"), fieldText(row.receptiveField, state)],
    at !== null && [
      say("from"),
      h(
        "button",
        { type: "button", class: "link mono", id: "jump", onclick: () => state.place.set({ ...at }) },
        formatLocation(at),
      ),
    ],
  ];
  return h(
    "div",
    { class: "part" },
    h("p", { class: "kind" }, say("layer")),
    h("h3", { class: "mono" }, row.name),
    factList(facts.filter((f): f is Fact => f !== false)),
  );
}

function kernelPart(kernel: KernelView, group: number, view: ModelView, state: State): HTMLElement {
  const say = (word: Word): string => state.say(word);
  const times = state.times.value;
  const time = times?.view === view ? times.each[group] : undefined;
  const facts: readonly Fact[] = [
    [say("threads"), kernel.items],
    [say("workgroup"), count(kernel.workgroup)],
    [say("buffers"), count(kernel.buffers)],
    ["WGSL", bytesText(new TextEncoder().encode(kernel.wgsl).length)],
    kernel.phase === "prepare"
      ? [say("time"), say("once")]
      : [say("time"), time === undefined ? say("notMeasured") : `${milliseconds(time)}, N = ${times?.batch}`],
  ];
  const layers = kernel.layers.map((name) =>
    h("button", { type: "button", class: "chip mono", onclick: () => chooseLayer(state, name) }, name),
  );
  return h(
    "div",
    { class: "part kernel-part" },
    h("p", { class: "kind" }, say("kernel")),
    h("h3", { class: "mono", id: "kernel-name" }, kernel.name),
    h("div", { class: "chips" }, ...layers),
    factList(facts),
    kernel.decisions.length > 0 && h("h4", {}, say("why")),
    kernel.decisions.length > 0 &&
      h("ul", { class: "reasons" }, ...kernel.decisions.map((d) => reason(d, say))),
    ...kernel.schedules.map((schedule) =>
      h(
        "div",
        { class: "schedule" },
        h("h4", {}, say("schedule")),
        h("p", { class: "rule" }, schedule.rule),
        factList(schedule.facts.map(([what, value]) => [what, h("span", { class: "mono" }, value)])),
        h("details", {}, h("summary", {}, say("computes")), h("pre", { class: "meaning" }, schedule.meaning)),
      ),
    ),
    h("div", { class: "row between" }, h("h4", {}, "WGSL"), copyButton(kernel.wgsl, state)),
    wgslNode(kernel.wgsl),
  );
}

function reason(d: KernelView["decisions"][number], say: (word: Word) => string): HTMLElement {
  return h(
    "li",
    { class: "reason" },
    h("span", { class: d.fused ? "tag fused" : "tag" }, say(d.fused ? "fused" : "stored")),
    h("span", { class: "mono" }, d.into === null ? d.layer : `${d.layer} → ${d.into}`),
    h("span", { class: "because" }, d.reason),
  );
}

function copyButton(text: string, state: State): HTMLElement {
  const button = h("button", { type: "button", class: "quiet small" }, state.say("copy"));
  button.onclick = async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = state.say("copied");
  };
  return button;
}

/** Kernels that have no frame in the graph, since they run once. */
function preparing({ kernels }: ModelView, state: State): HTMLElement | null {
  const list = kernels.flatMap((k, group) => (k.phase === "prepare" ? [{ k, group }] : []));
  if (list.length === 0) return null;
  const buttons = list.map(({ k, group }) =>
    h(
      "button",
      { type: "button", class: "chip mono", onclick: () => state.choice.set({ layer: null, group }) },
      k.name,
    ),
  );
  return h(
    "details",
    { class: "part" },
    h("summary", {}, `${state.say("prepares")}: ${list.length}`),
    h("div", { class: "chips" }, ...buttons),
  );
}
