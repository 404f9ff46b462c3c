/** The target for GPUs: workgroups that fetch together, teams that add up together, and the same answers as everywhere. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  avgPool2d,
  batchNorm2d,
  conv2d,
  type Graph,
  globalAvgPool2d,
  input,
  layerNorm,
  linear,
  matmul,
  model,
  N,
  relu,
  sigmoid,
  softmax,
  transpose,
} from "weftgpu";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { gpu } from "../../compiler/strategies/target.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";

afterAll(closeDevice);

const forBatch = (graph: Graph, batch: number): Compilation => compile(graph, { target: { ...gpu, batch } });
const schedules = ({ steps }: Compilation): readonly string[] =>
  steps.map((s) => printSchedule(s.kernel, s.schedule));

/** Compares with the naive reference what a program gives for batches of these sizes. */
async function agrees(graph: Graph, compilation: Compilation, batches: readonly number[]): Promise<void> {
  for (const batch of batches) {
    const { inputs, params } = dataFor(graph, batch, 1, 1);
    const [got] = await runProgram(compilation.program, params, inputs);
    expect(differences(got ?? {}, reference(graph, inputs, params)), `batch ${batch}`).toBeUndefined();
  }
}

describe("LeNet", () => {
  test("with many pictures the workgroups of the second block and of the dense layers fetch together", () => {
    const { program, ...rest } = forBatch(lenet.graph, 64);
    expect(schedules({ program, ...rest })).toEqual([
      expect.stringMatching(/^register tile /),
      expect.stringMatching(/^workgroup tile .*, staged lhs\+rhs, innermost rows$/),
      expect.stringMatching(
        /^workgroup tile 8×1×8, register tile 4×4, K 8, staged lhs\+rhs, innermost columns$/,
      ),
      expect.stringMatching(
        /^workgroup tile 8×1×8, register tile 4×4, K 8, staged lhs\+rhs, innermost columns$/,
      ),
      expect.stringMatching(/^parallel reduction \d+ places, /),
    ]);
    expect(program.features).toBeUndefined();
    const text = program.kernels[1]?.wgsl;
    expect(text).toMatch(/\nvar<workgroup> rows\d: array<vec4<f32>, \d+>;\nvar<workgroup> columns\d: /);
    expect(text?.match(/workgroupBarrier\(\);/g)).toHaveLength(2);
  });

  test("with one picture the threads of a workgroup share the sums of the dense layers", () => {
    expect(schedules(forBatch(lenet.graph, 1)).slice(2)).toEqual([
      "parallel reduction 64 places, register tile 1×4, workgroup 64",
      "parallel reduction 16 places, register tile 1×4, workgroup 64",
      "parallel reduction 16 places, register tile 1×2, workgroup 64",
    ]);
  });

  test("no workgroup needs more memory than WebGPU promises, whatever the sizes", () => {
    for (const [channels, out] of [
      [64, 64],
      [512, 512],
      [37, 1000],
    ] as const)
      for (const size of [7, 14, 56]) {
        const x = input("x", [N, channels, size, size]);
        const { program } = forBatch(model("m", { x }, { y: conv2d(x, { out, kernel: 3 }) }).graph, 8);
        const sizes = { f32: 4, "vec2<f32>": 8, "vec4<f32>": 16 } as const;
        const arrays = program.kernels[0]?.wgsl.matchAll(/var<workgroup> \w+: array<(.*), (\d+)>;/g) ?? [];
        const bytes = [...arrays].map(([, type, count]) => sizes[type as keyof typeof sizes] * Number(count));
        expect(bytes).toHaveLength(2);
        expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(16_384);
      }
  });
});

/** Sizes that no block of threads divides, both factors read from one tensor, an axis of both, a pooling window. */
const staged: Readonly<Record<string, () => Graph>> = {
  "a convolution with stride and padding": () => {
    const x = input("x", [N, 5, 17, 19]);
    return model("m", { x }, { y: relu(conv2d(x, { out: 23, kernel: 3, padding: 2, stride: 2 })) }).graph;
  },
  "a convolution with its pooling": () => {
    const x = input("x", [N, 3, 20, 20]);
    return model("m", { x }, { y: avgPool2d(sigmoid(conv2d(x, { out: 32, kernel: 5 })), { kernel: 2 }) })
      .graph;
  },
  "a dense layer": () => {
    const x = input("x", [N, 3, 29]);
    return model("m", { x }, { y: linear(x, { out: 50 }) }).graph;
  },
  "a product with its own transpose": () => {
    const a = input("a", [33, 40]);
    return model("m", { a }, { y: matmul(a, transpose(a)) }).graph;
  },
  "products by example": () => {
    const [a, b] = [input("a", [N, 33, 20]), input("b", [N, 20, 35])];
    return model("m", { a, b }, { y: matmul(a, b) }).graph;
  },
};

describe("workgroups that fetch together", () => {
  test.each(Object.entries(staged))("%s", async (_, make) => {
    const graph = make();
    const compilation = forBatch(graph, 16);
    expect(schedules(compilation)).toEqual([expect.stringMatching(/^workgroup tile /)]);
    await agrees(graph, compilation, [1, 3]);
  });

  test("any sizes", async () => {
    const size = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          c: size,
          out: fc.integer({ min: 16, max: 40 }),
          h: size,
          w: size,
          kernel: fc.integer({ min: 1, max: 3 }),
          batch: size,
        }),
        async ({ c, out, h, w, kernel, batch }) => {
          const x = input("x", [N, c, h + 2, w + 2]);
          const { graph } = model("m", { x }, { y: conv2d(x, { out, kernel, padding: 1 }) });
          await agrees(graph, forBatch(graph, 20), [batch]);
        },
      ),
      { numRuns: 8, seed: 5 },
    );
  });
});

const teams: Readonly<Record<string, () => Graph>> = {
  "a dense layer": () => {
    const v = input("v", [N, 401]);
    return model("m", { v }, { y: linear(v, { out: 13 }) }).graph;
  },
  "a convolution of few pixels, folded batch normalisation, and a mean of all": () => {
    const x = input("x", [N, 32, 7, 7]);
    return model("m", { x }, { y: globalAvgPool2d(relu(batchNorm2d(conv2d(x, { out: 6, kernel: 3 })))) })
      .graph;
  },
  "rows that are walked": () => {
    const v = input("v", [N, 3, 37]);
    return model("m", { v }, { y: softmax(v), z: layerNorm(v) }).graph;
  },
};

describe("teams", () => {
  test.each(Object.entries(teams))("%s", async (_, make) => {
    const graph = make();
    const compilation = forBatch(graph, 1);
    expect(schedules(compilation).join()).toMatch(/parallel (reduction|rows) /);
    await agrees(graph, compilation, [1, 3]);
  });
});
