/** The result of `weft run` as text and as JSON. */
import type { Batch } from "../input/read.ts";
import type { Ui } from "../ui.ts";
import { ranking } from "./bars.ts";
import {
  className,
  isClassifier,
  nested,
  type ShowOptions,
  sharesOf,
  showClasses,
  showNumbers,
  type Tensor,
  TOP,
} from "./results.ts";

export interface Outcome {
  readonly model: string;
  readonly adapter: string;
  /** The weights' file; null where they are random. */
  readonly weights: string | null;
  readonly milliseconds: number;
  readonly batches: readonly Batch[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly classes: readonly string[] | undefined;
  readonly labels: readonly number[] | undefined;
}

export function resultText(outcome: Outcome, options: Pick<ShowOptions, "top" | "pictures">, ui: Ui): void {
  const { batches, outputs, classes, labels } = outcome;
  const [first] = batches;
  const count = first?.titles.length ?? 1;
  for (const [name, output] of Object.entries(outputs)) {
    if (first && isClassifier(output, count)) showClasses(first, output, { classes, labels, ...options }, ui);
    else showNumbers(name, output, ui);
  }
  const each = count === 1 ? "1 example" : `${count} examples`;
  ui.out(ui.colors.dim(`${each} in ${outcome.milliseconds.toFixed(1)} ms on ${outcome.adapter}`));
}

/** `outputs` holds nested arrays in the outputs' shapes; `top` ranks the classes where there are any. */
export function resultJson(outcome: Outcome, top = TOP): unknown {
  const { batches, outputs, classes, labels } = outcome;
  const [first] = batches;
  const count = first?.titles.length ?? 1;
  const scores = Object.values(outputs).find((output) => isClassifier(output, count));
  const predictions =
    scores &&
    first?.titles.map((input, i) => ({
      input,
      ...(labels ? { label: className(labels[i] ?? 0, classes) } : {}),
      top: ranking(sharesOf(scores, i), top).map(({ index, share }) => ({
        class: className(index, classes),
        index,
        share: Number(share.toPrecision(6)),
      })),
    }));
  return {
    model: outcome.model,
    adapter: outcome.adapter,
    weights: outcome.weights,
    milliseconds: Number(outcome.milliseconds.toFixed(3)),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, nested(output)])),
    ...(predictions ? { predictions } : {}),
  };
}
