/** Ops that write, and read by rows, where whole numbers say. */
import { ops } from "../ops/index.ts";
import type { Reduction } from "../ops/scatter.ts";
import { noMore } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { settingsOf } from "./own.ts";
import type { Tensor } from "./tensor.ts";
import type { GatherNDShape } from "./types/gather.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** Options of `scatterElements`. */
export interface ScatterElementsOptions {
  /** Default −1, the last axis. */
  readonly axis?: number;
  /** What becomes of an element that is written to: "none" the last that is written, or all with what there was. Default "none". */
  readonly reduction?: Reduction;
}

/**
 * x with other elements at places along an axis: y[i, indices[i, k]] = updates[i, k]. Indices and updates have one shape. Each element of
 * the result looks through the updates of its line, in their order: where several go to one place the last counts, and an index outside
 * writes nothing. Throws `UserError` for indices that are f32, and for shapes that do not fit.
 */
export function scatterElements<S extends Shape>(
  x: Tensor<S>,
  indices: Tensor,
  updates: Tensor,
  options?: ScatterElementsOptions,
): Tensor<S>;
export function scatterElements(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, indices, updates, options] = args;
  located("", trace, () => noMore("scatterElements", args, 4));
  const settings = () => settingsOf(ops.scatterElements, options);
  return apply(ops.scatterElements, settings, [x, indices, updates], trace);
}

/**
 * x with other elements or blocks at places that rows of indices name: of indices [P, 2] and x [A, B, C] row p says which block
 * x[indices[p, 0], indices[p, 1]] becomes updates[p]. As `scatterElements` where several go to one place.
 * Throws `UserError` for indices that are f32, and for shapes that do not fit.
 */
export function scatterND<S extends Shape>(
  x: Tensor<S>,
  indices: Tensor,
  updates: Tensor,
  options?: { readonly reduction?: Reduction },
): Tensor<S>;
export function scatterND(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, indices, updates, options] = args;
  located("", trace, () => noMore("scatterND", args, 4));
  return apply(ops.scatterND, () => settingsOf(ops.scatterND, options), [x, indices, updates], trace);
}

/**
 * Elements or blocks of x at places that rows of indices name: of indices [P, 2] and x [A, B, C] y[p] = x[indices[p, 0], indices[p, 1]].
 * With `batchDims: 1` both begin with N, and each example is read by its own rows. As of `gather` an index outside reads what is
 * nearest. Throws `UserError` for indices that are f32, and for shapes that do not fit.
 */
export function gatherND<S extends Shape, I extends Shape, const B extends number = 0, Z extends 1 = 1>(
  x: Checked<Known<[...S, ...I], [B], Z>, GatherNDShape<S, I, B>, Tensor<S>>,
  indices: Tensor<I>,
  options?: { readonly batchDims?: B },
): Tensor<Result<Known<[...S, ...I], [B], Z>, GatherNDShape<S, I, B>>>;
export function gatherND(...args: readonly unknown[]): unknown {
  const trace = here();
  const [x, indices, options] = args;
  located("", trace, () => noMore("gatherND", args, 3));
  return apply(ops.gatherND, () => settingsOf(ops.gatherND, options), [x, indices], trace);
}
