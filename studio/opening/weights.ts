/** Opens weights: as they are where names and shapes are the model's, else as `weft weights` proposes it. */
import { filledWeights } from "../../cli/mapping/fill.ts";
import { layersOf, partOf } from "../../cli/mapping/layers.ts";
import { type NameMap, type Plan, planOf, runsOf } from "../../cli/mapping/plan.ts";
import type { ParamSpec } from "../../contract/program.ts";
import { asGiven } from "../../contract/quantised.ts";
import { isCounter, readStored, tensorsFor } from "../../contract/stored.ts";
import type { Weights } from "../../contract/weights.ts";
import { metadataIn } from "../../runtime/metadata.ts";
import { fill, h } from "../dom.ts";
import type { Studio } from "../tab.ts";
import { misfit, remember } from "../tabs/try/weights.ts";
import { ask } from "./ask.ts";
import type { Say, Text } from "./text.ts";

/** Gives what to say, if anything. Throws `WeftError` "weights" where the file is damaged. */
export async function openWeights(file: File, studio: Studio, text: Text): Promise<Say | undefined> {
  const params = studio.model.value?.compilation.program.params.map(asGiven);
  if (!params) return (words) => words.noModel;
  const bytes = await file.arrayBuffer();
  const stored = readStored(bytes);
  const use = (weights: Weights): void =>
    studio.weights.set(remember(weights, { kind: "opened", name: file.name, metadata: metadataIn(bytes) }));
  const own = tensorsFor(stored);
  const why = misfit(params, own);
  if (why === undefined) {
    use(own);
    return undefined;
  }
  const tensors = Object.entries(stored).map(([name, { shape }]) => ({ name, shape }));
  const looked = tensors.filter(({ name }) => params.some((p) => p.name === name) || !isCounter(name));
  const search = (map: NameMap): Plan => planOf(params, looked, map);
  if (search({}).filled.length === 0) return (words) => words.refused(file.name, why);
  const plan = await askPlan(file.name, params, search, text);
  if (plan) use(filledWeights(params, stored, plan));
  return undefined;
}

/** Shows what was found, and asks for what was not; a plan is complete. */
function askPlan(
  name: string,
  params: readonly ParamSpec[],
  search: (map: NameMap) => Plan,
  text: Text,
): Promise<Plan | undefined> {
  return ask(text.renamed(name), (answer) => {
    const map: Record<string, string | null> = {};
    const questions = questionsOf(search({}));
    let plan: Plan;
    const rows = h("tbody");
    const left = h("p", { class: "quiet-text small" });
    const use = h("button", { type: "button", class: "primary", onclick: () => answer(plan) }, text.use);
    const choices = questions.map(({ layer, from }) => {
      const select = h("select", {
        attrs: { "aria-label": layer },
        onchange() {
          delete map[layer];
          if (select.value !== "?") map[layer] = select.value === "" ? null : select.value;
          draw();
        },
      });
      select.append(new Option(text.choose, "?"), ...from.map((each) => new Option(each, each)));
      select.append(new Option(text.initial, ""));
      return { layer, select };
    });
    const draw = (): void => {
      plan = search(map);
      const asked = new Set(choices.map(({ layer }) => layer));
      const found = runsOf(plan.filled).filter(([first]) => !asked.has(partOf(first.to.name).layer));
      fill(
        rows,
        ...choices.map(({ layer, select }) => row(layer, select, "?")),
        ...found.map(([{ to, from, rule }]) =>
          row(partOf(to.name).layer, from ? partOf(from.name).layer : text.initial, text.rules[rule]),
        ),
      );
      left.textContent = plan.left.length > 0 ? text.left(plan.left.length) : "";
      use.disabled = plan.filled.length < params.length;
    };
    draw();
    const heads = [text.layer, text.from, text.foundBy].map((head) => h("th", { scope: "col" }, head));
    return [
      h("p", { class: "quiet-text" }, text.renamedHelp),
      h("div", { class: "table" }, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), rows)),
      left,
      h(
        "div",
        { class: "row" },
        use,
        h("button", { type: "button", onclick: () => answer(undefined) }, text.cancel),
      ),
    ];
  });
}

function row(layer: string, from: string | HTMLElement, rule: string): HTMLElement {
  return h(
    "tr",
    {},
    h("td", { class: "mono" }, layer),
    h("td", { class: "mono" }, from),
    h("td", { class: "quiet-text" }, rule),
  );
}

/** Layers of which the file does not say what they are, each with those that they may be. */
function questionsOf({
  ambiguous,
  missing,
}: Plan): readonly { readonly layer: string; readonly from: readonly string[] }[] {
  return [
    ...ambiguous.flatMap(({ wanted, from }) =>
      wanted.map(({ name }) => ({ layer: name, from: from.map((other) => other.name) })),
    ),
    ...layersOf(missing).map(({ name }) => ({ layer: name, from: [] })),
  ];
}
