/** Sizes below 1: whatever could lead to one is refused, and what is accepted holds none. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply } from "../../compiler/dsl/build.ts";
import * as w from "../../compiler/dsl/index.ts";
import { N } from "../../compiler/dsl/index.ts";
import { settingsOf } from "../../compiler/dsl/own.ts";
import { UserError } from "../../compiler/errors.ts";
import type { OpDef } from "../../compiler/ir/graph.ts";
import { ops } from "../../compiler/ops/index.ts";
import { message } from "./message.ts";

const untyped = (value: unknown): never => value as never;
const rows = w.input("rows", [N, 6]) as w.Tensor;

/** The result; undefined for a `UserError`. */
function attempt(make: () => w.Tensor): w.Tensor | undefined {
  try {
    return make();
  } catch (e) {
    if (e instanceof UserError) return undefined;
    throw e;
  }
}

const isSize = (d: unknown, i: number): boolean =>
  (d === "N" && i === 0) || (Number.isSafeInteger(d) && Number(d) >= 1);

describe("every op, with whatever numbers its options may be given", () => {
  const images: w.Tensor[] = [
    w.input("image", [N, 4, 3, 2]),
    w.input("sequence", [N, 4, 6]),
    w.input("volume", [N, 4, 2, 3, 2]),
    rows,
    w.input("matrix", [3, 2]),
    w.input("other", [2, 3]),
    w.input("one", [1]),
    w.input("scalar", []),
  ];
  /** What the options without a default are, where another one is varied. */
  const needed: Readonly<Record<string, object>> = {
    linear: { out: 4 },
    ...Object.fromEntries(["lstm", "gru", "rnn"].map((name) => [name, { hidden: 3 }])),
    reshape: { shape: [N, -1] },
    resize: { size: 3 },
    groupNorm: { groups: 1 },
    localResponseNorm: { size: 3 },
    pad: { padding: 1 },
    embedding: { count: 9, size: 4 },
    unsqueeze: { axis: 1 },
    expand: { shape: [N, 3] },
    tile: { repeats: [1, 1] },
    flip: { axis: 1 },
    roll: { shift: 1, axis: 1 },
    cast: { to: "f32" },
    topValues: { count: 1 },
    topIndices: { count: 1 },
    oneHot: { count: 3 },
    gatherND: { batchDims: 1 },
    einsum: { equation: "ij,kj->ik" },
    depthToSpace: { block: 1 },
    spaceToDepth: { block: 1 },
  };
  const ofWindows = {
    conv: { out: 4, kernel: 1 },
    convTranspose: { out: 4, kernel: 1 },
    maxPool: { kernel: 2 },
    lpPool: { kernel: 2 },
    adaptiveAvgPool: { size: 2 },
    adaptiveMaxPool: { size: 2 },
    avgPool: { kernel: 2 },
  };
  const neededBy = (name: string): object =>
    needed[name] ?? new Map<string, object>(Object.entries(ofWindows)).get(name.replace(/\dd$/, "")) ?? {};
  const names = [
    "out",
    "in",
    "kernel",
    "stride",
    "padding",
    "dilation",
    "outputPadding",
    "groups",
    "ceilMode",
    "countIncludePad",
  ];
  names.push("shape", "order", "axis", "keepDims", "dims", "value", "count", "size", "start", "end");
  names.push("step", "repeats", "shift", "block", "mode", "to", "largest", "exclusive", "reverse", "last");
  const numbers = [0, -1, -2, 1, 3, 9, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
  const values: readonly unknown[] = [
    ...numbers,
    ...[0, -1, 2, 9].flatMap((x) => [[x, 1], [1, x], [N, x], [x]]),
    [N, 3, 0],
    [N, -1, 0],
    [0, 0, -3, 0],
    [0, 9, 0, 0],
    [],
    "same",
    true,
  ];
  /** Whole numbers, for ops that read where these say. */
  const places = [w.input("places", [N, 3], { dtype: "i32" }), w.input("all", [5], { dtype: "i32" })];
  const written: ReadonlyMap<OpDef, readonly w.Tensor[]> = new Map<OpDef, readonly w.Tensor[]>([
    [
      ops.scatterElements,
      [w.input("x", [N, 4]), w.input("i", [N, 3], { dtype: "i32" }), w.input("u", [N, 3])],
    ],
    [ops.scatterND, [w.param("x", [4, 3]), w.input("i", [5, 1], { dtype: "i32" }), w.param("u", [5, 3])]],
    [ops.gatherND, [w.input("x", [N, 4, 3]), w.input("i", [N, 5, 1], { dtype: "i32" })]],
  ]);
  const recurrent: readonly OpDef[] = [ops.lstm, ops.gru, ops.rnn];
  const operandsOf = (def: OpDef): readonly (readonly w.Tensor[])[] =>
    recurrent.includes(def)
      ? images.map((x) => [x])
      : written.has(def)
        ? [written.get(def) ?? []]
        : def === ops.embedding || def === ops.oneHot
          ? places.map((at) => [at])
          : def === ops.gather || def === ops.gatherElements
            ? images.flatMap((x) => places.map((at) => [x, at]))
            : floatsOf(def);
  const floatsOf = (def: OpDef): readonly (readonly w.Tensor[])[] =>
    def.arity === 1
      ? images.map((x) => [x])
      : images.flatMap((x) =>
          images.map((y) => [x, y, y, y].slice(0, def.arity === "variadic" ? 2 : def.arity)),
        );

  // Most of what is tried is refused, and of a refusal only its kind is asked: taking its stack is what takes the time.
  const stacks = Error.stackTraceLimit;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stacks;
  });

  test.each(Object.entries<OpDef>({ ...ops }))("%s", (name, def) => {
    const base = neededBy(name);
    const read = (options: object): boolean =>
      attempt(() => {
        settingsOf(def, options);
        return rows;
      }) !== undefined;
    const known = names.filter((key) => values.some((value) => read({ ...base, [key]: value })));
    const of = (key: string): readonly object[] => values.map((value) => ({ [key]: value }));
    const singles = known.flatMap(of);
    const pairs = known.flatMap((key, i) =>
      of(key).flatMap((a) => known.slice(i + 1).flatMap((other) => of(other).map((b) => ({ ...a, ...b })))),
    );
    const given = [{}, ...singles, ...pairs].map((more) => ({ ...base, ...more })).filter(read);
    let accepted = 0;
    for (const options of given) {
      for (const operands of operandsOf(def)) {
        const made = attempt(() => apply(def, () => settingsOf(def, options), operands, ""));
        if (!made) continue;
        accepted++;
        if (!made.shape.every(isSize))
          throw new Error(
            `${name} of ${operands.map((t) => `[${t.shape}]`)} ${JSON.stringify(options)}: [${made.shape}]`,
          );
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("one message, whoever makes the shape", () => {
  const own = (...shape: readonly unknown[]): string =>
    message(() =>
      untyped(w.defineOp({ name: "own", shape: () => untyped(shape), value: () => 1 })(untyped(rows))),
    );

  test("inputs and parameters", () => {
    expect([
      message(() => w.input("x", [N, 0])),
      message(() => w.input("x", [0, 3])),
      message(() => w.param("p", [0])),
      message(() => w.param("p", [3, -2])),
      message(() => w.input("x", untyped([N, "3", undefined]))),
      message(() => w.input("x", untyped(new Array(2)))),
      message(() => w.input("x", [N, 2 ** 53])),
    ]).toMatchInlineSnapshot(`
      [
        "x: input: size 1 of [N, 0] is 0
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 1]",
        "x: input: size 0 of [0, 3] is 0
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [1, 3]",
        "p: param: size 0 of [0] is 0
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [1]",
        "p: param: size 1 of [3, -2] is -2
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [3, 2]",
        "x: input: size 1 of [N, "3", undefined] is "3"
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 3, 1]",
        "x: input: size 0 of [undefined, undefined] is undefined
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [1, 1]",
        "x: input: size 1 of [N, 9007199254740992] is 9007199254740992
        rule: every size is below 2^53, up to which whole numbers are exact
        try:  smaller sizes",
      ]
    `);
  });

  test("ops", () => {
    w.model("start", { rows }, { rows: w.relu(rows) });
    expect([
      own(N, 0),
      own(0),
      own(3, N),
      own(N, 2.5),
      own(N, Number.NaN),
      own(N, undefined),
      message(() => w.add(rows, w.param("p", [3, 1, 1]) as w.Tensor)),
      message(() => w.flatten(w.pad(w.input("x", [N, 1, 8, 8]), { padding: 2 ** 40 }) as w.Tensor)),
    ]).toMatchInlineSnapshot(`
      [
        "own1: own: size 1 of [N, 0] is 0 (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "own2: own: size 0 of [0] is 0 (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "own3: own: size 1 of [3, N] is N (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a leading dimension of size 1 less, or flatten or reshape before it",
        "own4: own: size 1 of [N, 2.5] is 2.5 (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "own5: own: size 1 of [N, NaN] is NaN (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "own6: own: size 1 of [N, undefined] is undefined (operands [N, 6])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "add1: add: size 1 of [3, N, 6] is N (operands [N, 6] and [3, 1, 1])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a leading dimension of size 1 less, or flatten or reshape before it",
        "flatten1: flatten: size 1 of [N, 4.835703278493701e+24] is 4.835703278493701e+24 (operands [N, 1, 2199023255560, 2199023255560])
        rule: every size is below 2^53, up to which whole numbers are exact
        try:  smaller sizes",
      ]
    `);
  });

  test("what follows from it is not computed: the formula of an own op is not asked for its value", () => {
    const op = w.defineOp({
      name: "own",
      shape: () => untyped([N, 0]),
      value: () => {
        throw new Error("asked");
      },
    });
    expect(message(() => untyped(op(untyped(rows))))).toContain("size 1 of [N, 0] is 0");
  });
});
