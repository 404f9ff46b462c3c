/** What sizes refuse: in the language, in training, and where a run gives them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../cli/data/index.ts";
import { compile } from "../../compiler/compile.ts";
import { bundleTraining } from "../../compiler/emit/training.ts";
import * as weft from "../../compiler/index.ts";
import { compileParts, compileTraining } from "../../compiler/train/index.ts";
import { sgd } from "../../compiler/train/optimizer.ts";
import { validateTraining } from "../../contract/trainValidate.ts";
import { validateProgram } from "../../contract/validate.ts";
import { targetOf } from "../../data/array.ts";
import { load } from "../../runtime/sized.ts";
import { createTrainer } from "../../runtime/sizedTrain.ts";
import { createTrainer as createPlain } from "../../runtime/train.ts";
import { checker } from "../check/device.ts";
import { scratch, weft as weftCommand } from "../cli/weft.ts";
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

test("training wants examples, and classes that are a number", () => {
  const optimizer = sgd({ lr: 0.1 });
  expect([
    message(() => compileTraining(models.table(), { optimizer, bytes: false })),
    message(() =>
      compileTraining(weft.model("m", { x }, { y: weft.mean(x, { axis: 2 }) }).graph, { optimizer }),
    ),
    message(() => {
      const table = weft.input("table", [T, 6]);
      const y = weft.linear(table, { out: 2 });
      return compileTraining(weft.model("m", { table }, { y }).graph, { optimizer, bytes: false });
    }),
  ]).toMatchInlineSnapshot(`
    [
      "table has 5 outputs, and the loss crossEntropy does not say which it is of
      rule: the outputs of table are rows [T], columns [1, S], centred [T, S], all [], gram [S, S]
      try:  losses: [{ output: "rows", loss: "crossEntropy" }, { output: "columns", loss: "crossEntropy" }, { output: "centred", loss: "crossEntropy" }, { output: "all", loss: "crossEntropy" }, { output: "gram", loss: "crossEntropy" }]",
      "crossEntropy: the number of classes is T, which a run decides
      rule: the number of classes is a number, as crossEntropy computes other sizes with it
      try:  a number, such as 24, in place of T",
      ""m" is trained from table [T, 6], which has no N
      rule: a data set holds examples along N, of which each step takes some
      try:  input("table", [N, T, 6])",
    ]
  `);
});

test("the command's data and bundles that train have no such sizes", async () => {
  const target = targetOf({ name: "x", shape: ["N", T, 6], dtype: "f32" });
  await expect(openData({ data: "synthetic" }, target, 2)).rejects.toThrow(
    '"x" has the size T, which a run decides',
  );
  const { graph } = weft.model("m", { x }, { y: weft.linear(x, { out: 2 }) });
  const training = compileTraining(graph, { optimizer: sgd({ lr: 0.1 }), loss: "squaredError" });
  await expect(bundleTraining(training)).rejects.toThrow("a bundle that trains takes models whose sizes are");
});

test("what a training step takes is said at the bounds", async () => {
  const file = join(scratch(), "texts.ts");
  writeFileSync(
    file,
    `import { dim, input, linear, mean, model, N } from "weftgpu";
const x = input("x", [N, dim("T", { max: 64 }), 16]);
export default model("texts", { x }, { y: linear(mean(x, { axis: 1 }), { out: 4 }) });
`,
  );
  const { stdout } = await weftCommand(["compile", file, "--train"]);
  expect(stdout.replace(/\s+/g, " ")).toMatch(
    /peak memory [\d.,]+ \w+ at N = 1, T = 64 without the data set/,
  );
  const out = await weftCommand(["compile", file, "--train", "--out", join(scratch(), "out")]);
  expect(out.stderr).toContain("a bundle that trains takes models whose sizes are numbers, or N");
  expect(out.stderr).toContain("try:  --dim T=64, or another number up to it");
});

test("data sets say what sizes are", async () => {
  const { graph } = weft.model("m", { x }, { y: weft.linear(weft.softmax(x), { out: 2 }) });
  const parts = compileParts(graph, { optimizer: sgd({ lr: 0.1 }), loss: "squaredError", bytes: false });
  expect(validateTraining(JSON.parse(JSON.stringify(parts.training)))).toEqual(parts.training);
  await expect(createPlain(parts.training)).rejects.toThrow("this is no Weft training of version 1");
  const trainer = await createTrainer(parts.training, { device: checker(parts.step, parts.evaluate) });
  const of = (...shape: readonly number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, d) => a * d, 1)),
  });
  const failing = (images: unknown, labels: unknown, more: object = {}): Promise<string> =>
    trainer.evaluate(untyped({ images, labels, ...more })).then(
      ({ loss }) => `${loss}`,
      (error: Error) => error.message,
    );
  const nan = { shape: [2, 2, 2], data: Float32Array.of(0, 0, 0, 0, 0, 0, NaN, 0) };
  expect(await failing(of(2, 5, 6), of(2, 5, 2))).toMatch(/^[\d.]+$/);
  // The same numbers in another shape are another set.
  const data = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
  const losses = async (n: number, t: number) => failing({ shape: [n, t, 6], data }, of(n, t, 2));
  await losses(2, 6);
  const short = await losses(3, 4);
  expect(await failing({ shape: [3, 4, 6], data: data.slice() }, of(3, 4, 2))).toBe(short);
  expect([
    await failing(new Float32Array(60), of(2, 5, 2)),
    await failing(of(2, 25, 6), of(2, 25, 2)),
    await failing(of(2, 5, 6), of(2, 4, 2)),
    await failing(of(2, 5, 6), of(3, 5, 2)),
    await failing(of(2, 5, 6), undefined),
    await failing(of(2, 5, 6), of(2, 5, 2), { size: 5 }),
    await failing({ shape: [2, 5, 6], data: new Uint8Array(60) }, of(2, 5, 2)),
    await failing(of(2, 2, 6), nan),
    await trainer.evaluate(untyped(undefined)).catch((error: Error) => error.message),
  ]).toMatchInlineSnapshot(`
    [
      "m: input "x" [N, T, 6] has to be { shape, data }, which says what T is, got Float32Array",
      "m: input "x" has shape [2, 25, 6], the model wants [N, T, 6], T from 1 to 24",
      "m: input "target" has 4 for T, but an input before it 5",
      "m: images and labels differ in number: 2 and 3",
      "m: the data set has no "target" or "labels"",
      "m: data set: unknown option "size"; try: x, images, target, labels, classes",
      "m: images have to be a Float32Array, got Uint8Array",
      "m: label 6 is NaN, targets have to be finite",
      "m: data set: its options are an object, got undefined",
    ]
  `);
  trainer.destroy();
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
