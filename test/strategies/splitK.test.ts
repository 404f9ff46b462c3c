/** Split-K: partial sums over workgroups, and their sum in a fixed order. */
import { describe, expect, test } from "vitest";
import { avgPool2d, compile, conv2d, type Graph, gelu, input, linear, matmul, model, N, relu } from "weftgpu";
import { tuningKey } from "../../compiler/assemble/identity.ts";
import { nameOf } from "../../compiler/ir/region.ts";
import { parseSchedule, printSchedule } from "../../compiler/strategies/index.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";

const graphs: Readonly<Record<string, Graph>> = {
  "a dense layer of few results": (() => {
    const x = input("x", [N, 96]);
    return model("dense", { x }, { y: relu(linear(x, { out: 5 })) }).graph;
  })(),
  "a product without N": (() => {
    const [a, b] = [input("a", [3, 64]), input("b", [64, 7])];
    return model("product", { a, b }, { y: gelu(matmul(a, b)) }).graph;
  })(),
  "a convolution with its pooling": (() => {
    const x = input("x", [N, 12, 6, 6]);
    return model("pooled", { x }, { y: avgPool2d(relu(conv2d(x, { out: 2, kernel: 3 })), { kernel: 2 }) })
      .graph;
  })(),
};

/** Compiled with every contraction split, as far as that is legal. */
function split(graph: Graph, parts: number, target: TargetName) {
  const { steps, storages } = compile(graph, { target });
  const tuning = Object.fromEntries(
    steps.map(({ kernel }) => [tuningKey(kernel, storages), `split-K ${parts}`]),
  );
  return compile(graph, { target, tuning });
}

describe.each(Object.entries(graphs))("%s", (_, graph) => {
  test.each([
    [2, "portable"],
    [4, "gpu"],
    [4, "octets"],
  ] as const)("in %d parts for %s: the reference's numbers, and nothing wrong", async (parts, target) => {
    const compilation = split(graph, parts, target);
    expect(compilation.steps.map((s) => nameOf(s.region))).toContainEqual(
      expect.stringMatching(/\.partial$/),
    );
    for (const batch of [1, 3]) {
      const { inputs, params } = dataFor(graph, batch, 1, 1);
      const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]);
      expect(differences(got ?? {}, reference(graph, inputs, params))).toBeUndefined();
    }
  });
});

describe("when it pays", () => {
  const dense = (size: number, out: number): Graph => {
    const x = input("x", [N, size]);
    return model("dense", { x }, { y: linear(x, { out }) }).graph;
  };
  const chosen = (graph: Graph, target: TargetName, typicalBatch: number): readonly string[] =>
    compile(graph, { target, typicalBatch }).steps.map(({ kernel, schedule }) =>
      printSchedule(kernel, schedule),
    );

  test("few results of long sums on a GPU have two passes; on a CPU, or with many results, one", () => {
    expect(chosen(dense(8192, 10), "gpu", 1)).toHaveLength(2);
    expect(chosen(dense(8192, 10), "portable", 1)).toHaveLength(1);
    expect(chosen(dense(8192, 4096), "gpu", 1)).toHaveLength(1);
    expect(chosen(dense(256, 10), "gpu", 1)).toHaveLength(1);
    expect(chosen(dense(8192, 10), "gpu", 64)).toHaveLength(1);
  });

  test("what does not divide the sum, or is a part already, is refused", () => {
    const [step] = compile(dense(96, 5)).steps;
    if (!step) throw new Error("no step");
    expect(parseSchedule(step.kernel, "split-K 4")).toMatchObject({ strategy: "split-K", parts: 4 });
    for (const text of ["split-K 5", "split-K 1", "split-K 0", "split-K", "split-K 4, K 2"])
      expect(parseSchedule(step.kernel, text), text).toBeUndefined();
    const partial = split(dense(96, 5), 2, "portable").steps[0];
    expect(partial && parseSchedule(partial.kernel, "split-K 2")).toBeUndefined();
  });
});
