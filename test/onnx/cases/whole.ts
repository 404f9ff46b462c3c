/** Positions, what stands at them, sums of all before, sums by letters. */
import fc from "fast-check";
import { int, string } from "../file.ts";
import { type Cases, type Draw, fed, known, list, scalar, shape } from "./draw.ts";

const extreme: Draw = fc
  .record({
    s: shape(1, 4),
    cut: fc.nat(),
    keep: fc.option(fc.constantFrom(0, 1)),
    last: fc.boolean(),
    ties: fc.boolean(),
  })
  .map(({ s, cut, keep, last, ties }) => {
    const axis = cut % s.length;
    return {
      operands: [fed(s, ties ? { from: 0, to: 2 } : "any")],
      attributes: [
        int("axis", axis),
        ...(keep === null ? [] : [int("keepdims", keep)]),
        ...(last ? [int("select_last_index", 1)] : []),
      ],
      ...(axis === 0 ? { batched: false } : {}),
    };
  });

const top: Draw = fc
  .record({ s: shape(1, 3), cut: fc.nat(), k: fc.nat(), smallest: fc.boolean(), ties: fc.boolean() })
  .map(({ s, cut, k, smallest, ties }) => {
    const axis = cut % s.length;
    const count = 1 + (k % (s[axis] ?? 1));
    return {
      operands: [fed(s, ties ? { from: 0, to: 3 } : "any"), list([count])],
      attributes: [int("axis", axis), ...(smallest ? [int("largest", 0)] : [])],
      outputs: 2,
      ...(axis === 0 ? { batched: false } : {}),
    };
  });

const sums: Draw = fc
  .record({ s: shape(1, 3), cut: fc.nat(), exclusive: fc.boolean(), reverse: fc.boolean() })
  .map(({ s, cut, exclusive, reverse }) => {
    const axis = cut % s.length;
    return {
      operands: [fed(s), scalar(axis - s.length, "i64")],
      attributes: [...(exclusive ? [int("exclusive", 1)] : []), ...(reverse ? [int("reverse", 1)] : [])],
      ...(axis === 0 ? { batched: false } : {}),
    };
  });

const EQUATIONS: readonly (readonly [equation: string, ...shapes: string[]])[] = [
  ["ij,jk->ik", "ij", "jk"],
  ["bij,bjk->bik", "bij", "bjk"],
  ["bhid,bhjd->bhij", "bhid", "bhjd"],
  ["bij->bji", "bij"],
  ["ij->i", "ij"],
  ["i,j->ij", "i", "j"],
  ["ij,jk", "ij", "jk"],
  ["bi,ij,j->b", "bi", "ij", "j"],
];
const einsum: Draw = fc
  .record({
    which: fc.constantFrom(...EQUATIONS),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 8, maxLength: 8 }),
    last: fc.boolean(),
  })
  .map(({ which: [equation, ...shapes], sizes, last }) => {
    const sizeOf = (letter: string): number => sizes["bhijkd".indexOf(letter)] ?? 1;
    return {
      operands: shapes.map((letters, i) => {
        const dims = [...letters].map(sizeOf);
        return last && i > 0 ? known(dims) : fed(dims);
      }),
      attributes: [string("equation", equation)],
      batched: false,
    };
  });

export const wholes: Cases = {
  ArgMax: extreme,
  ArgMin: extreme,
  TopK: top,
  CumSum: sums,
  Einsum: einsum,
  OneHot: fc
    .record({
      s: shape(1, 2),
      depth: fc.integer({ min: 1, max: 5 }),
      off: fc.constantFrom(0, -1),
      on: fc.constantFrom(1, 2.5),
      axis: fc.constantFrom(-1, 1),
      whole: fc.boolean(),
    })
    .map(({ s, depth, off, on, axis }) => ({
      operands: [
        fed(s, { from: 0, to: depth - 1 }, "i64"),
        scalar(depth, "i64"),
        known([2], { values: [off, on] }),
      ],
      attributes: [int("axis", axis)],
    })),
  Hardmax: fc
    .record({ s: shape(2, 3), cut: fc.nat(), opset: fc.constantFrom(11, 13) })
    .map(({ s, cut, opset }) => ({
      opset,
      operands: [fed(s)],
      attributes: [int("axis", 1 + (cut % (s.length - 1)))],
    })),
  GatherElements: fc
    .record({ s: shape(1, 3), cut: fc.nat(), count: fc.integer({ min: 1, max: 4 }) })
    .map(({ s, cut, count }) => {
      const axis = cut % s.length;
      const own = s.map((d, i) => (i === axis ? count : d));
      return {
        operands: [fed(s), fed(own, { from: 0, to: (s[axis] ?? 1) - 1 }, "i64")],
        attributes: [int("axis", axis)],
        batched: false,
      };
    }),
  GlobalLpPool: fc
    .record({ s: shape(1, 2), p: fc.constantFrom(1, 2, 3) })
    .map(({ s, p }) => ({ operands: [fed([2, 2, ...s])], attributes: [int("p", p)] })),
  IsInf: shape(1, 3).map((s) => ({ operands: [fed(s)] })),
};
