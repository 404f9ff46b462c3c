/** Sizes that an ONNX file leaves open, read off the arrays that a run is given. */
import { extname } from "node:path";
import { type Dims, inputsOf } from "../../compiler/onnx/index.ts";
import { parseJson } from "../../data/json.ts";
import { parseNpy } from "../../data/npy.ts";
import { readBytes, shownPath } from "../files.ts";

/**
 * What `--dim` says, and for each open size besides the first one what the arrays say: `NAME=FILE.npy`, or FILE alone where there is
 * one input. Files of other kinds say nothing. Throws `UserError` where a file cannot be read.
 */
export async function dimsFor(
  path: string,
  sources: readonly string[],
  given: Dims | undefined,
): Promise<Dims> {
  const inputs = inputsOf(await readBytes(path, "the model"));
  const dims: Record<string, Dims[string]> = { ...given };
  for (const source of sources) {
    const named = inputs.find(({ name }) => source.startsWith(`${name}=`));
    const input = named ?? (inputs.length === 1 ? inputs[0] : undefined);
    const file = named ? source.slice(named.name.length + 1) : source;
    const shape = input && (await shapeOf(file, input.name));
    if (shape?.length !== input?.shape.length) continue;
    input?.shape.forEach((size, i) => {
      const known = shape?.[i];
      if (i > 0 && typeof size === "string" && known !== undefined) dims[size] ??= known;
    });
  }
  return dims;
}

async function shapeOf(file: string, name: string): Promise<readonly number[] | undefined> {
  const kind = extname(file).toLowerCase();
  if (kind !== ".npy" && kind !== ".json") return undefined;
  const bytes = await readBytes(file, "the input");
  if (kind === ".npy") return parseNpy(bytes, shownPath(file), "f32").shape;
  return parseJson(new TextDecoder().decode(bytes), name, shownPath(file), "f32").shape;
}
