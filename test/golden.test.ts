/**
 * The kernels, shape tables and plans of our own models, as they were accepted. After a change that is meant:
 * `WEFT_UPDATE_GOLDEN=1 npx vitest run test/golden.test.ts`, and read the diff.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import "weftgpu/vitest";
import { compile } from "../compiler/compile.ts";
import { loadModel } from "../compiler/frontend/index.ts";
import { readSafetensors } from "../contract/weights.ts";
import { compareGolden } from "./bake/golden.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const MODELS = {
  lenet: "models/lenet.ts",
  "lenet-chain": "models/lenet-chain.ts",
  channels: "models/lecture/channels.ts",
  "one-by-one": "models/lecture/one-by-one.ts",
  "padding-stride": "models/lecture/padding-stride.ts",
  pooling: "models/lecture/pooling.ts",
  block: "test/golden/block.model.ts",
};

describe("golden output", () => {
  test.each(Object.entries(MODELS))("of %s is as it was", async (name, file) => {
    await expect(`${root}${file}`).toMatchGolden(`${root}test/golden/${name}`);
  });

  test("of LeNet's first kernel with its weights as numbers is as it was", async () => {
    const { graph } = await loadModel(`${root}models/lenet.ts`);
    const bake = readSafetensors(readFileSync(`${root}models/lenet.fashion-mnist.safetensors`));
    const [kernel] = compile(graph, { bake }).program.kernels;
    compareGolden("lenet-conv1.wgsl", kernel?.wgsl ?? "");
  });

  test("has no folder without a model", () => {
    const folders = readdirSync(`${root}test/golden`, { withFileTypes: true }).filter((f) => f.isDirectory());
    expect(folders.map((f) => f.name).sort()).toEqual(Object.keys(MODELS).sort());
  });
});
