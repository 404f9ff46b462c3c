/** Sliding windows along one direction: which places there are, and what they read. Positions count in the padded input. */

export interface Axis {
  /** Elements of the input. */
  readonly size: number;
  readonly kernel: number;
  /** Zeros at each side. */
  readonly padding: number;
  readonly stride: number;
  readonly dilation: number;
}

/** The extent of a kernel with its gaps: d(k − 1) + 1. */
export const span = ({ kernel, dilation }: Axis): number => dilation * (kernel - 1) + 1;

export const padded = ({ size, padding }: Axis): number => size + 2 * padding;

export const fits = (axis: Axis): boolean => span(axis) <= padded(axis);

/** ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1; 0 where no window fits. */
export const outputs = (axis: Axis): number =>
  fits(axis) ? Math.floor((padded(axis) - span(axis)) / axis.stride) + 1 : 0;

/** What is left at the far end: elements of the padded input that no window reaches. */
export const remainder = (axis: Axis): number => (fits(axis) ? (padded(axis) - span(axis)) % axis.stride : 0);

/** The positions that output `i` reads. */
export const taps = (axis: Axis, i: number): readonly number[] =>
  Array.from({ length: axis.kernel }, (_, a) => i * axis.stride + a * axis.dilation);

/** Whether any window reads the position. */
export const seen = (axis: Axis, position: number): boolean =>
  Array.from({ length: outputs(axis) }, (_, i) => i).some((i) => taps(axis, i).includes(position));

export const FORMULA = "⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1";

/** The formula with the numbers in it: `⌊(8 + 2·1 − 1·(3 − 1) − 1)/2⌋ + 1`, `⌊7/2⌋ + 1`, `3 + 1`, `4`. */
export function worked(axis: Axis): readonly string[] {
  const { size, kernel, padding, stride, dilation } = axis;
  const free = padded(axis) - span(axis);
  return [
    `⌊(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1)/${stride}⌋ + 1`,
    `⌊${free}/${stride}⌋ + 1`.replaceAll("-", "−"),
    `${outputs(axis)}`,
  ];
}
