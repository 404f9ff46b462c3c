/** What the models take of a picture, and what their numbers say. Pure. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Planes of blue, green and red, as PaddleOCR learns: (value / 255 − mean) / deviation, of each plane. */
export function planes(
  rgba: Uint8ClampedArray,
  mean: readonly number[],
  deviation: readonly number[],
): Float32Array {
  const size = rgba.length / 4;
  return Float32Array.from({ length: 3 * size }, (_, i) => {
    const plane = Math.floor(i / size);
    return ((rgba[4 * (i % size) + 2 - plane] ?? 0) / 255 - (mean[plane] ?? 0)) / (deviation[plane] ?? 1);
  });
}

/** A pixel is text from here on; pixels that hang together are a line where they are so much on average. */
const [PIXEL, LINE] = [0.3, 0.6];
/** Training shrinks lines by what their area and outline say; this much they grow again (Liao et al., "DB", 2020: 1.5). */
const UNCLIP = 1.8;

/** Upright boxes around lines of text, from above, of a map of how likely each pixel is text, row by row. */
export function boxesOf(likely: Float32Array, width: number): Box[] {
  const rest = likely.slice(); // without what has been walked through
  const boxes: Box[] = [];
  for (let first = 0; first < rest.length; first++) {
    const part: number[] = [];
    let [left, right, bottom, sum] = [width, 0, 0, 0];
    const visit = (at: number): void => {
      if (!((rest[at] ?? 0) > PIXEL)) return;
      [left, right] = [Math.min(left, at % width), Math.max(right, at % width)];
      [bottom, sum] = [Math.max(bottom, at), sum + (rest[at] ?? 0)];
      rest[at] = 0;
      part.push(at);
    };
    visit(first);
    for (const at of part) {
      if (at % width > 0) visit(at - 1);
      if (at % width < width - 1) visit(at + 1);
      visit(at - width);
      visit(at + width);
    }
    const top = Math.floor(first / width);
    const [w, h] = [right - left + 1, Math.floor(bottom / width) - top + 1];
    if (part.length === 0 || sum / part.length < LINE || Math.min(w, h) < 3) continue;
    const grow = (UNCLIP * w * h) / (2 * (w + h));
    boxes.push({ x: left - grow, y: top - grow, width: w + 2 * grow, height: h + 2 * grow });
  }
  return boxes;
}

/** The likeliest character of each step; repetitions stand once, and the first character is none (CTC, Graves 2006). */
export function textOf(scores: Float32Array, characters: readonly string[]): string {
  const steps = Array.from({ length: scores.length / characters.length }, (_, i) => {
    const step = scores.subarray(i * characters.length, (i + 1) * characters.length);
    return step.indexOf(Math.max(...step));
  });
  return steps.map((best, i) => (best === steps[i - 1] ? "" : characters[best])).join("");
}
