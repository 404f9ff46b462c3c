/** The passes over statements: what they leave as it was, and what they promise. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stmt } from "../../compiler/ir/stmt.ts";
import type { Value, Width } from "../../compiler/ir/value.ts";
import { Builder } from "../../compiler/lower/builder.ts";
import { hoist } from "../../compiler/lower/hoist.ts";
import { shareInQuads } from "../../compiler/lower/quads.ts";
import { vectorise } from "../../compiler/lower/vectorise.ts";
import { add, axisIndex, constant, newAxis, scale } from "../../compiler/math/affine.ts";
import { visitStatements, visitValues } from "../../compiler/math/statements.ts";
import {
  builtin,
  compose,
  convert,
  elementOf,
  float,
  int,
  named,
  newVariable,
  partsOf,
  plus,
  times,
  typeFor,
} from "../../compiler/math/value.ts";
import { choices, drawProgram, tensor } from "./draw.ts";
import { numberAt, run, type Stored } from "./machine.ts";

const programs = choices.map((pick) => drawProgram(pick));
const finished = (statements: readonly Stmt[]): readonly Stmt[] => hoist(vectorise(statements).statements);

const leaves = (v: Value): readonly Value[] => (v.kind === "variable" ? [v] : partsOf(v).flatMap(leaves));
const count = (statements: readonly Stmt[], kind: Value["kind"]): number => {
  let found = 0;
  visitValues(statements, (v) => {
    if (v.kind === kind) found++;
  });
  return found;
};

describe("a random kernel", () => {
  test("stores after the passes what it stored before", () => {
    fc.assert(
      fc.property(programs, (before) => {
        expect(run(finished(before))).toEqual(run(before));
      }),
    );
  });

  test("names a value once, where all that it depends on is known and no further in", () => {
    const check = (
      list: readonly Stmt[],
      open: readonly Value[],
      own: readonly Value[],
      top: boolean,
    ): void => {
      const named = [...open];
      const here: Value[] = [...own];
      for (const s of list) {
        if (s.kind === "let") {
          expect(named).not.toContain(s.value);
          if (!top) expect(leaves(s.value).some((v) => here.includes(v))).toBe(true);
          named.push(s.value);
        }
        if (s.kind === "let" || s.kind === "var") here.push(s.variable);
        if (s.kind === "for") check(s.body, named, [s.variable], false);
        if (s.kind === "if") check(s.body, named, [], false);
      }
    };
    fc.assert(fc.property(programs, (before) => check(finished(before), [], [], true)));
  });
});

describe("naming", () => {
  const [row, k] = [newAxis("row", 4), newAxis("k", 3)];
  const x = tensor();
  const nest = (value: Value): readonly Stmt[] => {
    const builder = new Builder(false);
    builder.loop(row, () =>
      builder.loop(k, () => builder.push({ kind: "store", to: tensor(true), at: int(0), value })),
    );
    return hoist(vectorise(builder.statements).statements);
  };
  const bodyOf = (statements: readonly Stmt[]): readonly Stmt[] =>
    statements.flatMap((s) => (s.kind === "for" ? s.body : []));
  const kinds = (statements: readonly Stmt[]): readonly string[] =>
    statements.map((s) => (s.kind === "let" ? s.variable.stem : s.kind));

  test("what no loop changes stands before both", () => {
    const statements = nest(elementOf(x, constant(5)));
    expect(kinds(statements)).toEqual(["x", "for"]);
  });

  test("an address is added up where its terms are known", () => {
    const outer = nest(elementOf(x, add(scale(axisIndex(row), 7), scale(axisIndex(k), 3))));
    const inner = bodyOf(outer);
    expect([kinds(outer), kinds(inner), kinds(bodyOf(inner))]).toEqual([
      ["for"],
      ["i", "for"],
      ["i", "x", "store"],
    ]);
  });

  test("assignments of which one reads what another changes are not one step", () => {
    const [a, b] = ["a", "b"].map((stem) => newVariable(stem, typeFor("f32")));
    if (!a || !b) throw new Error("variables");
    const start = [a, b].map((variable) => ({ kind: "var", variable, value: float(0) }) as const);
    const first = { kind: "assign", to: a, op: "=", value: float(2) } as const;
    const second = { kind: "assign", to: b, op: "=", value: named("v", plus(a, float(1))) } as const;
    const store = { kind: "store", to: tensor(true), at: int(0), value: b } as const;
    const after = hoist([...start, first, second, store]);
    expect(run(after)).toEqual([{ thread: 0, at: 0, value: [3] }]);
    // The name keeps what the variable was: assigning to it once more would make it wrong.
    expect(() => hoist([...start, first, second, first])).toThrow("a is assigned to after it was named");
  });
});

describe("vectors", () => {
  const axis = newAxis("i", 5);
  /** Stores the sum of some numbers in a loop. */
  function reading(offsets: readonly number[], by: number, from = tensor()) {
    const builder = new Builder(false);
    const values = offsets.map((o) => elementOf(from, add(scale(axisIndex(axis), by), o)));
    builder.loop(axis, () =>
      builder.push({ kind: "store", to: tensor(true), at: int(0), value: values.reduce(plus) }),
    );
    const { statements, wide } = vectorise(builder.statements);
    const width = wide.get(from)?.type.width ?? 1;
    return { width, loads: count(hoist(statements), "load"), sums: run(hoist(statements)) };
  }
  const sums = (offsets: readonly number[], by: number): readonly Stored[] =>
    Array.from({ length: 5 }, (_, i) => {
      const value = offsets.reduce((a, o) => a + numberAt(i * by + o), 0);
      return { thread: 0, at: 0, value: [value] };
    });

  test.each<[string, readonly number[], number, Width, number]>([
    ["four neighbours, aligned", [0, 1, 2, 3], 4, 4, 1],
    ["four neighbours at even places", [0, 1, 2, 3], 2, 2, 2],
    ["four neighbours at odd places", [0, 1, 2, 3], 3, 1, 4],
    ["a window over the edge of a vector", [2, 3, 4, 5, 6], 4, 4, 2],
    ["a window that hangs over the beginning", [-3, -2, -1, 0, 1], 4, 4, 2],
    ["one of each vector", [0, 4, 8], 4, 1, 3],
  ])("%s", (_, offsets, by, width, loads) => {
    expect(reading(offsets, by)).toEqual({ width, loads, sums: sums(offsets, by) });
  });

  test("none where a kernel writes, too", () => {
    expect(reading([0, 1, 2, 3], 4, tensor(true)).width).toBe(1);
  });

  const whole = (order: readonly number[]): readonly [number, readonly number[]] => {
    const value = compose(order.map((o) => elementOf(x, constant(o))));
    const store = { kind: "store", to: tensor(true), at: int(0), value } as const;
    const { statements } = vectorise([store]);
    return [count(statements, "compose"), run(statements)[0]?.value ?? []];
  };
  const x = tensor();
  test("a whole one is loaded as such, and parts in another order or place are put together", () => {
    expect(whole([4, 5, 6, 7])).toEqual([0, [4, 5, 6, 7].map(numberAt)]);
    expect(whole([7, 6, 5, 4])).toEqual([1, [7, 6, 5, 4].map(numberAt)]);
    expect(whole([4, 5, 6, 5])).toEqual([1, [4, 5, 6, 5].map(numberAt)]);
    expect(whole([5, 6, 7, 8])[1]).toEqual([5, 6, 7, 8].map(numberAt));
  });
});

