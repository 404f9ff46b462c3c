/**
 * Where one value comes from: the formula of its layer, the numbers in it, the terms of its sum one by one, and from each of them on
 * to the element that it was read from, down to the picture.
 */
import type { Graph } from "../../../../compiler/ir/graph.ts";
import { type Explanation, explain } from "../../../../compiler/report/explain.ts";
import type { Program } from "../../../../contract/program.ts";
import { shapeWith } from "../../../../contract/sizes.ts";
import { fill, h } from "../../../dom.ts";
import { dark } from "../../../theme.ts";
import { shown } from "../color.ts";
import type { Watched } from "../layers.ts";
import type { Text } from "../text.ts";
import "./style.css";
import { type Following, follow } from "./terms.ts";
import { explainedBy, knownIn, neededFor, type Ran, type Spot, spotText } from "./values.ts";

export interface PixelCard {
  readonly element: HTMLElement;
  /** Begins at a value. */
  show(spot: Spot): void;
  /** There are other values. */
  update(ran: Ran): void;
  /** What has to be watched for what is shown. */
  watched(): readonly Watched[];
  redraw(): void;
  leave(): void;
}

export interface PixelOptions {
  readonly graph: Graph;
  readonly program: Program;
  readonly text: Text;
  /** Layers have to be watched that are not. */
  readonly need: () => void;
  /** A value of the picture is looked at: its place, or none. */
  readonly frame: (index: readonly number[] | undefined) => void;
}

export function pixelCard({ graph, program, text, need, frame }: PixelOptions): PixelCard {
  let path: readonly Spot[] = [];
  let ran: Ran | undefined;
  let terms: Following | undefined;
  let before: Element | null = null;
  const way = h("nav", { class: "way mono", attrs: { "aria-label": text.pixel.way } });
  const title = h("h2", { tabIndex: -1 }, text.pixel.title);
  const close = h("button", { type: "button", class: "quiet icon", ariaLabel: text.pixel.close }, "×");
  const body = h("div", { class: "explained" });
  const element = h(
    "section",
    { class: "card pixel-card", hidden: true, ariaLabel: text.pixel.title },
    h("header", {}, title, close),
    way,
    body,
  );
  const here = (): Spot | undefined => path.at(-1);
  const go = (next: readonly Spot[]): void => {
    path = next;
    element.hidden = path.length === 0;
    const spot = here();
    const given = spot && spot.node.kind === "input" ? spot.index : undefined;
    frame(given);
    if (spot && lacks(spot)) need();
    render();
    if (spot) title.focus({ preventScroll: true }); // what was pressed is gone
  };
  const lacks = (spot: Spot): boolean =>
    neededFor(spot).some((node) => ran?.outputs[node.origin.name] === undefined);
  const leave = (): void => {
    go([]);
    if (before instanceof HTMLElement) before.focus();
    before = null;
  };
  const render = (): void => {
    terms?.leave();
    terms = undefined;
    const spot = here();
    if (!spot) return;
    fill(
      way,
      ...path.flatMap((each, i) => [
        i > 0 && h("span", { attrs: { "aria-hidden": "true" } }, "←"),
        i < path.length - 1
          ? h(
              "button",
              { type: "button", class: "quiet", onclick: () => go(path.slice(0, i + 1)) },
              spotText(each),
            )
          : h("strong", {}, spotText(each)),
      ]),
    );
    fill(body, ...contents(spot));
  };
  const contents = (spot: Spot): readonly (HTMLElement | false)[] => {
    if (!ran || lacks(spot)) return [h("p", { class: "quiet-text" }, text.computing)];
    const node = explainedBy(spot.node);
    if (!node) return [h("p", {}, valueText(spot, ran))];
    const found = explain(node, spot.index, knownIn(graph, ran));
    terms = follow(found, { text, deeper: (to) => go([...path, to]) });
    return [formulas(found), terms.element, kernelLine(spot)];
  };
  /** Of a value that is given, or that no formula says. */
  const valueText = (spot: Spot, of: Ran): string => {
    const { kind, type } = spot.node;
    const shape = shapeWith(type.shape, 1, of.sizes);
    const at = spot.index.reduce((sum, i, axis) => sum * (shape[axis] ?? 1) + i, 0);
    const value = knownIn(graph, of).values(spot.node)?.[at];
    const what = kind === "op" ? text.pixel.noFormula : text.pixel.given(kind === "param");
    return `${spotText(spot)}${value === undefined ? "" : ` = ${shown(value)}`}: ${what}`;
  };
  const kernelLine = ({ node }: Spot): HTMLElement | false => {
    const kernel = program.kernels.find((k) => k.layers.includes(node.origin.name));
    if (!kernel) return false;
    const others = kernel.layers.filter((l) => l !== node.origin.name);
    return h("p", { class: "quiet-text small" }, text.pixel.kernel(kernel.name, others));
  };
  close.addEventListener("click", leave);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });
  return {
    element,
    show(spot) {
      before ??= document.activeElement;
      go([spot]);
      element.scrollIntoView({ block: "nearest" });
    },
    update(next) {
      ran = next;
      const at = terms?.at;
      if (path.length === 0) return;
      render();
      if (at !== undefined) terms?.go(at);
    },
    watched: () => path.flatMap(neededFor).map((value) => ({ value })),
    redraw: () => terms?.redraw(dark.value),
    leave: () => terms?.leave(),
  };
}

/** The layer's formula, and the same with this element's numbers. */
function formulas({ formula, numbers, element }: Explanation): HTMLElement {
  const value = shown(element.value);
  return h(
    "div",
    { class: "formulas mono" },
    h("p", { class: "formula" }, formula),
    h(
      "p",
      {},
      numbers === value ? `= ${value}` : `= ${numbers} = `,
      numbers !== value && h("strong", {}, value),
    ),
  );
}
