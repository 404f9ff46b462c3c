/** Layers that are applied twice, and parameters that are given to layers. */
import { describe, expect, test } from "vitest";
import * as w from "../../compiler/dsl/index.ts";
import { N } from "../../compiler/dsl/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { message } from "./message.ts";

const params = (graph: Graph): readonly string[] =>
  graph.nodes.flatMap((n) => (n.kind === "param" ? [n.origin.name] : []));

describe("a layer value", () => {
  test("has one set of parameters, named after its first application, and counted once", () => {
    const [a, b] = [w.input("a", [N, 4]), w.input("b", [N, 4])];
    const tower = w.sequential(w.linear({ out: 3 }), w.relu(), w.residual(w.linear({ out: 3 })));
    const { graph } = w.model("siamese", { a, b }, { d: w.sub(tower(a), tower(b)) });
    expect(params(graph)).toEqual(["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"]);
    const { layers, totals } = shapeTable(graph);
    expect(totals.params).toBe(3 * 4 + 3 + 3 * 3 + 3);
    expect(layers.filter((l) => l.op === "linear").map((l) => [l.name, l.params])).toEqual([
      ["linear1", 15],
      ["linear2", 12],
      ["linear3", 0],
      ["linear4", 0],
    ]);
  });

  test("made by a function has parameters for each call", () => {
    const x = w.input("x", [N, 4]);
    const block = () => w.linear({ out: 4 });
    const { graph } = w.model("m", { x }, { y: block()(block()(x)) });
    expect(params(graph)).toEqual(["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"]);
  });

  test("is shared between models, each of which names it", () => {
    const layer = w.linear({ out: 2, bias: false });
    const build = (): Graph => w.model("m", w.input("x", [N, 4]), w.sequential(w.relu(), layer)).graph;
    expect([params(build()), params(build())]).toEqual([["linear1.weight"], ["linear1.weight"]]);
  });

  test("does not fit an input that wants other parameters", () => {
    const layer = w.linear({ out: 2 }) as (x: w.Tensor) => w.Tensor;
    layer(w.input("x", [N, 4]));
    layer(w.input("x", [N, 7, 4]));
    expect(message(() => layer(w.input("x", [N, 5])))).toMatchInlineSnapshot(`
      "linear3: linear: its weight is [2, 4] since it was applied to [N, 4], but [N, 5] needs [2, 5]
        rule: a layer has one set of parameters, wherever it is applied
        try:  a layer for each: const layer = () => linear(…), and layer()(x)"
    `);
  });

  test("that failed first takes the next input's parameters", () => {
    const layer = w.conv2d({ out: 2, kernel: 3 }) as (x: w.Tensor) => w.Tensor;
    expect(() => layer(w.input("x", [N, 4, 2, 2]))).toThrow();
    expect(layer(w.input("x", [N, 1, 8, 8])).shape).toEqual(["N", 2, 6, 6]);
  });
});

describe("a given parameter", () => {
  const image = w.input("image", [N, 3, 8, 8]);
  const rows = w.input("rows", [N, 4]);
  const loose = w as unknown as Readonly<
    Record<"linear" | "conv2d" | "layerNorm" | "batchNorm2d", (...args: unknown[]) => w.Tensor>
  >;

  test("takes the place of the layer's own and keeps its name", () => {
    const kernel = w.param("kernel", [4, 3, 3, 3]);
    const gain = w.param("gain", [4]);
    const maps = w.conv2d(image, { out: 4, kernel: 3, weight: kernel, bias: false });
    const normal = w.batchNorm2d(maps, { weight: gain, bias: gain });
    const scaled = w.layerNorm(w.mean(normal, { axis: [2, 3] }), { weight: gain });
    const { graph } = w.model(
      "m",
      { image },
      { y: w.linear(scaled, { out: 2, bias: w.mul(w.param("b", [2]), 3) }) },
    );
    expect(params(graph)).toEqual([
      "kernel",
      "gain",
      "batchNorm2d1.running_mean",
      "batchNorm2d1.running_var",
      "layerNorm1.bias",
      "linear1.weight",
      "b",
    ]);
  });

  test("of another shape, or none at all, is an error", () => {
    expect([
      message(() => loose.linear(rows, { out: 2, weight: w.param("p", [4, 2]) })),
      message(() => loose.linear(rows, { out: 2, bias: rows })),
      message(() =>
        loose.conv2d(image, { out: 4, kernel: 3, groups: 1, weight: w.param("p", [4, 1, 3, 3]) }),
      ),
      message(() => loose.linear(rows, { out: 2, weight: 3 })),
      message(() => loose.linear(rows, { out: 2, bias: 3 })),
      message(() => loose.layerNorm(rows, { bias: false })),
      message(() => loose.batchNorm2d(image, { weight: w.relu() })),
      message(() => loose.linear({ out: 2, weight: w.param("p", [2, 4]), init: w.ones() })),
      message(() => loose.linear(rows, { out: w.param("p", [2]) })),
    ]).toMatchInlineSnapshot(`
      [
        "linear1: linear: the given weight is [4, 2], but for [N, 4] it has to be [2, 4]
        rule: weight has the shape of the parameter that linear would make
        try:  a tensor [2, 4], such as a param(), reshape(…) or transpose(…)",
        "linear2: linear: the given bias is [N, 4], but for [N, 4] it has to be [2]
        rule: bias has the shape of the parameter that linear would make
        try:  a tensor [2], such as a param(), reshape(…) or transpose(…)",
        "conv2d1: conv2d: the given weight is [4, 1, 3, 3], but for [N, 3, 8, 8] it has to be [4, 3, 3, 3]
        rule: weight has the shape of the parameter that conv2d would make
        try:  a tensor [4, 3, 3, 3], such as a param(), reshape(…) or transpose(…)",
        "linear3: linear: weight is 3
        rule: weight is a tensor, or left out
        try:  weight: param("…", […])",
        "linear4: linear: bias is 3
        rule: bias is true or false
        try:  bias: true",
        "layerNorm1: layerNorm: bias is false
        rule: bias is a tensor, or left out
        try:  bias: param("…", […])",
        "batchNorm2d1: batchNorm2d: weight is a function
        rule: weight is a tensor, or left out
        try:  weight: param("…", […])",
        "linear: init says how a weight starts, but the weight is given
        rule: a parameter starts as whoever makes it says
        try:  param(name, shape, init)",
        "linear5: linear: out is Tensor<[2]> p
        rule: out is a whole number of at least 1
        try:  out: 1",
      ]
    `);
  });
});
