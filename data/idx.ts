/**
 * The IDX format of the MNIST files (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type, the number of
 * dimensions, the dimensions as big-endian u32, the values big-endian.
 */
import { plural, UserError } from "../compiler/errors.ts";
import { showShape } from "../contract/shapes.ts";
import { product } from "./array.ts";

export interface ElementType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

/** By the type's number. */
export const TYPES: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, read: (v, at) => v.getUint8(at) },
  9: { bytes: 1, read: (v, at) => v.getInt8(at) },
  11: { bytes: 2, read: (v, at) => v.getInt16(at) },
  12: { bytes: 4, read: (v, at) => v.getInt32(at) },
  13: { bytes: 4, read: (v, at) => v.getFloat32(at) },
  14: { bytes: 8, read: (v, at) => v.getFloat64(at) },
};

/** An IDX file whose header is right and whose length fits it; `data` is what follows the header. */
export interface IdxBytes {
  /** The element type's number: 8 is unsigned bytes. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** @throws UserError where the file is not IDX or is cut off */
export function parseIdxBytes(bytes: Uint8Array, source: string): IdxBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = bytes.length >= 4 && view.getUint16(0) === 0 ? TYPES[view.getUint8(2)] : undefined;
  if (element === undefined)
    throw new UserError({
      problem: `${source} is not an IDX file`,
      rule: "IDX begins with two zero bytes, a type (8, 9, 11, 12, 13 or 14) and the number of dimensions",
      fix: "give the file as it was published, e.g. t10k-images-idx3-ubyte.gz",
    });
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (rank === 0 || bytes.length < start)
    throw new UserError({ problem: `${source} is an IDX file that is cut off inside its header` });
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = start + product(shape) * element.bytes;
  if (bytes.length !== expected)
    throw new UserError({
      problem: `${source} is ${bytes.length < expected ? "cut off" : "too long"}: ${bytes.length} ${plural(bytes.length, "byte")}`,
      rule: `its header says ${showShape(shape)}, which takes ${expected} bytes`,
      fix: "download or copy it again",
    });
  return { type: view.getUint8(2), shape, data: bytes.subarray(start) };
}
