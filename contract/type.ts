/**
 * Tensor types. A dimension is a number, or "N": the batch, the one symbolic dimension of a model.
 * The batch is always the outermost dimension, so its size changes loop bounds and grid sizes only.
 */

export type DType = "f32" | "u32" | "i32";
export type Dim = number | "N";
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

/** `[N, 6, 28, 28]` */
export function showShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}

/** Bytes of a buffer: whole vectors of 16, one at least. */
export const bytesAt = ({ fixed, perBatch }: Count, batch: number): number =>
  Math.max(16, Math.ceil((fixed + perBatch * batch) / 16) * 16);

/** The numbers of a shape at a batch size. */
export const shapeAt = (shape: Shape, batch: number): number[] => shape.map((d) => (d === "N" ? batch : d));
