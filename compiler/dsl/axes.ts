/** Ops that add, drop, repeat, stack and turn axes, and that take blocks of pixels for channels. */
import { ops } from "../ops/index.ts";
import { noMore } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { type Identity, unaryOp } from "./layer.ts";
import { settingsOf } from "./own.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type {
  DepthToSpaceShape,
  ExpandShape,
  FlipShape,
  SpaceToDepthShape,
  SqueezeShape,
  StackShape,
  TileShape,
  UnsqueezeShape,
} from "./types/axes.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Axes } from "./types/reduce.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

type AxisList = number | readonly number[];
type ListOf<X> = X extends readonly number[] ? X : [X];
type ShapesOf<L> = { -readonly [I in keyof L]: L[I] extends Tensor<infer S> ? S : Shape };
type AllSizes<L> = L extends readonly [infer H extends Shape, ...infer T] ? [...H, ...AllSizes<T>] : [];

/** A list as the second argument, or, of a layer, the first: `tile(x, [1, 2])`. */
function withList(def: typeof ops.expand | typeof ops.tile, name: string, args: readonly unknown[]): unknown {
  const [first, second, ...more] = args;
  return isTensor(first) || second !== undefined
    ? unaryOp(def, [first, { [name]: second }, ...more])
    : unaryOp(def, [{ [name]: first }, undefined, ...more]);
}

export interface Squeeze<X extends Axes> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: SqueezeShape<In<this>, X>;
}

/**
 * x without axes of size 1: all of them, or `squeeze(x, { axis: 2 })` or a list of them.
 * Throws `UserError` where an axis has another size.
 */
export function squeeze<S extends Shape, const X extends Axes = undefined, Z extends 1 = 1>(
  x: Tensor<S>,
  options?: Checked<Known<S, [X], Z>, SqueezeShape<S, X>, { readonly axis?: X }>,
): Tensor<Result<Known<S, [X], Z>, SqueezeShape<S, X>>>;
/** The same as a layer. */
export function squeeze<const X extends Axes = undefined>(options?: { readonly axis?: X }): Squeeze<X>;
export function squeeze(...args: readonly unknown[]): unknown {
  return unaryOp(ops.squeeze, args);
}

export interface Unsqueeze<X extends AxisList> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: UnsqueezeShape<In<this>, X>;
}

/** x with axes of size 1 where the result has them: `unsqueeze(x, { axis: -1 })` turns [N, 3] into [N, 3, 1]. */
export function unsqueeze<S extends Shape, const X extends AxisList, Z extends 1 = 1>(
  x: Tensor<S>,
  options: Checked<Known<S, [...ListOf<X>], Z>, UnsqueezeShape<S, X>, { readonly axis: X }>,
): Tensor<Result<Known<S, [...ListOf<X>], Z>, UnsqueezeShape<S, X>>>;
/** The same as a layer. */
export function unsqueeze<const X extends AxisList>(options: { readonly axis: X }): Unsqueeze<X>;
export function unsqueeze(...args: readonly unknown[]): unknown {
  return unaryOp(ops.unsqueeze, args);
}

export interface Expand<R extends Shape> extends Layer {
  readonly [OPTIONS]: R;
  readonly [OUT]: ExpandShape<In<this>, R>;
}

/**
 * x repeated along axes of size 1 to a shape, as arithmetic does: `expand(x, [N, 4, 8])` turns [4, 1] into [N, 4, 8]. Nothing is stored for it.
 * Throws `UserError` where two sizes clash.
 */
export function expand<S extends Shape, const R extends Shape, Z extends 1 = 1>(
  x: Tensor<S>,
  shape: Checked<Known<S, R, Z>, ExpandShape<S, R>, R>,
): Tensor<Result<Known<S, R, Z>, ExpandShape<S, R>>>;
/** The same as a layer. */
export function expand<const R extends Shape>(shape: R): Expand<R>;
export function expand(...args: readonly unknown[]): unknown {
  return withList(ops.expand, "shape", args);
}

export interface Tile<R extends readonly number[]> extends Layer {
  readonly [OPTIONS]: R;
  readonly [OUT]: TileShape<In<this>, R>;
}

/** x behind itself so often along each axis: `tile(x, [1, 2])` turns [N, 3] into [N, 6]. The batch is repeated once. */
export function tile<S extends Shape, const R extends readonly number[], Z extends 1 = 1>(
  x: Tensor<S>,
  repeats: Checked<Known<S, R, Z>, TileShape<S, R>, R>,
): Tensor<Result<Known<S, R, Z>, TileShape<S, R>>>;
/** The same as a layer. */
export function tile<const R extends readonly number[]>(repeats: R): Tile<R>;
export function tile(...args: readonly unknown[]): unknown {
  return withList(ops.tile, "repeats", args);
}

/**
 * Tensors of one shape side by side, along a new axis, by default 1, behind the batch: `stack([a, b])` of two [N, 3] is [N, 2, 3].
 * Throws `UserError` where shapes differ.
 */
