/**
 * Functions that no target has exactly enough, each written once: over numbers of some kind, which is text of WGSL,
 * instructions of WebAssembly, or numbers of JavaScript.
 *
 * WGSL promises sin and cos to 2⁻¹¹ within ±π alone, and asin, acos and atan to 4096 last places (WGSL, section 15.7.4).
 * These are the polynomials of Moshier's Cephes library (sinf, asinf, atanf, sinhf, asinhf, acoshf, atanhf, erff); for
 * finite numbers no intermediate value overflows where the result does not.
 */

import type { FormulaName } from "../ir/expr.ts";

/** What a formula is written with. NaN passes through all of it: `choose` takes the second for it. */
export interface Arithmetic<T> {
  number(value: number): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  abs(x: T): T;
  floor(x: T): T;
  /** To the nearest whole number, of two equally near ones to the even one. */
  round(x: T): T;
  sqrt(x: T): T;
  exp(x: T): T;
  log(x: T): T;
  /** `then` where a < b, else `otherwise`. */
  choose(a: T, b: T, then: T, otherwise: T): T;
  /** The same, computed once. */
  keep(x: T): T;
}

export type Formula = <T>(m: Arithmetic<T>, x: T) => T;

const { PI } = Math;

/** c0 + z·(c1 + z·(…)) */
function polynomial<T>(m: Arithmetic<T>, z: T, coefficients: readonly number[]): T {
  const inner = coefficients.slice(0, -1);
  return inner.reduceRight<T>(
    (sum, c) => m.add(m.number(c), m.mul(z, sum)),
    m.number(coefficients.at(-1) ?? 0),
  );
}

/** x + x³·(c0 + x²·(…)): an odd function near 0, which keeps the digits of small numbers, and the sign of 0. */
function odd<T>(m: Arithmetic<T>, x: T, z: T, coefficients: readonly number[]): T {
  return m.add(x, m.mul(m.mul(x, z), polynomial(m, z, coefficients)));
}

const negated = <T>(m: Arithmetic<T>, x: T): T => m.sub(m.number(0), x);
/** The function of |x| with the sign of x. */
function signed<T>(m: Arithmetic<T>, x: T, ofSize: T): T {
  const value = m.keep(ofSize);
  return m.choose(x, m.number(0), negated(m, value), value);
}
const atMost = <T>(m: Arithmetic<T>, x: T, bound: number): T =>
  m.choose(m.number(bound), x, m.number(bound), x);
const atLeast = <T>(m: Arithmetic<T>, x: T, bound: number): T =>
  m.choose(x, m.number(bound), m.number(bound), x);

/** π/2 in three parts. Products of the first two with whole numbers below 2¹³ are exact (Cody & Waite 1980). */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789954891882e-8] as const;
const SIN = [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4];
const COS = [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5];

/** sin(x + turns·π/2), with x = n·π/2 + r and |r| ≤ π/4; beyond 2²⁴ no digit of n is known, and the result is any in ±1. */
function circular<T>(m: Arithmetic<T>, x: T, turns: 0 | 1): T {
  const n = m.keep(m.round(m.mul(x, m.number(2 / PI))));
  const [first, second, third] = HALF_PI.map((part) => m.mul(n, m.number(part)));
  const rest = m.keep(m.sub(m.sub(m.sub(x, first as T), second as T), third as T)); // three parts
  const r = m.keep(atMost(m, atLeast(m, rest, -1), 1));
  const z = m.keep(m.mul(r, r));
  const sine = odd(m, r, z, SIN);
  const cosine = m.add(
    m.sub(m.number(1), m.mul(m.number(0.5), z)),
    m.mul(m.mul(z, z), polynomial(m, z, COS)),
  );
  const part = (k: T, of: number): T =>
    m.keep(m.sub(k, m.mul(m.number(of), m.floor(m.mul(k, m.number(1 / of))))));
  const quadrant = part(turns === 0 ? n : m.add(n, m.number(turns)), 4);
  const value = m.keep(m.choose(m.number(0.5), part(quadrant, 2), cosine, sine));
  return m.choose(m.number(1.5), quadrant, negated(m, value), value);
}

const sin: Formula = (m, x) => {
  const value = m.keep(circular(m, x, 0));
  return m.choose(m.abs(x), m.number(2 ** -12), x, value);
};
const cos: Formula = (m, x) => circular(m, x, 1);

const ATAN = [-3.33329491539e-1, 1.99777106478e-1, -1.38776856032e-1, 8.05374449538e-2];

