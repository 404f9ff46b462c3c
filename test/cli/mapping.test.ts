/** Which layer of a file is which of a model: found, or said to be open; never wrong. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { layersOf, type Named, partOf } from "../../cli/mapping/layers.ts";
import { byNumber, distance, numberOrder, wordsOf } from "../../cli/mapping/names.ts";
import { planOf } from "../../cli/mapping/plan.ts";
import { mappingText, refusal } from "../../cli/output/mapping.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { seed } from "../hostile/damage.ts";
import { TORCHVISION } from "./torchvision.ts";

const named = (shapes: Readonly<Record<string, readonly number[]>>): readonly Named[] =>
  Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
/** What each parameter is filled from. */
const found = (plan: ReturnType<typeof planOf>): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(plan.filled.map(({ to, from }) => [to.name, from?.name]));
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("torchvision's names", () => {
  test.each(Object.keys(TORCHVISION))("%s, in whatever order the file has them", async (model) => {
    const names = TORCHVISION[model] ?? [];
    const { params } = compile((await loadModel(`models/${model}.ts`)).graph).program;
    const layers = layersOf(params);
    expect(layers).toHaveLength(names.length);
    const pairs = layers.flatMap(({ name, parts }, i) =>
      [...parts].map(([role, { shape }]) => ({ to: `${name}.${role}`, name: `${names[i]}.${role}`, shape })),
    );
    const want = Object.fromEntries(pairs.map(({ to, name }) => [to, name]));
    const sorted = pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const tensors of [
      sorted,
      ...fc.sample(fc.shuffledSubarray(pairs, { minLength: pairs.length }), { seed, numRuns: 3 }),
    ]) {
      const plan = planOf(params, tensors);
      expect(refusal(plan, model, model)).toBeUndefined();
      expect(found(plan)).toEqual(want);
      expect(plan.left).toEqual([]);
    }
  });
});

describe("names that say nothing", () => {
  const WORDS = ["Ada", "Bob", "Cid", "Dan", "Eve", "Flo", "Gus", "Hal"];
  test("what is filled is right by its shape alone; the rest is open", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: WORDS.length });
    fc.assert(
      fc.property(sizes, fc.shuffledSubarray(WORDS, { minLength: WORDS.length }), (shapes, words) => {
        const params = shapes.map((size, i) => ({ name: `x${i}.weight`, shape: [size] }));
        const tensors = shapes.map((size, i) => ({ name: `${words[i]}.weight`, shape: [size] }));
        const plan = planOf(params, tensors);
        const alone = shapes.flatMap((size, i) => (shapes.filter((s) => s === size).length === 1 ? [i] : []));
        expect(found(plan)).toEqual(
          Object.fromEntries(alone.map((i) => [`x${i}.weight`, `${words[i]}.weight`])),
        );
        expect(plan.missing).toEqual([]);
        expect(plan.ambiguous.flatMap(({ wanted }) => wanted)).toHaveLength(shapes.length - alone.length);
      }),
      { numRuns: 300, seed },
    );
  });

  test("two of a kind are open, and the message shows a map", () => {
    const params = named({ "a.weight": [4, 4], "b.weight": [4, 4], "c.weight": [3] });
    const tensors = named({ "left.weight": [4, 4], "right.weight": [4, 4], "c.weight": [3] });
    expect(refusal(planOf(params, tensors), "f.safetensors", "net")?.message).toBe(
      `f.safetensors does not say which is which:
          a, b (weight [4, 4]): left, right
  rule: a layer is found by its name, its shapes, its neighbours, the numbers in names, or words that only two names share
  try:  --map map.json, with what you know of them, such as {"a":"left","b":"right"}`,
    );
    expect(found(planOf(params, tensors, { a: "right" }))).toEqual({
      "a.weight": "right.weight",
      "b.weight": "left.weight",
      "c.weight": "c.weight",
    });
  });
});

