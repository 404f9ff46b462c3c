/** Low-rank adapters beside weights that stay as they are. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  adam,
  batchNorm2d,
  compile,
  compileTraining,
  conv2d,
  flatten,
  gather,
  input,
  linear,
  lora,
  model,
  N,
  param,
  relu,
  sgd,
  uniform,
} from "weftgpu";
import { must } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import { TARGET } from "../../contract/training.ts";
import { createTrainer, type Training, validateTraining, type Weights } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { message } from "../dsl/message.ts";
import { type Arrays, random, randomArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { closeDevice, runWeft, usualTarget } from "../oracle/weft.ts";
import { execute } from "./execute.ts";
import { CLASSES, collect, quarters } from "./runtime.ts";
import { gradientsOf, lossOf, sum } from "./stepReference.ts";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(async () => {
  device.destroy();
  await closeDevice();
});

/** A convolution with a stride and padding, one in two groups, and two linear layers. */
const image = input("image", [N, 1, 4, 4]);
const first = relu(conv2d(image, { out: 4, kernel: 3, stride: [1, 2], padding: [1, 1, 0, 1] }));
const second = relu(conv2d(first, { out: 6, kernel: [2, 1], groups: 2, bias: false }));
const hidden = relu(linear(flatten(second), { out: 5 }));
const { graph } = model("adapted", { image }, { logits: linear(hidden, { out: CLASSES }) });
const options = { rank: 2, alpha: 3 } as const;

const paramsOf = (of: Graph): readonly { name: string; shape: readonly number[] }[] =>
  of.nodes.flatMap((n) =>
    n.kind === "param" ? [{ name: n.origin.name, shape: n.type.shape.map(Number) }] : [],
  );
function drawn(of: Graph, seed = 4): Arrays {
  const next = random(seed);
  return Object.fromEntries(paramsOf(of).map(({ name, shape }) => [name, randomArray(shape, next)]));
}
const inF32 = (arrays: Arrays): Weights =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
const inF64 = (weights: Weights): Arrays =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(data) },
    ]),
  );
const batch: Arrays = { image: randomArray([3, 1, 4, 4], random(9)) };

const NAMES = ["conv2d1.weight", "conv2d2.weight", "linear1.weight", "linear2.weight"];

