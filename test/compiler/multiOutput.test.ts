/** Kernels that store several tensors: which regions become one, and that they compute what they compute apart. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { adam, compileParts, sgd } from "../../compiler/train/index.ts";
import lenet from "../../models/lenet.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { runProgramOn } from "../oracle/weft.ts";

type Tensors = Readonly<Record<string, w.Tensor>>;

const results = ({ steps }: Compilation): readonly (readonly string[])[] =>
  steps.map((s) => s.kernel.results.map((r) => r.root.origin.name));

const reasons = ({ decisions }: Compilation): readonly string[] =>
  decisions.map((d) => `${d.fused ? "+" : "-"} ${d.node.origin.name} ${d.into?.origin.name}: ${d.reason}`);

/** The kernels that several outputs take together, and bit by bit what each gives by itself. */
async function expectAsApart(x: w.Tensor, outputs: Tensors, batch = 3): Promise<Compilation> {
  const all = w.model("m", { x }, outputs).graph;
  const { inputs, params } = dataFor(all, batch, 5);
  const together = compile(all);
  const [got] = await runProgramOn(checker(together), together.program, params, [inputs]);
  for (const [name, output] of Object.entries(outputs)) {
    const alone = compile(w.model("m", { x }, { [name]: output }).graph);
    const own = Object.fromEntries(
      Object.entries(params).filter(([param]) => alone.program.params.some((q) => q.name === param)),
    );
    const [want] = await runProgramOn(checker(alone), alone.program, own, [inputs]);
    expect(got?.[name]?.data, name).toEqual(want?.[name]?.data);
  }
  return together;
}

describe("what reads the same tensor over the same positions", () => {
  test("is one kernel, and sums over the same axes are one loop", async () => {
    const x = w.input("x", [w.N, 4, 5, 5]);
    const sum = w.sum(x, { axis: [2, 3] });
    const squares = w.sum(w.mul(x, x), { axis: [2, 3] });
    const compilation = await expectAsApart(x, { sum, squares });
    expect(compilation.steps).toHaveLength(1);
    expect(compilation.program.kernels[0]?.wgsl.match(/for \(/g)).toHaveLength(2); // rows and columns, once
    expect(reasons(compilation)).toContain(
      "+ sum2 sum1: both read x over the same positions: it is read once, and both are stored",
    );
  });

  test("is not where positions, or the axes that reductions depend on, differ", async () => {
    const x = w.input("x", [w.N, 6, 6]);
    const [rows, columns] = [w.softmax(x, { axis: 2 }), w.softmax(x, { axis: 1 })];
    const outputs = { rows, columns, half: w.sum(x, { axis: 2 }), bent: w.exp(x) };
    const compilation = await expectAsApart(x, outputs);
    expect(results(compilation)).toHaveLength(4);
  });

  test("is not where what they share is small", () => {
    const [x, z] = [w.input("x", [w.N, 8]), w.input("z", [w.N, 8])];
    const p = w.param("p", [8]);
    const { graph } = w.model("m", { x, z }, { a: w.exp(w.add(x, p)), b: w.tanh(w.add(z, p)) });
    expect(results(compile(graph))).toHaveLength(2);
  });

  test("is not where one kernel would bind more tensors than there may be", () => {
    const x = w.input("x", [w.N, 8]);
    const outputs = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`y${i}`, w.exp(w.mul(x, i + 2))] as const),
    );
    const compilation = compile(w.model("m", { x }, outputs).graph);
    expect(results(compilation).map((r) => r.length)).toEqual([7, 2]);
    expect(reasons(compilation).some((r) => r.includes("one kernel would bind 9 tensors, more than 8"))).toBe(
      true,
    );
  });
});

describe("what reads a result at the position where it is computed", () => {
  test("is stored by the same kernel, an epilogue too", async () => {
    const x = w.input("x", [w.N, 3, 6, 6]);
    const maps = w.conv2d(x, { out: 4, kernel: 3, padding: 1 });
    const compilation = await expectAsApart(x, { maps, bent: w.exp(maps), more: w.tanh(w.exp(maps)) });
    expect(compilation.steps).toHaveLength(1);
    expect(compilation.program.dispatches).toHaveLength(1);
  });

  test("is not where another kernel comes between them", async () => {
    const x = w.input("x", [w.N, 2, 6, 6]);
    const bent = w.exp(x);
    const spread = w.maxPool2d(bent, { kernel: 3, stride: 1, padding: 1 });
    const compilation = await expectAsApart(x, { bent, sum: w.add(bent, w.sigmoid(spread)) });
    expect(compilation.steps.length).toBeGreaterThanOrEqual(2);
  });

  test("is not where what comes between follows the later one", async () => {
    const x = w.input("x", [w.N, 2]);
    const y = w.add(x, w.param("p", [2]));
    const sum = (): w.Tensor<[w.N, 1]> => w.sum(y, { axis: 1, keepDims: true });
    const [first, second, third] = [sum(), sum(), sum()];
    const centred = w.sub(x, w.sum(x, { axis: 1, keepDims: true }));
    // The sums are one kernel, behind y and before `early`; `late` shares x with y, and with `early`. The third sum comes later.
    const outputs = {
      rest: w.sub(y, second),
      early: w.sub(x, first),
      more: w.exp(third),
      late: w.pow(w.clip(centred, { min: -1 }), 3),
    };
    expect(results(await expectAsApart(x, outputs))).toContainEqual(["add1", "pow1"]);
  });

  test("is not where it reads another position", async () => {
    const x = w.input("x", [w.N, 4, 4]);
    const bent = w.exp(x);
    const compilation = await expectAsApart(x, {
      bent,
      turned: w.exp(w.transpose(bent, [0, 2, 1])),
    });
    expect(results(compilation)).toHaveLength(2);
  });
});

test("random results over one tensor are, bit by bit, what each is by itself", async () => {
  const x = w.input("x", [w.N, 3, 4]);
  const made = fc.letrec<{ node: w.Tensor<readonly [w.N, 3, 4]> }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constant(x),
      tie("node").map((t) => w.exp(w.mul(t, 0.25)) as typeof t),
      tie("node").map((t) => w.sub(t, w.mean(t, { axis: 2, keepDims: true })) as typeof t),
      fc.tuple(tie("node"), tie("node")).map(([a, b]) => w.mul(a, w.sigmoid(b)) as typeof a),
    ),
  })).node;
  let several = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(made, { minLength: 2, maxLength: 4 }), async (list) => {
      const outputs = Object.fromEntries(list.map((t, i) => [`y${i}`, w.add(t, i)]));
      const compilation = await expectAsApart(x, outputs, 2);
      several += compilation.steps.filter((s) => s.kernel.results.length > 1).length;
    }),
    { numRuns: 40, seed: 7 },
  );
  expect(several).toBeGreaterThan(10);
});

describe("updates", () => {
  test.each([
    ["sgd with momentum", sgd({ lr: 0.1, momentum: 0.9 }), 2],
    ["adam", adam(), 3],
  ] as const)("of a parameter and its moments are one kernel, in place: %s", (_, optimizer, count) => {
    const { step } = compileParts(lenet.graph, { optimizer });
    const stored = step.steps
      .map((s) => s.kernel.results)
      .filter((r) => r.some((x) => x.root.origin.name.includes(".weight.updated")));
    expect(stored.map((r) => r.length)).toEqual([count, count, count, count, count]);
    expect(stored.flat().every((r) => r.overwrites)).toBe(true);
    expect(step.program.dispatches).toHaveLength(25);
  });
});
