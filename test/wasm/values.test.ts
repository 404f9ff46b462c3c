/** Every value that kernels are made of, one number at a time and two or four together, beside what it means. */
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../compiler/ir/type.ts";
import type { BinaryOp, Fn, Value, Width } from "../../compiler/ir/value.ts";
import {
  apply,
  binary,
  builtin,
  component,
  compose,
  convert,
  float,
  int,
  loadFrom,
  negate,
  newVariable,
  plus,
  randomValue,
  sizeValue,
  splat,
  typeFor,
  uint,
  uniform,
} from "../../compiler/math/value.ts";
import { printModule } from "../../compiler/targets/wgsl/print.ts";
import { KernelMachine } from "../wgsl/machine.ts";
import { ALL, ALONE, ARRAYS, expectEach, type Fits, LEAST, type Make, type Meaning } from "./each.ts";
import { carryOut, first, moduleOf, storage, stored } from "./kernel.ts";

const divides: Fits = (x, y) => y !== 0 && !(x === LEAST && y === -1);
const FLOATS: readonly (readonly [BinaryOp, Meaning])[] = [
  ["+", (x, y) => x + y],
  ["-", (x, y) => x - y],
  ["*", (x, y) => x * y],
  ["/", (x, y) => x / y],
  ["<", (x, y) => x < y],
  [">=", (x, y) => x >= y],
  ["==", (x, y) => x === y],
  ["!=", (x, y) => x !== y],
];
type Integer = [BinaryOp, Meaning, readonly Width[], Fits];
const INTEGERS: readonly Integer[] = [
  ["+", (x, y) => x + y, ALL, () => true],
  ["-", (x, y) => x - y, ALL, () => true],
  ["*", Math.imul, ALL, () => true],
  ["/", (x, y) => Math.trunc(x / y), ALONE, divides],
  ["%", (x, y) => x % y, ALONE, divides],
  ["&", (x, y) => x & y, ALL, () => true],
  ["<", (x, y) => x < y, ALL, () => true],
  [">=", (x, y) => x >= y, ALL, () => true],
  ["==", (x, y) => x === y, ALL, () => true],
  ["!=", (x, y) => x !== y, ALL, () => true],
];

describe("operations", () => {
  test.each(FLOATS)("%s of numbers", (op, meant) => {
    expectEach("f32", ALL, (x, y) => binary(op, x, y), meant);
  });
  test.each<Integer>(INTEGERS)("%s of whole numbers, with a sign and without", (op, meant, widths, fits) => {
    for (const kind of ["i32", "u32"] as const)
      expectEach(kind, widths, (x, y) => binary(op, x, y), meant, fits);
  });
  test("a number goes with each lane of a vector, on either side", () => {
    for (const one of [
      (x: Value) => component(x, 0),
      () => float(1.5),
      (x: Value) => binary("+", component(x, 0), float(0)),
    ])
      for (const width of [2, 4] as const) {
        const [x, z] = [storage("f32"), storage("f32", 1, true)];
        const v = loadFrom(x, int(0), width);
        const result = new Float32Array(4);
        const difference = binary("-", binary("-", v, one(v)), binary("-", one(v), v));
        carryOut(moduleOf(stored(z, int(0), difference), [x, z]), {
          data: [Float32Array.of(1.5, 2, 4, 8), result],
        });
        expect(Array.from(result)).toEqual([0, 1, 5, 13].map((n, i) => (i < width ? n : 0)));
      }
  });
  test("shifts, by one number or by another in each lane", () => {
    for (const kind of ["i32", "u32"] as const) {
      const shift = (x: number, by: number): number => (kind === "i32" ? x >> by : x >>> by);
      for (const by of [0, 1, 4, 31])
        expectEach(
          kind,
          ALONE,
          (x) => binary(">>", x, uint(by)),
          (x) => shift(x, by),
        );
      for (const width of [2, 4] as const) {
        const by = [0, 28, 4, 31].slice(0, width);
        const [x, z] = [storage(kind), storage(kind, 1, true)];
        const given = [-5, 2 ** 30 + 7, 255, LEAST];
        const value = binary(">>", splat(loadFrom(x, first(1)), width), compose(by.map(uint)));
        const result = new ARRAYS[kind](width * given.length);
        carryOut(moduleOf(stored(z, first(width), value), [x, z]), {
          data: [ARRAYS[kind].from(given), result],
          groups: given.length,
        });
        expect(Array.from(result)).toEqual(given.flatMap((n) => by.map((b) => shift(n, b))));
      }
    }
  });
  test("negation", () => {
    expectEach(
      "f32",
      ALL,
      (x) => negate(x),
      (x) => -x,
    );
    expectEach(
      "i32",
      ALL,
      (x) => negate(x),
      (x) => -x,
    );
  });
  test("two conditions", () => {
    const both: Make = (x, y) =>
      binary("&&", binary("<", x, y), binary(">=", y, splat(float(1), y.type.width)));
    expectEach("f32", ALL, both, (x, y) => x < y && y >= 1);
  });
});