describe("the rewritten model", () => {
  const adapted = lora(graph, options);

  test("has two factors for each weight, of the shapes that PEFT has", () => {
    const shapes = paramsOf(adapted.graph).filter(({ name }) => name.includes("lora"));
    expect(Object.fromEntries(shapes.map(({ name, shape }) => [name, shape]))).toEqual({
      "conv2d1.weight.lora_A": [2, 1, 3, 3],
      "conv2d1.weight.lora_B": [4, 2, 1, 1],
      "conv2d2.weight.lora_A": [2, 2, 2, 1],
      "conv2d2.weight.lora_B": [6, 1, 1, 1],
      "linear1.weight.lora_A": [2, 36],
      "linear1.weight.lora_B": [5, 2],
      "linear2.weight.lora_A": [2, 5],
      "linear2.weight.lora_B": [3, 2],
    });
  });

  test("gives what the model gives where B is zero: exactly, but that other kernels sum in another order", async () => {
    const params = drawn(adapted.graph);
    const start = Object.fromEntries(
      Object.entries(params).map(([name, { shape, data }]) => [
        name,
        { shape, data: name.endsWith("lora_B") ? data.map(() => 0) : data },
      ]),
    );
    const own = Object.fromEntries(Object.entries(params).filter(([name]) => !name.includes("lora")));
    expect(evaluate(adapted.graph, batch, start)).toEqual(evaluate(graph, batch, own));
    const [got, want] = [await runWeft(adapted.graph, batch, start), await runWeft(graph, batch, own)];
    want["logits"]?.data.forEach((w, i) => void expect(got["logits"]?.data[i]).toBeCloseTo(w, 5));
  });

  test("gives what the merged weights give: in float64, and as it is compiled", async () => {
    const params = inF64(inF32(drawn(adapted.graph)));
    const merged = inF64(adapted.merged(inF32(params)));
    expect(Object.keys(merged).sort()).toEqual(
      paramsOf(graph)
        .map((p) => p.name)
        .sort(),
    );
    const want = evaluate(adapted.graph, batch, params)["logits"];
    const exact = evaluate(graph, batch, merged)["logits"];
    const [apart, together] = [
      await runWeft(adapted.graph, batch, params),
      await runWeft(graph, batch, merged),
    ];
    want?.data.forEach((value, i) => {
      expect(exact?.data[i]).toBeCloseTo(value, 5);
      expect(apart["logits"]?.data[i]).toBeCloseTo(value, 4);
      expect(together["logits"]?.data[i]).toBeCloseTo(value, 4);
    });
    // What is not adapted is the very tensor.
    expect(merged["conv2d1.bias"]).toEqual(params["conv2d1.bias"]);
    expect(merged["conv2d1.weight"]).not.toEqual(params["conv2d1.weight"]);
  });

  test("alpha scales what is learnt", () => {
    const params = inF32(drawn(adapted.graph));
    const shift = (alpha: number): number => {
      const merged = lora(graph, { rank: 2, alpha }).merged(params);
      return (merged["linear1.weight"]?.data[7] ?? 0) - (params["linear1.weight"]?.data[7] ?? 0);
    };
    expect(shift(8)).toBeCloseTo(4 * shift(2), 5);
    expect(lora(graph, { rank: 2 }).merged(params)).toEqual(
      lora(graph, { rank: 2, alpha: 2 }).merged(params),
    );
  });

  test("adds two kernels at most to a layer, and takes none of what was fused apart", () => {
    const count = (of: Graph): number => compile(of).program.dispatches.length;
    expect(count(adapted.graph)).toBeLessThanOrEqual(count(graph) + 2 * NAMES.length);
    const { regions } = { regions: compile(adapted.graph).steps.map((s) => s.region) };
    expect(regions.some((r) => r.nodes.some((n) => n.origin.name === "relu1" || n.op.name === "add"))).toBe(
      true,
    );
  });
});

describe("a step", () => {
  const loss = "squaredError";
  const adapted = lora(graph, options);
  const training = compileTraining(adapted.graph, {
    loss,
    optimizer: sgd({ lr: 0.5 }),
    bytes: false,
    target: usualTarget(graph),
  });

  test("moves the adapters by their gradients, by central differences, and nothing else", async () => {
    const params = inF64(inF32(drawn(adapted.graph)));
    const inputs = { ...batch, [TARGET]: randomArray([3, CLASSES], random(2)) };
    const y = { name: "y", node: must(adapted.graph.outputs[0], "output").node };
    const execution = await execute(training.step, params, 3);
    execution.run(inputs, { batch: 3, rates: [0.5] });
    const gradients = gradientsOf((p) => {
      const each = lossOf({ ...adapted.graph, outputs: [y] }, loss, inputs, p);
      return sum(each) / each.length;
    }, params);
    for (const [name, { data }] of Object.entries(params)) {
      const got = await execution.read(name);
      if (!name.includes("lora")) {
        expect(got.data, name).toEqual(data);
        continue;
      }
      expect(Math.max(...(gradients[name]?.data ?? []).map(Math.abs)), name).toBeGreaterThan(1e-4);
      data.forEach((w, i) => {
        expect(got.data[i], `${name}[${i}]`).toBeCloseTo(w - 0.5 * (gradients[name]?.data[i] ?? NaN), 4);
      });
    }
    execution.destroy();
  });

  test("has moments of the adapters alone; freezing leaves adapters, too", () => {
    const moments = (freeze: readonly string[], layers?: readonly string[]): readonly string[] => {
      const how = { optimizer: adam(), freeze, lora: { rank: 2, ...(layers && { layers }) } };
      const { nodes } = trainingStep(graph, how);
      return nodes.flatMap((n) => (n.kind === "param" && n.use === "moment" ? [n.origin.name] : []));
    };
    expect(moments([])).toHaveLength(2 * 2 * NAMES.length);
    expect(moments([]).every((name) => name.includes(".lora_"))).toBe(true);
    expect(moments(["conv*"])).toHaveLength(2 * 2 * 2);
    expect(moments(["*.lora_A"], ["linear*"]).every((name) => name.includes(".lora_B."))).toBe(true);
  });

  test("computes no gradient below the lowest adapter, and none of a weight", () => {
    const results = (layers: readonly string[]): Training => {
      const how = { optimizer: sgd({ lr: 0.1 }), lora: { rank: 2, layers } };
      return compileTraining(graph, { ...how, target: "wasm" });
    };
    const [all, last] = [results(NAMES), results(["linear2"])];
    expect(last.step.dispatches.length).toBeLessThan(all.step.dispatches.length - 6);
    const of = ({ results }: Training): ReadonlySet<string> =>
      new Set(results.flat().flatMap(([role, name]) => (role === "gradients" ? [name] : [])));
    for (const name of of(last)) expect(name).toMatch(/^linear2/);
    for (const name of NAMES) expect(of(all).has(name), name).toBe(false);
  });

  test("is what compileTraining makes of the option", () => {
    const how = { optimizer: sgd({ lr: 0.1 }), target: "wasm" } as const;
    expect(compileTraining(graph, { ...how, lora: options })).toEqual(
      compileTraining(lora(graph, options).graph, how),
    );
  });
});

