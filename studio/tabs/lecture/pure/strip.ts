/** LeNet's tensors side by side: a stack of planes for each picture, a bar for each vector. */

export interface Item {
  /** Of the plane in front. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly planes: number;
  /** How far each plane behind is moved to the right and up. */
  readonly step: number;
  readonly label: string;
}

const GAP = 22;
const BASE = 74;
const SCALE = 1.9;
const BAR = 9;
/** About the width of a letter of a label. */
const LETTER = 6.2;

/** Shapes are [channels, height, width] or [features]. Lengths are pixels of the drawing. */
export function blocks(shapes: readonly (readonly number[])[]): {
  readonly width: number;
  readonly height: number;
  readonly items: readonly Item[];
} {
  let left = GAP / 2;
  const items = shapes.map((shape): Item => {
    const [first = 1, rows, cols] = shape;
    const picture = rows !== undefined && cols !== undefined;
    const label = picture ? `${first} @ ${rows}×${cols}` : `${first}`;
    const width = picture ? Math.max(10, cols * SCALE) : BAR;
    const height = picture ? Math.max(10, rows * SCALE) : 14 + 12 * Math.log2(first / 8);
    const planes = picture ? first : 1;
    const step = planes > 8 ? 1.6 : 3;
    const whole = width + (planes - 1) * step;
    const room = Math.max(whole, label.length * LETTER);
    const item = { x: left + (room - whole) / 2, y: BASE - height, width, height, planes, step, label };
    left += room + GAP;
    return item;
  });
  return { width: left - GAP / 2, height: 98, items };
}
