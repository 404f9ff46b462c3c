/** The ops and ranges whose errors are measured, each with the unit that an error is counted in. */
import * as weft from "../../compiler/dsl/index.ts";
import { input, N, param } from "../../compiler/dsl/index.ts";
import { random } from "../oracle/array.ts";

/** Values of a range: evenly spread, or evenly in their logarithms and of both signs. */
export type Range =
  | { readonly from: number; readonly to: number }
  | { readonly least: number; readonly most: number; readonly signed: boolean };

export interface Measurement {
  readonly op: string;
  /** What the operands are, for the table. */
  readonly operands: string;
  readonly build: () => weft.Tensor;
  /** By the names of inputs and parameters; `x` stands for those that are not named. */
  readonly ranges: { readonly x: Range; readonly [name: string]: Range };
  /**
   * A last place of what: of the "result", or of the sum of its terms' sizes, Σ|terms|, where a sum may cancel.
   */
  readonly unit: "result" | "terms";
  readonly batch: number;
}

const even = (from: number, to: number): Range => ({ from, to });
const log = (least: number, most: number, signed = false): Range => ({ least, most, signed });

/** `count` values, each exactly an f32, the ends of the range among them. */
export function valuesOf(range: Range, count: number, seed: number): Float64Array {
  const next = random(seed);
  return Float64Array.from({ length: count }, (_, i) => {
    const at = i === 0 ? 0 : i === 1 ? 1 : next();
    if ("from" in range) return Math.fround(range.from + (range.to - range.from) * at);
    const { least, most, signed } = range;
    const size = least * (most / least) ** at;
    return Math.fround(Math.min(most, Math.max(least, size))) * (signed && i % 2 ? -1 : 1);
  });
}

const EACH = 4096;
const x = () => input("x", [N]);
const rows = (width: number) => input("x", [N, width]);
const image = () => input("x", [N, 4, 9, 9]);

function each(op: string, f: (t: weft.Tensor) => weft.Tensor, list: readonly (readonly [string, Range])[]) {
  return list.map(
    ([operands, range]): Measurement => ({
      op,
      operands,
      build: () => f(x()),
      ranges: { x: range },
      unit: "result",
      batch: EACH,
    }),
  );
}

function pairs(
  op: string,
  f: (a: weft.Tensor, b: weft.Tensor) => weft.Tensor,
  operands: string,
  ranges: Measurement["ranges"],
  unit: Measurement["unit"] = "result",
): Measurement {
  return { op, operands, build: () => f(x(), input("y", [N])), ranges, unit, batch: EACH };
}

function whole(
  op: string,
  operands: string,
  build: () => weft.Tensor,
  range: Range,
  unit: Measurement["unit"],
  batch = 16,
): Measurement {
  return { op, operands, build, ranges: { x: range }, unit, batch };
}

const UNIT = even(-1, 1);
const USUAL: readonly (readonly [string, Range])[] = [
  ["±8", even(-8, 8)],
  ["±10⁻⁶ … ±10⁴", log(1e-6, 1e4, true)],
];

