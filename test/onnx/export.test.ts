/** The way out: what is exported runs in onnxruntime, and comes in again as the same graph. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import {
  add,
  batchNorm2d,
  constant,
  conv2d,
  convTranspose1d,
  defineOp,
  gather,
  groupNorm,
  input,
  layerNorm,
  linear,
  type Model,
  max,
  mean,
  model,
  mul,
  N,
  pad,
  param,
  relu,
  reshape,
  resize,
  sigmoid,
  softmax,
  split,
  topK,
} from "weftgpu";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { exportOnnx, importOnnx, type WeightStorage } from "../../compiler/onnx/index.ts";
import { readSafetensors, type Weights } from "../../contract/weights.ts";
import { fails, scratch, works } from "../cli/weft.ts";
import { ndarray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { expectSameAgain } from "./again.ts";
import { arraysOf, differenceOf, drawn } from "./compare.ts";

const folder = scratch();
const lenet = await loadModel("models/lenet.ts");
const trained = readSafetensors(readFileSync("models/lenet.fashion-mnist.safetensors"));

/** Small numbers for all parameters; those of which a root is taken are positive. */
function weightsFor({ nodes }: Graph): Weights {
  const params = nodes.filter((n) => n.kind === "param");
  return Object.fromEntries(
    params.map(({ origin: { name }, type }, p) => {
      const shape = type.shape.map(Number);
      const size = shape.reduce((a, b) => a * b, 1);
      const data = new Float32Array(size);
      for (let i = 0; i < size; i++) data[i] = 0.1 + (((i * 7 + p) % 13) - 6) / 80;
      return [name, { shape, data: /runningVar/.test(name) ? data.map((x) => 1 + x) : data }];
    }),
  );
}

/** What its layers are, but for names, for what weights begin with, and for what is the identity outside of training. */
const layersOf = ({ nodes }: Graph): readonly unknown[] =>
  nodes.flatMap((n) => {
    if (n.kind !== "op" || n.op.name === "dropout") return [];
    const { init: _, ...attrs } = n.attrs;
    return [[n.op.name, attrs, n.type.shape, n.inputs.length]];
  });

describe("models come in again as they went out", () => {
  test.each(["lenet", "lenet-chain", "resnet18", "mobilenetv2", "googlenet", "nin"])("%s", async (name) => {
    const whole = await loadModel(`models/${name}.ts`);
    const weights = weightsFor(whole.graph);
    const back = importOnnx(exportOnnx(whole, weights), { name });
    expect(back.report.unsupported).toEqual([]);
    expect(layersOf(back.model.graph)).toEqual(layersOf(whole.graph));
    const shapes = (all: Weights) =>
      Object.values(all)
        .map((t) => t.shape.join("×"))
        .sort();
    expect(shapes(back.weights)).toEqual(shapes(weights));
    expect(back.model.graph.inputs.map((i) => i.name)).toEqual(whole.graph.inputs.map((i) => i.name));
    expect(back.model.graph.outputs.map((o) => o.name)).toEqual(whole.graph.outputs.map((o) => o.name));
    await expectSameAgain(back);
  });
});

test("a transformer comes in again, with what ONNX 17 says of its layers in several operators", async () => {
  const vit = await loadModel("models/vit.ts");
  const { model: back, report } = importOnnx(exportOnnx(vit, weightsFor(vit.graph)), { name: "vit" });
  expect(report.unsupported).toEqual([]);
  const outputs = ({ outputs }: Graph) => outputs.map((o) => [o.name, o.node.type]);
  expect(outputs(back.graph)).toEqual(outputs(vit.graph));
});

