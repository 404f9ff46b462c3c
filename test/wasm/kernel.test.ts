/** Kernels as functions: statements, addresses, and random ones beside what they mean in plain numbers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stmt } from "../../compiler/ir/stmt.ts";
import type { Memory, Value } from "../../compiler/ir/value.ts";
import { hoist } from "../../compiler/lower/hoist.ts";
import { vectorise } from "../../compiler/lower/vectorise.ts";
import { visitStatements, visitValues } from "../../compiler/math/statements.ts";
import {
  apply,
  binary,
  broadcast,
  builtin,
  choose,
  component,
  compose,
  convert,
  float,
  int,
  less,
  loadFrom,
  newMemory,
  newVariable,
  plus,
  splat,
  times,
  typeFor,
  uniform,
} from "../../compiler/math/value.ts";
import { encodeModule } from "../../compiler/targets/wasm/module.ts";
import { choices, drawProgram } from "../lower/draw.ts";
import { numberAt, run } from "../lower/machine.ts";
import { kernelsOf, memory } from "./device.ts";
import { carryOut, moduleOf, storage } from "./kernel.ts";

/** The arrays that statements use, those that are written last. */
function bindingsOf(statements: readonly Stmt[]): readonly Memory[] {
  const found = new Set<Memory>();
  visitValues(statements, (v) => {
    if (v.kind === "load") found.add(v.from);
  });
  visitStatements(statements, (s) => {
    if (s.kind === "store") found.add(s.to);
  });
  return [...found].toSorted((a, b) => Number(a.writable) - Number(b.writable));
}

