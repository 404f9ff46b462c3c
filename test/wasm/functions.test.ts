/** The functions that WebAssembly has not: how far they are from the exact value, over all of f32, and what they make of special numbers. */
import { describe, expect, test } from "vitest";
import type { Fn } from "../../compiler/ir/value.ts";
import { apply, builtin, convert, loadFrom } from "../../compiler/math/value.ts";
import { lastPlace } from "../numerics/measure.ts";
import { random } from "../oracle/array.ts";
import { carryOut, first, moduleOf, storage } from "./kernel.ts";

const { NaN: NONE, POSITIVE_INFINITY: INF } = Number;
const [MOST, NORMAL, LEAST] = [3.4028234663852886e38, 2 ** -126, 2 ** -149];

/** What a function makes of lists of equal length, four at once or one by one. */
function computed(fn: Fn, lists: readonly (readonly number[])[], width: 1 | 4 = 4): Float32Array {
  const count = Math.ceil((lists[0]?.length ?? 0) / width) * width;
  const given = lists.map(() => storage("f32"));
  const to = storage("f32", width, true);
  const at = convert(builtin("group"), "i32");
  const value = apply(fn, ...given.map((x) => loadFrom(x, first(width), width)));
  const result = new Float32Array(count);
  const data = lists.map((list) => {
    const padded = new Float32Array(count);
    padded.set(list);
    return padded;
  });
  carryOut(moduleOf([{ kind: "store", to, at, value }], [...given, to]), {
    data: [...data, result],
    groups: count / width,
  });
  return result.subarray(0, lists[0]?.length ?? 0);
}

/** Numbers of f32, one of so many of all there are, of both signs. */
function spread(step: number): readonly number[] {
  const bits = Uint32Array.from({ length: Math.floor(2 ** 32 / step) }, (_, i) => i * step);
  return Array.from(new Float32Array(bits.buffer));
}

/** The numbers of f32 nearest to one. */
function around(value: number, count = 2000): readonly number[] {
  const numbers = new Float32Array(1).fill(value);
  const [middle = 0] = new Int32Array(numbers.buffer);
  return Array.from(
    new Float32Array(Int32Array.from({ length: count }, (_, i) => middle + i - count / 2).buffer),
  );
}

/** The largest error in last places of the exact value, with what it is of. What is less than normal may be 0. */
function worst(
  got: Float32Array,
  exact: (i: number) => number,
  name: (i: number) => string,
): { readonly ulp: number; readonly of: string } {
  let [ulp, of] = [0, ""];
  got.forEach((value, i) => {
    const want = exact(i);
    const nearest = Math.fround(want);
    // What is beyond f32, or nearer to 0 than to its least number, is known to the bit, and so is NaN.
    const known = Number.isFinite(nearest) && nearest !== 0;
    const flushed = Math.abs(want) < NORMAL && Object.is(value, Math.sign(want) * 0);
    const error =
      flushed || Object.is(value, nearest) ? 0 : known ? Math.abs(value - want) / lastPlace(want) : INF;
    if (error > ulp || Number.isNaN(error)) [ulp, of] = [Number.isNaN(error) ? INF : error, name(i)];
  });
  return { ulp, of };
}

