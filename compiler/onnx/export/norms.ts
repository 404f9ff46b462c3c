/** Normalisations as standard ONNX operators. */
import { type Attribute, float, floatTensor, int } from "./message.ts";
import { list, numberOf, reduced, scalar, shapeOf, type Translate, type Translation } from "./translation.ts";

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
  const mean = reduced(t, "ReduceMean", t.emit("Mul", [x, x]), axes, true);
  const root = t.emit("Sqrt", [t.emit("Add", [mean, scalar(t, numberOf(t.node.attrs, "eps"))])]);
  return t.emit("Mul", [t.emit("Div", [x, root]), weight]);
}

export const norms = {
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
    t.emit("LayerNormalization", t.inputs, int("axis", -numberOf(t.node.attrs, "dims")), epsilon(t)),
} satisfies Record<string, Translate>;