/** From tan(3π/8) on π/2 − atan(1/a), from tan(π/8) on π/4 + atan((a − 1)/(a + 1)). */
const atan: Formula = (m, x) => {
  const [low, high] = [m.number(Math.tan(PI / 8)), m.number(Math.tan((3 * PI) / 8))];
  const a = m.keep(m.abs(x));
  const above = m.choose(high, a, m.number(-1), m.sub(a, m.number(1)));
  const below = m.choose(high, a, a, m.add(a, m.number(1)));
  const near = m.keep(m.choose(low, a, m.div(above, below), x));
  const y = m.keep(odd(m, near, m.keep(m.mul(near, near)), ATAN));
  const rest = m.choose(high, a, m.number(PI / 2), m.number(PI / 4));
  return m.choose(low, a, signed(m, x, m.add(rest, y)), y);
};

const ASIN = [1.6666752422e-1, 7.4953002686e-2, 4.5470025998e-2, 2.4181311049e-2, 4.2163199048e-2];

/** asin √((1 − |x|)/2) where |x| > 1/2, else asin x. */
function arc<T>(m: Arithmetic<T>, x: T, a: T): T {
  const half = m.number(0.5);
  const z = m.keep(m.choose(half, a, m.mul(half, m.sub(m.number(1), a)), m.mul(x, x)));
  return odd(m, m.keep(m.choose(half, a, m.sqrt(z), x)), z, ASIN);
}

const asin: Formula = (m, x) => {
  const a = m.keep(m.abs(x));
  const y = m.keep(arc(m, x, a));
  const far = m.sub(m.number(PI / 2), m.add(y, y));
  return m.choose(m.number(0.5), a, signed(m, x, far), y);
};

const acos: Formula = (m, x) => {
  const a = m.keep(m.abs(x));
  const y = m.keep(arc(m, x, a));
  const far = m.choose(x, m.number(0), m.sub(m.number(PI), m.add(y, y)), m.add(y, y));
  return m.choose(m.number(0.5), a, far, m.sub(m.number(PI / 2), y));
};

const SINH = [1.66667160211e-1, 8.33028376239e-3, 2.03721912945e-4];

/** (eˣ ∓ e⁻ˣ)/2 by e^(x/2), which overflows nowhere below the result. */
function halves<T>(m: Arithmetic<T>, a: T): readonly [T, T] {
  const half = m.number(0.5);
  const h = m.keep(m.exp(m.mul(half, a)));
  return [m.mul(m.mul(half, h), h), m.div(m.div(half, h), h)];
}

const sinh: Formula = (m, x) => {
  const a = m.keep(m.abs(x));
  const near = m.keep(m.choose(m.number(1), a, m.number(0), x));
  const small = odd(m, near, m.keep(m.mul(near, near)), SINH);
  const [up, down] = halves(m, a);
  return m.choose(m.number(1), a, signed(m, x, m.sub(up, down)), small);
};

const cosh: Formula = (m, x) => {
  const [up, down] = halves(m, m.abs(x));
  return m.add(up, down);
};

/** Beyond it x² + 1 and x² − 1 are x². */
const LARGE = 1500;
const ASINH = [-1.6666288134e-1, 7.4847586088e-2, -4.2699340972e-2, 2.0122003309e-2];

/** ln(2a) where a is large, else ln of what `near` gives of it. */
function logOfSum<T>(m: Arithmetic<T>, a: T, near: (a: T) => T): T {
  const sum = near(m.keep(atMost(m, a, LARGE)));
  const far = m.choose(m.number(LARGE), a, m.number(Math.LN2), m.number(0));
  return m.add(m.log(m.choose(m.number(LARGE), a, a, sum)), far);
}

const asinh: Formula = (m, x) => {
  const a = m.keep(m.abs(x));
  const large = logOfSum(m, a, (b) => m.add(b, m.sqrt(m.add(m.mul(b, b), m.number(1)))));
  const near = m.keep(m.choose(a, m.number(0.5), x, m.number(0)));
  const small = odd(m, near, m.keep(m.mul(near, near)), ASINH);
  return m.choose(a, m.number(0.5), small, signed(m, x, large));
};

const ACOSH = [1.4142135263, -1.1784741703e-1, 2.6454905019e-2, -7.5272886713e-3, 1.7596881071e-3];

const acosh: Formula = (m, x) => {
  const z = m.keep(m.sub(x, m.number(1)));
  const bounded = m.keep(atMost(m, z, 0.5));
  const small = m.mul(m.sqrt(z), polynomial(m, bounded, ACOSH));
  const large = logOfSum(m, x, (b) => m.add(b, m.sqrt(m.mul(m.sub(b, m.number(1)), m.add(b, m.number(1))))));
  return m.choose(m.number(0.5), z, large, small);
};

const ATANH = [3.33337300303e-1, 1.997821645e-1, 1.4669143173e-1, 8.24370301058e-2, 1.81740078349e-1];

