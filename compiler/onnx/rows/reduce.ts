/** Along axes: softmax and its kin, and reductions. */
import type { Call } from "../call.ts";
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

type Reduced = "sum" | "mean" | "max" | "min" | "prod" | "logSumExp";

function reduced(call: Call, callee: Reduced, x: Computed, axes: readonly number[]): Computed {
  const keepDims = call.int("keepdims", 1) !== 0;
  const all = axes.length === x.shape.length;
  const options = {
    ...(all ? {} : { axis: axes.length === 1 ? axes[0] : axes }),
    ...(keepDims ? { keepDims: true } : {}),
  };
  return call.apply(callee, Object.keys(options).length > 0 ? [x, options] : [x]);
}

interface Steps {
  readonly before?: (call: Call, x: Computed) => Computed;
  readonly after?: (call: Call, y: Computed) => Computed;
}

const reduction =
  (callee: Reduced, { before, after }: Steps = {}, operandSince = 18): Row =>
  (call) => {
    const x = call.tensor(0);
    const axes = axesOf(call, x, operandSince);
    const inner = before ? before(call, x) : x;
    call.int("keepdims", 1);
    const y = axes && axes.length > 0 ? reduced(call, callee, inner, axes) : inner;
    return after ? after(call, y) : y;
  };

const square = (call: Call, x: Computed): Computed => call.apply("mul", [x, x]);
const abs = (call: Call, x: Computed): Computed => call.apply("abs", [x]);
const sqrt = (call: Call, x: Computed): Computed => call.apply("sqrt", [x]);
const log = (call: Call, x: Computed): Computed => call.apply("log", [x]);

export const reductions: Rows = {
  Softmax: along("softmax"),
  LogSoftmax: along("logSoftmax"),
  ReduceSum: reduction("sum", {}, 13),
  ReduceMean: reduction("mean"),
  ReduceMax: reduction("max"),
  ReduceMin: reduction("min"),
  ReduceProd: reduction("prod"),
  ReduceL1: reduction("sum", { before: abs }),
  ReduceL2: reduction("sum", { before: square, after: sqrt }),
  ReduceSumSquare: reduction("sum", { before: square }),
  ReduceLogSum: reduction("sum", { after: log }),

  ReduceLogSumExp: reduction("logSumExp"),
};
