/** Pictures as a model's input and back. Pure. */
import { targetOf } from "../../../cli/input/array.ts";
import { type Frame, frameOf } from "../../../cli/input/frame.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { showShape } from "../../../compiler/ir/type.ts";

export interface PictureInput {
  /** The input's name. */
  readonly name: string;
  readonly frame: Frame;
}

/** The model's one input as a picture; else the inputs it has, in words. */
export function pictureInput({ inputs }: Graph): PictureInput | { readonly other: string } {
  const [input] = inputs;
  const frame =
    input?.node.type.dtype === "f32" && inputs.length === 1
      ? frameOf(targetOf({ name: input.name, shape: input.node.type.shape }))
      : undefined;
  if (input && frame) return { name: input.name, frame };
  return { other: inputs.map((i) => `${i.name} ${showShape(i.node.type.shape)}`).join(", ") };
}

/** RGBA bytes, row by row, as values from 0 to 1, channels first; grey is weighed as the eye does (ITU-R BT.601). */
export function toInput(
  rgba: ArrayLike<number>,
  { height, width, channels }: Frame,
): Float32Array<ArrayBuffer> {
  const size = height * width;
  const values = new Float32Array(channels * size);
  for (let i = 0; i < size; i++) {
    const [r = 0, g = 0, b = 0] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    const own = channels === 3 ? [r, g, b] : [0.299 * r + 0.587 * g + 0.114 * b];
    own.forEach((value, c) => {
      values[c * size + i] = value / 255;
    });
  }
  return values;
}

/** Where a picture goes in a frame: whole, in proportion, in the middle. */
export function contained(
  picture: { readonly width: number; readonly height: number },
  frame: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  return {
    x: Math.floor((frame.width - width) / 2),
    y: Math.floor((frame.height - height) / 2),
    width,
    height,
  };
}

/** Bright becomes dark, in place; what is transparent stays so. */
export function inverted(rgba: Uint8ClampedArray): void {
  rgba.forEach((value, i) => {
    if (i % 4 < 3) rgba[i] = 255 - value;
  });
}

/** The part of a picture of one row after the other, channels first, that lies in a box. */
export function cropped(
  values: ArrayLike<number>,
  frame: Frame,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Float32Array<ArrayBuffer> {
  const part = new Float32Array(frame.channels * box.height * box.width);
  part.forEach((_, i) => {
    const [column, row] = [i % box.width, Math.floor(i / box.width) % box.height];
    const channel = Math.floor(i / (box.width * box.height));
    part[i] = values[(channel * frame.height + box.y + row) * frame.width + box.x + column] ?? 0;
  });
  return part;
}
