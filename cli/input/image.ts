/** Pictures of any size and colour as examples for a model's input: resized, greyed where it wants one channel. */
import sharp from "sharp";
import { UserError } from "../../compiler/errors.ts";
import { showShape } from "../../compiler/ir/type.ts";
import { readBytes, shownPath } from "../files.ts";
import type { NumberArray, Target } from "./array.ts";
import { brightBorder, frameOf } from "./frame.ts";

/** Pixels of a picture: more than a camera of 100 megapixels takes, and few enough to be decoded at once. */
const MOST_PIXELS = 2 ** 27;

export interface Picture extends NumberArray {
  /** What was done to it: `resized from 640×480`, `greyed`; empty where nothing was. */
  readonly changes: readonly string[];
  /** Whether the border is bright: such a picture may have to be inverted. */
  readonly brightBorder: boolean;
}

/**
 * Values from 0 to 1, channels first. The aspect ratio is kept; what stays free is black, as is what is transparent.
 * @throws UserError where the file is no picture or the input cannot take one
 */
export async function readPicture(path: string, target: Target, invert: boolean): Promise<Picture> {
  const shown = shownPath(path);
  const frame = frameOf(target);
  if (frame === undefined)
    throw new UserError({
      problem: `the picture ${shown} cannot feed the input ${target.name}, which is ${showShape(target.shape)}`,
      rule: "a picture needs an input [N, 1 or 3, height, width], [height, width] or [N, features] with features a square",
      fix: "give the values as .npy or .json",
    });
  const { height, width, channels } = frame;
  const bytes = await readBytes(path, "the picture");
  const changes: string[] = [];
  let raw: Buffer;
  try {
    const image = sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS }).rotate();
    const before = await sharp(bytes, { limitInputPixels: MOST_PIXELS }).metadata();
    if (before.width !== width || before.height !== height)
      changes.push(`resized from ${before.width}×${before.height} to ${width}×${height}`);
    if (channels === 1 && (before.channels > 2 || before.space !== "b-w")) changes.push("greyed");
    if (before.hasAlpha) changes.push("laid on black");
    raw = await image
      .flatten({ background: "#000" })
      .resize(width, height, { fit: "contain", background: "#000" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new UserError({
      problem: `${shown} is not a picture that can be read: ${reason}`,
      rule: "PNG, JPEG, WebP, GIF, AVIF, TIFF and SVG are read",
      fix: "convert it to PNG; raw values belong in .npy, .json or IDX files",
    });
  }
  const stride = raw.length / (height * width);
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < height * width; i++) data[c * height * width + i] = (raw[i * stride + c] ?? 0) / 255;
  const bright = brightBorder(data, frame);
  if (invert) {
    for (let i = 0; i < data.length; i++) data[i] = 1 - (data[i] ?? 0);
    changes.push("inverted");
  }
  return { shape: [1, ...target.example], data, changes, brightBorder: bright && !invert };
}
