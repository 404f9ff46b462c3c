/** Slices, parts, borders, repetitions, and places that whole numbers say. */
import type { Dim } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { sliceOf, slicesOf } from "../slices.ts";
import { type Computed, isFloat, numbersOf, refuse, type Value } from "../value.ts";
import { axisOf, compact, fixedSizes, type Rows, range, reshaped, sameDims } from "./row.ts";
import { along, placeOfN, refitted, spread, type Turned, turned, turnedOf, without } from "./turned.ts";
import { indices as indicesOf } from "./whole.ts";

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
  const end = step > 0 ? Math.min(size, start + (count - 1) * step + 1) : start + (count - 1) * step - 1;
  const from = step > 0 ? 0 : size - 1;
  const open = step > 0 ? end > size - step : end < 0;
  return call.apply(
    "slice",
    [
      x,
      {
        ...(axis === 1 ? {} : { axis }),
        ...(start === from ? {} : { start }),
        ...(open ? {} : { end }),
        ...(step === 1 ? {} : { step }),
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
export function picked(call: Call, x: Computed, axis: number, places: readonly number[]): Computed {
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

/** An axis where one place is taken, and it is gone. */
function place(call: Call, x: Turned, axis: number, index: number): Computed {
  const at = along(x, axis);
  const part = sliced(call, x.tensor, at, index, 1);
  const gone = call.apply("squeeze", [part, { axis: at }], { type: part.type });
  return turned(call, gone, without(x.order, axis));
}

/** Axes by the attribute until opset 12, by an operand since. */
const axesOf = (call: Call): readonly number[] | undefined =>
  call.opset < 13 ? call.ints("axes") : call.numbers(1, "axes");

export const layouts: Rows = {
  Slice(call) {
    const x = turnedOf(call.value(0), call);
    const rank = x.order.length;
    const part = slicesOf(call, rank).reduce((part, { axis, start, end, step }) => {
      const at = along(x, axis);
      const size = part.shape[at];
      const whole = start === 0 && step === 1 && (end >= MOST || (typeof size === "number" && end >= size));
      if (whole) return part;
      const { start: from, count } = sliceOf(sizeAlong(part, at, "it slices an axis"), start, end, step);
      return sliced(call, part, at, from, count, step);
    }, x.tensor);
    return turned(call, part, x.order);
  },

  Split(call) {
    const x = turnedOf(call.value(0), call);
    const axis = along(x, axisOf(call.int("axis", 0), x.order.length));
    const size = sizeAlong(x.tensor, axis, "it splits an axis");
    const parts = call.int("num_outputs", call.node.outputs.length);
    const even = Math.ceil(size / parts);
    const given = call.opset < 13 ? call.ints("split") : call.numbers(1, "split");
    const sizes = given ?? range(0, parts).map((i) => Math.max(0, Math.min(even, size - i * even)));
    if (sizes.some((s) => s < 1))
      refuse(`it makes parts of sizes ${sizes.join(", ")}`, "parts of at least one element");
    if (sizes.length === 1) return call.value(0);
    const same = new Set(sizes).size === 1;
    const options = {
      ...(axis === 1 ? {} : { axis }),
      ...(same ? { parts: sizes.length } : { sizes: [...sizes] }),
    };
    return call
      .applyMany("split", [x.tensor, options], x.tensor.type)
      .map((part) => turned(call, part, x.order));
  },

  Squeeze(call) {
    const value = call.value(0);
    const rank = value.shape.length;
    const given = axesOf(call)?.map((a) => axisOf(a, rank));
    const axes = given ?? range(0, rank).filter((i) => value.shape[i] === 1);
    if (axes.length === 0) return value;
    const x = turnedOf(value, call);
    const places = axes.map((a) => along(x, a)).toSorted((a, b) => a - b);
    const gone = call.apply("squeeze", [x.tensor, { axis: compact(places) }], { type: x.tensor.type });
    const order = axes.toSorted((a, b) => b - a).reduce(without, x.order);
    return turned(call, gone, order);
  },

  Unsqueeze(call) {
    const value = call.value(0);
    const given = axesOf(call) ?? refuse("axes are missing");
    const rank = value.shape.length + given.length;
    const axes = given.map((a) => axisOf(a, rank));
    const rest = [...value.shape];
    const to = range(0, rank).map((i): Dim => (axes.includes(i) ? 1 : (rest.shift() ?? 1)));
    const inside = placeOfN(to) > 0 ? refitted(call, value, to) : undefined;
    if (inside) return inside;
    const x = call.moved(0);
    return call.apply("unsqueeze", [x, { axis: axes.length === 1 ? axes[0] : axes }], { type: x.type });
  },

  Gather(call): Value {
    const [x, indices] = [call.value(0), call.value(1)];
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    if (indices.kind === "known") {
      const numbers = numbersOf(indices.data, "the indices");
      const [size = 1] = fixedSizes(x.shape.slice(axis, axis + 1), "it reads along an axis");
      const places = numbers.map((i) => axisOf(i, size, "an index"));
      const [first] = places;
      if (indices.shape.length === 0 && first !== undefined)
        return place(call, turnedOf(x, call), axis, first);
      const data = call.asTensor(x);
      const part = picked(call, data, axis, places);
      return reshaped(call, part, [
        ...data.shape.slice(0, axis),
        ...indices.shape,
        ...data.shape.slice(axis + 1),
      ]);
    }
    const where = indicesOf(call, 1);
    if (x.kind === "known" && isFloat(x.type) && axis === 0 && x.shape.length === 2) {
      const [count = 1, size = 1] = x.shape;
      return call.apply("embedding", [where, { count, size }], { weights: { weight: call.weight(x) } });
    }
    const data = call.asTensor(x);
    const usual = data.shape[0] === "N" ? 1 : 0;
    return call.apply("gather", [data, where, axis === usual ? {} : { axis }], { type: data.type });
  },

  DepthToSpace(call) {
    const mode = call.text("mode", "DCR");
    const options = { block: call.int("blocksize", 1), ...(mode === "DCR" ? {} : { mode }) };
    return call.apply("depthToSpace", [call.tensor(0), options]);
  },

  SpaceToDepth: (call) => call.apply("spaceToDepth", [call.tensor(0), { block: call.int("blocksize", 1) }]),

  Expand(call) {
    const x = call.value(0);
    const to = call.sizes(1, "the shape");
    const rank = Math.max(to.length, x.shape.length);
    // A size of 1 in the shape leaves what there is, as in arithmetic.
    const shape = range(0, rank).map((i): Dim => {
      const [a, b] = [x.shape[x.shape.length - rank + i] ?? 1, to[to.length - rank + i] ?? 1];
      return b === 1 ? a : b;
    });
    if (sameDims(shape, x.shape)) return x;
    const inside = placeOfN(shape) > 0 ? spread(call, x, shape) : undefined;
    return inside ?? call.apply("expand", [call.moved(0), shape], { type: x.type });
  },

  Tile(call) {
    const x = call.moved(0);
    const repeats = call.numbers(1, "the repeats") ?? refuse("the repeats are missing");
    if (repeats.every((r) => r === 1)) return x;
    return call.apply("tile", [x, [...repeats]], { type: x.type });
  },

  /** Borders, of which those below 0 cut off. */
  Pad(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const old = call.opset < 11;
    const pads = (old ? call.ints("pads") : call.numbers(1, "the pads")) ?? refuse("pads are missing");
    const axes = (call.numbers(3, "the axes") ?? range(0, pads.length / 2)).map((a) => axisOf(a, rank));
    const value = old ? call.float("value", 0) : (call.numbers(2, "the value")?.[0] ?? 0);
    const mode = call.text("mode", "constant");
    const ends = axes.map((axis, i) => ({ axis, before: pads[i] ?? 0, after: pads[i + axes.length] ?? 0 }));
    const cut = ends.reduce((part, { axis, before, after }) => {
      if (before >= 0 && after >= 0) return part;
      const size = sizeAlong(part, axis, "it cuts an axis");
      const from = Math.max(0, -before);
      return sliced(call, part, axis, from, size - from - Math.max(0, -after));
    }, x);
    const added = ends
      .map((e) => ({ ...e, before: Math.max(0, e.before), after: Math.max(0, e.after) }))
      .filter(({ before, after }) => before > 0 || after > 0)
      .toSorted((a, b) => a.axis - b.axis);
    if (added.length === 0) return cut;
    const sides = added.flatMap(({ before, after }) => [before, after]);
    const usual = added.length === 2 && added.every(({ axis }, i) => axis === rank - 2 + i);
    return call.apply(
      "pad",
      [
        cut,
        {
          padding: compact(sides),
          ...(mode === "constant" ? (value === 0 ? {} : { value }) : { mode }),
          ...(usual ? {} : { axis: compact(added.map(({ axis }) => axis)) }),
        },
      ],
      { type: x.type },
    );
  },
};

/** Files say "to the end" with the largest whole number. */
const MOST = 2 ** 31 - 1;
