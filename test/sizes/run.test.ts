/** `weft run` with sizes and whole numbers: what files and the command say, and what is refused. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readInputs } from "../../cli/input/read.ts";
import { sizeOf } from "../../compiler/ir/type.ts";
import type { Program } from "../../contract/program.ts";
import { knownSizes } from "../../contract/sizes.ts";
import type { Input } from "../../data/array.ts";
import { sizesOf } from "../../runtime/sizes.ts";
import { npy } from "../cli/make.ts";
import { fails, scratch, works } from "../cli/weft.ts";

const folder = scratch();
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const T = sizeOf("T", 6);
const S = sizeOf("S", 9);
const tokens: Input = { name: "tokens", dtype: "i32", shape: ["N", T] };
/** As much of a program as sizes are read by. */
const program = (inputs: readonly Input[]): Program =>
  ({
    name: "m",
    inputs: inputs.map(({ shape, ...rest }) => ({
      ...rest,
      shape: shape.map((d) => (typeof d === "object" ? d.name : d)),
    })),
    sizes: inputs.flatMap(({ shape }) => shape.filter((d) => typeof d === "object")),
  }) as unknown as Program;
const quiet = { note() {} };
const read = (inputs: readonly Input[], ...sources: readonly string[]) => readInputs(inputs, sources, quiet);
const failing = (inputs: readonly Input[], ...sources: readonly string[]): Promise<string> =>
  read(inputs, ...sources).then(
    () => "reads",
    (error: Error) => error.message.replaceAll(`${folder}/`, ""),
  );

test.each([
  ["numbers in the command", ["3,1,4"], [1, 3], [3, 1, 4]],
  ["several examples", ["tokens=3,1", "4, -1"], [2, 2], [3, 1, 4, -1]],
  ["JSON in the command", ["tokens=[[3,1,4],[1,5,9]]"], [2, 3], [3, 1, 4, 1, 5, 9]],
  ["a JSON file", [file("a.json", "[[7], [8]]")], [2, 1], [7, 8]],
  [
    "int64",
    [file("a.npy", npy("<i8", [1, 2], new BigInt64Array([9n, -2147483648n])))],
    [1, 2],
    [9, -2147483648],
  ],
  ["bytes stay what they are", [file("b.npy", npy("|u1", [2], Uint8Array.of(7, 255)))], [1, 2], [7, 255]],
  [
    "floats that are whole",
    [file("c.npy", npy("<f4", [2], Float32Array.of(2, 16777216)))],
    [1, 2],
    [2, 16777216],
  ],
])("%s", async (_, sources, shape, values) => {
  const [batch] = await read([tokens], ...sources);
  expect(batch?.shape).toEqual(shape);
  expect(batch?.data).toEqual(Int32Array.from(values));
  expect(batch?.target.example).toEqual(shape.slice(1));
});

test("u32 beyond what f32 and i32 hold; one number for each example", async () => {
  const ids: Input = { name: "ids", dtype: "u32", shape: ["N"] };
  const [batch] = await read([ids], "4294967295,16777217");
  expect(batch?.data).toEqual(Uint32Array.of(4294967295, 16777217));
  expect(batch?.shape).toEqual([2]);
});

test("sizes are read off shapes, and are the same wherever they occur", async () => {
  const x: Input = { name: "x", dtype: "f32", shape: ["N", T, 2] };
  const y: Input = { name: "y", dtype: "f32", shape: [S, T] };
  const [a, b] = await read([x, y], "x=[[[1,2],[3,4],[5,6]]]", "y=[[1,2,3]]");
  expect([a?.target.example, b?.target.example]).toEqual([
    [3, 2],
    [1, 3],
  ]);
  expect(await failing([x, y], "x=[[1,2]]", "y=[[1,2,3]]")).toContain(
    "[[1,2,3]] has 3 for T, but what was read before it 1",
  );
});

test("a size may have any name, such as one that every object knows", async () => {
  const odd: Input = { name: "tokens", dtype: "i32", shape: ["N", sizeOf("constructor", 6)] };
  const [batch] = await read([odd], "3,1,4");
  expect(batch?.target.example).toEqual([3]);
  expect(sizesOf(program([odd]), { tokens: { shape: [1, 3], data: Int32Array.of(3, 1, 4) } })).toEqual(
    knownSizes({ constructor: 3 } as never),
  );
});

