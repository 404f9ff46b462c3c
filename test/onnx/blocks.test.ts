/** Blocks that repeat are functions, of a file that makes the same graph. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  avgPool2d,
  batchNorm2d,
  concat,
  conv2d,
  globalAvgPool2d,
  input,
  leakyRelu,
  linear,
  type Model,
  model,
  mul,
  N,
  relu,
  reshape,
  sigmoid,
  split,
  sub,
  type Tensor,
  tanh,
} from "weftgpu";
import { loadModel } from "../../compiler/frontend/index.ts";
import { exportOnnx, type Imported, importOnnx } from "../../compiler/onnx/index.ts";
import type { Weights } from "../../contract/weights.ts";
import { seed } from "../hostile/damage.ts";
import { tsMorph } from "../types/compilers.ts";
import { expectSameAgain, functionsIn } from "./again.ts";
import { file, ints, node, weight } from "./file.ts";

/** The texts that are checked for types, all at once. */
const texts = new Map<string, string>();

/** A model on its way out and in again. */
function throughOnnx(whole: Pick<Model, "graph">, name: string): Imported {
  const weights: Weights = Object.fromEntries(
    whole.graph.nodes.flatMap(({ kind, type, origin }) => {
      if (kind !== "param") return [];
      const shape = type.shape.map(Number);
      return [[origin.name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) }]];
    }),
  );
  const imported = importOnnx(exportOnnx(whole as Model, weights), { name });
  texts.set(`${name}.ts`, imported.source);
  return imported;
}

describe("models", () => {
  test("of residual blocks, whose channels are an argument", async () => {
    const { source } = throughOnnx(await loadModel("models/resnet18.ts"), "resnet18");
    expect(source.slice(source.indexOf("function"), source.indexOf("const head"))).toBe(
      `function down(x: Tensor<[N, number, number, number]>, out: number) {
  const conv1 = conv2d(x, { out, kernel: 3, stride: 2, padding: 1, bias: false });
  const norm1 = batchNorm2d(conv1);
  const relu1 = relu(norm1);
  const conv2 = conv2d(relu1, { out, kernel: 3, padding: 1, bias: false });
  const norm2 = batchNorm2d(conv2);
  const conv3 = conv2d(x, { out, kernel: 1, stride: 2, bias: false });
  const norm3 = batchNorm2d(conv3);
  const add1 = add(norm2, norm3);
  return relu(add1);
}

function block(x: Tensor<[N, number, number, number]>, out: number) {
  const conv1 = conv2d(x, { out, kernel: 3, padding: 1, bias: false });
  const norm1 = batchNorm2d(conv1);
  const relu1 = relu(norm1);
  const conv2 = conv2d(relu1, { out, kernel: 3, padding: 1, bias: false });
  const norm2 = batchNorm2d(conv2);
  const add1 = add(norm2, x);
  return relu(add1);
}

const image = input("image", [N, 3, 224, 224]);
const stem_conv1 = conv2d(image, { out: 64, kernel: 7, stride: 2, padding: 3, bias: false });
const stem_norm1 = batchNorm2d(stem_conv1);
const stem_relu1 = relu(stem_norm1);
const stem_pool1 = maxPool2d(stem_relu1, { kernel: 3, stride: 2, padding: 1 });
const stage1_block = block(stem_pool1, 64);
const stage1_block_2 = block(stage1_block, 64);
const stage2_down = down(stage1_block_2, 128);
const stage2_block = block(stage2_down, 128);
const stage3_down = down(stage2_block, 256);
const stage3_block = block(stage3_down, 256);
const stage4_down = down(stage3_block, 512);
const stage4_block = block(stage4_down, 512);
`,
    );
  });

  test("of a transformer, whose heads are a function too", async () => {
    const imported = throughOnnx(await loadModel("models/vit.ts"), "vit");
    expect(functionsIn(imported.source)).toEqual(["block2", "block"]);
    await expectSameAgain(imported);
  });
});

test("names are those that the file's have in common, and weights are found by them", () => {
  const layers = [0, 1, 2].map((i) => `encoder.layer.${i}`);
  const named = (name: string, made: ReturnType<typeof node>) => ({ ...made, name });
  const { source, weights } = importOnnx(
    file({
      inputs: { x: ["batch", 4, 8, 8] },
      weights: layers.flatMap((layer) =>
        ["first", "last"].map((name) => weight(`${layer}.${name}.weight`, [4, 4, 3, 3])),
      ),
      nodes: layers.flatMap((layer, i) => {
        const from = i === 0 ? "x" : `y${i - 1}`;
        const pads = ints("pads", [1, 1, 1, 1]);
        return [
          node("Conv", [from, `${layer}.first.weight`], [`a${i}`], pads),
          named(`/encoder/layer.${i}/act/Relu`, node("Relu", [`a${i}`], [`b${i}`])),
          node("Conv", [`b${i}`, `${layer}.last.weight`], [`c${i}`], pads),
          named(`/encoder/layer.${i}/Add`, node("Add", [`c${i}`, from], [`y${i}`])),
        ];
      }),
      outputs: ["y2"],
    }),
  );
  expect(source).toContain(`
function layer(x: Tensor<[N, number, number, number]>) {
  const first = conv2d(x, { out: 4, kernel: 3, padding: 1, bias: false });
  const act = relu(first);
  const last = conv2d(act, { out: 4, kernel: 3, padding: 1, bias: false });
  return add(last, x);
}

const x = input("x", [N, 4, 8, 8]);
const encoder_layer_0 = layer(x);
const encoder_layer_1 = layer(encoder_layer_0);
const y2 = layer(encoder_layer_1);
`);
  expect(Object.keys(weights)).toEqual(
    ["encoder_layer_0", "encoder_layer_1", "y2"].flatMap((layer) =>
      ["first", "last"].map((name) => `${layer}/${name}.weight`),
    ),
  );
});

