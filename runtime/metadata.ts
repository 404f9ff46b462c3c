/** Texts beside the tensors of a safetensors file. */
import { WeftError } from "./errors.ts";
import { plainBytes, readSafetensors } from "./weights.ts";

/** The file's `__metadata__`: texts by name. Throws `WeftError` "weights" if they are no such thing. */
export function readMetadata(bytes: ArrayBuffer | Uint8Array): Record<string, string> {
  readSafetensors(bytes); // throws unless the header is sound
  const { buffer, byteOffset } = plainBytes(bytes) as Uint8Array;
  const length = Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, byteOffset + 8, length)));
  const found: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(header?.["__metadata__"] ?? {})) {
    if (typeof value !== "string")
      throw new WeftError("weights", `weights: "${name}" of __metadata__ is no text, but ${typeof value}`);
    found[name] = value;
  }
  return found;
}
