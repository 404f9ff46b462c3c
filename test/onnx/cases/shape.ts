/** What moves elements, and what asks for shapes. */
import fc from "fast-check";
import { float, int, ints, string } from "../file.ts";
import { broadcastable, type Cases, type Draw, fed, known, list, scalar, shape } from "./draw.ts";

const reshape: Draw = fc
  .record({
    s: shape(1, 4),
    kind: fc.constantFrom("flat", "split", "copy", "same", "back"),
    batched: fc.boolean(),
  })
  .map(({ s, kind, batched }) => {
    const [first = 1, ...rest] = s;
    const count = rest.reduce((a, d) => a * d, 1);
    const to = {
      flat: [first, -1],
      split: [first, count, 1],
      copy: [0, -1],
      same: s.map(() => 0),
      back: [-1, count],
    }[kind];
    return {
      operands: [fed(s), list(to)],
      batched: batched && (kind === "copy" || kind === "same" || kind === "back"),
    };
  });

const axesOf = (rank: number): fc.Arbitrary<readonly number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: rank }, (_, i) => i),
    { minLength: 1 },
  );

const slice: Draw = fc
  .record({ s: shape(1, 4), opset: fc.constantFrom(9, 10, 13, 18) })
  .chain(({ s, opset }) =>
    axesOf(s.length).chain((axes) =>
      fc
        .tuple(
          ...axes.map((a) => {
            const size = s[a] ?? 1;
            return fc
              .record({
                start: fc.integer({ min: 0, max: size - 1 }),
                count: fc.integer({ min: 1, max: size }),
                negative: fc.boolean(),
                open: fc.boolean(),
              })
              .map(({ start, count, negative, open }) => {
                const end = Math.min(size, start + count);
                return [
                  negative ? start - size : start,
                  open ? 2 ** 31 - 1 : negative && end < size ? end - size : end,
                ] as const;
              });
          }),
        )
        .map((parts) => {
          const [starts, ends] = [parts.map(([a]) => a), parts.map(([, b]) => b)];
          const batched = !axes.includes(0);
          return opset < 10
            ? {
                opset,
                operands: [fed(s)],
                attributes: [ints("starts", starts), ints("ends", ends), ints("axes", axes)],
                ...(batched ? {} : { batched }),
              }
            : {
                opset,
                operands: [fed(s), list(starts), list(ends), list(axes)],
                ...(batched ? {} : { batched }),
              };
        }),
    ),
  );

/** Every so many positions, from either end. */
const stepped: Draw = fc
  .record({
    s: shape(2, 3),
    step: fc.constantFrom(2, 3, -1, -2),
    start: fc.integer({ min: -9, max: 9 }),
    end: fc.constantFrom(99, -99, 4, -1),
  })
  .map(({ s, step, start, end }) => {
    const sizes = s.map((d) => d + 3);
    return { operands: [fed(sizes), list([start]), list([end]), list([1]), list([step])] };
  });

const split: Draw = fc
  .record({
    s: shape(2, 4),
    cut: fc.nat(),
    sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    even: fc.boolean(),
    opset: fc.constantFrom(11, 13, 18),
  })
  .map(({ s, cut, sizes, even, opset }) => {
    const axis = cut % s.length;
    const all = even ? sizes.map(() => sizes[0] ?? 1) : sizes;
    const total = all.reduce((a, b) => a + b, 0);
    const whole = s.map((d, i) => (i === axis ? total : d));
    const asked = even && opset >= 18 ? [int("num_outputs", all.length)] : [];
    return {
      opset,
      outputs: all.length,
      operands: opset >= 13 && !even ? [fed(whole), list(all)] : [fed(whole)],
      attributes: [int("axis", axis), ...asked, ...(opset < 13 && !even ? [ints("split", all)] : [])],
      ...(axis === 0 ? { batched: false } : {}),
    };
  });

const unsqueeze: Draw = fc
  .record({
    s: shape(1, 3),
    at: fc.integer({ min: 1, max: 3 }),
    last: fc.boolean(),
    opset: fc.constantFrom(11, 13),
  })
  .map(({ s, at, last, opset }) => {
    const axis = Math.min(at, s.length);
    const axes = last ? [axis, -1] : [axis];
    return opset < 13
      ? { opset, operands: [fed(s)], attributes: [ints("axes", axes)] }
      : { opset, operands: [fed(s), list(axes)] };
  });

const squeeze: Draw = fc
  .record({
    s: shape(1, 3),
    at: fc.integer({ min: 1, max: 3 }),
    all: fc.boolean(),
    opset: fc.constantFrom(11, 13),
  })
  .map(({ s, at, all, opset }) => {
    const place = Math.min(at, s.length);
    const whole = [...s.slice(0, place), 1, ...s.slice(place)];
    if (all) return { opset, operands: [fed(whole)], batched: false };
    return opset < 13
      ? { opset, operands: [fed(whole)], attributes: [ints("axes", [place])] }
      : { opset, operands: [fed(whole), list([place - whole.length])] };
  });

