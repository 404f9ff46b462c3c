/** Known numbers by other rules: triangles, places that are not 0, scaled whole numbers. */
import { axisOf, range } from "../rows/row.ts";
import { known, numbersOf, refuse, sizeOf } from "../value.ts";
import { type Folds, first, moved } from "./places.ts";

/** The place of each element's scale. `block`: how many along the axis share one; 0 where there are no blocks. */
function scaleOf(
  shape: readonly number[],
  scales: readonly number[],
  axis: number,
  block: number,
): (i: number) => number {
  if (sizeOf(scales) === 1) return () => 0;
  const wanted = shape.map((d, i) => (i === axis ? Math.ceil(d / (block || 1)) : block > 0 ? d : 1));
  const given = block > 0 ? scales : wanted.map((_, i) => (i === axis ? (scales[0] ?? 1) : 1));
  if (`${given}` !== `${wanted}` || (block === 0 && scales.length !== 1))
    refuse(
      `its scales are [${scales.join(", ")}]`,
      `[${wanted.join(", ")}], for elements [${shape.join(", ")}]`,
    );
  const [step, size] = [sizeOf(shape.slice(axis + 1)), shape[axis] ?? 1];
  if (block === 0) return (i) => Math.floor(i / step) % size;
  return (i) => {
    const [within, line] = [i % step, Math.floor(i / step)];
    const [outer, along] = [Math.floor(line / size), line % size];
    return (outer * (wanted[axis] ?? 1) + Math.floor(along / block)) * step + within;
  };
}

export const mades: Folds = {
  /** What lies above or below a diagonal is 0. */
  Trilu(call, inputs) {
    const x = first(inputs);
    const [k = 0] = inputs[1] ? numbersOf(inputs[1].data, "the diagonal") : [];
    const upper = call.int("upper", 1) !== 0;
    const [rows = 1, columns = 1] = x.shape.slice(-2);
    call.spend(x.data.length);
    return known(
      x.type,
      x.shape,
      Array.from(x.data, (v, i) => {
        const [row, column] = [Math.floor(i / columns) % rows, i % columns];
        return (upper ? column - row >= k : column - row <= k) ? v : 0;
      }),
    );
  },

  NonZero(_, inputs) {
    const x = first(inputs);
    const places = Array.from(x.data).flatMap((v, i) => (v === 0 ? [] : [i]));
    const rank = Math.max(1, x.shape.length);
    const digits = range(0, rank).flatMap((d) => {
      const step = sizeOf(x.shape.slice(d + 1));
      return places.map((i) => Math.floor(i / step) % (x.shape[d] ?? 1));
    });
    return known("i64", [rank, places.length], digits);
  },

  /** (x − zero) · scale: one of both for all, for each position of an axis, or for each block of so many along it. */
  DequantizeLinear(call, inputs) {
    const [x, scale, zero] = [first(inputs), inputs[1] ?? refuse("the scale is missing"), inputs[2]];
    const axis = x.shape.length === 0 ? 0 : axisOf(call.int("axis", 1), Math.max(2, x.shape.length));
    const at = scaleOf(x.shape, scale.shape, axis, call.int("block_size", 0));
    const scales = numbersOf(scale.data, "the scale");
    const zeros = zero ? numbersOf(zero.data, "the zero point") : [];
    call.spendWeights(x.data.length);
    return known(
      "f32",
      x.shape,
      Float32Array.from(x.data, (v, i) => (Number(v) - (zeros[at(i)] ?? 0)) * (scales[at(i)] ?? 1)),
    );
  },

  GatherElements(call, inputs) {
    const [x, by] = [first(inputs), inputs[1] ?? first(inputs)];
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    const size = x.shape[axis] ?? 1;
    const places = numbersOf(by.data, "the indices").map((i) => axisOf(i, size, "an index"));
    return moved(call, x, by.shape, (at) => {
      const i = at.reduce((place, p, d) => place * (by.shape[d] ?? 1) + p, 0);
      return at.map((p, d) => (d === axis ? (places[i] ?? 0) : p));
    });
  },
};
