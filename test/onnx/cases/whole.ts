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

/** Indices that name a place twice are last wins where nothing is put together. */
const scattered = (words: readonly string[], opset: number): Draw =>
  fc
    .record({
      s: shape(1, 3),
      cut: fc.nat(),
      count: fc.integer({ min: 1, max: 6 }),
      reduction: fc.constantFrom(...words),
      less: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      constant: fc.boolean(),
    })
    .map(({ s, cut, count, reduction, less, constant }) => {
      const axis = cut % s.length;
      const own = s.map((d, i) => (i === axis ? Math.min(count, d) : less[i] ? Math.max(1, d - 1) : d));
      const where = constant ? known : fed;
      return {
        opset,
        operands: [fed(s), where(own, { from: 0, to: (s[axis] ?? 1) - 1 }, "i64"), fed(own)],
        attributes: [int("axis", axis), ...(opset < 16 ? [] : [string("reduction", reduction)])],
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
  ScatterElements: scattered(["none", "add", "mul", "max", "min"], 18),
  Scatter: scattered(["none"], 9),
  ScatterND: fc
    .record({
      s: shape(1, 3),
      cut: fc.nat(),
      rows: shape(1, 2),
      reduction: fc.constantFrom("none", "add", "mul", "max", "min"),
      seed: fc.nat(),
      constant: fc.boolean(),
    })
    .map(({ s, cut, rows, reduction, seed, constant }) => {
      const named = 1 + (cut % s.length);
      const count = rows.reduce((a, d) => a * d, 1);
      const values = Array.from({ length: count * named }, (_, i) => (seed + 7 * i) % (s[i % named] ?? 1));
      const where = constant ? known : fed;
      return {
        opset: 18,
        operands: [fed(s), where([...rows, named], { values }, "i64"), fed([...rows, ...s.slice(named)])],
        attributes: [string("reduction", reduction)],
        batched: false,
      };
    }),
  GatherND: fc
    .record({ s: shape(2, 4), cut: fc.nat(), rows: shape(1, 2), batch: fc.boolean(), seed: fc.nat() })
    .map(({ s, cut, rows, batch, seed }) => {
      const shared = batch ? 1 : 0;
      const named = 1 + (cut % (s.length - shared));
      const lead = [...s.slice(0, shared), ...rows];
      const count = lead.reduce((a, d) => a * d, 1);
      const values = Array.from(
        { length: count * named },
        (_, i) => (seed + 7 * i) % (s[shared + (i % named)] ?? 1),
      );
      return {
        operands: [fed(s), fed([...lead, named], { values }, "i64")],
        attributes: batch ? [int("batch_dims", 1)] : [],
        batched: false,
      };
    }),
  GlobalLpPool: fc
    .record({ s: shape(1, 2), p: fc.constantFrom(1, 2, 3) })
    .map(({ s, p }) => ({ operands: [fed([2, 2, ...s])], attributes: [int("p", p)] })),
  IsInf: shape(1, 3).map((s) => ({ operands: [fed(s)] })),
};
