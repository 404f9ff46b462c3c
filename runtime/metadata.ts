/** Texts beside the tensors of a safetensors file. */
import { checkTexts, plainBytes, readSafetensors } from "../contract/weights.ts";

/** The file's `__metadata__`: texts by name. Throws `WeftError` "weights" if they are no such thing. */
export function readMetadata(bytes: ArrayBuffer | Uint8Array): Record<string, string> {
  readSafetensors(bytes); // throws unless the header is sound
  return metadataIn(bytes);
}

/** The same, of a file whose tensors have been read, in whichever types they are. */
export function metadataIn(bytes: ArrayBuffer | Uint8Array): Record<string, string> {
  const { buffer, byteOffset } = plainBytes(bytes) as Uint8Array;
  const length = Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, byteOffset + 8, length)));
  return Object.assign(Object.create(null), Object.fromEntries(checkTexts(header?.["__metadata__"] ?? {})));
}