describe("a training", () => {
  const normal = relu(batchNorm2d(conv2d(image, { out: 4, kernel: 3 })));
  const { graph } = model("tuned", { image }, { logits: linear(flatten(normal), { out: CLASSES }) });
  const tuned = lora(graph, { rank: 2, alpha: 4 });
  const training = compileTraining(tuned.graph, { optimizer: adam({ lr: 0.05 }), target: "wasm" });
  const data = quarters(60);
  const given = inF32(drawn(graph));
  const base = {
    ...given,
    "batchNorm2d1.running_var": { shape: [4], data: Float32Array.of(1, 1, 1, 1) },
  };

  test("begins with the model's weights, changes the adapters and statistics alone, and merges", async () => {
    const trainer = await createTrainer(training, { device, weights: base });
    const { loss: before } = await trainer.evaluate(data);
    await collect(trainer.fit(data, { epochs: 4, batch: 20 }));
    const { loss, accuracy } = await trainer.evaluate(data);
    expect(loss).toBeLessThan(before * 0.7);
    const weights = trainer.weights();
    trainer.destroy();
    for (const name of Object.keys(base))
      if (name.includes("running")) expect(weights[name]).not.toEqual(base[name as keyof typeof base]);
      else expect(weights[name], name).toEqual(base[name as keyof typeof base]);
    const adapters = tuned.adapters(weights);
    expect(Object.keys(adapters).sort()).toEqual([
      "batchNorm2d1.running_mean",
      "batchNorm2d1.running_var",
      "conv2d1.weight.lora_A",
      "conv2d1.weight.lora_B",
      "linear1.weight.lora_A",
      "linear1.weight.lora_B",
    ]);
    // The base's file and the adapters' are all there is to know.
    expect(tuned.merged({ ...base, ...adapters })).toEqual(tuned.merged(weights));
    const plain = compileTraining(graph, { optimizer: sgd({ lr: 1 }), target: "wasm" });
    const merged = await createTrainer(plain, { device, weights: tuned.merged(weights) });
    const measured = await merged.evaluate(data);
    merged.destroy();
    expect(measured.loss).toBeCloseTo(loss, 4);
    expect(measured.accuracy).toBe(accuracy);
    // It also goes on from given adapters.
    const again = await createTrainer(training, { device, weights });
    expect((await again.evaluate(data)).loss).toBe(loss);
    again.destroy();
  });

  test("goes on from a checkpoint to the same bytes", async () => {
    const whole = await createTrainer(training, { device, weights: base });
    await collect(whole.fit(data, { epochs: 2, batch: 20 }));
    const half = await createTrainer(training, { device, weights: base });
    await collect(half.fit(data, { epochs: 1, batch: 20 }));
    const rest = await createTrainer(training, { device, checkpoint: half.checkpoint() });
    await collect(rest.fit(data, { epochs: 2, batch: 20 }));
    expect(rest.checkpoint()).toEqual(whole.checkpoint());
    for (const trainer of [whole, half, rest]) trainer.destroy();
  });

  test("from outside is checked", () => {
    expect(validateTraining(JSON.parse(JSON.stringify(training)))).toEqual(training);
  });
});

