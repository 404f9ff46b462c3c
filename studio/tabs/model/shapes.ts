/** The shape table: a row per layer. */

import { bytesText } from "../../../compiler/report/layout.ts";
import { fieldSize } from "../../../compiler/report/receptive.ts";
import { showShape } from "../../../contract/shapes.ts";
import type { LayerView } from "../../compile/parts.ts";
import type { ModelView } from "../../compile/view.ts";
import { fill, h } from "../../dom.ts";
import { chooseLayer, type State } from "./state.ts";
import { compact, count } from "./text.ts";
import type { Word } from "./words.ts";
import "./shapes.css";

const columns: readonly (Word | null)[] = [
  "layer",
  "operation",
  "output",
  "size",
  "parameters",
  "macs",
  "bytes",
  "field",
  "kernel",
];
const right: ReadonlySet<Word | null> = new Set<Word>(["parameters", "macs", "bytes"]);

export function shapesPane(state: State): HTMLElement {
  const title = h("h2", { id: "shapes-title" });
  const totals = h("p", { class: "quiet-text" });
  const head = h("thead");
  const body = h("tbody");
  const draw = (): void => {
    title.textContent = state.say("shapes");
    fill(
      head,
      h(
        "tr",
        {},
        ...columns.map((c) =>
          h("th", { class: right.has(c) ? "number" : "", attrs: { scope: "col" } }, c && state.say(c)),
        ),
      ),
    );
    const view = state.view.value;
    fill(body, ...(view?.layers ?? []).map((row) => tableRow(row, state)));
    totals.textContent = view ? totalsText(view, state) : "";
    mark();
  };
  const mark = (): void => {
    for (const row of body.rows) {
      row.classList.toggle("chosen", row.dataset["name"] === state.choice.value.layer);
      row.classList.toggle("pointed", row.dataset["name"] === state.pointed.value);
    }
  };
  state.watch(state.view, draw);
  state.speak(draw);
  state.watch(state.choice, mark);
  state.watch(state.pointed, mark);
  return h(
    "section",
    { class: "card pane shapes", attrs: { "aria-labelledby": "shapes-title" } },
    h("div", { class: "head" }, title, totals),
    h(
      "div",
      { class: "wide", tabIndex: 0, attrs: { role: "group", "aria-labelledby": "shapes-title" } },
      h("table", {}, head, body),
    ),
  );
}

function tableRow(row: LayerView, state: State): HTMLElement {
  const { name, op, options, output, formula, params, macs, receptiveField: field, kernel } = row;
  const number = (value: number, text: string): HTMLElement =>
    h("td", { class: "number", title: count(value) }, value > 0 ? text : "");
  return h(
    "tr",
    {
      data: { name },
      onpointerenter: () => state.pointed.set(name),
      onpointerleave: () => state.pointed.set(null),
    },
    h(
      "th",
      { attrs: { scope: "row" } },
      h("button", { type: "button", class: "link mono", onclick: () => chooseLayer(state, name) }, name),
    ),
    h(
      "td",
      {},
      h("span", { class: "op" }, op),
      options !== "" && h("span", { class: "quiet-text" }, ` ${options}`),
    ),
    h("td", { class: "mono" }, showShape(output)),
    h("td", { class: "formula" }, formula.replaceAll("; ", "\n")),
    number(params, count(params)),
    number(macs, compact(macs)),
    number(row.bytes, bytesText(row.bytes)),
    h("td", {}, fieldSize(field)),
    h("td", { class: "mono quiet-text" }, kernel ?? ""),
  );
}

function totalsText({ table: { totals } }: ModelView, state: State): string {
  return [
    `${count(totals.params)} ${state.say("parameters")}`,
    `${compact(totals.macs)} ${state.say("macs")}`,
    totals.kernels === null ? "" : `${totals.kernels} ${state.say("kernels")}`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}
