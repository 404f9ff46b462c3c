/** Inputs to measure with. */
import type { Program, Signature } from "../../contract/program.ts";
import { boundsOf, shapeWith } from "../../contract/sizes.ts";
import { ARRAYS, sizeOf, type TensorData } from "../../contract/tensor.ts";

/**
 * Numbers for some inputs of a program, at a batch size and the bounds of all other sizes. They repeat late: from `low` to 1, or
 * whole numbers that are places where something is read.
 */
export function probes(
  program: Pick<Program, "sizes">,
  inputs: readonly Signature[],
  batch: number,
  low: 0 | -1,
): readonly TensorData[] {
  const bounds = boundsOf(program);
  return inputs.map(({ dtype, shape, below = 1 }) => {
    const end = typeof below === "string" ? (bounds[below] as number) : below; // a size of the program
    const valueAt =
      dtype === "f32"
        ? (number: number) => low + ((1 - low) * number) / 10007
        : (number: number) => number % end;
    const data = new ARRAYS[dtype](sizeOf(shapeWith(shape, batch, bounds)));
    for (let i = 0; i < data.length; i++) data[i] = valueAt((i * 7919) % 10007);
    return data;
  });
}
