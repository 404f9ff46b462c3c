/** Programs that are right, and programs one kernel of which is not, as if a driver had got it wrong. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../cli/model.ts";
import { verdictText } from "../../cli/output/verdict.ts";
import { createUi } from "../../cli/ui.ts";
import { compile } from "../../compiler/compile.ts";
import {
  abs,
  argmax,
  batchNorm2d,
  conv2d,
  embedding,
  flatten,
  floor,
  input,
  linear,
  log,
  maxPool2d,
  model,
  mul,
  N,
  neg,
  param,
  relu,
  softmax,
  sub,
  tanh,
} from "../../compiler/dsl/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { verification } from "../../compiler/verification.ts";
import type { Program } from "../../contract/program.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { compare } from "../../runtime/verify/compare.ts";
import { load, type Store, type Verification, verify } from "../../runtime/verify/index.ts";
import { models as drawn } from "../fuzz/draw.ts";
import { buildModel } from "../fuzz/spec.ts";
import { models as sized } from "../sizes/models.ts";
import { failure } from "./failure.ts";

let device: GPUDevice;
let halves: boolean;
const uncaptured: string[] = [];
beforeAll(async () => {
  ({ device } = await requestDevice());
  halves = device.features.has("shader-f16");
  device.onuncapturederror = ({ error }) => uncaptured.push(error.message);
});
afterAll(() => {
  expect(uncaptured).toEqual([]);
  device.destroy();
});

/** Convolutions with folded statistics, a dense layer, scores, and what jumps. */
const small = () => {
  const image = input("image", [N, 3, 11, 11]);
  const h1 = maxPool2d(relu(batchNorm2d(conv2d(image, { out: 8, kernel: 3 }))), { kernel: 2 });
  const h2 = relu(conv2d(h1, { out: 16, kernel: 3, padding: 1 }));
  const logits = linear(flatten(h2), { out: 10 });
  return model("small", { image }, { logits, best: argmax(logits), steps: floor(mul(logits, 3)) }).graph;
};

/** The kernel adds a quarter to what it stores last. */
function broken<P extends Program>(program: P, kernel: number): P {
  const kernels = program.kernels.map((k, i) => {
    if (i !== kernel) return k;
    const names = k.bindings.filter((b) => b.access === "read_write").map((b) => b.name);
    const store = new RegExp(`^( *(?:${names.join("|")})\\[[^\\n]*\\] = )([^\\n]*);`, "gm");
    const wgsl = k.wgsl.replace(store, "$1$2 + 1;");
    expect(wgsl).not.toBe(k.wgsl);
    return { ...k, wgsl };
  });
  return { ...program, kernels };
}

describe("what is right", () => {
  test("every tensor that is stored, at every range of the batch", async () => {
    const subject = verification(small());
    const verdict = await verify(subject, { device, batches: [1, 2, 65] });
    expect(verdict).toMatchObject({ batches: [1, 2, 65], skipped: [], faults: [] });
    expect(verdict.compared).toBeGreaterThan(3 * 4);
    expect(verdict.worst?.difference).toBeLessThan(1e-4);
  });

  test("kernels of their own for small batches, and values that lie in another order", async () => {
    const a = input("a", [N, 256]);
    const dense = model("dense", { a }, { y: softmax(linear(relu(linear(a, { out: 512 })), { out: 512 })) });
    const ranges = verification(dense.graph, { target: "gpu" });
    expect(ranges.lists.map((list) => list.length)).toEqual([3, 3, 4]);
    expect((await verify(ranges, { device, batches: [1, 2, 65] })).faults).toEqual([]);

    const x = input("x", [N, 24, 6, 6]);
    const weight = tanh(param("w", [32, 24, 3, 3]));
    const ordered = verification(
      model("ordered", { x }, { y: conv2d(x, { weight, out: 32, kernel: 3 }) }).graph,
    );
    expect(ordered.prepare.flat().map((p) => p.order)).toEqual([[1, 2, 3, 0]]);
    expect((await verify(ordered, { device })).faults).toEqual([]);
  });

  test.each(Object.entries(sized))("sizes besides N: %s", async (_, build) => {
    const { faults, compared } = await verify(verification(build()), { device });
    expect(faults).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });

  test("rows of a table, and weights that are given", async () => {
    const tokens = input("tokens", [N, 5], { dtype: "i32" });
    const { graph } = model(
      "rows",
      { tokens },
      { scores: linear(flatten(embedding(tokens, { count: 7, size: 3 })), { out: 4 }) },
    );
    const subject = verification(graph);
    const weights = Object.fromEntries(
      subject.program.params.map(({ name, shape }) => {
        const count = shape.reduce((a, b) => a * b, 1);
        return [name, { shape, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i)) }];
      }),
    );
    expect((await verify(subject, { device, weights })).faults).toEqual([]);
  });

  test("in f16", async ({ skip }) => {
    if (!halves) skip("the adapter has no shader-f16");
    const { faults, worst } = await verify(verification(small(), { precision: "f16" }), { device });
    expect(faults).toEqual([]);
    expect(worst?.difference).toBeGreaterThan(1e-5); // it is f16 that was looked at
  });

  test("of random models", async () => {
    for (const spec of fc.sample(drawn(), { numRuns: 8, seed: 31 })) {
      const { faults } = await verify(verification(buildModel(spec)), { device, batches: [2] });
      expect(faults).toEqual([]);
    }
  });

  test("what is nowhere finite is said to be left out", async () => {
    const x = input("x", [N, 3]);
    const { graph } = model("m", { x }, { y: log(sub(neg(abs(x)), 1)) });
    const { skipped, compared, faults } = await verify(verification(graph), { device });
    expect({ skipped, compared, faults }).toEqual({
      skipped: [graph.outputs[0]?.node.origin.name],
      compared: 0,
      faults: [],
    });
  });
});

