/**
 * Every op as standard ONNX operators (https://onnx.ai/onnx/operators/): those of opset 17, which runtimes have had since 2022, and later
 * ones where there is no other way to say it.
 */
import { showShape } from "../../../contract/shapes.ts";
import { UserError } from "../../errors.ts";
import type { OpNode } from "../../ir/graph.ts";
import { type WindowAttrs, windows as windowsOver } from "../../ops/geometry.ts";
import type { OpName } from "../../ops/index.ts";
import { layout } from "./layout.ts";
import { type Attribute, ELEMENT, float, int, ints } from "./message.ts";
import { norms } from "./norms.ts";
import { adaptivePool, lpPool } from "./pools.ts";
import { recurrents } from "./recurrent.ts";
import { opsetOfResize, resize } from "./resize.ts";
import {
  fromFront,
  list,
  listOf,
  numberOf,
  rankOf,
  reduced,
  same,
  scalar,
  shapeOf,
  type Translate,
  type Translation,
} from "./translation.ts";
import { opsetOfScatter, wholes } from "./whole.ts";

/** The least opset that a layer can be written in. */
export function opsetOf(node: OpNode): number {
  const { op, attrs } = node;
  const isDilated = op.name.startsWith("avgPool") && listOf(attrs, "dilation").some((d) => d > 1);
  if (op.name.startsWith("scatter")) return opsetOfScatter(node);
  return op.name === "resize" ? opsetOfResize(node) : isDilated ? 19 : 17;
}

/** kernel_shape, strides, dilations and pads (all begins, then all ends). */
function windowAttributes(t: Translation): readonly Attribute[] {
  const windows = windowsOver(t.node.attrs as WindowAttrs, shapeOf(t).slice(2).map(Number)); // ops of windows have these
  return [
    ints(
      "kernel_shape",
      windows.map((w) => w.kernel),
    ),
    ints(
      "strides",
      windows.map((w) => w.stride),
    ),
    // An average has some from opset 19 on.
    ...(windows.some((w) => w.dilation > 1)
      ? [
          ints(
            "dilations",
            windows.map((w) => w.dilation),
          ),
        ]
      : []),
    ints("pads", [...windows.map((w) => w.before), ...windows.map((w) => w.after)]),
  ];
}

function pool(t: Translation, opType: string, ...more: readonly Attribute[]): string {
  const ceil = int("ceil_mode", t.node.attrs["ceilMode"] === true ? 1 : 0);
  return t.emit(opType, t.inputs, ...windowAttributes(t), ceil, ...more);
}

const conv: Translate = (t) =>
  t.emit("Conv", t.inputs, ...windowAttributes(t), int("group", numberOf(t.node.attrs, "groups")));
/** Attributes of each axis, read as they are. */
const eachAxis = (t: Translation, name: string, of: string): Attribute =>
  ints(name, listOf(t.node.attrs, of));
/** Places beyond the end are padding that is not cut off; of what is left there must be fewer than a stride. */
const convTranspose: Translate = (t) => {
  const { attrs, origin } = t.node;
  const [pads, stride] = [listOf(attrs, "padding"), listOf(attrs, "stride")];
  const [before, after] = [0, 1].map((side) => pads.filter((_, i) => i % 2 === side));
  const beyond = listOf(attrs, "outputPadding");
  const kept = beyond.map((p, i) => Math.min(p, after?.[i] ?? 0));
  const left = beyond.map((p, i) => p - (kept[i] ?? 0));
  const large = left.findIndex((p, i) => p >= (stride[i] ?? 1));
  if (large >= 0)
    throw new UserError({
      problem: `${origin.name}: ONNX has no transposed convolution with outputPadding ${beyond[large]}`,
      rule: `outputPadding − padding < stride, but ${left[large]} ≥ ${stride[large]}`,
      fix: "a smaller outputPadding, and pad(…) behind it",
      ...(origin.at && { at: origin.at }),
    });
  return t.emit(
    "ConvTranspose",
    t.inputs,
    eachAxis(t, "kernel_shape", "kernel"),
    eachAxis(t, "strides", "stride"),
    eachAxis(t, "dilations", "dilation"),
    ints("output_padding", left),
    ints("pads", [...(before ?? []), ...(after ?? []).map((p, i) => p - (kept[i] ?? 0))]),
    int("group", numberOf(attrs, "groups")),
  );
};
const maxPool: Translate = (t) => pool(t, "MaxPool");
const avgPool: Translate = (t) =>
  pool(t, "AveragePool", int("count_include_pad", t.node.attrs["countIncludePad"] === true ? 1 : 0));

