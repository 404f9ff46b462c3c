/** What a picture has to be to feed a model's input. */
import type { Target } from "./array.ts";

/** Height, width and channels of the picture that one example is. */
export interface Frame {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** What a picture has to become for this input; a flat input of a square number of features is a square picture. */
export function frameOf(target: Target): Frame | undefined {
  if (target.shape.some((d) => typeof d === "object")) return undefined; // a size that each run decides
  const dims = target.example;
  const [height, width] = dims.slice(-2);
  const channels = dims.slice(0, -2).reduce((a, b) => a * b, 1);
  if (height !== undefined && width !== undefined)
    return channels === 1 || (channels === 3 && dims.at(-3) === 3) ? { height, width, channels } : undefined;
  const side = Math.sqrt(dims[0] ?? 0);
  return target.batched && Number.isInteger(side) && side > 1
    ? { height: side, width: side, channels: 1 }
    : undefined;
}

/** Whether the border of a picture, values from 0 to 1 and channels first, is brighter than half. */
export function brightBorder(data: Float32Array, { height, width, channels }: Frame): boolean {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (y === 0 || x === 0 || y === height - 1 || x === width - 1) {
        for (let c = 0; c < channels; c++) sum += data[(c * height + y) * width + x] ?? 0;
        count += channels;
      }
  return sum / count > 0.5;
}
