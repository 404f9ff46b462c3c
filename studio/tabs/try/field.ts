/** The part of the input that an element of a layer depends on. Pure. */
import type { ReceptiveField } from "../../../compiler/report/receptive.ts";

/** Rows `top` … `bottom` and columns `left` … `right`, both ends included. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** As seen from the map position [row, column], cut to an input of height × width. Undefined where it sees only padding. */
export function fieldAt(
  { size, stride, offset }: ReceptiveField,
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
): Box | undefined {
  // An input of one axis is a single row.
  const axes = size.length === 1 ? [undefined, 0] : [0, 1];
  const along = (axis: number | undefined, position: number, extent: number): readonly [number, number] => {
    if (axis === undefined) return [0, 0];
    const first = (offset[axis] ?? 0) + (stride[axis] ?? 0) * position;
    return [Math.max(0, first), Math.min(extent - 1, first + (size[axis] ?? 1) - 1)];
  };
  const [top, bottom] = along(axes[0], row, height);
  const [left, right] = along(axes[1], column, width);
  return top > bottom || left > right ? undefined : { top, left, bottom, right };
}

/** A run of elements of a picture that is fed row by row as one axis: whole rows, or a part of one. */
export function unrolled({ left, right }: Box, width: number): Box {
  const [top, bottom] = [Math.floor(left / width), Math.floor(right / width)];
  return top === bottom
    ? { top, bottom, left: left % width, right: right % width }
    : { top, bottom, left: 0, right: width - 1 };
}
