/** Whole numbers that say where to read: what a program says of them, and that what is not there is refused. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import * as w from "../../compiler/index.ts";
import { validateProgram } from "../../contract/validate.ts";
import type { InputValue } from "../../runtime/index.ts";
import { probes } from "../../runtime/node/probe.ts";
import { checkFinite, load } from "../../runtime/sized.ts";
import { checker } from "../check/device.ts";

const { N } = w;
const T = w.dim("T", { max: 6 });
const numbers = (...values: readonly number[]) => Int32Array.from(values);

function embedded() {
  const tokens = w.input("tokens", [N, 2, 3], { dtype: "i32" });
  const turned = w.reshape(w.transpose(tokens), [N, 6]);
  const words = w.embedding(turned, { count: 10, size: 2 });
  const few = w.embedding(tokens, { count: 7, size: 1 });
  const more = w.embedding(tokens, { count: 9, size: 1 });
  return compile(w.model("embedded", { tokens }, { words, few, more }).graph);
}

function gathered() {
  const x = w.input("x", [N, T, 2]);
  const at = w.input("at", [N, 3], { dtype: "u32" });
  return compile(w.model("gathered", { x, at }, { y: w.gather(x, at, { axis: 1 }) }).graph);
}

test("a program says below what its indices stay: the least of all that read by them, also where they were moved", () => {
  const { program } = embedded();
  expect(program.inputs.map((i) => i.below)).toEqual([7]);
  expect(gathered().program.inputs.map((i) => i.below)).toEqual([undefined, "T"]);
  expect(validateProgram(JSON.parse(JSON.stringify(program)))).toEqual(program);
  for (const below of [0, 1.5, "T", "N"]) {
    const inputs = program.inputs.map((i) => ({ ...i, below }));
    expect(() => validateProgram({ ...program, inputs })).toThrow("inputs[0].below");
  }
});

test("a number besides them, that nothing is read by, where all that read them know it", () => {
  const label = w.input("label", [N], { dtype: "i32" });
  const x = w.input("x", [N, 3]);
  const y = w.crossEntropy(x, label, { ignoreIndex: -1 });
  const { inputs } = compile(w.model("one", { x, label }, { y }).graph).program;
  expect(inputs[1]).toMatchObject({ below: 3, except: -1 });
  const both = { y, z: w.crossEntropy(x, label, { ignoreIndex: -1, weight: [1, 2, 3] }) };
  expect(compile(w.model("two", { x, label }, both).graph).program.inputs[1]).toMatchObject({ except: -1 });
  const z = w.crossEntropy(x, label);
  for (const outputs of [
    { y, z },
    { z, y },
  ])
    expect(compile(w.model("other", { x, label }, outputs).graph).program.inputs[1]).not.toHaveProperty(
      "except",
    );
});

test("only part of them: what is not read may be anything", () => {
  const tokens = w.input("tokens", [N, 4], { dtype: "i32" });
  const first = w.slice(tokens, { start: 0, end: 2 });
  const { program } = compile(
    w.model("part", { tokens }, { y: w.embedding(first, { count: 5, size: 1 }) }).graph,
  );
  expect(program.inputs.map((i) => i.below)).toEqual([undefined]);
});

test("numbers that are not there are refused with their place, before anything is sent", async () => {
  const [embedding, gather] = [embedded(), gathered()];
  const [words, rows] = [
    await load(embedding.program, { device: checker(embedding) }),
    await load(gather.program, { device: checker(gather) }),
  ];
  const failing = (run: Promise<unknown>): Promise<string> =>
    run.then(
      () => "runs",
      (error: Error) => error.message,
    );
  const read = (tokens: InputValue) => failing(words.run({ tokens }));
  const pick = (...at: readonly number[]) =>
    failing(
      rows.run({
        x: { shape: [1, 4, 2], data: new Float32Array(8) },
        at: { shape: [1, 3], data: Uint32Array.from(at) },
      }),
    );
  expect([
    await read(numbers(0, 1, 2, 3, 4, 6)),
    await read(numbers(0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 7, 0)),
    await read({ shape: [1, 2, 3], data: numbers(0, -1, 2, 3, 4, 5) }),
    await read(new Float32Array(6)),
    await pick(0, 3, 1),
    await pick(0, 3, 4),
    await failing(
      checkFinite(gather.program, {
        x: { shape: [1, 1, 2], data: new Float32Array(2) },
        at: Uint32Array.of(0, 1, 0),
      }),
    ),
  ]).toMatchInlineSnapshot(`
    [
      "runs",
      "embedded: input "tokens" [N, 2, 3] is 7 at [1, 1, 1]; it says where to read among 7, from 0 to 6",
      "embedded: input "tokens" [N, 2, 3] is -1 at [0, 0, 1]; it says where to read among 7, from 0 to 6",
      "embedded: input "tokens" has to be i32 [N, 2, 3], got f32",
      "runs",
      "gathered: input "at" [N, 3] is 4 at [0, 2]; it says where to read among 4, from 0 to 3",
      "gathered: input "at" [N, 3] is 1 at [0, 1]; it says where to read among 1, from 0 to 0",
    ]
  `);
  words.destroy();
  rows.destroy();
});

test("what is measured reads all over a table, not its last row alone", () => {
  const { program } = gathered();
  const [x, at] = probes(program, program.inputs, 40, -1);
  expect(x?.length).toBe(40 * 6 * 2);
  expect(Math.min(...(x ?? []))).toBeLessThan(0);
  expect([...new Set(at)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});