test("what does not fit says so, with something to try", async () => {
  const fractions = file("d.npy", npy("<f8", [2], Float64Array.of(2, 2.5)));
  const far = file("e.npy", npy("<i8", [1], new BigInt64Array([2147483648n])));
  const three = file("f.npy", npy("<f4", [1, 1, 2], new Float32Array(2)));
  expect([
    await failing([tokens]),
    await failing([tokens], fractions),
    await failing([tokens], far),
    await failing([{ ...tokens, dtype: "u32" }], "1,-1"),
    await failing([tokens], three),
    await failing([tokens], "1,2,3,4,5,6,7"),
    await failing([tokens], "1,2,3", "1,2"),
    await failing([tokens], "[[1,2],[3]]"),
    await failing([tokens], "models/samples/bag.png"),
    await failing([tokens], "none.npy"),
  ]).toMatchInlineSnapshot(`
    [
      "the input tokens [N, T] has no data
      try:  --input 3,1,4, or the name of a .npy or .json file",
      "d.npy: value 1 is 2.5
      rule: an input of i32 is whole numbers from −2147483648 to 2147483647
      try:  whole numbers in that range",
      "e.npy: value 0 is 2147483648
      rule: an input of i32 is whole numbers from −2147483648 to 2147483647
      try:  whole numbers in that range",
      "1,-1: the array[1] is -1
      rule: an input of u32 is whole numbers from 0 to 4294967295
      try:  whole numbers in that range",
      "f.npy has shape [1, 1, 2], but the input tokens is [N, T]
      rule: an array says by its axes what T is: it has 2, the first of which may be left out
      try:  reshape the array before you save it",
      "1,2,3,4,5,6,7 has shape [7]: 7 for T, but the input tokens is [N, T] with T up to 6
      rule: a model has memory for the bounds of its sizes, and no more
      try:  a part of it; or dim("T", { max: 7 }) in the model",
      "1,2 has 2 for T, but what was read before it 3
      rule: in a run T is the same for every example and every input
      try:  a run for each T: one model serves all up to 6",
      "[[1,2],[3]]: the array[1] has length 1, but its siblings have length 2
      rule: an input is nested arrays of numbers, every row of a level equally long",
      "the picture models/samples/bag.png cannot feed the input tokens, which is [N, T]
      rule: a picture needs an input [N, 1 or 3, height, width], [height, width] or [N, features] with features a square
      try:  give the values as .npy or .json",
      "cannot read the input none.npy: there is no such file or directory
      try:  check the path; it is relative to the directory you are in",
    ]
  `);
});

test("weft run", async () => {
  const model = file(
    "words.ts",
    `import { dim, embedding, input, linear, mean, model, N } from "weftgpu";
const T = dim("T", { max: 6 });
const tokens = input("tokens", [N, T], { dtype: "i32" });
const words = embedding(tokens, { count: 10, size: 4 });
export default model("words", { tokens }, { words, scores: linear(mean(words, { axis: 1 }), { out: 3 }) });
`,
  );
  const run = async (...input: readonly string[]) =>
    JSON.parse((await works(["run", model, "-q", "--format", "json", ...input])).stdout).outputs;
  expect(await fails(["run", model, "-q", "-i", "3,1,10"])).toContain(
    'input "tokens" [N, T] is 10 at [0, 2]; it says where to read among 10, from 0 to 9',
  );
  const short = await run("--check-finite", "-i", "3,1,4");
  const long = await run("-i", "[[3,1,4,1,5,9],[3,1,4,3,1,4]]");
  expect(short.words).toHaveLength(1);
  expect(long.words.map((row: unknown[]) => row.length)).toEqual([6, 6]);
  expect(short.words[0]).toEqual(long.words[0].slice(0, 3));
  // A mean is of what is there, not of what buffers have room for: the same three tokens twice have the same one.
  for (const [i, value] of short.scores[0].entries()) expect(value).toBeCloseTo(long.scores[1][i], 5);
  expect(long.scores[0]).not.toEqual(long.scores[1]);
});
