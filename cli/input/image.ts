/** Picture files as examples for a model's input. What becomes of their pixels is said in data/picture.ts. */
import { UserError } from "../../compiler/errors.ts";
import { showShape } from "../../contract/shapes.ts";
import type { NumberArray, Target } from "../../data/array.ts";
import { frameOf } from "../../data/frame.ts";
import { decodedSize, framed, type Pixels, type Size, toInput } from "../../data/picture.ts";
import { readBytes, shownPath } from "../files.ts";

/** Pixels of a picture: more than a camera of 100 megapixels takes, and few enough to be decoded at once. */
const MOST_PIXELS = 2 ** 27;

export interface Picture extends NumberArray<Float32Array> {
  /** What was done to it: `resized from 640×480`, `greyed`; empty where nothing was. */
  readonly changes: readonly string[];
  /** Whether the border is bright: such a picture may have to be inverted. */
  readonly brightBorder: boolean;
}

/**
 * Values from 0 to 1, channels first, as data/picture.ts has them.
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
  const { pixels, before, colour } = await decoded(await readBytes(path, "the picture"), shown);
  const changes: string[] = [];
  if (before.width !== width || before.height !== height)
    changes.push(`resized from ${before.width}×${before.height} to ${width}×${height}`);
  if (channels === 1 && colour) changes.push("greyed");
  const { rgba, ground, bright, inverted } = framed(pixels, frame, invert);
  if (ground !== undefined) changes.push(`laid on ${ground}`);
  if (inverted) changes.push("inverted");
  const data = toInput(rgba, frame);
  return { shape: [1, ...target.example], data, changes, brightBorder: bright && !inverted };
}

interface Decoded {
  readonly pixels: Pixels;
  /** Upright, before anything was shrunk. */
  readonly before: Size;
  /** Whether the file holds colours. */
  readonly colour: boolean;
}

/** Upright, in sRGB. */
async function decoded(bytes: Uint8Array, shown: string): Promise<Decoded> {
  const { default: sharp } = await import("sharp"); // for pictures alone
  try {
    const image = sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS }).rotate();
    const about = await sharp(bytes, { limitInputPixels: MOST_PIXELS }).metadata();
    const before = { width: about.autoOrient.width, height: about.autoOrient.height };
    const size = decodedSize(before);
    const { data, info } = await (size.width === before.width && size.height === before.height
      ? image
      : image.resize(size.width, size.height, { fit: "fill" })
    )
      .toColourspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const pixels = { width: info.width, height: info.height, rgba: data };
    return { pixels, before, colour: about.channels > 2 || about.space !== "b-w" };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new UserError({
      problem: `${shown} is not a picture that can be read: ${reason}`,
      rule: "PNG, JPEG, WebP, GIF, AVIF, TIFF and SVG are read",
      fix: "convert it to PNG; raw values belong in .npy, .json or IDX files",
    });
  }
}
