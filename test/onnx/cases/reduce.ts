/** Along axes: softmax and its kin, reductions. */
import fc from "fast-check";
import { int, ints } from "../file.ts";
import { type Cases, type Draw, fed, list, type Numbers, shape } from "./draw.ts";

const along: Draw = fc
  .record({
    s: shape(2, 4),
    cut: fc.nat(),
    negative: fc.boolean(),
    opset: fc.constantFrom(7, 11, 13, 17),
    given: fc.boolean(),
  })
  .map(({ s, cut, negative, opset, given }) => {
    const axis = 1 + (cut % (s.length - 1));
    const shown = negative && opset >= 11 ? axis - s.length : axis;
    return { opset, operands: [fed(s)], attributes: given ? [int("axis", shown)] : [] };
  });

/** Axes by an attribute until the opset, by an operand since. */
const reduction = (since: number, numbers: Numbers = "any"): Draw =>
  fc
    .record({
      s: shape(1, 4),
      which: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      negative: fc.boolean(),
      keep: fc.option(fc.constantFrom(0, 1)),
      noop: fc.boolean(),
      opset: fc.constantFrom(11, 13, 18, 20),
    })
    .map(({ s, which, negative, keep, noop, opset }) => {
      const axes = s.flatMap((_, i) => (which[i] ? [negative ? i - s.length : i] : []));
      const operand = opset >= since;
      const attributes = keep === null ? [] : [int("keepdims", keep)];
      const first = axes.length === 0 || axes.some((a) => a === 0 || a === -s.length);
      if (axes.length === 0)
        return {
          opset,
          operands: [fed(s, numbers)],
          attributes: [...attributes, ...(operand && noop ? [int("noop_with_empty_axes", 1)] : [])],
          batched: false,
        };
      return {
        opset,
        operands: operand ? [fed(s, numbers), list(axes)] : [fed(s, numbers)],
        attributes: operand ? attributes : [...attributes, ints("axes", axes)],
        ...(first ? { batched: false } : {}),
      };
    });

export const reductions: Cases = {
  Softmax: along,
  LogSoftmax: along,
  ReduceSum: reduction(13),
  ReduceMean: reduction(18),
  ReduceMax: reduction(18),
  ReduceMin: reduction(18),
  ReduceProd: reduction(18),
  ReduceL1: reduction(18),
  ReduceL2: reduction(18),
  ReduceSumSquare: reduction(18),
  ReduceLogSum: reduction(18, "positive"),
  ReduceLogSumExp: reduction(18, "large"),
};
