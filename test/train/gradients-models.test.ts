/** Gradients of whole models; long sums in two steps; what differentiation refuses. */
import { afterAll, describe, expect, test } from "vitest";
import type { Tensor } from "weftgpu";
import type { OpDef, OpNode } from "../../compiler/ir/graph.ts";
import { nameOf } from "../../compiler/ir/region.ts";
import { opNode } from "../../compiler/ops/derived.ts";
import { ops } from "../../compiler/ops/index.ts";
import { losses } from "../../compiler/ops/loss.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import type { Arrays } from "../oracle/array.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";
import { checkGradients, compiled, type GradientOptions, gradientGraph, valuesFor } from "./gradients.ts";
import { input, lang, param } from "./language.ts";

afterAll(closeDevice);

const image = (c: number, h: number, w: number): Tensor => input("x", ["N", c, h, w]);
const conv = (x: Tensor, out: number, options: object = {}): Tensor =>
  lang.conv2d(x, { out, kernel: 3, padding: 1, ...options });

/** conv → norm → relu → conv → norm, added to the shortcut. */
function block(x: Tensor, out: number, stride: number): Tensor {
  const h = lang.relu(lang.batchNorm2d(conv(x, out, { stride, bias: false })));
  const y = lang.batchNorm2d(conv(h, out, { bias: false }));
  const shortcut = stride === 1 ? x : lang.conv2d(x, { out, kernel: 1, stride });
  return lang.relu(lang.add(y, shortcut));
}

function attention(x: Tensor, heads: number, width: number): Tensor {
  const length = Number(x.shape[1]);
  const split = (t: Tensor): Tensor =>
    lang.transpose(lang.reshape(t, ["N", length, heads, width]), [0, 2, 1, 3]);
  const [q, k, v] = [0, 1, 2].map(() => split(lang.linear(x, { out: heads * width })));
  if (!q || !k || !v) throw new Error("three projections");
  const scores = lang.mul(lang.matmul(q, lang.transpose(k)), 1 / Math.sqrt(width));
  const mixed = lang.transpose(lang.matmul(lang.softmax(scores), v), [0, 2, 1, 3]);
  return lang.linear(lang.reshape(mixed, ["N", length, heads * width]), { out: Number(x.shape[2]) });
}

interface Case extends GradientOptions {
  readonly name: string;
  readonly build: () => Tensor;
}

const cases: readonly Case[] = [
  { name: "a residual block", build: () => block(image(2, 5, 4), 2, 1) },
  {
    name: "residual blocks, the second with stride 2",
    build: () => block(block(image(2, 5, 5), 2, 1), 3, 2),
  },
  {
    name: "a chain of convolutions with pooling, as LeNet's",
    build: () => {
      const first = lang.avgPool2d(lang.sigmoid(conv(image(1, 10, 10), 2)), { kernel: 2 });
      const second = lang.avgPool2d(lang.sigmoid(lang.conv2d(first, { out: 3, kernel: 2 })), { kernel: 2 });
      const dense = lang.sigmoid(lang.linear(lang.flatten(second), { out: 5 }));
      return lang.linear(dense, { out: 3 });
    },
  },
  {
    name: "ReLU and overlapping max pooling",
    build: () => {
      const h = lang.maxPool2d(lang.relu(conv(image(2, 7, 6), 3)), { kernel: 3, stride: 2, padding: 1 });
      return lang.globalAvgPool2d(conv(h, 2));
    },
  },
  {
    name: "depthwise separable with hardSwish and a gate by channel",
    build: () => {
      const h = lang.hardSwish(conv(image(3, 5, 5), 3, { groups: 3, stride: 2 }));
      const gate = lang.hardSigmoid(lang.conv2d(lang.globalAvgPool2d(h), { out: 3, kernel: 1 }));
      return lang.conv2d(lang.mul(h, gate), { out: 2, kernel: 1 });
    },
  },
  {
    name: "branches joined by concat",
    build: () => {
      const x = image(2, 5, 5);
      const parts = [
        conv(x, 2),
        lang.conv2d(x, { out: 1, kernel: 1 }),
        lang.maxPool2d(x, { kernel: 3, stride: 1, padding: 1 }),
      ];
      return lang.conv2d(lang.silu(lang.concat(parts)), { out: 2, kernel: 2 });
    },
  },
  {
    name: "an attention block with layer norm",
    build: () => {
      const x = input("x", ["N", 3, 4]);
      const h = lang.add(x, attention(lang.layerNorm(x), 2, 2));
      return lang.add(h, lang.linear(lang.gelu(lang.linear(lang.layerNorm(h), { out: 5 })), { out: 4 }));
    },
  },
  {
    name: "one layer's parameters used twice",
    build: () => {
      const [x, w] = [input("x", ["N", 3]), param("w", [3, 3])];
      return lang.matmul(lang.tanh(lang.matmul(x, w)), w);
    },
  },
  {
    name: "a tensor read in many places",
    build: () => {
      const x = input("x", ["N", 5]);
      const h = lang.sigmoid(x);
      return lang.mul(lang.add(lang.mul(h, x), lang.sub(h, x)), lang.softmax(lang.mul(h, h)));
    },
  },
  {
    name: "pad, transpose and reshape in turn",
    build: () => {
      const h = lang.transpose(lang.pad(image(2, 3, 2), { padding: [0, 1, 1, 0] }), [0, 2, 3, 1]);
      return lang.linear(lang.tanh(lang.reshape(h, ["N", 4, -1])), { out: 3 });
    },
  },
];

