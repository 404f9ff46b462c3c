/**
 * Ops that write where whole numbers say. Each element of the result looks for what is written to it, in an order that is fixed: where
 * several are, the last one counts, or all are put together.
 */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Expr, Index, OpContext } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch, isKnown, sameShape } from "../ir/type.ts";
import { axisIndex, constant, lookup, rowMajor } from "../math/affine.ts";
import { call, literal, load, position, reduce } from "../math/build.ts";
import { integer, natural, oneOf, otherwise, takes } from "../options.ts";
import { sizeAlong } from "./axes.ts";
import { axisOf, fail, fixed } from "./check.ts";
import { checkIndices } from "./gather.ts";

/** What becomes of an element that is written to: the last that is written, or all with what there was. */
export type Reduction = "none" | "add" | "mul" | "max" | "min";
const reductions = oneOf(["none", "add", "mul", "max", "min"]);

export interface ScatterElementsOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** Default "none": the last that is written. */
  readonly reduction?: Reduction;
}
export type ScatterElementsAttrs = { readonly axis: number; readonly reduction: Reduction };
export interface ScatterNdOptions {
  /** Default "none": the last that is written. */
  readonly reduction?: Reduction;
}
export type ScatterNdAttrs = { readonly reduction: Reduction };
export interface GatherNdOptions {
  /** How many of the first axes both have, each position read by its own indices. Default 0. */
  readonly batchDims?: number;
}
export type GatherNdAttrs = { readonly batchDims: number };

/** The neutral element of putting together, and how. */
const folds = {
  add: { fold: "sum", none: 0, fn: "add" },
  mul: { fold: "prod", none: 1, fn: "mul" },
  max: { fold: "max", none: -3.4028234663852886e38, fn: "max" },
  min: { fold: "min", none: 3.4028234663852886e38, fn: "min" },
} as const;

const choose = (condition: Expr, a: Expr, b: Expr): Expr => call("select", condition, a, b);

/** What is written: over which axes it is looked for, where it goes, and what it is. */
interface Writing {
  readonly extents: readonly Dim[];
  /** 1 where the update at these axes goes to this element, else 0. */
  goesHere(axes: readonly Axis[]): Expr;
  update(axes: readonly Axis[]): Expr;
}

function written(before: Expr, reduction: Reduction, { axis }: OpContext, what: Writing): Expr {
  const fresh = (): readonly Axis[] => what.extents.map((d) => axis("k", d));
  if (reduction !== "none") {
    const { fold, none, fn } = folds[reduction];
    const axes = fresh();
    return call(
      fn,
      before,
      reduce(fold, axes, choose(what.goesHere(axes), what.update(axes), literal(none))),
    );
  }
  // The last one: its place among all, then what stands there.
  const place = (axes: readonly Axis[]): Expr => position(rowMajor(axes.map(axisIndex), what.extents));
  const [all, again] = [fresh(), fresh()];
  const last = reduce("max", all, choose(what.goesHere(all), place(all), literal(-1)));
  const value = reduce(
    "sum",
    again,
    choose(call("equal", place(again), last), what.update(again), literal(0)),
  );
  return choose(call("less", last, literal(0)), before, value);
}

