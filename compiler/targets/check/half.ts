/** IEEE 754 binary16, by its definition. */

/** The number that 16 bits mean. */
export function numberOf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

/** The bits of the nearest f16, ties to even. */
export function halfOf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const exactly = size / 2 ** (exponent - 10);
  const down = Math.floor(exactly);
  const rest = exactly - down;
  const count = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  // A count of 1024 or more carries into the exponent, as the bits do.
  return sign | (count + (exponent + 14) * 1024);
}