const gather: Draw = fc
  .record({
    s: shape(1, 3),
    cut: fc.nat(),
    kind: fc.constantFrom("number", "list", "matrix", "fed", "table"),
    seed: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  })
  .map(({ s, cut, kind, seed }) => {
    const axis = cut % s.length;
    const size = s[axis] ?? 1;
    const places = seed.map((n, i) => (n % size) - (i === 1 ? size : 0));
    const attributes = [int("axis", axis)];
    if (kind === "table")
      return {
        operands: [known([5, 3]), fed([2, 4], { from: 0, to: 4 }, "i64")],
        attributes: [int("axis", 0)],
      };
    if (kind === "fed")
      return {
        operands: [fed(s), fed([2, 2], { from: 0, to: size - 1 }, "i64")],
        attributes,
        batched: false,
      };
    const indices =
      kind === "number"
        ? scalar(places[0] ?? 0, "i64")
        : kind === "list"
          ? list(places)
          : known([2, 2], { values: places }, "i64");
    return { operands: [fed(s), indices], attributes, ...(axis === 0 ? { batched: false } : {}) };
  });

const blocks = (deep: boolean): Draw =>
  fc
    .record({
      b: fc.integer({ min: 1, max: 3 }),
      c: fc.integer({ min: 1, max: 2 }),
      h: fc.integer({ min: 1, max: 3 }),
      w: fc.integer({ min: 1, max: 3 }),
      mode: fc.constantFrom("DCR", "CRD"),
    })
    .map(({ b, c, h, w, mode }) => ({
      operands: [fed(deep ? [2, c * b * b, h, w] : [2, c, h * b, w * b])],
      attributes: [int("blocksize", b), ...(deep ? [string("mode", mode)] : [])],
    }));

const pad: Draw = fc
  .record({
    s: shape(1, 4),
    ends: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 8, maxLength: 8 }),
    mode: fc.constantFrom("constant", "constant", "reflect", "edge", "wrap"),
    value: fc.option(fc.constantFrom(0, 1.5, -2)),
    opset: fc.constantFrom(9, 11, 13, 18, 19),
    axes: fc.boolean(),
  })
  .map(({ s, ends, mode, value, opset, axes }) => {
    const sizes = s.map((d) => d + 2);
    const used = mode === "wrap" && opset < 19 ? "constant" : mode;
    // Mirrors and turns reach no further than what there is; what is cut off leaves something.
    const end = (i: number): number =>
      Math.max(
        used === "constant" ? -1 : 0,
        Math.min(ends[i] ?? 0, used === "constant" ? 3 : (sizes[i % s.length] ?? 1) - 1),
      );
    const both = [...s.map((_, i) => end(i)), ...s.map((_, i) => end(i + s.length))];
    const some = axes && opset >= 18 && s.length > 1;
    const pads = some ? [both[1] ?? 0, both[s.length + 1] ?? 0] : both;
    const first = !some && (both[0] !== 0 || both[s.length] !== 0);
    const attributes = [string("mode", used)];
    if (opset < 11)
      return {
        opset,
        operands: [fed(sizes)],
        attributes: [...attributes, ints("pads", pads), ...(value === null ? [] : [float("value", value)])],
        ...(first ? { batched: false } : {}),
      };
    return {
      opset,
      operands: [
        fed(sizes),
        list(pads),
        value === null ? undefined : scalar(value),
        ...(some ? [list([1])] : []),
      ],
      attributes,
      ...(first ? { batched: false } : {}),
    };
  });

export const shapes: Cases = {
  Reshape: reshape,
  Flatten: fc.record({ s: shape(1, 4), axis: fc.nat() }).map(({ s, axis }) => {
    const at = axis % (s.length + 1);
    return { operands: [fed(s)], attributes: [int("axis", at)], ...(at === 1 ? {} : { batched: false }) };
  }),
  Transpose: shape(2, 4).chain((s) =>
    fc
      .record({
        order: fc.shuffledSubarray(
          s.map((_, i) => i),
          { minLength: s.length },
        ),
        given: fc.boolean(),
      })
      .map(({ order, given }) => ({
        operands: [fed(s)],
        attributes: given ? [ints("perm", order)] : [],
        batched: given && order[0] === 0,
      })),
  ),
  Concat: fc
    .record({ s: shape(2, 4), cut: fc.nat(), count: fc.integer({ min: 1, max: 3 }), last: fc.boolean() })
    .map(({ s, cut, count, last }) => {
      const axis = cut % s.length;
      const part = (i: number): readonly number[] => s.map((d, a) => (a === axis ? d + i : d));
      return {
        operands: Array.from({ length: count }, (_, i) => (last && i > 0 ? known(part(i)) : fed(part(i)))),
        attributes: [int("axis", axis)],
        ...(axis === 0 || last ? { batched: false } : {}),
      };
    }),
  Slice: fc.oneof(slice, stepped),
  Split: split,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Gather: gather,
  Expand: shape(1, 3).chain((s) =>
    broadcastable(s).map((from) => ({
      operands: [fed(from.length > 0 ? from : [1]), list(s)],
      batched: false,
    })),
  ),
  Tile: fc
    .record({
      s: shape(1, 3),
      repeats: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
    })
    .map(({ s, repeats }) => {
      const own = repeats.slice(0, s.length);
      return { operands: [fed(s), list(own)], ...(own[0] === 1 ? {} : { batched: false }) };
    }),
  Pad: pad,
  DepthToSpace: blocks(true),
  SpaceToDepth: blocks(false),
};
