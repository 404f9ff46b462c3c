/** Ops that move elements. */
import type { Attrs } from "../../compiler/ir/graph.ts";
import { showDim } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import { build, get, type NdArray, sizeOf } from "./array.ts";
import { fromFront, numberOf, type Op } from "./op.ts";

/** [N, a, b, …] → [N, a·b·…] */
export function flatten({ inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("flatten: missing operand");
  const [batch = 1] = x.shape;
  return { shape: [batch, sizeOf(x.shape) / batch], data: x.data };
}

/** The same elements in the same order; −1 is what is left. */
export function reshape({ attrs, inputs: [x], sizes }: Op): NdArray {
  if (!x) throw new Error("reshape: missing operand");
  const wanted = shapeAttr(attrs).map((d) => (typeof d === "number" ? d : (sizes[showDim(d)] ?? 1)));
  const rest = sizeOf(x.shape) / Math.abs(sizeOf(wanted));
  return { shape: wanted.map((d) => (d === -1 ? rest : d)), data: x.data };
}

function shapeAttr(attrs: Attrs): Shape {
  const shape = attrs["shape"];
  if (!Array.isArray(shape)) throw new Error("reshape: no shape");
  return shape; // as the op has checked
}

/** The order of axes, counted from the front; null swaps the last two. */
export function orderOf(attrs: Attrs, rank: number): readonly number[] {
  const order = attrs["order"];
  if (Array.isArray(order)) return order.map((a) => fromFront(Number(a), rank));
  const axes = Array.from({ length: rank }, (_, d) => d);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}

/** Axis i of the result is axis order[i] of x. */
export function transpose({ attrs, inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("transpose: missing operand");
  const order = orderOf(attrs, x.shape.length);
  return build(
    order.map((a) => x.shape[a] ?? 0),
    (at) => {
      const from: number[] = [];
      order.forEach((a, i) => {
        from[a] = at[i] ?? 0;
      });
      return get(x, from);
    },
  );
}

/** All operands one after the other along an axis. */
export function concat({ attrs, inputs }: Op): NdArray {
  const [first] = inputs;
  if (!first) throw new Error("concat: missing operand");
  const axis = fromFront(numberOf(attrs, "axis"), first.shape.length);
  const total = inputs.reduce((a, x) => a + (x.shape[axis] ?? 0), 0);
  return build(
    first.shape.map((d, i) => (i === axis ? total : d)),
    (at) => {
      let along = at[axis] ?? 0;
      for (const x of inputs) {
        const length = x.shape[axis] ?? 0;
        if (along < length)
          return get(
            x,
            at.map((a, i) => (i === axis ? along : a)),
          );
        along -= length;
      }
      return Number.NaN;
    },
  );
}

/** The elements of x along an axis that the indices name; examples stay apart where both have them. */
export function gather({ attrs, inputs: [x, indices], batched: [first, second] = [] }: Op): NdArray {
  if (!x || !indices) throw new Error("gather: missing operand");
  const axis = axisOfGather(attrs, x.shape.length, first ?? false);
  const shared = first && second ? 1 : 0;
  const own = indices.shape.slice(shared);
  return build([...x.shape.slice(0, axis), ...own, ...x.shape.slice(axis + 1)], (at) => {
    const by = get(indices, [...at.slice(0, shared), ...at.slice(axis, axis + own.length)]);
    const row = Math.min(Math.max(by, 0), (x.shape[axis] ?? 1) - 1);
    return get(x, [...at.slice(0, axis), row, ...at.slice(axis + own.length)]);
  });
}

export const axisOfGather = (attrs: Attrs, rank: number, batched: boolean): number =>
  attrs["axis"] === null ? Number(batched) : fromFront(numberOf(attrs, "axis"), rank);

/** Rows of a table by their numbers. */
export function embedding({ inputs: [indices, table] }: Op): NdArray {
  if (!indices || !table) throw new Error("embedding: missing operand");
  const [count = 1, size = 1] = table.shape;
  return build([...indices.shape, size], (at) => {
    const row = Math.min(Math.max(get(indices, at.slice(0, -1)), 0), count - 1);
    return get(table, [row, at.at(-1) ?? 0]);
  });
}
