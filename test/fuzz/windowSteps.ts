/** Steps that slide a window over images: convolution and pooling. */
import type { Draft } from "./draft.ts";
import type { Dim, Value } from "./spec.ts";

export const size = (shape: readonly Dim[], axis: number): number => {
  const d = shape.at(axis);
  return typeof d === "number" ? d : 1;
};

interface Sliding {
  readonly options: Record<string, Value>;
  readonly spans: readonly [number, number];
}

/** Kernel, stride, padding and dilation that fit; everything beyond the kernel is left out most of the time. */
function sliding(draft: Draft, shape: readonly Dim[], kind: "conv" | "pool", most: number): Sliding {
  const { dice } = draft;
  const extents = [size(shape, -2), size(shape, -1)];
  const options: Record<string, Value> = {};
  const form = dice.roll(6);
  const around = (): number => dice.roll(3);
  const padding: readonly number[] =
    form === 1
      ? [1, 1, 1, 1]
      : form === 2
        ? [around(), around(), around(), around()]
        : form === 3
          ? [0, 0, 2, 2]
          : [0, 0, 0, 0];
  const dilation = dice.rarely(4) ? [dice.between(1, 3), dice.between(1, 2)] : [1, 1];
  const kernel = extents.map((n, i) => {
    const room = kind === "pool" ? n : n + (padding[2 * i] ?? 0) + (padding[2 * i + 1] ?? 0);
    const fitting = Math.floor((room - 1) / (dilation[i] ?? 1)) + 1;
    return dice.between(1, Math.min(most, fitting));
  });
  // A pooling window must hold an element of the input: padding below the kernel's size keeps it there.
  const held =
    kind === "conv" ? padding : padding.map((p, i) => Math.min(p, Math.floor((kernel[i >> 1] ?? 1) / 2)));
  const [kh = 1, kw = 1] = kernel;
  options["kernel"] = kh === kw && dice.roll(2) === 0 ? kh : [kh, kw];
  if (form === 5 && kind === "conv") options["padding"] = "same";
  else if (held.some((p) => p > 0)) {
    const [t = 0, b = 0, l = 0, r = 0] = held;
    options["padding"] = t === b && l === r ? (t === l ? t : [t, l]) : [t, b, l, r];
  }
  if (dice.rarely(3)) {
    const s = [dice.between(1, 3), dice.between(1, 3)] as const;
    options["stride"] = s[0] === s[1] ? s[0] : s;
  }
  // Taps of a dilated window may all fall beside the input if it is padded.
  const dilated = dilation.some((d) => d > 1) && (kind === "conv" || held.every((p) => p === 0));
  if (dilated) options["dilation"] = dilation;
  return { options, spans: [kh, kw] };
}

export const divisors = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

export function conv(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const channels = size(shape, 1);
  const { options } = sliding(draft, shape, "conv", 5);
  const groups = dice.rarely(3) ? dice.pick(divisors(channels)) : 1;
  const out = groups * dice.between(1, Math.max(1, Math.floor(9 / groups)));
  return draft.line("conv2d", [x], {
    out,
    ...options,
    ...(groups > 1 ? { groups } : {}),
    ...(dice.rarely(4) ? { bias: false } : {}),
  });
}

export function maxPool(draft: Draft, x: string): string {
  const { options } = sliding(draft, draft.shape(x), "pool", 4);
  const ceil = draft.dice.rarely(3) && options["dilation"] === undefined;
  return draft.line("maxPool2d", [x], { ...options, ...(ceil ? { ceilMode: true } : {}) });
}

export function avgPool(draft: Draft, x: string): string {
  const { dilation: _, ...options } = sliding(draft, draft.shape(x), "pool", 4).options;
  return draft.line("avgPool2d", [x], {
    ...options,
    ...(draft.dice.rarely(3) ? { ceilMode: true } : {}),
    ...(draft.dice.rarely(2) && options["padding"] !== undefined ? { countIncludePad: false } : {}),
  });
}
