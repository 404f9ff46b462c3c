/** Records that programs of either kind have, as tuples; and what makes them records again, as the text that a bundle carries. */
import type { Dispatch, Signature } from "../../contract/program.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function signature({ name, shape, buffer, dtype, ...rest }: Signature): readonly Json[] {
  const more = { ...rest, ...(dtype !== "f32" && { dtype }) };
  return [name, shape, buffer, ...(Object.keys(more).length > 0 ? [more] : [])];
}

export const dispatch = ({ kernel, layers, grid, buffers }: Dispatch): readonly Json[] => [
  kernel,
  layers,
  grid.items,
  grid.batchTile,
  ...buffers,
];

export const READERS = `const signature = ([name, shape, buffer, more]) => ({ name, dtype: "f32", shape, buffer, ...more });
  const dispatch = ([kernel, layers, items, batchTile, ...buffers]) =>
    ({ kernel, buffers, grid: { items, batchTile }, layers });
  const count = ([fixed, perBatch]) => ({ fixed, perBatch });`;