export function stack<const L extends readonly Tensor[], const X extends number = 1, Z extends 1 = 1>(
  tensors: Checked<Known<AllSizes<ShapesOf<L>>, [X], Z>, StackShape<ShapesOf<L>, X>, L>,
  options?: { readonly axis?: X },
): Tensor<Result<Known<AllSizes<ShapesOf<L>>, [X], Z>, StackShape<ShapesOf<L>, X>>>;
export function stack(...args: readonly unknown[]): unknown {
  const trace = here();
  const [tensors, options] = args;
  located("", trace, () => noMore("stack", args, 2));
  const list: readonly unknown[] = Array.isArray(tensors) ? tensors : [];
  return apply(ops.stack, () => settingsOf(ops.stack, options), list, trace);
}

export interface Flip<X extends AxisList> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: FlipShape<In<this>, X>;
}

/** x in reverse along an axis or several: `flip(x, { axis: -1 })`. */
export function flip<S extends Shape, const X extends AxisList, Z extends 1 = 1>(
  x: Tensor<S>,
  options: Checked<Known<S, [...ListOf<X>], Z>, FlipShape<S, X>, { readonly axis: X }>,
): Tensor<Result<Known<S, [...ListOf<X>], Z>, FlipShape<S, X>>>;
/** The same as a layer. */
export function flip<const X extends AxisList>(options: { readonly axis: X }): Flip<X>;
export function flip(...args: readonly unknown[]): unknown {
  return unaryOp(ops.flip, args);
}

/** Options of `roll`. */
export interface RollOptions<X = number> {
  /** How many places elements move towards the end; negative: towards the front. Those beyond come in at the other side. */
  readonly shift: number;
  /** Default −1, the last axis. */
  readonly axis?: X;
}

export interface Roll<X extends number> extends Layer {
  readonly [OPTIONS]: [X];
  readonly [OUT]: FlipShape<In<this>, X>;
}

/** x moved along an axis, by default the last, with what leaves it coming in at the other side: `roll(x, { shift: 1 })`. */
export function roll<S extends Shape, const X extends number = -1, Z extends 1 = 1>(
  x: Tensor<S>,
  options: Checked<Known<S, [X], Z>, FlipShape<S, X>, RollOptions<X>>,
): Tensor<Result<Known<S, [X], Z>, FlipShape<S, X>>>;
/** The same as a layer. */
export function roll<const X extends number = -1>(options: RollOptions<X>): Roll<X>;
export function roll(...args: readonly unknown[]): unknown {
  return unaryOp(ops.roll, args);
}

/** Options of `depthToSpace` and `spaceToDepth`. */
export interface BlockOptions<B = number> {
  /** Side of a block. */
  readonly block: B;
  /**
   * Of a channel's number, whether the place in the block is its first digits, "DCR" (ONNX's default), or the last, "CRD", as in
   * PyTorch's pixel shuffle. Default "DCR".
   */
  readonly mode?: "DCR" | "CRD";
}

export interface DepthToSpace<B extends number> extends Layer {
  readonly [OPTIONS]: [B];
  readonly [OUT]: DepthToSpaceShape<In<this>, B>;
}

/** Channels as blocks of pixels: [N, C·b², H, W] → [N, C, H·b, W·b]. With mode "CRD" it is PyTorch's pixel shuffle. */
export function depthToSpace<S extends Shape, const B extends number, Z extends 1 = 1>(
  x: Checked<Known<S, [B], Z>, DepthToSpaceShape<S, B>, Tensor<S>>,
  options: BlockOptions<B>,
): Tensor<Result<Known<S, [B], Z>, DepthToSpaceShape<S, B>>>;
/** The same as a layer. */
export function depthToSpace<const B extends number>(options: BlockOptions<B>): DepthToSpace<B>;
export function depthToSpace(...args: readonly unknown[]): unknown {
  return unaryOp(ops.depthToSpace, args);
}

export interface SpaceToDepth<B extends number> extends Layer {
  readonly [OPTIONS]: [B];
  readonly [OUT]: SpaceToDepthShape<In<this>, B>;
}

/** Blocks of pixels as channels: [N, C, H·b, W·b] → [N, C·b², H, W]. It undoes depthToSpace of the same mode. */
export function spaceToDepth<S extends Shape, const B extends number, Z extends 1 = 1>(
  x: Checked<Known<S, [B], Z>, SpaceToDepthShape<S, B>, Tensor<S>>,
  options: BlockOptions<B>,
): Tensor<Result<Known<S, [B], Z>, SpaceToDepthShape<S, B>>>;
/** The same as a layer. */
export function spaceToDepth<const B extends number>(options: BlockOptions<B>): SpaceToDepth<B>;
export function spaceToDepth(...args: readonly unknown[]): unknown {
  return unaryOp(ops.spaceToDepth, args);
}

/** Options of `triu` and `tril`. */
export interface TriangleOptions {
  /** Which diagonal still counts: 0 the main one, above 0 those above it, below 0 those below it. Default 0. */
  readonly diagonal?: number;
}

/** Throws `UserError` for tensors whose last two axes are no matrix of each example. */
export interface TriangleOp {
  <S extends Shape>(x: Tensor<S>, options?: TriangleOptions): Tensor<S>;
  (options?: TriangleOptions): Identity;
}

/** Matrices of the last two axes, with what lies below a diagonal 0: `triu(x, { diagonal: 1 })`. */
export const triu: TriangleOp = ((...args: readonly unknown[]) => unaryOp(ops.triu, args)) as TriangleOp; // the overloads are what unaryOp does
/** The same with what lies above it 0. */
export const tril: TriangleOp = ((...args: readonly unknown[]) => unaryOp(ops.tril, args)) as TriangleOp; // as above