/** As PyTorch exports it: the weight as it lies. */
function linear(t: Translation): string {
  const [x = "", w = "", bias] = t.inputs;
  if (rankOf(t) === 2) return t.emit("Gemm", t.inputs, int("transB", 1));
  const product = t.emit("MatMul", [x, t.emit("Transpose", [w], ints("perm", [1, 0]))]);
  return bias ? t.emit("Add", [product, bias]) : product;
}

/** Inputs are numbers; ONNX reads by whole ones. */
const whole = (emit: Translation["emit"], indices: string): string =>
  emit("Cast", [indices], int("to", ELEMENT.i64));

function gather(t: Translation): string {
  const [x = "", indices = ""] = t.inputs;
  const [first, second] = [shapeOf(t), shapeOf(t, 1)];
  const { axis: given } = t.node.attrs;
  const axis = given === null ? Number(first[0] === "N") : fromFront(Number(given), first.length);
  const by = whole(t.emit, indices);
  if (first[0] !== "N" || second[0] !== "N") return t.emit("Gather", [x, by], int("axis", axis));
  const each = t.emit("Unsqueeze", [by, list(t, [second.length])]);
  return t.emit("GatherND", [x, each], int("batch_dims", 1)); // along axis 1
}

/** [H, W] or [N, H, W] gains the axes that Conv wants, and loses them afterwards. */
function corr2d(t: Translation): string {
  const [x = "", k = ""] = t.inputs;
  const lead = list(t, rankOf(t) === 2 ? [0, 1] : [1]);
  const image = t.emit("Unsqueeze", [x, lead]);
  const kernel = t.emit("Unsqueeze", [k, list(t, [0, 1])]);
  return t.emit("Squeeze", [t.emit("Conv", [image, kernel]), lead]);
}

function reduce(opType: string): Translate {
  return (t) => {
    const { axes, keepDims } = t.node.attrs;
    const all = Array.from({ length: rankOf(t) }, (_, d) => d);
    const chosen = Array.isArray(axes) ? axes.map((a) => fromFront(Number(a), rankOf(t))) : all;
    return reduced(t, opType, t.inputs[0] ?? "", chosen, keepDims === true);
  };
}

/** x/2 · (1 + erf(x/√2)): an operator of its own from opset 20 on. */
function gelu(t: Translation): string {
  const [x = ""] = t.inputs;
  const erf = t.emit("Erf", [t.emit("Div", [x, scalar(t, Math.SQRT2)])]);
  return t.emit("Mul", [t.emit("Mul", [x, scalar(t, 0.5)]), t.emit("Add", [erf, scalar(t, 1)])]);
}

/** ONNX has truth values of their own. */
const isTrue = ({ emit }: Translation, x: string): string => emit("Cast", [x], int("to", ELEMENT.bool));
const asNumber = ({ emit }: Translation, x: string): string => emit("Cast", [x], int("to", ELEMENT.f32));
const comparison =
  (opType: string): Translate =>
  (t) =>
    asNumber(t, t.emit(opType, t.inputs));
const logic =
  (opType: string): Translate =>
  (t) =>
    asNumber(
      t,
      t.emit(
        opType,
        t.inputs.map((x) => isTrue(t, x)),
      ),
    );

/** PRelu repeats slopes alone. */
function prelu(t: Translation): string {
  const [x = "", slope = ""] = t.inputs;
  if (showShape(t.node.type.shape) === showShape(shapeOf(t))) return t.emit("PRelu", t.inputs);
  return t.emit("Where", [t.emit("Greater", [x, scalar(t, 0)]), x, t.emit("Mul", [x, slope])]);
}

function clip(low: (t: Translation) => number, high: (t: Translation) => number): Translate {
  return (t) => t.emit("Clip", [t.inputs[0] ?? "", scalar(t, low(t)), scalar(t, high(t))]);
}
const attr =
  (name: string) =>
  (t: Translation): number =>
    numberOf(t.node.attrs, name);

