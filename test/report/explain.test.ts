/** Where a number comes from: every op's elements, explained, are what the reference computes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  conv2d,
  flatten,
  input,
  maxPool2d,
  mean,
  model,
  N,
  relu,
  softmax,
} from "../../compiler/dsl/index.ts";
import type { Graph, Node } from "../../compiler/ir/graph.ts";
import {
  type Explanation,
  explain,
  isExplained,
  type Known,
  operandsOf,
} from "../../compiler/report/explain.ts";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel } from "../fuzz/spec.ts";
import { userMeanings } from "../fuzz/userOps.ts";
import type { NdArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";

/** All that a run with one example holds. */
function run(
  graph: Graph,
  seed: number,
): { readonly known: Known; readonly values: ReadonlyMap<Node, NdArray> } {
  const { inputs, params } = dataFor(graph, 1, seed);
  const values = new Map<Node, NdArray>();
  evaluate(graph, inputs, params, {
    custom: userMeanings,
    watch: (node, value) => void values.set(node, value),
  });
  return { values, known: { values: (node) => values.get(node)?.data, size: () => Number.NaN } };
}

const FOLDS = {
  sum: (a: number, b: number) => a + b,
  prod: (a: number, b: number) => a * b,
  max: (a: number, b: number) => Math.max(a, b),
  min: (a: number, b: number) => Math.min(a, b),
};

/** What it says of itself fits together. */
function checkWhole({ reductions, element }: Explanation): void {
  for (const { op, axes, terms, count, value } of reductions) {
    expect(count).toBe(axes.reduce((product, a) => product * a.extent, 1));
    if (!terms || terms.length === 0) continue;
    expect(terms.length).toBe(count);
    const all = terms.map((t) => t.value).reduce((a, b) => FOLDS[op](a, b));
    if (Number.isFinite(value))
      expect(all).toBeCloseTo(value, 6 - Math.ceil(Math.log10(1 + Math.abs(value))));
    for (const { factors, value: own } of terms) {
      const product = factors.reduce((p, f) => p * f.value, 1);
      if (Number.isFinite(own))
        expect(Math.abs(product - own)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(own)));
      for (const f of factors) expect(f.element === undefined).toBe(f.text !== "");
    }
  }
  expect(element.index.length).toBe(element.node.type.shape.length);
}

test("elements of random models", () => {
  let seen = 0;
  for (const [seed, spec] of fc.sample(models(), { numRuns: 60, seed: 4 }).entries()) {
    const graph = buildModel(spec);
    const { known, values } = run(graph, seed);
    for (const node of graph.nodes) {
      if (!isExplained(node) || node.op.name === "dropout") continue;
      const { data, shape } = values.get(node) as NdArray;
      for (const part of [0, 0.37, 0.71, 1]) {
        const flat = Math.min(data.length - 1, Math.floor(part * data.length));
        const index = shape.map(
          (size, i) => Math.floor(flat / shape.slice(i + 1).reduce((a, b) => a * b, 1)) % size,
        );
        const explained = explain(node, index, known);
        const want = data[flat] as number;
        if (Number.isFinite(want)) {
          const off = Math.abs(explained.element.value - want);
          expect(off, `${node.op.name} of ${spec.seed ?? seed}`).toBeLessThanOrEqual(
            1e-4 * (1 + Math.abs(want)),
          );
          seen++;
        }
        checkWhole(explained);
      }
    }
  }
  expect(seen).toBeGreaterThan(500);
});

/** A picture of 3 × 3, a kernel that finds edges, its bias, the sigmoid of it and the largest of four. */
const edges = (bias = 0.25) => {
  const image = input("image", [N, 1, 3, 3]);
  const conv = conv2d(image, { out: 1, kernel: 2, padding: 1 });
  const { graph } = model(
    "edges",
    { image },
    { pool: maxPool2d(relu(conv), { kernel: 2 }), scores: softmax(flatten(conv)) },
  );
  const numbers: Readonly<Record<string, readonly number[]>> = {
    image: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "conv2d1.weight": [1, -1, 0.5, 2],
    "conv2d1.bias": [bias],
  };
  const values = new Map<Node, ArrayLike<number>>();
  const known: Known = { values: (n) => values.get(n) ?? numbers[n.origin.name], size: () => 1 };
  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const dims = node.type.shape.map((d) => (d === "N" ? 1 : Number(d)));
    const size = dims.reduce((a, b) => a * b, 1);
    const at = (flat: number) =>
      dims.map((d, i) => Math.floor(flat / dims.slice(i + 1).reduce((a, b) => a * b, 1)) % d);
    values.set(
      node,
      Array.from({ length: size }, (_, flat) => explain(node, at(flat), known).element.value),
    );
  }
  const of = (name: string, index: readonly number[]): Explanation => {
    const node = graph.nodes.find((n) => n.origin.name === name);
    if (!node || !isExplained(node)) throw new Error(name);
    return explain(node, index, known);
  };
  return { graph, of };
};

