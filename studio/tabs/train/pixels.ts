/** One picture of a data set as pixels. Pure. */
import type { DataSet } from "../../../data/set.ts";

/** One example as RGBA bytes: grey, or of three channels. Undefined where it is no picture. */
export function pixelsOf(
  { images, shape }: DataSet,
  row: number,
):
  | { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray<ArrayBuffer> }
  | undefined {
  const size = shape.reduce((a, b) => a * b, 1);
  const flat = shape.filter((d) => d !== 1).length < 2;
  const side = Math.sqrt(size);
  const [height = 0, width = 0] = flat && Number.isInteger(side) ? [side, side] : shape.slice(-2);
  const channels = size / (height * width);
  if (channels !== 1 && channels !== 3) return undefined;
  const rgba = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < 3; c++)
      rgba[4 * i + c] = images[row * size + (channels === 3 ? c * height * width : 0) + i] ?? 0;
  return { width, height, rgba };
}
