/** What the model answers: scores over classes, or numbers. */
import { type Graph, rowOf } from "../../../compiler/ir/graph.ts";
import type { Weights } from "../../../contract/weights.ts";
import { type Scores, scoresOf, sharesOf } from "../../../data/scores.ts";
import { h } from "../../dom.ts";
import { resultName } from "./layers.ts";
import { outputsCard } from "./outputsCard.ts";
import { scoresCard } from "./scoresCard.ts";
import type { Text } from "./text.ts";
import type { Outputs } from "./trial.ts";
import { originOf } from "./weights.ts";

export interface Answers {
  readonly element: HTMLElement;
  /** What is to be answered with these weights. Returns why the classes that they tell of are left aside, if they are. */
  expect(weights: Weights | null): string | undefined;
  /** The answer; to a picture that is empty no scores are shown. */
  show(outputs: Outputs, isEmpty: boolean): void;
}

/** `about` stands below what is answered. */
export function answersOf(graph: Graph, about: HTMLElement, text: Text): Answers {
  const card = scoresCard(text, about);
  const others = outputsCard(text);
  const [output] = graph.outputs;
  const numbers = output && rowOf(output.node);
  let scored: Scores | undefined;
  return {
    element: h("div", { class: "answers" }, others.element, card.element),
    expect(weights) {
      let why: string | undefined;
      const found = scoresOf(graph, {
        metadata: weights ? originOf(weights)?.metadata : undefined,
        ignored(reason) {
          why = reason;
        },
      });
      scored = found.get(output?.name ?? "");
      if (scored) card.expect(scored.names ?? Array.from({ length: scored.count }, () => ""));
      else if (numbers !== undefined) card.expectNumbers(numbers);
      else card.without();
      return why;
    },
    show(outputs, isEmpty) {
      const results = graph.outputs.flatMap((each) => {
        const result = outputs[resultName(each)];
        return result ? [[each.name, result] as const] : [];
      });
      const [first] = results;
      const isRow = scored !== undefined || numbers !== undefined;
      if (scored && first) card.show(isEmpty ? undefined : sharesOf(first[1].data, scored));
      else if (numbers !== undefined && first) card.showNumbers(first[1].data);
      const rest = isRow ? results.slice(1) : results;
      others.element.hidden = rest.length === 0;
      others.show(rest);
    },
  };
}
