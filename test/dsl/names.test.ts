import { describe, expect, test } from "vitest";
import * as w from "../../compiler/dsl/index.ts";
import { type Model, N } from "../../compiler/dsl/index.ts";

const names = (m: Model<unknown, unknown>): readonly string[] => m.graph.nodes.map((n) => n.origin.name);

describe("names", () => {
  test("layers count in the order of the model file, whatever the order of use", () => {
    const x = w.input("x", [N, 4]);
    const first = w.relu(x);
    const second = w.relu(x);
    const last = w.sub(second, first);
    expect(names(w.model("m", { x }, { last }))).toEqual(["x", "relu2", "relu1", "sub1"]);
  });

  test("layers that no output needs leave no gap", () => {
    const x = w.input("x", [N, 4]);
    w.linear(x, { out: 99 });
    const y = w.linear(x, { out: 2 });
    expect(y.node.origin.name).toBe("linear2");
    expect(names(w.model("m", { x }, { y }))).toEqual(["x", "linear1.weight", "linear1.bias", "linear1"]);
  });

  test("an input has the name that the model gives it", () => {
    const x = w.input("x", [N, 4]);
    const { graph } = w.model("m", { picture: x }, { y: w.relu(x) });
    expect(graph.inputs.map((i) => [i.name, i.node.origin.name])).toEqual([["picture", "picture"]]);
  });

  test("a layer keeps clear of the names of inputs and parameters", () => {
    const x = w.input("relu1", [N, 4]);
    const y = w.mul(w.relu(x), w.param("relu2", [4]));
    expect(names(w.model("m", { relu1: x }, { y }))).toEqual(["relu1", "relu3", "relu2", "mul1"]);
  });

  test("numbers are constants with a name of their own", () => {
    const x = w.input("x", [N, 4]);
    expect(names(w.model("m", { x }, { y: w.add(w.mul(x, 2), 1) }))).toEqual([
      "x",
      "mul1.operand2",
      "mul1",
      "add1.operand2",
      "add1",
    ]);
  });

  test("two models from one file do not disturb each other", () => {
    const build = () => {
      const x = w.input("x", [N, 4]);
      return w.model("m", { x }, { y: w.relu(w.linear(x, { out: 3 })) });
    };
    expect(names(build())).toEqual(names(build()));
  });

  test("a tensor says what it is", () => {
    expect(`${w.relu(w.input("x", [N, 4]))}`).toMatch(/^Tensor<\[N, 4\]> relu\d+$/);
  });
});

describe("initial values", () => {
  const x = w.input("x", [N, 4, 8, 8]);
  const inits = (t: w.Tensor): unknown =>
    t.node.kind === "op" ? t.node.inputs.flatMap((n) => (n.kind === "param" ? [n.init] : [])) : t.node;

  test("a layer's weight knows its fans", () => {
    expect(inits(w.conv2d(x, { out: 6, kernel: 3, groups: 2 }))).toEqual([
      { kind: "xavierUniform", fanIn: 18, fanOut: 27 },
      { kind: "zeros" },
    ]);
    expect(inits(w.linear(x, { out: 2, bias: false, init: w.kaimingNormal() }))).toEqual([
      { kind: "kaimingNormal", fanIn: 8 },
    ]);
  });

  test("a parameter of one's own", () => {
    const init = (t: w.Tensor): unknown => (t.node.kind === "param" ? t.node.init : undefined);
    expect([
      init(w.param("p", [6, 4, 3, 3])),
      init(w.param("p", [6], w.kaimingUniform())),
      init(w.param("p", [6], w.zeros())),
      init(w.param("p", [6], w.constant(0.5))),
      init(w.param("p", [], w.uniform(-1, 1))),
    ]).toEqual([
      { kind: "xavierUniform", fanIn: 36, fanOut: 54 },
      { kind: "kaimingUniform", fanIn: 6 },
      { kind: "zeros" },
      { kind: "constant", value: 0.5 },
      { kind: "uniform", low: -1, high: 1 },
    ]);
  });
});
