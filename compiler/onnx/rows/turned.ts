/**
 * Tensors whose axes the file has in another order. The batch N is the outermost axis of every tensor of Weft; files move it inside
 * for a while, as attention does that stacks queries, keys and values: [N, T, 3, …] → [3, N, T, …]. Such a tensor is left as it is,
 * and the order of its axes is remembered, until something takes it apart that leaves N outermost again.
 */
import type { Dim, Shape } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { shapeOf } from "../recorder.ts";
import type { Computed, Value } from "../value.ts";
import { range, reshaped, transposed } from "./row.ts";

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

/** Which of the sizes is N; −1 where none is. */
export const placeOfN = (shape: readonly Dim[]): number => shape.indexOf("N");

/** Sizes without the one at a place. */
const but = <T>(list: readonly T[], place: number): readonly T[] => list.filter((_, i) => i !== place);

/** The order of a tensor that has N first and else the file's axes, of which N is the one at `place`. */
const orderWith = (place: number, rank: number): readonly number[] =>
  range(0, rank).map((i) => (i === place ? 0 : i < place ? i + 1 : i));

/** N first, and the other axes in the file's order. */
function upright(call: Call, { tensor, order }: Turned): Computed {
  return transposed(call, tensor, [0, ...order.filter((axis) => axis !== 0)]);
}

/** How many elements there are, as a product of a number and of sizes that a run decides. */
function count(shape: readonly Dim[]): string {
  const open = shape.flatMap((d) => (typeof d === "number" ? [] : [typeof d === "string" ? d : d.name]));
  return [shape.reduce<number>((a, d) => (typeof d === "number" ? a * d : a), 1), ...open.toSorted()].join(
    "·",
  );
}

/**
 * The same elements in another shape of the file's: N is an axis of its own in both, with as many elements before it and behind it. Nothing
 * where it is not.
 */
export function refitted(call: Call, value: Value, to: readonly Dim[]): Computed | undefined {
  const [from, place] = [placeOfN(value.shape), placeOfN(to)];
  if (from < 0 || place < 0) return undefined;
  if (count(value.shape.slice(0, from)) !== count(to.slice(0, place))) return undefined;
  const x = turnedOf(value, call);
  return turned(
    call,
    reshaped(call, upright(call, x), ["N", ...but<Dim>(to, place)]),
    orderWith(place, to.length),
  );
}

/** A value repeated to a shape of the file's in which N may stand anywhere; nothing where its own N stands elsewhere. */
export function spread(call: Call, value: Value, to: readonly Dim[]): Computed | undefined {
  const place = placeOfN(to);
  const padded = [...to.slice(value.shape.length).map(() => 1), ...value.shape];
  const all = ["N" as const, ...but<Dim>(to, place)];
  if (placeOfN(value.shape) >= 0) {
    const x = padded[place] === "N" ? refitted(call, value, padded) : undefined;
    if (!x) return undefined;
    const { tensor } = turnedOf(x, call);
    return turned(
      call,
      call.apply("expand", [tensor, all], { type: value.type }),
      orderWith(place, to.length),
    );
  }
  const shape = [1, ...but<Dim>(padded, place)];
  const x =
    value.kind === "known"
      ? call.asTensor({ ...value, shape: shape.map(Number) })
      : reshaped(call, call.asTensor(value), shape);
  return turned(call, call.apply("expand", [x, all], { type: value.type }), orderWith(place, to.length));
}

/** Operands of arithmetic, where one of them has N inside: with N first, so that they broadcast as the file's do. */
export interface LinedUp {
  readonly args: readonly (Computed | number)[];
  readonly order: readonly number[];
}

export function linedUp(call: Call, operands: readonly number[]): LinedUp | undefined {
  const values = operands.map((i) => call.value(i));
  if (!values.some((v) => v.kind === "computed" && v.order)) return undefined;
  const rank = Math.max(...values.map((v) => v.shape.length));
  const padded = values.map((v) => [...range(v.shape.length, rank).map(() => 1), ...v.shape]);
  const places = new Set(padded.map(placeOfN).filter((i) => i >= 0));
  const [place = 0] = places;
  if (places.size > 1) return undefined;
  const args = values.map((value, k) => {
    const x = placeOfN(value.shape) >= 0 && refitted(call, value, padded[k] ?? []);
    if (x) return turnedOf(x, call).tensor;
    const operand = call.operand(operands[k] ?? 0, range(0, rank));
    const own = place - (rank - value.shape.length);
    return typeof operand === "number" || own < 0
      ? operand
      : reshaped(call, operand, but<Dim>(operand.shape, own));
  });
  return { args, order: orderWith(place, rank) };
}

/** What a layer makes of the last axis, wherever N stands before it; nothing where N is the last. */
export function alongLast(call: Call, value: Value, layer: (x: Computed) => Computed): Computed {
  if (value.kind === "known" || !value.order) return layer(call.asTensor(value));
  const place = placeOfN(value.shape);
  if (place === value.shape.length - 1) return layer(call.asTensor(value)); // which says what is wrong
  return turned(call, layer(upright(call, turnedOf(value, call))), orderWith(place, value.shape.length));
}