export const translations: Readonly<Record<OpName, Translate>> = {
  conv1d: conv,
  conv2d: conv,
  conv3d: conv,
  convTranspose1d: convTranspose,
  convTranspose2d: convTranspose,
  convTranspose3d: convTranspose,
  corr2d,
  linear,
  matmul: same("MatMul"),
  maxPool1d: maxPool,
  maxPool2d: maxPool,
  maxPool3d: maxPool,
  avgPool1d: avgPool,
  avgPool2d: avgPool,
  avgPool3d: avgPool,
  lpPool1d: lpPool,
  lpPool2d: lpPool,
  lpPool3d: lpPool,
  adaptiveAvgPool1d: adaptivePool("AveragePool"),
  adaptiveAvgPool2d: adaptivePool("AveragePool"),
  adaptiveAvgPool3d: adaptivePool("AveragePool"),
  adaptiveMaxPool1d: adaptivePool("MaxPool"),
  adaptiveMaxPool2d: adaptivePool("MaxPool"),
  adaptiveMaxPool3d: adaptivePool("MaxPool"),
  globalAvgPool1d: same("GlobalAveragePool"),
  globalAvgPool2d: same("GlobalAveragePool"),
  globalAvgPool3d: same("GlobalAveragePool"),
  globalMaxPool1d: same("GlobalMaxPool"),
  globalMaxPool2d: same("GlobalMaxPool"),
  globalMaxPool3d: same("GlobalMaxPool"),
  resize,
  gather,
  embedding: ({ emit, inputs: [indices = "", table = ""] }) =>
    emit("Gather", [table, whole(emit, indices)], int("axis", 0)),
  ...layout,
  ...wholes,
  ...recurrents,
  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  max: same("Max"),
  min: same("Min"),
  pow: same("Pow"),
  sigmoid: same("Sigmoid"),
  tanh: same("Tanh"),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  abs: same("Abs"),
  neg: same("Neg"),
  relu: same("Relu"),
  relu6: clip(
    () => 0,
    () => 6,
  ),
  leakyRelu: (t) => t.emit("LeakyRelu", t.inputs, float("alpha", numberOf(t.node.attrs, "slope"))),
  elu: (t) => t.emit("Elu", t.inputs, float("alpha", numberOf(t.node.attrs, "alpha"))),
  selu: same("Selu"),
  celu: (t) => t.emit("Celu", t.inputs, float("alpha", numberOf(t.node.attrs, "alpha"))),
  softplus: same("Softplus"),
  softsign: same("Softsign"),
  mish: (t) => t.emit("Mul", [t.inputs[0] ?? "", t.emit("Tanh", [t.emit("Softplus", t.inputs)])]),
  thresholdedRelu: (t) =>
    t.emit("ThresholdedRelu", t.inputs, float("alpha", numberOf(t.node.attrs, "alpha"))),
  prelu,
  floor: same("Floor"),
  ceil: same("Ceil"),
  round: same("Round"),
  sign: same("Sign"),
  reciprocal: same("Reciprocal"),
  sin: same("Sin"),
  cos: same("Cos"),
  tan: same("Tan"),
  asin: same("Asin"),
  acos: same("Acos"),
  atan: same("Atan"),
  sinh: same("Sinh"),
  cosh: same("Cosh"),
  asinh: same("Asinh"),
  acosh: same("Acosh"),
  atanh: same("Atanh"),
  erf: same("Erf"),
  // ONNX's Mod of floating numbers is fmod alone.
  mod: ({ emit, inputs: [a = "", b = ""] }) =>
    emit("Sub", [a, emit("Mul", [emit("Floor", [emit("Div", [a, b])]), b])]),
  fmod: ({ emit, inputs }) => emit("Mod", inputs, int("fmod", 1)),
  equal: comparison("Equal"),
  notEqual: (t) => asNumber(t, t.emit("Not", [t.emit("Equal", t.inputs)])),
  less: comparison("Less"),
  lessOrEqual: comparison("LessOrEqual"),
  greater: comparison("Greater"),
  greaterOrEqual: comparison("GreaterOrEqual"),
  and: logic("And"),
  or: logic("Or"),
  xor: logic("Xor"),
  not: logic("Not"),
  where: (t) => {
    const [mask = "", a = "", b = ""] = t.inputs;
    return t.emit("Where", [isTrue(t, mask), a, b]);
  },
  gelu,
  silu: (t) => t.emit("Mul", [t.inputs[0] ?? "", t.emit("Sigmoid", t.inputs)]),
  hardSigmoid: (t) => t.emit("HardSigmoid", t.inputs, float("alpha", 1 / 6), float("beta", 0.5)),
  hardSwish: same("HardSwish"),
  clip: clip(attr("min"), attr("max")),
  dropout: (t) => t.emit("Dropout", [t.inputs[0] ?? "", scalar(t, numberOf(t.node.attrs, "p"))]),
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  prod: reduce("ReduceProd"),
  l1: reduce("ReduceL1"),
  l2: reduce("ReduceL2"),
  sumSquare: reduce("ReduceSumSquare"),
  logSum: reduce("ReduceLogSum"),
  logSumExp: reduce("ReduceLogSumExp"),
  reduceMax: reduce("ReduceMax"),
  reduceMin: reduce("ReduceMin"),
  softmax: (t) => t.emit("Softmax", t.inputs, int("axis", numberOf(t.node.attrs, "axis"))),
  logSoftmax: (t) => t.emit("LogSoftmax", t.inputs, int("axis", numberOf(t.node.attrs, "axis"))),
  ...norms,
};
