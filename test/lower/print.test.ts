/** Values as WGSL: read back, they are what was meant, whatever was computed ahead and wherever parentheses stand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KernelModule, Stmt } from "../../compiler/ir/stmt.ts";
import type { BinaryOp, Value } from "../../compiler/ir/value.ts";
import {
  apply,
  binary,
  builtin,
  choose,
  component,
  compose,
  convert,
  float,
  int,
  loadFrom,
  negate,
  newMemory,
  newVariable,
  plus,
  times,
  typeFor,
  uint,
} from "../../compiler/math/value.ts";
import { printModule } from "../../compiler/targets/wgsl/print.ts";
import { printValue } from "../../compiler/targets/wgsl/values.ts";
import { KernelMachine } from "../wgsl/machine.ts";

const I32 = typeFor("i32");
const VARIABLES = ["a", "b", "c"].map((stem) => newVariable(stem, I32));
const [a, b, c] = VARIABLES as [Value, Value, Value]; // three of them

/** A value, and what it is in workgroup `group` where the variables are these. */
interface Meant {
  readonly value: Value;
  of(variables: readonly number[], group: number): number;
}

const INTEGERS: readonly (readonly [BinaryOp, (x: number, y: number) => number])[] = [
  ["+", (x, y) => x + y],
  ["-", (x, y) => x - y],
  ["*", Math.imul],
  ["/", (x, y) => x / y],
  ["%", (x, y) => x % y],
  ["&", (x, y) => x & y],
];
const TESTS: readonly (readonly [BinaryOp, (x: number, y: number) => boolean])[] = [
  ["<", (x, y) => x < y],
  [">=", (x, y) => x >= y],
  ["==", (x, y) => x === y],
  ["!=", (x, y) => x !== y],
];

/** A choice among 0 … n − 1. */
type Choose = (n: number) => number;

function leaf(pick: Choose): Meant {
  const variable = pick(3);
  const number = [-5, -1, 0, 1, 2, 7][pick(6)] ?? 0;
  return [
    { value: int(number), of: () => number },
    { value: convert(builtin("group"), "i32"), of: (_: readonly number[], group: number) => group },
    ...[0, 1].map(() => ({
      value: VARIABLES[variable] ?? a,
      of: (variables: readonly number[]) => variables[variable] ?? 0,
    })),
  ][pick(4)] as Meant; // there are four
}

function draw(pick: Choose, depth = 0): Meant {
  if (depth === 4 || (depth > 0 && pick(5) === 0)) return leaf(pick);
  const [x, y, z] = [0, 1, 2].map(() => draw(pick, depth + 1)) as [Meant, Meant, Meant];
  switch (pick(10)) {
    case 0:
      return { value: negate(x.value), of: (v, g) => -x.of(v, g) | 0 };
    case 1: {
      const number = convert(binary(">>", convert(x.value, "u32"), uint(1)), "i32");
      return { value: number, of: (v, g) => (x.of(v, g) >>> 1) | 0 };
    }
    case 2:
      return { value: apply("max", x.value, y.value), of: (v, g) => Math.max(x.of(v, g), y.of(v, g)) };
    case 3:
      return { value: component(compose([x.value, y.value]), 1), of: y.of };
    case 4: {
      const [[op, holds], [other, too]] = [TESTS[pick(4)], TESTS[pick(4)]] as [
        (typeof TESTS)[0],
        (typeof TESTS)[0],
      ];
      const both = pick(2) ? "&" : "&&";
      const condition = binary(both, binary(op, x.value, y.value), binary(other, y.value, z.value));
      const chosen = (v: readonly number[], g: number): boolean =>
        holds(x.of(v, g), y.of(v, g)) && too(y.of(v, g), z.of(v, g));
      return {
        value: choose(condition, x.value, z.value),
        of: (v, g) => (chosen(v, g) ? x : z).of(v, g),
      };
    }
    default: {
      const [op, meaning] = INTEGERS[pick(6)] as (typeof INTEGERS)[0];
      // WGSL refuses a division by a constant 0.
      const by = (op === "/" || op === "%") && y.value.kind === "literal" ? leafOf(pick(3)) : y;
      return { value: binary(op, x.value, by.value), of: (v, g) => meaning(x.of(v, g), by.of(v, g)) | 0 };
    }
  }
}

