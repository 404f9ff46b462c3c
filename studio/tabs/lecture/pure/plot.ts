/** Numbers behind the little plots. */

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Maps the values from a to b linearly to the pixels from c to d. */
export const scaleOf =
  ([a, b]: readonly [number, number], [c, d]: readonly [number, number]) =>
  (value: number): number =>
    c + ((value - a) / (b - a)) * (d - c);

/** `M1 2L3 4`; "" without points. */
export const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Whole powers of ten around the logarithms, at most about five of them marked. Without any: 0.01 to 10. */
export function decades(logs: readonly number[]): { low: number; high: number; ticks: readonly number[] } {
  const low = Math.min(-2, ...logs.map(Math.floor));
  const high = Math.max(1, ...logs.map(Math.ceil));
  const every = Math.ceil((high - low) / 5);
  const ticks = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => low + i * every);
  return { low, high, ticks };
}
