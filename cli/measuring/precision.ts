/** What storing in fewer bits costs: the answers of both side by side. */
import { must, plural } from "../../compiler/errors.ts";
import type { MeasuredLoss } from "../../compiler/train/measured.ts";
import { ignoredBy } from "../data/parts.ts";
import { type Answered, answersIn, type LossFigures, totalLoss } from "./figures.ts";

export interface Difference {
  /** What training makes small, of both. */
  readonly loss: number;
  readonly lossOfF32: number;
  /** Of a model that answers with classes. */
  readonly answers?: {
    /** Right answers, as a share of all. */
    readonly accuracy: number;
    readonly accuracyOfF32: number;
    /** Labels whose answer is the same in both. */
    readonly agree: number;
    readonly labels: number;
  };
  /** The largest difference of a number of an output that is compared with targets, and the largest of those numbers. */
  readonly maxDifference: number;
  readonly largest: number;
}

/** Gathers differences batch by batch. */
export class Differences {
  readonly #losses: readonly MeasuredLoss[];
  #agree = 0;
  #maxDifference = 0;
  #largest = 0;

  constructor(losses: readonly MeasuredLoss[]) {
    this.#losses = losses;
  }

  add(narrow: Answered, single: Answered): void {
    for (const { output } of this.#losses) {
      const [a = [], b = []] = [narrow, single].map(({ outputs }) => outputs[output ?? ""]);
      for (let i = 0; i < b.length; i++) {
        const [x = Number.NaN, y = Number.NaN] = [a[i], b[i]];
        this.#maxDifference = Math.max(this.#maxDifference, Math.abs(x - y));
        this.#largest = Math.max(this.#largest, Math.abs(y));
      }
    }
    const classed = this.#losses.find(({ said }) => said.classes !== undefined);
    if (!classed) return;
    const [mine, other] = [narrow, single].map((answered) => {
      const scores = answered.outputs[classed.output ?? ""] ?? [];
      return answersIn(scores, must(classed.said.classes, "classes"), answered);
    });
    const labels = narrow.targets[classed.said.targets[0] ?? ""];
    const ignored = ignoredBy(classed.said);
    for (const [i, answer] of mine?.entries() ?? [])
      if (answer === other?.[i] && labels?.[i] !== ignored) this.#agree++;
  }

  between(narrow: readonly LossFigures[], single: readonly LossFigures[]): Difference {
    const classed = narrow.findIndex(({ said }) => said.classes !== undefined);
    const { right = 0, labels = 0 } = narrow[classed] ?? {};
    const accuracyOfF32 = (single[classed]?.right ?? 0) / labels;
    return {
      loss: totalLoss(narrow),
      lossOfF32: totalLoss(single),
      ...(labels > 0 && {
        answers: { accuracy: right / labels, accuracyOfF32, agree: this.#agree, labels },
      }),
      maxDifference: this.#maxDifference,
      largest: this.#largest,
    };
  }
}

const short = (value: number): string => `${Number(value.toPrecision(4))}`;

/** `f16 against f32: acc 0.8231 and 0.8230; …` */
export function differenceText(type: string, { answers, largest, maxDifference, ...e }: Difference): string {
  const share = largest > 0 ? (100 * maxDifference) / largest : 0;
  const figures = answers
    ? [
        `acc ${answers.accuracy.toFixed(4)} and ${answers.accuracyOfF32.toFixed(4)}`,
        `the same class for ${answers.agree} of ${answers.labels} ${plural(answers.labels, "label")}`,
      ]
    : [`loss ${short(e.loss)} and ${short(e.lossOfF32)}`];
  const most = `${answers ? "scores" : "numbers"} differ by ${maxDifference.toPrecision(2)} at most (${share.toFixed(2)}% of the largest)`;
  return `${type} against f32: ${[...figures, most].join("; ")}`;
}
