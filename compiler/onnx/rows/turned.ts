/**
 * Tensors whose axes the file has in another order. The batch N is the outermost axis of every tensor of Weft; files move it inside
 * for a while, as attention does that stacks queries, keys and values: [N, T, 3, …] → [3, N, T, …]. Such a tensor is left as it is,
 * and the order of its axes is remembered, until something takes it apart that leaves N outermost again.
 */
import type { Shape } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { shapeOf } from "../recorder.ts";
import type { Computed, Value } from "../value.ts";
import { range, transposed } from "./row.ts";

/** A tensor as Weft holds it, and which of its axes each of the file's is. */
export interface Turned {
  readonly tensor: Computed;
  readonly order: readonly number[];
}

export function turnedOf(value: Value, call: Call): Turned {
  if (value.kind === "computed" && value.order) {
    const { order, ...rest } = value;
    return { tensor: { ...rest, shape: shapeOf(value.ref) }, order };
  }
  const tensor = call.asTensor(value);
  return { tensor, order: range(0, tensor.shape.length) };
}

/** The axis of the tensor that an axis of the file is. */
export const along = ({ order }: Turned, axis: number): number => order[axis] ?? axis;

/** The order where an axis of the file is gone. */
export const without = (order: readonly number[], axis: number): readonly number[] => {
  const gone = order[axis] ?? axis;
  return order.filter((_, i) => i !== axis).map((a) => (a > gone ? a - 1 : a));
};

/** The axes in that order: at once where N stays outermost, else later. */
export function turned(call: Call, tensor: Computed, order: readonly number[]): Computed {
  if (order.every((a, i) => a === i)) return tensor;
  const shape: Shape = order.map((a) => tensor.shape[a] ?? 1);
  if (shape.slice(1).includes("N")) return { ...tensor, shape, order };
  return transposed(call, tensor, order);
}
