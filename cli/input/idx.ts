/** IDX files as examples for a model, gzipped or not. */
import { gunzipSync } from "node:zlib";
import { must, UserError } from "../../compiler/errors.ts";
import { type NumberArray, product } from "./array.ts";
import { parseIdxBytes, TYPES } from "./idxBytes.ts";

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

/** @throws UserError where the file is not IDX or is cut off */
export function parseIdx(raw: Uint8Array, source: string): IdxArray {
  const { type, shape, data: bytes } = parseIdxBytes(gunzipIfNeeded(raw, source), source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = must(TYPES[type], "IDX type");
  const data = new Float32Array(product(shape));
  for (let i = 0; i < data.length; i++) data[i] = element.read(view, i * element.bytes);
  return { shape, data, bytes: type === 8 };
}
