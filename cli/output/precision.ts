/** What storing in fewer bits costs: the answers of both side by side. */
import { plural } from "../../compiler/errors.ts";
import type { Labels } from "../../data/set.ts";
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
  labels: Labels,
): PrecisionError {
  const examples = labels.length;
  const equal = ({ answers }: Answers, to: Labels): number =>
    Array.from(answers).filter((answer, i) => answer === to[i]).length;
  let [maxDifference, largestScore] = [0, 0];
  for (const [i, score] of single.scores.entries()) {
    maxDifference = Math.max(maxDifference, Math.abs(score - (narrow.scores[i] ?? Number.NaN)));
    largestScore = Math.max(largestScore, Math.abs(score));
  }
  return {
    type,
    accuracy: equal(narrow, labels) / examples,
    accuracyOfF32: equal(single, labels) / examples,
    agree: equal(narrow, single.answers),
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
