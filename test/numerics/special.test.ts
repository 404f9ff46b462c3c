/** Powers, logarithms, roots and quotients of numbers that have no ordinary answer: as in IEEE 754 and onnxruntime. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { input, N } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { scalars } from "../../compiler/ops/scalar.ts";
import { graphOf, useDevice } from "../ops/cases.ts";
import { type NdArray, ndarray } from "../oracle/array.ts";
import { runOnnx } from "../oracle/onnx.ts";
import { everyTarget, runOnAdapter } from "../oracle/weft.ts";

useDevice();

const { NaN: NONE, POSITIVE_INFINITY: INF } = Number;
const column = (values: readonly number[]): NdArray => ndarray([values.length, 1], values);

/** What is computed, on every target that has kernels of its own: one number at a time and four together. */
async function computed(f: (...x: weft.Tensor[]) => weft.Tensor, ...given: readonly (readonly number[])[]) {
  const count = given[0]?.length ?? 0;
  const results: number[][] = [];
  for (const width of [1, 4]) {
    const rows = Math.ceil(count / width);
    const [a, b] = [input("a", [N, width]), input("b", [N, width])];
    const graph = graphOf(given.length === 1 ? f(a) : f(a, b));
    const padded = given.map((v) =>
      ndarray(
        [rows, width],
        Float64Array.from({ length: rows * width }, (_, i) => v[i] ?? 1),
      ),
    );
    const inputs = Object.fromEntries(padded.map((v, i) => ["ab"[i] ?? "", v]));
    for (const { program } of everyTarget(graph).values()) {
      const [result] = await runOnAdapter(program, {}, inputs);
      results.push([...(result?.["y"]?.data ?? [])].slice(0, count));
    }
  }
  return results;
}

/** The same special number with the same sign, or near. */
function alike(got: number | undefined, want: number): boolean {
  if (got === undefined) return false;
  if (want === 0 || !Number.isFinite(want)) return Object.is(got, want);
  return Math.abs(got - want) <= Math.abs(want) * 2e-5;
}

function expectAlike(got: readonly number[], want: readonly number[], what: (i: number) => string): void {
  expect(got.length).toBe(want.length);
  const wrong = want.flatMap((w, i) => (alike(got[i], w) ? [] : [`${what(i)} is ${w}, got ${got[i]}`]));
  expect(wrong).toEqual([]);
}

describe("pow", () => {
  const BASES = [-4, -1, -0.25, -0, 0, 0.25, 1, 3, -INF, INF, NONE];
  const EXPONENTS = [-3, -2, -1, -1 + 2 ** -24, -0.5, -0, 0, 0.5, 1, 2, 2.5, 3, 4, -INF, INF, NONE];
  const pairs = BASES.flatMap((x) => EXPONENTS.map((y) => [x, y] as const));
  const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];

  /** C's pow, written down from IEEE 754-2019, 9.2.1: JavaScript differs for 1 and −1. */
  const ieee = (x: number, y: number): number =>
    x === 1 || y === 0 || (x === -1 && Math.abs(y) === INF) ? 1 : x ** y;

  test("of every special number, in WGSL, in JavaScript and in onnxruntime", async () => {
    const want = pairs.map(([x, y]) => ieee(x, y));
    const what = (i: number): string => `pow(${xs[i]}, ${ys[i]})`;
    for (const got of await computed((a, b) => weft.pow(a as weft.Tensor, b as weft.Tensor), xs, ys))
      expectAlike(got, want, what);
    expectAlike(
      pairs.map((p) => scalars.pow.js(...p)),
      want,
      what,
    );
    const [a, b] = [input("a", [N, 1]), input("b", [N, 1])];
    const theirs = await runOnnx(graphOf(weft.pow(a, b)), { a: column(xs), b: column(ys) }, {});
    expectAlike([...(theirs["y"]?.data ?? [])], want, what);
  });

  test.each([-2, -1, -0.5, 0, 0.5, 1, 2, 3])("to %s as a number of the model", async (y) => {
    for (const got of await computed((a) => weft.pow(a as weft.Tensor, y), BASES))
      expectAlike(
        got,
        BASES.map((x) => ieee(x, y)),
        (i) => `pow(${BASES[i]}, ${y})`,
      );
  });

  test("of drawn numbers, whole and fractional exponents", async () => {
    const number = fc.float({ min: -20, max: 20, noNaN: true });
    const exponent = fc.oneof(
      fc.integer({ min: -6, max: 6 }),
      fc.float({ min: Math.fround(-6), max: 6, noNaN: true }),
    );
    const graph = graphOf(weft.pow(input("a", [N, 1]), input("b", [N, 1])));
    const { program } = compile(graph);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(number, exponent), { minLength: 20, maxLength: 60 }),
        async (all) => {
          // What f32 cannot tell from 0 or infinity is another test's.
          const list = all.filter(([x, y]) => {
            const size = Math.abs(x) ** y;
            return Math.abs(x) > 1e-30 && size > 1e-30 && size < 1e30 && (y === 0 || Math.abs(y) > 1e-30);
          });
          if (list.length === 0) return;
          const [a, b] = [column(list.map(([x]) => x)), column(list.map(([, y]) => y))];
          const [result] = await runOnAdapter(program, {}, { a, b });
          expectAlike(
            [...(result?.["y"]?.data ?? [])],
            list.map(([x, y]) => ieee(x, y)),
            (i) => `pow(${list[i]?.join(", ")})`,
          );
        },
      ),
      { numRuns: 8 },
    );
  });
});

const SPECIAL = [-4, -1e-30, -0, 0, 1e-30, 1, 4, -INF, INF, NONE];

test("log: −∞ of 0, NaN below", async () => {
  for (const got of await computed((a) => weft.log(a as weft.Tensor), SPECIAL))
    expectAlike(got, SPECIAL.map(Math.log), (i) => `log(${SPECIAL[i]})`);
});

test("sqrt: NaN below 0", async () => {
  for (const got of await computed((a) => weft.sqrt(a as weft.Tensor), SPECIAL))
    expectAlike(got, SPECIAL.map(Math.sqrt), (i) => `sqrt(${SPECIAL[i]})`);
});

test("div by 0, also by the number 0", async () => {
  const values = [-4, -0, 0, 4, NONE];
  const divisors = [-0, 0, 2, -INF];
  const pairs = values.flatMap((x) => divisors.map((y) => [x, y] as const));
  const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
  for (const got of await computed((a, b) => weft.div(a as weft.Tensor, b as weft.Tensor), xs, ys))
    expectAlike(
      got,
      pairs.map(([x, y]) => x / y),
      (i) => `${xs[i]} / ${ys[i]}`,
    );
  for (const got of await computed((a) => weft.div(a as weft.Tensor, 0), [-4, 4]))
    expectAlike(got, [-INF, INF], (i) => `${i} / 0`);
});
