/** Numbers as WGSL text. */
import { InternalError } from "../../errors.ts";

/** A WGSL f32 literal that reads back as the same f32. */
export function floatLiteral(value: number): string {
  const v = Math.fround(value);
  if (!Number.isFinite(v)) throw new InternalError(`${value} has no WGSL literal`);
  const text = Object.is(v, -0) ? "-0.0" : shortest(v);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The fewest digits that give the same f32. */
function shortest(v: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = v.toPrecision(digits);
    const inRange = Math.abs(Number(text)) <= 3.4028234663852886e38; // rounding up past the largest f32 is an error
    if (inRange && Math.fround(Number(text)) === v) return `${Number(text)}`;
  }
  return `${v}`;
}
