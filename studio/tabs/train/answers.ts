/** How a model answers on pictures that it has not learnt from: what it takes for what, and where it is most wrong. */
import type { Program } from "../../../contract/program.ts";
import { type DataSet, firstRows } from "../../../data/set.ts";
import { load } from "../../../runtime/index.ts";
import type { Weights } from "../../../runtime/train.ts";

/** A wrong answer. */
export interface Mistake {
  /** Which picture of the test set. */
  readonly row: number;
  readonly label: number;
  readonly answer: number;
  /** How far the score of the answer is above that of the right class. */
  readonly margin: number;
}

export interface Answers {
  /** `confusion[label][answer]` */
  readonly confusion: readonly (readonly number[])[];
  /** The worst first. */
  readonly mistakes: readonly Mistake[];
  /** How many pictures were looked at. */
  readonly rows: number;
}

/** Pictures that are looked at after an epoch, and that are run at once. */
const MOST = 1000;
const BATCH = 100;
/** Mistakes that are kept. */
const WORST = 12;

export interface Asked {
  readonly program: Program;
  readonly device: GPUDevice;
  readonly weights: Weights;
  readonly test: DataSet;
}

/** Asks the model, with weights as they are now. Throws what `load` throws. */
export async function ask({ program, device, weights, test }: Asked): Promise<Answers> {
  const [input, output] = [program.inputs[0], program.outputs[0]];
  const session = await load(program, { weights, device });
  try {
    const { images, labels, rows } = firstRows(test, MOST);
    const size = images.length / rows;
    const tally = tallyOf(test.classes.length);
    for (let from = 0; from < rows; from += BATCH) {
      const part = images.subarray(from * size, Math.min(rows, from + BATCH) * size);
      const results = await session.run({
        [input?.name ?? ""]: Float32Array.from(part, (byte) => byte / 255),
      });
      const scores = results[output?.name ?? ""];
      if (scores) tally.add(scores.data, scores.shape.at(-1) ?? 1, labels, from);
    }
    return tally.answers();
  } finally {
    session.destroy();
  }
}

/** Counts answers. Pure but for what it remembers. */
export function tallyOf(classes: number): {
  /** `scores`: of so many classes for each picture, which follow `from`. */
  add(scores: ArrayLike<number>, of: number, labels: ArrayLike<number>, from: number): void;
  answers(): Answers;
} {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const mistakes: Mistake[] = [];
  let rows = 0;
  return {
    add(scores, of, labels, from) {
      for (let i = 0; i < scores.length / of; i++, rows++) {
        const row = from + i;
        const label = labels[row] ?? 0;
        const score = (k: number): number => scores[i * of + k] ?? Number.NaN;
        let answer = 0;
        for (let k = 1; k < of; k++) if (score(k) > score(answer)) answer = k;
        const counts = confusion[label];
        if (counts) counts[answer] = (counts[answer] ?? 0) + 1; // a model may know more classes than there are
        if (answer !== label) mistakes.push({ row, label, answer, margin: score(answer) - score(label) });
      }
    },
    answers: () => ({
      confusion,
      mistakes: mistakes.toSorted((a, b) => b.margin - a.margin).slice(0, WORST),
      rows,
    }),
  };
}
