/** Numbers as colours, for pictures too large to read as a table. */

export type Rgb = readonly [number, number, number];

export interface Palette {
  readonly zero: Rgb;
  readonly plus: Rgb;
  readonly minus: Rgb;
}

export const LIGHT: Palette = { zero: [255, 255, 255], plus: [15, 110, 82], minus: [150, 50, 130] };
export const DARK: Palette = { zero: [21, 24, 28], plus: [100, 225, 180], minus: [232, 150, 216] };

/** RGBA bytes: zero is the page's own colour, the largest value of either sign is the full one. */
export function shade(
  values: readonly number[],
  { zero, plus, minus }: Palette,
): Uint8ClampedArray<ArrayBuffer> {
  const most = Math.max(1e-6, ...values.map(Math.abs));
  const bytes = new Uint8ClampedArray(4 * values.length);
  for (const [i, value] of values.entries()) {
    const part = Math.abs(value) / most;
    const full = value < 0 ? minus : plus;
    for (const c of [0, 1, 2] as const) bytes[4 * i + c] = zero[c] + part * (full[c] - zero[c]);
    bytes[4 * i + 3] = 255;
  }
  return bytes;
}

/** Grey from 0 (black) to 1 (white), as the pictures of the data sets are. */
export function grey(values: readonly number[]): Uint8ClampedArray<ArrayBuffer> {
  return Uint8ClampedArray.from(values.flatMap((v) => [255 * v, 255 * v, 255 * v, 255]));
}

/** Luminance from 0 to 1 (ITU-R BT.709) of RGBA bytes. */
export function luminance(bytes: Uint8ClampedArray): readonly number[] {
  return Array.from({ length: bytes.length / 4 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = bytes.subarray(4 * i, 4 * i + 3);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  });
}
