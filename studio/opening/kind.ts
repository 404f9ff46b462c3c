/** What a file is to the studio, by its name. Pure. */
import { partOf } from "../tabs/train/data.ts";

/** "set": one of the four files of a data set; "array": numbers for an input. */
export type Kind = "onnx" | "model" | "weights" | "set" | "array" | "picture";

const ENDS: Readonly<Record<string, Kind>> = {
  onnx: "onnx",
  ts: "model",
  mts: "model",
  safetensors: "weights",
  npy: "array",
  idx: "array",
  ...Object.fromEntries(
    ["png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "svg", "ico"].map((end) => [end, "picture"]),
  ),
};

/** Undefined: nothing that is opened here. */
export function kindOf({ name, type }: Pick<File, "name" | "type">): Kind | undefined {
  const stem = name.toLowerCase().replace(/\.gz$/, "");
  const end = /\.([^.]*)$/.exec(stem)?.[1] ?? "";
  if (Object.hasOwn(ENDS, end)) return ENDS[end];
  if (type.startsWith("image/")) return "picture";
  if (partOf(name)) return "set";
  return /-idx\d-ubyte$/.test(stem) ? "array" : undefined;
}
