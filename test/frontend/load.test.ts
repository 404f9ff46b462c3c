import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../compiler/frontend/index.ts";
import { graphText } from "../../compiler/report/graph.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("models/lenet.ts", () => {
  it("has the names and lines of the file", async () => {
    const { graph } = await loadModel("models/lenet.ts", { cwd: root });
    expect(graphText(graph)).toMatchInlineSnapshot(`
      "model lenet
        input image: [N, 1, 28, 28]                                                          // models/lenet.ts:4:15
        param conv1.weight: [6, 1, 5, 5] ~ xavierUniform(fans 25, 150)
        param conv1.bias: [6] ~ zeros
        conv1: [N, 6, 28, 28] = conv2d(image, conv1.weight, conv1.bias; 6 · 5×5, padding 2)  // models/lenet.ts:7:15
        pool1/sigmoid: [N, 6, 28, 28] = sigmoid(conv1)                                       // models/lenet.ts:8:25
        pool1: [N, 6, 14, 14] = avgPool2d(pool1/sigmoid; 2×2)                                // models/lenet.ts:8:15
        param conv2.weight: [16, 6, 5, 5] ~ xavierUniform(fans 150, 400)
        param conv2.bias: [16] ~ zeros
        conv2: [N, 16, 10, 10] = conv2d(pool1, conv2.weight, conv2.bias; 16 · 5×5)           // models/lenet.ts:9:15
        pool2/sigmoid: [N, 16, 10, 10] = sigmoid(conv2)                                      // models/lenet.ts:10:25
        pool2: [N, 16, 5, 5] = avgPool2d(pool2/sigmoid; 2×2)                                 // models/lenet.ts:10:15
        features: [N, 400] = flatten(pool2)                                                  // models/lenet.ts:13:18
        param fc1.weight: [120, 400] ~ xavierUniform(fans 400, 120)
        param fc1.bias: [120] ~ zeros
        fc1: [N, 120] = linear(features, fc1.weight, fc1.bias; 400 → 120)                    // models/lenet.ts:14:13
        fc2/sigmoid: [N, 120] = sigmoid(fc1)                                                 // models/lenet.ts:15:20
        param fc2.weight: [84, 120] ~ xavierUniform(fans 120, 84)
        param fc2.bias: [84] ~ zeros
        fc2: [N, 84] = linear(fc2/sigmoid, fc2.weight, fc2.bias; 120 → 84)                   // models/lenet.ts:15:13
        logits/sigmoid: [N, 84] = sigmoid(fc2)                                               // models/lenet.ts:16:23
        param logits.weight: [10, 84] ~ xavierUniform(fans 84, 10)
        param logits.bias: [10] ~ zeros
        logits: [N, 10] = linear(logits/sigmoid, logits.weight, logits.bias; 84 → 10)        // models/lenet.ts:16:16
      outputs logits
      "
    `);
  });
});
describe("models/lenet-chain.ts", () => {
  it("counts the layers of the chain", async () => {
    const { graph } = await loadModel("models/lenet-chain.ts", { cwd: root });
    expect(graph.nodes.filter((n) => n.kind === "op").map((n) => n.origin.name)).toMatchInlineSnapshot(`
      [
        "conv1",
        "sigmoid1",
        "pool1",
        "conv2",
        "sigmoid2",
        "pool2",
        "flatten1",
        "fc1",
        "sigmoid3",
        "fc2",
        "sigmoid4",
        "fc3",
      ]
    `);
  });
});
