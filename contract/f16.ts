/** Numbers of f16 (IEEE 754 binary16). */

/** The largest. */
export const LARGEST_HALF = 65504;
