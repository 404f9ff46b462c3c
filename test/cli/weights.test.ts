/** `weft weights`: files that another program wrote, under the names of a model. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layersOf } from "../../cli/mapping/layers.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { readSafetensors } from "../../runtime/index.ts";
import { type Entry, safetensors } from "../runtime/safetensors.ts";
import { npy } from "./make.ts";
import { TORCHVISION } from "./torchvision.ts";
import { fails, scratch, works } from "./weft.ts";

const folder = scratch();
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const f32 = (shape: readonly number[], from: number): Entry => ({
  dtype: "F32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => from + i),
});

const model = file(
  "model.ts",
  `import { batchNorm2d, conv2d, flatten, input, linear, model, N, relu } from "weftgpu";
const image = input("image", [N, 2, 4, 4]);
const conv = conv2d(image, { out: 3, kernel: 3, padding: 1, bias: false });
const norm = relu(batchNorm2d(conv));
const squeezed = linear(flatten(norm), { out: 6 });
const scores = linear(squeezed, { out: 2 });
export default model("small", { image }, { scores });
`,
);
const image = file(
  "image.npy",
  npy(
    "<f4",
    [1, 2, 4, 4],
    Float32Array.from({ length: 32 }, (_, i) => i),
  ),
);

/** As PyTorch would write it, by other names, in F16, I64 and with a matrix the other way around. */
const bits = (values: readonly number[]): Uint16Array => Uint16Array.from(values, (i) => 0x3c00 + i); // 1 + i/1024
const theirs = {
  "0.weight": { dtype: "F16", shape: [3, 2, 3, 3], data: bits([...Array(54).keys()]) },
  "1.bias": f32([3], 10),
  "1.num_batches_tracked": { dtype: "I64", shape: [], data: BigInt64Array.of(7n) },
  "1.running_mean": f32([3], 20),
  "1.running_var": f32([3], 30),
  "1.weight": f32([3], 40),
  "5.weight": f32([6, 48, 1, 1], 0),
  "5.bias": f32([6], 50),
  "9.bias": f32([2], 60),
  "9.weight": f32([6, 2], 70),
} satisfies Record<string, Entry>;
const state = file("state.safetensors", safetensors(theirs));

describe("weft weights", () => {
  test("prints which is which, and writes what the model takes", async () => {
    const out = join(folder, "small.safetensors");
    const { stdout, stderr } = await works(["weights", model, "--from", state, "--out", out]);
    expect(stdout).toBe(`layer             parameters            from  found by
conv              [3, 2, 3, 3] weight   0     shape
norm/batchNorm2d  [3] weight bias run…  1     shape
squeezed          [6, 48] weight, [6]…  5     shape, reshaped from [6, 48, 1, 1]
scores            [2, 6] weight, [2] …  9     shape, transposed from [6, 2]
`);
    expect(
      stderr,
    ).toBe(`${state}: passed over 1.num_batches_tracked: steps that were counted, which no layer reads
${state}: 1 tensor of F16 became f32
the weights are in ${out}
`);
    const made = { ...readSafetensors(readFileSync(out)) };
    const counted = (shape: readonly number[], from: number) => ({ shape, data: f32(shape, from).data });
    expect(made).toEqual({
      "conv.weight": { shape: [3, 2, 3, 3], data: Float32Array.from({ length: 54 }, (_, i) => 1 + i / 1024) },
      "norm/batchNorm2d.bias": counted([3], 10),
      "norm/batchNorm2d.running_mean": counted([3], 20),
      "norm/batchNorm2d.running_var": counted([3], 30),
      "norm/batchNorm2d.weight": counted([3], 40),
      "squeezed.weight": counted([6, 48], 0),
      "squeezed.bias": counted([6], 50),
      "scores.bias": counted([2], 60),
      "scores.weight": {
        shape: [2, 6],
        data: Float32Array.of(70, 72, 74, 76, 78, 80, 71, 73, 75, 77, 79, 81),
      },
    });
  });

  test("without --out it shows alone, also as JSON", async () => {
    const { stdout, stderr } = await works(["weights", model, "--from", state, "--format", "json", "-q"]);
    expect(stderr).toBe("");
    const { parameters, left } = JSON.parse(stdout);
    expect(left).toEqual([]);
    expect(parameters).toHaveLength(9);
    expect(parameters[7]).toEqual({
      name: "scores.weight",
      shape: [2, 6],
      from: "9.weight",
      change: "transposed",
      foundBy: "shape",
    });
    expect((await works(["weights", model, "--from", state])).stderr).toContain(
      "nothing is written without --out FILE",
    );
  });

  test("a map says what names do not; null keeps initial values, the same as without weights", async () => {
    const out = join(folder, "mapped.safetensors");
    const map = file("map.json", '{"scores": null, "conv.weight": "0.weight"}');
    const { stdout, stderr } = await works(["weights", model, "--from", state, "--map", map, "--out", out]);
    expect(stdout).toMatch(/^conv .* 0 +map$/m);
    expect(stdout).toMatch(/^scores .* initial values +map$/m);
    expect(stderr).toContain("left aside: 9.bias [2], 9.weight [6, 2]\n");
    expect(readSafetensors(readFileSync(out))["scores.bias"]?.data).toEqual(new Float32Array(2));
  });

  test("ResNet-18 as torchvision names it, in F16 and sorted as safetensors sorts it", async () => {
    const { params } = compile((await loadModel("models/resnet18.ts")).graph).program;
    const names = TORCHVISION["resnet18"] ?? [];
    const pairs = layersOf(params).flatMap(({ name, parts }, i) =>
      [...parts].map(([role, { shape }]) => ({ to: `${name}.${role}`, from: `${names[i]}.${role}`, shape })),
    );
    const entries = pairs.map(({ from, shape }, i): [string, Entry] => {
      const data = new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(0x3c00 + i);
      return [from, { dtype: "F16", shape, data }];
    });
    const counter: Entry = { dtype: "I64", shape: [], data: BigInt64Array.of(1n) };
    const counters = names
      .filter((name) => /bn|downsample\.1/.test(name))
      .map((name): [string, Entry] => [`${name}.num_batches_tracked`, counter]);
    const sorted = [...entries, ...counters].sort(([a], [b]) => (a < b ? -1 : 1));
    const from = file("resnet18.safetensors", safetensors(Object.fromEntries(sorted)));
    const out = join(folder, "resnet18.ours.safetensors");
    const { stderr } = await works(["weights", "models/resnet18.ts", "--from", from, "--out", out]);
    expect(stderr).toContain("passed over bn1.num_batches_tracked and 19 more: steps that were counted");
    expect(stderr).toContain("102 tensors of F16 became f32");
    const made = readSafetensors(readFileSync(out));
    pairs.forEach(({ to, shape }, i) => {
      expect(made[to]?.shape, to).toEqual(shape);
      expect(made[to]?.data[0], to).toBe(1 + i / 1024);
    });
    expect(Object.keys(made)).toHaveLength(pairs.length);
  });
});

