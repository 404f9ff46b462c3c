/** Dense arrays of float64 for the naive oracle, and random data for tests. */

export interface NdArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
}

export type Arrays = Readonly<Record<string, NdArray>>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, d) => a * d, 1);
}

/** `ndarray([2, 3], [1, 2, 3, 4, 5, 6])`; throws where the sizes do not fit. */
export function ndarray(shape: readonly number[], values: ArrayLike<number>): NdArray {
  const data = Float64Array.from(values);
  if (data.length !== sizeOf(shape)) throw new Error(`${data.length} values for shape [${shape.join(", ")}]`);
  return { shape, data };
}

export function zeros(shape: readonly number[]): NdArray {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** Calls `visit` with every position of a shape in row-major order; the list is reused. */
export function forEachPosition(
  shape: readonly number[],
  visit: (at: readonly number[], i: number) => void,
): void {
  const at = shape.map(() => 0);
  const total = sizeOf(shape);
  for (let i = 0; i < total; i++) {
    visit(at, i);
    for (let d = shape.length - 1; d >= 0; d--) {
      const next = (at[d] ?? 0) + 1;
      at[d] = next < (shape[d] ?? 0) ? next : 0;
      if (at[d] !== 0) break;
    }
  }
}

/** An array of `shape` whose element at a position is f(position). */
export function build(shape: readonly number[], f: (at: readonly number[]) => number): NdArray {
  const y = zeros(shape);
  forEachPosition(shape, (at, i) => {
    y.data[i] = f(at);
  });
  return y;
}

/** The place of a position in row-major order. */
export function offsetOf(shape: readonly number[], at: readonly number[]): number {
  let offset = 0;
  for (let d = 0; d < at.length; d++) offset = offset * (shape[d] ?? 0) + (at[d] ?? 0);
  return offset;
}

/** The element at a position. */
export const get = (x: NdArray, at: readonly number[]): number => x.data[offsetOf(x.shape, at)] ?? Number.NaN;

/** Uniform in [0, 1), seeded (mulberry32, Tommy Ettinger, public domain). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Uniform values in [low, high), each exactly an f32. */
export function randomArray(shape: readonly number[], next: () => number, low = -1, high = 1): NdArray {
  const y = zeros(shape);
  for (let i = 0; i < y.data.length; i++) y.data[i] = Math.fround(low + (high - low) * next());
  return y;
}
