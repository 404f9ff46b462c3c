/** The rule by which GPUs' contractions are tiled, replayed on shapes: what is chosen, and what bounds it. */
import { describe, expect, test } from "vitest";
import { compile, conv2d, type Graph, input, matmul, model, N } from "weftgpu";
import type { ContractionKernel } from "../../compiler/ir/kernel.ts";
import { DEVICES } from "../../compiler/strategies/devices.ts";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import { explain, tilingFor } from "../../compiler/strategies/workgroupTile/rule.ts";

function product(rows: number | typeof N, steps: number, columns: number): Graph {
  const [a, b] = [input("a", [rows, steps]), input("b", [steps, columns])];
  return model("product", { a, b }, { y: matmul(a, b) }).graph;
}
function convolution(channels: number, size: number): Graph {
  const x = input("x", [N, channels, size, size]);
  return model("convolution", { x }, { y: conv2d(x, { out: channels, kernel: 3, padding: 1 }) }).graph;
}

function contractionOf(graph: Graph): ContractionKernel {
  for (const { kernel } of compile(graph).steps) if (kernel.kind === "contraction") return kernel;
  throw new Error("no contraction");
}

/** What the rule says of a graph's contraction. */
function saidOf(graph: Graph, name: TargetName, batch = 1): string {
  const tiling = tilingFor(contractionOf(graph), { ...targets[name], batch });
  return tiling ? explain(tiling) : "not staged";
}

describe("amd", () => {
  test.each([
    ["1024³", product(1024, 1024, 1024), 1, "64 sums a thread, 128 threads, in 2 parts"],
    ["4096³: tiles alone fill it", product(4096, 4096, 4096), 1, "64 sums a thread, 128 threads:"],
    ["a short sum is not cut", product(128, 256, 128), 1, "16 sums a thread, 64 threads:"],
    ["N=16", product(N, 1024, 1024), 16, "16 sums a thread, 64 threads, in 32 parts"],
    ["N=64", product(N, 1024, 1024), 64, "32 sums a thread, 64 threads, in 16 parts"],
    ["N=256", product(N, 1024, 1024), 256, "64 sums a thread, 128 threads, in 8 parts"],
    ["N=1: nothing is read often enough", product(N, 1024, 1024), 1, "not staged"],
    ["3×3 on 56², N=1", convolution(64, 56), 1, "32 sums a thread, 64 threads, in 4 parts"],
    ["3×3 on 56², N=64", convolution(64, 56), 64, "64 sums a thread, 128 threads:"],
  ] as const)("%s", (_, graph, batch, said) => {
    expect(saidOf(graph, "amd", batch)).toContain(said);
  });
});

test("the reason has all that bounds a tiling", () => {
  expect(saidOf(product(4096, 4096, 4096), "amd")).toBe(
    "64 sums a thread, 128 threads: arithmetic 89%, workgroup memory 100%, cache 100%, filled 100%, useful 100%",
  );
  expect(saidOf(convolution(512, 7), "amd")).toBe(
    "28 sums a thread, 64 threads, in 32 parts: arithmetic 74%, workgroup memory 64%, cache 64%, filled 100%, useful 88%",
  );
});

test("every record has its own limits, and what it takes is within WebGPU's", () => {
  for (const name of [...DEVICES, "gpu"] as const) {
    const target = targets[name];
    for (const graph of [product(1024, 1024, 1024), convolution(64, 56)]) {
      const tiling = tilingFor(contractionOf(graph), { ...target, batch: 64 });
      const stage = target.gpu?.stage;
      expect(tiling === undefined, name).toBe(!stage);
      if (!tiling || !stage) continue;
      const { rows, batch, columns, depth } = tiling.stage;
      expect(stage.workgroups, name).toContain(rows * batch * columns);
      expect(stage.depths, name).toContain(depth);
      expect(tiling.sums, name).toBeGreaterThanOrEqual(stage.sums.least);
      expect(tiling.sums, name).toBeLessThanOrEqual(stage.sums.most);
    }
  }
});

test("of two tilings that end at once the one with more sums in a thread is taken; more threads than fill it gain nothing", () => {
  const kernel = contractionOf(product(8192, 512, 8192));
  const few = tilingFor(kernel, targets.amd);
  expect(few?.sums).toBe(64);
  expect(few?.parts).toBe(1);
});
