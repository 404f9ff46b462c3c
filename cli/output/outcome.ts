/** The result of `weft run` as text and as JSON. */
import { plural } from "../../compiler/errors.ts";
import type { Scores } from "../../data/scores.ts";
import type { Batch } from "../input/read.ts";
import type { Ui } from "../ui.ts";
import {
  className,
  nested,
  type ShowOptions,
  showClasses,
  showNumbers,
  type Tensor,
  TOP,
  topOf,
} from "./results.ts";

export interface Outcome {
  readonly model: string;
  readonly adapter: string;
  /** The weights' file; null where they are random. */
  readonly weights: string | null;
  readonly milliseconds: number;
  readonly batches: readonly Batch[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Which outputs are scores over classes. */
  readonly scores: ReadonlyMap<string, Scores>;
  /** Of the first of them. */
  readonly labels: readonly number[] | undefined;
}

export function resultText(outcome: Outcome, options: Pick<ShowOptions, "top" | "pictures">, ui: Ui): void {
  const { outputs, scores } = outcome;
  const examples = batchOf(outcome.batches);
  const [labelled] = scores.keys();
  for (const [name, output] of Object.entries(outputs)) {
    const found = scores.get(name);
    const labels = name === labelled ? outcome.labels : undefined;
    if (examples && found) showClasses(examples, output, { scores: found, labels, ...options }, ui);
    else showNumbers(name, output, ui);
  }
  const count = examples?.titles.length ?? 1;
  const each = `${count} ${plural(count, "example")}`;
  ui.out(ui.colors.dim(`${each} in ${outcome.milliseconds.toFixed(1)} ms on ${outcome.adapter}`));
}

/** The input whose examples are the batch; undefined where the model takes one at a time. */
export const batchOf = (batches: readonly Batch[]): Batch | undefined =>
  batches.find((batch) => batch.target.batched);

/** `outputs` holds nested arrays in the outputs' shapes; `predictions` ranks the classes of the first scores. */
export function resultJson(outcome: Outcome, top = TOP): unknown {
  const { batches, outputs, labels } = outcome;
  const [first] = outcome.scores;
  const output = first && outputs[first[0]];
  const predictions =
    output &&
    batchOf(batches)?.titles.map((input, i) => ({
      input,
      ...(labels ? { label: className(labels[i] ?? 0, first[1]) } : {}),
      top: topOf(output, i, first[1], top).map(({ index, share }) => ({
        class: className(index, first[1]),
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
