/** One number in, one number out; two numbers in, one number out. */
import { build, get, type NdArray } from "./array.ts";
import { numberOf, type Op } from "./op.ts";

/** The same function of every element. */
export function each({ inputs: [x] }: Op, f: (x: number) => number): NdArray {
  if (!x) throw new Error("missing operand");
  return { shape: x.shape, data: x.data.map((v) => f(v)) };
}

/** A function of several elements; shapes align at the right, sizes of 1 are repeated. */
export function together({ inputs }: Op, f: (...values: readonly number[]) => number): NdArray {
  const rank = Math.max(...inputs.map((x) => x.shape.length));
  const sizeIn = (x: NdArray, d: number): number => x.shape[d - rank + x.shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, d) => Math.max(...inputs.map((x) => sizeIn(x, d))));
  const pick = (x: NdArray, at: readonly number[]): number =>
    get(
      x,
      x.shape.map((d, i) => (d === 1 ? 0 : (at[rank - x.shape.length + i] ?? 0))),
    );
  return build(shape, (at) => f(...inputs.map((x) => pick(x, at))));
}

export const pairwise = (op: Op, f: (a: number, b: number) => number): NdArray =>
  together(op, (a = Number.NaN, b = Number.NaN) => f(a, b));
export const where = (op: Op): NdArray =>
  together(op, (mask, a = Number.NaN, b = Number.NaN) => (mask !== 0 ? a : b));

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const hardSigmoid = (x: number): number => Math.min(1, Math.max(0, x / 6 + 0.5));

/**
 * The error function by series: erf x = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n+1)) near 0 (Abramowitz & Stegun 7.1.5), and for
 * large |x| 1 − erfc x with the continued fraction 7.1.14, evaluated from the far end (modified Lentz unnecessary
 * at a fixed depth).
 */
export function erf(x: number): number {
  return x < 0 ? -erf(-x) : x < 3 ? erfSeries(x) : 1 - erfcFraction(x);
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfcFraction(x: number): number {
  let f = x;
  for (let n = 60; n >= 1; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / f;
}

/** x · Φ(x). The left tail goes through erfc so that nothing cancels. */
export function gelu(x: number): number {
  const z = x / Math.SQRT2;
  return z < -3 ? 0.5 * x * erfcFraction(-z) : 0.5 * x * (1 + erf(z));
}

export const leakyRelu = (op: Op): NdArray => each(op, (x) => (x > 0 ? x : x * numberOf(op.attrs, "slope")));
export const elu = (op: Op): NdArray =>
  each(op, (x) => (x > 0 ? x : numberOf(op.attrs, "alpha") * Math.expm1(x)));
export const clip = (op: Op): NdArray =>
  each(op, (x) => Math.min(numberOf(op.attrs, "max"), Math.max(numberOf(op.attrs, "min"), x)));
export const celu = (x: number, alpha: number): number =>
  Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
export const softplus = (x: number): number => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
/** Of two equally near whole numbers the even one. */
export function roundEven(x: number): number {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
