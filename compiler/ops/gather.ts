/** Ops that read where whole numbers say: rows of a table, elements along an axis. */
import { showShape } from "../../contract/shapes.ts";
import type { Dim, Shape, TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { isBatch, isKnown } from "../ir/type.ts";
import { axisIndex, lookup } from "../math/affine.ts";
import { load } from "../math/build.ts";
import { integer, otherwise, positive, takes } from "../options.ts";
import { axisOf, fail, tensorOnly } from "./check.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";

export interface GatherOptions {
  /** Default: the first axis that is not N. */
  readonly axis?: number;
}
export type GatherAttrs = { readonly axis: number | null };

export interface EmbeddingOptions {
  /** Rows of the table. */
  readonly count: number;
  /** Numbers of a row. */
  readonly size: number;
  readonly init?: InitRequest;
}
export type EmbeddingAttrs = { readonly count: number; readonly size: number; readonly init: InitAttr };

/** Beyond it a number of f32 may be another one: whole numbers that are moved are stored by way of f32. */
const MOST = 2 ** 24;

export function checkIndices(op: string, { dtype, shape }: TensorType, count: Dim): void {
  if (dtype === "f32")
    fail(
      `${op} reads where whole numbers say, but its indices ${showShape(shape)} are f32`,
      "indices are i32 or u32",
      'input("tokens", [N, 12], { dtype: "i32" }), or cast(x, { to: "i32" })',
    );
  if (isKnown(count) && count > MOST) fail(`${op} along ${count} positions`, `at most ${MOST} of them`);
}

const gatherAxis = ({ axis }: GatherAttrs, { shape }: TensorType): number =>
  axis === null ? Number(isBatch(shape[0])) : axisOf("gather", axis, shape.length);

/** Whether both have examples, which stay apart: those of the indices are not sizes of the result once more. */
const apart = (data: Shape, indices: Shape): boolean => isBatch(data[0]) && isBatch(indices[0]);

/** y[…, i…, …] = x[…, indices[i…], …]; where both have N, each example by its own indices. */
const gather: OpDef<GatherAttrs, GatherOptions | undefined> = {
  name: "gather",
  moves: true,
  arity: 2,
  options: takes("gather", { axis: otherwise<number | null>(integer, null) }),
  where: (attrs, inputs) => {
    const data = must(inputs[0], "operand");
    return { operand: 1, below: must(data.shape[gatherAxis(attrs, data)], "dimension") };
  },
  infer(attrs, inputs) {
    const [data, indices] = [must(inputs[0], "operand"), must(inputs[1], "indices")];
    if (data.shape.length === 0) fail("gather needs an axis to read along, but its input is one number");
    const axis = gatherAxis(attrs, data);
    const along = data.shape[axis];
    if (along === undefined)
      fail(`gather needs an axis to read along, but its input is ${showShape(data.shape)}`);
    else if (isBatch(along))
      fail(
        `gather along axis ${axis} of ${showShape(data.shape)}`,
        "examples stay apart: that axis is the batch",
      );
    checkIndices("gather", indices, along ?? 1);
    const own = indices.shape.slice(Number(apart(data.shape, indices.shape)));
    const shape = [...data.shape.slice(0, axis), ...own, ...data.shape.slice(axis + 1)];
    if (shape.slice(1).some((d) => isBatch(d)))
      fail(
        `gather along axis ${axis} of ${showShape(data.shape)} by ${showShape(indices.shape)} would give ${showShape(shape)}`,
        "N is the outermost dimension",
      );
    return { dtype: data.dtype, shape };
  },
  define(attrs, { at, inputs }) {
    const [data, indices] = [must(inputs[0], "operand"), must(inputs[1], "indices")];
    const axis = gatherAxis(attrs, data.type);
    const shared = apart(data.type.shape, indices.type.shape) ? at.slice(0, 1) : [];
    const end = axis + indices.type.shape.length - shared.length;
    const by = [...shared, ...at.slice(axis, end)].map(axisIndex);
    const row = lookup(indices, by, must(data.type.shape[axis], "dimension"));
    return load(data, [...at.slice(0, axis).map(axisIndex), row, ...at.slice(end).map(axisIndex)]);
  },
  summary: (attrs, inputs) => ({
    options: `along axis ${gatherAxis(attrs, must(inputs[0], "operand"))}`,
    formula: "",
  }),
};

/** y[…, j] = w[indices[…], j] */
const embedding: OpDef<EmbeddingAttrs, EmbeddingOptions> = {
  name: "embedding",
  arity: 1,
  takes: ["weight"],
  options: takes("embedding", {
    count: positive,
    size: positive,
    weight: tensorOnly,
    init: initializer,
  }),
  where: ({ count }) => ({ operand: 0, below: count }),
  params: ({ count, size, init }) => [
    { role: "weight", shape: [count, size], init: resolveInit(init, count, size) },
  ],
  infer({ count, size }, inputs) {
    const indices = must(inputs[0], "indices");
    checkIndices("embedding", indices, count);
    return { dtype: "f32", shape: [...indices.shape, size] };
  },
  define({ count }, { at, inputs }) {
    const [indices, table] = [must(inputs[0], "indices"), must(inputs[1], "table")];
    const row = lookup(indices, at.slice(0, -1).map(axisIndex), count);
    return load(table, [row, axisIndex(must(at.at(-1), "axis"))]);
  },
  summary: ({ count, size }) => ({ options: `${count} rows of ${size}`, formula: "" }),
};

export const gathers = { gather, embedding };
