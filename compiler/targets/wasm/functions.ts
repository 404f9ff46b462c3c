/**
 * Functions that WebAssembly has not, of four numbers of f32 each; a single number goes in the first lane. Polynomials are
 * those of Moshier's Cephes library (expf, logf, tanhf); docs/numerics.md has the bounds. What has a formula is that.
 */
import type { Fn } from "../../ir/value.ts";
import { type Arithmetic, ERFC, type Formula, scalars } from "../../ops/scalar.ts";
import { bitsConst, type Code, get, type Item, intConst, type Local, set, vectorConst } from "./code.ts";
import { f32x4, i32x4, v128 } from "./opcodes.ts";

/** A function's code, given its arguments. */
type Body = (body: Scratch, x: Code, y: Code) => Code;

/** The function by its name; undefined where it is none of these. */
export function functionOf(fn: Fn): Body | undefined {
  if (fn === "clamp") return undefined;
  const helper = scalars[fn].wgsl;
  const formula = typeof helper === "object" ? helper.formula : undefined;
  return formula ? ofFormula(formula) : bodies[fn];
}

/** Whether a function is no instruction. */
export const isFunction = (fn: Fn): boolean => functionOf(fn) !== undefined;

/** Where intermediate values are kept. */
interface Scratch {
  /** What some instructions leave on the stack, kept in a local of its own. */
  let(type: "v128", code: Code): Code;
}

/**
 * The code of a function, which stands where it is used: a call would have every vector in a register go through memory.
 * `temporary` gives a local that nothing else uses.
 */
export function inlined(body: Body, args: readonly Code[], temporary: () => Local): Code {
  const code: Item[] = [...args.flat()];
  const params = args.map(temporary);
  for (const param of params.toReversed()) code.push(...set(param));
  const scratch: Scratch = {
    let(_, value) {
      const local = temporary();
      code.push(...value, ...set(local));
      return get(local);
    },
  };
  const [x = [], y = []] = params.map(get);
  const result = body(scratch, x, y);
  return [...code, ...result];
}

const c = (value: number): Code => vectorConst([value, value, value, value]);
const bits = (value: number): Code => bitsConst(value);
const one = c(1);

const op =
  (instruction: readonly number[]) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), ...instruction];
const [add, sub, mul, div] = [op(f32x4.add), op(f32x4.sub), op(f32x4.mul), op(f32x4.div)];
const [abs, neg, nearest, floor] = [op(f32x4.abs), op(f32x4.neg), op(f32x4.nearest), op(f32x4.floor)];
const [and, or, xor] = [op(v128.and), op(v128.or), op(v128.xor)];
const [equal, differs, below, atLeast] = [op(f32x4.eq), op(f32x4.ne), op(f32x4.lt), op(f32x4.ge)];
/** `then` where the condition's bits are set. */
const choose = (condition: Code, then: Code, otherwise: Code): Code => [
  ...then,
  ...otherwise,
  ...condition,
  ...v128.bitselect,
];
/** Bounds that let NaN pass: the instructions give their first operand where a comparison does not hold. */
const atMost = (x: Code, bound: number): Code => [...x, ...c(bound), ...f32x4.pmin];
const noLess = (x: Code, bound: number): Code => [...x, ...c(bound), ...f32x4.pmax];
const shifted = (x: Code, by: number, how: readonly number[]): Code => [...x, ...intConst(by), ...how];

/** c0 + t·(c1 + t·(…)) */
const horner = (t: Code, coefficients: readonly number[]): Code =>
  coefficients.slice(0, -1).reduceRight((inner, k) => add(c(k), mul(t, inner)), c(coefficients.at(-1) ?? 0));

const LOG2E = Math.LOG2E;
/** ln 2 in two parts: products of the first with whole numbers are exact. */
const [LN2_HIGH, LN2_LOW] = [0.693359375, -2.1219444e-4];
const EXP = [
  1, 1, 5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.98756915e-4,
];

/** Added to a number and taken away again it rounds to the nearest whole one, which the sum's lowest bits then are. */
const ROUNDS = 1.5 * 2 ** 23;
/** Where eˣ is less than the least normal number, and where it is more than the largest. */
const [LEAST, MOST] = [-87.33654, 88.72283];

/** eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2, for arguments within the bounds: n is added to the exponent's bits. */
function expWithin(body: Scratch, x: Code): Code {
  const sum = body.let("v128", add(mul(x, c(LOG2E)), c(ROUNDS)));
  const n = body.let("v128", sub(sum, c(ROUNDS)));
  const r = body.let("v128", sub(sub(x, mul(n, c(LN2_HIGH))), mul(n, c(LN2_LOW))));
  const value: Code = [...horner(r, EXP), ...shifted(sum, 23, i32x4.shl), ...i32x4.add];
  // Bits of NaN are no exponent.
  return or(value, differs(x, x));
}

