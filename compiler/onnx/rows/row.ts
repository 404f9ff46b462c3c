/** What a row of the table is, and what rows share. */
import type { Dim, Shape } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { type Computed, refuse, type Value } from "../value.ts";

/** An operator of ONNX: its node as calls of the language, or as numbers where they are known. */
export type Row = (call: Call) => Value | readonly Value[];
export type Rows = Readonly<Record<string, Row>>;

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number, what = "axis"): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return refuse(`${what} is ${axis}, for a tensor of rank ${rank}`);
}

/** Sizes that have to be numbers. */
export function fixedSizes(shape: Shape, what: string): readonly number[] {
  return shape.map((d) =>
    typeof d === "number"
      ? d
      : refuse(
          `${what} of size ${typeof d === "string" ? d : d.name}, which a run decides`,
          "bind it: --dim NAME=SIZE, dims: { NAME: SIZE }",
        ),
  );
}

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** One number where all are equal. */
export const compact = (numbers: readonly number[]): number | readonly number[] =>
  new Set(numbers).size === 1 && numbers[0] !== undefined ? numbers[0] : numbers;

export const sameDims = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** The same elements in another shape; nothing where it is the same. */
export function reshaped(call: Call, x: Computed, shape: readonly Dim[]): Computed {
  if (sameDims(x.shape, shape)) return x;
  const flat = x.shape.length >= 2 && shape.length === 2 && shape[0] === x.shape[0];
  return flat
    ? call.apply("flatten", [x], { type: x.type })
    : call.apply("reshape", [x, shape], { type: x.type });
}

/** Axes in another order; nothing where it is the same. */
export function transposed(call: Call, x: Computed, order: readonly number[]): Computed {
  if (order.every((a, i) => a === i)) return x;
  const { length } = order;
  const swapped = length >= 2 && order.every((a, i) => a === (i < length - 2 ? i : 2 * length - 3 - i));
  return call.apply("transpose", swapped ? [x] : [x, order], { type: x.type });
}
