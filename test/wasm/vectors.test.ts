/** Vectors of values, choices among them, and numbers of another type, at each width. */
import { describe, expect, test } from "vitest";
import type { Scalar, Value } from "../../compiler/ir/value.ts";
import {
  binary,
  choose,
  component,
  compose,
  convert,
  float,
  fromBits,
  int,
  loadFrom,
  negate,
  splat,
} from "../../compiler/math/value.ts";
import { ALL, ALONE, expectEach, type Kind, LEAST, type Make, type Meaning, MOST, WHOLE } from "./each.ts";
import { carryOut, moduleOf, storage, stored } from "./kernel.ts";

describe("choices and vectors", () => {
  test("by a condition of each lane", () => {
    expectEach(
      "f32",
      ALL,
      (x, y) => choose(binary("<", x, y), negate(x), y),
      (x, y) => (x < y ? -x : y),
    );
    expectEach(
      "i32",
      ALL,
      (x, y) => choose(binary("==", x, y), negate(x), y),
      (x, y) => (x === y ? -x : y),
    );
  });
  test("by one condition, among numbers and vectors", () => {
    const [yes, no] = [binary("<", int(0), int(1)), binary(">=", int(0), int(1))];
    const three = (x: Value): Value => splat(float(3), x.type.width);
    expectEach(
      "f32",
      ALL,
      (x, y) => choose(yes, x, y),
      (x) => x,
    );
    expectEach(
      "f32",
      ALL,
      (x, y) => choose(no, x, y),
      (_, y) => y,
    );
    expectEach(
      "f32",
      ALL,
      (x) => choose(no, x, three(x)),
      () => 3,
    );
    expectEach(
      "i32",
      ALL,
      (x, y) => choose(yes, negate(x), y),
      (x) => -x,
    );
  });
  test("a vector of conditions, one by one", () => {
    expectEach(
      "f32",
      [2, 4],
      (x, y) => {
        const lanes = Array.from({ length: x.type.width }, (_, i) =>
          binary("<", component(x, i), component(y, i)),
        );
        return choose(compose(lanes), x, negate(y));
      },
      (x, y) => (x < y ? x : -y),
    );
  });
  test("a vector of its own components, in order and in another one", () => {
    const taken =
      (order: (i: number, width: number) => number): Make =>
      (x) =>
        compose(Array.from({ length: x.type.width }, (_, i) => component(negate(x), order(i, x.type.width))));
    expectEach(
      "f32",
      ALL,
      taken((i) => i),
      (x) => -x,
    );
    expectEach(
      "i32",
      ALL,
      taken((i) => i),
      (x) => -x,
    );
    for (const order of [
      [3, 2, 1, 0],
      [1, 0],
      [0, 1, 1, 0],
    ]) {
      const width = order.length as 2 | 4; // two of them, or four
      const [x, z] = [storage("f32"), storage("f32", 1, true)];
      const result = new Float32Array(width);
      const lanes = order.map((lane) => component(negate(loadFrom(x, int(0), width)), lane));
      const data = [Float32Array.of(-1, -2, -3, -4), result];
      carryOut(moduleOf(stored(z, int(0), compose(lanes)), [x, z]), { data });
      expect(Array.from(result)).toEqual(order.map((lane) => lane + 1));
    }
  });
  test("a vector of known numbers, alike and different", () => {
    for (const numbers of [
      [2, 2, 2, 2],
      [1.5, -0, 3e38, 0],
    ])
      for (const width of [2, 4] as const) {
        const z = storage("f32", 1, true);
        const result = new Float32Array(width);
        carryOut(moduleOf(stored(z, int(0), compose(numbers.slice(0, width).map((n) => float(n)))), [z]), {
          data: [result],
        });
        expect(Array.from(result)).toEqual(numbers.slice(0, width).map(Math.fround));
      }
    const z = storage("i32", 1, true);
    const result = new Int32Array(4);
    carryOut(moduleOf(stored(z, int(0), compose([LEAST, -1, 0, MOST].map(int))), [z]), { data: [result] });
    expect(Array.from(result)).toEqual([LEAST, -1, 0, MOST]);
  });
});

describe("numbers of another type", () => {
  const saturated = (low: number, high: number) => (x: number) =>
    Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)));
  const cases: readonly (readonly [Kind, Scalar, Meaning])[] = [
    ["f32", "i32", saturated(LEAST, MOST)],
    ["f32", "u32", saturated(0, WHOLE - 1)],
    ["i32", "f32", (x) => x],
    ["u32", "f32", (x) => x],
    ["i32", "u32", (x) => x],
    ["u32", "i32", (x) => x],
  ];
  test.each(cases)("%s as %s", (from, to, meant) => {
    expectEach(from, ALL, (x) => convert(x, to), meant);
  });
  test("truth as a number", () => {
    for (const to of ["f32", "i32", "u32"] as const)
      expectEach(
        "f32",
        ALL,
        (x, y) => convert(binary("<", x, y), to),
        (x, y) => x < y,
      );
  });
  test("the number that bits are", () => {
    const floats = new Float32Array(1);
    const bits = new Uint32Array(floats.buffer);
    expectEach(
      "u32",
      ALONE,
      (x) => fromBits(x),
      (x) => {
        bits[0] = x;
        return floats[0] ?? 0;
      },
    );
  });
});
