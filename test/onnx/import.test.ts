/** Whole files: what they become, and that text, graph and onnxruntime agree. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { importOnnx } from "../../compiler/onnx/index.ts";
import { differenceOf, drawn } from "./compare.ts";
import { residual } from "./models.ts";

test("a small residual network is a model file that a person would have written", () => {
  const { source, weights, report } = importOnnx(residual(), { name: "small" });
  expect(source).toBe(`// Imported from ONNX.
import {
  add,
  batchNorm2d,
  conv2d,
  flatten,
  globalAvgPool2d,
  input,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  softmax,
} from "weftgpu";

const image = input("image", [N, 3, 8, 8]);
const conv1 = conv2d(image, { out: 4, kernel: 3, padding: 1, bias: false });
const bn1 = batchNorm2d(conv1);
const relu1 = relu(bn1);
const p1 = maxPool2d(relu1, { kernel: 2 });
const layer1_0_conv = conv2d(p1, { out: 4, kernel: 3, padding: 1 });
const sum1 = add(layer1_0_conv, p1);
const r2 = relu(sum1);
const pooled = globalAvgPool2d(r2);
const flat = flatten(pooled);
const fc = linear(flat, { out: 5 });
const probabilities = softmax(fc);

export default model("small", { image }, { probabilities });
`);
  expect(Object.entries(weights).map(([name, { shape }]) => `${name} ${shape.join("×")}`)).toEqual([
    "conv1.weight 4×3×3×3",
    "bn1.weight 4",
    "bn1.bias 4",
    "bn1.running_mean 4",
    "bn1.running_var 4",
    "layer1_0_conv.weight 4×4×3×3",
    "layer1_0_conv.bias 4",
    "fc.weight 5×4",
    "fc.bias 5",
  ]);
  expect(report).toMatchObject({ opset: 17, layers: 11, parameters: 297, folded: [], unsupported: [] });
});

test("a small residual network computes what onnxruntime does", async () => {
  expect(await differenceOf(residual(), drawn({ image: [3, 3, 8, 8] }, 1))).toBeUndefined();
});

test("the text of a model file makes the same graph under the same names", async () => {
  const { source, model, weights } = importOnnx(residual(), { name: "small" });
  const path = join(mkdtempSync(join(tmpdir(), "weft-onnx-")), "small.ts");
  writeFileSync(path, source);
  const { graph } = await loadModel(path);
  expect(outline(graph)).toEqual(outline(model.graph));
  expect(Object.keys(weights).toSorted()).toEqual(
    graph.nodes.flatMap((n) => (n.kind === "param" ? [n.origin.name] : [])).toSorted(),
  );
});

/** What a graph is but for places: operations by name, their options, types and operands. */
const outline = (graph: Graph): unknown =>
  graph.nodes.map((n) => ({
    name: n.origin.name,
    type: n.type,
    ...(n.kind === "op" ? { op: n.op.name, attrs: n.attrs, inputs: n.inputs.map((i) => i.origin.name) } : {}),
  }));