/** ln((1 + a)/(1 − a))/2; beyond 1 it is √ of what is below 0, since a logarithm of that may be any number. */
const atanh: Formula = (m, x) => {
  const a = m.keep(m.abs(x));
  const rest = m.keep(m.sub(m.number(1), a));
  const large = m.mul(m.number(0.5), m.log(m.div(m.add(m.number(1), a), rest)));
  const far = m.choose(rest, m.number(0), m.sqrt(rest), signed(m, x, large));
  const near = m.keep(m.choose(a, m.number(0.5), x, m.number(0)));
  const small = odd(m, near, m.keep(m.mul(near, near)), ATANH);
  return m.choose(a, m.number(0.5), small, far);
};

/**
 * erfc(x) = t·exp(−x² + p(t)) with t = 1/(1 + x/2) for x ≥ 0 and erfc(−x) = 2 − erfc(x): a relative error below 1.2e-7
 * everywhere, tails included (Press et al., Numerical Recipes, section 6.2).
 */
export const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];
const ERF = [
  1.12837916672671, -3.7612625824233e-1, 1.128358514861418e-1, -2.685381193529856e-2, 5.188327685732524e-3,
  -8.010193625184903e-4, 7.853861353153693e-5,
];

/** Up to 1 a polynomial, which keeps the digits of small numbers; else 1 − erfc(a), which from 4 on is 1 in f32. */
const erf: Formula = (m, x) => {
  const a = m.keep(atMost(m, m.abs(x), 4));
  const small = m.keep(m.choose(m.number(1), a, m.number(1), x));
  const z = m.keep(m.mul(small, small));
  const t = m.keep(m.div(m.number(1), m.add(m.number(1), m.mul(m.number(0.5), a))));
  const tail = m.mul(t, m.exp(m.sub(polynomial(m, t, ERFC), m.mul(a, a))));
  return m.choose(
    m.number(1),
    a,
    signed(m, x, m.sub(m.number(1), tail)),
    m.mul(small, polynomial(m, z, ERF)),
  );
};

/** max(x, 0) + log(1 + e) with e = e^−|x|, where log(1 + e) = 2·artanh(e/(2 + e)): no digit of a small e is lost. */
const softplus: Formula = (m, x) => {
  const e = m.keep(m.exp(negated(m, m.abs(x))));
  const s = m.keep(m.div(e, m.add(m.number(2), e)));
  const half = m.keep(odd(m, s, m.keep(m.mul(s, s)), [1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13]));
  return m.add(m.choose(x, m.number(0), m.number(0), x), m.add(half, half));
};

export const formulaOf: Readonly<Record<FormulaName, Formula>> = {
  sin,
  cos,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  erf,
  softplus,
};

/** To the nearest whole number, of two equally near ones to the even one. */
export function roundEven(x: number): number {
  const down = Math.floor(Math.abs(x));
  const rest = Math.abs(x) - down;
  return Math.sign(x) * (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down);
}

/** Numbers of JavaScript. */
const numbers: Arithmetic<number> = {
  number: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  abs: Math.abs,
  floor: Math.floor,
  round: roundEven,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  choose: (a, b, then, otherwise) => (a < b ? then : otherwise),
  keep: (x) => x,
};

export const computed =
  (formula: Formula) =>
  (x: number): number =>
    formula(numbers, x);

/** An expression of WGSL; a number of it may stand beside a vector. */
interface Text {
  readonly text: string;
  readonly constant?: true;
}

/** The function as WGSL. */
export function written(formula: Formula, name: string, type: string): string {
  const lines: string[] = [];
  const typed = ({ text, constant }: Text): string => (constant ? `${type}(${text})` : text);
  const infix =
    (op: string) =>
    (a: Text, b: Text): Text => ({ text: `(${a.text} ${op} ${b.text})` });
  const calls =
    (fn: string) =>
    (x: Text): Text => ({ text: `${fn}(${typed(x)})` });
  const m: Arithmetic<Text> = {
    number: (value) => ({ text: numberText(value), constant: true }),
    add: infix("+"),
    sub: infix("-"),
    mul: infix("*"),
    div: infix("/"),
    abs: calls("abs"),
    floor: calls("floor"),
    round: calls("round"),
    sqrt: calls("sqrt"),
    exp: calls("exp"),
    log: calls("log"),
    choose: (a, b, then, otherwise) => ({
      text: `select(${typed(otherwise)}, ${typed(then)}, ${typed(a)} < ${typed(b)})`,
    }),
    keep(x) {
      if (/^\w+$/.test(x.text)) return x;
      const kept = `v${lines.length}`;
      lines.push(`  let ${kept} = ${typed(x)};`);
      return { text: kept };
    },
  };
  const result = typed(formula(m, { text: "x" }));
  return `fn ${name}(x: ${type}) -> ${type} {\n${lines.join("\n")}\n  return ${result};\n}`;
}

/** The nearest f32, with a point or an exponent. */
function numberText(value: number): string {
  const text = `${Number(Math.fround(value).toPrecision(9))}`;
  return /[.e]/.test(text) ? text : `${text}.0`;
}
