/** Sums of all that stands before, and sums of products by letters. */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { boundOf, isBatch } from "../ir/type.ts";
import { add, axisIndex, constant, scale } from "../math/affine.ts";
import { call, guard, literal, load, reduce } from "../math/build.ts";
import { flag, integer, otherwise, takes, text } from "../options.ts";
import { axisOf, fail } from "./check.ts";

export interface CumsumOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** Leave the element itself out. Default false. */
  readonly exclusive?: boolean;
  /** From the end. Default false. */
  readonly reverse?: boolean;
}
export type CumsumAttrs = { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };

/** y[…, i, …] = Σ_{j ≤ i} x[…, j, …] */
const cumsum: OpDef<CumsumAttrs, CumsumOptions | undefined> = {
  name: "cumsum",
  arity: 1,
  options: takes("cumsum", {
    axis: otherwise(integer, -1),
    exclusive: otherwise(flag, false),
    reverse: otherwise(flag, false),
  }),
  infer({ axis }, inputs) {
    const x = must(inputs[0], "operand");
    if (isBatch(x.shape[axisOf("cumsum", axis, x.shape.length)]))
      fail(`cumsum along the batch of ${showShape(x.shape)}`, "examples stay apart");
    return x;
  },
  define({ axis, exclusive, reverse }, { at, inputs, shape, axis: newAxis }) {
    const d = axisOf("cumsum", axis, at.length);
    const extent = must(shape[d], "dimension");
    const j = newAxis("j", extent);
    const ahead = add(axisIndex(must(at[d], "axis")), scale(axisIndex(j), -1));
    const distance = add(reverse ? scale(ahead, -1) : ahead, exclusive ? -1 : 0);
    const element = load(
      must(inputs[0], "operand"),
      at.map((a, i) => axisIndex(i === d ? j : a)),
    );
    return reduce("sum", [j], guard([{ index: distance, extent: boundOf(extent) }], element, literal(0)));
  },
  summary: ({ axis, exclusive, reverse }) => ({
    options: [`axis ${axis}`, ...(exclusive ? ["exclusive"] : []), ...(reverse ? ["from the end"] : [])].join(
      ", ",
    ),
    formula: "",
  }),
};

export interface EinsumOptions {
  /** `"ij,jk->ik"`: a letter for each axis of each operand, and those of the result. */
  readonly equation: string;
}
export type EinsumAttrs = { readonly equation: string };

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** The letters of an equation; without an arrow the result has those that stand once, in their order. */
function lettersOf(equation: string): Equation {
  const plain = equation.replaceAll(/\s/g, "");
  if (!/^[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?$/.test(plain))
    fail(
      `einsum: the equation is "${equation}"`,
      "letters for the axes of each operand, commas between operands, and behind -> those of the result",
      '"ij,jk->ik"',
    );
  const [left = "", right] = plain.split("->");
  const operands = left.split(",").map((letters) => [...letters]);
  const all = operands.flat();
  const once = [...new Set(all)].filter((c) => all.filter((o) => o === c).length === 1).toSorted();
  const result = right === undefined ? once : [...right];
  const unknown = result.find((c) => !all.includes(c));
  if (unknown !== undefined)
    fail(
      `einsum: ${unknown} of "${equation}" is a letter of no operand`,
      "the result's letters are some of the operands'",
    );
  if (new Set(result).size !== result.length)
    fail(
      `einsum: the result of "${equation}" has a letter twice`,
      "each axis of the result has a letter of its own",
    );
  return { operands, result };
}

/** The size of each letter; an axis of size 1 goes with any. */
function sizesOf(
  equation: string,
  { operands }: Equation,
  shapes: readonly Shape[],
): ReadonlyMap<string, Dim> {
  if (operands.length !== shapes.length)
    fail(
      `einsum: "${equation}" is of ${operands.length} ${plural(operands.length, "tensor")}, but there are ${shapes.length}`,
      "commas stand between the letters of operands",
    );
  const sizes = new Map<string, Dim>();
  operands.forEach((letters, i) => {
    const shape = must(shapes[i], "shape");
    if (letters.length !== shape.length)
      fail(
        `einsum: "${letters.join("")}" of "${equation}" stands for ${showShape(shape)}`,
        `a letter for each axis: ${shape.length}, but there are ${letters.length}`,
      );
    letters.forEach((c, d) => {
      const [known, size] = [sizes.get(c), must(shape[d], "size")];
      if (known !== undefined && known !== size && known !== 1 && size !== 1)
        fail(
          `einsum: ${c} of "${equation}" is ${showDim(known)} and ${showDim(size)} in ${shapes.map(showShape).join(" and ")}`,
          "a letter stands for one size",
        );
      if (known === undefined || known === 1) sizes.set(c, size);
    });
  });
  return sizes;
}

/** The sum over all letters that the result has not, of the product of the operands. */
const einsum: OpDef<EinsumAttrs, EinsumOptions> = {
  name: "einsum",
  arity: "variadic",
  options: takes("einsum", { equation: text }),
  infer({ equation }, inputs) {
    const letters = lettersOf(equation);
    const sizes = sizesOf(
      equation,
      letters,
      inputs.map((x) => x.shape),
    );
    const shape = letters.result.map((c) => must(sizes.get(c), "size"));
    if (shape.slice(1).some(isBatch))
      fail(`einsum of "${equation}" would put N inside ${showShape(shape)}`, "N is the outermost dimension");
    return { dtype: "f32", shape };
  },
  define({ equation }, { at, inputs, axis }) {
    const letters = lettersOf(equation);
    const sizes = sizesOf(
      equation,
      letters,
      inputs.map((x) => x.type.shape),
    );
    const axes = new Map<string, Axis>(letters.result.map((c, i) => [c, must(at[i], "axis")]));
    const summed = [...sizes].flatMap(([c, size]) => (axes.has(c) ? [] : [[c, axis(c, size)] as const]));
    for (const [c, a] of summed) axes.set(c, a);
    const place = (c: string, size: Dim | undefined): Index =>
      size === 1 ? constant(0) : axisIndex(must(axes.get(c), "axis"));
    const factors = inputs.map((x, i): Expr => {
      const own = must(letters.operands[i], "letters");
      return load(
        x,
        own.map((c, d) => place(c, x.type.shape[d])),
      );
    });
    return reduce(
      "sum",
      summed.map(([, a]) => a),
      factors.reduce((a, b) => call("mul", a, b)),
    );
  },
  summary: ({ equation }) => ({ options: equation, formula: "" }),
};

export const scans = { cumsum, einsum };
