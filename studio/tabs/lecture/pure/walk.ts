/** Moving over a table with the keys. */

export type Place = readonly [row: number, col: number];

const STEPS: Readonly<Record<string, Place>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The place that a key leads to, within the table; undefined for other keys. */
export function moved(key: string, [row, col]: Place, rows: number, cols: number): Place | undefined {
  if (key === "Home") return [row, 0];
  if (key === "End") return [row, cols - 1];
  const step = STEPS[key];
  if (!step) return undefined;
  const within = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);
  return [within(row + step[0], rows), within(col + step[1], cols)];
}

/** The place of the i-th element in rows, and back. */
export const placeOf = (i: number, cols: number): Place => [Math.floor(i / cols), i % cols];
export const indexOf = ([row, col]: Place, cols: number): number => row * cols + col;
