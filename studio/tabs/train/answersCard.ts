/** The confusion matrix and the worst mistakes, as of the last epoch. */
import type { DataSet } from "../../../data/set.ts";
import { fill, h } from "../../dom.ts";
import type { Answers } from "./answers.ts";
import { canvasOf } from "./pictures.ts";
import type { Progress } from "./run.ts";
import type { Text } from "./text.ts";

/** Classes whose matrix can be read. */
const MOST = 20;

export interface AnswersCard {
  readonly element: HTMLElement;
  update(progress: Progress): void;
}

export function answersCard(text: Text): AnswersCard {
  const element = h("section", { class: "card answers-card", hidden: true });
  let shown: Answers | undefined;
  return {
    element,
    update({ answers, data }) {
      if (answers === shown) return;
      shown = answers;
      element.hidden = !answers || !data;
      if (!answers || !data) return;
      const { test } = data;
      fill(
        element,
        h("h2", {}, text.answers),
        test.classes.length <= MOST && h("div", { class: "wide" }, matrix(answers, test, text)),
        h("h3", {}, answers.mistakes.length > 0 ? text.worst : text.noMistake(answers.rows)),
        mistakes(answers, test, text),
      );
    },
  };
}

const nameOf = ({ classes }: DataSet, label: number, text: Text): string => {
  const name = classes[label] ?? "";
  return name === "" || name === `${label}` ? text.classNumber(label) : name;
};

/** A row for what is on the pictures, a column for what was answered. */
function matrix({ confusion, rows }: Answers, test: DataSet, text: Text): HTMLElement {
  const names = test.classes.map((_, label) => nameOf(test, label, text));
  const head = names.map((name) => h("th", { scope: "col" }, h("span", {}, name)));
  const lines = confusion.map((counts, label) => {
    const all = counts.reduce((a, b) => a + b, 0);
    const cells = counts.map((count, answer) => {
      const share = all > 0 ? count / all : 0;
      const attrs = { style: `--share: ${share.toFixed(3)}` };
      return h("td", { class: answer === label ? "right" : "wrong", attrs }, count > 0 ? `${count}` : "");
    });
    return h("tr", {}, h("th", { scope: "row" }, names[label]), ...cells);
  });
  return h(
    "table",
    { class: "confusion" },
    h("caption", {}, text.confusion(rows)),
    h("thead", {}, h("tr", {}, h("td", {}), ...head)),
    h("tbody", {}, ...lines),
  );
}

function mistakes({ mistakes: list }: Answers, test: DataSet, text: Text): HTMLElement {
  const items = list.map(({ row, label, answer }) =>
    h("li", {}, canvasOf(test, row), text.mistake(nameOf(test, label, text), nameOf(test, answer, text))),
  );
  return h("ul", { class: "pictures mistakes" }, ...items);
}