/** A picture of 8 × 8 with any number of channels. */
type Picture = Tensor<[N, number, number, number]>;

/** Options that a step has, of which one may be another in one block. */
interface Options {
  readonly out: number;
  readonly kernel: 1 | 3 | 5;
  readonly eps: number;
  readonly slope: number;
  readonly bias: boolean;
}
const steps: Readonly<Record<string, (h: Picture, x: Picture, options: Options) => Picture>> = {
  conv: (h, _, { out, kernel, bias }) => conv2d(h, { out, kernel, padding: (kernel - 1) / 2, bias }),
  norm: (h, _, { eps }) => batchNorm2d(h, { eps }),
  relu: (h) => relu(h),
  leaky: (h, _, { slope }) => leakyRelu(h, { slope }),
  scale: (h, _, { slope }) => mul(h, slope),
  pool: (h) => avgPool2d(h, { kernel: 3, stride: 1, padding: 1 }),
  shortcut: (h, x) => (h.shape[1] === x.shape[1] ? add(h, x) : concat([h, x])),
  squeeze: (h) => mul(h, sigmoid(globalAvgPool2d(h))),
  halves: (h) => {
    if (h.shape[1] % 2 === 1) return h;
    const [a, b] = split(h, { parts: 2 });
    return concat([sigmoid(a), b]);
  },
  flat: (h) => reshape(relu(reshape(h, [N, h.shape[1] * 64])), [N, h.shape[1], 8, 8]),
};

describe("lines are no function", () => {
  const x = input("x", [N, 8]);
  type Rows = Tensor<[N, 8]>;
  const both = (first: Rows, third: Rows): Rows => add(first, third);
  /** Layers, of which `last` makes something of two. */
  const round = (from: Rows, last = both) => {
    const first = linear(sigmoid(from), { out: 8 });
    const third = leakyRelu(mul(tanh(first), 3), { slope: 0.2 });
    return { first, third, last: relu(last(first, third)) };
  };
  const rounds = (...lasts: readonly (typeof both)[]) => {
    const made: ReturnType<typeof round>[] = [];
    for (const last of lasts) made.push(round(made.at(-1)?.last ?? x, last));
    return made as [ReturnType<typeof round>, ReturnType<typeof round>, ReturnType<typeof round>]; // three are given
  };
  const through = (name: string, outputs: Readonly<Record<string, Rows>>): Imported =>
    throughOnnx(model(name, { x }, outputs) as unknown as Model, name);

  test("where something behind reads one within", async () => {
    const [a, b, c] = rounds(both, both, both);
    const back = through("read", { y: add(add(add(c.last, a.first), b.first), c.first) });
    expect(functionsIn(back.source)).toHaveLength(1);
    await expectSameAgain(back);
  });

  test("where they read each other in another way", async () => {
    const turned = (first: Rows, third: Rows): Rows => sub(third, first);
    const [, , c] = rounds(
      (first, third) => sub(first, third),
      turned,
      (first, third) => sub(first, third),
    );
    const back = through("wired", { y: c.last });
    expect(functionsIn(back.source)).toHaveLength(0);
    await expectSameAgain(back);
  });

  test("where one within is an output", async () => {
    const [a, b, c] = rounds(both, both, both);
    const back = through("output", { y: c.last, one: a.third, two: b.third, three: c.third });
    expect(functionsIn(back.source)).toHaveLength(0);
    await expectSameAgain(back);
  });
});

test("random blocks with an option changed in one of them make the same graph", async () => {
  const options = fc.record({
    out: fc.constantFrom(2, 4, 6),
    kernel: fc.constantFrom(1, 3, 5),
    eps: fc.constantFrom(1e-5, 1e-3),
    slope: fc.constantFrom(0.25, 0.5),
    bias: fc.boolean(),
  });
  const plan = fc.record({
    body: fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 2, maxLength: 8 }),
    options,
    outs: fc.array(fc.constantFrom(2, 4, 6), { minLength: 2, maxLength: 6 }),
    other: options,
    changed: fc.constantFrom("out", "kernel", "eps", "slope", "bias"),
    at: fc.nat(),
    /** Between blocks. */
    between: fc.constantFrom("none", "relu", "pool"),
  });
  let [round, found] = [0, 0];
  await fc.assert(
    fc.asyncProperty(plan, async ({ body, options, outs, other, changed, at, between }) => {
      const x = input("x", [N, 4, 8, 8]);
      let y: Picture = x;
      outs.forEach((out, i) => {
        const here = { ...options, out, ...(i === at % outs.length ? { [changed]: other[changed] } : {}) };
        const from = y;
        for (const name of body) y = steps[name]?.(y, from, here) ?? y;
        y = steps[between]?.(y, y, here) ?? y;
      });
      if (y === x) return;
      const imported = throughOnnx(model("random", { x }, { y }) as Model, `random${round++}`);
      if (functionsIn(imported.source).length > 0) found++;
      await expectSameAgain(imported);
    }),
    { numRuns: 40, seed },
  );
  expect(found).toBeGreaterThan(10);
});

test("all that is written has the types that TypeScript wants", () => {
  expect(Object.fromEntries(tsMorph.check(texts))).toEqual({});
});
