/** Kernels that share a dispatch: which do, that each has what it needs, and that they compute what they compute apart. */
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { type Compilation, type CompileOptions, compile } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { gpu, type Target } from "../../compiler/strategies/target.ts";
import { adam, compileTraining, sgd } from "../../compiler/train/index.ts";
import { STORAGE_BUFFERS } from "../../contract/limits.ts";
import lenet from "../../models/lenet.ts";
import resnet18 from "../../models/resnet18.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";

type Tensors = Readonly<Record<string, w.Tensor>>;

/** A GPU whose workgroup tiles have so many steps. */
const target = (batch: number, depth = 8): Target => {
  const { stage, ...figures } = must(gpu.gpu, "GPU");
  return {
    ...gpu,
    batch,
    gpu: { ...figures, stage: { ...must(stage, "stage"), depths: [depth], bytes: 256 } },
  };
};
const names = ({ bundles }: Compilation): readonly (readonly string[])[] =>
  bundles.map((b) => b.flatMap((s) => s.kernel.results.map((r) => r.root.origin.name)));
const strategies = ({ bundles }: Compilation): readonly (readonly string[])[] =>
  bundles.map((b) => b.map((s) => printSchedule(s.kernel, s.schedule).replace(/[ ,]*\d.*/, "")));

/** The program of all outputs, carried out where races and missing barriers are found; it gives what the reference does. */
async function expectRight(
  x: w.Tensor,
  outputs: Tensors,
  batch: number,
  options: CompileOptions = { target: target(batch), batch },
): Promise<Compilation> {
  const { graph } = w.model("m", { x }, outputs);
  const { inputs, params } = dataFor(graph, batch, 5);
  const compilation = compile(graph, options);
  const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]);
  expect(differences(got ?? {}, reference(graph, inputs, params))).toBeUndefined();
  return compilation;
}

describe("on a GPU, where each would leave most of it idle", () => {
  const x = w.input("x", [w.N, 96]);
  const sums = (of: w.Tensor, out: number): w.Tensor => w.linear(of, { out, bias: false });

  test("workgroups of every kind share a dispatch, each kernel its own ones", async () => {
    const outputs = { sums: sums(x, 37), peaks: w.softmax(x), waves: w.sin(x) };
    const together = await expectRight(x, outputs, 19);
    expect(strategies(together)).toEqual([
      ["workgroup tile", "parallel rows", "thread per position, vector"],
    ]);
    expect(together.program.dispatches).toHaveLength(1);
  });

  test("but not more than have workgroup memory", async () => {
    const x = w.input("x", [w.N, 256]);
    const outputs = { some: sums(x, 64), others: sums(x, 64) };
    const apart = await expectRight(x, outputs, 64, { target: target(64, 32), batch: 64 });
    expect(names(apart)).toEqual([["linear1"], ["linear2"]]);
    const together = await expectRight(x, outputs, 64, { target: target(64), batch: 64 });
    expect(names(together)).toEqual([["linear1", "linear2"]]);
  });

  test("where a block of examples is a unit, threads that work by themselves do, and workgroups; teams do not", async () => {
    const waves = w.input("x", [w.N, 5]);
    const outputs = { tops: w.max(waves, { axis: 1 }), sines: w.sin(waves), sums: w.sum(waves, { axis: 1 }) };
    for (const batch of [1, 3, 67]) {
      const together = await expectRight(waves, outputs, batch, { target: target(batch) });
      expect(together.program.dispatches).toHaveLength(1);
    }
    const blocks = await expectRight(x, { a: sums(x, 32), b: sums(x, 48) }, 33, { target: target(33) });
    expect(strategies(blocks)).toEqual([["workgroup tile", "workgroup tile"]]);
    const apart = await expectRight(x, { a: sums(x, 10), b: w.softmax(x) }, 3, { target: target(3) });
    expect(strategies(apart)).toEqual([["parallel reduction"], ["parallel rows"]]);
  });
});

describe("a training step for GPUs", () => {
  const graphs = { LeNet: lenet.graph, "ResNet-18": resnet18.graph };

  test.each([
    ["LeNet", sgd({ lr: 0.1 }), 19],
    ["LeNet", adam(), 22],
    ["ResNet-18", sgd({ lr: 0.1 }), 149],
  ] as const)("of %s takes few: %o", (name, optimizer, most) => {
    const { step } = compileTraining(graphs[name], { optimizer, target: "gpu" });
    expect(step.dispatches.length).toBeLessThanOrEqual(most);
    for (const { bindings } of step.kernels) expect(bindings.length).toBeLessThanOrEqual(STORAGE_BUFFERS);
  });
});
