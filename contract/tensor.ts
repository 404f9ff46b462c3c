/** Tensors in main memory: flat typed arrays in row-major order, and their shapes. */
import type { DType } from "./type.ts";

/** The elements of a tensor. */
export type TensorData = Float32Array | Int32Array | Uint32Array;

/** Elements row by row, and their shape. */
export interface Tensor<Data extends TensorData = TensorData> {
  readonly shape: readonly number[];
  readonly data: Data;
}

export const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } satisfies Record<
  DType,
  unknown
>;

export function dtypeOf(data: unknown): DType | undefined {
  for (const dtype in ARRAYS) if (data instanceof ARRAYS[dtype as DType]) return dtype as DType;
  return undefined;
}

/** `Promise`, `Array`, `DataView`, `String`: what a message calls a value of another kind than was wanted. */
export function kindOf(value: unknown): string {
  return value == null ? `${value}` : Object.prototype.toString.call(value).slice(8, -1);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** The elements with the axes laid out in `order`, outermost first (`ParamSpec.order`). */
export function permute<T extends TensorData>(
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const out = data.slice() as T; // the same kind of array
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  let to = 0;
  // A call for each row, not for each element. Without axes nothing is walked: the copy is the result.
  const walk = (depth: number, from: number): void => {
    const axis = order[depth] as number;
    const isRow = depth > order.length - 2;
    for (let left = shape[axis] as number; left--; from += strides[axis] as number)
      if (isRow) out[to++] = data[from] as number;
      else walk(depth + 1, from);
  };
  walk(0, 0);
  return out;
}

/** The elements in row-major order of `shape`, which lie in memory with their axes in `order`. */
export function unpermute<T extends TensorData>(
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const inverse = shape.map((_, axis) => order.indexOf(axis));
  return permute(
    data,
    order.map((axis) => shape[axis] as number),
    inverse,
  );
}

/** FNV-1a over UTF-16 code units. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Of a parameter that is compiled in: its shape and its f32 values, as JavaScript prints them. */
export const digestOf = ({ shape, data }: Tensor): number => hash(`${shape};${data}`);
