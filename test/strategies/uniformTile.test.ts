/** Uniform tiles: where they are taken, that all threads of a workgroup read the same weights, and that they are right. */
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import type { Value } from "../../compiler/ir/value.ts";
import { visitStatements, visitValues } from "../../compiler/math/statements.ts";
import { partsOf } from "../../compiler/math/value.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import lenet from "../../models/lenet.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";

const of = (graph: w.Graph, name: TargetName, batch: number): Compilation =>
  compile(graph, { target: { ...targets[name], batch } });
const schedules = ({ steps }: Compilation): readonly string[] =>
  steps.map((s) => printSchedule(s.kernel, s.schedule));

function convolution(
  channels: number,
  size: number,
  options: { readonly [name: string]: number } = {},
): w.Graph {
  const x = w.input("x", [w.N, channels, size, size]);
  const y = w.conv2d(x, { out: channels, kernel: 3, padding: 1, ...options });
  return w.model("convolution", { x }, { y }).graph;
}

describe("amd", () => {
  test.each([
    ["3×3 on 56², N=1: in one pass", convolution(64, 56), 1, ["uniform tile 1×16×1×1, unroll 1×1×3"]],
    ["3×3 on 56², N=64", convolution(64, 56), 64, ["uniform tile 1×32×1×2, unroll 1×1×3, along N 2"]],
    [
      "1×1: a number is read once for each column",
      convolution(64, 56, { kernel: 1 }),
      64,
      ["workgroup tile"],
    ],
    ["7×7, where workgroups would be torn", convolution(512, 7), 64, ["workgroup tile"]],
  ] as const)("%s", (_, graph, batch, said) => {
    expect(schedules(of(graph, "amd", batch))).toEqual(said.map((s) => expect.stringContaining(s)));
  });

  test("LeNet's second convolution", () => {
    const [, second] = schedules(of(lenet.graph, "amd", 256));
    expect(second).toBe("uniform tile 1×4×1×1, unroll 1×1×5, along N 2, workgroup 64");
  });
});

test("others have no unit that fetches for all threads", () => {
  for (const name of ["gpu", "nvidia", "intel", "apple", "adreno", "mali"] as const)
    expect(schedules(of(convolution(64, 56), name, 64)).join(), name).not.toContain("uniform");
});

test("weights are read at one address by all threads of a workgroup", () => {
  const { modules, program } = of(convolution(64, 56), "amd", 64);
  const place = program.kernels[0]?.bindings.findIndex((b) => b.name.includes("weight")) ?? -1;
  const { body, bindings } = must(modules[0], "module");
  const made = new Map<Value, Value>();
  visitStatements(body, (s) => {
    if (s.kind === "let" || s.kind === "var") made.set(s.variable, s.value);
  });
  const differs = (v: Value): boolean => {
    if (v.kind === "builtin") return v.name === "local";
    const value = made.get(v);
    return value ? differs(value) : partsOf(v).some(differs);
  };
  const found = { uniform: 0, own: 0 };
  visitValues(body, (v) => {
    if (v.kind !== "load") return;
    if (v.from === bindings[place]) expect(differs(v.at)).toBe(false);
    found[differs(v.at) ? "own" : "uniform"]++;
  });
  expect(found.uniform).toBeGreaterThanOrEqual(3 * 8);
  expect(found.own).toBeGreaterThan(0);
});

test.each([
  ["strides, and sizes that nothing divides", 16, 21, { stride: 2 }, 6],
  ["one example", 16, 20, {}, 1],
  ["no padding", 16, 9, { padding: 0, kernel: 5 }, 3],
] as const)("right: %s", async (_, channels, size, options, batch) => {
  const graph = convolution(channels, size, options);
  // A device of few threads, which tiles fill.
  const amd = must(targets.amd.gpu, "GPU");
  const compilation = compile(graph, { target: { ...targets.amd, batch, gpu: { ...amd, threads: 64 } } });
  expect(schedules(compilation).join()).toContain("uniform tile");
  const { inputs, params } = dataFor(graph, batch, 1);
  const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]);
  expect(differences(got ?? {}, reference(graph, inputs, params))).toBeUndefined();
});