describe("what is wrong", () => {
  const refused = (...args: readonly string[]) => fails(["weights", model, "--from", ...args]);

  test("a choice, of which nothing is written", async () => {
    const { "0.weight": conv, ...rest } = theirs;
    const two = file("two.safetensors", safetensors({ ...rest, "0.weight": conv, "3.weight": conv }));
    const out = join(folder, "never.safetensors");
    expect(await refused(two, "--out", out)).toBe(`error: ${two} does not say which is which:
          conv (weight [3, 2, 3, 3]): 0, 3
  rule: a layer is found by its name, its shapes, its neighbours, the numbers in names, or words that only two names share
  try:  --map map.json, with what you know of them, such as {"conv":"0"}
`);
    expect(existsSync(out)).toBe(false);
  });

  test("a layer that the file has not", async () => {
    const { "9.weight": _, "9.bias": __, ...rest } = theirs;
    const cut = file("cut.safetensors", safetensors({ ...rest, "9.weight": f32([1000, 6], 0) }));
    expect(
      await refused(cut),
    ).toBe(`error: ${cut} has no tensors for 2 parameters of small: scores.weight [2, 6], scores.bias [2]
  rule: what is left of the file: 9.weight [1000, 6]
  try:  change the model, or --map map.json: {"scores":null} keeps initial values
`);
  });

  test("numbers that f32 does not hold, and such as are none", async () => {
    const huge: Entry = { dtype: "F64", shape: [2], data: Float64Array.of(1, 1e300) };
    const big = file("big.safetensors", safetensors({ ...theirs, "9.bias": huge }));
    expect(await refused(big)).toBe(`error: 9.bias, which is to be scores.bias, holds 1e+300 at element 1
  rule: a parameter is f32, which does not hold that number
  try:  scale or leave out what is beyond it before you save the weights
`);
    const none: Entry = { dtype: "BF16", shape: [2], data: Uint16Array.of(0, 0x7fc0) };
    const nan = file("nan.safetensors", safetensors({ ...theirs, "9.bias": none }));
    expect(await refused(nan)).toContain('"scores.bias" holds NaN at element 1');
  });

  test.each([
    ["{", "map.bad.json is no JSON"],
    ["[1]", "map.bad.json is no map of names"],
    ['{"conv": 1}', "map.bad.json is no map of names"],
    ['{"conv": {}}', "map.bad.json is no map of names"],
    [
      '{"convv": "0"}',
      "the map names convv, but the model has no layer or parameter of that name\n  try:  conv",
    ],
  ])("the map %s", async (text, wanted) => {
    expect(await refused(state, "--map", file("map.bad.json", text))).toContain(wanted);
  });

  test("files that are missing or damaged", async () => {
    expect(await refused("none.pt")).toContain("cannot read the weights none.pt");
    expect(await refused(file("cut.bin", readFileSync(state).subarray(0, 300)))).toContain(
      "does not fit the model small",
    );
  });

  test("--weights whose names do not fit leads here", async () => {
    const message = await fails(["run", model, "-w", state, "-i", image]);
    expect(message).toContain('"conv.weight" [3, 2, 3, 3] is missing; not in the model: "0.weight"');
    expect(message).toContain(
      `of another program's, weft weights MODEL --from ${state} finds out which is which`,
    );
  });

  test("nothing but what is asked for is written", () => {
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

test("weights in F16 under the model's own names run as they are", async () => {
  const out = join(folder, "own.safetensors");
  await works(["weights", model, "--from", state, "--out", out, "-q"]);
  const own = readSafetensors(readFileSync(out));
  const half = Object.fromEntries(
    Object.entries(own).map(([name, { shape, data }]): [string, Entry] => [
      name,
      { dtype: "F64", shape, data: Float64Array.from(data) },
    ]),
  );
  const counter: Entry = { dtype: "I64", shape: [], data: BigInt64Array.of(1n) };
  const wide = file("wide.safetensors", safetensors({ ...half, "norm.num_batches_tracked": counter }));
  const args = ["run", model, "-i", image, "--format", "json", "--device", "wasm"];
  const [a, b] = [await works([...args, "-w", out]), await works([...args, "-w", wide])];
  expect(JSON.parse(b.stdout).outputs).toEqual(JSON.parse(a.stdout).outputs);
  expect(b.stderr).toContain("passed over norm.num_batches_tracked: steps that were counted");
});
