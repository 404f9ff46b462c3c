import { describe, expect, expectTypeOf, test } from "vitest";
import { defineOp, input, model, N, param, type Tensor } from "../../compiler/dsl/index.ts";
import type { Expr } from "../../compiler/ir/expr.ts";
import type { Node } from "../../compiler/ir/graph.ts";
import { opContext } from "../../compiler/math/build.ts";
import { message } from "./message.ts";

/** What the op computes, with its axes named by position. */
function meaning(tensor: Tensor): Expr {
  const node = tensor.node as Extract<Node, { kind: "op" }>;
  return node.op.define(node.attrs, opContext(node));
}

const corr = defineOp({
  name: "corr",
  shape: ([x, k]: [[number, number], [number, number]]) => [x[0] - k[0] + 1, x[1] - k[1] + 1],
  value: ({ at: [i, j], inputs: [x, k], axis, sumOver }) => {
    const [u, v] = [axis(2), axis(2)];
    return sumOver([u, v], x.at(i.plus(u), j.plus(v)).times(k.at(u, v)));
  },
});

/** Each pixel moves to the right; what enters is 0. */
const shift = defineOp({
  name: "shift",
  shape: ([x]: [[N, number, number]], _: { by: number }) => x,
  value: ({ at: [n, i, j], inputs: [x], options }) => x.atOr(0, n, i, j.minus(options.by)),
});

describe("defineOp", () => {
  test("an op of two tensors, typed by rank", () => {
    const x = input("x", [3, 4]);
    const y = corr(x, param("k", [2, 2]));
    expectTypeOf(y).toEqualTypeOf<Tensor<[number, number]>>();
    expect(y.shape).toEqual([2, 3]);
    const expr = meaning(y);
    expect(expr.kind).toBe("reduce");
    expect(model("m", { x }, { y }).graph.nodes.map((n) => n.origin.name)).toEqual(["x", "k", "corr1"]);
  });

  test("an op with options, applied and as a layer", () => {
    const x = input("x", [N, 6, 8]);
    const y = shift(x, { by: 2 });
    expectTypeOf(y).toEqualTypeOf<Tensor<[N, number, number]>>();
    expect(y.shape).toEqual(["N", 6, 8]);
    expect(meaning(y)).toMatchObject({ kind: "guard", bounds: [{ extent: 8, index: { constant: -2 } }] });
    expect(shift({ by: 1 })(x).shape).toEqual(["N", 6, 8]);
    expect(model("m", { x }, { y }).graph.nodes.map((n) => n.origin.name)).toEqual(["x", "shift1"]);
  });

  test("positions and values", () => {
    const op = defineOp({
      name: "mixed",
      shape: ([x]: [[number, number]]) => [x[0] * x[1]],
      value: ({ at: [i], inputs: [x], axis, maxOver }) => {
        const k = axis(3);
        const element = x.at(i.over(3), i.mod(3));
        const largest = maxOver(k, x.at(i.over(3), k));
        const ramp = i.times(2).minus(1).value();
        return element.minus(largest).exp().over(2).plus(ramp).min(9).less(0).choose(0, element.negated());
      },
    });
    expect(op(input("x", [2, 3])).shape).toEqual([6]);
  });

  test("mistakes in the definition or its use", () => {
    const x = input("x", [N, 6, 8]);
    const bad = (
      value: Parameters<typeof defineOp>[0]["value"],
      shape: () => readonly (number | N)[] = () => [N, 6, 8],
    ) => message(() => defineOp({ name: "mine", shape, value })(x));
    const all = [
      message(() => defineOp({ name: "conv2d", shape: ([s]) => s, value: () => 0 })),
      message(() => defineOp({ name: "my op", shape: ([s]) => s, value: () => 0 })),
      bad(({ at: [n, i, j], inputs: [t] }) => t?.at(n, i, j.plus(1)) ?? 0),
      bad(({ at: [n, i], inputs: [t] }) => t?.at(n, i) ?? 0),
      bad(({ at: [n, i, j, k], inputs: [t] }) => t?.at(n, i, j.plus(k)) ?? 0),
      bad(({ axis, sumOver }) => sumOver(axis(0), 1)),
      bad(({ at: [n] }) => n.value().plus(Number.NaN)),
      bad(({ at: [, i] }) => i.over(0).value()),
      bad(
        () => 0,
        () => [N, 0],
      ),
      bad(
        () => 0,
        () => [6, N],
      ),
      bad(
        () => 0,
        () => {
          throw new Error("the image must be square");
        },
      ),
    ];
    expect(all).toMatchInlineSnapshot(`
      [
        "defineOp: "conv2d" is an op of Weft's own
        try:  another name, such as "myConv2d"",
        "defineOp: name is "my op"
        rule: name is a word of letters and digits
        try:  name: "scale"",
        "mine1: position j + 1 of dimension 2 runs over 1 … 8 in a tensor [N, 6, 8]
        rule: 0 ≤ position < 8
        try:  atOr(0, …), which gives 0 outside",
        "mine2: 2 positions for a tensor [N, 6, 8]
        rule: one position per dimension",
        "mine3: undefined is not a position
        rule: a position is a whole number, an axis, or made of them",
        "mine4: axis(0)
        rule: an axis has a whole number of at least 1 of positions; the batch is never summed over",
        "mine5: NaN is not a value",
        "mine6: over(0)
        rule: a position is divided by a whole number of at least 1",
        "mine7: mine: size 1 of [N, 0] is 0 (operands [N, 6, 8])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a shape() that gives at least 1, or other operands",
        "mine8: mine: size 1 of [6, N] is N (operands [N, 6, 8])
        rule: every size is a whole number of at least 1; only the first may be N
        try:  a leading dimension of size 1 less, or flatten or reshape before it",
        "mine9: mine: the image must be square (operands [N, 6, 8])",
      ]
    `);
  });
});
