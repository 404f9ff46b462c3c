/** Resizing: as ONNX has it, and as one says it. */

import type { Coordinates, ResizeMode, Rounding } from "../ops/index.ts";
import { ops } from "../ops/index.ts";
import { flag, type Kind, kindOf, noMore, oneOf, optional, otherwise, takes } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { makeLayer, unaryOp } from "./layer.ts";
import { type Settings, settingsOf } from "./own.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { ResizeShape, Wanted } from "./types/resize.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** How large the result is: one of the two. */
interface Sizes<Size, Scale> {
  /** A number for every axis behind [N, channels], or a list for the last axes. */
  readonly size?: Size;
  /** Factors in place of sizes: sizes are multiplied and rounded down. */
  readonly scale?: Scale;
}

/** Options of `resize`. */
export interface ResizeOptions<Size = Wanted, Scale = Wanted> extends Sizes<Size, Scale> {
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /** Where the coordinates of the result lie in the original, as ONNX's Resize names it. Default "halfPixel". */
  readonly coordinates?: Coordinates;
  /** Of mode "nearest", how coordinates are rounded. Default "roundPreferFloor". */
  readonly nearest?: Rounding;
  /** Of mode "cubic", a of its kernel. Default −0.75. */
  readonly cubicCoefficient?: number;
  /** Of mode "cubic": what lies outside has no weight. Default false: it is the nearest element. */
  readonly excludeOutside?: boolean;
}

/** Options of `upsample`. */
export interface UpsampleOptions<Size = Wanted, Scale = Wanted> extends Sizes<Size, Scale> {
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /** Of modes "linear" and "cubic": whether the corners of both lie on each other. Default false. */
  readonly alignCorners?: boolean;
}

/** A layer that resizes. */
export interface Resize<Size, Scale> extends Layer {
  readonly [OPTIONS]: [Size, Scale];
  readonly [OUT]: ResizeShape<In<this>, Size, Scale>;
}

/**
 * The last axes at other sizes, by interpolation: [N, C, H, W] → [N, C, H′, W′]. `size: [h, w]` or `scale: 2`. Coordinates,
 * rounding and kernels are those of ONNX's Resize, without antialiasing: a smaller result reads as many elements as a larger one.
 * Throws `UserError`: neither size nor scale, or both; more numbers than axes; an axis whose size a run decides.
 */
export function resize<
  S extends Shape,
  const Size extends Wanted = undefined,
  const Scale extends Wanted = undefined,
  Z extends 1 = 1,
>(
  x: Tensor<S>,
  options: Checked<Known<S, [Size, Scale], Z>, ResizeShape<S, Size, Scale>, ResizeOptions<Size, Scale>>,
): Tensor<Result<Known<S, [Size, Scale], Z>, ResizeShape<S, Size, Scale>>>;
/** The same as a layer. */
export function resize<const Size extends Wanted = undefined, const Scale extends Wanted = undefined>(
  options: ResizeOptions<Size, Scale>,
): Resize<Size, Scale>;
export function resize(...args: readonly unknown[]): unknown {
  return unaryOp(ops.resize, args);
}

const anything: Kind<unknown> = optional(
  kindOf("given", "2", (value): value is unknown => value !== undefined),
);
const read = takes("upsample", {
  size: anything, // `resize` says what they may be
  scale: anything,
  mode: otherwise<ResizeMode>(oneOf(["nearest", "linear", "cubic"]), "nearest"),
  alignCorners: otherwise(flag, false),
});

/** What PyTorch's modes of these names are in terms of ONNX. */
function asResize(options: unknown): Settings {
  const { mode, alignCorners, ...sizes } = read(options);
  const coordinates =
    mode === "nearest" ? "asymmetric" : alignCorners ? "alignCorners" : ("halfPixel" as const);
  return settingsOf(ops.resize, { ...sizes, mode, coordinates, nearest: "floor" });
}

/**
 * The last axes at other sizes, as PyTorch's `Upsample` does it: `upsample(x, { scale: 2 })`, `upsample(x, { size: [64, 48],
 * mode: "linear" })`. Modes are "nearest", "linear" (along all axes: bilinear of pictures) and "cubic".
 * Throws `UserError` as `resize` does.
 */
export function upsample<
  S extends Shape,
  const Size extends Wanted = undefined,
  const Scale extends Wanted = undefined,
  Z extends 1 = 1,
>(
  x: Tensor<S>,
  options: Checked<Known<S, [Size, Scale], Z>, ResizeShape<S, Size, Scale>, UpsampleOptions<Size, Scale>>,
): Tensor<Result<Known<S, [Size, Scale], Z>, ResizeShape<S, Size, Scale>>>;
/** The same as a layer. */
export function upsample<const Size extends Wanted = undefined, const Scale extends Wanted = undefined>(
  options: UpsampleOptions<Size, Scale>,
): Resize<Size, Scale>;
export function upsample(...args: readonly unknown[]): unknown {
  const trace = here();
  const [first, second] = args;
  located("", trace, () => noMore("upsample", args, 2));
  if (isTensor(first) || second !== undefined)
    return apply(ops.resize, () => asResize(second), [first], trace);
  const settings = located("", trace, () => asResize(first));
  return makeLayer("upsample", (x) => apply(ops.resize, () => settings, [x], trace));
}