/** erfc, by its series and its continued fraction (Abramowitz & Stegun 7.1.5, 7.1.14). */
function erfc(x: number): number {
  const a = Math.abs(x);
  const tail = (): number => {
    if (a === INF) return 0;
    let below = 0;
    for (let k = 120; k > 0; k--) below = k / 2 / (a + below);
    return Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + below);
  };
  const near = (): number => {
    let [sum, term] = [0, a];
    for (let n = 0; n < 80; n++) {
      sum += term / (2 * n + 1);
      term *= (-a * a) / (n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  };
  const y = a < 2.5 ? near() : tail();
  return x < 0 ? 2 - y : y;
}
/** 1 − erfc loses the digits of small numbers, which the series has. */
const erf = (x: number): number => {
  if (x === 0) return x;
  let [sum, term] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return Math.abs(x) < 1 ? (2 / Math.sqrt(Math.PI)) * sum : 1 - erfc(x);
};
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** docs/numerics.md has these bounds, in last places of the result. */
const FUNCTIONS: readonly (readonly [Fn, (x: number) => number, number, readonly number[]])[] = [
  ["exp", Math.exp, 1.2, [88.7228, -103.97, -87.33, -104, 89, 0.34657]],
  ["log", Math.log, 0.8, [1, Math.SQRT1_2, Math.SQRT2, NORMAL, 2 * NORMAL]],
  ["tanh", Math.tanh, 1.3, [0.625, -0.625, 9.01, 10]],
  ["sigmoid", sigmoid, 2.2, [88.7228, -87.33, -103.97, 16.6]],
  ["erfc", erfc, 120, [1, 9.2, 10.05, 16, -4]],
  ["erf", erf, 2.5, [1, -1, 4, 0.9772]],
  ["softplus", softplus, 2.5, [1e-6, -16, 16, -88, -103]],
  ["asin", Math.asin, 2.5, [0.5, -0.5, 1, -1]],
  ["acos", Math.acos, 1.5, [0.5, -0.5, 1, -1]],
  ["atan", Math.atan, 3, [Math.tan(Math.PI / 8), -0.4486, Math.tan((3 * Math.PI) / 8)]],
  ["sinh", Math.sinh, 4, [1, -1, -2.08, 89.4, -89.4]],
  ["cosh", Math.cosh, 4, [1e-3, -3.42, 89.4]],
  ["asinh", Math.asinh, 4, [0.5, -0.506, 1500]],
  ["acosh", Math.acosh, 2.5, [1, 1.03, 1.5, 1500]],
  ["atanh", Math.atanh, 1.5, [0.5, -0.618, 1, -1]],
];
/** What may be 0 of the other sign. */
const SIGNLESS: ReadonlySet<Fn> = new Set(["atan", "asinh"]);
const SPECIAL = [0, -0, 1, -1, LEAST, -LEAST, NORMAL, -NORMAL, MOST, -MOST, INF, -INF, NONE];

describe.each(FUNCTIONS)("%s", (fn, exact, bound, edges) => {
  const check = (list: readonly number[]): void => {
    const found = worst(
      computed(fn, [list]),
      (i) => exact(list[i] ?? NONE),
      (i) => `${fn}(${list[i]})`,
    );
    expect(found.ulp, found.of).toBeLessThan(bound);
  };
  test("all over f32", () => check(spread(16_411)));
  test("where its ranges meet", () => check(edges.flatMap((edge) => around(Math.fround(edge)))));
  test("of special numbers, with their signs", () => {
    const got = computed(fn, [SPECIAL]);
    SPECIAL.forEach((x, i) => {
      const want = Math.fround(exact(x));
      const isKnown = !Number.isFinite(want) || want === 0;
      if (want === 0 && SIGNLESS.has(fn)) expect(got[i] === 0, `${fn}(${x})`).toBe(true);
      else if (isKnown) expect(got[i], `${fn}(${x})`).toBe(want);
      else if (Math.abs(want) >= NORMAL) expect(got[i], `${fn}(${x})`).toBeCloseTo(want, 6);
      else expect([want, 0], `${fn}(${x})`).toContain(got[i]);
    });
  });
  test("one number gives the same bits as four", () => {
    const list = [...SPECIAL, ...spread(40_000_003)];
    expect(computed(fn, [list], 1)).toEqual(computed(fn, [list], 4));
  });
});

describe.each([
  ["sin", Math.sin],
  ["cos", Math.cos],
] as const)("%s", (fn, exact) => {
  /** The largest error of so many numbers up to `most`, of both signs. */
  const error = (least: number, most: number): number => {
    const next = random(most);
    const list = Array.from({ length: 100_000 }, (_, i) =>
      Math.fround((least + (most - least) * next()) * (i % 2 ? -1 : 1)),
    );
    return computed(fn, [list]).reduce((a, y, i) => Math.max(a, Math.abs(y - exact(list[i] ?? NONE))), 0);
  };
  test("of angles up to 10⁴ it is off by 10⁻⁷ at most", () => {
    for (const most of [Math.PI, 100, 1e4]) expect(error(0, most)).toBeLessThan(1e-7);
  });
  test("of angles up to 10⁷ by as much as the angle's own last place may be worth", () => {
    for (const most of [1e5, 1e6, 1e7]) expect(error(most / 10, most)).toBeLessThan(2 ** -23 * most);
  });
  test("of larger ones it is a number in ±1, and NaN of what is no angle", () => {
    for (const y of computed(fn, [[1e9, -1e15, 1e30, MOST, -MOST]]))
      expect(Math.abs(y)).toBeLessThanOrEqual(1);
    for (const y of computed(fn, [[INF, -INF, NONE]])) expect(y).toBeNaN();
  });
  test("near 0 it keeps all digits, and the sign of 0", () => {
    const small = [0, -0, LEAST, -NORMAL, 2 ** -13, -(2 ** -14)].map(Math.fround);
    expect([...computed(fn, [small])]).toEqual(small.map((x) => Math.fround(exact(x))));
  });
  test("one number gives the same bits as four", () => {
    const list = [...SPECIAL, ...spread(40_000_003)];
    expect(computed(fn, [list], 1)).toEqual(computed(fn, [list], 4));
  });
});

describe.each([
  ["floor", Math.floor],
  ["ceil", Math.ceil],
  [
    "round",
    (x: number) => {
      const y = Math.round(x);
      return y - x === 0.5 && y % 2 !== 0 ? y - 1 : y;
    },
  ],
] as const)("%s", (fn, exact) => {
  test("is exact, for four and for one", () => {
    const list = [...[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 8388607.5, 2 ** 100], ...spread(4_000_037)];
    for (const width of [1, 4] as const)
      expect(Array.from(computed(fn, [list], width), (y) => y + 0)).toEqual(list.map((x) => exact(x) + 0));
  });
});

test("tanh of a small number is that number", () => {
  const small = Array.from({ length: 120 }, (_, i) => Math.fround(1.7 * 2 ** -(20 + i)));
  expect(Array.from(computed("tanh", [small]))).toEqual(small);
});

describe("pow", () => {
  /** IEEE 754 (2019), section 9.2.1; JavaScript differs for 1 and −1. */
  const ieee = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === INF) ? 1 : x ** y);
  const check = (pairs: readonly (readonly [number, number])[], bound: number): void => {
    const exact = pairs.map(([x, y]) => [Math.fround(x), Math.fround(y)] as const);
    const got = computed("pow", [exact.map(([x]) => x), exact.map(([, y]) => y)]);
    const meant = (i: number): number => ieee(...(exact[i] ?? [1, 1]));
    const found = worst(got, meant, (i) => `pow(${exact[i]?.join(", ")})`);
    expect(found.ulp, found.of).toBeLessThan(bound);
  };
  const drawn = (seed: number, make: (next: () => number) => readonly [number, number]) => {
    const next = random(seed);
    return Array.from({ length: 50_000 }, () => make(next));
  };
  /** An exponent with which the result is anywhere in f32 and a little beyond. */
  const within = (x: number, share: number): number => (share * 200 - 105) / Math.log(x);

  test("every pair of special numbers", () => {
    const near = [
      0.5,
      2,
      2.5,
      3,
      1 + 2 ** -23,
      1 - 2 ** -24,
      2 ** 23 + 1,
      2 ** 24 - 1,
      2 ** 24 + 2,
      1e10,
      127,
      128,
      149,
      150,
      151,
    ];
    const all = [...SPECIAL, ...near, ...near.map((x) => -x)];
    check(
      all.flatMap((x) => all.map((y) => [x, y] as const)),
      1,
    );
  });
  test("any bits to the power of any", () => {
    const any = (next: () => number): number =>
      new Float32Array(Uint32Array.of(Math.floor(next() * 2 ** 32)).buffer)[0] ?? 0;
    check(
      drawn(1, (next) => [any(next), any(next)]),
      3.5,
    );
  });
  test("results all over f32, of bases far from 1, near it, and less than normal", () => {
    check(
      drawn(2, (next) => {
        const x = Math.fround(Math.exp((next() - 0.5) * 176));
        return [x, within(x, next())];
      }),
      3.5,
    );
    check(
      drawn(3, (next) => {
        const x = Math.fround(1 + (next() - 0.5) / 100);
        return [x, within(x, next())];
      }),
      3.5,
    );
    check(
      drawn(4, (next) => [next() * NORMAL, next() * 2 - 1]),
      3.5,
    );
  });
  test("whole exponents, of numbers of both signs", () => {
    check(
      drawn(5, (next) => [(next() - 0.5) * 40, Math.round((next() - 0.5) * 40)]),
      3.5,
    );
  });
  test("one number gives the same bits as four", () => {
    const [xs, ys] = [SPECIAL.flatMap((x) => SPECIAL.map(() => x)), SPECIAL.flatMap(() => SPECIAL)];
    expect(computed("pow", [xs, ys], 1)).toEqual(computed("pow", [xs, ys], 4));
  });
});
