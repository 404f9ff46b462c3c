/** What is found of each loss over a data set, batch by batch, in float64. */
import { UserError } from "../../compiler/errors.ts";
import type { MeasuredLoss } from "../../compiler/train/measured.ts";
import type { TrainedLoss } from "../../contract/training.ts";
import type { Rows } from "../../runtime/train.ts";
import { ignoredBy } from "../data/parts.ts";
import type { Confusion } from "../output/confusion.ts";

/** What was computed of some examples: their outputs, rows first. */
export interface Answered {
  readonly model: string;
  /** The place of the first example in the data set. */
  readonly from: number;
  readonly rows: number;
  readonly outputs: Readonly<Record<string, ArrayLike<number>>>;
  /** Labels and targets of these examples. */
  readonly targets: Readonly<Record<string, Rows>>;
}

/** What is found besides the loss, by what is compared. */
export interface Metrics {
  /** Labels whose score is the first of the largest, and how many there are; of two classes, logits on the side of their target. */
  readonly right?: number;
  readonly labels?: number;
  /** Absent where a table of so many classes could not be held. */
  readonly confusion?: Confusion;
  /** Of numbers: the mean of |x − t|, and the root of the mean of (x − t)². */
  readonly meanAbsoluteError?: number;
  readonly rootMeanSquareError?: number;
}

export interface LossFigures extends Metrics {
  readonly said: TrainedLoss;
  /** The mean of its terms, by what they count: what training makes small, not yet weighed among the losses. */
  readonly loss: number;
}

/** The most classes of which a confusion matrix is kept. */
export const MOST_CLASSES = 2000;

interface Gatherer {
  /** The scores or numbers of some examples, and what they are compared with. */
  readonly add: (found: ArrayLike<number>, wanted: Rows, answered: Answered) => void;
  readonly metrics: () => Metrics;
}

/** Gathers the figures of one loss. */
export class Figures {
  readonly #loss: MeasuredLoss;
  readonly #gatherer: Gatherer | undefined;
  #terms = 0;
  #counts = 0;

  constructor(loss: MeasuredLoss) {
    this.#loss = loss;
    this.#gatherer = gathererOf(loss);
  }

  /** Throws `UserError` where what is compared is no number. */
  add(answered: Answered): void {
    const { said, output, terms, counts } = this.#loss;
    const of = (name: string): ArrayLike<number> => answered.outputs[name] ?? [];
    const [target = ""] = said.targets;
    if (output !== undefined)
      this.#gatherer?.add(of(output), answered.targets[target] ?? new Uint8Array(), answered);
    this.#terms += total(of(terms));
    this.#counts += counts === undefined ? of(terms).length : total(of(counts));
  }

  get figures(): LossFigures {
    const loss = this.#terms / Math.max(this.#counts, Number.MIN_VALUE);
    return { said: this.#loss.said, loss, ...this.#gatherer?.metrics() };
  }
}

/** What training makes small. */
export const totalLoss = (all: readonly LossFigures[]): number =>
  all.reduce((sum, { said, loss }) => sum + said.weight * loss, 0);

function gathererOf({ said }: MeasuredLoss): Gatherer | undefined {
  if (said.classes !== undefined) return byClass(said.classes, ignoredBy(said));
  if (said.loss.kind === "own") return undefined;
  return said.loss.kind === "binaryCrossEntropy" ? yesOrNo() : byNumber();
}

function byClass(classes: number, ignored: number | undefined): Gatherer {
  const kept = classes <= MOST_CLASSES;
  const confusion = kept
    ? Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
    : undefined;
  let [right, labels] = [0, 0];
  return {
    add: (scores, wanted, answered) => {
      const answers = answersIn(scores, classes, answered);
      for (const [i, label] of wanted.entries()) {
        if (label === ignored) continue;
        const answer = answers[i] ?? 0;
        const row = confusion?.[label];
        if (row) row[answer] = (row[answer] ?? 0) + 1;
        if (answer === label) right++;
        labels++;
      }
    },
    metrics: () => ({ right, labels, ...(confusion && { confusion }) }),
  };
}

/** Of logits whether each is on the side of its target: above 0, and above a half. */
function yesOrNo(): Gatherer {
  let [right, labels] = [0, 0];
  return {
    add: (logits, wanted, answered) => {
      for (const [i, target] of wanted.entries()) {
        if (finite(logits, i, answered) > 0 === target > 0.5) right++;
        labels++;
      }
    },
    metrics: () => ({ right, labels }),
  };
}

function byNumber(): Gatherer {
  let [absolute, square, count] = [0, 0, 0];
  return {
    add: (numbers, wanted, answered) => {
      for (const [i, target] of wanted.entries()) {
        const error = finite(numbers, i, answered) - target;
        absolute += Math.abs(error);
        square += error * error;
        count++;
      }
    },
    metrics: () => ({ meanAbsoluteError: absolute / count, rootMeanSquareError: Math.sqrt(square / count) }),
  };
}

/** The first class of the largest score, of each place of scores [n, classes, …]. Throws `UserError` for NaN among them. */
export function answersIn(
  scores: ArrayLike<number>,
  classes: number,
  { rows, from, model }: Pick<Answered, "rows" | "from" | "model">,
): Uint32Array {
  const places = scores.length / (rows * classes);
  return Uint32Array.from({ length: rows * places }, (_, at) => {
    const [row, place] = [Math.floor(at / places), at % places];
    const score = (c: number): number => scores[(row * classes + c) * places + place] ?? 0;
    let best = 0;
    for (let c = 0; c < classes; c++) {
      if (Number.isNaN(score(c)))
        throw new UserError({
          problem: `${model}: among the scores of example ${from + row} is NaN`,
          rule: "the answer is the largest score, and of NaN there is none",
          fix: FIND,
        });
      if (score(c) > score(best)) best = c;
    }
    return best;
  });
}

function finite(numbers: ArrayLike<number>, i: number, { model, from, rows }: Answered): number {
  const value = numbers[i] ?? Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new UserError({
    problem: `${model}: among the numbers of example ${from + Math.floor((i * rows) / numbers.length)} is ${value}`,
    rule: "what is compared with a target is a finite number",
    fix: FIND,
  });
}

const FIND = "weft run --check-finite names the layer that it comes from";

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum;
}
