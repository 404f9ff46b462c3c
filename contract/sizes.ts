/** Sizes besides N: what they are in a run, and how tensors lie in buffers that have room for their bounds. */
import type { Program } from "./program.ts";
import { showDim } from "./shapes.ts";
import { sizeOf, type TensorData } from "./tensor.ts";
import type { Dim } from "./type.ts";

/** What sizes besides N are, by name. */
export type SizeValues = Readonly<Record<string, number>>;

/** Sizes that are known, to add others to. Without what every object inherits: a size may be called `constructor`. */
export const knownSizes = (known: SizeValues = {}): Record<string, number> =>
  Object.assign(Object.create(null), known);

/** All of a program's sizes at their most, as tensors lie in memory. */
export const boundsOf = ({ sizes = [] }: Pick<Program, "sizes">): SizeValues =>
  Object.fromEntries(sizes.map(({ name, max }) => [name, max]));

/** The numbers of a shape at a batch size, and at all other sizes that occur. */
export const shapeWith = (shape: readonly (Dim | string)[], batch: number, sizes: SizeValues): number[] =>
  shape.map((d) => (typeof d === "number" ? d : d === "N" ? batch : (sizes[showDim(d)] as number)));

/** The batch uniform's words from the second on: those of training, of which inference uses none, and the sizes. */
export const wordsOf = ({ sizes = [] }: Pick<Program, "sizes">, values: SizeValues): readonly number[] =>
  sizes.length > 0 ? [0, 0, 0, 0, 0, 0, 0, ...sizes.map(({ name }) => values[name] as number)] : [];

/** A block of sizes `shape`: what begins an array of sizes `from`, at the beginning of one of sizes `to`. */
export function resized<T extends TensorData | Uint8Array | Uint16Array>(
  data: T,
  shape: readonly number[],
  from: readonly number[],
  to: readonly number[],
): T {
  if (`${from}` === `${to}`) return data;
  const out = new (data.constructor as new (length: number) => T)(sizeOf(to)); // the same kind of array
  const walk = (axis: number, source: number, target: number): void => {
    const count = shape[axis] as number;
    if (axis === shape.length - 1) out.set(data.subarray(source, source + count), target);
    else
      for (let i = 0; i < count; i++)
        walk(axis + 1, (source + i) * (from[axis + 1] as number), (target + i) * (to[axis + 1] as number));
  };
  walk(0, 0, 0);
  return out;
}