export const MEASUREMENTS: readonly Measurement[] = [
  pairs("add", weft.add, "±10⁴", { x: log(1e-6, 1e4, true), y: log(1e-6, 1e4, true) }),
  pairs("mul", weft.mul, "±10⁴", { x: log(1e-6, 1e4, true), y: log(1e-6, 1e4, true) }),
  pairs("div", weft.div, "±10⁴ by 10⁻⁴ … 10⁴", { x: log(1e-6, 1e4, true), y: log(1e-4, 1e4) }),
  pairs("pow", weft.pow, "0.1 … 10 to ±4", { x: log(0.1, 10), y: even(-4, 4) }),
  ...each("pow(x, 2)", (t) => weft.pow(t, 2), [["±10⁴", log(1e-4, 1e4, true)]]),
  ...each("exp", weft.exp, [
    ["±1", UNIT],
    ["±87", even(-87, 87)],
  ]),
  ...each("log", weft.log, [
    ["10⁻³⁰ … 10³⁰", log(1e-30, 1e30)],
    ["0.5 … 2", even(0.5, 2)],
  ]),
  ...each("sqrt", weft.sqrt, [["10⁻³⁰ … 10³⁰", log(1e-30, 1e30)]]),
  ...each("sigmoid", weft.sigmoid, [...USUAL.slice(0, 1), ["±80", even(-80, 80)]]),
  ...each("tanh", weft.tanh, USUAL),
  ...each("gelu", weft.gelu, [
    ["−5 … 5", even(-5, 5)],
    ["0 … 10⁴", log(1e-6, 1e4)],
  ]),
  ...each("silu", weft.silu, USUAL.slice(0, 1)),
  ...each("elu", (t) => weft.elu(t), [["−8 … 8", even(-8, 8)]]),
  ...each("softplus", weft.softplus, [["±80", even(-80, 80)]]),
  ...each("mish", weft.mish, USUAL.slice(0, 1)),
  ...each("erf", weft.erf, [["±4", even(-4, 4)]]),
  ...each("sin", weft.sin, [
    ["±π", even(-Math.PI, Math.PI)],
    ["±10⁴", even(-1e4, 1e4)],
  ]),
  ...each("cos", weft.cos, [
    ["±π", even(-Math.PI, Math.PI)],
    ["±10⁴", even(-1e4, 1e4)],
  ]),
  ...each("asin", weft.asin, [["±1", UNIT]]),
  ...each("acos", weft.acos, [["±1", UNIT]]),
  ...each("atan", weft.atan, USUAL),
  ...each("sinh", weft.sinh, [["±80", even(-80, 80)]]),
  ...each("cosh", weft.cosh, [["±80", even(-80, 80)]]),
  ...each("asinh", weft.asinh, USUAL),
  ...each("acosh", weft.acosh, [["1 … 10⁴", log(1, 1e4)]]),
  ...each("atanh", weft.atanh, [["±0.99", even(-0.99, 0.99)]]),
  ...each("relu", weft.relu, USUAL.slice(1)),
  ...each("leakyRelu", (t) => weft.leakyRelu(t), USUAL.slice(1)),
  ...each("hardSigmoid", weft.hardSigmoid, USUAL.slice(0, 1)),
  ...each("hardSwish", weft.hardSwish, USUAL.slice(0, 1)),
  whole("softmax", "10 of ±8", () => weft.softmax(rows(10)), even(-8, 8), "result", 256),
  whole("softmax", "10 of ±40", () => weft.softmax(rows(10)), even(-40, 40), "result", 256),
  whole("logSoftmax", "10 of ±8", () => weft.logSoftmax(rows(10)), even(-8, 8), "result", 256),
  whole("layerNorm", "64 of ±1", () => weft.layerNorm(rows(64)), UNIT, "result"),
  whole("batchNorm2d", "±1", () => weft.batchNorm2d(image()), UNIT, "result"),
  whole("sum", "400 of ±1", () => weft.sum(rows(400), { axis: 1 }), UNIT, "terms"),
  whole("mean", "400 of ±1", () => weft.mean(rows(400), { axis: 1 }), UNIT, "terms"),
  whole("linear", "400 → 40", () => weft.linear(rows(400), { out: 40 }), UNIT, "terms"),
  whole("matmul", "64 · 64", () => weft.matmul(rows(64), param("w", [64, 64])), UNIT, "terms"),
  whole("conv2d", "3×3 of 4 channels", () => weft.conv2d(image(), { out: 8, kernel: 3 }), UNIT, "terms", 4),
  whole("avgPool2d", "3×3", () => weft.avgPool2d(image(), { kernel: 3 }), UNIT, "terms", 4),
  whole("maxPool2d", "3×3", () => weft.maxPool2d(image(), { kernel: 3 }), UNIT, "result", 4),
];
