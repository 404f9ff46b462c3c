/** A picture as terminal characters: half blocks in greys or colours on a terminal, shades of ink elsewhere. */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (red, green, blue), channels first, values from 0 to 1. */
  readonly channels: number;
  readonly data: ArrayLike<number>;
}

const SHADES = [" ", "░", "▒", "▓", "█"];

function brightness(pixels: Pixels, x: number, y: number): number {
  const plane = pixels.width * pixels.height;
  let sum = 0;
  for (let c = 0; c < pixels.channels; c++) sum += pixels.data[c * plane + y * pixels.width + x] ?? 0;
  return sum / pixels.channels;
}

/** An xterm-256 colour: the 24 greys for one channel, the 6×6×6 cube for three. */
function xterm(pixels: Pixels, x: number, y: number): number {
  const clamp = (v: number): number => Math.min(1, Math.max(0, v));
  if (pixels.channels === 1) return 232 + Math.round(clamp(brightness(pixels, x, y)) * 23);
  const plane = pixels.width * pixels.height;
  const [r = 0, g = 0, b = 0] = [0, 1, 2].map((c) =>
    Math.round(clamp(pixels.data[c * plane + y * pixels.width + x] ?? 0) * 5),
  );
  return 16 + 36 * r + 6 * g + b;
}

/** Two rows of pixels in each line of text. A picture wider than `columns` is shown coarser. */
export function pictureLines(pixels: Pixels, color: boolean, columns = 64): readonly string[] {
  const stepBy = Math.max(1, Math.ceil(pixels.width / columns));
  const lines: string[] = [];
  for (let y = 0; y < pixels.height; y += 2 * stepBy) {
    let line = "";
    let colors = "";
    for (let x = 0; x < pixels.width; x += stepBy) {
      const below = Math.min(pixels.height - 1, y + stepBy);
      if (color) {
        const wanted = `\u001b[38;5;${xterm(pixels, x, y)};48;5;${xterm(pixels, x, below)}m`;
        line += wanted === colors ? "▀" : `${wanted}▀`;
        colors = wanted;
      } else {
        const ink = (brightness(pixels, x, y) + brightness(pixels, x, below)) / 2;
        line += SHADES[Math.min(4, Math.max(0, Math.round(ink * 4)))] ?? " ";
      }
    }
    lines.push(color ? `${line}\u001b[0m` : line);
  }
  return lines;
}
