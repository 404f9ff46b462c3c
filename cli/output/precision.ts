/** What storing in fewer bits costs: the answers of both side by side. */
import { plural } from "../../compiler/errors.ts";
import type { Answers } from "../classifier.ts";

export interface PrecisionError {
  /** How numbers were stored: f16, i8. */
  readonly type: string;
  /** Right answers, as a share of all. */
  readonly accuracy: number;
  readonly accuracyOfF32: number;
  /** Examples whose class is the same in both. */
  readonly agree: number;
  readonly examples: number;
  /** The largest difference of a score, and the largest score. */
  readonly maxDifference: number;
  readonly largestScore: number;
}

export function precisionError(
  type: string,
  narrow: Answers,
  single: Answers,
  labels: Uint8Array,
): PrecisionError {
  const examples = labels.length;
  const right = ({ answers }: Answers): number =>
    answers.reduce((sum, a, i) => sum + (a === labels[i] ? 1 : 0), 0);
  let [maxDifference, largestScore] = [0, 0];
  for (const [i, score] of single.scores.entries()) {
    maxDifference = Math.max(maxDifference, Math.abs(score - (narrow.scores[i] ?? Number.NaN)));
    largestScore = Math.max(largestScore, Math.abs(score));
  }
  return {
    type,
    accuracy: right(narrow) / examples,
    accuracyOfF32: right(single) / examples,
    agree: narrow.answers.reduce((sum, a, i) => sum + (a === single.answers[i] ? 1 : 0), 0),
    examples,
    maxDifference,
    largestScore,
  };
}

/** `f16 against f32: acc 0.8231 and 0.8230; …` */
export function precisionText(e: PrecisionError): string {
  const share = e.largestScore > 0 ? (100 * e.maxDifference) / e.largestScore : 0;
  return [
    `${e.type} against f32: acc ${e.accuracy.toFixed(4)} and ${e.accuracyOfF32.toFixed(4)}`,
    `the same class for ${e.agree} of ${e.examples} ${plural(e.examples, "example")}`,
    `scores differ by ${e.maxDifference.toPrecision(2)} at most (${share.toFixed(2)}% of the largest)`,
  ].join("; ");
}
