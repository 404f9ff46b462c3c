/** Positions along one axis: a slice, and a tensor cut into slices. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch } from "../ir/type.ts";
import { add, axisIndex } from "../math/affine.ts";
import { load } from "../math/build.ts";
import { integer, listOf, natural, optional, otherwise, positive, takes } from "../options.ts";
import { axisOf, fail, fixed } from "./check.ts";

export interface SliceOptions {
  /** Default 1, the channels. */
  readonly axis?: number;
  /** The first position. Default 0. */
  readonly start?: number;
  /** The position after the last one. Default: the axis's size. */
  readonly end?: number;
}
export type SliceAttrs = { readonly axis: number; readonly start: number; readonly end: number | null };

export interface SplitOptions {
  /** Default 1, the channels. */
  readonly axis?: number;
  /** Along the axis, one after the other: they add up to its size. */
  readonly sizes?: readonly number[];
  /** So many parts of one size. */
  readonly parts?: number;
}

/** The axis counted from the front, and its size. */
function along(op: string, axis: number, { shape }: TensorType): readonly [number, number] {
  const d = axisOf(op, axis, shape.length);
  if (isBatch(shape[d])) fail(`${op} along the batch of ${showShape(shape)}`, "examples stay apart");
  return [d, fixed(op, shape[d], `axis ${axis}`)];
}

/** y[…, i, …] = x[…, start + i, …] */
const slice: OpDef<SliceAttrs, SliceOptions | undefined> = {
  name: "slice",
  moves: true,
  arity: 1,
  options: takes("slice", {
    axis: otherwise(integer, 1),
    start: otherwise(natural, 0),
    end: otherwise<number | null>(natural, null),
  }),
  infer({ axis, start, end }, inputs) {
    const x = must(inputs[0], "operand");
    const [d, size] = along("slice", axis, x);
    const last = end ?? size;
    if (start >= last || last > size)
      fail(
        `slice from ${start} to ${last} along axis ${axis} of ${showShape(x.shape)}`,
        `0 ≤ start < end ≤ ${size}, but start = ${start} and end = ${last}`,
        last > size || last === 0 ? `end: ${size}, or leave it out` : `start: ${last - 1}`,
      );
    return { dtype: x.dtype, shape: x.shape.map((old, i) => (i === d ? last - start : old)) };
  },
  define({ axis, start }, { at, inputs }) {
    const d = axisOf("slice", axis, at.length);
    return load(
      must(inputs[0], "operand"),
      at.map((a, i) => (i === d ? add(axisIndex(a), start) : axisIndex(a))),
    );
  },
  summary({ axis, start }, _, { shape }) {
    const size = Number(shape.at(axis)); // infer: a number
    const range = size === 1 ? `${start}` : `${start} … ${start + size - 1}`;
    return { options: `${range} of axis ${axis}`, formula: "" };
  },
};

const readSplit = takes("split", {
  axis: otherwise(integer, 1),
  sizes: optional(listOf(positive)),
  parts: optional(positive),
});

/** What `split` is: slices that follow each other and are all of x together. Throws `UserError`. */
export function cuts(options: unknown, x: TensorType): readonly Required<SliceOptions>[] {
  const { axis, sizes, parts } = readSplit(options);
  const size = along("split", axis, x)[1];
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
    return { axis, start, end: start + own };
  });
}

/** Sizes that differ by 1 at most; fewer than wanted where there is not enough. */
const sizesNear = (size: number, parts: number): string =>
  Array.from({ length: Math.min(size, parts) }, (_, i) => Math.floor((size + i) / Math.min(size, parts)))
    .toReversed()
    .join(", ");

export const slices = { slice };
