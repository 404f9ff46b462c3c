/** Ops that add, drop, repeat, stack and turn axes, and borders: each element says where it comes from. */
import { showDim } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import { build, get, type NdArray, sizeOf } from "./array.ts";
import { fromFront, listOf, numberOf, type Op } from "./op.ts";

function first({ inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("missing operand");
  return x;
}

/** An array of a shape, whose elements are those of x at other places. */
const moved = (
  x: NdArray,
  shape: readonly number[],
  from: (at: readonly number[]) => readonly number[],
): NdArray => build(shape, (at) => get(x, from(at)));

const modulo = (a: number, b: number): number => ((a % b) + b) % b;

export function squeeze(op: Op): NdArray {
  const x = first(op);
  const { axes } = op.attrs;
  const gone = Array.isArray(axes) ? axes.map((a) => fromFront(Number(a), x.shape.length)) : undefined;
  // A batch of one example is still one.
  const isBatch = (i: number): boolean => i === 0 && op.batched?.[0] === true;
  return {
    shape: x.shape.filter((d, i) => (gone ? !gone.includes(i) : d !== 1 || isBatch(i))),
    data: x.data,
  };
}

export function unsqueeze(op: Op): NdArray {
  const x = first(op);
  const axes = listOf(op.attrs, "axes");
  const rank = x.shape.length + axes.length;
  const made = axes.map((a) => fromFront(a, rank));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) => (made.includes(i) ? 1 : (rest.shift() ?? 1)));
  return { shape, data: x.data };
}

export function expand(op: Op): NdArray {
  const x = first(op);
  const wanted = (op.attrs["shape"] as Shape).map(
    (
      d, // as the op has checked
    ) => (typeof d === "number" ? d : (op.sizes[showDim(d)] ?? 1)),
  );
  const rank = Math.max(wanted.length, x.shape.length);
  const at = (shape: readonly number[], i: number): number => shape[i - rank + shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, i) => Math.max(at(wanted, i), at(x.shape, i)));
  return moved(x, shape, (place) =>
    x.shape.map((d, i) => (d === 1 ? 0 : (place[rank - x.shape.length + i] ?? 0))),
  );
}

export function tile(op: Op): NdArray {
  const x = first(op);
  const repeats = listOf(op.attrs, "repeats");
  return moved(
    x,
    x.shape.map((d, i) => d * (repeats[i] ?? 1)),
    (at) => at.map((a, i) => a % (x.shape[i] ?? 1)),
  );
}

export function stack(op: Op): NdArray {
  const { shape } = first(op);
  const axis = fromFront(numberOf(op.attrs, "axis"), shape.length + 1);
  return build([...shape.slice(0, axis), op.inputs.length, ...shape.slice(axis)], (at) => {
    const from = op.inputs[at[axis] ?? 0];
    return from ? get(from, at.toSpliced(axis, 1)) : Number.NaN;
  });
}

export function flip(op: Op): NdArray {
  const x = first(op);
  const axes = listOf(op.attrs, "axes").map((a) => fromFront(a, x.shape.length));
  return moved(x, x.shape, (at) => at.map((a, i) => (axes.includes(i) ? (x.shape[i] ?? 1) - 1 - a : a)));
}

export function roll(op: Op): NdArray {
  const x = first(op);
  const axis = fromFront(numberOf(op.attrs, "axis"), x.shape.length);
  const shift = numberOf(op.attrs, "shift");
  return moved(x, x.shape, (at) => at.map((a, i) => (i === axis ? modulo(a - shift, x.shape[i] ?? 1) : a)));
}

/** 0 where a place of the last two axes lies on the other side of a diagonal. */
export function triangle(op: Op, keeps: (column: number, row: number) => boolean): NdArray {
  const x = first(op);
  const diagonal = numberOf(op.attrs, "diagonal");
  return build(x.shape, (at) => {
    const [row = 0, column = 0] = at.slice(-2);
    return keeps(column, row + diagonal) ? get(x, at) : 0;
  });
}

/** Places of a block and channels, as numbers of a channel of many. */
function channelOf(op: Op, channels: number, channel: number, row: number, column: number): number {
  const block = numberOf(op.attrs, "block");
  return op.attrs["mode"] === "DCR"
    ? (row * block + column) * channels + channel
    : (channel * block + row) * block + column;
}

export function depthToSpace(op: Op): NdArray {
  const x = first(op);
  const b = numberOf(op.attrs, "block");
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  return moved(x, [n, c / b ** 2, h * b, w * b], ([i = 0, k = 0, y = 0, z = 0]) => [
    i,
    channelOf(op, c / b ** 2, k, y % b, z % b),
    Math.floor(y / b),
    Math.floor(z / b),
  ]);
}

export function spaceToDepth(op: Op): NdArray {
  const x = first(op);
  const b = numberOf(op.attrs, "block");
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const y = new Float64Array(sizeOf(x.shape));
  const result = { shape: [n, c * b * b, h / b, w / b], data: y };
  let next = 0;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let row = 0; row < h; row++)
        for (let column = 0; column < w; column++) {
          const channel = channelOf(op, c, k, row % b, column % b);
          const [u, v] = [Math.floor(row / b), Math.floor(column / b)];
          const place = ((i * c * b * b + channel) * (h / b) + u) * (w / b) + v;
          y[place] = x.data[next++] ?? Number.NaN;
        }
  return result;
}

export function pad(op: Op): NdArray {
  const x = first(op);
  const rank = x.shape.length;
  const axes = listOf(op.attrs, "axes").map((a) => fromFront(a, rank));
  const ends = listOf(op.attrs, "padding");
  const end = (d: number, side: number): number => {
    const i = axes.indexOf(d);
    return i < 0 ? 0 : (ends[2 * i + side] ?? 0);
  };
  const mode = op.attrs["mode"];
  return build(
    x.shape.map((d, i) => d + end(i, 0) + end(i, 1)),
    (at) => {
      const from = at.map((a, i) => {
        const [place, size] = [a - end(i, 0), x.shape[i] ?? 1];
        if (mode === "edge") return Math.min(Math.max(place, 0), size - 1);
        if (mode === "wrap") return modulo(place, size);
        if (mode === "constant") return place;
        const turn = modulo(place, Math.max(1, 2 * (size - 1)));
        return turn < size ? turn : 2 * (size - 1) - turn;
      });
      const inside = from.every((a, i) => a >= 0 && a < (x.shape[i] ?? 1));
      return inside ? get(x, from) : numberOf(op.attrs, "value");
    },
  );
}

/** The positions from start to end of an axis, in steps. */
export function slice(op: Op): NdArray {
  const x = first(op);
  const { attrs } = op;
  const axis = fromFront(numberOf(attrs, "axis"), x.shape.length);
  const [step, size] = [numberOf(attrs, "step"), x.shape[axis] ?? 0];
  const start = attrs["start"] === null ? (step > 0 ? 0 : size - 1) : numberOf(attrs, "start");
  const end = attrs["end"] === null ? (step > 0 ? size : -1) : numberOf(attrs, "end");
  const places: number[] = [];
  for (let i = start; step > 0 ? i < end : i > end; i += step) places.push(i);
  return moved(
    x,
    x.shape.map((d, i) => (i === axis ? places.length : d)),
    (at) => at.map((a, i) => (i === axis ? (places[a] ?? 0) : a)),
  );
}