describe("gradients of whole models equal central differences", () => {
  test.each(cases.map((c, i) => [c.name, c, i] as const))("%s", async (_, { build, ...options }, i) => {
    await checkGradients(build(), { seed: 50 * i + 3, batches: [2], training: i % 3 !== 2, ...options });
  });
});

describe("sums in two steps", () => {
  const build = (): Tensor =>
    lang.linear(lang.flatten(lang.sigmoid(lang.conv2d(image(2, 20, 5), { out: 3, kernel: [3, 2] }))), {
      out: 5,
    });

  test("equal sums in one step, and are the same bits every time", async () => {
    const run = async (training: boolean): Promise<Record<string, ArrayLike<number>>> => {
      const g = gradientGraph(y.node, { training });
      const { program } = compiled(g.graph);
      const values = valuesFor(g, 13, 4, {});
      const params: Arrays = Object.fromEntries(
        program.params.flatMap(({ name }) => (values[name] ? [[name, values[name]] as const] : [])),
      );
      const [got] = await runProgram(program, params, values);
      return Object.fromEntries(Object.entries(got ?? {}).map(([name, t]) => [name, t.data]));
    };
    const y = build();
    const [once, twice, again] = [await run(false), await run(true), await run(true)];
    expect(again).toEqual(twice);
    expect(Object.keys(twice)).toHaveLength(6);
    for (const [name, want] of Object.entries(once)) {
      const largest = Math.max(...Array.from(want, Math.abs));
      Array.from(want).forEach((w, i) => {
        const error = Math.abs((twice[name]?.[i] ?? Number.NaN) - w);
        if (!(error <= 1e-5 * Math.max(Math.abs(w), largest))) expect.fail(`${name}[${i}]: ${error} off`);
      });
    }
  });

  test("are made where few results take long sums over the batch", () => {
    const g = gradientGraph(build().node, {});
    const roots = compiled(g.graph).steps.map((s) => nameOf(s.region));
    expect(roots.filter((name) => /^conv2d\d+\.weight\.grad\.partial$/.test(name))).toHaveLength(1);
  });

  test("take the longest axis apart for GPUs, and examples for processors that walk rows", () => {
    const { graph } = gradientGraph(build().node, {});
    const parts = (target: "gpu" | "wasm") =>
      compiled(graph, target)
        .steps.flatMap((s) => s.region.results.map((r) => r.root))
        .filter((root) => /weight\.grad\.partial$/.test(root.origin.name))
        .map((root) => root.type.shape[0]);
    expect(parts("wasm")).toEqual(["N"]);
    expect(parts("gpu").every(Number.isInteger)).toBe(true);
  });
});

describe("what has no gradient", () => {
  test("the loss must be one number", () => {
    const x = input("x", ["N", 3]);
    expect(() => differentiate(lang.relu(x).node, [x.node])).toThrow(
      /a loss is one number, but relu\d* is \[N, 3\]/,
    );
  });

  test("a parameter that the loss does not depend on is named", () => {
    const loss = lang.sum(input("x", ["N", 3]), {}).node;
    expect(() => differentiate(loss, [param("lost", [2]).node])).toThrow(/does not depend on lost/);
  });

  test("an op that states no gradient for an operand is named", () => {
    const x = input("x", ["N", 3]);
    const op: OpDef = { ...(ops.neg as OpDef), name: "opaque", vjp: () => [undefined] };
    const node: OpNode = { ...(lang.neg(x).node as OpNode), op };
    const loss = { ...(lang.sum(x, {}).node as OpNode), inputs: [node] };
    expect(() => differentiate(loss, [x.node])).toThrow(/opaque has no gradient for operand 0/);
  });

  test("labels are not differentiated", () => {
    const [x, labels] = [input("x", ["N", 3]), lang.input("labels", ["N"], { dtype: "u32" })];
    const each = opNode(losses.crossEntropy, {}, [x.node, labels.node], { name: "each" });
    const loss = opNode(ops.mean, {}, [each], { name: "loss" });
    expect(() => differentiate(loss, [labels.node])).toThrow(/crossEntropy has no gradient for operand 1/);
  });
});
