/** Sizes that an ONNX file leaves open, read off the arrays that a run is given. */
import { UserError } from "../../compiler/errors.ts";
import { type Dims, inputsOf } from "../../compiler/onnx/index.ts";
import { readBytes, shownPath } from "../files.ts";
import { ownerOf } from "../input/owner.ts";
import { readArray } from "../input/read.ts";

type OnnxInput = ReturnType<typeof inputsOf>[number];

/**
 * What `--dim` says, and for each open size besides the first one what the arrays say: `NAME=FILE.npy`, or FILE alone where there is
 * one input. Pictures say nothing. Throws `UserError` where a file cannot be read, and where what is left open has no array, or one of another rank.
 */
export async function dimsFor(
  path: string,
  sources: readonly string[],
  given: Dims | undefined,
): Promise<Dims> {
  const inputs = inputsOf(await readBytes(path, "the model"));
  const dims: Record<string, Dims[string]> = { ...given };
  const isOpen = (size: number | string, axis: number): size is string =>
    axis > 0 && typeof size === "string" && !Object.hasOwn(dims, size);
  const waiting = new Set(inputs);
  for (const source of sources) {
    const owned = ownerOf(source, inputs);
    for (const input of owned.inputs) {
      waiting.delete(input);
      if (!input.shape.some(isOpen)) continue;
      const array = await readArray(owned.path, { name: input.name, dtype: "f32" }, shownPath(owned.path));
      if (!array) continue;
      const sizes = aligned(array.shape, input, owned.path);
      input.shape.forEach((size, axis) => {
        const known = sizes[axis];
        if (isOpen(size, axis) && known !== undefined) dims[size] = known;
      });
    }
  }
  for (const input of waiting)
    if (input.shape.some(isOpen))
      throw new UserError({
        problem: `the input ${shownInput(input)} has no data`,
        rule: "how large it is, is read off the array that it is given",
        fix: `add --input ${input.name}=FILE, or --dim ${input.shape.filter(isOpen).join("=64 ")}=64`,
      });
  return dims;
}

/** The sizes of an array by the input's axes: an example alone has one less. */
function aligned(shape: readonly number[], input: OnnxInput, path: string): readonly (number | undefined)[] {
  const missing = input.shape.length - shape.length;
  if (missing === 0) return shape;
  if (missing === 1 && typeof input.shape[0] === "string") return [undefined, ...shape];
  throw new UserError({
    problem: `${shownPath(path)} has shape [${shape.join(", ")}], but the input ${shownInput(input)} has ${input.shape.length} sizes`,
    rule: "open sizes are read off an array of as many",
    fix: "reshape the array before you save it",
  });
}

const shownInput = ({ name, shape }: OnnxInput): string => `${name} [${shape.join(", ")}]`;
