/**
 * Tensor types. A dimension is a number, or a size that a run decides: "N", the batch, which has no bound and is always the
 * outermost, or one with a bound. What lies in memory has room for the bound, so a size changes loop bounds and grids only.
 */

export type DType = "f32" | "u32" | "i32";
/** A size that a run decides, and the most that it can be. In a model equal ones are one object. */
export type Size = { readonly name: string; readonly max: number };
export type Dim = number | "N" | Size;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A count that is linear in the batch size: `fixed + perBatch · N`. */
export interface Count {
  readonly fixed: number;
  readonly perBatch: number;
}

/** `[2, 6, 28, 28]` */
export const showSizes = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;

/** Bytes of a buffer: whole vectors of 16, one at least. */
export const bytesAt = ({ fixed, perBatch }: Count, batch: number): number =>
  Math.ceil(Math.max(1, fixed + perBatch * batch) / 16) * 16;

/** The numbers of a shape at a batch size, where no other size occurs. */
export const shapeAt = (shape: readonly (Dim | string)[], batch: number): number[] =>
  shape.map((d) => (d === "N" ? batch : (d as number)));
