/** Random models: a list of drawn numbers becomes a model, always a valid one. */
import fc from "fast-check";
import { Dice } from "./dice.ts";
import { Draft } from "./draft.ts";
import type { Dim, ModelSpec } from "./spec.ts";
import { steps } from "./steps.ts";

/** Elements of one example in any tensor: larger steps are not taken. */
const MOST = 1500;

/** Sizes of images: primes, powers of two, and ones. */
const EXTENTS = [5, 4, 7, 8, 11, 6, 3, 13, 2, 1, 9];

function inputShape(dice: Dice): readonly Dim[] {
  const lead: Dim = dice.rarely(8) ? dice.between(1, 3) : "N";
  switch (dice.roll(6)) {
    case 4:
      return [lead, dice.between(1, 17)];
    case 5:
      return [lead, dice.between(1, 7), dice.between(1, 9)];
    default:
      return [lead, dice.pick([1, 2, 3, 4, 6, 5, 8]), dice.pick(EXTENTS), dice.pick(EXTENTS)];
  }
}

/** A model out of drawn numbers: `head` decides about the input, each entry of `choices` about one step. */
export function drawModel(head: readonly number[], choices: readonly (readonly number[])[]): ModelSpec {
  const dice = new Dice(head);
  const shape = inputShape(dice);
  const batch = shape[0] === "N" ? dice.pick([2, 1, 3, 5, 4]) : 1;
  const scale = dice.pick([1, 1, 1, 30, 1, 1, 1e4]);
  const seed = dice.roll(1 << 16);
  const draft = new Draft(dice, "x", shape);
  for (const list of choices) extend(draft, new Dice(list));
  if (draft.lines.length === 0) draft.line("relu", ["x"]);
  return finish(draft, { shape, batch, scale, seed });
}

/** Adds one step, if what it gives is small enough. */
function extend(draft: Draft, dice: Dice): void {
  draft.dice = dice;
  const tensors = draft.tensors();
  const x = dice.rarely(4) ? dice.pick(tensors.toReversed()) : (tensors.at(-1) ?? "x");
  const fitting = steps.filter((s) => s.applies(draft.shape(x)));
  const step = dice.pick(fitting.flatMap((s) => Array.from({ length: s.weight }, () => s)));
  const before = draft.mark();
  if (elements(draft.shape(step.add(draft, x))) > MOST) draft.rewind(before);
}

const elements = (shape: readonly Dim[]): number =>
  shape.reduce<number>((a, d) => a * (d === "N" ? 1 : d), 1);

/** Outputs are what nobody reads, at most three; lines and parameters that no output needs are dropped. */
function finish(
  draft: Draft,
  rest: { readonly shape: readonly Dim[] } & Pick<ModelSpec, "batch" | "scale" | "seed">,
): ModelSpec {
  const { shape, ...run } = rest;
  const outputs = draft.leaves().slice(-3);
  const needed = new Set(outputs);
  for (const line of draft.lines.toReversed()) {
    if (!needed.has(line.name)) continue;
    for (const o of line.operands.flat()) if (typeof o === "string") needed.add(o);
  }
  return {
    inputs: [{ name: "x", shape }],
    params: draft.params.filter((p) => needed.has(p.name)),
    lines: draft.lines.filter((l) => needed.has(l.name)),
    outputs,
    ...run,
  };
}

const numbers = (least: number, most: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 65535 }), { minLength: least, maxLength: most, size: "max" });

/** A random model of up to `most` steps, with the run it is checked by. */
export function models(most = 7): fc.Arbitrary<ModelSpec> {
  return fc
    .tuple(numbers(8, 8), fc.array(numbers(24, 24), { minLength: 1, maxLength: most, size: "max" }))
    .map(([head, choices]) => drawModel(head, choices));
}
