/** Positions along one axis: a slice, and a tensor cut into slices. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex, scale } from "../math/affine.ts";
import { load } from "../math/build.ts";
import { integer, listOf, natural, numberThat, optional, otherwise, positive, takes } from "../options.ts";
import { sizeAlong } from "./axes.ts";
import { fail } from "./check.ts";

export interface SliceOptions {
  /** Default 1, the channels. */
  readonly axis?: number;
  /** The first position. Default 0, or the last one where the step is negative. */
  readonly start?: number;
  /** The position before which it ends, in the direction of the step. Default: behind the axis' last one, or its first. */
  readonly end?: number;
  /** From one position to the next; negative: towards the front. Default 1. */
  readonly step?: number;
}
export type SliceAttrs = {
  readonly axis: number;
  readonly start: number | null;
  readonly end: number | null;
  readonly step: number;
};

export interface SplitOptions {
  /** Default 1, the channels. */
  readonly axis?: number;
  /** Along the axis, one after the other: they add up to its size. */
  readonly sizes?: readonly number[];
  /** So many parts of one size. */
  readonly parts?: number;
}

/** Positions of an axis: start, start + step, … */
interface Positions {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
}

function positionsOf({ axis, start, end, step }: SliceAttrs, x: TensorType): Positions {
  const [d, size] = sizeAlong("slice", axis, x);
  const forward = step > 0;
  const first = start ?? (forward ? 0 : size - 1);
  const last = end ?? (forward ? size : -1);
  const fits = forward ? first < last && last <= size : last < first && first < size;
  if (!fits) {
    const by = step === 1 ? "" : ` by ${step}`;
    const rule = forward ? `0 ≤ start < end ≤ ${size}` : `end < start < ${size}`;
    fail(
      `slice from ${first} to ${last}${by} along axis ${axis} of ${showShape(x.shape)}`,
      `${rule}, but start = ${first} and end = ${last}`,
      forward
        ? last > size || last === 0
          ? `end: ${size}, or leave it out`
          : `start: ${last - 1}`
        : first >= size
          ? `start: ${size - 1}, or leave it out`
          : "leaving end out",
    );
  }
  return { axis: d, start: first, count: Math.ceil((last - first) / step) };
}

/** y[…, i, …] = x[…, start + i·step, …] */
const slice: OpDef<SliceAttrs, SliceOptions | undefined> = {
  name: "slice",
  moves: true,
  arity: 1,
  options: takes("slice", {
    axis: otherwise(integer, 1),
    start: otherwise<number | null>(natural, null),
    end: otherwise<number | null>(natural, null),
    step: otherwise(
      numberThat("a whole number other than 0", 1, (n) => Number.isSafeInteger(n) && n !== 0),
      1,
    ),
  }),
  infer(attrs, inputs) {
    const x = must(inputs[0], "operand");
    const { axis, count } = positionsOf(attrs, x);
    return { dtype: x.dtype, shape: x.shape.map((old, i) => (i === axis ? count : old)) };
  },
  define(attrs, { at, inputs }) {
    const x = must(inputs[0], "operand");
    const { axis, start } = positionsOf(attrs, x.type);
    return load(
      x,
      at.map((a, i) => (i === axis ? add(scale(axisIndex(a), attrs.step), start) : axisIndex(a))),
    );
  },
  summary(attrs, inputs) {
    const { start, count } = positionsOf(attrs, must(inputs[0], "operand"));
    const last = start + (count - 1) * attrs.step;
    const by = Math.abs(attrs.step) === 1 ? "" : ` by ${Math.abs(attrs.step)}`;
    const range = count === 1 ? `${start}` : `${start} … ${last}${by}`;
    return { options: `${range} of axis ${attrs.axis}`, formula: "" };
  },
};

const readSplit = takes("split", {
  axis: otherwise(integer, 1),
  sizes: optional(listOf(positive)),
  parts: optional(positive),
});

/** What `split` is: slices that follow each other and are all of x together. Throws `UserError`. */
export function cuts(options: unknown, x: TensorType): readonly SliceAttrs[] {
  const { axis, sizes, parts } = readSplit(options);
  const size = sizeAlong("split", axis, x)[1];
  const title = `split of ${showShape(x.shape)} along axis ${axis}`;
  if ((sizes === undefined) === (parts === undefined))
    return fail(
      `${title} is given ${parts === undefined ? "neither sizes nor parts" : "sizes and parts"}`,
      "sizes say how large each part is, parts how many there are of one size",
      size % 2 === 0 ? "parts: 2" : `sizes: [${size}]`,
    );
  if (parts !== undefined && size % parts !== 0)
    fail(
      `${title} into ${parts} ${plural(parts, "part")}`,
      `parts divides the size, but ${size} mod ${parts} = ${size % parts}`,
      `sizes: [${sizesNear(size, parts)}]`,
    );
  const list = sizes ?? Array.from({ length: parts ?? 1 }, () => size / (parts ?? 1));
  const sum = list.reduce((a, b) => a + b, 0);
  if (sum !== size)
    fail(
      `${title} into sizes [${list.join(", ")}]`,
      `the sizes add up to that of the axis, but ${list.length > 1 ? `${list.join(" + ")} = ` : ""}${sum} ≠ ${size}`,
      sum < size ? `sizes: [${[...list, size - sum].join(", ")}]` : "parts, for parts of one size",
    );
  return list.map((own, i) => {
    const start = list.slice(0, i).reduce((a, b) => a + b, 0);
    return { axis, start, end: start + own, step: 1 };
  });
}

/** Sizes that differ by 1 at most; fewer than wanted where there is not enough. */
const sizesNear = (size: number, parts: number): string =>
  Array.from({ length: Math.min(size, parts) }, (_, i) => Math.floor((size + i) / Math.min(size, parts)))
    .toReversed()
    .join(", ");

export const slices = { slice };
