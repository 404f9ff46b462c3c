/** Ranges of the batch: a program has kernels for one example, for few and for many, and runs those of the batch that comes. */
import { describe, expect, test } from "vitest";
import { compile, conv2d, flatten, input, linear, model, N, relu, softmax } from "weftgpu";
import { packProgram } from "../../compiler/emit/pack.ts";
import { kernelText, planText } from "../../compiler/report/kernels.ts";
import { dispatchesFor } from "../../contract/program.ts";
import { load, validateProgram } from "../../runtime/index.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";

/** A convolution that is folded, a product that is cut for small batches, and one for which ranges do not differ. */
const { graph } = (() => {
  const x = input("x", [N, 2, 7, 5]);
  const a = relu(conv2d(x, { out: 24, kernel: 3, padding: 1 }));
  const b = linear(flatten(a), { out: 32 });
  return model("ranged", { x }, { y: softmax(b), z: a });
})();
const compilation = compile(graph, { target: "amd" });
const { program } = compilation;

test("a batch runs what was made for it, and gives the reference's numbers", async () => {
  expect(program.ranges?.map((r) => r.most)).toEqual([1, 64]);
  const [one, few] = program.ranges ?? [];
  expect([1, 2, 64, 65].map((n) => dispatchesFor(program, n))).toEqual([
    one?.dispatches,
    few?.dispatches,
    few?.dispatches,
    program.dispatches,
  ]);
  const device = checker(compilation);
  for (const batch of [1, 2, 65]) {
    const { inputs, params } = dataFor(graph, batch, 1, 1);
    const [got] = await runProgramOn(device, program, params, [inputs]);
    expect(differences(got ?? {}, reference(graph, inputs, params)), `batch ${batch}`).toBeUndefined();
  }
});

test("batches may come in any order in one session", async () => {
  const drawn = [65, 1, 3, 1].map((batch) => dataFor(graph, batch, 1, 1));
  const params = drawn[0]?.params ?? {};
  const results = await runProgramOn(
    checker(compilation),
    program,
    params,
    drawn.map((d) => d.inputs),
  );
  drawn.forEach(({ inputs }, i) => {
    expect(differences(results[i] ?? {}, reference(graph, inputs, params)), `run ${i}`).toBeUndefined();
  });
});

test("what ranges need besides does not grow with the batch, and the largest batch stays", () => {
  const own = compile(graph, { target: "amd", typicalBatch: 512 }).program;
  expect(program.maxBatch).toBe(own.maxBatch);
  expect(program.buffers.slice(0, own.buffers.length)).toEqual(own.buffers);
  for (const { bytes } of program.buffers.slice(own.buffers.length)) expect(bytes.perBatch).toBe(0);
  expect(program.dispatches).toEqual(own.dispatches);
});

test("only the pipelines of the batches that come are built", async () => {
  const device = checker(compilation);
  let built = 0;
  const { createComputePipelineAsync } = device;
  device.createComputePipelineAsync = (descriptor) => {
    built++;
    return createComputePipelineAsync.call(device, descriptor);
  };
  const kernelsOf = (...batches: number[]): number =>
    new Set(batches.flatMap((n) => [...program.prepare, ...dispatchesFor(program, n)].map((d) => d.kernel)))
      .size;
  const session = await load(program, { device });
  expect(built).toBe(kernelsOf(1));
  const run = (batch: number) => {
    return session.run({ x: { shape: [batch, 2, 7, 5], data: new Float32Array(batch * 70) } });
  };
  await run(1);
  expect(built).toBe(kernelsOf(1));
  await run(100);
  await run(100);
  expect(kernelsOf(1, 100)).toBeGreaterThan(kernelsOf(1));
  expect(built).toBe(kernelsOf(1, 100));
  session.destroy();
});

describe("there are none", () => {
  test.each([
    ["for a batch that is known", { target: "amd", batch: 8 }],
    ["for one that is expected", { target: "amd", typicalBatch: 8 }],
    ["on CPU adapters", { target: "quads" }],
    ["where nobody says on what", {}],
  ] as const)("%s", (_, options) => {
    expect(compile(graph, options).program.ranges).toBeUndefined();
  });

  test("where kernels do not differ", () => {
    const x = input("x", [N, 5]);
    const small = compile(model("small", { x }, { y: relu(x) }).graph, { target: "amd" });
    expect(small.program.ranges).toBeUndefined();
  });
});

test("a program with ranges is packed, read and checked", () => {
  const unpacked: unknown = new Function(`return ${packProgram(program)}`)();
  expect(unpacked).toMatchObject({ ranges: program.ranges });
  expect(packProgram(program)).toContain("const lists"); // the short form, not JSON
  const broken = (change: (p: { ranges: { most: number; dispatches: unknown[] }[] }) => void): string => {
    const copy = structuredClone(program) as never;
    change(copy);
    try {
      validateProgram(copy);
    } catch (error) {
      return (error as Error).message;
    }
    return "valid";
  };
  expect(broken(() => {})).toBe("valid");
  expect(broken((p) => p.ranges.reverse())).toContain("ranges[1].most");
  expect(broken((p) => p.ranges[0]?.dispatches.pop())).toContain(
    "ranges[0].dispatches: nothing is ever written to ",
  );
  expect(broken((p) => p.ranges[0]?.dispatches.shift())).toContain("ranges[0].dispatches[0].buffers[");
});

test("reports say what each range runs", () => {
  expect(kernelText(program)).toMatch(
    /\nbatches of 1: \d+ dispatches, \d+ kernels? of their own \(.*\)\nbatches up to 64: /,
  );
  expect(planText(program)).toContain("\nin their place for batches up to 64:\n1. ");
});
