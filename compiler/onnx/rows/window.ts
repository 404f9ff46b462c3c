/** Convolutions and pools. */

import type { Shape } from "../../../contract/type.ts";
import { plural } from "../../errors.ts";
import type { Call } from "../call.ts";
import { type Computed, refuse, type Value } from "../value.ts";
import { compact, fixedSizes, type Rows, range } from "./row.ts";

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What convolutions and pools say of their windows. */
function windowOf(call: Call, shape: Shape, kernel: readonly number[]): Window {
  const rank = kernel.length;
  if (shape.length !== rank + 2) refuse(`a window of ${rank} sizes on a tensor of rank ${shape.length}`);
  const each = (name: string): readonly number[] => {
    const given = call.ints(name) ?? kernel.map(() => 1);
    return given.length === rank
      ? given
      : refuse(`${name} has ${given.length} ${plural(given.length, "number")}, but the kernel has ${rank}`);
  };
  const [stride, dilation] = [each("strides"), each("dilations")];
  const mode = call.text("auto_pad", "NOTSET");
  const given = call.ints("pads");
  if (mode === "NOTSET" || mode === "") {
    const pads = given ?? range(0, 2 * rank).map(() => 0);
    if (pads.length !== 2 * rank || pads.some((p) => p < 0))
      refuse(`pads are [${pads.join(", ")}]`, "pads of at least 0");
    return { kernel, stride, dilation, before: pads.slice(0, rank), after: pads.slice(rank) };
  }
  if (mode === "VALID")
    return { kernel, stride, dilation, before: kernel.map(() => 0), after: kernel.map(() => 0) };
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") return refuse(`auto_pad is ${mode}`);
  if (dilation.some((d) => d !== 1))
    refuse(
      `auto_pad ${mode} with dilations [${dilation.join(", ")}], which runtimes read in two ways`,
      "an export with pads in numbers",
    );
  const sizes = fixedSizes(shape.slice(2), `auto_pad ${mode} along an axis`);
  // As many outputs as ⌈size / stride⌉; where the padding is odd, the end (or the beginning) has one more.
  const spare = sizes.map((n, i) => {
    const [k = 1, s = 1, d = 1] = [kernel[i], stride[i], dilation[i]];
    return (Math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n;
  });
  // A stride that passes over the last elements: convolutions begin at the first one, pools of runtimes elsewhere.
  if (call.node.op !== "Conv" && spare.some((t) => t < 0))
    refuse(
      `auto_pad ${mode} where nothing is to be padded, which runtimes read in two ways`,
      "an export with pads in numbers",
    );
  const totals = spare.map((t) => Math.max(0, t));
  const less = totals.map((t) => Math.floor(t / 2));
  const more = totals.map((t) => Math.ceil(t / 2));
  return mode === "SAME_UPPER"
    ? { kernel, stride, dilation, before: less, after: more }
    : { kernel, stride, dilation, before: more, after: less };
}

/** What a transposed convolution cuts off. */
function cutOf(call: Call, shape: Shape, kernel: readonly number[]): Window {
  const given = call.ints("output_shape");
  const mode = call.text("auto_pad", "NOTSET");
  if (!given && (mode === "NOTSET" || mode === "" || mode === "VALID")) return windowOf(call, shape, kernel);
  const stride = call.ints("strides") ?? kernel.map(() => 1);
  const dilation = call.ints("dilations") ?? kernel.map(() => 1);
  const more = call.ints("output_padding") ?? kernel.map(() => 0);
  call.ints("pads");
  const sizes = fixedSizes(shape.slice(2), "a size is given of an axis");
  const wanted = given?.slice(-kernel.length) ?? sizes.map((n, i) => n * (stride[i] ?? 1));
  const totals = sizes.map((n, i) => {
    const [k = 1, s = 1, d = 1] = [kernel[i], stride[i], dilation[i]];
    return s * (n - 1) + (more[i] ?? 0) + d * (k - 1) + 1 - (wanted[i] ?? 0);
  });
  if (totals.some((t) => t < 0))
    refuse(`the size [${wanted.join(", ")}] is larger than what it computes`, "pads in numbers");
  const [small, large] = [totals.map((t) => Math.floor(t / 2)), totals.map((t) => Math.ceil(t / 2))];
  const upper = mode === "SAME_UPPER";
  return { kernel, stride, dilation, before: upper ? small : large, after: upper ? large : small };
}

/** The slide as options of the language; what is the language's default is left out. */
function options(
  { kernel, stride, dilation, before, after }: Window,
  defaults: { readonly stride: readonly number[] },
): object {
  const equal = (a: readonly number[], b: readonly number[]): boolean => a.every((x, i) => x === b[i]);
  const sides = before.flatMap((b, i) => [b, after[i] ?? 0]);
  const padding = equal(before, after) ? compact(before) : sides;
  return {
    kernel: compact(kernel),
    ...(equal(stride, defaults.stride) ? {} : { stride: compact(stride) }),
    ...(sides.every((p) => p === 0) ? {} : { padding }),
    ...(dilation.every((d) => d === 1) ? {} : { dilation: compact(dilation) }),
  };
}

/** The language's layer for so many spatial axes. */
function ofRank<C extends string>(call: Call, rank: number, layers: Readonly<Record<number, C>>): C {
  return (
    layers[rank - 2] ??
    refuse(`${call.node.op} on a tensor of rank ${rank}`, "pictures [N, channels, height, width]")
  );
}

/** A weight and a bias: the layer's own where they are known, else tensors that are computed. */
function parametersOf(call: Call, weight: Value, bias: Value | undefined) {
  return {
    settings: {
      ...(weight.kind === "known" ? {} : { weight }),
      ...(bias === undefined ? { bias: false } : bias.kind === "known" ? {} : { bias }),
    },
    weights: {
      ...(weight.kind === "known" ? { weight: call.weight(weight) } : {}),
      ...(bias?.kind === "known" ? { bias: call.weight(bias) } : {}),
    },
  };
}

/** A convolution by the node's attributes. */
export function convolved(call: Call, x: Computed, weight: Value, bias: Value | undefined): Computed {
  const own = parametersOf(call, weight, bias);
  const [out = 0, , ...taps] = fixedSizes(weight.shape, "a weight");
  const kernel = call.ints("kernel_shape") ?? taps;
  if (kernel.some((k, i) => k !== taps[i]))
    refuse(`kernel_shape is [${kernel.join(", ")}], but the weight has [${taps.join(", ")}]`);
  const groups = call.int("group", 1);
  const layer = ofRank(call, x.shape.length, { 1: "conv1d", 2: "conv2d", 3: "conv3d" });
  const slide = windowOf(call, x.shape, taps);
  const settings = {
    out,
    ...options(slide, { stride: taps.map(() => 1) }),
    ...(groups === 1 ? {} : { groups }),
    ...own.settings,
  };
  return call.apply(layer, [x, settings], { weights: own.weights });
}

export const windows: Rows = {
  Conv: (call) => convolved(call, call.tensor(0), call.value(1, "the weight"), call.inputs[2]),

  /** Pads are what is cut off: given, or by the size that the result is to have. */
  ConvTranspose(call) {
    const x = call.tensor(0);
    const weight = call.value(1, "the weight");
    const own = parametersOf(call, weight, call.inputs[2]);
    const [, per = 1, ...taps] = fixedSizes(weight.shape, "a weight");
    const groups = call.int("group", 1);
    const layer = ofRank(call, x.shape.length, {
      1: "convTranspose1d",
      2: "convTranspose2d",
      3: "convTranspose3d",
    });
    call.ints("kernel_shape");
    const slide = cutOf(call, x.shape, taps);
    const more = call.ints("output_padding") ?? taps.map(() => 0);
    const settings = {
      out: per * groups,
      ...options(slide, { stride: taps.map(() => 1) }),
      ...(more.every((p) => p === 0) ? {} : { outputPadding: compact(more) }),
      ...(groups === 1 ? {} : { groups }),
      ...own.settings,
    };
    return call.apply(layer, [x, settings], { weights: own.weights });
  },

  MaxPool(call) {
    const x = call.tensor(0);
    if (call.node.outputs[1])
      refuse("its second output, the indices of maxima, is read", "an export without MaxUnpool");
    call.int("storage_order", 0);
    const layer = ofRank(call, x.shape.length, { 1: "maxPool1d", 2: "maxPool2d", 3: "maxPool3d" });
    const slide = windowOf(call, x.shape, call.ints("kernel_shape") ?? refuse("kernel_shape is missing"));
    const ceil = call.int("ceil_mode", 0) === 1;
    return call.apply(layer, [
      x,
      { ...options(slide, { stride: slide.kernel }), ...(ceil ? { ceilMode: true } : {}) },
    ]);
  },

  AveragePool(call) {
    const x = call.tensor(0);
    const layer = ofRank(call, x.shape.length, { 1: "avgPool1d", 2: "avgPool2d", 3: "avgPool3d" });
    const slide = windowOf(call, x.shape, call.ints("kernel_shape") ?? refuse("kernel_shape is missing"));
    const ceil = call.int("ceil_mode", 0) === 1;
    const padded = [...slide.before, ...slide.after].some((p) => p > 0);
    const counted = call.int("count_include_pad", 0) === 1;
    return call.apply(layer, [
      x,
      {
        ...options(slide, { stride: slide.kernel }),
        ...(ceil ? { ceilMode: true } : {}),
        ...(padded && !counted ? { countIncludePad: false } : {}),
      },
    ]);
  },

  LpPool(call) {
    const x = call.tensor(0);
    const layer = ofRank(call, x.shape.length, { 1: "lpPool1d", 2: "lpPool2d", 3: "lpPool3d" });
    const slide = windowOf(call, x.shape, call.ints("kernel_shape") ?? refuse("kernel_shape is missing"));
    const p = call.int("p", 2);
    return call.apply(layer, [
      x,
      {
        ...options(slide, { stride: slide.kernel }),
        ...(call.int("ceil_mode", 0) === 1 ? { ceilMode: true } : {}),
        ...(p === 2 ? {} : { p }),
      },
    ]);
  },

  GlobalAveragePool: (call) =>
    call.apply(
      ofRank(call, call.value(0).shape.length, {
        1: "globalAvgPool1d",
        2: "globalAvgPool2d",
        3: "globalAvgPool3d",
      }),
      [call.tensor(0)],
    ),

  GlobalMaxPool: (call) =>
    call.apply(
      ofRank(call, call.value(0).shape.length, {
        1: "globalMaxPool1d",
        2: "globalMaxPool2d",
        3: "globalMaxPool3d",
      }),
      [call.tensor(0)],
    ),
};