/** eˣ: 0 below the bounds, and infinite above. */
function exp(body: Scratch, given: Code): Code {
  const x = body.let("v128", given);
  const e = body.let("v128", expWithin(body, body.let("v128", atMost(noLess(x, LEAST), MOST))));
  const low: Code = [...e, ...below(x, c(LEAST)), ...v128.andnot];
  return choose([...x, ...c(MOST), ...f32x4.gt], c(Number.POSITIVE_INFINITY), low);
}

/** Beyond these bounds eˣ is 0 or infinite, and with them 2ⁿ has two factors that are numbers. */
const bounded = (x: Code): Code => atMost(noLess(x, -104), 89);

/** e to what is within those bounds, and a rest that is small beside it; 2ⁿ in two factors, so that the largest come out right. */
function power(body: Scratch, x: Code, rest: Code): Code {
  const n = body.let("v128", nearest(mul(x, c(LOG2E))));
  const r = body.let("v128", add(sub(sub(x, mul(n, c(LN2_HIGH))), mul(n, c(LN2_LOW))), rest));
  const all = body.let("v128", [...n, ...i32x4.truncS]);
  const half = body.let("v128", shifted(all, 1, i32x4.shrS));
  const ofTwo = (k: Code): Code => shifted([...k, ...bits(127), ...i32x4.add], 23, i32x4.shl);
  const others: Code = [...all, ...half, ...i32x4.sub];
  return mul(mul(horner(r, EXP), ofTwo(half)), ofTwo(others));
}

const LOG = [
  3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1, -1.2420140846e-1,
  1.167699874e-1, -1.151461031e-1, 7.0376836292e-2,
];

/** The exponent and the fraction of positive numbers: x = 2ᵉ·m with √½ ≤ m < √2, and m − 1. */
function parts(body: Scratch, x: Code): { readonly e: Code; readonly f: Code } {
  const tiny = body.let("v128", below(x, c(2 ** -126)));
  const normal = body.let("v128", choose(tiny, mul(x, c(2 ** 23)), x));
  const m = body.let("v128", or(and(normal, bits(0x007fffff)), bits(0x3f000000)));
  const low = body.let("v128", below(m, c(Math.SQRT1_2)));
  const exponent: Code = [...shifted(normal, 23, i32x4.shrU), ...bits(-126), ...i32x4.add, ...f32x4.convertS];
  const e = body.let("v128", sub(sub(exponent, and(low, one)), and(tiny, c(23))));
  const f = body.let("v128", sub(add(m, and(low, m)), one));
  return { e, f };
}

function logOf(body: Scratch, x: Code): Code {
  const { e, f } = parts(body, x);
  const z = body.let("v128", mul(f, f));
  const small = sub(mul(mul(horner(f, LOG), f), z), mul(z, c(0.5)));
  return add(add(f, add(small, mul(e, c(LN2_LOW)))), mul(e, c(LN2_HIGH)));
}

/** −∞ for 0, NaN below, and infinity and NaN as they are. */
function log(body: Scratch, x: Code): Code {
  const value = body.let("v128", logOf(body, x));
  const finite = choose(equal(x, c(Number.POSITIVE_INFINITY)), x, value);
  const positive = choose(atLeast(x, c(2 ** -149)), finite, bits(0x7fc00000));
  return choose(equal(x, c(0)), c(Number.NEGATIVE_INFINITY), positive);
}

const TANH = [-0.33333282, 0.13331442, -0.053739716, 0.020639089, -0.0057049887];

/** Below 0.625 a polynomial, which keeps the digits of small arguments; else 1 − 2/(e²ˣ + 1). */
function tanh(body: Scratch, x: Code): Code {
  const size = body.let("v128", atMost(abs(x), 10));
  const z = body.let("v128", mul(size, size));
  const small = body.let("v128", add(size, mul(mul(size, z), horner(z, TANH))));
  const e = body.let("v128", exp(body, add(size, size)));
  const value = choose(below(size, c(0.625)), small, sub(one, div(c(2), add(e, one))));
  return or(value, and(x, bits(-0x80000000)));
}

/** 1/(1 + e⁻ˣ), and 0 where e⁻ˣ is more than the largest number. */
function sigmoid(body: Scratch, x: Code): Code {
  const bounded = body.let("v128", noLess(atMost(neg(x), MOST), LEAST));
  return [...div(one, add(one, expWithin(body, bounded))), ...below(x, c(-MOST)), ...v128.andnot];
}

