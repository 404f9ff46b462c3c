/**
 * The geometry of sliding windows, shared by convolution and pooling.
 *
 *   in = out · stride + tap · dilation − padding,    out = ⌊(n + p − d·(k − 1) − 1) / s⌋ + 1
 *
 * (Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016.)
 */

import { showShape } from "../../contract/shapes.ts";
import type { Dim, TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import { add, axisIndex, scale } from "../math/affine.ts";
import { type Kind, listOf, natural, pairOf, positive } from "../options.ts";
import { fail, fixed } from "./check.ts";

/** A number for all four sides, [vertical, horizontal], [top, bottom, left, right], or "same". */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number] | "same";
/** top, bottom, left, right */
export type Sides = readonly [number, number, number, number];

/** A kernel, a stride, a dilation: one number or two. */
export const steps: Kind<readonly [number, number]> = pairOf(positive);

const fourSides = listOf(natural, 4);
const twoSides = pairOf(natural);

/** Padding in numbers. */
export const numbers: Kind<Sides> = {
  rule: "a number, [vertical, horizontal] or [top, bottom, left, right]",
  example: "0",
  read(value, place) {
    if (Array.isArray(value) && value.length === 4) return fourSides.read(value, place) as Sides; // four of them
    const [v, h] = twoSides.read(value, place);
    return [v, v, h, h];
  },
};

/** "same" keeps ⌈n / stride⌉ outputs: it pads k − 1 in all at stride 1, ⌈p/2⌉ before and ⌊p/2⌋ after. */
export const padding: Kind<Sides | "same"> = {
  ...numbers,
  read: (value, place) => (value === "same" ? value : numbers.read(value, place)),
};

/** One spatial axis of a window. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

export type WindowAttrs = {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: Sides | "same";
};

/** The extent of a dilated kernel. */
export function span(w: Window): number {
  return w.dilation * (w.kernel - 1) + 1;
}

/** The windows of both axes over an image of the given height and width, "same" resolved to numbers. */
export function windows(attrs: WindowAttrs, height: number, width: number): readonly [Window, Window] {
  const axis = (i: 0 | 1, n: number): Window => {
    const [kernel, stride, dilation] = [attrs.kernel[i], attrs.stride[i], attrs.dilation[i]];
    if (attrs.padding !== "same") {
      const [before, after] =
        i === 0 ? [attrs.padding[0], attrs.padding[1]] : [attrs.padding[2], attrs.padding[3]];
      return { kernel, stride, dilation, before, after };
    }
    const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + dilation * (kernel - 1) + 1 - n);
    return { kernel, stride, dilation, before: Math.ceil(total / 2), after: Math.floor(total / 2) };
  };
  return [axis(0, height), axis(1, width)];
}

/** Number of window positions. With `ceil`, one more that starts inside the input or its leading padding. */
export function positions(n: number, w: Window, ceil = false): number {
  const free = n + w.before + w.after - span(w);
  if (!ceil) return Math.floor(free / w.stride) + 1;
  const count = Math.ceil(free / w.stride) + 1;
  return (count - 1) * w.stride >= n + w.before ? count - 1 : count;
}

/** Checks that the kernel fits, with the rule's numbers. */
export function checkFits(op: string, x: TensorType, ws: readonly [Window, Window]): void {
  const [h, w] = spatial(op, x);
  [h, w].forEach((n, i) => {
    const win = must(ws[i], "window");
    if (span(win) <= n + win.before + win.after) return;
    const side = i === 0 ? "height" : "width";
    const dilated = win.dilation > 1 ? ` (dilation ${win.dilation} makes it ${span(win)})` : "";
    fail(
      `${op} cannot place a ${ws[0].kernel}×${ws[1].kernel} kernel on ${showShape(x.shape)}`,
      `kernel ≤ input + padding in ${side}, but ${win.kernel}${dilated} > ${n} + ${win.before} + ${win.after}`,
      `a kernel of at most ${Math.floor((n + win.before + win.after - 1) / win.dilation) + 1} or more padding`,
    );
  });
}

/** Height and width of [N, C, H, W]. */
export function spatial(op: string, x: TensorType): readonly [number, number] {
  const [h, w] = x.shape.slice(-2);
  return [fixed(op, h, "the height"), fixed(op, w, "the width")];
}

/** out · stride + tap · dilation − padding */
export function windowIndex(out: Axis, tap: Axis, w: Window): Index {
  return add(scale(axisIndex(out), w.stride), scale(axisIndex(tap), w.dilation), -w.before);
}

/** `⌊(28 + 2·2 − 5)/1⌋ + 1 = 28`, for both axes where they differ. */
export function formula(
  n: readonly [Dim, Dim],
  ws: readonly [Window, Window],
  out: readonly Dim[],
  ceil = false,
): string {
  const one = (i: 0 | 1): string => {
    const w = ws[i];
    const padding =
      w.before + w.after === 0
        ? ""
        : w.before === w.after
          ? ` + 2·${w.before}`
          : ` + ${w.before} + ${w.after}`;
    const size = w.dilation === 1 ? `${w.kernel}` : `${w.dilation}·(${w.kernel} − 1) − 1`;
    const [open, close] = ceil ? ["⌈", "⌉"] : ["⌊", "⌋"];
    return `${open}(${n[i]}${padding} − ${size})/${w.stride}${close} + 1 = ${out[i]}`;
  };
  const [h, w] = [one(0), one(1)];
  return h === w ? h : `${h}; ${w}`;
}

/** `5×5, stride 2, padding 2, dilation 2`, defaults left out. */
export function describeWindow(attrs: WindowAttrs, defaultStride: readonly [number, number]): string {
  const both = (p: readonly [number, number]): string => (p[0] === p[1] ? `${p[0]}` : `${p[0]}×${p[1]}`);
  const parts = [`${attrs.kernel[0]}×${attrs.kernel[1]}`];
  if (attrs.stride[0] !== defaultStride[0] || attrs.stride[1] !== defaultStride[1])
    parts.push(`stride ${both(attrs.stride)}`);
  if (attrs.padding === "same") parts.push("padding same");
  else if (attrs.padding.some((p) => p > 0)) {
    const [t, b, l, r] = attrs.padding;
    parts.push(`padding ${t === b && l === r ? both([t, l]) : `${t},${b},${l},${r}`}`);
  }
  if (attrs.dilation.some((d) => d > 1)) parts.push(`dilation ${both(attrs.dilation)}`);
  return parts.join(", ");
}
