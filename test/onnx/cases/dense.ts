/** Dense layers, matrix products, normalisations. */
import fc from "fast-check";
import { float, int } from "../file.ts";
import { type Cases, type Draw, fed, known, shape, size } from "./draw.ts";

const gemm: Draw = fc
  .record({
    m: size,
    k: size,
    n: size,
    a: fc.boolean(),
    b: fc.boolean(),
    alpha: fc.constantFrom(1, 0.5),
    beta: fc.constantFrom(1, 2, 0.25),
    fed: fc.boolean(),
    bias: fc.constantFrom("none", "row", "number", "whole", "column"),
    known: fc.boolean(),
  })
  .map(({ m, k, n, a, b, alpha, beta, fed: given, bias, known: fixed }) => {
    const matrix = b ? [n, k] : [k, n];
    const shapes = { row: [n], number: [1], whole: [m, n], column: [m, 1] };
    const third = bias === "none" ? [] : [fixed ? known(shapes[bias]) : fed(shapes[bias])];
    return {
      operands: [fed(a ? [k, m] : [m, k]), given ? fed(matrix) : known(matrix), ...third],
      attributes: [
        ...(a ? [int("transA", 1)] : []),
        ...(b ? [int("transB", 1)] : []),
        ...(alpha === 1 ? [] : [float("alpha", alpha)]),
        ...(beta === 1 ? [] : [float("beta", beta)]),
      ],
      batched: !a && !given && bias !== "whole" && bias !== "column",
    };
  });

const matmul: Draw = fc
  .record({
    lead: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    m: size,
    k: size,
    n: size,
    which: fc.constantFrom("fed", "known", "matrix", "left", "vector"),
  })
  .map(({ lead, m, k, n, which }) => {
    if (which === "left") return { operands: [known([m, k]), fed([...lead, k, n])], batched: false };
    if (which === "vector") return { operands: [fed([...lead, m, k]), known([k])] };
    const second = which === "matrix" ? [k, n] : [...lead, k, n];
    return {
      operands: [fed([...lead, m, k]), which === "fed" ? fed(second) : known(second)],
      batched: which === "matrix" && lead.length > 0,
    };
  });

const channels = { min: 1, max: 4 } as const;
const image = (least = 0, most = 3): fc.Arbitrary<readonly number[]> =>
  fc
    .record({ c: fc.integer(channels), places: shape(least, most) })
    .map(({ c, places }) => [2, c, ...places.map((d) => d + 1)]);
const epsilon = fc.constantFrom([], [float("epsilon", 1e-3)]);

export const dense: Cases = {
  Gemm: gemm,
  MatMul: matmul,
  BatchNormalization: fc.record({ s: image(), eps: epsilon }).map(({ s, eps }) => {
    const [, c = 1] = s;
    return {
      operands: [fed(s), known([c]), known([c]), known([c]), known([c], "positive")],
      attributes: eps,
    };
  }),
  LayerNormalization: fc
    .record({ s: shape(2, 4), cut: fc.nat(), eps: epsilon, bias: fc.boolean(), fed: fc.boolean() })
    .map(({ s, cut, eps, bias, fed: given }) => {
      const sizes = s.map((d) => d + 1);
      const axis = cut % s.length;
      const normal = sizes.slice(axis);
      const operand = given ? fed(normal) : known(normal);
      return {
        opset: 17,
        operands: [fed(sizes), operand, ...(bias ? [known(normal)] : [])],
        attributes: [int("axis", axis), ...eps],
        batched: axis > 0 && !given,
      };
    }),
  InstanceNormalization: fc.record({ s: image(1), eps: epsilon }).map(({ s, eps }) => ({
    operands: [fed(s), known([s[1] ?? 1]), known([s[1] ?? 1])],
    attributes: eps,
  })),
  GroupNormalization: fc
    .record({
      groups: fc.integer({ min: 1, max: 3 }),
      per: fc.integer({ min: 1, max: 3 }),
      places: shape(1, 2),
      opset: fc.constantFrom(18, 21),
      eps: epsilon,
    })
    .map(({ groups, per, places, opset, eps }) => {
      const channels = groups * per;
      const of = opset < 21 ? groups : channels;
      return {
        opset,
        operands: [fed([2, channels, ...places.map((d) => d + 1)]), known([of]), known([of])],
        attributes: [int("num_groups", groups), ...eps],
      };
    }),
  RMSNormalization: fc.record({ s: shape(2, 4), cut: fc.nat() }).map(({ s, cut }) => {
    const axis = cut % s.length;
    return {
      opset: 23,
      operands: [fed(s), known(s.slice(axis))],
      attributes: [int("axis", axis)],
      batched: axis > 0,
    };
  }),
  LpNormalization: fc
    .record({ s: shape(2, 4), cut: fc.nat(), p: fc.constantFrom(1, 2) })
    .map(({ s, cut, p }) => ({
      operands: [fed(s)],
      attributes: [int("axis", 1 + (cut % (s.length - 1))), int("p", p)],
    })),
  MeanVarianceNormalization: image(2, 2).map((s) => ({ operands: [fed(s)], batched: false })),
  LRN: fc
    .record({
      s: image(2, 2),
      size: fc.constantFrom(1, 3, 5),
      alpha: fc.constantFrom(1e-4, 0.1),
      bias: fc.constantFrom(1, 2),
    })
    .map(({ s, size, alpha, bias }) => ({
      operands: [fed(s)],
      attributes: [int("size", size), float("alpha", alpha), float("bias", bias)],
    })),
};