const leafOf = (i: number): Meant => ({ value: VARIABLES[i] ?? a, of: (variables) => variables[i] ?? 0 });

/** A value in each of four workgroups, by the kernel that is printed. */
function printed(value: Value, variables: readonly number[]): readonly number[] {
  const [x, y] = [false, true].map((writable) =>
    newMemory({ space: "storage", stem: writable ? "y" : "x", type: I32, writable }),
  ) as [ReturnType<typeof newMemory>, ReturnType<typeof newMemory>];
  const body: Stmt[] = VARIABLES.map((variable, i) => ({
    kind: "let",
    variable,
    value: loadFrom(x, int(i)),
  }));
  body.push({ kind: "store", to: y, at: builtin("group"), value });
  const module: KernelModule = {
    bindings: [x, y],
    shared: [],
    workgroup: 1,
    body,
    grid: { items: 4, batchTile: 0 },
    overhang: 0,
  };
  const result = new Int32Array(4);
  const machine = new KernelMachine(printModule(module, ["x", "y"]).wgsl);
  machine.run([{ bytes: Int32Array.from(variables).buffer }, { bytes: result.buffer }], [2, 2, 1]);
  return [...result];
}

describe("a value that is printed and read back", () => {
  test("is what was meant", () => {
    const meant = fc.gen().map((gen) => draw((n) => gen(fc.nat, n - 1)));
    const variables = fc.tuple(...VARIABLES.map(() => fc.integer({ min: -40, max: 40 })));
    fc.assert(
      fc.property(meant, variables, ({ value, of }, given) => {
        expect(printed(value, given)).toEqual([0, 1, 2, 3].map((group) => of(given, group) + 0));
      }),
      { numRuns: 300 },
    );
  });
});

describe("WGSL's grammar", () => {
  const names = new Map(VARIABLES.map((v) => [v, v.stem]));
  const f = newVariable("f", typeFor("f32"));
  names.set(f, "f");
  const less = binary("<", a, b);
  const u = convert(a, "u32");
  test.each<[string, Value]>([
    ["a - (b - c)", binary("-", a, binary("-", b, c))],
    ["a - b - c", binary("-", binary("-", a, b), c)],
    ["a * (b / c)", times(a, binary("/", b, c))],
    ["a * b / c", binary("/", times(a, b), c)],
    ["a * b + c % a", plus(times(a, b), binary("%", c, a))],
    ["(a + b) * c", times(plus(a, b), c)],
    // Comparisons, shifts and "and" do not stand side by side there, whatever their rank.
    ["(a < b) & (b < c)", binary("&", less, binary("<", b, c))],
    ["a < b && b < c", binary("&&", less, binary("<", b, c))],
    ["((a < b) & (b < c)) && a < b", binary("&&", binary("&", less, binary("<", b, c)), less)],
    ["(u32(a) + u32(b)) >> 2u", binary(">>", plus(u, convert(b, "u32")), uint(2))],
    ["(u32(a) >> 2u) >> 2u", binary(">>", binary(">>", u, uint(2)), uint(2))],
    ["(a & 3) * b", times(binary("&", a, int(3)), b)],
    // "--" is another token.
    ["-(-f)", negate(negate(f))],
    ["-(-1.0)", negate(float(-1))],
    ["f - (-0.0)", binary("-", f, float(-0))],
    ["-(a + b)", negate(plus(a, b))],
    ["(group.y * groups.x + group.x) * 64u", times(builtin("group"), uint(64))],
    ["select(b, a, a < b)", choose(less, a, b)],
  ])("%s", (text, value) => {
    expect(printValue(value, names)).toBe(text);
  });
});

test("integers that are known are computed ahead", () => {
  const zero = int(0);
  expect(plus(zero, a)).toBe(a);
  expect(plus(a, zero)).toBe(a);
  expect(binary("-", a, zero)).toBe(a);
  expect(binary("-", zero, a)).not.toBe(a);
  expect(times(a, int(1))).toBe(a);
  expect(times(zero, a)).toBe(zero);
  expect(times(zero, int(-4))).toBe(zero);
  expect(binary("/", a, int(1))).toBe(a);
  expect(binary("%", a, int(1))).toBe(zero);
  expect(binary("-", int(3), int(5))).toBe(int(-2));
  expect(plus(float(1), float(2)).kind).toBe("binary");
});