function erfc(body: Scratch, x: Code): Code {
  const z = body.let("v128", atMost(abs(x), 16));
  const t = body.let("v128", div(one, add(one, mul(c(0.5), z))));
  const y = body.let("v128", mul(t, exp(body, add(neg(mul(z, z)), horner(t, ERFC)))));
  return choose(below(x, c(0)), sub(c(2), y), y);
}

/**
 * xʸ by IEEE 754 (2019, section 9.2.1), from e^(y·ln |x|). The logarithm has twice the digits: what y·ln |x| loses would be
 * multiplied by its size.
 */
function pow(body: Scratch, x: Code, y: Code): Code {
  const inf = c(Number.POSITIVE_INFINITY);
  const size = body.let("v128", abs(x));
  const { e, f } = parts(body, size);
  // ln m = 2·artanh(s) with s = f/(2 + f), as high + low: s and its square are kept with what their rounding lost.
  const d = body.let("v128", add(f, c(2)));
  const s = body.let("v128", div(f, d));
  const high = (v: Code): Code => body.let("v128", and(v, bits(-0x1000)));
  const product = (a: Code, b: Code): { readonly whole: Code; readonly lost: Code } => {
    const whole = body.let("v128", mul(a, b));
    const [ah, bh] = [high(a), high(b)];
    const [al, bl] = [body.let("v128", sub(a, ah)), body.let("v128", sub(b, bh))];
    const lost = body.let(
      "v128",
      add(add(sub(mul(ah, bh), whole), add(mul(ah, bl), mul(al, bh))), mul(al, bl)),
    );
    return { whole, lost };
  };
  const sum = (a: Code, b: Code): { readonly whole: Code; readonly lost: Code } => {
    const whole = body.let("v128", add(a, b));
    const part = body.let("v128", sub(whole, a));
    const lost = body.let("v128", add(sub(a, sub(whole, part)), sub(b, part)));
    return { whole, lost };
  };
  const divisor = sum(f, c(2));
  const back = product(s, d);
  const sLow = body.let("v128", div(sub(sub(sub(f, back.whole), back.lost), mul(s, divisor.lost)), d));
  const z = body.let("v128", mul(s, s));
  const series = mul(mul(s, z), horner(z, [2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11]));
  const twice = body.let("v128", add(s, s));
  const near = sum(twice, body.let("v128", add(series, add(sLow, sLow))));
  const scaled = product(e, c(LN2_HIGH));
  const far = sum(scaled.whole, near.whole);
  const tail = add(add(add(far.lost, near.lost), scaled.lost), mul(e, c(LN2_LOW)));
  const ln = sum(far.whole, body.let("v128", tail));
  const exponent = product(y, ln.whole);
  const within = body.let("v128", bounded(exponent.whole));
  // Beyond the bounds what was lost may be no number.
  const rest = and(add(exponent.lost, mul(y, ln.lost)), equal(within, exponent.whole));
  const usual = body.let("v128", power(body, within, rest));
  // Special numbers, as WGSL's `power` of ops/scalar.ts tells them.
  const edge = body.let("v128", or(equal(size, c(0)), equal(size, inf)));
  const up = equal(and(equal(size, inf), one), and([...c(0), ...y, ...f32x4.lt], one));
  const value = body.let("v128", choose(edge, and(up, inf), usual));
  const isWhole = body.let("v128", equal(floor(y), y));
  // What is left of a fraction just below 1 is rounded to it.
  const odd = and(isWhole, equal(abs(sub(y, mul(c(2), floor(mul(y, c(0.5)))))), one));
  const signed = body.let("v128", or(value, and(and(x, bits(-0x80000000)), odd)));
  const isNot = or(differs(x, x), differs(y, y));
  const fraction = and(below(x, c(0)), xor(or(isWhole, equal(size, inf)), bits(-1)));
  const none = body.let("v128", or(isNot, fraction));
  const always = or(equal(y, c(0)), or(equal(x, one), and(equal(x, c(-1)), equal(abs(y), inf))));
  return choose(always, one, choose(none, bits(0x7fc00000), signed));
}

const ofFormula =
  (formula: Formula): Body =>
  (body, x) => {
    const m: Arithmetic<Code> = {
      number: c,
      add,
      sub,
      mul,
      div,
      abs,
      floor,
      round: nearest,
      sqrt: op(f32x4.sqrt),
      exp: (given) => exp(body, given),
      log: (given) => log(body, body.let("v128", given)),
      choose: (a, b, then, otherwise) => choose(below(a, b), then, otherwise),
      keep: (given) => body.let("v128", given),
    };
    return formula(m, x);
  };

const bodies: Readonly<Partial<Record<Fn, Body>>> = {
  exp,
  log,
  tanh,
  sigmoid,
  erfc,
  pow,
};