/** y[…, indices[…, k, …], …] = updates[…, k, …], elsewhere x */
const scatterElements: OpDef<ScatterElementsAttrs, ScatterElementsOptions | undefined> = {
  name: "scatterElements",
  arity: 3,
  options: takes("scatterElements", {
    axis: otherwise(integer, -1),
    reduction: otherwise(reductions, "none"),
  }),
  where: ({ axis }, inputs) => ({
    operand: 1,
    below: sizeAlong("scatterElements", axis, must(inputs[0], "operand"))[1],
  }),
  infer({ axis }, inputs) {
    const [x, indices, updates] = [
      must(inputs[0], "x"),
      must(inputs[1], "indices"),
      must(inputs[2], "updates"),
    ];
    const [d, size] = sizeAlong("scatterElements", axis, x);
    checkIndices("scatterElements", indices, size);
    if (!sameShape(indices.shape, updates.shape))
      fail(
        `scatterElements of ${showShape(updates.shape)} by indices ${showShape(indices.shape)}`,
        "each element that is written has an index: both have one shape",
      );
    const fits = (own: Dim, i: number): boolean => {
      const whole = x.shape[i];
      return own === whole || (isKnown(own) && (i === d || (isKnown(whole) && own < whole)));
    };
    if (indices.shape.length !== x.shape.length || !indices.shape.every(fits))
      fail(
        `scatterElements into ${showShape(x.shape)} by ${showShape(indices.shape)}`,
        `indices have as many axes, and sizes of at most x's apart from axis ${d}`,
      );
    return { dtype: "f32", shape: x.shape };
  },
  define({ axis, reduction }, context) {
    const { at, inputs } = context;
    const [x, indices, updates] = [
      must(inputs[0], "x"),
      must(inputs[1], "indices"),
      must(inputs[2], "updates"),
    ];
    const d = axisOf("scatterElements", axis, at.length);
    const own = axisIndex(must(at[d], "axis"));
    // Along axes where there are fewer updates than elements they are looked for, too: no read lies outside.
    const shorter = at.map((_, i) => i !== d && indices.type.shape[i] !== x.type.shape[i]);
    const searched = at.flatMap((_, i) => (i === d || shorter[i] ? [i] : []));
    const place = (axes: readonly Axis[]): readonly Index[] =>
      at.map((a, i) => {
        const k = searched.indexOf(i);
        return axisIndex(k < 0 ? a : must(axes[k], "axis"));
      });
    return written(load(x, at.map(axisIndex)), reduction, context, {
      extents: searched.map((i) => must(indices.type.shape[i], "dimension")),
      goesHere: (axes) =>
        searched.reduce<Expr>((so, i, k) => {
          const here = position(axisIndex(must(axes[k], "axis")));
          const same =
            i === d
              ? call("equal", load(indices, place(axes)), position(own))
              : call("equal", here, position(axisIndex(must(at[i], "axis"))));
          return k === 0 ? same : call("mul", so, same);
        }, literal(1)),
      update: (axes) => load(updates, place(axes)),
    });
  },
  summary: ({ axis, reduction }) => ({ options: `axis ${axis}${shown(reduction)}`, formula: "" }),
};

const shown = (reduction: Reduction): string => (reduction === "none" ? "" : `, ${reduction}`);

/** How many axes of x a row of the indices names. */
function namedBy(op: string, x: TensorType, indices: TensorType, from: number): number {
  const last = indices.shape.at(-1);
  if (last === undefined) fail(`${op} by one number`, "indices are rows: […, how many axes they name]");
  const count = fixed(op, last, "the length of a row of indices");
  const sizes = x.shape.slice(from, from + count);
  if (sizes.length < count)
    fail(
      `${op} by ${showShape(indices.shape)}, whose rows name ${count} axes of ${showShape(x.shape)}`,
      `a row names at most ${x.shape.length - from} of them`,
    );
  if (sizes.some(isBatch)) fail(`${op} along the batch of ${showShape(x.shape)}`, "examples stay apart");
  return count;
}

/** The largest size that an index is of: each is kept within its own. */
const below = (x: TensorType, from: number, count: number): Dim =>
  x.shape.slice(from, from + count).reduce<Dim>((most, d) => (Number(d) > Number(most) ? d : most), 1);

