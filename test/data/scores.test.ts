/** When an output is scores over classes: by the model, by its last layer, by names, by weights. */
import { describe, expect, test, vi } from "vitest";
import * as w from "weftgpu";
import { classesEntry, type Known, type Scores, scoresOf, sharesOf } from "../../data/scores.ts";
import { message } from "../dsl/message.ts";

const x = w.input("x", [w.N, 3]);
const logits = w.linear(x, { out: 4 });
const plain = w.model("plain", { x }, { y: logits }).graph;
const said = w.model("said", { x }, { y: logits }, { classes: 4 }).graph;
const named = w.model("named", { x }, { y: logits }, { classes: ["a", "b", "c", "d"] }).graph;
const square = w.model("square", { x }, { y: w.reshape(logits, [w.N, 2, 2]) }).graph;
/** Two numbers to be learnt, four scores, and three shares. */
const several = w.model(
  "several",
  { x },
  { box: w.linear(x, { out: 2 }), kind: logits, colour: w.softmax(w.linear(x, { out: 3 })) },
).graph;

const found = (graph: w.Graph, known?: Known): Readonly<Record<string, Partial<Scores>>> =>
  Object.fromEntries(scoresOf(graph, known));
const metadata = (classes: string): Known => ({ metadata: { classes } });

describe("an output is scores", () => {
  test("where softmax or logSoftmax makes it, over 2 classes or more", () => {
    const of = (y: w.Tensor): unknown => found(w.model("m", { x }, { y }).graph)["y"];
    expect(of(w.softmax(x))).toEqual({ count: 3, names: undefined, shares: true });
    expect(of(w.logSoftmax(x))).toEqual({ count: 3, names: undefined, shares: false });
    for (const other of [
      logits,
      w.sigmoid(x),
      w.mul(w.softmax(x), 2),
      w.softmax(w.linear(x, { out: 1 })),
      w.softmax(w.reshape(x, [w.N, 1, 3])),
      w.reshape(w.softmax(x), [w.N, 3, 1]),
    ])
      expect(of(other)).toBeUndefined();
    const alone = w.input("alone", [3]); // no example of a batch
    expect(found(w.model("m", { alone }, { y: w.softmax(alone) }).graph)).toEqual({});
  });

  test("where the model says so", () => {
    expect(found(plain)).toEqual({});
    expect(found(said)).toEqual({ y: { count: 4, names: undefined, shares: false } });
    expect(found(named)["y"]?.names).toEqual(["a", "b", "c", "d"]);
    const gates = w.model("gates", { x }, { y: w.sigmoid(x) }, { classes: 3 }).graph;
    expect(found(gates)["y"]?.shares).toBe(true);
  });

  test("where the classes are named, or told by labels or weights", () => {
    const names = ["p", "q", "r", "s"];
    expect(found(plain, { names })["y"]?.names).toEqual(names);
    expect(found(named, { names })["y"]?.names).toEqual(names); // who names them last is right
    expect(found(plain, { labelled: true })["y"]).toMatchObject({ count: 4, names: undefined });
    expect(found(plain, metadata("4"))["y"]).toMatchObject({ count: 4, names: undefined });
    expect(found(plain, metadata(JSON.stringify(names)))["y"]?.names).toEqual(names);
    expect(found(named, metadata("4"))["y"]?.names).toEqual(["a", "b", "c", "d"]);
    expect(found(plain, { metadata: { data: "clothes" } })).toEqual({});
  });

  test("each by itself where there are several", () => {
    expect(Object.keys(found(several))).toEqual(["colour"]);
    expect(Object.keys(found(several, { names: ["p", "q", "r", "s"] }))).toEqual(["kind", "colour"]);
    expect(Object.keys(found(several, { labelled: true }))).toEqual(["colour"]);
    const two = w.model("two", { x }, { box: w.linear(x, { out: 2 }), kind: logits }).graph;
    expect(Object.keys(found(two, { labelled: true }))).toEqual(["box"]);
  });
});

describe("what does not fit", () => {
  test("of the command's is an error with the numbers and a fix", () => {
    expect([
      message(() => scoresOf(plain, { names: ["a", "b", "c"] })),
      message(() => scoresOf(said, { names: ["a", "b", "c"] })),
      message(() => scoresOf(several, { names: Array(9).fill("a") })),
      message(() => scoresOf(square, { names: ["a", "b"] })),
      message(() => scoresOf(square, { labelled: true })),
    ]).toMatchInlineSnapshot(`
      [
        "--classes has 3 names, but the output of plain is y [N, 4]
        rule: a name for every class, in the order of their scores: an output [N, classes]
        try:  4 names",
        "--classes has 3 names, but said has 4 classes
        rule: a name for every class, in the order of their scores: an output [N, classes]
        try:  4 names",
        "--classes has 9 names, but the outputs of several are box [N, 2], kind [N, 4], colour [N, 3]
        rule: a name for every class, in the order of their scores: an output [N, classes]
        try:  2 or 4 or 3 names",
        "--classes has 2 names, but the output of square is y [N, 2, 2]
        rule: a name for every class, in the order of their scores: an output [N, classes]
        try:  leave out --classes",
        "--labels are the right classes, but the output of square is y [N, 2, 2]
        rule: labels go with an output [N, classes], a score for each of 2 or more classes
        try:  leave out --labels",
      ]
    `);
  });

  test("of a weights' file is passed over, and told", () => {
    const why = (classes: string, graph = plain): unknown => {
      const ignored = vi.fn();
      expect(found(graph, { ...metadata(classes), ignored })).toEqual(found(graph));
      return ignored.mock.calls.flat().join();
    };
    expect(why("3")).toBe("they are 3, but the output of plain is y [N, 4]");
    expect(why('["cat","dog"]', said)).toBe("they are 2, but said has 4 classes");
    for (const classes of [
      "",
      "no JSON",
      "null",
      "4.5",
      "-4",
      "1e999",
      '"4"',
      '{"0":"cat"}',
      "[1,2,3,4]",
      '["a","b","c"," "]',
    ])
      expect(why(classes)).toBe("they are neither a number of 2 or more nor a list of names, as JSON");
    expect(found(plain, { ...metadata("no JSON"), names: ["p", "q", "r", "s"] })["y"]?.names).toHaveLength(4);
  });
});

test("shares come from logits, logarithms and shares", () => {
  const of = (row: readonly number[], shares = false): readonly number[] => sharesOf(row, { shares });
  expect(of([1000, 1000])).toEqual([0.5, 0.5]);
  expect(of([Math.log(3), 0])[0]).toBeCloseTo(0.75, 12);
  expect(of([Math.log(0.25), Math.log(0.75)])[0]).toBeCloseTo(0.25, 12);
  expect(of([0.25, 0.75])).toEqual([0.25, 0.75]); // a distribution, by whatever ops
  expect(of([0.9, 0.8], true)).toEqual([0.9, 0.8]); // of sigmoid: each by itself
  expect(of([Number.NaN, 1])).toEqual([Number.NaN, Number.NaN]);
});

test("trained weights say their names, or how many there are", () => {
  expect(classesEntry(["a", "b"], 2)).toEqual({ classes: '["a","b"]' });
  expect(classesEntry(["a", "b"], 4)).toEqual({ classes: "4" });
  expect(classesEntry(["a", ""], 2)).toEqual({ classes: "2" });
  expect(classesEntry(["a"], 1)).toEqual({});
});
