/** Whole numbers that say where a program reads, looked at before they are sent. Programs without any load nothing of it. */
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { showShape } from "../contract/shapes.ts";
import { type SizeValues, shapeWith } from "../contract/sizes.ts";
import { dtypeOf, type TensorData } from "../contract/tensor.ts";

/** Throws `WeftError` "input", with the number and its place, for one that is below 0 or beyond what is read from. */
export function checkIndices(
  { name: model, inputs }: Program,
  given: Readonly<Record<string, unknown>>,
  sizes: SizeValues,
): void {
  for (const { name, dtype, shape, below, except } of inputs) {
    if (below === undefined) continue;
    const end = typeof below === "string" ? (sizes[below] as number) : below; // as checked
    const value = given?.[name];
    const data = (dtypeOf(value) ? value : Object(value).data) as TensorData;
    if (dtypeOf(data) !== dtype) continue; // what `run` refuses
    const at = data.findIndex((index) => index !== except && (index < 0 || index >= end));
    if (at < 0) continue;
    let rest = at;
    const place = shapeWith(shape, Number.POSITIVE_INFINITY, sizes)
      .toReversed()
      .map((size) => {
        const along = rest % size;
        rest = Math.floor(rest / size);
        return along;
      });
    throw new WeftError(
      "input",
      `${model}: input "${name}" ${showShape(shape)} is ${data[at]} at ${showShape(place.toReversed())}; ` +
        `it says where to read among ${end}, from 0 to ${end - 1}`,
    );
  }
}