describe("what is wrong", () => {
  test("the kernel, and no other one", async () => {
    const subject = verification(small());
    const { program } = subject;
    const used = new Set([...program.prepare, ...program.dispatches].map((d) => d.kernel));
    for (const kernel of used) {
      const { faults } = await verify(
        { ...subject, program: broken(program, kernel) },
        { device, batches: [65] },
      );
      expect(new Set(faults.map((f) => f.kernel))).toEqual(new Set([program.kernels[kernel]?.name]));
      const [fault] = faults;
      expect(fault?.layers).toContain(fault?.layer);
      expect(Math.abs((fault?.got ?? 0) - (fault?.want ?? 0))).toBeCloseTo(1, 3);
    }
  });

  test("what is no number, where one is wanted", () => {
    const want = { shape: [2, 2], data: Float32Array.of(1, 2, 3, Number.NaN) };
    const differing = { count: 1, of: 3, at: [0, 1], got: Number.NaN, want: 2 };
    expect(compare(Float32Array.of(1, Number.NaN, 3, 4), want, {})).toEqual({
      difference: 0,
      of: 3,
      differing,
    });
    const infinite = compare(Float32Array.of(1, 2.001, -Infinity, 4), want, {});
    expect(infinite.differing).toEqual({ count: 1, of: 3, at: [1, 0], got: -Infinity, want: 3 });
    expect(infinite.difference).toBeCloseTo(0.001 / Math.sqrt(14 / 3), 6);
    expect(compare(Float32Array.of(1, 2.1, 3, 4), want, {}).differing?.at).toEqual([0, 1]);
    expect(compare(Float32Array.of(1, 2.02, 3, 4), want, { storage: "f16" }).differing).toBeUndefined();
    expect(compare(Float32Array.of(1, 2.02, 3, 4), want, { jumps: true }).differing?.count).toBe(1);
  });

  test("of a program without probes: the output", async () => {
    const { program } = compile(small(), { wasm: true });
    expect((await verify(program, { device })).faults).toEqual([]);
    const { faults } = await verify(broken(program, program.kernels.length - 1), { device, batches: [1] });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatchObject({ layers: [], batch: 1 });
    expect(faults[0]?.kernel).toBeUndefined();
  });

  test("in words", async () => {
    const { graph } = await loadModel("models/lenet.ts", {});
    const fault = {
      layer: "conv1",
      kernel: "conv1_pool1",
      layers: ["conv1", "relu1"],
      batch: 65,
      count: 1200,
      of: 4704,
      at: [3, 0, 27, 1],
      got: 0.5,
      want: 1.5,
    };
    const verdict = { device: "a GPU", batches: [1, 65], compared: 9, skipped: ["y"], worst: undefined };
    expect(verdictText(graph, { ...verdict, faults: [fault] }, createUi({}))).toBe(`\
lenet: a GPU computes 1 kernel wrongly, at N = 1, 65
  conv1 (kernel conv1_pool1, with relu1): 1,200 of 4,704 values differ at N = 65, most at [3, 0, 27, 1]: 0.5 in place of 1.5, models/lenet.ts:7:15
not compared, as their values are nowhere finite on what was drawn: y
what to try: a newer driver; --no-tune; --device wasm in place of it; and please report it, with what weft doctor prints`);
    const worst = { layer: "fc1", difference: 1.234e-6 };
    expect(verdictText(graph, { ...verdict, skipped: [], worst, faults: [] }, createUi({}))).toBe(`\
lenet: a GPU computes all of 9 tensors right, at N = 1, 65
largest difference 1.2e-6 of a tensor's root mean square: fc1`);
  });
});

