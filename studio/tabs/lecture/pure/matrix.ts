/** Small tables of numbers in row-major order: what the lecture's grids show. */

export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: readonly number[];
}

export const matrix = (rows: number, cols: number, of: (row: number, col: number) => number): Matrix => ({
  rows,
  cols,
  data: Array.from({ length: rows * cols }, (_, i) => of(Math.floor(i / cols), i % cols)),
});

/** first, first + 1, … in rows: the lecture's way to fill a table. */
export const counting = (rows: number, cols: number, first = 0): Matrix =>
  matrix(rows, cols, (r, c) => first + r * cols + c);

export const from = (rows: number, cols: number, data: ArrayLike<number>): Matrix =>
  matrix(rows, cols, (r, c) => data[r * cols + c] ?? Number.NaN);

/** NaN outside. */
export const at = (m: Matrix, row: number, col: number): number =>
  row < 0 || col < 0 || row >= m.rows || col >= m.cols
    ? Number.NaN
    : (m.data[row * m.cols + col] ?? Number.NaN);

export const replaced = (m: Matrix, row: number, col: number, value: number): Matrix =>
  matrix(m.rows, m.cols, (r, c) => (r === row && c === col ? value : at(m, r, c)));

export const transposed = (m: Matrix): Matrix => matrix(m.cols, m.rows, (r, c) => at(m, c, r));

export const plus = (m: Matrix, value: number): Matrix =>
  matrix(m.rows, m.cols, (r, c) => at(m, r, c) + value);

/** Whole numbers from `low` to `high`, for the button that draws new ones. */
export const random = (rows: number, cols: number, low: number, high: number): Matrix =>
  matrix(rows, cols, () => low + Math.floor(Math.random() * (high - low + 1)));

export const floats = (...tables: readonly Matrix[]): Float32Array<ArrayBuffer> =>
  Float32Array.from(tables.flatMap((m) => m.data));
