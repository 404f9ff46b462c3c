/** IDX files as examples for a model, gzipped or not. */
import { constants, gunzipSync } from "node:zlib";
import { must, UserError } from "../../compiler/errors.ts";
import type { DType } from "../../contract/type.ts";
import { type NumberArray, numbers, product } from "../../data/array.ts";
import { parseIdxBytes, TYPES } from "../../data/idx.ts";

export function isIdxName(path: string): boolean {
  return /idx\d?(-ubyte)?(\.gz)?$/i.test(path) || /-ubyte(\.gz)?$/i.test(path);
}

/** Bytes that a file may unpack to. EMNIST's largest, of 697,932 pictures, has 547 MB. */
const MOST_UNPACKED = 2 ** 30;
/** Compressed bytes that hold the header of any IDX file in use; they unpack to half a megabyte at most. */
const HEAD = 512;

/** The whole file's length by its header; undefined where the bytes begin no IDX file. */
function lengthByHeader(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = bytes.length >= 4 && view.getUint16(0) === 0 ? TYPES[view.getUint8(2)] : undefined;
  const rank = bytes[3] ?? 0;
  if (!element || bytes.length < 4 + 4 * rank) return undefined;
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  return 4 + 4 * rank + product(shape) * element.bytes;
}

/**
 * The bytes, unpacked where they are a gzip stream. No more is unpacked than an IDX header promises, and of anything
 * else the beginning alone: a small file cannot fill the memory.
 * @throws UserError where the gzip stream is broken, or holds more than it says
 */
export function gunzipIfNeeded(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const head = gunzipSync(bytes.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH });
    const length = lengthByHeader(head);
    if (length === undefined) return bytes.length > HEAD ? head : gunzipSync(bytes);
    return gunzipSync(bytes, { maxOutputLength: Math.min(MOST_UNPACKED, length) });
  } catch (error) {
    throw new UserError(
      error instanceof RangeError
        ? {
            problem: `${source} unpacks to more than its header says, or to more than ${MOST_UNPACKED} bytes`,
            rule: "no more is unpacked than the header of an IDX file promises",
            fix: "download or copy it again",
          }
        : {
            problem: `${source} is a broken gzip file: ${error instanceof Error ? error.message : error}`,
            fix: "download or copy it again; it may have been cut off",
          },
    );
  }
}

/** @throws UserError where the file is not IDX, is cut off, or holds numbers that an input of the type does not */
export function parseIdx(raw: Uint8Array, source: string, dtype: DType = "f32"): NumberArray {
  const { type, shape, data: bytes } = parseIdxBytes(gunzipIfNeeded(raw, source), source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = must(TYPES[type], "IDX type");
  const data = numbers(dtype, product(shape), (i) => element.read(view, i * element.bytes), source);
  return { shape, data, bytes: type === 8 };
}