describe("load", () => {
  const program = () => compile(small(), { wasm: true }).program;
  const image = { image: new Float32Array(3 * 121).fill(0.5) };
  const memory = (): Store & { readonly kept: Map<string, string> } => {
    const kept = new Map<string, string>();
    return {
      kept,
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
    };
  };

  test("a right device runs it, and is looked at once", async () => {
    const store = memory();
    const right = program();
    const session = await load(right, { device, store });
    expect([session.refused, session.runsOn?.kind]).toEqual([undefined, "webgpu"]);
    expect((await session.verify()).faults).toEqual([]);
    const { logits } = await session.run(image);
    expect(logits?.shape).toEqual([1, 10]);
    expect([...store.kept.values()]).toEqual(["{}"]);
    session.destroy();
    // A wrong entry tells whether it is read.
    const [key = ""] = store.kept.keys();
    store.kept.set(key, JSON.stringify({ refused: "said before" }));
    expect((await failure(load(right, { device, store }))).message).toBe("said before");
    const again = await load(right, { device, store, verify: "always" });
    expect(again.refused).toBeUndefined();
    store.kept.set(key, "no JSON");
    await load(right, { device, store });
    expect(store.kept.get(key)).toBe("{}");
  });

  test("a wrong device that was given is an error", async () => {
    const wrong = broken(program(), 0);
    const error = await failure(load(wrong, { device, store: memory() }));
    expect(error.code).toBe("gpu");
    expect(error.message).toMatch(
      /^small on .*: \w+: [\d,]+ of [\d,]+ values? differs? at N = 1, most at \[/,
    );
  });

  test("a wrong device that was found makes room for WebAssembly", async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    const { features, limits } = device;
    const adapter = {
      info: { isFallbackAdapter: false },
      features,
      limits,
      requestDevice: async () => (await requestDevice()).device,
    };
    const gpu = { requestAdapter: async () => adapter };
    Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
    try {
      const right = await load(program(), { store: memory() });
      expect([right.refused, right.runsOn?.kind]).toEqual([undefined, "webgpu"]);
      const store = memory();
      for (const _ of ["tried", "remembered"]) {
        const session = await load(broken(program(), 0), { store });
        expect(session.refused).toMatch(/^small on /);
        expect(session.runsOn?.kind).toBe("wasm");
        const { logits } = await session.run(image);
        const { logits: wanted } = await right.run(image);
        logits?.data.forEach((x, i) => void expect(x).toBeCloseTo(wanted?.data[i] ?? Number.NaN, 4));
        session.destroy();
      }
      right.destroy();
    } finally {
      if (before) Object.defineProperty(globalThis, "navigator", before);
      else Reflect.deleteProperty(globalThis, "navigator");
    }
  });
});

describe("bad input", () => {
  test("what is no program, or has nothing beside it", async () => {
    const { program } = compile(small());
    const asked = (given: unknown): Promise<string> =>
      failure(verify(given as Verification, { device })).then((e) => e.message);
    expect(await asked({})).toBe("verify: no Weft program, and no verification of one");
    expect(await asked(null)).toBe("verify: no Weft program, and no verification of one");
    expect(await asked(program)).toBe(
      "small has no form for WebAssembly to compare with; try: compile(graph, { wasm: true }), or verification(graph)",
    );
  });
  test("options", async () => {
    const subject = verification(small());
    const said = (options: object): Promise<string> =>
      failure(verify(subject, options)).then((e) => e.message);
    expect(await said({ batches: [0] })).toBe(
      "verify: batches has to be a list of whole numbers of at least 1, got Array",
    );
    expect(await said({ batch: 1 })).toMatch(
      /^verify: unknown option "batch"; try: weights, device, seed, batches$/,
    );
    const { program } = compile(small(), { wasm: true });
    expect((await failure(load(program, { verify: "never" as "once" }))).message).toBe(
      'load: verify has to be "once" or "always", got "never"',
    );
  });
  test("options of what is compiled", () => {
    expect(() => verification(small(), { precison: "f16" } as object)).toThrow(
      /^compile: unknown option "precison"\n/,
    );
    expect(() => verification({} as Graph)).toThrow(/^compile: its graph is /);
  });
  test("quantised weights", () => {
    expect(() => verification(small(), { quantise: "i8" } as object)).toThrow(
      /^a program with quantised weights is not verified\n/,
    );
  });
});