describe("which weights", () => {
  const adaptersOf = (of: Graph, layers?: readonly string[], rank = 2): readonly string[] =>
    paramsOf(lora(of, { rank, ...(layers && { layers }) }).graph).flatMap(({ name }) =>
      name.endsWith("lora_A") ? [name.replace(".lora_A", "")] : [],
    );
  const x = input("x", [N, 6]);

  test("are named like layers to freeze", () => {
    expect(adaptersOf(graph, ["linear*"])).toEqual(["linear1.weight", "linear2.weight"]);
    expect(adaptersOf(graph, ["linear2", "conv2d1.weight"])).toEqual(["conv2d1.weight", "linear2.weight"]);
  });

  test("of a convolution in groups need a rank that these divide", () => {
    expect(adaptersOf(graph, undefined, 3)).toEqual(NAMES.filter((name) => name !== "conv2d2.weight"));
    expect(message(() => adaptersOf(graph, ["conv2d2"], 3))).toBe(
      `conv2d2.weight is of a convolution in 2 groups, which adapters of rank 3 do not fit
  rule: each group has as many rows of A, but 3 mod 2 = 1
  try:  a rank of 4, or leave this layer out`,
    );
  });

  test("of a layer that is applied twice have one pair", () => {
    const layer = linear({ out: 6 });
    const { graph } = model("twice", { x }, { y: layer(relu(layer(x))) });
    expect(adaptersOf(graph)).toEqual(["linear1.weight"]);
    const { graph: adapted, merged } = lora(graph, { rank: 2 });
    const params = inF64(inF32(drawn(adapted)));
    const inputs = { x: randomArray([2, 6], random(3)) };
    const want = evaluate(adapted, inputs, params)["y"];
    const got = evaluate(graph, inputs, inF64(merged(inF32(params))))["y"];
    want?.data.forEach((value, i) => void expect(got?.data[i]).toBeCloseTo(value, 5));
  });

  test("that are read in another way as well have none", () => {
    const table = param("table", [5, 6], uniform(-1, 1));
    const words = input("words", [N, 3], { dtype: "u32" });
    const scores = linear(gather(table, words), { out: 5, weight: table });
    const { graph } = model("tied", { words }, { y: linear(scores, { out: 2 }) });
    expect(adaptersOf(graph)).toEqual(["linear2.weight"]);
  });

  test("that are none are refused", () => {
    expect(message(() => adaptersOf(graph, ["linear3"]))).toBe(
      `"linear3" is to have adapters, but no linear layer or convolution of adapted is called so
  rule: a name is a weight's, a layer's or a scope's, with * for any text; there are ${NAMES.join(", ")}
  try:  conv2d1.weight`,
    );
    const { graph: none } = model("none", { x }, { y: relu(x) });
    expect(message(() => adaptersOf(none))).toBe(
      `none has no layer that takes adapters of rank 2
  rule: linear layers and convolutions do whose weight is a parameter that nothing else reads, and whose groups divide the rank`,
    );
    expect(message(() => lora(graph, { rank: 2 }).merged({}))).toBe(
      `the weights of adapted with adapters hold no conv2d1.weight
  rule: they are those of the model and those of its adapters, together
  try:  lora(…) with the rank and the layers that the adapters were trained with`,
    );
  });
});
