/** What tables show of matrices. Pure. */
import { at, type Matrix } from "../pure/matrix.ts";
import type { Place } from "../pure/walk.ts";
import type { Rect, View } from "./grid.ts";

export const plain = (m: Matrix): View => ({ ...m, cell: (r, c) => ({ value: at(m, r, c) }) });

/** One cell. */
export const oneAt = ([row, col]: Place): Rect => ({ row, col, rows: 1, cols: 1 });

/** A result with its chosen cell; empty cells where it is not known, or is one of other sizes. */
export function result(y: Matrix | undefined, rows: number, cols: number, current: Place): View {
  const known = y && isOf(y, rows, cols) ? y : undefined;
  return {
    rows,
    cols,
    cell: (r, c) => ({ value: known ? at(known, r, c) : Number.NaN }),
    current,
    frame: oneAt(current),
  };
}

export const isOf = (m: Matrix, rows: number, cols: number): boolean => m.rows === rows && m.cols === cols;

/** Classes of those that apply. */
export const looks = (of: Readonly<Record<string, boolean>>): string =>
  Object.keys(of)
    .filter((name) => of[name])
    .join(" ");
