/** What the model answers: scores over classes, or numbers. */
import { type Graph, rowOf } from "../../../compiler/ir/graph.ts";
import { showShape } from "../../../contract/shapes.ts";
import type { Weights } from "../../../contract/weights.ts";
import { type Scores, scoresOf, sharesOf } from "../../../data/scores.ts";
import { resultName } from "./layers.ts";
import { scoresCard } from "./scoresCard.ts";
import type { Text } from "./text.ts";
import type { Outputs } from "./trial.ts";
import { originOf } from "./weights.ts";

export interface Answers {
  readonly element: HTMLElement;
  /** What is to be answered with these weights. Returns why the classes that they tell of are left aside, if they are. */
  expect(weights: Weights | null): string | undefined;
  /** The answer to a picture of these values: of one that is empty no scores are shown. */
  show(outputs: Outputs, values: Float32Array): void;
}

/** `about` stands below what is answered. */
export function answersOf(graph: Graph, about: HTMLElement, text: Text): Answers {
  const card = scoresCard(text, about);
  const [output] = graph.outputs;
  const numbers = output && rowOf(output.node);
  let scored: Scores | undefined;
  return {
    element: card.element,
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
      else card.without(text.noScores(showShape(output?.node.type.shape ?? [])));
      return why;
    },
    show(outputs, values) {
      const result = outputs[resultName(graph) ?? ""];
      if (scored && result)
        card.show(values.every((v) => v === 0) ? undefined : sharesOf(result.data, scored));
      else if (numbers !== undefined && result) card.showNumbers(result.data);
    },
  };
}
