/**
 * The geometry of sliding windows over any number of axes, shared by convolution and pooling. Of each axis:
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
import { eachOf, type Kind, listOf, natural, positive } from "../options.ts";
import { fail, fixed, rank } from "./check.ts";

/** How many axes a window slides along. */
export type Rank = 1 | 2 | 3;

interface Words {
  /** The axes, outermost first. */
  readonly axes: readonly string[];
  /** Padding of an axis' both ends. */
  readonly both: readonly string[];
  /** Padding of each end. */
  readonly ends: readonly string[];
  /** Of a kernel's taps. */
  readonly taps: readonly string[];
}

/** What the axes are called. */
export const words: Readonly<Record<Rank, Words>> = {
  1: { axes: ["length"], both: ["both ends"], ends: ["before", "after"], taps: ["kw"] },
  2: {
    axes: ["height", "width"],
    both: ["vertical", "horizontal"],
    ends: ["top", "bottom", "left", "right"],
    taps: ["kh", "kw"],
  },
  3: {
    axes: ["depth", "height", "width"],
    both: ["depth", "vertical", "horizontal"],
    ends: ["front", "back", "top", "bottom", "left", "right"],
    taps: ["kd", "kh", "kw"],
  },
};

/** A number for all axes, or one for each: [height, width]. */
export type Steps = number | readonly number[];

/**
 * A number for all ends, a number for each axis ([vertical, horizontal]), one for each end ([top, bottom, left, right]), or
 * words: "same" and "sameUpper" keep ⌈n / stride⌉ places.
 */
export type Padding = Steps | SameWord;
/** Where the total of the padding is odd, "same" has the larger half before, "sameUpper" after. */
export type SameWord = "same" | "sameUpper";
/** Before and after each axis: top, bottom, left, right. */
export type Ends = readonly number[];
/** top, bottom, left, right */
export type Sides = readonly [number, number, number, number];

/** A kernel, a stride, a dilation. */
export const steps: Readonly<Record<Rank, Kind<readonly number[]>>> = {
  1: eachOf(positive, words[1].axes),
  2: eachOf(positive, words[2].axes),
  3: eachOf(positive, words[3].axes),
};

function endsOf(rank: Rank): Kind<Ends> {
  const { axes, both, ends } = words[rank];
  const [each, twice] = [listOf(natural, ends.length), eachOf(natural, axes)];
  return {
    rule: `a number, ${rank === 1 ? "" : `[${both.join(", ")}] `}or [${ends.join(", ")}]`,
    example: "0",
    read(value, place) {
      if (Array.isArray(value) && value.length === ends.length) return each.read(value, place);
      return twice.read(value, place).flatMap((p) => [p, p]);
    },
  };
}

/** Padding in numbers. */
export const ends: Readonly<Record<Rank, Kind<Ends>>> = { 1: endsOf(1), 2: endsOf(2), 3: endsOf(3) };
/** Padding of pictures in numbers. */
export const numbers: Kind<Sides> = {
  ...ends[2],
  read: (value, place) => ends[2].read(value, place) as unknown as Sides, // four of them
};

const isSame = (value: unknown): value is SameWord => value === "same" || value === "sameUpper";

/** "same" keeps ⌈n / stride⌉ places: it pads k − 1 in all at stride 1, ⌈p/2⌉ before and ⌊p/2⌋ after. */
export function padding(rank: Rank): Kind<Ends | SameWord> {
  return { ...ends[rank], read: (value, place) => (isSame(value) ? value : ends[rank].read(value, place)) };
}

/** So many times a value. */
export const all = (count: number, value: number): readonly number[] =>
  Array.from({ length: count }, () => value);

/** One spatial axis of a window. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

export type WindowAttrs = {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Ends | SameWord;
};

/** The extent of a dilated kernel. */
export function span(w: Window): number {
  return w.dilation * (w.kernel - 1) + 1;
}

/** The windows of all axes over an image of the given sizes, "same" resolved to numbers. */
export function windows(attrs: WindowAttrs, sizes: readonly number[]): readonly Window[] {
  return sizes.map((n, i) => {
    const of = (list: readonly number[]): number => must(list[i], "a number of each axis");
    const [kernel, stride, dilation] = [of(attrs.kernel), of(attrs.stride), of(attrs.dilation)];
    const [before, after] = isSame(attrs.padding)
      ? halves(
          Math.max(0, (Math.ceil(n / stride) - 1) * stride + dilation * (kernel - 1) + 1 - n),
          attrs.padding,
        )
      : [must(attrs.padding[2 * i], "padding"), must(attrs.padding[2 * i + 1], "padding")];
    return { kernel, stride, dilation, before, after };
  });
}

