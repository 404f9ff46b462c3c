/** What moves known elements, or makes them. */
import { plural } from "../../errors.ts";
import { axisOf, range } from "../rows/row.ts";
import { sliceOf, slicesOf } from "../slices.ts";
import { type Element, known, numbersOf, refuse, sizeOf } from "../value.ts";
import { axesOf, broadcast, type Folds, first, isNumber, moved, placesIn, stored, walked } from "./places.ts";

export const moves: Folds = {
  Identity: (_, inputs) => first(inputs),

  Reshape(_, inputs) {
    const x = first(inputs);
    const to = numbersOf(inputs[1]?.data ?? [], "the shape").map((d, i) => (d === 0 ? (x.shape[i] ?? 1) : d));
    const rest = x.data.length / -to.reduce((a, d) => a * d, 1);
    const shape = to.map((d) => (d === -1 ? rest : d));
    return sizeOf(shape) === x.data.length
      ? { ...x, shape }
      : refuse(
          `${x.data.length} ${plural(x.data.length, "element")} cannot have the shape [${to.join(", ")}]`,
        );
  },

  Flatten(call, inputs) {
    const x = first(inputs);
    const axis = axisOf(call.int("axis", 1), x.shape.length + 1);
    return { ...x, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] };
  },

  Unsqueeze(call, inputs) {
    const x = first(inputs);
    const axes = axesOf(call, 13) ?? refuse("axes are missing");
    const rank = x.shape.length + axes.length;
    const at = axes.map((a) => axisOf(a, rank));
    const rest = [...x.shape];
    return { ...x, shape: range(0, rank).map((i) => (at.includes(i) ? 1 : (rest.shift() ?? 1))) };
  },

  Squeeze(call, inputs) {
    const x = first(inputs);
    const axes = axesOf(call, 13)?.map((a) => axisOf(a, x.shape.length));
    return { ...x, shape: x.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)) };
  },

  Transpose(call, inputs) {
    const x = first(inputs);
    const order = call.ints("perm") ?? range(0, x.shape.length).toReversed();
    const shape = order.map((a) => x.shape[a] ?? 1);
    const steps = order.map((a) => sizeOf(x.shape.slice(a + 1)));
    call.spend(x.data.length);
    return known(x.type, shape, walked(x.data, shape, steps));
  },

  Concat(call, inputs) {
    const rank = first(inputs).shape.length;
    const axis = axisOf(call.int("axis", 0), rank);
    const total = inputs.reduce((sum, v) => sum + (v.shape[axis] ?? 0), 0);
    const shape = first(inputs).shape.map((d, i) => (i === axis ? total : d));
    const outer = sizeOf(shape.slice(0, axis));
    call.spend(sizeOf(shape));
    const data: Element[] = [];
    for (let o = 0; o < outer; o++)
      for (const v of inputs) {
        const step = sizeOf(v.shape.slice(axis));
        for (let i = 0; i < step; i++) data.push(v.data[o * step + i] ?? 0);
      }
    return known(first(inputs).type, shape, data);
  },

  Gather(call, inputs) {
    const x = first(inputs);
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    const size = x.shape[axis] ?? 1;
    const indices = numbersOf(inputs[1]?.data ?? [], "the indices").map((i) => axisOf(i, size, "an index"));
    const own = inputs[1]?.shape ?? [];
    return moved(call, x, [...x.shape.slice(0, axis), ...own, ...x.shape.slice(axis + 1)], (at) => {
      const by = at.slice(axis, axis + own.length).reduce((place, p, d) => place * (own[d] ?? 1) + p, 0);
      return [...at.slice(0, axis), indices[by] ?? 0, ...at.slice(axis + own.length)];
    });
  },

  Slice(call, inputs) {
    return slicesOf(call, first(inputs).shape.length).reduce((x, { axis, start, end, step }) => {
      const part = sliceOf(x.shape[axis] ?? 1, start, end, step);
      const shape = x.shape.map((d, i) => (i === axis ? part.count : d));
      return moved(call, x, shape, (at) => at.map((p, d) => (d === axis ? part.start + p * step : p)));
    }, first(inputs));
  },

  Expand(call, inputs) {
    const x = first(inputs);
    if (!Array.from(inputs[1]?.data ?? []).every(isNumber)) return undefined;
    const shape = broadcast([x.shape, numbersOf(inputs[1]?.data ?? [], "the shape")]);
    const place = placesIn(x.shape, shape);
    call.spend(sizeOf(shape));
    return known(
      x.type,
      shape,
      Array.from({ length: sizeOf(shape) }, (_, i) => x.data[place(i)] ?? 0),
    );
  },

  Tile(call, inputs) {
    const x = first(inputs);
    const repeats = numbersOf(inputs[1]?.data ?? [], "the repeats");
    return moved(
      call,
      x,
      x.shape.map((d, i) => d * (repeats[i] ?? 1)),
      (at) => at.map((p, d) => p % (x.shape[d] ?? 1)),
    );
  },

  ConstantOfShape(call, inputs) {
    if (!Array.from(first(inputs).data).every(isNumber)) return undefined;
    const shape = numbersOf(first(inputs).data, "the shape");
    const value = call.attributeTensor("value") ?? known("f32", [1], [0]);
    call.spend(sizeOf(shape));
    return known(
      value.type,
      shape,
      Array.from({ length: sizeOf(shape) }, () => value.data[0] ?? 0),
    );
  },

  Range(call, inputs) {
    const [start = 0, limit = 0, delta = 1] = inputs.map((v) => numbersOf(v.data, "the range")[0] ?? 0);
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    call.spend(Number.isFinite(count) ? count : Number.POSITIVE_INFINITY);
    const { type } = first(inputs);
    return known(
      type,
      [count],
      Array.from({ length: count }, (_, i) => stored(type, start + i * delta)),
    );
  },

  Split(call, inputs) {
    const x = first(inputs);
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    const size = x.shape[axis] ?? 1;
    const parts = call.int("num_outputs", call.node.outputs.length);
    const even = Math.ceil(size / parts);
    const sizes =
      (call.opset < 13 ? call.ints("split") : call.numbers(1, "split")) ??
      range(0, parts).map((i) => Math.min(even, size - i * even));
    let start = 0;
    return sizes.map((count) => {
      const from = start;
      start += count;
      return moved(
        call,
        x,
        x.shape.map((d, i) => (i === axis ? count : d)),
        (at) => at.map((p, d) => (d === axis ? p + from : p)),
      );
    });
  },
};
