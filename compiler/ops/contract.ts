/** Dense contractions: sums of products over one shared axis. */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import type { OpDef, ParamRequest } from "../ir/graph.ts";
import { isBatch } from "../ir/type.ts";
import { axisIndex, constant } from "../math/affine.ts";
import { call, load, product } from "../math/build.ts";
import { flag, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, type NoOptions, noOptions, rank, tensorOnly } from "./check.ts";
import { broadcastShapes } from "./elementwise.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";

export interface LinearOptions {
  /** Output features. */
  readonly out: number;
  /** Input features: inferred; given, it is checked. */
  readonly in?: number;
  /** Default true. */
  readonly bias?: boolean;
  readonly init?: InitRequest;
}

export type LinearAttrs = {
  readonly out: number;
  readonly in: number | null;
  readonly bias: boolean;
  readonly init: InitAttr;
};

/** y[…,o] = b[o] + Σ x[…,i] · w[o,i], over the last dimension. */
const linear: OpDef<LinearAttrs, LinearOptions> = {
  name: "linear",
  arity: 1,
  takes: ["weight", "bias"],
  options: takes("linear", {
    out: positive,
    in: otherwise<number | null>(positive, null),
    weight: tensorOnly,
    bias: otherwise(flag, true),
    init: initializer,
  }),
  params(attrs, inputs) {
    const x = must(inputs[0], "linear input");
    if (x.shape.length < 2) rank("linear", x, 2, "[N, features]");
    const features = fixed("linear", x.shape.at(-1), "the last dimension");
    if (attrs.in !== null && attrs.in !== features) {
      fail(
        `linear expects ${attrs.in} ${plural(attrs.in, "feature")}, but its input is ${showShape(x.shape)}`,
        `in = the last dimension, but ${attrs.in} ≠ ${features}`,
        x.shape.length > 2
          ? `flatten(x) before it, or in: ${features}`
          : `in: ${features}, or leave it out: it is inferred`,
      );
    }
    const weight: ParamRequest = {
      role: "weight",
      shape: [attrs.out, features],
      init: resolveInit(attrs.init, features, attrs.out),
    };
    return attrs.bias ? [weight, { role: "bias", shape: [attrs.out], init: { kind: "zeros" } }] : [weight];
  },
  infer(attrs, inputs) {
    return { dtype: "f32", shape: [...must(inputs[0], "linear input").shape.slice(0, -1), attrs.out] };
  },
  define(_, { at, inputs, axis }) {
    const [x, weight, bias] = inputs;
    const o = at.at(-1);
    if (!x || !weight || !o) return fail("linear: missing operands");
    const k = axis("k", must(weight.type.shape[1], "features"));
    const sum = product(
      [k],
      load(x, [...at.slice(0, -1), k].map(axisIndex)),
      load(weight, [axisIndex(o), axisIndex(k)]),
    );
    return bias ? call("add", sum, load(bias, [axisIndex(o)])) : sum;
  },
  summary(attrs, inputs) {
    const features = must(inputs[0], "linear input").shape.at(-1);
    return { options: `${features} → ${attrs.out}${attrs.bias ? "" : ", no bias"}`, formula: "" };
  },
};

/** y[…,i,j] = Σ a[…,i,k] · b[…,k,j]; leading dimensions broadcast. */
const matmul: OpDef<NoOptions, unknown> = {
  name: "matmul",
  arity: 2,
  options: noOptions("matmul"),
  infer(_, inputs) {
    const [a, b] = [must(inputs[0], "left"), must(inputs[1], "right")];
    for (const x of [a, b]) if (x.shape.length < 2) rank("matmul", x, 2, "[rows, columns]");
    const [inner, other] = [a.shape.at(-1), b.shape.at(-2)];
    if (inner !== other) {
      fail(
        `matmul cannot multiply ${showShape(a.shape)} by ${showShape(b.shape)}`,
        `columns of the left = rows of the right, but ${showDim(inner ?? 1)} ≠ ${showDim(other ?? 1)}`,
        b.shape.at(-1) === inner ? "transpose(b)" : undefined,
      );
    }
    if (isBatch(inner)) fixed("matmul", inner, "the inner dimension");
    const lead = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    const shape = [...lead, must(a.shape.at(-2), "rows"), must(b.shape.at(-1), "columns")];
    if (shape.slice(1).includes("N"))
      fail(`matmul would put N inside ${showShape(shape)}`, "N is the outermost dimension");
    return { dtype: "f32", shape };
  },
  define(_, { at, inputs, axis }) {
    const [a, b] = [must(inputs[0], "left"), must(inputs[1], "right")];
    const [i, j] = [must(at.at(-2), "row"), must(at.at(-1), "column")];
    const k = axis("k", must(a.type.shape.at(-1), "inner"));
    return product([k], load(a, operandIndex(a.type, at, [i, k])), load(b, operandIndex(b.type, at, [k, j])));
  },
  summary: (_, inputs) => ({
    options: inputs.map((i: TensorType) => showShape(i.shape)).join(" × "),
    formula: "",
  }),
};

/** Leading dimensions broadcast to the output's; the last two are given. */
function operandIndex(x: TensorType, at: readonly Axis[], last: readonly Axis[]): readonly Index[] {
  const lead = x.shape.slice(0, -2);
  const offset = at.length - 2 - lead.length;
  const outer = lead.map((d: Dim, i) => (d === 1 ? constant(0) : axisIndex(must(at[offset + i], "axis"))));
  return [...outer, ...last.map(axisIndex)];
}

export const contract = { linear, matmul };
