/** Matrices of the last two axes, of which what lies on one side of a diagonal is 0. */
import { showShape } from "../../contract/shapes.ts";
import { must } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch, isSize } from "../ir/type.ts";
import { add, axisIndex, scale } from "../math/affine.ts";
import { guard, literal, load } from "../math/build.ts";
import { integer, otherwise, takes } from "../options.ts";
import { fail } from "./check.ts";

export interface TriangleOptions {
  /** Which diagonal still counts: 0 the main one, above 0 those above it, below 0 those below it. Default 0. */
  readonly diagonal?: number;
}
export type TriangleAttrs = { readonly diagonal: number };

/** `sign`: 1 where column − row − diagonal is at least 0, −1 where it is at most 0. */
function triangle(name: string, sign: 1 | -1): OpDef<TriangleAttrs, TriangleOptions | undefined> {
  return {
    name,
    arity: 1,
    options: takes(name, { diagonal: otherwise(integer, 0) }),
    infer(_, inputs) {
      const x = must(inputs[0], "operand");
      const { shape } = x;
      if (shape.length < 2 || isBatch(shape.at(-2)))
        fail(`${name} of ${showShape(shape)}`, "its last two axes are a matrix of each example");
      return x;
    },
    define({ diagonal }, { at, inputs, shape }) {
      const [row, column] = at.slice(-2).map(axisIndex);
      const most = shape.slice(-2).reduce<number>((sum, d) => sum + (isSize(d) ? d.max : Number(d)), 0);
      const distance = add(must(column, "column"), scale(must(row, "row"), -1), -diagonal);
      const bound = { index: scale(distance, sign), extent: most + Math.abs(diagonal) };
      return guard([bound], load(must(inputs[0], "operand"), at.map(axisIndex)), literal(0));
    },
    summary: ({ diagonal }) => ({ options: diagonal === 0 ? "" : `diagonal ${diagonal}`, formula: "" }),
  };
}

export const triangles = { triu: triangle("triu", 1), tril: triangle("tril", -1) };
