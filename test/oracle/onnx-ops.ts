/** Every op as standard ONNX operators (opset 20, https://onnx.ai/onnx/operators/). */
import type { OpName } from "../../compiler/ops/index.ts";
import { showShape } from "../../contract/shapes.ts";
import { axisOfGather } from "./layout.ts";
import { layout } from "./onnx-layout.ts";
import { type Attribute, float, floatTensor, int, ints, string } from "./onnx-proto.ts";
import { list, rankOf, same, scalar, shapeOf, type Translate, type Translation } from "./onnx-translation.ts";
import { wholes } from "./onnx-whole.ts";
import { fromFront, listOf, numberOf } from "./op.ts";
import { axesOf } from "./resize.ts";
import { slidings } from "./windows.ts";

/** kernel_shape, strides, dilations and pads (all begins, then all ends). */
function windowAttributes(t: Translation): readonly Attribute[] {
  const windows = slidings(t.node.attrs, shapeOf(t).slice(2).map(Number));
  return [
    ints(
      "kernel_shape",
      windows.map((w) => w.kernel),
    ),
    ints(
      "strides",
      windows.map((w) => w.stride),
    ),
    ints(
      "dilations",
      windows.map((w) => w.dilation),
    ),
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
const convTranspose: Translate = (t) => {
  const pads = listOf(t.node.attrs, "padding");
  return t.emit(
    "ConvTranspose",
    t.inputs,
    eachAxis(t, "kernel_shape", "kernel"),
    eachAxis(t, "strides", "stride"),
    eachAxis(t, "dilations", "dilation"),
    eachAxis(t, "output_padding", "outputPadding"),
    ints("pads", [...pads.filter((_, i) => i % 2 === 0), ...pads.filter((_, i) => i % 2 === 1)]),
    int("group", numberOf(t.node.attrs, "groups")),
  );
};
const maxPool: Translate = (t) => pool(t, "MaxPool");
const avgPool: Translate = (t) =>
  pool(t, "AveragePool", int("count_include_pad", t.node.attrs["countIncludePad"] === true ? 1 : 0));

const COORDINATES: Readonly<Record<string, string>> = {
  halfPixel: "half_pixel",
  pytorchHalfPixel: "pytorch_half_pixel",
  alignCorners: "align_corners",
  asymmetric: "asymmetric",
  tfHalfPixelForNn: "tf_half_pixel_for_nn",
  halfPixelSymmetric: "half_pixel_symmetric",
};
const ROUNDINGS: Readonly<Record<string, string>> = {
  roundPreferFloor: "round_prefer_floor",
  roundPreferCeil: "round_prefer_ceil",
  floor: "floor",
  ceil: "ceil",
};

function resize(t: Translation): string {
  const { attrs } = t.node;
  const axes = axesOf(attrs, shapeOf(t).map(Number));
  const sizes =
    attrs["size"] === null
      ? []
      : [
          list(
            t,
            axes.map((a) => a.out),
          ),
        ];
  const scales =
    attrs["size"] === null
      ? t.constant((name) =>
          floatTensor(
            name,
            [axes.length],
            axes.map((a) => a.factor),
          ),
        )
      : "";
  return t.emit(
    "Resize",
    [t.inputs[0] ?? "", "", scales, ...sizes],
    ints(
      "axes",
      axes.map((a) => a.axis),
    ),
    string("mode", String(attrs["mode"])),
    string("coordinate_transformation_mode", COORDINATES[String(attrs["coordinates"])] ?? ""),
    string("nearest_mode", ROUNDINGS[String(attrs["nearest"])] ?? ""),
    float("cubic_coeff_a", numberOf(attrs, "cubicCoefficient")),
    int("exclude_outside", attrs["excludeOutside"] === true && attrs["mode"] === "cubic" ? 1 : 0),
  );
}

const epsilon = (t: Translation): Attribute => float("epsilon", numberOf(t.node.attrs, "eps"));
const batchNorm: Translate = (t) => t.emit("BatchNormalization", t.inputs, epsilon(t));

/** As instances of groups: those of GroupNormalization came with a later opset. */
function groupNorm(t: Translation): string {
  const [x = "", weight = "", bias = ""] = t.inputs;
  const [, channels, ...rest] = shapeOf(t).map(Number);
  const groups = numberOf(t.node.attrs, "groups");
  const [ones, none] = [1, 0].map((v) =>
    t.constant((name) =>
      floatTensor(
        name,
        [groups],
        Array.from({ length: groups }, () => v),
      ),
    ),
  );
  const seen = t.emit("Reshape", [x, list(t, [0, groups, -1])]);
  const normal = t.emit("InstanceNormalization", [seen, ones ?? "", none ?? ""], epsilon(t));
  const whole = t.emit("Reshape", [normal, list(t, [0, channels ?? 1, ...rest])]);
  const each = (of: string): string =>
    t.emit("Reshape", [of, list(t, [channels ?? 1, ...rest.map(() => 1)])]);
  return t.emit("Add", [t.emit("Mul", [whole, each(weight)]), each(bias)]);
}

function rmsNorm(t: Translation): string {
  const [x = "", weight = ""] = t.inputs;
  const dims = numberOf(t.node.attrs, "dims");
  const axes = Array.from({ length: dims }, (_, i) => i - dims);
  const mean = t.emit("ReduceMean", [t.emit("Mul", [x, x]), list(t, axes)], int("keepdims", 1));
  const root = t.emit("Sqrt", [t.emit("Add", [mean, scalar(t, numberOf(t.node.attrs, "eps"))])]);
  return t.emit("Mul", [t.emit("Div", [x, root]), weight]);
}

function linear(t: Translation): string {
  const [x = "", w = "", bias] = t.inputs;
  const product = t.emit("MatMul", [x, t.emit("Transpose", [w], ints("perm", [1, 0]))]);
  return bias ? t.emit("Add", [product, bias]) : product;
}

/** Inputs are numbers; ONNX reads by whole ones. */
const whole = (emit: Translation["emit"], indices: string): string => emit("Cast", [indices], int("to", 7));

function gather(t: Translation): string {
  const [x = "", indices = ""] = t.inputs;
  const [first, second] = [shapeOf(t), shapeOf(t, 1)];
  const axis = axisOfGather(t.node.attrs, first.length, first[0] === "N");
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
    const axes = t.node.attrs["axes"];
    const all = Array.from({ length: rankOf(t) }, (_, d) => d);
    const chosen = Array.isArray(axes) ? axes.map((a) => fromFront(Number(a), rankOf(t))) : all;
    const keep = int("keepdims", t.node.attrs["keepDims"] === true ? 1 : 0);
    // noop_with_empty_axes: a tensor of rank 0 has no axes, and ONNX would take an empty list for all of them.
    return t.emit(opType, [t.inputs[0] ?? "", list(t, chosen)], keep, int("noop_with_empty_axes", 1));
  };
}

/** ONNX has truth values of their own. */
const isTrue = ({ emit }: Translation, x: string): string => emit("Cast", [x], int("to", 9));
const asNumber = ({ emit }: Translation, x: string): string => emit("Cast", [x], int("to", 1));
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
  mish: same("Mish"),
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
  gelu: same("Gelu"),
  silu: (t) => t.emit("Mul", [t.inputs[0] ?? "", t.emit("Sigmoid", t.inputs)]),
  hardSigmoid: (t) => t.emit("HardSigmoid", t.inputs, float("alpha", 1 / 6), float("beta", 0.5)),
  hardSwish: same("HardSwish"),
  clip: clip(attr("min"), attr("max")),
  dropout: same("Identity"),
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  prod: reduce("ReduceProd"),
  logSumExp: reduce("ReduceLogSumExp"),
  reduceMax: reduce("ReduceMax"),
  reduceMin: reduce("ReduceMin"),
  softmax: (t) => t.emit("Softmax", t.inputs, int("axis", numberOf(t.node.attrs, "axis"))),
  logSoftmax: (t) => t.emit("LogSoftmax", t.inputs, int("axis", numberOf(t.node.attrs, "axis"))),
  batchNorm1d: batchNorm,
  batchNorm2d: batchNorm,
  batchNorm3d: batchNorm,
  rmsNorm,
  groupNorm,
  instanceNorm: (t) => t.emit("InstanceNormalization", t.inputs, epsilon(t)),
  localResponseNorm: (t) =>
    t.emit(
      "LRN",
      t.inputs,
      int("size", numberOf(t.node.attrs, "size")),
      ...(["alpha", "beta"] as const).map((name) => float(name, numberOf(t.node.attrs, name))),
      float("bias", numberOf(t.node.attrs, "k")),
    ),
  lpNormalize: (t) =>
    t.emit(
      "LpNormalization",
      t.inputs,
      ...(["p", "axis"] as const).map((name) => int(name, numberOf(t.node.attrs, name))),
    ),
  layerNorm: (t) =>
    t.emit(
      "LayerNormalization",
      t.inputs,
      int("axis", -numberOf(t.node.attrs, "dims")),
      float("epsilon", numberOf(t.node.attrs, "eps")),
    ),
};