describe("a random kernel", () => {
  const [BEFORE, BEHIND] = [256, 1024];
  const UNTOUCHED = 12345;

  test.each([
    ["where any place can be fetched", true],
    ["where the width divides the place", false],
  ])("stores what it means, %s", (_, anywhere) => {
    fc.assert(
      fc.property(choices, (pick) => {
        const meant = drawProgram(pick);
        const statements = hoist(vectorise(meant, anywhere).statements);
        const bindings = bindingsOf(statements);
        const { bytes } = encodeModule([moduleOf(statements, bindings)], []);
        const [kernel] = kernelsOf(Uint8Array.from(bytes));
        const words = new Float32Array(memory.buffer);
        // Places below 0 are used as well: each array goes on on both sides.
        const starts = bindings.map((m, i) => {
          const start = BEFORE + i * (BEFORE + BEHIND);
          for (let at = -BEFORE; at < BEHIND; at++) words[start + at] = m.writable ? UNTOUCHED : numberAt(at);
          return start;
        });
        kernel?.(0, 1, 0, ...starts.map((s) => 4 * s));
        const last = new Map(run(meant).map(({ at, value }) => [at, value[0]]));
        const written = starts.at(-1) ?? 0;
        for (let at = -BEFORE; at < BEHIND; at++) {
          const want = last.get(at) ?? UNTOUCHED;
          if (words[written + at] !== want)
            expect.fail(`number ${at} is ${words[written + at]}, not ${want}`);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** What statements store in an array of so many numbers, which were −1 before. */
function stores(
  body: (to: Memory, from: Memory) => readonly Stmt[],
  size = 12,
  groups = 1,
): readonly number[] {
  const [x, y] = [storage("f32"), storage("f32", 1, true)];
  const result = new Float32Array(size).fill(-1);
  const words = new Uint32Array(8).fill(5, 0, 1);
  carryOut(moduleOf(body(y, x), [x, y]), {
    data: [Float32Array.from({ length: 64 }, (_, i) => i), result],
    groups,
    uniform: words,
  });
  return Array.from(result);
}
const put = (to: Memory, at: Value, value: Value): Stmt => ({ kind: "store", to, at, value });
const I32 = typeFor("i32");
const F32 = typeFor("f32");
const n = convert(uniform("n"), "i32");
const loop = (start: Value, end: Value, step: number, body: (i: Value) => readonly Stmt[]): Stmt => {
  const variable = newVariable("i", I32);
  return { kind: "for", variable, start, end, step, opaque: false, body: body(variable) };
};

describe("loops and branches", () => {
  const counted = (start: Value, end: Value, step: number): readonly number[] =>
    stores((y) => [loop(start, end, step, (i) => [put(y, i, convert(i, "f32"))])]).filter((v) => v >= 0);

  test("a loop of known turns, of steps, of none, and of turns that a run decides", () => {
    expect(counted(int(0), int(4), 1)).toEqual([0, 1, 2, 3]);
    expect(counted(int(1), int(10), 3)).toEqual([1, 4, 7]);
    expect(counted(int(4), int(4), 1)).toEqual([]);
    expect(counted(int(5), int(4), 1)).toEqual([]);
    expect(counted(int(3), n, 1)).toEqual([3, 4]);
    expect(counted(n, int(9), 2)).toEqual([5, 7]);
    expect(counted(n, int(5), 1)).toEqual([]);
    expect(counted(plus(n, int(-5)), n, 2)).toEqual([0, 2, 4]);
  });

  test("a thread that returns ends, wherever it is, and the next one goes on", () => {
    const group = convert(builtin("group"), "i32");
    const leave: Stmt = { kind: "return" };
    const numbers = (inside: (i: Value) => Stmt): readonly number[] =>
      stores(
        (y) => [
          loop(int(0), n, 1, (i) => [inside(i), put(y, plus(times(group, int(5)), i), float(1))]),
          put(y, plus(times(group, int(5)), int(4)), float(9)),
        ],
        15,
        3,
      );
    const at = (turns: readonly number[]): readonly number[] =>
      turns.flatMap((count) => Array.from({ length: 5 }, (_, i) => (i < count ? 1 : -1)));
    // Alone in a branch, beside something, in the other branch, and deeper.
    const condition = (i: Value): Value => binary(">=", i, plus(group, int(1)));
    expect(numbers((i) => ({ kind: "if", condition: condition(i), body: [leave] }))).toEqual(at([1, 2, 3]));
    const nothing: Stmt = { kind: "let", variable: newVariable("v", F32), value: float(0) };
    expect(numbers((i) => ({ kind: "if", condition: condition(i), body: [nothing, leave] }))).toEqual(
      at([1, 2, 3]),
    );
    expect(
      numbers((i) => ({ kind: "if", condition: less(i, plus(group, int(1))), body: [], otherwise: [leave] })),
    ).toEqual(at([1, 2, 3]));
    expect(
      numbers((i) =>
        loop(int(0), int(2), 1, (j) => [
          { kind: "if", condition: less(plus(group, int(1)), plus(i, j)), body: [leave] },
        ]),
      ),
    ).toEqual(at([1, 2, 3]));
  });

  test("one branch or the other", () => {
    const body = (y: Memory): readonly Stmt[] => [
      loop(int(0), int(4), 1, (i) => [
        {
          kind: "if",
          condition: less(i, int(2)),
          body: [put(y, i, float(1))],
          otherwise: [put(y, i, float(2))],
        },
      ]),
    ];
    expect(stores(body, 4)).toEqual([1, 1, 2, 2]);
  });
});

describe("variables", () => {
  test("an address that counts on a variable follows its assignments", () => {
    const at = newVariable("at", I32);
    const follow = (y: Memory, x: Memory): readonly Stmt[] => [
      { kind: "var", variable: at, value: int(3) },
      put(y, int(0), loadFrom(x, at)),
      { kind: "assign", to: at, op: "+=", value: int(4) },
      put(y, int(1), loadFrom(x, at)),
      put(y, int(2), loadFrom(x, plus(at, int(1)))),
      { kind: "assign", to: at, op: "=", value: int(20) },
      put(y, int(3), loadFrom(x, at)),
    ];
    expect(stores(follow, 4)).toEqual([3, 7, 8, 20]);
  });

  test("an address that was computed in a branch or a loop is not taken behind it", () => {
    const behind = (y: Memory, x: Memory): readonly Stmt[] => {
      const i = newVariable("i", I32);
      const place = times(n, int(2));
      return [
        { kind: "if", condition: less(n, int(0)), body: [put(y, int(0), loadFrom(x, place))] },
        put(y, int(1), loadFrom(x, place)),
        {
          kind: "for",
          variable: i,
          start: n,
          end: int(0),
          step: 1,
          opaque: false,
          body: [put(y, int(2), loadFrom(x, plus(place, n)))],
        },
        put(y, int(3), loadFrom(x, plus(place, n))),
      ];
    };
    expect(stores(behind, 4)).toEqual([-1, 10, -1, 15]);
  });

  test("in all lanes and as it is, before and after it was assigned to", () => {
    const both = (y: Memory, x: Memory): readonly Stmt[] => {
      const [sum, fixed] = [newVariable("sum", F32), newVariable("fixed", F32)];
      const vector = loadFrom(x, int(4), 4);
      const all = (at: number, of: Value): readonly Stmt[] =>
        [0, 1, 2, 3].map((i) => put(y, int(at + i), component(of, i)));
      return [
        { kind: "var", variable: sum, value: float(1) },
        { kind: "let", variable: fixed, value: plus(sum, float(1)) },
        ...all(0, binary("*", sum, vector)),
        { kind: "assign", to: sum, op: "+=", value: fixed },
        ...all(4, binary("*", vector, sum)),
        ...all(8, binary("+", binary("*", fixed, vector), splat(sum, 4))),
      ];
    };
    expect(stores(both)).toEqual([4, 5, 6, 7, 12, 15, 18, 21, 11, 13, 15, 17]);
  });

  test("vectors: of numbers that were given, added to, and replaced", () => {
    const body = (y: Memory, x: Memory): readonly Stmt[] => {
      const acc = newVariable("acc", typeFor("f32", 4));
      const whole = newVariable("whole", typeFor("i32", 4));
      return [
        { kind: "var", variable: acc, value: float(0, 4) },
        { kind: "assign", to: acc, op: "+=", value: loadFrom(x, int(8), 4) },
        { kind: "assign", to: acc, op: "+=", value: float(1, 4) },
        { kind: "var", variable: whole, value: splat(int(2), 4) },
        { kind: "assign", to: whole, op: "+=", value: compose([1, 2, 3, 4].map(int)) },
        put(y, int(0), component(acc, 3)),
        { kind: "assign", to: acc, op: "=", value: convert(whole, "f32") },
        ...[0, 1, 2, 3].map((i) => put(y, int(1 + i), component(acc, i))),
      ];
    };
    expect(stores(body, 5)).toEqual([12, 3, 4, 5, 6]);
  });
});

describe("loads and stores", () => {
  test("neighbours are fetched at once, from any place, and others one by one", () => {
    const of = (places: readonly number[]): readonly number[] =>
      stores((y, x) => {
        const v = compose(places.map((p) => loadFrom(x, plus(n, int(p - 5)))));
        return places.map((_, i) => put(y, int(i), component(apply("abs", v), i)));
      }, places.length);
    for (const places of [
      [3, 4, 5, 6],
      [7, 8],
      [6, 5, 4, 3],
      [3, 4, 5, 7],
      [9, 9, 9, 9],
      [4, 3],
    ])
      expect(of(places)).toEqual(places);
  });

  test("places before a variable one, whichever way that is said", () => {
    const before = (y: Memory, x: Memory): readonly Stmt[] =>
      [binary("-", n, int(2)), plus(n, int(-2)), binary("-", n, int(-4))].map((at, i) =>
        put(y, int(i), loadFrom(x, at)),
      );
    expect(stores(before, 3)).toEqual([3, 3, 9]);
  });

  test("components are stored at once where they lie side by side, and as they are told where not", () => {
    const stored = (width: 2 | 4, order: readonly number[], places: readonly number[]): readonly number[] =>
      stores((y, x) => {
        const v = newVariable("v", typeFor("f32", width));
        return [
          { kind: "let", variable: v, value: loadFrom(x, int(40), width) },
          ...order.map((lane, i) => put(y, plus(n, int((places[i] ?? 0) - 5)), component(v, lane))),
        ];
      }, 6);
    expect(stored(4, [0, 1, 2, 3], [1, 2, 3, 4])).toEqual([-1, 40, 41, 42, 43, -1]);
    expect(stored(2, [0, 1], [1, 2])).toEqual([-1, 40, 41, -1, -1, -1]);
    expect(stored(4, [0, 1, 2], [1, 2, 3])).toEqual([-1, 40, 41, 42, -1, -1]);
    expect(stored(4, [1, 0, 2, 3], [1, 2, 3, 4])).toEqual([-1, 41, 40, 42, 43, -1]);
    expect(stored(4, [0, 1, 2, 3], [1, 2, 4, 3])).toEqual([-1, 40, 41, 43, 42, -1]);
    expect(stored(4, [0, 1, 2, 2], [1, 2, 3, 4])).toEqual([-1, 40, 41, 42, 42, -1]);
    expect(stored(4, [3, 3], [5, 0])).toEqual([43, -1, -1, -1, -1, 43]);
  });

  test.each([2, 4] as const)("arrays of vectors of %i", (width) => {
    const [x, y] = [storage("f32", width), storage("f32", width, true)];
    const result = new Float32Array(4 * width);
    const body = [
      loop(int(0), int(3), 1, (i) => [
        put(
          y,
          plus(i, int(1)),
          plus(loadFrom(x, i), splat(component(loadFrom(x, plus(i, int(1))), width - 1), width)),
        ),
      ]),
    ];
    carryOut(moduleOf(body, [x, y]), {
      data: [Float32Array.from({ length: 4 * width }, (_, i) => i), result],
    });
    const meant = Array.from({ length: 4 * width }, (_, i) => {
      const element = Math.floor(i / width) - 1;
      return element < 0 ? 0 : i - width + width * (element + 1) + width - 1;
    });
    expect(Array.from(result)).toEqual(meant);
  });

  test("what a guard drops may lie before and behind an array: the module says how far before", () => {
    const [x, y] = [storage("f32"), storage("f32", 1, true)];
    const places = [-9, -1, 0, 7, 8, 15];
    const inside = (p: number): Value =>
      binary("&&", binary(">=", plus(n, int(p)), int(5)), less(plus(n, int(p)), int(13)));
    const body = places.map((p, i) =>
      put(y, int(i), choose(inside(p), loadFrom(x, plus(plus(n, int(-5)), int(p))), float(0.5))),
    );
    const module = moduleOf(body, [x, y]);
    expect(encodeModule([module], []).bias).toBe(4 * 9);
    const result = new Float32Array(places.length);
    const uniformWords = new Uint32Array(8).fill(5, 0, 1);
    carryOut(module, {
      data: [Float32Array.from({ length: 8 }, (_, i) => i + 1), result],
      uniform: uniformWords,
      slack: 36,
    });
    expect(Array.from(result)).toEqual([0.5, 0.5, 1, 8, 0.5, 0.5]);
  });

  test("writing elsewhere than in what is writable is found by these tests", () => {
    const [x, y] = [storage("f32"), storage("f32", 1, true)];
    const data = (): [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] => [
      new Float32Array(4),
      new Float32Array(4),
    ];
    const at = (place: number) => () =>
      carryOut(moduleOf([put(y, int(place), float(1))], [x, y]), { data: data() });
    expect(at(4)).toThrow('kernel "kernel" writes behind its last binding');
    expect(at(-1)).toThrow('kernel "kernel" writes before binding 1');
    expect(() => carryOut(moduleOf([put(x, int(0), float(1))], [x, y]), { data: data() })).toThrow(
      'kernel "kernel" writes to binding 0, which it reads',
    );
  });
});

describe("what has no WebAssembly", () => {
  const y = storage("f32", 1, true);
  const own = newMemory({ space: "private", stem: "own", type: F32, length: 4, writable: true });
  test.each<[string, readonly Stmt[]]>([
    ["an array of a thread's own has no WebAssembly", [{ kind: "array", array: own, values: [float(0)] }]],
    ["threads that meet have no WebAssembly", [{ kind: "barrier" }]],
    ["WebAssembly has no subgroups", [put(y, int(0), broadcast(plus(float(1), convert(n, "f32")), 1))]],
  ])("%s", (message, body) => {
    expect(() => encodeModule([moduleOf(body, [y])], [])).toThrow(message);
  });
  test("memory of a workgroup", () => {
    const shared = [newMemory({ space: "workgroup", stem: "parts", type: F32, length: 4, writable: true })];
    expect(() => encodeModule([{ ...moduleOf([], [y]), shared }], [])).toThrow(
      "threads that meet have no WebAssembly",
    );
  });
});
