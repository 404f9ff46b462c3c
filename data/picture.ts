/**
 * Pictures as a model's input, the one way for the command and for Studio: RGBA bytes of any size go into a frame and
 * become numbers. What decodes a file hands over sRGB, upright, not premultiplied. Pure.
 *
 * - Resized in proportion by a triangle as wide as the reduction, as PIL's and torchvision's bilinear resizing is,
 *   weighed by opacity: what is transparent has no colour.
 * - Behind transparency lies black, or white where the drawing is dark, so that it is seen. The same picture gives the
 *   same numbers wherever it is read.
 * - What stays free in the frame is what lies behind transparency; beside an opaque picture it is black, also once the
 *   picture was inverted.
 * - Grey is 0.299 R + 0.587 G + 0.114 B on the bytes (ITU-R BT.601).
 */
import { brightBorder, type Frame } from "./frame.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bytes R, G, B, A, row by row. */
export interface Pixels extends Size {
  readonly rgba: Uint8Array | Uint8ClampedArray<ArrayBuffer>;
}

/** A decoder hands over no more pixels than this: larger pictures it shrinks itself, in proportion. */
const MOST_PIXELS = 2 ** 22;

/** The size to decode a picture to. */
export function decodedSize({ width, height }: Size): Size {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

/** Where a picture goes in a frame: whole, in proportion, in the middle. */
export function contained(
  picture: Size,
  frame: Size,
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

/** BT.601's grey of bytes, from 0 to 255 and not rounded. */
export const grey = (r: number, g: number, b: number): number => 0.299 * r + 0.587 * g + 0.114 * b;

interface Weights {
  readonly from: number;
  readonly weights: Float64Array;
}

/** What each of `to` pixels in a row is made of, of `from` pixels. */
function triangles(from: number, to: number): readonly Weights[] {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / support),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { from: first, weights: weights.map((w) => w / sum) };
  });
}

/** R, G, B times opacity, and opacity, of 0 … 255 each. */
function premultiplied({ width, height, rgba }: Pixels): Float32Array {
  const out = new Float32Array(4 * width * height);
  for (let i = 0; i < out.length; i += 4) {
    const alpha = rgba[i + 3] ?? 0;
    for (let c = 0; c < 3; c++) out[i + c] = ((rgba[i + c] ?? 0) * alpha) / 255;
    out[i + 3] = alpha;
  }
  return out;
}

/** Every row resized. The result is transposed, so that twice this is a picture again, resized both ways. */
function resizedAlong(source: Float32Array, rows: number, from: number, to: number): Float32Array {
  const out = new Float32Array(4 * rows * to);
  const parts = triangles(from, to);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < to; x++) {
      const part = parts[x];
      let [r, g, b, a] = [0, 0, 0, 0];
      for (let k = 0; part !== undefined && k < part.weights.length; k++) {
        const weight = part.weights[k] ?? 0;
        const at = 4 * (y * from + part.from + k);
        r += weight * (source[at] ?? 0);
        g += weight * (source[at + 1] ?? 0);
        b += weight * (source[at + 2] ?? 0);
        a += weight * (source[at + 3] ?? 0);
      }
      const at = 4 * (x * rows + y);
      out[at] = r;
      out[at + 1] = g;
      out[at + 2] = b;
      out[at + 3] = a;
    }
  return out;
}

/** What lies behind transparency; undefined for a picture without any. */
function groundOf(pixels: Float32Array): 0 | 255 | undefined {
  let [sum, opacity, transparent] = [0, 0, false];
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3] ?? 0;
    sum += grey(pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0);
    opacity += alpha;
    transparent ||= alpha < 254.5;
  }
  if (!transparent) return undefined;
  return sum / opacity < 0.5 ? 255 : 0; // nothing to be seen at all: NaN, so black
}

export interface Framed {
  /** Opaque, of the frame's size. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** What was laid behind transparency. */
  readonly ground: "black" | "white" | undefined;
  /** Whether the border of the picture is bright, on its ground and before it was inverted. */
  readonly bright: boolean;
  readonly inverted: boolean;
}

/** `invert`: bright becomes dark; "bright" does so where the border is bright. */
export function framed(picture: Pixels, frame: Frame, invert: boolean | "bright"): Framed {
  const box = contained(picture, frame);
  const across = resizedAlong(premultiplied(picture), picture.height, picture.width, box.width);
  const pixels = resizedAlong(across, box.width, picture.height, box.height);
  const ground = groundOf(pixels);
  const own = new Uint8ClampedArray(pixels.length);
  for (let i = 0; i < own.length; i += 4) {
    const behind = ((ground ?? 0) * (255 - (pixels[i + 3] ?? 0))) / 255;
    for (let c = 0; c < 3; c++) own[i + c] = (pixels[i + c] ?? 0) + behind;
    own[i + 3] = 255;
  }
  const size = { width: box.width, height: box.height, channels: frame.channels };
  const bright = brightBorder(toInput(own, size), size);
  const inverts = invert === "bright" ? bright : invert;
  if (inverts) inverted(own);
  const free = ground === undefined ? 0 : inverts ? 255 - ground : ground;
  const rgba = new Uint8ClampedArray(4 * frame.width * frame.height);
  rgba.forEach((_, i) => {
    rgba[i] = i % 4 === 3 ? 255 : free;
  });
  for (let y = 0; y < box.height; y++)
    rgba.set(
      own.subarray(4 * y * box.width, 4 * (y + 1) * box.width),
      4 * ((box.y + y) * frame.width + box.x),
    );
  return {
    rgba,
    ground: ground === undefined ? undefined : ground === 0 ? "black" : "white",
    bright,
    inverted: inverts,
  };
}

/** RGBA bytes, row by row, as values from 0 to 1, channels first. */
export function toInput(
  rgba: ArrayLike<number>,
  { height, width, channels }: Frame,
): Float32Array<ArrayBuffer> {
  const size = height * width;
  const values = new Float32Array(channels * size);
  for (let i = 0; i < size; i++) {
    const [r = 0, g = 0, b = 0] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    const own = channels === 3 ? [r, g, b] : [grey(r, g, b)];
    own.forEach((value, c) => {
      values[c * size + i] = value / 255;
    });
  }
  return values;
}

/** Bright becomes dark, in place; what is transparent stays so. */
export function inverted(rgba: Uint8ClampedArray): void {
  rgba.forEach((value, i) => {
    if (i % 4 < 3) rgba[i] = 255 - value;
  });
}
