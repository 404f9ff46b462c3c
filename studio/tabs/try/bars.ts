/** Values as a strip of bars on a canvas, up from 0 or down. */

import { type Scale, signColors } from "./color.ts";
import { barAt } from "./geometry.ts";

/** The widest that a bar with its gap gets, in page pixels. */
const WIDEST = 30;
/** Draws at the resolution of the screen. Returns the width that the bars take, in page pixels. */
export function drawBars(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  scale: Scale,
  dark: boolean,
  marked: number | undefined,
): number {
  const ratio = window.devicePixelRatio || 1;
  const box = canvas.getBoundingClientRect();
  if (box.width === 0) return 0;
  const [wide, high] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d");
  if (!context) return 0;
  const count = values.length;
  const width = Math.min(wide, count * WIDEST * ratio);
  const low = Math.min(0, scale.low);
  const high0 = Math.max(0, scale.high);
  const range = high0 - low || 1;
  const y = (value: number): number => (1 - (Math.min(high0, Math.max(low, value)) - low) / range) * high;
  const { below, above } = signColors(dark);
  context.clearRect(0, 0, wide, high);
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0;
    const own = barAt(i, count, width);
    const x = Math.round(own.x);
    const bar = { x, width: Math.round(own.x + own.width) - x };
    const finite = Number.isFinite(value);
    const [from, to] = finite ? [y(value), y(0)] : [0, high];
    if (marked === i) {
      context.fillStyle = dark ? "rgb(255 255 255 / 14%)" : "rgb(0 0 0 / 10%)";
      context.fillRect(bar.x, 0, Math.max(ratio, bar.width), high);
    }
    context.fillStyle = finite ? (value < 0 ? below : above) : "#f0f";
    const top = Math.min(from, to);
    context.fillRect(
      bar.x,
      Math.min(top, high - ratio),
      Math.max(1, bar.width),
      Math.max(ratio, Math.abs(from - to)),
    );
  }
  context.fillStyle = dark ? "rgb(255 255 255 / 35%)" : "rgb(0 0 0 / 30%)";
  context.fillRect(0, Math.min(high - ratio, y(0)), width, ratio);
  return width / ratio;
}
