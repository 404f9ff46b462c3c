/** Positions, what stands at positions, sums of all before, and sums by letters. */

import type { Call } from "../call.ts";
import { type Computed, refuse } from "../value.ts";
import { axisOf, fixedSizes, type Row, type Rows, range, reshaped } from "./row.ts";

/** Where an extreme stands: i32, which says where other operators read. */
const extreme =
  (callee: "argmax" | "argmin"): Row =>
  (call) => {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    const keep = call.int("keepdims", 1) !== 0;
    const last = call.int("select_last_index", 0) !== 0;
    const options = {
      ...(axis === x.shape.length - 1 ? {} : { axis }),
      ...(keep ? { keepDims: true } : {}),
      ...(last ? { last: true } : {}),
    };
    return call.apply(callee, [x, options], { type: "i64" });
  };

/** Whole numbers as those that say where to read. */
export const indices = (call: Call, i: number): Computed => {
  const x = call.moved(i);
  return x.ref.tensor.node.type.dtype === "f32"
    ? call.apply("cast", [x, { to: "i32" }], { type: x.type })
    : x;
};

export const wholes: Rows = {
  ArgMax: extreme("argmax"),
  ArgMin: extreme("argmin"),

  TopK(call) {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", -1), x.shape.length);
    const [count] = (call.opset < 10 ? [call.int("k", 1)] : call.numbers(1, "how many")) ?? [];
    const largest = call.opset < 11 || call.int("largest", 1) !== 0;
    call.int("sorted", 1);
    const options = {
      count: count ?? refuse("it does not say how many"),
      ...(axis === x.shape.length - 1 ? {} : { axis }),
      ...(largest ? {} : { largest: false }),
    };
    const [values, places] = call.applyMany("topK", [x, options], "f32");
    if (!values || !places) return refuse("it gives no values");
    return [values, { ...places, type: "i64" }];
  },

  CumSum(call) {
    const x = call.tensor(0);
    const [given = 0] = call.numbers(1, "the axis") ?? [];
    const axis = axisOf(given, x.shape.length);
    const options = {
      ...(axis === x.shape.length - 1 ? {} : { axis }),
      ...(call.int("exclusive", 0) !== 0 ? { exclusive: true } : {}),
      ...(call.int("reverse", 0) !== 0 ? { reverse: true } : {}),
    };
    return call.apply("cumsum", [x, options], { type: x.type });
  },

  Einsum(call) {
    const equation = call.text("equation", "").replaceAll(/\s/g, "");
    if (!/^[A-Za-z,]+(->[A-Za-z]*)?$/.test(equation))
      refuse(`its equation is ${equation}`, "letters, commas and an arrow");
    const operands = call.inputs.map((_, i) => call.tensor(i));
    return call.apply("einsum", [equation, operands]);
  },

  /** off + (on − off) · one hot */
  OneHot(call) {
    const [count] = call.numbers(1, "the depth") ?? [];
    const [off = 0, on = 1] = call.numbers(2, "the values") ?? [];
    const where = indices(call, 0);
    const axis = axisOf(call.int("axis", -1), where.shape.length + 1);
    const options = {
      count: count ?? refuse("the depth is missing"),
      ...(axis === where.shape.length ? {} : { axis }),
    };
    const hot = call.apply("oneHot", [where, options]);
    const scaled = on - off === 1 ? hot : call.apply("mul", [hot, on - off]);
    return off === 0 ? scaled : call.apply("add", [scaled, off]);
  },

  /** One hot where the first of the largest stands. */
  Hardmax(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const axis = axisOf(call.int("axis", call.opset < 13 ? 1 : -1), rank);
    const flat = call.opset < 13 && axis < rank - 1;
    const rest = flat ? fixedSizes(x.shape.slice(axis), "an axis").reduce((a, d) => a * d, 1) : 0;
    const line = flat ? reshaped(call, x, [...x.shape.slice(0, axis), rest]) : x;
    const last = axis === line.shape.length - 1;
    const [count = 1] = fixedSizes(line.shape.slice(axis, axis + 1), "an axis");
    const place = call.apply("argmax", [line, last ? {} : { axis }], { type: "i64" });
    return reshaped(call, call.apply("oneHot", [place, { count, ...(last ? {} : { axis }) }]), x.shape);
  },

  GatherElements(call) {
    const x = call.moved(0);
    const axis = axisOf(call.int("axis", 0), x.shape.length);
    return call.apply("gatherElements", [x, indices(call, 1), { axis }], { type: x.type });
  },

  /** (Σ |x|^p)^(1/p) over each whole channel. */
  GlobalLpPool(call) {
    const x = call.tensor(0);
    const p = call.int("p", 2);
    const sum = call.apply("sum", [powered(call, x, p), { axis: range(2, x.shape.length), keepDims: true }]);
    return rooted(call, sum, p);
  },
};

/** |x|^p */
export function powered(call: Call, x: Computed, p: number): Computed {
  if (p === 2) return call.apply("mul", [x, x]);
  const size = call.apply("abs", [x]);
  return p === 1 ? size : call.apply("pow", [size, p]);
}

export const rooted = (call: Call, x: Computed, p: number): Computed =>
  p === 1 ? x : p === 2 ? call.apply("sqrt", [x]) : call.apply("pow", [x, 1 / p]);