/** A padding in all, as what stands before and after. */
export function halves(total: number, word: SameWord): readonly [before: number, after: number] {
  const [large, small] = [Math.ceil(total / 2), Math.floor(total / 2)];
  return word === "same" ? [large, small] : [small, large];
}

/** Number of window positions. With `ceil`, one more that starts inside the input or its leading padding. */
export function positions(n: number, w: Window, ceil = false): number {
  const free = n + w.before + w.after - span(w);
  if (!ceil) return Math.floor(free / w.stride) + 1;
  const count = Math.ceil(free / w.stride) + 1;
  return (count - 1) * w.stride >= n + w.before ? count - 1 : count;
}

/** Checks that the kernel fits, with the rule's numbers. */
export function checkFits(op: string, x: TensorType, ws: readonly Window[]): void {
  const names = words[ws.length as Rank].axes; // as many as the op has axes
  spatial(op, x, ws.length as Rank).forEach((n, i) => {
    const win = must(ws[i], "window");
    if (span(win) <= n + win.before + win.after) return;
    const dilated = win.dilation > 1 ? ` (dilation ${win.dilation} makes it ${span(win)})` : "";
    fail(
      `${op} cannot place a ${ws.map((w) => w.kernel).join("×")} kernel on ${showShape(x.shape)}`,
      `kernel ≤ input + padding in ${names[i]}, but ${win.kernel}${dilated} > ${n} + ${win.before} + ${win.after}`,
      `a kernel of at most ${Math.floor((n + win.before + win.after - 1) / win.dilation) + 1} or more padding`,
    );
  });
}

/** The sizes along which windows slide: the last ones, as many as `rank`. */
export function spatial(op: string, x: TensorType, rank: Rank): readonly number[] {
  return x.shape.slice(-rank).map((d, i) => fixed(op, d, `the ${words[rank].axes[i]}`));
}

/** Checks that it is [N, channels, …] with as many axes as windows slide along. */
export function needsImage(op: string, x: TensorType, axes: Rank): void {
  rank(op, x, axes + 2, `[N, channels, ${words[axes].axes.join(", ")}]`);
}

/** out · stride + tap · dilation − padding */
export function windowIndex(out: Axis, tap: Axis, w: Window): Index {
  return add(scale(axisIndex(out), w.stride), scale(axisIndex(tap), w.dilation), -w.before);
}

/** The same of all axes. */
export function windowIndices(
  at: readonly Axis[],
  taps: readonly Axis[],
  ws: readonly Window[],
): readonly Index[] {
  return ws.map((w, i) => windowIndex(must(at[i], "position"), must(taps[i], "tap"), w));
}

/** `⌊(28 + 2·2 − 5)/1⌋ + 1 = 28`, for each axis where they differ. */
export function formula(
  sizes: readonly Dim[],
  ws: readonly Window[],
  out: readonly Dim[],
  ceil = false,
): string {
  const each = ws.map((w, i) => {
    const padding =
      w.before + w.after === 0
        ? ""
        : w.before === w.after
          ? ` + 2·${w.before}`
          : ` + ${w.before} + ${w.after}`;
    const size = w.dilation === 1 ? `${w.kernel}` : `${w.dilation}·(${w.kernel} − 1) − 1`;
    const [open, close] = ceil ? ["⌈", "⌉"] : ["⌊", "⌋"];
    return `${open}(${sizes[i]}${padding} − ${size})/${w.stride}${close} + 1 = ${out[i]}`;
  });
  return allOrEach(each, "; ");
}

/** What all entries are, or each of them. */
export function allOrEach<T extends string | number>(list: readonly T[], between: string): string {
  return new Set(list).size === 1 ? `${list[0]}` : list.join(between);
}

/** `5×5, stride 2, padding 2, dilation 2`, defaults left out. */
export function describeWindow(attrs: WindowAttrs, defaultStride: readonly number[]): string {
  const parts = [attrs.kernel.join("×")];
  if (attrs.stride.some((s, i) => s !== defaultStride[i]))
    parts.push(`stride ${allOrEach(attrs.stride, "×")}`);
  if (isSame(attrs.padding)) parts.push(`padding ${attrs.padding}`);
  else if (attrs.padding.some((p) => p > 0)) parts.push(`padding ${describeEnds(attrs.padding)}`);
  if (attrs.dilation.some((d) => d > 1)) parts.push(`dilation ${allOrEach(attrs.dilation, "×")}`);
  return parts.join(", ");
}

/** `1`, `1×2`, or `1,0,0,2`. */
export function describeEnds(ends: Ends): string {
  const before = ends.filter((_, i) => i % 2 === 0);
  return before.every((p, i) => p === ends[2 * i + 1]) ? allOrEach(before, "×") : ends.join(",");
}
