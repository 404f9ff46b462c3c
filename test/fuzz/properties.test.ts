/** The checks of compilations find what is wrong, and nothing in what is right. */
import { describe, expect, test } from "vitest";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { input, leakyRelu, linear, model, N, sigmoid, tanh } from "../../compiler/dsl/index.ts";
import { adam, compileParts } from "../../compiler/train/index.ts";
import type { Program } from "../../contract/program.ts";
import lenet from "../../models/lenet.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { interpreter } from "../wgsl/device.ts";
import { dataFor } from "./data.ts";
import { checkProperties, withOwnBuffers } from "./properties.ts";

/** A chain whose tensors share buffers, and two kernels that differ in a number. */
function chain(): Compilation {
  const x = input("x", [N, 12]);
  let h = linear(x, { out: 12 });
  for (const slope of [0.1, 0.2, 0.3]) h = linear(leakyRelu(tanh(h), { slope }), { out: 12 });
  return compile(model("chain", { x }, { y: sigmoid(h), first: leakyRelu(x, { slope: 0.1 }) }).graph);
}

const changed = (compilation: Compilation, change: (program: Program) => Partial<Program>): Compilation => ({
  ...compilation,
  program: { ...compilation.program, ...change(compilation.program) },
});

describe("nothing is found in", () => {
  test.each(["portable", "octets", "quads", "gpu"] as const)("LeNet and its training step, %s", (target) => {
    checkProperties(compile(lenet.graph, { target }));
    const { step, evaluate } = compileParts(lenet.graph, { optimizer: adam(), target });
    checkProperties(step);
    checkProperties(evaluate);
  });
  test("a chain", () => void checkProperties(chain()));
});

describe("what is found", () => {
  test("a kernel that is another dispatch's", () => {
    const broken = changed(chain(), ({ dispatches }) => {
      const alike = dispatches.filter((d) => d.buffers.length === dispatches[1]?.buffers.length);
      const [one, two] = alike;
      if (!one || !two || one.kernel === two.kernel) throw new Error("no two kernels with as many bindings");
      return { dispatches: dispatches.map((d) => (d === two ? { ...two, kernel: one.kernel } : d)) };
    });
    expect(() => checkProperties(broken)).toThrow(/^kernels are one that differ\n/);
  });

  test("a read before the write", () => {
    const broken = changed(chain(), ({ dispatches }) => ({ dispatches: dispatches.toReversed() }));
    const backwards = { ...broken, steps: broken.steps.toReversed() };
    expect(() => checkProperties(backwards)).toThrow(/^a buffer holds another tensor than is read there\n/);
  });

  test("a buffer that is given away too early", () => {
    const broken = changed(chain(), ({ dispatches }) => {
      // The second tensor on the way takes the first one's place while that is read.
      const written = dispatches.map((d) => d.buffers.at(-1) ?? -1);
      const [first = -1, second = -1] = written;
      return {
        dispatches: dispatches.map((d) => ({
          ...d,
          buffers: d.buffers.map((b) => (b === second ? first : b)),
        })),
      };
    });
    expect(() => checkProperties(broken)).toThrow(
      /^(a dispatch writes what it reads|a buffer holds another tensor than is read there|a result is no longer there in the end)\n/,
    );
  });

  test("an output that is gone in the end", () => {
    const broken = changed(chain(), ({ outputs: [one, two] }) => {
      if (!one || !two) throw new Error("no two outputs");
      return { outputs: [{ ...one, buffer: two.buffer }, two] };
    });
    expect(() => checkProperties(broken)).toThrow(/^a result is no longer there in the end\n/);
  });

  test("a parameter that is overwritten", () => {
    const broken = changed(chain(), ({ dispatches, params }) => {
      const last = dispatches.at(-1);
      if (!last) throw new Error("no dispatch");
      const buffers = [...last.buffers.slice(0, -1), params[0]?.buffer ?? -1];
      return { dispatches: [...dispatches.slice(0, -1), { ...last, buffers }] };
    });
    expect(() => checkProperties(broken)).toThrow(/^a tensor is overwritten that must stay\n/);
  });
});

test("with a buffer for each tensor there are more of them, and the results are the same bits", async () => {
  const { program, graph } = chain();
  const own = withOwnBuffers(program);
  expect(own.buffers.length).toBeGreaterThan(program.buffers.length);
  const { inputs, params } = dataFor(graph, 3, 1);
  const [shared] = await runProgramOn(interpreter(), program, params, [inputs]);
  const [apart] = await runProgramOn(interpreter(), own, params, [inputs]);
  expect(apart).toEqual(shared);
});
