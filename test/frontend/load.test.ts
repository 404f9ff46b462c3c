import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type LoadedModel, loadModel } from "../../compiler/frontend/index.ts";
import { graphText } from "../../compiler/report/graph.ts";
import { isKnown } from "../../compiler/report/receptive.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";

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

describe("model files", () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-load-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = async (files: Readonly<Record<string, string>>, entry = "model.ts"): Promise<LoadedModel> => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return loadModel(entry, { cwd: folder });
  };
  const layers = ({ graph }: LoadedModel): readonly string[] =>
    graph.nodes.flatMap((n) => (n.kind === "op" ? [n.origin.name] : []));

  it("may be JavaScript, and .mts", async () => {
    const text = `import { N, input, model, relu } from "weftgpu";
const x = input("x", [N, 4]);
const y = relu(x);
export default model("m", { x }, { y });
`;
    for (const name of ["a.js", "a.mjs", "a.mts"])
      expect(layers(await load({ [name]: text }, name))).toEqual(["y"]);
  });
  it("keeps the name of a parameter that is called like a layer's own", async () => {
    const text = `import { N, input, matmul, model, param } from "weftgpu";
const x = input("x", [N, 4]);
const y = matmul(x, param("matmul1.weight", [4, 4]));
export default model("m", { x }, { y });
`;
    const { graph } = await load({ "own.ts": text }, "own.ts");
    expect(graph.nodes.map((n) => n.origin.name)).toEqual(["x", "matmul1.weight", "y"]);
  });
  it("names the parameters of a layer that is applied twice after its first application", async () => {
    const text = `import { N, add, input, linear, model, relu, sequential } from "weftgpu";
const a = input("a", [N, 4]);
const b = input("b", [N, 4]);
const tower = sequential(linear({ out: 3 }), relu());
const fc = linear({ out: 2, bias: false });
const left = fc(tower(a));
const right = fc(tower(b));
const sum = add(left, right);
export default model("m", { a, b }, { sum });
`;
    const { graph } = await load({ "twice.ts": text }, "twice.ts");
    expect(graph.nodes.map((n) => n.origin.name)).toEqual([
      "a",
      "fc1.weight",
      "fc1.bias",
      "fc1",
      "relu1",
      "fc.weight",
      "fc",
      "b",
      "fc2",
      "relu2",
      "fc#2",
      "sum",
    ]);
  });
  it("may import files, packages that build layers, JSON and Node's modules, and await", async () => {
    const loaded = await load({
      "node_modules/layers/package.json": `{"name": "layers", "version": "1.0.0", "type": "module", "exports": "./index.js"}`,
      "node_modules/layers/index.js": `import { conv2d, relu } from "weftgpu";
export const unit = (x, out) => relu(conv2d(x, { out, kernel: 3 }));
`,
      "parts/head.ts": `import { flatten, linear, type Tensor } from "weftgpu";
import sizes from "./sizes.json";
export function head(x: Tensor): Tensor {
  const features = flatten(x);
  return linear(features, { out: sizes.classes });
}
`,
      "parts/sizes.json": `{"classes": 7}`,
      "model.ts": `import { readFileSync } from "node:fs";
import { unit } from "layers";
import { N, input, model } from "weftgpu";
import { head } from "./parts/head.ts";
const { channels } = JSON.parse(readFileSync(new URL("./sizes.json", import.meta.url), "utf8"));
const image = await Promise.resolve(input("image", [N, 1, 12, 12]));
const body = unit(image, channels);
export default model("m", { image }, { logits: head(body) });
`,
      "sizes.json": `{"channels": 5}`,
    });
    expect(graphText(loaded.graph)).toMatchInlineSnapshot(`
      "model m
        input image: [N, 1, 12, 12]                                                                // model.ts:6:37
        param body/conv1.weight: [5, 1, 3, 3] ~ xavierUniform(fans 9, 45)
        param body/conv1.bias: [5] ~ zeros
        body/conv1: [N, 5, 10, 10] = conv2d(image, body/conv1.weight, body/conv1.bias; 5 · 3×3)    // model.ts:7:14
        body/relu1: [N, 5, 10, 10] = relu(body/conv1)                                              // model.ts:7:14
        logits/features: [N, 500] = flatten(body/relu1)                                            // parts/head.ts:4:20
        param logits/fc1.weight: [7, 500] ~ xavierUniform(fans 500, 7)
        param logits/fc1.bias: [7] ~ zeros
        logits/fc1: [N, 7] = linear(logits/features, logits/fc1.weight, logits/fc1.bias; 500 → 7)  // parts/head.ts:5:10
      outputs logits = logits/fc1
      "
    `);
    expect([...loaded.sources.keys()].map((path) => relative(folder, path)).sort()).toEqual([
      "model.ts",
      "parts/head.ts",
      "parts/sizes.json",
    ]);
  });
  it("may define ops, which are named, placed and measured like others", async () => {
    const { graph } = await load({
      "model.ts": `import { N, defineOp, input, model } from "weftgpu";
const blur = defineOp({
  name: "blur",
  shape: ([x]) => [x[0], x[1] - 2],
  value: ({ at: [n, i], inputs: [x], axis, sumOver }) => {
    const u = axis(3);
    return sumOver(u, x.at(n, i.plus(u))).times(1 / 3);
  },
});
const x = input("x", [N, 20]);
const once = blur(x);
const y = blur(once);
export default model("m", { x }, { y });
`,
    });
    const { layers } = shapeTable(graph);
    expect(
      layers.map((l) => [l.name, l.op, l.source, isKnown(l.receptiveField) && l.receptiveField.size]),
    ).toEqual([
      ["once", "blur", "model.ts:11:14", [3]],
      ["y", "blur", "model.ts:12:11", [5]],
    ]);
  });
  it("may be loaded at the same time", async () => {
    const file = (k: number): string => `import { N, input, model, relu } from "weftgpu";
const x = input("x", [N, 4]);
const y${k} = relu(x);
await new Promise((done) => setTimeout(done, ${10 - k}));
const z${k} = relu(y${k});
export default model("m", { x }, { z${k} });
`;
    const names = [0, 1, 2, 3].map((k) => `parallel${k}.ts`);
    await load({ ...Object.fromEntries(names.map((name, k) => [name, file(k)])) }, names[0]);
    const loaded = await Promise.all(names.map((name) => loadModel(name, { cwd: folder })));
    expect(loaded.map(layers)).toEqual([0, 1, 2, 3].map((k) => [`y${k}`, `z${k}`]));
    expect(Error.stackTraceLimit).toBeLessThan(64);
  });
  it("may have variables in any script", async () => {
    const text = `import { N, input, model, relu } from "weftgpu";
const 画像 = input("画像", [N, 4]);
const größe = relu(画像);
export default model("m", { 画像 }, { größe });
`;
    expect(layers(await load({ "unicode.ts": text }, "unicode.ts"))).toEqual(["größe"]);
  });
});
