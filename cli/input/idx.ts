/**
 * The IDX format of the MNIST files (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type, the number of
 * dimensions, the dimensions as big-endian u32, the values big-endian.
 */
import { gunzipSync } from "node:zlib";
import { must, UserError } from "../../compiler/errors.ts";
import { showShape } from "../../compiler/ir/type.ts";
import { type NumberArray, product } from "./array.ts";

interface ElementType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

const TYPES: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, read: (v, at) => v.getUint8(at) },
  9: { bytes: 1, read: (v, at) => v.getInt8(at) },
  11: { bytes: 2, read: (v, at) => v.getInt16(at) },
  12: { bytes: 4, read: (v, at) => v.getInt32(at) },
  13: { bytes: 4, read: (v, at) => v.getFloat32(at) },
  14: { bytes: 8, read: (v, at) => v.getFloat64(at) },
};

/** Bytes of pixels; the whole file, or the rows that `rows` picks from the first dimension. */
export interface IdxArray extends NumberArray {
  /** Whether the file holds unsigned bytes: pixels from 0 to 255. */
  readonly bytes: boolean;
}

export function isIdxName(path: string): boolean {
  return /idx\d?(-ubyte)?(\.gz)?$/i.test(path) || /-ubyte(\.gz)?$/i.test(path);
}

/** @throws UserError where the gzip stream is broken */
export function gunzipIfNeeded(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new UserError({
      problem: `${source} is a broken gzip file: ${error instanceof Error ? error.message : error}`,
      fix: "download or copy it again; it may have been cut off",
    });
  }
}

/** An IDX file whose header is right and whose length fits it; `data` is what follows the header. */
export interface IdxBytes {
  /** The element type's number: 8 is unsigned bytes. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** @throws UserError where the file is not IDX or is cut off */
export function parseIdxBytes(raw: Uint8Array, source: string): IdxBytes {
  const bytes = gunzipIfNeeded(raw, source);
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
      problem: `${source} is ${bytes.length < expected ? "cut off" : "too long"}: ${bytes.length} bytes`,
      rule: `its header says ${showShape(shape)}, which takes ${expected} bytes`,
      fix: "download or copy it again",
    });
  return { type: view.getUint8(2), shape, data: bytes.subarray(start) };
}

/** @throws UserError where the file is not IDX or is cut off */
export function parseIdx(raw: Uint8Array, source: string): IdxArray {
  const { type, shape, data: bytes } = parseIdxBytes(raw, source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = must(TYPES[type], "IDX type");
  const data = new Float32Array(product(shape));
  for (let i = 0; i < data.length; i++) data[i] = element.read(view, i * element.bytes);
  return { shape, data, bytes: type === 8 };
}
