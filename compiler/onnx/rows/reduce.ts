/** Along axes: softmax and its kin, and reductions. */
import type { Call } from "../call.ts";
import type { Callee } from "../recorder.ts";
import type { Computed } from "../value.ts";
import { axisOf, fixedSizes, type Row, type Rows, range, reshaped } from "./row.ts";
import { along as axisAlong, turned, turnedOf } from "./turned.ts";

/** Softmax and logSoftmax: along one axis since opset 13; until 12 along all from that axis on, as one. */
const along =
  (callee: "softmax" | "logSoftmax"): Row =>
  (call) => {
    const inside = turnedOf(call.value(0), call);
    const rank = inside.order.length;
    const axis = axisOf(call.int("axis", call.opset < 13 ? 1 : -1), rank);
    const place = axisAlong(inside, axis);
    if (call.opset >= 13 && place > 0 && place < rank)
      return turned(
        call,
        call.apply(callee, place === rank - 1 ? [inside.tensor] : [inside.tensor, { axis: place }]),
        inside.order,
      );
    const x = call.tensor(0);
    if (axis === rank - 1) return call.apply(callee, [x]);
    if (call.opset >= 13) return call.apply(callee, [x, { axis }]);
    const rest = fixedSizes(x.shape.slice(axis), "an axis").reduce((a, d) => a * d, 1);
    const flat = reshaped(call, x, [...x.shape.slice(0, axis), rest]);
    return reshaped(call, call.apply(callee, [flat]), x.shape);
  };

/** The axes of a reduction, by an attribute or an operand as the opset has it; all where none are said. */
function axesOf(call: Call, x: Computed, operandSince: number): readonly number[] | undefined {
  const rank = x.shape.length;
  const given = call.opset >= operandSince ? call.numbers(1, "axes") : call.ints("axes");
  const none = call.int("noop_with_empty_axes", 0) !== 0;
  if (given === undefined || given.length === 0) return none ? undefined : range(0, rank);
  return given.map((a) => axisOf(a, rank)).toSorted((a, b) => a - b);
}

type Reduced = "sum" | "mean" | "max" | "min" | "prod" | "l1" | "l2" | "sumSquare" | "logSum" | "logSumExp";

function reduced(call: Call, callee: Reduced, x: Computed, axes: readonly number[]): Computed {
  const keepDims = call.int("keepdims", 1) !== 0;
  const all = axes.length === x.shape.length;
  const options = {
    ...(all ? {} : { axis: axes.length === 1 ? axes[0] : axes }),
    ...(keepDims ? { keepDims: true } : {}),
  };
  return call.apply(callee, Object.keys(options).length > 0 ? [x, options] : [x]);
}

/** `without`: what is made of an element that nothing is reduced with. */
const reduction =
  (
    callee: Reduced,
    {
      operandSince = 18,
      without,
    }: { readonly operandSince?: number; readonly without?: readonly Callee[] } = {},
  ): Row =>
  (call) => {
    const x = call.tensor(0);
    const axes = axesOf(call, x, operandSince);
    call.int("keepdims", 1);
    if (axes && axes.length > 0) return reduced(call, callee, x, axes);
    return (without ?? []).reduce((y, step) => call.apply(step, step === "mul" ? [y, y] : [y]), x);
  };

export const reductions: Rows = {
  Softmax: along("softmax"),
  LogSoftmax: along("logSoftmax"),
  ReduceSum: reduction("sum", { operandSince: 13 }),
  ReduceMean: reduction("mean"),
  ReduceMax: reduction("max"),
  ReduceMin: reduction("min"),
  ReduceProd: reduction("prod"),
  ReduceL1: reduction("l1", { without: ["abs"] }),
  ReduceL2: reduction("l2", { without: ["abs"] }),
  ReduceSumSquare: reduction("sumSquare", { without: ["mul"] }),
  ReduceLogSum: reduction("logSum", { without: ["log"] }),
  ReduceLogSumExp: reduction("logSumExp"),
};
