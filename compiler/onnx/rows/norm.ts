/** Normalisations: layers of the language, with the file's numbers as their weights. */
import type { Call } from "../call.ts";
import type { Callee, Numbers } from "../recorder.ts";
import { type Computed, type Known, refuse, sizeOf, type Value } from "../value.ts";
import { axisOf, type Rows, range } from "./row.ts";

/** What scales and shifts: constants are the layer's own weights, what the model computes is given to it. */
interface Affine {
  readonly options: Readonly<Record<string, Computed>>;
  readonly weights: Readonly<Record<string, Numbers>>;
}

function affine(call: Call, values: Readonly<Record<string, Value | undefined>>): Affine {
  const options: Record<string, Computed> = {};
  const weights: Record<string, Numbers> = {};
  for (const [role, value] of Object.entries(values)) {
    if (value?.kind === "known") weights[role] = call.weight(value);
    else if (value) options[role] = value;
  }
  return { options, weights };
}

/** A constant of as many numbers, all the same. */
const filled = (call: Call, shape: readonly number[], number: number): Known =>
  call.constant(shape, new Float32Array(sizeOf(shape)).fill(number));

/** The layer with what differs from its defaults. */
function layer(
  call: Call,
  callee: Callee,
  x: Computed,
  more: object,
  { options, weights }: Affine,
): Computed {
  return call.apply(callee, [x, { ...more, ...options }], { weights });
}

const epsilon = (call: Call): object => {
  const eps = call.float("epsilon", 1e-5);
  return eps === 1e-5 ? {} : { eps };
};

const fits = (value: Value | undefined, shape: readonly unknown[]): boolean =>
  value !== undefined && value.shape.length === shape.length && value.shape.every((d, i) => d === shape[i]);

/** Statistics of each example over axes: (x − mean) / √(variance + eps). */
function normalised(call: Call, x: Computed, axes: readonly number[], eps: number): Computed {
  const over = { axis: axes.length === 1 ? axes[0] : axes, keepDims: true };
  const centred = call.apply("sub", [x, call.apply("mean", [x, over])]);
  const variance = call.apply("mean", [call.apply("mul", [centred, centred]), over]);
  return call.apply("div", [centred, call.apply("sqrt", [call.apply("add", [variance, eps])])]);
}

export const norms: Rows = {
  BatchNormalization(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const kept = call.float("momentum", 0.9);
    if (call.int("training_mode", 0) !== 0) refuse("training_mode is set", "model.eval() before the export");
    if (call.int("spatial", 1) !== 1) refuse("spatial is 0", "a statistic for each channel");
    const momentum = Math.round((1 - kept) * 1e6) / 1e6;
    const callee = rank === 4 ? "batchNorm2d" : rank === 5 ? "batchNorm3d" : "batchNorm1d";
    const own = {
      weight: call.weight(call.known(1, "the scale")),
      bias: call.weight(call.known(2, "the shift")),
      running_mean: call.weight(call.known(3, "the mean")),
      running_var: call.weight(call.known(4, "the variance")),
    };
    const more = { ...epsilon(call), ...(momentum === 0.1 ? {} : { momentum }) };
    return call.apply(callee, [x, more], { weights: own });
  },

  LayerNormalization(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const axis = axisOf(call.int("axis", -1), rank);
    call.int("stash_type", 1);
    if (call.node.outputs.slice(1).some((name) => name !== ""))
      refuse("its mean or deviation is read", "the first output alone");
    const [weight, bias] = [call.value(1), call.inputs[2]];
    const normal = x.shape.slice(axis);
    if (axis === 0 || !fits(weight, normal) || (bias && !fits(bias, normal))) {
      const scaled = call.apply("mul", [
        normalised(call, x, range(axis, rank), call.float("epsilon", 1e-5)),
        call.operand(1, x.shape),
      ]);
      return bias ? call.apply("add", [scaled, call.operand(2, x.shape)]) : scaled;
    }
    const sizes = weight.shape.map(Number); // those of a weight
    const more = { ...(rank - axis === 1 ? {} : { dims: rank - axis }), ...epsilon(call) };
    return layer(call, "layerNorm", x, more, affine(call, { weight, bias: bias ?? filled(call, sizes, 0) }));
  },

  InstanceNormalization: (call) =>
    layer(
      call,
      "instanceNorm",
      call.tensor(0),
      epsilon(call),
      affine(call, { weight: call.value(1), bias: call.value(2) }),
    ),

  /** Until opset 20 a number of the scale is that of a whole group. */
  GroupNormalization(call) {
    const x = call.tensor(0);
    const groups = call.int("num_groups", 1);
    call.int("stash_type", 1);
    const more = { groups, ...epsilon(call) };
    if (call.opset >= 21)
      return layer(call, "groupNorm", x, more, affine(call, { weight: call.value(1), bias: call.value(2) }));
    const channels = Number(x.shape[1]);
    const each = (i: number): number => Math.floor(i / (channels / groups));
    const [weight, bias] = [call.known(1, "the scale"), call.known(2, "the shift")];
    return call.apply("groupNorm", [x, more], {
      weights: { weight: call.weight(weight, [channels], each), bias: call.weight(bias, [channels], each) },
    });
  },

  RMSNormalization(call) {
    const x = call.tensor(0);
    const rank = x.shape.length;
    const axis = axisOf(call.int("axis", -1), rank);
    call.int("stash_type", 1);
    const scale = call.value(1);
    if (axis === 0 || !fits(scale, x.shape.slice(axis))) {
      const axes = range(axis, rank);
      const square = call.apply("mean", [call.apply("mul", [x, x]), { axis: axes, keepDims: true }]);
      const size = call.apply("sqrt", [call.apply("add", [square, call.float("epsilon", 1e-5)])]);
      return call.apply("mul", [call.apply("div", [x, size]), call.operand(1, x.shape)]);
    }
    const more = { ...(rank - axis === 1 ? {} : { dims: rank - axis }), ...epsilon(call) };
    return layer(call, "rmsNorm", x, more, affine(call, { weight: scale }));
  },

  LpNormalization(call) {
    const x = call.tensor(0);
    const axis = axisOf(call.int("axis", -1), x.shape.length);
    const p = call.int("p", 2);
    return call.apply("lpNormalize", [
      x,
      { ...(p === 2 ? {} : { p }), ...(axis === x.shape.length - 1 ? {} : { axis }) },
    ]);
  },

  MeanVarianceNormalization(call) {
    const x = call.tensor(0);
    const axes = (call.ints("axes") ?? [0, 2, 3]).map((a) => axisOf(a, x.shape.length));
    return normalised(call, x, axes, 1e-9);
  },

  LRN(call) {
    const [alpha, beta, k] = [call.float("alpha", 1e-4), call.float("beta", 0.75), call.float("bias", 1)];
    return call.apply("localResponseNorm", [
      call.tensor(0),
      {
        size: call.int("size", 1),
        ...(alpha === 1e-4 ? {} : { alpha }),
        ...(beta === 0.75 ? {} : { beta }),
        ...(k === 1 ? {} : { k }),
      },
    ]);
  },
};
