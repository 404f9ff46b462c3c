/** Steps that read and write elements where whole numbers of their own say: gathers and scatters by element and by row. */
import type { Draft } from "./draft.ts";
import { real } from "./numbers.ts";
import { hasNumber } from "./placeSteps.ts";
import { table } from "./sequenceSteps.ts";
import type { Dim } from "./spec.ts";
import { size } from "./windowSteps.ts";

/** Whole numbers in an input of their own. */
function numbers(draft: Draft, shape: readonly Dim[]): string {
  return draft.input({ name: `i${draft.inputs.length}`, shape, dtype: draft.dice.pick(["i32", "u32"]) });
}

const REDUCTIONS = ["none", "add", "mul", "max", "min"] as const;

/** Where along an axis: as many places as there are numbers, or, where there can be no more inputs, that of the largest. */
function along(draft: Draft, x: string, axis: number): string {
  const shape = draft.shape(x);
  if (!draft.open) return draft.line(draft.dice.pick(["argmax", "argmin"]), [x], { axis, keepDims: true });
  return numbers(
    draft,
    shape.map((d, i) => (i === axis ? draft.dice.between(1, size(shape, axis)) : d)),
  );
}

/** Elements that are read, or others that are written over them. */
export function byElement(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axis = dice.pick(shape.flatMap((d, i) => (d === "N" ? [] : [i])).toReversed());
  const options = axis === shape.length - 1 && dice.rarely(2) ? undefined : { axis };
  const places = along(draft, x, axis);
  if (dice.rarely(3)) return draft.line("gatherElements", [x, places], options);
  const other = draft.line(dice.pick(["tanh", "sigmoid"]), [x]);
  const end = size(draft.shape(places), axis);
  const updates = draft.line("slice", [other], { axis, start: 0, end });
  const reduction = dice.pick(REDUCTIONS);
  return draft.line("scatterElements", [x, places, updates], {
    ...options,
    ...(reduction === "none" && dice.rarely(2) ? {} : { reduction }),
  });
}

/** Blocks of each example by rows of numbers; or rows of a table that are written over, whose sum is added. */
export function byRow(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const batchDims = shape[0] === "N" ? 1 : 0;
  const free = shape.length - batchDims;
  if (free > 0 && dice.rarely(2) && (draft.open || free === 1)) {
    const lead: readonly Dim[] = batchDims === 1 ? ["N"] : [];
    const more = Array.from({ length: dice.roll(2) }, () => dice.between(1, 3));
    const rows = draft.open
      ? numbers(draft, [...lead, ...more, dice.between(1, Math.min(2, free))])
      : draft.line("argmax", [x], { keepDims: true });
    return draft.line("gatherND", [x, rows], batchDims === 0 ? undefined : { batchDims });
  }
  const [count, wide] = [dice.between(1, 4), size(shape, -1)];
  const rows = dice.between(1, 3);
  const places = draft.open
    ? numbers(draft, [rows, 1])
    : draft.line("argmax", [table(draft, [rows, count])], { keepDims: true });
  const written = draft.line("scatterND", [draft.param([count, wide]), places, draft.param([rows, wide])], {
    reduction: dice.pick(REDUCTIONS),
  });
  const scaled = draft.line("mul", [written, real(dice, -2, 2)]);
  return draft.line("add", [x, draft.line("sum", [scaled], { axis: 0 })]);
}

export const readsByRow = (shape: readonly Dim[]): boolean =>
  hasNumber(shape) && typeof shape.at(-1) === "number";
