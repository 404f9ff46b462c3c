/** What sizes refuse: in the language, in training, and where a run gives them. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import * as weft from "../../compiler/index.ts";
import { compileTraining } from "../../compiler/train/index.ts";
import { sgd } from "../../compiler/train/optimizer.ts";
import { validateProgram } from "../../contract/validate.ts";
import { load } from "../../runtime/sized.ts";
import { checker } from "../check/device.ts";
import { message } from "../dsl/message.ts";
import { models, T } from "./models.ts";

const { N } = weft;
const untyped = (value: unknown): never => value as never;
const x = weft.input("x", [N, T, 6]) as weft.Tensor;

test("equal sizes are one object, which is what a shape holds", () => {
  expect(weft.dim("T", { max: 24 })).toBe(T);
  expect(weft.dim("T", { max: 25 })).not.toBe(T);
  expect(weft.input("x", [N, T, 6]).shape).toEqual(["N", { name: "T", max: 24 }, 6]);
});

test("what is no size, and ops that compute with numbers, say what to do", () => {
  const other = weft.dim("T", { max: 9 });
  const y = weft.input("y", [N, other, 6]);
  expect([
    message(() => weft.dim(untyped("N"), { max: 3 })),
    message(() => weft.dim("T", { max: 0 })),
    message(() => weft.param("p", untyped([T, 3]))),
    message(() => weft.add(x, weft.input("z", [N, 24, 6]) as weft.Tensor)),
    message(() => weft.flatten(x)),
    message(() => weft.linear(weft.transpose(x), { out: 3 })),
    message(() => weft.reshape(x, [N, 144] as weft.Dim[])),
    message(() => weft.reshape(x, [N, 6, T] as weft.Dim[])),
    message(() => weft.concat([x, x], { axis: 1 })),
    message(() => weft.model("m", { x, y }, { a: weft.relu(x), b: weft.relu(y) })),
  ]).toMatchInlineSnapshot(`
    [
      "dim: the name is "N"
      rule: a size is called by a word of letters, digits and _; N is the batch
      try:  dim("T", { max: 512 })",
      "dim: max is 0
      rule: max is a whole number of at least 1
      try:  max: 1",
      "p: param: size 0 is T
      rule: a parameter is the same in every run, whatever its sizes
      try:  24, the most that T can be",
      "add1: add cannot combine [N, T, 6] with [N, 24, 6]: T against 24
      rule: sizes aligned at the right are equal or 1, but dimension 1 of the result has T and 24",
      "flatten1: flatten: an inner dimension is T, which a run decides
      rule: an inner dimension is a number, as flatten computes other sizes with it
      try:  a number, such as 24, in place of T",
      "linear1: linear: the last dimension is T, which a run decides
      rule: the last dimension is a number, as linear computes other sizes with it
      try:  a number, such as 24, in place of T",
      "reshape1: reshape cannot turn [N, T, 6] into [N, 144]
      rule: sizes that a run decides stay apart, in their order, with the same number of elements before each
      try:  reshape of the sizes between them alone; transpose moves them",
      "reshape2: reshape cannot turn [N, T, 6] into [N, 6, T]
      rule: sizes that a run decides stay apart, in their order, with the same number of elements before each
      try:  reshape of the sizes between them alone; transpose moves them",
      "concat1: concat: the joined dimension is T, which a run decides
      rule: the joined dimension is a number, as concat computes other sizes with it
      try:  a number, such as 24, in place of T",
      "model "m": T is at most 24 and at most 9
      rule: a size has one bound in a model
      try:  dim("T", { max: 24 }) kept in a variable",
    ]
  `);
});

test("training wants numbers", () => {
  expect(
    message(() => compileTraining(models.classifier(), { optimizer: sgd({ lr: 0.1 }), bytes: false })),
  ).toMatchInlineSnapshot(`
    ""classifier" has the size T, which a run decides
      rule: a model is trained with sizes that are numbers; N alone is free
      try:  the model as a function of its size: a number to train it, dim("T", { max: 24 }) to run it; its parameters are the same"
  `);
});

test("a run says which shape does not fit", async () => {
  const compiled = compile(models.mixed());
  expect(compiled.program.sizes).toEqual([{ name: "T", max: 24 }]);
  expect(compiled.program.inputs.map((i) => i.shape)).toEqual([
    ["N", 3, "T"],
    ["T", 4],
    ["N", 1, "T"],
  ]);
  expect(validateProgram(JSON.parse(JSON.stringify(compiled.program)))).toEqual(compiled.program);
  const session = await load(compiled.program, { device: checker(compiled) });
  const of = (...shape: readonly number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, d) => a * d, 1)),
  });
  const failing = (inputs: Record<string, unknown>): Promise<string> =>
    session.run(untyped(inputs)).then(
      () => "runs",
      (error: Error) => error.message,
    );
  expect(await failing({ a: of(2, 3, 5), b: of(5, 4), c: of(2, 1, 5) })).toBe("runs");
  expect([
    await failing({ a: new Float32Array(30), b: of(5, 4), c: of(2, 1, 5) }),
    await failing({ a: of(2, 3, 25), b: of(25, 4), c: of(2, 1, 25) }),
    await failing({ a: of(2, 3, 5), b: of(6, 4), c: of(2, 1, 5) }),
    await failing({ a: of(2, 4, 5), b: of(5, 4), c: of(2, 1, 5) }),
    await failing({ a: of(2, 3), b: of(5, 4), c: of(2, 1, 5) }),
  ]).toMatchInlineSnapshot(`
    [
      "mixed: input "a" [N, 3, T] has to be { shape, data }, which says what T is, got Float32Array",
      "mixed: input "a" has shape [2, 3, 25], the model wants [N, 3, T], T from 1 to 24",
      "mixed: input "b" has 6 for T, but an input before it 5",
      "mixed: input "a" has shape [2, 4, 5], the model wants [N, 3, T], T from 1 to 24",
      "mixed: input "a" has shape [2, 3], the model wants [N, 3, T], T from 1 to 24",
    ]
  `);
  session.destroy();
});

test("a program whose shape has a size that it does not list is refused", () => {
  const { program } = compile(models.mixed());
  const { sizes: _, ...without } = program;
  expect(() => validateProgram({ ...without, version: 1 })).toThrow('inputs[0].shape[2]: "T"');
});
