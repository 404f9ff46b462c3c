/** Locals that share a slot: random functions compute in WebAssembly what they mean, and what is needed later keeps its place. */
import { expect, test } from "vitest";
import {
  FunctionBody,
  get,
  intConst,
  type Local,
  set,
  tee,
  unsigned,
} from "../../compiler/targets/wasm/code.ts";
import { control, EMPTY, i32 } from "../../compiler/targets/wasm/opcodes.ts";
import { slotsOf } from "../../compiler/targets/wasm/slots.ts";

type Statement =
  | {
      readonly kind: "let" | "assign";
      readonly variable: number;
      readonly left: number;
      readonly right: number;
    }
  | {
      readonly kind: "loop";
      readonly counter: number;
      readonly turns: number;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "if"; readonly condition: number; readonly body: readonly Statement[] };

/** Numbers 0 … below `n` of a seed. */
function drawing(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Variables are known from where they are declared to the end of the block; number 0 is the result, and always there. */
function drawn(draw: (n: number) => number): {
  readonly body: readonly Statement[];
  readonly variables: number;
} {
  let variables = 1;
  const block = (known: readonly number[], depth: number): readonly Statement[] => {
    const here = [...known];
    const any = (): number => here[draw(here.length)] ?? 0;
    return Array.from({ length: 2 + draw(7) }, (): Statement => {
      const what = draw(depth < 3 ? 8 : 6);
      if (what < 4) {
        const statement = { kind: "let", variable: variables, left: any(), right: any() } as const;
        here.push(variables++);
        return statement;
      }
      if (what < 6) return { kind: "assign", variable: any(), left: any(), right: any() };
      if (what === 6) return { kind: "if", condition: any(), body: block(here, depth + 1) };
      const counter = variables++;
      return { kind: "loop", counter, turns: 1 + draw(3), body: block([...here, counter], depth + 1) };
    });
  };
  return { body: block([0], 0), variables };
}

/** What it means: `left + right · 3 + 1` of 32 bits, everywhere. */
function meant(body: readonly Statement[], variables: number): number {
  const values = new Int32Array(variables);
  const run = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      if (s.kind === "loop")
        for (let i = 0; i < s.turns; i++) {
          values[s.counter] = i;
          run(s.body);
          values[s.counter] = i;
        }
      else if (s.kind === "if") {
        if (((values[s.condition] ?? 0) & 1) === 1) run(s.body);
      } else values[s.variable] = (values[s.left] ?? 0) + Math.imul(values[s.right] ?? 0, 3) + 1;
    }
  };
  run(body);
  return values[0] ?? 0;
}

function written(statements: readonly Statement[], variables: number): readonly number[] {
  const body = new FunctionBody([]);
  const locals: readonly Local[] = Array.from({ length: variables }, () => body.local("i32"));
  const of = (variable: number): Local => locals[variable] as Local; // drawn below `variables`
  const put = (list: readonly Statement[]): void => {
    for (const s of list) {
      if (s.kind === "loop") {
        const turn = body.local("i32");
        body.put(intConst(0), set(turn), [control.loop, EMPTY], get(turn), set(of(s.counter)));
        put(s.body);
        body.put(get(turn), intConst(1), i32.add, tee(turn), intConst(s.turns), i32.ltS, [
          control.brIf,
          0,
          control.end,
        ]);
      } else if (s.kind === "if") {
        body.put(get(of(s.condition)), intConst(1), i32.and, [control.if, EMPTY]);
        put(s.body);
        body.put([control.end]);
      } else
        body.put(
          get(of(s.left)),
          get(of(s.right)),
          intConst(3),
          i32.mul,
          i32.add,
          intConst(1),
          i32.add,
          set(of(s.variable)),
        );
    }
  };
  body.put(intConst(0), set(of(0)));
  put(statements);
  body.put(get(of(0)));
  return body.written().bytes;
}

function result(code: readonly number[]): number {
  const section = (id: number, content: readonly number[]): readonly number[] => [
    id,
    ...unsigned(content.length),
    ...content,
  ];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, ...code]),
  ];
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports;
  return (f as () => number)();
}

test("random functions with loops give what they mean", () => {
  let shared = 0;
  for (let seed = 0; seed < 400; seed++) {
    const { body, variables } = drawn(drawing(seed));
    const code = written(body, variables);
    expect(result(code), `seed ${seed}`).toBe(meant(body, variables));
    const [, , groups = 0, count = 0] = code.length > 128 ? code : [0, ...code];
    if (groups === 1 && count < variables / 2) shared++;
  }
  expect(shared).toBeGreaterThan(100);
});

const instruction = (name: string, ...numbers: readonly number[]) => ({
  name,
  numbers,
  takes: 0,
  gives: false,
});
const [sets, gets] = [(n: number) => instruction("local.set", n), (n: number) => instruction("local.get", n)];
const [loop, end] = [instruction("loop", EMPTY), instruction("end")];
const slots = (code: Parameters<typeof slotsOf>[0], types: readonly string[]): readonly number[] =>
  slotsOf(code, types).slots;

test("one after the other shares, both at once do not, nor do types", () => {
  expect(slots([sets(0), gets(0), sets(1), gets(1)], ["a", "a"])).toEqual([0, 0]);
  expect(slots([sets(0), sets(1), gets(0), gets(1)], ["a", "a"])).toEqual([0, 1]);
  expect(slots([sets(0), gets(0), sets(1), gets(1)], ["a", "b"])).toEqual([0, 0]);
  expect(slotsOf([sets(0), gets(0), sets(1), gets(1)], ["a", "b"]).counts).toEqual(
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
  );
});

test("what a loop uses from before it keeps its slot to the loop's end; what is set within does not", () => {
  expect(slots([sets(0), loop, gets(0), sets(1), gets(1), end], ["a", "a"])).toEqual([0, 1]);
  expect(slots([loop, sets(0), gets(0), sets(1), gets(1), end], ["a", "a"])).toEqual([0, 0]);
});

test("what is read before it is set is zero there: nothing else has its slot", () => {
  expect(slots([sets(1), gets(1), gets(0)], ["a", "a"])).toEqual([0, 1]);
});
