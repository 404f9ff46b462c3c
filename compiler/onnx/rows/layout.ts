/** Slices, parts, places that whole numbers say, and pictures cut into blocks. */
import type { Dim } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { sliceOf, slicesOf } from "../slices.ts";
import { type Computed, isFloat, numbersOf, refuse, type Value } from "../value.ts";
import { axisOf, fixedSizes, type Rows, range, reshaped, transposed } from "./row.ts";

/** The size of an axis, which has to be a number. */
const sizeAlong = (x: Computed, axis: number, what: string): number =>
  fixedSizes(x.shape.slice(axis, axis + 1), what)[0] ?? 1;

/** Positions of an axis; all of them are the tensor itself. */
export function sliced(
  call: Call,
  x: Computed,
  axis: number,
  start: number,
  count: number,
  step = 1,
): Computed {
  const size = sizeAlong(x, axis, "it slices an axis");
  if (start === 0 && count === size && step === 1) return x;
  if (count < 1) refuse(`it takes no element of axis ${axis}`, "a slice of at least one element");
  if (step !== 1) refuse(`its step is ${step}`, "a step of 1");
  const end = start + count;
  return call.apply(
    "slice",
    [
      x,
      {
        ...(axis === 1 ? {} : { axis }),
        ...(start === 0 ? {} : { start }),
        ...(end === size ? {} : { end }),
      },
    ],
    { type: x.type },
  );
}

const joined = (call: Call, parts: readonly Computed[], axis: number): Computed => {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  return call.apply("concat", [parts, axis === 1 ? {} : { axis }], { type: only?.type ?? "f32" });
};

/** Elements along an axis at places that are known: runs of neighbours are slices. */
function picked(call: Call, x: Computed, axis: number, places: readonly number[]): Computed {
  const runs: { start: number; count: number }[] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last && last.start + last.count === place) last.count++;
    else runs.push({ start: place, count: 1 });
  }
  if (runs.length > MOST_RUNS)
    refuse(`it picks ${places.length} places of axis ${axis}, one by one`, "places that follow each other");
  return joined(
    call,
    runs.map(({ start, count }) => sliced(call, x, axis, start, count)),
    axis,
  );
}
const MOST_RUNS = 64;

export const layouts: Rows = {
  Slice(call) {
    const x = call.tensor(0);
    return slicesOf(call, x.shape.length).reduce((part, { axis, start, end, step }) => {
      const size = part.shape[axis];
      const whole = start === 0 && step === 1 && (end >= MOST || (typeof size === "number" && end >= size));
      if (whole) return part;
      const { start: from, count } = sliceOf(sizeAlong(part, axis, "it slices an axis"), start, end, step);
      return sliced(call, part, axis, from, count, step);
    }, x);
  },

  Split(call) {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    const size = sizeAlong(x, axis, "it splits an axis");
    const parts = call.int("num_outputs", call.node.outputs.length);
    const even = Math.ceil(size / parts);
    const given = call.opset < 13 ? call.ints("split") : call.numbers(1, "split");
    const sizes = given ?? range(0, parts).map((i) => Math.max(0, Math.min(even, size - i * even)));
    if (sizes.some((s) => s < 1))
      refuse(`it makes parts of sizes ${sizes.join(", ")}`, "parts of at least one element");
    if (sizes.length === 1) return x;
    const same = new Set(sizes).size === 1;
    const options = {
      ...(axis === 1 ? {} : { axis }),
      ...(same ? { parts: sizes.length } : { sizes: [...sizes] }),
    };
    return call.applyMany("split", [x, options], x.type);
  },

  Squeeze(call) {
    const x = call.value(0);
    const rank = x.shape.length;
    const given = call.opset < 13 ? call.ints("axes") : call.numbers(1, "axes");
    const axes = given?.map((a) => axisOf(a, rank));
    const shape = x.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1));
    return reshaped(call, call.asTensor(x), shape);
  },

  Unsqueeze(call) {
    const x = call.tensor(0);
    const given =
      (call.opset < 13 ? call.ints("axes") : call.numbers(1, "axes")) ?? refuse("axes are missing");
    const rank = x.shape.length + given.length;
    const axes = given.map((a) => axisOf(a, rank));
    const rest = [...x.shape];
    return reshaped(
      call,
      x,
      range(0, rank).map((i): Dim => (axes.includes(i) ? 1 : (rest.shift() ?? 1))),
    );
  },

  Gather(call): Value {
    const [x, indices] = [call.value(0), call.value(1)];
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    if (indices.kind === "known") {
      const data = call.asTensor(x);
      const size = sizeAlong(data, axis, "it reads along an axis");
      const places = numbersOf(indices.data, "the indices").map((i) => axisOf(i, size, "an index"));
      const part = picked(call, data, axis, places);
      return reshaped(call, part, [
        ...data.shape.slice(0, axis),
        ...indices.shape,
        ...data.shape.slice(axis + 1),
      ]);
    }
    requireIndices(indices);
    if (x.kind === "known" && isFloat(x.type) && axis === 0 && x.shape.length === 2) {
      const [count = 1, size = 1] = x.shape;
      return call.apply("embedding", [indices, { count, size }], { weights: { weight: call.weight(x) } });
    }
    const data = call.asTensor(x);
    const usual = data.shape[0] === "N" ? 1 : 0;
    return call.apply("gather", [data, indices, axis === usual ? {} : { axis }], { type: data.type });
  },

  /** [N, C, H, W] → [N, C / b², H·b, W·b] */
  DepthToSpace(call) {
    const x = call.tensor(0);
    const b = call.int("blocksize", 1);
    const [n = 1, ...sizes] = x.shape;
    const [c = 1, h = 1, w = 1] = fixedSizes(sizes, "an axis");
    const deep = call.text("mode", "DCR") === "DCR";
    const blocks = call.apply("reshape", [
      x,
      deep ? [n, b, b, c / b ** 2, h, w] : [n, c / b ** 2, b, b, h, w],
    ]);
    return reshaped(call, transposed(call, blocks, deep ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]), [
      n,
      c / b ** 2,
      h * b,
      w * b,
    ]);
  },

  /** [N, C, H, W] → [N, C·b², H / b, W / b] */
  SpaceToDepth(call) {
    const x = call.tensor(0);
    const b = call.int("blocksize", 1);
    const [n = 1, ...sizes] = x.shape;
    const [c = 1, h = 1, w = 1] = fixedSizes(sizes, "an axis");
    const blocks = call.apply("reshape", [x, [n, c, h / b, b, w / b, b]]);
    return reshaped(call, transposed(call, blocks, [0, 3, 5, 1, 2, 4]), [n, c * b ** 2, h / b, w / b]);
  },
};

/** Files say "to the end" with the largest whole number. */
const MOST = 2 ** 31 - 1;

/** Places are whole numbers that the model is given as such. */
function requireIndices({ ref, type }: Computed): void {
  if (ref.tensor.node.type.dtype === "f32")
    refuse(
      `it reads at places that the model computes, of ${type}`,
      "indices that are an input, or constants",
    );
}
