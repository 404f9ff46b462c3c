/** The way out: what is exported runs in onnxruntime, and comes in again as the same graph. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import {
  add,
  constant,
  conv2d,
  convTranspose1d,
  defineOp,
  gather,
  input,
  type Model,
  model,
  mul,
  N,
  param,
  relu,
} from "weftgpu";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { exportOnnx, importOnnx } from "../../compiler/onnx/index.ts";
import { readSafetensors, type Weights } from "../../contract/weights.ts";
import { fails, scratch, works } from "../cli/weft.ts";
import { ndarray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { expectSameAgain } from "./again.ts";
import { arraysOf } from "./compare.ts";

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
      const data = Float32Array.from({ length: size }, (_, i) => 0.1 + (((i * 7 + p) % 13) - 6) / 80);
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
    const [out, drawn] = [join(folder, "lenet.onnx"), join(folder, "drawn.onnx")];
    const weights = "models/lenet.fashion-mnist.safetensors";
    const { stdout } = await works(["export", "models/lenet.ts", "--weights", weights, "--out", out]);
    expect(stdout).toMatch(/^written to .*lenet\.onnx: 24\d(\.\d)? kB\n$/);
    expect(importOnnx(readFileSync(out)).weights).toEqual(trained);
    const { stderr } = await works(["export", "models/lenet.ts", "--out", drawn]);
    expect(stderr).toContain("initial weights: --weights gives those of a training");
    const back = await works(["export", out, "--out", drawn, "--format", "json"]);
    expect(JSON.parse(back.stdout)).toMatchObject({ written: drawn });
    expect(readFileSync(drawn).equals(readFileSync(out))).toBe(true);
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