describe("quads", () => {
  const axis = newAxis("k", 3);
  /** Each thread of a quad adds up the same numbers. */
  function shared(offsets: readonly number[]): readonly Stmt[] {
    const builder = new Builder(false);
    const x = tensor();
    const values = offsets.map((o) => elementOf(x, add(scale(axisIndex(axis), 17), o)));
    const sum = builder.var("acc", float(0));
    builder.loop(axis, () => {
      builder.push({ kind: "share", values });
      values.forEach((value, i) => {
        builder.assign(sum, "+=", times(value, float(i + 1)));
      });
    });
    builder.push({ kind: "store", to: tensor(true), at: convert(builtin("local"), "i32"), value: sum });
    return vectorise(builder.statements).statements;
  }
  const handed = (statements: readonly Stmt[]): readonly Stmt[] => hoist(shareInQuads(statements));

  test("any numbers come to all four threads", () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(offsets, (some) => {
        const before = shared(some.map((o) => 3 * o)); // at odd places no vectors are in the way
        expect(run(handed(before), 4)).toEqual(run(before, 4));
      }),
    );
  });

  test.each<[string, readonly number[], number]>([
    ["four in a row", [0, 3, 6, 9], 1],
    ["two pairs at a distance", [0, 3, 30, 33], 1],
    ["a pair", [0, 30], 1],
    ["fours at uneven distances, as twos", [0, 3, 9, 30], 2],
    ["three, of which one is alone", [0, 3, 9], 2],
  ])("a thread loads a part of %s", (_, offsets, loads) => {
    const after = handed(shared(offsets));
    expect(count(after, "load")).toBe(loads);
    let shares = 0;
    visitStatements(after, (s) => {
      if (s.kind === "share") shares++;
    });
    expect(shares).toBe(0);
  });
});