describe("functions", () => {
  const LIMITS: readonly (readonly [Fn, Meaning])[] = [
    ["min", Math.min],
    ["max", Math.max],
  ];
  test.each(LIMITS)("%s, of NaN as well", (fn, meant) => {
    for (const kind of ["f32", "i32", "u32"] as const)
      expectEach(kind, kind === "u32" ? ALONE : ALL, (x, y) => apply(fn, x, y), meant);
  });
  test.each(LIMITS)("%s with a number that is known, on either side", (fn, meant) => {
    const known = (x: Value): Value => splat(float(1.5), x.type.width);
    expectEach(
      "f32",
      ALL,
      (x) => apply(fn, x, known(x)),
      (x) => meant(x, 1.5),
    );
    expectEach(
      "f32",
      ALL,
      (x) => apply(fn, known(x), x),
      (x) => meant(1.5, x),
    );
  });
  test("clamp", () => {
    const clamped: Meaning = (x) => Math.min(Math.max(x, -2), 7);
    expectEach(
      "f32",
      ALL,
      (x) => apply("clamp", x, splat(float(-2), x.type.width), splat(float(7), x.type.width)),
      clamped,
    );
    expectEach(
      "i32",
      ALL,
      (x) => apply("clamp", x, splat(int(-2), x.type.width), splat(int(7), x.type.width)),
      clamped,
    );
  });
  test("abs and sqrt", () => {
    expectEach("f32", ALL, (x) => apply("abs", x), Math.abs);
    expectEach("f32", ALL, (x) => apply("sqrt", x), Math.sqrt);
  });
});

describe("what a run is told", () => {
  test("the batch, the step, the seed, the rates, and other sizes", () => {
    const sizes = [sizeOf("T", 9), sizeOf("S", 7)];
    const z = storage("f32", 1, true);
    const fields = [
      ...(["n", "step", "seed"] as const).map((field) => convert(uniform(field), "f32")),
      ...[0, 3].map((slot) => uniform("rates", slot)),
      ...sizes.map((size) => convert(sizeValue(size), "f32")),
    ];
    const words = new Uint32Array(10);
    words.set([11, 0, 13, 17]);
    new Float32Array(words.buffer).set([0.5, 0.25, 0.125, 0.75], 4);
    words.set([6, 5], 8);
    const result = new Float32Array(fields.length);
    const body = fields.flatMap((value, i) => stored(z, int(i), value));
    carryOut(moduleOf(body, [z]), { data: [result], uniform: words, sizes });
    expect(Array.from(result)).toEqual([11, 13, 17, 0.5, 0.75, 6, 5]);
  });
  test("which thread of which workgroup it is", () => {
    const z = storage("i32", 1, true);
    const [group, local] = [convert(builtin("group"), "i32"), convert(builtin("local"), "i32")];
    const place = plus(binary("*", group, int(3)), local);
    const result = new Int32Array(12);
    const value = plus(binary("*", group, int(10)), local);
    carryOut(moduleOf(stored(z, place, value), [z], 3), { data: [result], groups: 4 });
    expect(Array.from(result)).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]);
  });
  test("random numbers are those of WGSL", () => {
    const z = storage("f32", 1, true);
    const counter = convert(builtin("group"), "u32");
    const salted = [0, 1, 77].map((salt) => randomValue(counter, salt));
    const module = moduleOf(
      salted.flatMap((v, i) => stored(z, plus(first(3), int(i)), v)),
      [z],
    );
    const uniformWords = new Uint32Array(8);
    uniformWords.set([1, 0, 5, 0xdeadbeef]);
    const [here, there] = [new Float32Array(300), new Float32Array(300)];
    carryOut(module, { data: [here], groups: 100, uniform: uniformWords });
    new KernelMachine(printModule(module, ["z"], []).wgsl).run(
      [{ bytes: uniformWords.buffer }, { bytes: there.buffer }],
      [100, 1, 1],
    );
    expect(here).toEqual(there);
    expect(new Set(here).size).toBeGreaterThan(290);
    expect(here.every((v) => v >= 0 && v < 1)).toBe(true);
  });
});

describe("what WebAssembly has not", () => {
  const I32 = typeFor("i32", 4);
  const wide = newVariable("v", I32);
  test.each<[string, Value]>([
    ["WebAssembly has no / of i32, 4 at once", binary("/", wide, wide)],
    ["WebAssembly has no abs of i32", apply("abs", int(3))],
    ["WebAssembly has no f16", convert(float(1), "f16")],
  ])("%s", (message, value) => {
    const z = storage("i32", 1, true);
    const body = [
      { kind: "let" as const, variable: wide, value: splat(int(3), 4) },
      { kind: "store" as const, to: z, at: int(0), value: component(value, 0) },
    ];
    expect(() => carryOut(moduleOf(body, [z]), { data: [new Int32Array(4)] })).toThrow(message);
  });
});
