/** What is written, and read by rows, where whole numbers say: one update after the other, as a loop would. */
import { build, forEachPosition, get, type NdArray, ndarray } from "./array.ts";
import { fromFront, numberOf, type Op } from "./op.ts";

function operands({ inputs }: Op): readonly [NdArray, NdArray, NdArray] {
  const [x, indices, updates = indices] = inputs;
  if (!x || !indices || !updates) throw new Error("missing operand");
  return [x, indices, updates];
}

const put = (op: Op, before: number, update: number): number => {
  switch (op.attrs["reduction"]) {
    case "add":
      return before + update;
    case "mul":
      return before * update;
    case "max":
      return Math.max(before, update);
    case "min":
      return Math.min(before, update);
    default:
      return update;
  }
};

/** Where the element at a position is among all. */
const placeOf = (shape: readonly number[], at: readonly number[]): number =>
  at.reduce((place, p, d) => place * (shape[d] ?? 1) + p, 0);
const isInside = (shape: readonly number[], at: readonly number[]): boolean =>
  at.every((p, d) => p >= 0 && p < (shape[d] ?? 1));

function write(
  op: Op,
  x: NdArray,
  shape: readonly number[],
  to: (at: readonly number[]) => readonly number[],
): NdArray {
  const [, , updates] = operands(op);
  const data = Float64Array.from(x.data);
  forEachPosition(shape, (at) => {
    const target = to(at);
    if (!isInside(x.shape, target)) return;
    const place = placeOf(x.shape, target);
    data[place] = put(op, data[place] ?? 0, get(updates, at));
  });
  return ndarray(x.shape, data);
}

export function scatterElements(op: Op): NdArray {
  const [x, indices] = operands(op);
  const axis = fromFront(numberOf(op.attrs, "axis"), x.shape.length);
  return write(op, x, indices.shape, (at) => at.with(axis, get(indices, at)));
}

const rowOf = (indices: NdArray, lead: readonly number[]): readonly number[] =>
  Array.from({ length: indices.shape.at(-1) ?? 0 }, (_, q) => get(indices, [...lead, q]));

export function scatterND(op: Op): NdArray {
  const [x, indices, updates] = operands(op);
  const lead = indices.shape.length - 1;
  return write(op, x, updates.shape, (at) => [...rowOf(indices, at.slice(0, lead)), ...at.slice(lead)]);
}

export function gatherND(op: Op): NdArray {
  const [x, indices] = operands(op);
  const shared = numberOf(op.attrs, "batchDims");
  const lead = indices.shape.length - 1;
  const named = indices.shape.at(-1) ?? 0;
  return build([...indices.shape.slice(0, -1), ...x.shape.slice(shared + named)], (at) => {
    const row = rowOf(indices, at.slice(0, lead)).map((i, q) =>
      Math.min(Math.max(i, 0), (x.shape[shared + q] ?? 1) - 1),
    );
    return get(x, [...at.slice(0, shared), ...row, ...at.slice(lead)]);
  });
}