describe("the rules", () => {
  const plan = (params: Readonly<Record<string, readonly number[]>>, tensors: typeof params) =>
    planOf(named(params), named(tensors));

  test("equal names, though written in another way", () => {
    const shapes = { "block/fc1.weight": [4, 4], "block/fc2.weight": [4, 4] };
    const tensors = { "module.block.fc2.weight": [4, 4], "module.block.fc1.weight": [4, 4] };
    expect(found(plan(shapes, tensors))).toEqual({
      "block/fc1.weight": "module.block.fc1.weight",
      "block/fc2.weight": "module.block.fc2.weight",
    });
  });

  test("words: query, key and value are q, k and v in any order", () => {
    const params = {
      "att/k/linear.weight": [4, 4],
      "att/q/linear.weight": [4, 4],
      "att/v/linear.weight": [4, 4],
    };
    const tensors = { "self.key.weight": [4, 4], "self.query.weight": [4, 4], "self.v_proj.weight": [4, 4] };
    expect(found(plan(params, tensors))).toEqual({
      "att/k/linear.weight": "self.key.weight",
      "att/q/linear.weight": "self.query.weight",
      "att/v/linear.weight": "self.v_proj.weight",
    });
  });

  test("numbers of ten and more come in their order", () => {
    const names = [0, 3, 11, 10, 2].map((i) => `features.${i}.weight`);
    const tensors = Object.fromEntries(names.map((name) => [name, [2, 2]]));
    const params = Object.fromEntries(["e", "d", "c", "b", "a"].map((name) => [`${name}.weight`, [2, 2]]));
    expect(Object.values(found(plan(params, tensors)))).toEqual(
      [0, 2, 3, 10, 11].map((i) => `features.${i}.weight`),
    );
  });

  test("numbers of the model that contradict the order of its layers leave it open", () => {
    const params = { "conv2.weight": [2, 2], "conv1.weight": [2, 2] };
    const tensors = { "f.0.weight": [2, 2], "f.1.weight": [2, 2] };
    expect(plan(params, tensors).ambiguous).toHaveLength(1);
  });

  test("other shapes, where no layer has the same: sizes of 1, and a matrix the other way around", () => {
    const params = { "a.weight": [10, 5], "a.bias": [10], "b.weight": [3, 7], "c.weight": [4, 6] };
    const tensors = { "x.weight": [10, 5, 1, 1], "x.bias": [10], "y.weight": [7, 3], "z.weight": [4, 6] };
    expect(plan(params, tensors).filled.map(({ to, from, change }) => [to.name, from?.name, change])).toEqual(
      [
        ["a.weight", "x.weight", "reshaped"],
        ["a.bias", "x.bias", ""],
        ["b.weight", "y.weight", "transposed"],
        ["c.weight", "z.weight", ""],
      ],
    );
  });

  test("a layer with other parts is no candidate: its parameters are missing", () => {
    const { missing, left } = plan({ "a.weight": [2, 2], "a.bias": [2] }, { "a.weight": [2, 2] });
    expect([missing, left].map((list) => list.map(({ name }) => name))).toEqual([
      ["a.weight", "a.bias"],
      ["a.weight"],
    ]);
  });

  test("Keras's names of parts", () => {
    const params = { "n.weight": [3], "n.bias": [3], "n.running_mean": [3], "n.running_var": [3] };
    const tensors = { "bn/gamma": [3], "bn/beta": [3], "bn/moving_mean": [3], "bn/moving_variance": [3] };
    expect(Object.values(found(plan(params, tensors)))).toEqual(Object.keys(tensors));
  });
});

describe("a map", () => {
  const params = named({ "stem.weight": [2, 3], "stem.bias": [2], "head.weight": [5, 2], places: [7] });
  const tensors = named({ "a.weight": [2, 3], "a.bias": [2], "b.weight": [9, 2], pos: [1, 7], more: [2] });

  test("names layers, parameters, and what keeps its initial values", () => {
    const plan = planOf(params, tensors, { stem: "a", head: null, places: "pos" });
    expect(found(plan)).toEqual({
      "stem.weight": "a.weight",
      "stem.bias": "a.bias",
      "head.weight": undefined,
      places: "pos",
    });
    expect(plan.left.map(({ name }) => name)).toEqual(["b.weight", "more"]);
    expect(refusal(plan, "f", "net")).toBeUndefined();
  });

  test.each([
    [
      { stemm: "a" },
      "the map names stemm, but the model has no layer or parameter of that name\n  try:  stem",
    ],
    [{ stem: "aa" }, "the map names aa, but the file has no layer or tensor of that name\n  try:  a"],
    [{ places: "poss" }, "the map names poss, but the file has no tensor of that name\n  try:  pos"],
    [
      { stem: "b" },
      "the map says that stem is b, which has no bias\n  rule: stem is weight [2, 3], bias [2]; b is weight [9, 2]\n  try:  name the parameters one by one, or another layer",
    ],
    [
      { "head.weight": "b.weight" },
      "the map says that head.weight [5, 2] is b.weight [9, 2]\n  rule: shapes are the same, but for sizes of 1 and the order of a matrix's two axes\n  try:  name another tensor",
    ],
  ])("%j is refused", (map, text) => {
    expect(message(() => planOf(params, tensors, map))).toBe(text);
  });

  test("what is missing is said with what is left", () => {
    expect(refusal(planOf(params, tensors, { places: "pos" }), "f", "net")?.message).toBe(
      `f has no tensor for 1 parameter of net: head.weight [5, 2]
  rule: what is left of the file: b.weight [9, 2], more [2]
  try:  change the model, or --map map.json: {"head":null} keeps initial values`,
    );
  });
});

test("the table has a row for every layer, cut to the width", () => {
  const params = named({
    "stem/norm.weight": [3],
    "stem/norm.bias": [3],
    "fc.weight": [2, 5],
    "fc.bias": [2],
  });
  const tensors = named({ "bn.weight": [3], "bn.bias": [3], "out.weight": [5, 2], "out.bias": [2] });
  const text = mappingText(planOf(params, tensors), { width: 100, color: false });
  expect(text).toBe(
    `layer      parameters               from  found by
stem/norm  [3] weight bias          bn    shape
fc         [2, 5] weight, [2] bias  out   shape, transposed from [5, 2]`,
  );
  const narrow = mappingText(planOf(params, tensors), { width: 44, color: false });
  for (const line of narrow.split("\n")) expect(line.length).toBeLessThanOrEqual(44);
});

test("names: parts, numbers, words, distances", () => {
  expect(partOf("a.b/c.running_var")).toEqual({ layer: "a.b/c", role: "running_var" });
  expect(partOf("weight")).toEqual({ layer: "weight", role: "" });
  expect(partOf("places")).toEqual({ layer: "places", role: "" });
  expect(numberOrder("layer2.0.conv1", "layer10.0.conv1")).toBeLessThan(0);
  expect(numberOrder("layer1.0.conv1", "layer1.0.downsample.0")).toBeUndefined();
  expect(numberOrder("a", "a")).toBeUndefined();
  expect(byNumber(["x.10", "x.9", "x.b"])).toBeUndefined();
  expect([...wordsOf("blocks.0.attn.qProj")]).toEqual(["blocks", "attention", "q", "proj"]);
  expect(distance(["a", "b"], ["a", "c", "d"])).toBe(3);
});
