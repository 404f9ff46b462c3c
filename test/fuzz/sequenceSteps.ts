/** Steps along sequences: recurrent layers, and sums by letters. */
import type { Draft } from "./draft.ts";
import { real } from "./numbers.ts";
import type { Dim, Value } from "./spec.ts";
import { size } from "./windowSteps.ts";

/** Each step is kernels of its own: few of them. */
const MOST_STEPS = 5;
/** What is trained has two steps: of one, nothing depends on the weights from step to step. */
export const isSequence = (shape: readonly Dim[], least: number): boolean =>
  shape.length === 3 && typeof shape[1] === "number" && shape[1] >= least && shape[1] <= MOST_STEPS;

/** A recurrent layer, or what it ends in. */
export function recurrent(draft: Draft, x: string): string {
  const { dice } = draft;
  const op = dice.pick(["lstm", "gru", "rnn"]);
  const options: Record<string, Value> = {
    hidden: dice.between(1, 5),
    ...(dice.rarely(2) ? { direction: dice.pick(["reverse", "both"]) } : {}),
    ...(dice.rarely(3) ? { bias: false } : {}),
    ...(dice.rarely(4) ? { clip: 0.5 } : {}),
    ...(op === "lstm" && dice.rarely(3) ? { peephole: true } : {}),
    ...(op === "lstm" && dice.rarely(4) ? { coupled: true } : {}),
    ...(op === "gru" && dice.rarely(2) ? { resetAfter: false } : {}),
  };
  if (!dice.rarely(3)) return draft.line(op, [x], options);
  return draft.line(op, [x], { ...options, states: true }, dice.roll(op === "lstm" ? 3 : 2));
}

const LETTERS = [..."abcdef"];

/** A product of two tensors by letters, and sums over those that the result has not. */
export function einsum(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const own = LETTERS.slice(0, shape.length);
  // Of the other factor some axes are this one's, and one is its own; the batch stays where it is.
  const shared = own.flatMap((letter, i) => (typeof shape[i] === "number" && dice.rarely(2) ? [letter] : []));
  const sizes = shared.map((letter) => size(shape, own.indexOf(letter)));
  const other = draft.param([...sizes, dice.between(1, 4)]);
  const kept = own.filter((letter, i) => i === 0 || !shared.includes(letter) || dice.rarely(3));
  const equation = `${own.join("")},${shared.join("")}z->${kept.join("")}z`;
  return draft.line("einsum", [{ literal: equation }, [x, other]]);
}

/** Numbers that are a part of the program. */
export function table(draft: Draft, shape: readonly number[]): string {
  const count = shape.reduce((a, d) => a * d, 1);
  const literal = Array.from({ length: count }, () => real(draft.dice, -2, 2));
  return draft.line("constant", [{ literal }], shape);
}
