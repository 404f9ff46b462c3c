/** Places of extremes, sorted places, what whole numbers choose, sums of all before, and sums by letters. */
import { build, forEachPosition, get, type NdArray, zeros } from "./array.ts";
import { flagOf, fromFront, numberOf, type Op } from "./op.ts";

function operand({ inputs }: Op, i = 0): NdArray {
  const x = inputs[i];
  if (!x) throw new Error("missing operand");
  return x;
}

const axisOf = (op: Op, rank: number): number => fromFront(numberOf(op.attrs, "axis"), rank);

/** The line along an axis through a position. */
const lineAt = (x: NdArray, at: readonly number[], axis: number): readonly number[] =>
  Array.from({ length: x.shape[axis] ?? 0 }, (_, k) => get(x, at.with(axis, k)));

export function cast(op: Op): NdArray {
  const x = operand(op);
  const to = op.attrs["to"];
  const convert = (v: number): number =>
    to === "f32" ? v : to === "i32" ? Math.trunc(v) : Math.max(0, Math.trunc(v));
  return { shape: x.shape, data: x.data.map(convert) };
}

export const argExtreme =
  (better: (a: number, b: number) => boolean) =>
  (op: Op): NdArray => {
    const x = operand(op);
    const axis = axisOf(op, x.shape.length);
    const keep = flagOf(op.attrs, "keepDims");
    const last = flagOf(op.attrs, "last");
    const shape = x.shape.flatMap((d, i) => (i !== axis ? [d] : keep ? [1] : []));
    return build(shape, (at) => {
      const line = lineAt(x, keep ? at : at.toSpliced(axis, 0, 0), axis);
      return line.reduce((best, v, k) => {
        const top = line[best] ?? Number.NaN;
        return better(v, top) || (last && v === top) ? k : best;
      }, 0);
    });
  };

/** Positions of a line, sorted by their elements. */
function sorted(line: readonly number[], largest: boolean): readonly number[] {
  const value = (i: number): number => (line[i] ?? Number.NaN) * (largest ? -1 : 1);
  return line.map((_, i) => i).toSorted((a, b) => value(a) - value(b) || a - b);
}

export function ranking(op: Op): NdArray {
  const x = operand(op);
  const axis = axisOf(op, x.shape.length);
  return build(x.shape, (at) =>
    sorted(lineAt(x, at, axis), flagOf(op.attrs, "largest")).indexOf(at[axis] ?? 0),
  );
}

const top =
  (value: (op: Op, at: readonly number[], axis: number, from: number) => number) =>
  (op: Op): NdArray => {
    const ranks = operand(op, op.inputs.length - 1);
    const axis = axisOf(op, ranks.shape.length);
    return build(ranks.shape.with(axis, numberOf(op.attrs, "count")), (at) => {
      const from = lineAt(ranks, at, axis).findIndex((r) => Math.round(r) === at[axis]);
      return value(op, at, axis, from);
    });
  };
export const topValues = top((op, at, axis, from) => get(operand(op), at.with(axis, from)));
export const topIndices = top((_, __, ___, from) => from);

export function oneHot(op: Op): NdArray {
  const x = operand(op);
  const axis = axisOf(op, x.shape.length + 1);
  return build(x.shape.toSpliced(axis, 0, numberOf(op.attrs, "count")), (at) =>
    Number(get(x, at.toSpliced(axis, 1)) === at[axis]),
  );
}

export function gatherElements(op: Op): NdArray {
  const [x, indices] = [operand(op), operand(op, 1)];
  const axis = axisOf(op, x.shape.length);
  return build(indices.shape, (at) => {
    const row = Math.min(Math.max(get(indices, at), 0), (x.shape[axis] ?? 1) - 1);
    return get(x, at.with(axis, row));
  });
}

export function cumsum(op: Op): NdArray {
  const x = operand(op);
  const axis = axisOf(op, x.shape.length);
  const [exclusive, reverse] = [flagOf(op.attrs, "exclusive"), flagOf(op.attrs, "reverse")];
  return build(x.shape, (at) => {
    const here = at[axis] ?? 0;
    return lineAt(x, at, axis)
      .filter((_, k) => (k === here ? !exclusive : reverse ? k > here : k < here))
      .reduce((a, v) => a + v, 0);
  });
}

/** Every combination of what the letters may be, one after the other. */
export function einsum(op: Op): NdArray {
  const [left = "", right] = String(op.attrs["equation"]).replaceAll(" ", "").split("->");
  const operands = left.split(",");
  const letters = [...new Set(operands.join(""))];
  const once = letters.filter((c) => left.split(c).length === 2).toSorted();
  const result = right === undefined ? once : [...right];
  const sizes = letters.map((c) =>
    Math.max(
      ...operands.flatMap((o, i) => [...o].flatMap((l, d) => (l === c ? [op.inputs[i]?.shape[d] ?? 1] : []))),
    ),
  );
  const y = zeros(result.map((c) => sizes[letters.indexOf(c)] ?? 1));
  forEachPosition(sizes, (at) => {
    const product = operands.reduce((a, o, i) => {
      const x = operand(op, i);
      const place = [...o].map((c, d) => (x.shape[d] === 1 ? 0 : (at[letters.indexOf(c)] ?? 0)));
      return a * get(x, place);
    }, 1);
    const to = result.reduce(
      (a, c) => a * (sizes[letters.indexOf(c)] ?? 1) + (at[letters.indexOf(c)] ?? 0),
      0,
    );
    y.data[to] = (y.data[to] ?? 0) + product;
  });
  return y;
}

export function logSumExp(op: Op): NdArray {
  const x = operand(op);
  const { axes } = op.attrs;
  const rank = x.shape.length;
  const gone = Array.isArray(axes) ? axes.map((a) => fromFront(Number(a), rank)) : x.shape.map((_, d) => d);
  const keep = flagOf(op.attrs, "keepDims");
  const shape = x.shape.flatMap((d, i) => (!gone.includes(i) ? [d] : keep ? [1] : []));
  return build(shape, (at) => {
    const others = keep ? at.filter((_, i) => !gone.includes(i)) : [...at];
    const elements: number[] = [];
    forEachPosition(
      gone.map((d) => x.shape[d] ?? 1),
      (inner) => {
        const rest = [...others];
        const place = x.shape.map((_, d) =>
          gone.includes(d) ? (inner[gone.indexOf(d)] ?? 0) : (rest.shift() ?? 0),
        );
        elements.push(get(x, place));
      },
    );
    const most = Math.max(...elements);
    return most + Math.log(elements.reduce((a, v) => a + Math.exp(v - most), 0));
  });
}
