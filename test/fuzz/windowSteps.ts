/** Steps that slide a window over images: convolution and pooling. */
import type { Draft } from "./draft.ts";
import type { Dim, Value } from "./spec.ts";

export const size = (shape: readonly Dim[], axis: number): number => {
  const d = shape.at(axis);
  return typeof d === "number" ? d : 1;
};

/** How many axes windows slide along; 0 where it is no image. */
export const rankOf = (shape: readonly Dim[]): number =>
  shape.length >= 3 && shape.length <= 5 && shape.slice(1).every((d) => d !== "N") ? shape.length - 2 : 0;

/** One number where all are the same, now and then. */
const short = (list: readonly number[]): Value => {
  const [first = 1] = list;
  return list.every((v) => v === first) ? first : list;
};

/** Kernel, stride, padding and dilation that fit; everything beyond the kernel is left out most of the time. */
function sliding(
  draft: Draft,
  shape: readonly Dim[],
  kind: "conv" | "pool",
  most: number,
): Record<string, Value> {
  const { dice } = draft;
  const extents = shape.slice(2).map((_, i) => size(shape, i + 2));
  const options: Record<string, Value> = {};
  const form = dice.roll(6);
  const end = (side: number): number =>
    form === 1 ? 1 : form === 2 ? dice.roll(3) : form === 3 && side >= 2 ? 2 : 0;
  const padding = extents.flatMap((_, i) => [end(2 * i), end(2 * i + 1)]);
  const dilation = dice.rarely(4)
    ? extents.map((_, i) => dice.between(1, i === 0 ? 3 : 2))
    : extents.map(() => 1);
  const kernel = extents.map((n, i) => {
    const room = kind === "pool" ? n : n + (padding[2 * i] ?? 0) + (padding[2 * i + 1] ?? 0);
    const fitting = Math.floor((room - 1) / (dilation[i] ?? 1)) + 1;
    return dice.between(1, Math.min(most, fitting));
  });
  // A pooling window must hold an element of the input: padding below the kernel's size keeps it there.
  const held =
    kind === "conv" ? padding : padding.map((p, i) => Math.min(p, Math.floor((kernel[i >> 1] ?? 1) / 2)));
  options["kernel"] = dice.roll(2) === 0 ? short(kernel) : kernel;
  if (form === 5 && kind === "conv") options["padding"] = dice.pick(["same", "sameUpper"]);
  else if (held.some((p) => p > 0)) {
    const before = held.filter((_, i) => i % 2 === 0);
    options["padding"] = before.every((p, i) => p === held[2 * i + 1]) ? short(before) : held;
  }
  if (dice.rarely(3)) options["stride"] = short(extents.map(() => dice.between(1, 3)));
  // Taps of a dilated window may all fall beside the input if it is padded.
  const dilated = dilation.some((d) => d > 1) && (kind === "conv" || held.every((p) => p === 0));
  if (dilated) options["dilation"] = dilation;
  return options;
}

export const divisors = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

export function conv(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const channels = size(shape, 1);
  const options = sliding(draft, shape, "conv", shape.length > 4 ? 3 : 5);
  const groups = dice.rarely(3) ? dice.pick(divisors(channels)) : 1;
  const out = groups * dice.between(1, Math.max(1, Math.floor(9 / groups)));
  return draft.line(`conv${rankOf(shape)}d`, [x], {
    out,
    ...options,
    ...(groups > 1 ? { groups } : {}),
    ...(dice.rarely(4) ? { bias: false } : {}),
  });
}

export function convTranspose(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const extents = shape.slice(2);
  const channels = size(shape, 1);
  const groups = dice.rarely(3) ? dice.pick(divisors(channels)) : 1;
  const kernel = extents.map(() => dice.between(1, shape.length > 4 ? 2 : 4));
  const stride = extents.map(() => dice.between(1, 3));
  const dilation = dice.rarely(4) ? extents.map(() => dice.between(1, 3)) : undefined;
  // What is cut off is less than a kernel has beyond one tap, so that something is left.
  const padding = kernel.flatMap((k) => [dice.roll(k), 0]);
  return draft.line(`convTranspose${rankOf(shape)}d`, [x], {
    out: groups * dice.between(1, Math.max(1, Math.floor(6 / groups))),
    kernel: short(kernel),
    ...(dice.rarely(4) ? {} : { stride: short(stride) }),
    ...(dilation ? { dilation: short(dilation) } : {}),
    ...(padding.some((p) => p > 0) ? { padding } : {}),
    ...(dice.rarely(3) ? { outputPadding: short(extents.map(() => dice.roll(3))) } : {}),
    ...(groups > 1 ? { groups } : {}),
    ...(dice.rarely(4) ? { bias: false } : {}),
  });
}

export function maxPool(draft: Draft, x: string): string {
  const options = sliding(draft, draft.shape(x), "pool", 4);
  const ceil = draft.dice.rarely(3) && options["dilation"] === undefined;
  return draft.line(`maxPool${rankOf(draft.shape(x))}d`, [x], {
    ...options,
    ...(ceil ? { ceilMode: true } : {}),
  });
}

export function avgPool(draft: Draft, x: string): string {
  const options = sliding(draft, draft.shape(x), "pool", 4);
  return draft.line(`avgPool${rankOf(draft.shape(x))}d`, [x], {
    ...options,
    ...(draft.dice.rarely(3) && options["dilation"] === undefined ? { ceilMode: true } : {}),
    ...(draft.dice.rarely(2) && options["padding"] !== undefined ? { countIncludePad: false } : {}),
  });
}

export function lpPool(draft: Draft, x: string): string {
  const options = sliding(draft, draft.shape(x), "pool", 4);
  return draft.line(`lpPool${rankOf(draft.shape(x))}d`, [x], {
    ...options,
    ...(draft.dice.rarely(2) ? { p: draft.dice.pick([1, 3]) } : {}),
  });
}

export function adaptivePool(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const sizes = shape.slice(2).map((_, i) => dice.between(1, size(shape, i + 2)));
  const op = dice.pick(["adaptiveAvgPool", "adaptiveMaxPool"]);
  return draft.line(`${op}${rankOf(shape)}d`, [x], { size: short(sizes) });
}

export function globalPool(draft: Draft, x: string): string {
  return draft.line(`${draft.dice.pick(["globalAvgPool", "globalMaxPool"])}${rankOf(draft.shape(x))}d`, [x]);
}

/** Upwards and downwards, in the modes of pictures that onnxruntime has too. */
export function resize(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const mode = dice.pick(["nearest", "linear", "cubic"]);
  const coordinates = dice.pick(["halfPixel", "asymmetric", "alignCorners", "pytorchHalfPixel"]);
  const rounding = dice.pick(["floor", "ceil", "roundPreferFloor", "roundPreferCeil"]);
  const sizes = shape.slice(2).map((_, i) => size(shape, i + 2));
  const wanted: Record<string, Value> = dice.rarely(2)
    ? { size: sizes.map((n) => dice.between(1, Math.min(12, 2 * n))) }
    : { scale: dice.pick([2, 3, 1.5, 0.5].filter((f) => sizes.every((n) => Math.floor(n * f) >= 1))) };
  return draft.line("resize", [x], {
    ...wanted,
    mode,
    coordinates,
    ...(mode === "nearest" ? { nearest: rounding } : {}),
    ...(mode === "cubic" && dice.rarely(3) ? { excludeOutside: true } : {}),
  });
}