test("a convolution: the window, its products, the sum", () => {
  const { numbers, formula, reductions, element, elements } = edges().of("conv2d1", [0, 0, 1, 1]);
  expect(formula).toBe(
    "conv2d1[n, c, h, w] = (Σ_{kh<2, kw<2} (0 ≤ h + kh − 1 < 3 ∧ 0 ≤ w + kw − 1 < 3 ? image[n, 0, h + kh − 1, w + kw − 1] : 0) · conv2d1.weight[0, 0, kh, kw]) + conv2d1.bias[0]",
  );
  expect(element.value).toBe(1 * 1 - 2 + 0.5 * 4 + 2 * 5 + 0.25);
  expect(numbers).toBe("11 + 0.25");
  expect(edges(-0.25).of("conv2d1", [0, 0, 1, 1]).numbers).toBe("11 − 0.25");
  const [sum] = reductions;
  expect(sum?.axes.map((a) => a.extent)).toEqual([2, 2]);
  expect(sum?.terms?.map((t) => t.value)).toEqual([1, -2, 2, 10]);
  const last = sum?.terms?.at(-1);
  expect(last?.factors.map((f) => [f.element?.node.origin.name, f.element?.index, f.value])).toEqual([
    ["image", [0, 0, 1, 1], 5],
    ["conv2d1.weight", [0, 0, 1, 1], 2],
  ]);
  expect(elements.map((e) => [e.node.origin.name, e.index, e.value])).toEqual([["conv2d1.bias", [0], 0.25]]);
});

test("padding reads nothing", () => {
  const [sum] = edges().of("conv2d1", [0, 0, 0, 0]).reductions;
  const [first, , , last] = sum?.terms ?? [];
  expect(first?.factors[0]).toEqual({ value: 0, padding: true, text: "0" });
  expect(first?.factors[1]?.element).toMatchObject({ index: [0, 0, 0, 0], value: 1 });
  expect(last?.factors.map((f) => f.value)).toEqual([1, 2]);
});

test("a maximum, what a function is of, and a quotient of a sum of computed terms", () => {
  const { of } = edges();
  const [largest] = of("maxPool2d1", [0, 0, 0, 0]).reductions;
  expect([largest?.op, largest?.value]).toEqual([
    "max",
    Math.max(...(largest?.terms ?? []).map((t) => t.value)),
  ]);
  expect(of("relu1", [0, 0, 0, 0])).toMatchObject({ numbers: "max(2.25, 0)", reductions: [] });
  const { numbers, reductions } = of("softmax1", [0, 3]);
  expect(numbers).toMatch(/^exp\(.*\) \/ \d/);
  expect(reductions.map((r) => r.op)).toEqual(["max", "sum"]);
  expect(reductions[1]?.terms?.[3]?.factors[0]?.text).toMatch(/^exp\(.* − .*\)$/);
});

test("what it reads, and what has to be known", () => {
  const { graph } = edges();
  const conv = graph.nodes.find((n) => n.origin.name === "conv2d1");
  if (!conv || !isExplained(conv)) throw new Error("conv2d1");
  expect(operandsOf(conv).map((n) => n.origin.name)).toEqual(["image", "conv2d1.weight", "conv2d1.bias"]);
  const nothing: Known = { values: () => undefined, size: () => 1 };
  expect(() => explain(conv, [0, 0, 0, 0], nothing)).toThrow("the values of conv2d1.weight are not known");
});

test("a sum too long to list is its value alone", () => {
  const x = input("x", [N, 300, 300]);
  const { graph } = model("m", { x }, { y: mean(x, { axis: [1, 2] }) });
  const [node] = graph.nodes.filter(isExplained);
  if (!node) throw new Error("mean");
  const ones = new Float32Array(90_000).fill(0.5);
  const { reductions } = explain(node, [0], { values: () => ones, size: () => 1 });
  expect(reductions).toMatchObject([{ terms: undefined, count: 90_000, value: 45_000 }]);
});
