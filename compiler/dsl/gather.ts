/** Ops that read where whole numbers say. */

import { ops } from "../ops/index.ts";
import type { InitRequest } from "../ops/init.ts";
import { noMore } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { unaryOp } from "./layer.ts";
import { settingsOf } from "./own.ts";
import type { Tensor } from "./tensor.ts";
import type { EmbeddingShape, GatherShape } from "./types/gather.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/**
 * Elements of x along an axis, by default the first that is not N: `gather(x, indices, { axis: 1 })`. The sizes of the indices,
 * an input of dtype "i32" or "u32", take the axis's place. Where both have N, each example is read by its own
 * indices. A negative index reads the first element, one that is too large the last; `weft run`, bundles and the load of
 * weftgpu/sized refuse an input that holds one.
 *
 * Throws `UserError` for indices that are f32, for the batch's axis, and where N would not be the first size.
 */
export function gather<
  S extends Shape,
  I extends Shape,
  const X extends number | undefined = undefined,
  Z extends 1 = 1,
>(
  x: Checked<Known<[...S, ...I], [X], Z>, GatherShape<S, I, X>, Tensor<S>>,
  indices: Tensor<I>,
  options?: { readonly axis?: X },
): Tensor<Result<Known<[...S, ...I], [X], Z>, GatherShape<S, I, X>>>;
export function gather(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, indices, options] = args;
  located("", trace, () => noMore("gather", args, 3));
  return apply(ops.gather, () => settingsOf(ops.gather, options), [x, indices], trace);
}

/** Options of a table of rows. */
export interface EmbeddingOptions<C = number, D = number> {
  /** Rows of the table. */
  readonly count: C;
  /** Numbers of a row. */
  readonly size: D;
  /** A tensor [count, size]. Default: a parameter of the layer's own. */
  readonly weight?: Tensor;
  /** How the layer's own table starts. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export interface Embedding<D extends number> extends Layer {
  readonly [OPTIONS]: [D];
  readonly [OUT]: EmbeddingShape<In<this>, D>;
}

/**
 * Rows of a table of the layer's own, by their numbers: [N, T] → [N, T, size]. The numbers are an input of dtype "i32" or "u32". A
 * negative one reads the first row, one that is too large the last; `weft run`, bundles and the load of weftgpu/sized refuse an
 * input that holds one. The gradient of the table costs as much as that of a dense layer from `count` features.
 */
export function embedding<S extends Shape, const D extends number, Z extends 1 = 1>(
  indices: Tensor<S>,
  options: EmbeddingOptions<number, D>,
): Tensor<Result<Known<S, [D], Z>, EmbeddingShape<S, D>>>;
/** The same as a layer. It has one table, wherever it is applied. */
export function embedding<const D extends number>(options: EmbeddingOptions<number, D>): Embedding<D>;
export function embedding(...args: readonly unknown[]): unknown {
  return unaryOp(ops.embedding, args);
}
