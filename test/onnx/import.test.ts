/** Whole files: what they become, and that text, graph and onnxruntime agree. */
import { expect, test } from "vitest";
import { importOnnx } from "../../compiler/onnx/index.ts";
import { expectSameAgain } from "./again.ts";
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
  await expectSameAgain(importOnnx(residual(), { name: "small" }));
});
