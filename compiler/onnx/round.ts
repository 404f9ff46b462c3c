/** Numbers of f32 as a person writes them, and as the model can hold them. */

const LARGEST = 3.4028234663852886e38;

/**
 * The model computes with finite numbers: the −∞ of a mask and the ∞ of an open bound are the largest that there are. NaN stays, and is
 * refused with the weights.
 */
export const bounded = (x: number): number => (x > LARGEST ? LARGEST : Math.max(x, -LARGEST));

/**
 * The shortest decimal that is the same f32: 0.1 for 0.10000000149011612. Others (infinite, exact) are left as they are. It is what is
 * written into a model file, and what the graph is made with, so that both are one.
 */
export function tidy(value: number): number {
  const near = Math.fround(value);
  if (!Number.isFinite(near) || near !== value || Number.isInteger(value)) return value;
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === near) return short;
  }
  return value;
}