/** y[indices[i…, 0], indices[i…, 1], …, r…] = updates[i…, r…], elsewhere x */
const scatterND: OpDef<ScatterNdAttrs, ScatterNdOptions | undefined> = {
  name: "scatterND",
  arity: 3,
  options: takes("scatterND", { reduction: otherwise(reductions, "none") }),
  where: (_, inputs) => {
    const x = must(inputs[0], "x");
    return { operand: 1, below: below(x, 0, namedBy("scatterND", x, must(inputs[1], "indices"), 0)) };
  },
  infer(_, inputs) {
    const [x, indices, updates] = [
      must(inputs[0], "x"),
      must(inputs[1], "indices"),
      must(inputs[2], "updates"),
    ];
    const count = namedBy("scatterND", x, indices, 0);
    checkIndices("scatterND", indices, below(x, 0, count));
    const wanted = [...indices.shape.slice(0, -1), ...x.shape.slice(count)];
    if (!sameShape(updates.shape, wanted))
      fail(
        `scatterND of ${showShape(updates.shape)} into ${showShape(x.shape)} by ${showShape(indices.shape)}`,
        `what is written is ${showShape(wanted)}: the rows of the indices, and the axes that they do not name`,
      );
    if (wanted.slice(0, indices.shape.length - 1).some(isBatch))
      fail(`scatterND by rows of each example, ${showShape(indices.shape)}`, "examples stay apart");
    return { dtype: "f32", shape: x.shape };
  },
  define({ reduction }, context) {
    const { at, inputs } = context;
    const [x, indices, updates] = [
      must(inputs[0], "x"),
      must(inputs[1], "indices"),
      must(inputs[2], "updates"),
    ];
    const count = Number(indices.type.shape.at(-1));
    const rest = at.slice(count).map(axisIndex);
    return written(load(x, at.map(axisIndex)), reduction, context, {
      extents: indices.type.shape.slice(0, -1),
      goesHere: (axes) =>
        at.slice(0, count).reduce<Expr>((so, a, q) => {
          const index = load(indices, [...axes.map(axisIndex), constant(q)]);
          const same = call("equal", index, position(axisIndex(a)));
          return q === 0 ? same : call("mul", so, same);
        }, literal(1)),
      update: (axes) => load(updates, [...axes.map(axisIndex), ...rest]),
    });
  },
  summary: ({ reduction }, inputs) => ({
    options: `by ${showShape(must(inputs[1], "indices").shape)}${shown(reduction)}`,
    formula: "",
  }),
};

/** y[b…, i…, r…] = x[b…, indices[b…, i…, 0], indices[b…, i…, 1], …, r…] */
const gatherND: OpDef<GatherNdAttrs, GatherNdOptions | undefined> = {
  name: "gatherND",
  moves: true,
  arity: 2,
  options: takes("gatherND", { batchDims: otherwise(natural, 0) }),
  where: ({ batchDims }, inputs) => {
    const x = must(inputs[0], "x");
    const count = namedBy("gatherND", x, must(inputs[1], "indices"), batchDims);
    return { operand: 1, below: below(x, batchDims, count) };
  },
  infer({ batchDims }, inputs) {
    const [x, indices] = [must(inputs[0], "x"), must(inputs[1], "indices")];
    const count = namedBy("gatherND", x, indices, batchDims);
    checkIndices("gatherND", indices, below(x, batchDims, count));
    for (let i = 0; i < batchDims; i++)
      if (i >= indices.shape.length - 1 || x.shape[i] !== indices.shape[i])
        fail(
          `gatherND from ${showShape(x.shape)} by ${showShape(indices.shape)}, with batchDims ${batchDims}`,
          `both begin with the same ${batchDims} sizes, but axis ${i} is ${showDim(x.shape[i] ?? 1)} and ${showDim(indices.shape[i] ?? 1)}`,
        );
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batchDims + count)];
    if (shape.slice(1).some(isBatch))
      fail(`gatherND would put N inside ${showShape(shape)}`, "N is the outermost dimension");
    return { dtype: x.dtype, shape };
  },
  define({ batchDims }, { at, inputs }) {
    const [x, indices] = [must(inputs[0], "x"), must(inputs[1], "indices")];
    const count = Number(indices.type.shape.at(-1));
    const lead = indices.type.shape.length - 1;
    const row = at.slice(0, lead).map(axisIndex);
    const named = Array.from({ length: count }, (_, q) =>
      lookup(indices, [...row, constant(q)], must(x.type.shape[batchDims + q], "dimension")),
    );
    return load(x, [...at.slice(0, batchDims).map(axisIndex), ...named, ...at.slice(lead).map(axisIndex)]);
  },
  summary: (_, inputs) => ({ options: `by ${showShape(must(inputs[1], "indices").shape)}`, formula: "" }),
};

export const scatters = { scatterElements, scatterND, gatherND };
