/** The part of the input that an element of a layer depends on. Pure. */
import type { ReceptiveField } from "../../../compiler/report/receptive.ts";
import type { Shape } from "../../../contract/type.ts";

/** Rows `top` … `bottom` and columns `left` … `right`, both ends included. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * As seen from an element, cut to an input of height × width. `at` are the element's indices, `moving` says which of
 * them moves the field along each axis. Undefined where it sees only padding.
 */
export function fieldAt(
  { size, stride, offset }: ReceptiveField,
  moving: readonly number[],
  at: readonly number[],
  [height, width]: readonly [number, number],
): Box | undefined {
  // An input of one axis is a single row.
  const axes = size.length === 1 ? [undefined, 0] : [0, 1];
  const along = (axis: number | undefined, extent: number): readonly [number, number] => {
    if (axis === undefined) return [0, 0];
    const first = (offset[axis] ?? 0) + (stride[axis] ?? 0) * (at[moving[axis] ?? -1] ?? 0);
    return [Math.max(0, first), Math.min(extent - 1, first + (size[axis] ?? 1) - 1)];
  };
  const [top, bottom] = along(axes[0], height);
  const [left, right] = along(axes[1], width);
  return top > bottom || left > right ? undefined : { top, left, bottom, right };
}

/** The indices of element `index` of one example, in row-major order; that of the batch is 0. */
export function indicesOf(shape: Shape, index: number): readonly number[] {
  let rest = index;
  return shape
    .toReversed()
    .map((d) => {
      const size = Number(d === "N" ? 1 : d);
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .toReversed();
}

/** A run of elements of a picture that is fed row by row as one axis: whole rows, or a part of one. */
export function unrolled({ left, right }: Box, width: number): Box {
  const [top, bottom] = [Math.floor(left / width), Math.floor(right / width)];
  return top === bottom
    ? { top, bottom, left: left % width, right: right % width }
    : { top, bottom, left: 0, right: width - 1 };
}