test("LeNet's layers keep their names, and its scores are onnxruntime's", async () => {
  const bytes = exportOnnx(lenet, trained);
  const { source, weights } = importOnnx(bytes, { name: "lenet" });
  for (const line of [
    'const image = input("image", [N, 1, 28, 28]);',
    "const conv1 = conv2d(image, { out: 6, kernel: 5, padding: 2 });",
    "const fc1 = linear(features, { out: 120 });",
    'export default model("lenet", { image }, { logits });',
  ])
    expect(source).toContain(line);
  expect(weights).toEqual(trained);
  const data = Float32Array.from({ length: 2 * 784 }, (_, i) => ((i * 37) % 101) / 101);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { logits } = await session.run({ image: new OnnxTensor("float32", data, [2, 1, 28, 28]) });
  await session.release();
  const exact = evaluate(lenet.graph, { image: ndarray([2, 1, 28, 28], data) }, arraysOf(trained))["logits"];
  Array.from(exact?.data ?? []).forEach((x, i) => {
    expect(Number(logits?.data[i])).toBeCloseTo(x, 4);
  });
  expect(logits?.dims).toEqual([2, 10]);
});

test("constants go along, in their type, whether weights hold them or not", async () => {
  const x = input("x", [N, 4]);
  const rows = constant([2, 0], [2], { dtype: "i32" });
  const shifted = add(x, constant([1, 2, 3, 4], [4]));
  const whole = model("constants", { x }, { picked: gather(shifted, rows, { axis: 1 }), rows }) as Model;
  const session = await InferenceSession.create(exportOnnx(whole, {}), { logSeverityLevel: 3 });
  const data = Float32Array.of(10, 20, 30, 40);
  const { picked, rows: back } = await session.run({ x: new OnnxTensor("float32", data, [1, 4]) });
  await session.release();
  expect(Array.from(picked?.data as Float32Array)).toEqual([33, 11]);
  expect(back?.data).toEqual(Int32Array.of(2, 0));
});

