/** Normalisations. */
import type { Call } from "../call.ts";
import { type Computed, type Known, refuse, sizeOf, type Value } from "../value.ts";
import { axisOf, fixedSizes, type Rows, range, reshaped } from "./row.ts";

/** Statistics of each example over axes: (x − mean) / √(variance + eps). */
function normalised(call: Call, x: Computed, axes: readonly number[], eps: number): Computed {
  const over = { axis: axes.length === 1 ? axes[0] : axes, keepDims: true };
  const centred = call.apply("sub", [x, call.apply("mean", [x, over])]);
  const variance = call.apply("mean", [call.apply("mul", [centred, centred]), over]);
  return call.apply("div", [centred, call.apply("sqrt", [call.apply("add", [variance, eps])])]);
}

/** A number for each channel, as it is multiplied to a tensor [N, C, …] of a rank. */
function perChannel(call: Call, value: Value, rank: number): Computed {
  const shape = [...value.shape.slice(0, 1), ...range(2, rank).map(() => 1)];
  if (value.kind === "known") return call.asTensor({ ...value, shape: fixedSizes(shape, "a weight") });
  return reshaped(call, value, shape);
}

/** y · weight + bias, for each channel. */
function affine(call: Call, y: Computed, weight: Value, bias: Value | undefined): Computed {
  const rank = y.shape.length;
  const scaled = call.apply("mul", [y, perChannel(call, weight, rank)]);
  return bias ? call.apply("add", [scaled, perChannel(call, bias, rank)]) : scaled;
}

const fits = (value: Value | undefined, shape: readonly unknown[]): value is Known =>
  value?.kind === "known" &&
  value.shape.length === shape.length &&
  value.shape.every((d, i) => d === shape[i]);

export const norms: Rows = {
  LayerNormalization(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const axis = axisOf(call.int("axis", -1), rank);
    const eps = call.float("epsilon", 1e-5);
    call.int("stash_type", 1);
    if (call.node.outputs.slice(1).some((name) => name !== ""))
      refuse("its mean or deviation is read", "the first output alone");
    const [weight, bias] = [call.inputs[1], call.inputs[2]];
    const normal = x.shape.slice(axis);
    const dims = rank - axis;
    if (axis > 0 && fits(weight, normal) && (bias === undefined || fits(bias, normal))) {
      const zeros = call.constant(weight.shape, new Float32Array(sizeOf(weight.shape)));
      const options = { ...(dims === 1 ? {} : { dims }), ...(eps === 1e-5 ? {} : { eps }) };
      return call.apply("layerNorm", [x, options], {
        weights: { weight: call.weight(weight), bias: call.weight(bias ?? zeros) },
      });
    }
    const y = normalised(call, x, range(axis, rank), eps);
    const scaled = weight ? call.apply("mul", [y, call.operand(1, y.shape)]) : y;
    return bias ? call.apply("add", [scaled, call.operand(2, y.shape)]) : scaled;
  },

  InstanceNormalization(call) {
    const x = call.tensor(0);
    const eps = call.float("epsilon", 1e-5);
    const y = normalised(call, x, range(2, x.shape.length), eps);
    return affine(call, y, call.value(1), call.value(2));
  },

  /** Channels in groups, each normalised with all places. Until opset 20 scale and bias are of groups. */
  GroupNormalization(call) {
    const x = call.tensor(0);
    const groups = call.int("num_groups", 1);
    const eps = call.float("epsilon", 1e-5);
    call.int("stash_type", 1);
    const [n = 1, ...rest] = x.shape;
    const sizes = fixedSizes(rest, "an axis");
    const [channels = 1, ...places] = sizes;
    const grouped = call.apply("reshape", [x, [n, groups, (channels / groups) * sizeOf(places)]]);
    const y = normalised(call, grouped, [2], eps);
    if (call.opset < 21) return reshaped(call, affine(call, y, call.value(1), call.value(2)), x.shape);
    return affine(call, reshaped(call, y, x.shape), call.value(1), call.value(2));
  },

  /** x / √(mean x² + eps) · scale */
  RMSNormalization(call) {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", -1), x.shape.length);
    const eps = call.float("epsilon", 1e-5);
    call.int("stash_type", 1);
    const over = { axis: range(axis, x.shape.length), keepDims: true };
    const square = call.apply("mean", [call.apply("mul", [x, x]), over]);
    const y = call.apply("div", [x, call.apply("sqrt", [call.apply("add", [square, eps])])]);
    return call.apply("mul", [y, call.operand(1, y.shape)]);
  },

  LpNormalization(call) {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", -1), x.shape.length);
    const p = call.int("p", 2);
    const over = { axis, keepDims: true };
    if (p === 1) return call.apply("div", [x, call.apply("sum", [call.apply("abs", [x]), over])]);
    return call.apply("div", [x, call.apply("sqrt", [call.apply("sum", [call.apply("mul", [x, x]), over])])]);
  },

  MeanVarianceNormalization(call) {
    const x = call.tensor(0);
    const axes = (call.ints("axes") ?? [0, 2, 3]).map((a) => axisOf(a, x.shape.length));
    return normalised(call, x, axes, 1e-9);
  },

  /** x / (bias + alpha / size · Σ x²)^beta, the sum over so many neighbouring channels: an average that counts what lies outside. */
  LRN(call) {
    const x = call.tensor(0);
    const size = call.int("size", 1);
    const [alpha, beta, bias] = [call.float("alpha", 1e-4), call.float("beta", 0.75), call.float("bias", 1)];
    const [n = 1, ...rest] = x.shape;
    const [channels = 1, ...places] = fixedSizes(rest, "an axis");
    const flat = call.apply("reshape", [call.apply("mul", [x, x]), [n, 1, channels, sizeOf(places)]]);
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const mean = call.apply("avgPool2d", [
      flat,
      { kernel: [size, 1], stride: 1, padding: [before, after, 0, 0] },
    ]);
    const scale = call.apply("add", [call.apply("mul", [mean, alpha]), bias]);
    return call.apply("div", [x, reshaped(call, call.apply("pow", [scale, beta]), x.shape)]);
  },
};
