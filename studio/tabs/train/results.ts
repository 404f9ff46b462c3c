/** What training was with and what it gave: cards that are hidden until there is something in them. */
import type { Data } from "../../../data/set.ts";
import { fill, h } from "../../dom.ts";
import { thumbnails } from "./pictures.ts";
import type { Progress } from "./run.ts";
import type { Text } from "./text.ts";

interface Card<Value> {
  readonly element: HTMLElement;
  update(value: Value): void;
}

/** A row for each epoch. */
export function epochTable({ table, epoch, series, speed }: Text): Card<Progress["epochs"]> {
  const rows = h("tbody", {});
  const heads = [epoch, ...series, speed].map((name) => h("th", { scope: "col" }, name));
  const whole = h("table", { class: "epochs" }, h("thead", {}, h("tr", {}, ...heads)), rows);
  const element = h(
    "section",
    { class: "card", hidden: true },
    h("h2", {}, table),
    h("div", { class: "scroll" }, whole),
  );
  let shown: Progress["epochs"] | undefined;
  return {
    element,
    update(epochs) {
      element.hidden = epochs.length === 0;
      if (epochs !== shown) listEpochs(rows, epochs);
      shown = epochs;
    },
  };
}

/** The last epoch first: it is the one that is looked for. */
function listEpochs(rows: HTMLElement, epochs: Progress["epochs"]): void {
  fill(
    rows,
    ...epochs
      .toReversed()
      .map(({ epoch, loss, trainAccuracy, testAccuracy = Number.NaN, examplesPerSecond }) =>
        h(
          "tr",
          {},
          h("td", {}, `${epoch}`),
          ...[loss, trainAccuracy, testAccuracy].map((value) => h("td", {}, value.toFixed(3))),
          h("td", {}, Math.round(examplesPerSecond).toLocaleString("en")),
        ),
      ),
  );
}

/** The first pictures, and how many there are. */
export function pictureSamples(text: Text): Card<Data | undefined> {
  const element = h("section", { class: "card", hidden: true });
  const count = (n: number): string => n.toLocaleString("en");
  let shown: Data | undefined;
  return {
    element,
    update(data) {
      if (data === shown) return;
      shown = data;
      element.hidden = !data;
      if (!data) return;
      const { name, train, test } = data;
      const line = text.learnsFrom(setName(name, text), count(train.rows), count(test.rows));
      fill(
        element,
        h("h2", {}, text.pictures),
        h("p", { class: "quiet-text small" }, line),
        thumbnails(train, text.classNumber),
      );
    },
  };
}

/** A data set's name in words. */
export const setName = (name: string, text: Text): string => text.setNames[name] ?? name;