test("constants come in again as constants, and parameters as parameters", async () => {
  const x = input("x", [N, 4]);
  const scaled = mul(x, param("scale", [4]));
  const few = add(scaled, constant([1, 2, 3, 0.1], [4]));
  const wide = input("wide", [N, 100]);
  const many = mul(wide, constant("table", [100]));
  const whole = model("constants", { x, wide }, { few, many }) as Model;
  const weights = {
    scale: { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
    table: { shape: [100], data: Float32Array.from({ length: 100 }, (_, i) => i / 7) },
  };
  const back = importOnnx(exportOnnx(whole, weights), { name: "constants" });
  expect(back.source).toContain("const constant1 = constant([1, 2, 3, 0.1], [4]);");
  expect(back.source).toContain('const table = constant("table", [100]);');
  expect(back.source).toContain('const scale = param("scale", [4]);');
  expect(Object.values(back.weights).map((t) => t.data)).toEqual([weights.scale.data, weights.table.data]);
  await expectSameAgain(back);
});

describe("weights in fewer bits", () => {
  /** Layers whose operators differ between opsets, and weights of one to five axes, whose rows are no multiple of 32. */
  function mixed(grouped: boolean): Model {
    const x = input("x", [N, 3, 9, 9]);
    const seen = conv2d(x, { out: 12, kernel: 3, padding: 1 });
    const [a, b] = split(grouped ? groupNorm(seen, { groups: 3 }) : batchNorm2d(seen), { parts: 2 });
    const deep = conv2d(pad(mul(a, sigmoid(b)), { padding: 2, mode: "reflect" }), {
      out: 6,
      kernel: 5,
      groups: 3,
    });
    const large = resize(deep, { size: [5, 7], mode: "linear" });
    const tokens = reshape(large, [N, 6, 35]);
    const mixed = layerNorm(linear(tokens, { out: 40 }));
    const scores = softmax(linear(add(mean(mixed, { axis: 1 }), max(mixed, { axis: 1 })), { out: 5 }));
    const most = topK(scores, { count: 2 })[0];
    return model("mixed", { x }, grouped ? { scores, most } : { scores }) as Model;
  }
  const whole = mixed(false);
  const weights = weightsFor(whole.graph);
  const bytes = (storage: WeightStorage) => exportOnnx(whole, weights, { storage });

  test.each<WeightStorage>(["f32", "f16", "i8", "i4"])(
    "%s: onnxruntime computes with the same numbers",
    async (storage) => {
      const back = importOnnx(bytes(storage), { name: "mixed" });
      const named = ({ nodes }: Graph) =>
        nodes.flatMap((n) => (n.kind === "op" ? [[n.op.name, n.type.shape]] : []));
      expect(named(back.model.graph)).toEqual(named(whole.graph));
      expect(await differenceOf(bytes(storage), drawn({ x: [2, 3, 9, 9] }, 3))).toBeUndefined();
      await expectSameAgain(back);
      const grouped = mixed(true);
      const others = exportOnnx(grouped, weightsFor(grouped.graph), { storage });
      expect(await differenceOf(others, drawn({ x: [2, 3, 9, 9] }, 4))).toBeUndefined();
    },
  );

  test.each<[WeightStorage, number]>([
    ["i8", 127],
    ["i4", 7],
  ])("%s: each is off by half a scale of its block at most", (storage, most) => {
    const back = importOnnx(bytes(storage)).weights;
    expect(Object.keys(back).toSorted()).toEqual(Object.keys(weights).toSorted());
    for (const [name, { shape, data }] of Object.entries(weights)) {
      const got = Array.from(back[name]?.data ?? [], Number);
      expect(back[name]?.shape).toEqual(shape);
      if (shape.length === 1) {
        expect(got).toEqual(Array.from(data));
        continue;
      }
      const row = data.length / (shape[0] ?? 1);
      let moved = 0;
      for (let r = 0; r < data.length; r += row)
        for (let from = r; from < r + row; from += 32) {
          const block = Array.from(data.slice(from, Math.min(from + 32, r + row)), Number);
          const scale = Math.max(...block.map(Math.abs)) / most;
          block.forEach((x, i) => {
            const error = Math.abs((got[from + i] ?? Number.NaN) - x);
            if (!(error <= scale * 0.5001)) expect.fail(`${name}[${from + i}] is ${got[from + i]}, not ${x}`);
            moved = Math.max(moved, error);
          });
        }
      expect(moved).toBeGreaterThan(0);
    }
  });

  test("f16: each is the nearest number of 11 bits, and what has none is named", () => {
    const back = importOnnx(bytes("f16")).weights;
    for (const [name, { shape, data }] of Object.entries(weights))
      for (const [i, x] of data.entries()) {
        const step = shape.length === 1 ? 0 : 2 ** (Math.floor(Math.log2(Math.abs(x))) - 10);
        const near = step === 0 ? x : step * Math.round(x / step);
        if (back[name]?.data[i] !== near) expect.fail(`${name}[${i}] is ${back[name]?.data[i]}, not ${near}`);
      }
    const [name = ""] = Object.keys(weights);
    const shape = weights[name]?.shape ?? [];
    const huge = {
      ...weights,
      [name]: { shape, data: new Float32Array(weights[name]?.data.length ?? 0).fill(7e4) },
    };
    expect(() => exportOnnx(whole, huge, { storage: "f16" })).toThrow(/holds 70000 at element 0, beyond f16/);
  });

  test("other types are refused", () => {
    expect(() => exportOnnx(whole, weights, { storage: "f8" } as never)).toThrow(`exportOnnx: storage is "f8"
  rule: storage is one of "f32", "f16", "i8", "i4"`);
  });
});

test("any names, and outputs that are one value, an input, or each other", async () => {
  const x = input("x", [N, 3]);
  const y = relu(x);
  const odd = model("odd", { '"; */ drop': x }, { y, again: y, y_2: relu(y), same: x } as Record<
    string,
    typeof x
  >);
  const bytes = exportOnnx(odd as Model, {});
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const data = Float32Array.of(-1, 2, 3);
  const results = await session.run({ '"; */ drop': new OnnxTensor("float32", data, [1, 3]) });
  const wanted = [0, 2, 3];
  expect(session.outputNames.map((name) => Array.from(results[name]?.data as Float32Array))).toEqual([
    wanted,
    wanted,
    wanted,
    [-1, 2, 3],
  ]);
  expect(session.outputNames).toEqual(["y", "again", "y_2", "same"]);
  await session.release();
});

describe("what cannot go out is said", () => {
  test("an op of one's own", () => {
    const twice = defineOp({
      name: "twice",
      shape: ([x]: [[N, number]]) => x,
      value: ({ at: [n, i], inputs: [x] }) => x.at(n, i).times(2),
    });
    const x = input("x", [N, 3]);
    const own = model("own", { x }, { y: twice(x) }) as Model;
    expect(() => exportOnnx(own, {})).toThrow(/own: 1 layer cannot be exported: twice1 \(twice\)/);
  });

  test("places beyond the end that ONNX does not compute", () => {
    const x = input("x", [N, 1, 4]);
    const y = convTranspose1d(x, { out: 1, kernel: 2, outputPadding: 1 });
    const far = model("far", { x }, { y }) as Model;
    expect(() => exportOnnx(far, weightsFor(far.graph))).toThrow(
      /outputPadding − padding < stride, but 1 ≥ 1/,
    );
    const near = convTranspose1d(x, { out: 1, kernel: 2, padding: 1, outputPadding: 1 });
    const kept = model("kept", { x }, { y: near }) as Model;
    expect(exportOnnx(kept, weightsFor(kept.graph)).length).toBeGreaterThan(0);
  });

  test("weights that do not fit", () => {
    const { "conv1.bias": _, ...others } = trained;
    expect(() => exportOnnx(lenet, others)).toThrow(/conv1\.bias/);
    const x = input("x", [N, 1, 4, 4]);
    const small = model("small", { x }, { y: conv2d(x, { out: 1, kernel: 1 }) });
    expect(() => exportOnnx(small as Model, trained)).toThrow(/not in the model: "conv1\.bias"|is missing/);
  });
});

describe("weft export", () => {
  test("writes a file that weft import reads, with the weights that it is given or that are drawn", async () => {
    const [out, initial] = [join(folder, "lenet.onnx"), join(folder, "drawn.onnx")];
    const weights = "models/lenet.fashion-mnist.safetensors";
    const { stdout } = await works(["export", "models/lenet.ts", "--weights", weights, "--out", out]);
    expect(stdout).toMatch(/^written to .*lenet\.onnx: 24\d(\.\d)? kB\n$/);
    expect(importOnnx(readFileSync(out)).weights).toEqual(trained);
    const { stderr } = await works(["export", "models/lenet.ts", "--out", initial]);
    expect(stderr).toContain("initial weights: --weights gives those of a training");
    const small = join(folder, "small.onnx");
    await works(["export", "models/lenet.ts", "--weights", weights, "--storage", "i4", "--out", small]);
    expect(readFileSync(small).length).toBeLessThan(readFileSync(out).length / 5);
    const back = await works(["export", out, "--out", initial, "--format", "json"]);
    expect(JSON.parse(back.stdout)).toMatchObject({ written: initial });
    expect(readFileSync(initial).equals(readFileSync(out))).toBe(true);
  });

  test("writes nothing where the name or the weights are wrong", async () => {
    expect(await fails(["export", "models/lenet.ts", "--out", join(folder, "lenet.pb")])).toContain(
      "lenet.onnx",
    );
    const weights = join(folder, "nowhere.safetensors");
    const out = join(folder, "none.onnx");
    await fails(["export", "models/lenet.ts", "--weights", weights, "--out", out]);
    expect(() => readFileSync(out)).toThrow(/ENOENT/);
  });
});
