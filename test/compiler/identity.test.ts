/**
 * Which kernels are one. Two layers that differ in one number alone have kernels of their own, in one model or in two;
 * layers that differ in nothing share one, and what is shared is what each would have been by itself.
 */
import { afterAll, describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { moduleIdentity } from "../../compiler/assemble/identity.ts";
import { lowerModule } from "../../compiler/assemble/module.ts";
import { type Compilation, compile } from "../../compiler/compile.ts";
import type { Expr, Index } from "../../compiler/ir/expr.ts";
import type { Kernel } from "../../compiler/ir/kernel.ts";
import type { Result } from "../../compiler/ir/region.ts";
import type { Storage, Storages } from "../../compiler/ir/storage.ts";
import { add, axisIndex, div, mod, newAxis, scale } from "../../compiler/math/affine.ts";
import { call, guard, literal, load, position, random, reduce, size } from "../../compiler/math/build.ts";
import { kernelIdentity } from "../../compiler/math/identity.ts";
import { printModule } from "../../compiler/targets/wgsl/print.ts";
import { dataFor } from "../fuzz/data.ts";
import type { NdArray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { numberOf, type Op } from "../oracle/op.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

type Images = ReturnType<typeof image>;
const image = (name: string) => w.input(name, [w.N, 3, 7, 7]);

const scaled = w.defineOp({
  name: "scaled",
  shape: ([x]: [[w.N, number, number, number]], _options: { by: number }) => x,
  value: ({ at: [n, c, h, v], inputs: [x], options }) => x.at(n, c, h, v).times(options.by),
});

const custom = {
  scaled: ({ attrs, inputs: [x] }: Op): NdArray => {
    if (!x) throw new Error("an operand is missing");
    return { shape: x.shape, data: x.data.map((v) => v * numberOf(attrs, "by")) };
  },
};

/** Two layers of the same form and shape, which differ in one number. */
const pairs: Readonly<Record<string, readonly [(x: Images) => unknown, (x: Images) => unknown]>> = {
  "the slope of leakyRelu": [(x) => w.leakyRelu(x, { slope: 0.1 }), (x) => w.leakyRelu(x, { slope: 0.25 })],
  "a maximum's window": [
    (x) => w.maxPool2d(x, { kernel: 2, stride: 2 }),
    (x) => w.maxPool2d(x, { kernel: 3, stride: 2 }),
  ],
  "an average's window": [
    (x) => w.avgPool2d(x, { kernel: 2, stride: 2 }),
    (x) => w.avgPool2d(x, { kernel: 3, stride: 2 }),
  ],
  "what an average counts": [
    (x) => w.avgPool2d(x, { kernel: 3, padding: 1 }),
    (x) => w.avgPool2d(x, { kernel: 3, padding: 1, countIncludePad: false }),
  ],
  "a window's dilation": [
    (x) => w.maxPool2d(x, { kernel: 2, dilation: 1, stride: 5 }),
    (x) => w.maxPool2d(x, { kernel: 2, dilation: 2, stride: 4 }),
  ],
  "a bound of clip": [(x) => w.clip(x, { min: -0.3, max: 0.3 }), (x) => w.clip(x, { min: -0.3, max: 0.75 })],
  "a pad's value": [
    (x) => w.pad(x, { padding: 1, value: 0.5 }),
    (x) => w.pad(x, { padding: 1, value: 0.125 }),
  ],
  "layer norm's eps": [(x) => w.layerNorm(x, { eps: 1e-5 }), (x) => w.layerNorm(x, { eps: 0.1 })],
  "a number added": [(x) => w.tanh(w.add(x, 0.1)), (x) => w.tanh(w.add(x, 0.25))],
  "a number multiplied": [(x) => w.tanh(w.mul(x, 0.1)), (x) => w.tanh(w.mul(x, 0.25))],
  "a power": [(x) => w.pow(w.exp(x), 0.1), (x) => w.pow(w.exp(x), 0.25)],
  "a user's option": [(x) => scaled(x, { by: 0.1 }), (x) => scaled(x, { by: 0.25 })],
};

/** Every dispatch's text as it would be written by itself is the text that it shares. */
function expectSharedAsAlone({ bundles, storages }: Compilation): void {
  const texts = new Map<string, string>();
  for (const bundle of bundles) {
    const identity = moduleIdentity(bundle, storages);
    const module = lowerModule(bundle, storages);
    const names = module.bindings.map((_, i) => `_${i}`);
    const text = printModule(module, names).wgsl;
    expect(texts.get(identity) ?? text).toBe(text);
    texts.set(identity, text);
  }
}

describe("layers that differ in one number have kernels of their own", () => {
  test.each(Object.entries(pairs))("%s", async (_, [first, second]) => {
    const [x, z] = [image("x"), image("z")];
    // as: each is a tensor; their shapes differ from pair to pair
    const outputs = { y: first(x) as Images, v: second(z) as Images };
    const { graph } = w.model("pair", { x, z }, outputs);
    expectSharedAsAlone(compile(graph));
    const { inputs, params } = dataFor(graph, 2, 7, 1);
    expect(
      differences(await runWeft(graph, inputs, params), reference(graph, inputs, params, { custom })),
    ).toBe(undefined);
  });
});

describe("in a chain of contractions", () => {
  const chain = (one: number, two: number) => {
    const x = w.input("x", [w.N, 6]);
    const [a, b] = [w.param("a", [6, 6]), w.param("b", [6, 6])];
    const h = w.sigmoid(w.mul(w.matmul(x, a), one));
    return w.model("chain", { x }, { y: w.sigmoid(w.mul(w.matmul(h, b), two)) }).graph;
  };

  test("each has its own factor", async () => {
    const graph = chain(0.1, 0.25);
    const { inputs, params } = dataFor(graph, 3, 8, 1);
    expect(differences(await runWeft(graph, inputs, params), reference(graph, inputs, params))).toBe(
      undefined,
    );
    expect(compile(graph).program.kernels).toHaveLength(2);
  });

  test("those with the same factor are one kernel", () => {
    const compilation = compile(chain(0.1, 0.1));
    expectSharedAsAlone(compilation);
    expect(compilation.program.kernels).toHaveLength(1);
    expect(compilation.program.dispatches).toHaveLength(2);
  });
});

test("how its tensors are stored is part of what a kernel is", () => {
  const x = w.input("x", [w.N, 6]);
  const { steps } = compile(w.model("m", { x }, { y: w.linear(x, { out: 5 }) }).graph);
  const [step] = steps;
  const part = step ?? expect.fail();
  const weight = part.kernel.reads.find((t) => t.origin.name === "linear1.weight") ?? expect.fail();
  const results = part.kernel.results.map((r) => ({ ...r, overwrites: weight }));
  const stored = (storage: Partial<Storage>): Storages => new Map([[weight, { type: "f32", ...storage }]]);
  const baked = (value: number): Storages => stored({ values: new Float32Array(30).fill(value) });
  const identities = [
    moduleIdentity([part], new Map()),
    moduleIdentity([part], stored({ order: [1, 0] })),
    moduleIdentity([part], stored({ type: "f16" })),
    moduleIdentity([part], stored({ type: "u8" })),
    moduleIdentity([part], baked(1)),
    moduleIdentity([part], baked(2)),
    moduleIdentity([{ ...part, kernel: { ...part.kernel, results } }], new Map()),
  ];
  expect(new Set(identities).size).toBe(identities.length);
  expect(moduleIdentity([part], new Map())).toBe(identities[0]);
});

test("every number of an expression is part of what a kernel is", () => {
  const x = w.input("x", [w.N, 12]);
  const { steps } = compile(w.model("m", { x }, { y: w.relu(x) }).graph);
  const { kernel, schedule } = steps[0] ?? expect.fail();
  const axis = kernel.space[1];
  if (kernel.kind !== "mapReduce" || !axis) expect.fail();
  const stored = (changed: Partial<Result>): Kernel => ({
    ...kernel,
    results: kernel.results.map((r) => ({ ...r, ...changed })),
  });
  const i = axisIndex(axis);
  const [n, last] = [axisIndex(kernel.space[0] ?? axis), scale(i, 1)];
  const within = (index: Index, extent: number): Expr =>
    guard([{ index, extent }], load(x.node, [n, last]), literal(7));
  const over = (op: "sum" | "max", extent: number): Expr => {
    const k = newAxis("k", extent);
    return reduce(op, [k], call("mul", load(x.node, [n, last]), position(axisIndex(k))));
  };
  const rate = (slot: number): Expr =>
    load({ kind: "scalar", type: { dtype: "f32", shape: [] }, origin: { name: "r" }, slot }, []);
  const values: readonly Expr[] = [
    ...[0, -0, 1].map(literal),
    ...[i, add(i, 1), add(i, 2), scale(i, 2), div(i, 2), div(i, 3), mod(i, 2), mod(i, 3)].map(position),
    ...[within(i, 3), within(i, 4), within(add(i, -1), 3), within(add(i, -2), 3), within(scale(i, 2), 3)],
    guard(
      [
        { index: i, extent: 5 },
        { index: i, extent: 3 },
      ],
      load(x.node, [n, last]),
      literal(7),
    ),
    within(i, 5),
    guard([{ index: i, extent: 3 }], literal(7), load(x.node, [n, last])),
    ...[random(i, 0), random(i, 1), random(add(i, 1), 0)],
    ...[over("sum", 3), over("sum", 4), over("max", 3)],
    ...[rate(0), rate(1), size("N")],
    ...(["add", "sub"] as const).map((fn) => call(fn, load(x.node, [n, last]), literal(2))),
    call("sub", literal(2), load(x.node, [n, last])),
    load(x.node, [n, add(i, -1)]),
  ];
  const identities = values.map((value) => kernelIdentity(stored({ value }), () => ""));
  identities.forEach((identity, k) => void expect(identities.indexOf(identity), `value ${k}`).toBe(k));

  const elsewhere = kernelIdentity(stored({ place: [n, add(i, 1)] }), () => "");
  expect(elsewhere).not.toBe(kernelIdentity(kernel, () => ""));
  const scheduled = (workgroup: number): string =>
    moduleIdentity([{ kernel, schedule: { ...schedule, workgroup } }], new Map());
  expect(scheduled(32)).not.toBe(scheduled(64));
  // The same addresses of a longer tensor.
  const reading = (from: w.Tensor["node"]): string => {
    const part = { ...stored({ value: load(from, [n, last]) }), reads: [from] };
    return moduleIdentity([{ kernel: part, schedule }], new Map());
  };
  expect(reading(x.node)).not.toBe(reading(w.input("x", [w.N, 13]).node));
});

test("two models in one process do not share numbers", async () => {
  for (const slope of [0.1, 0.25, 0.1]) {
    const x = image("x");
    const { graph } = w.model("one", { x }, { y: w.leakyRelu(x, { slope }) });
    const { inputs, params } = dataFor(graph, 1, 9, 1);
    expect(differences(await runWeft(graph, inputs, params), reference(graph, inputs, params))).toBe(
      undefined,
    );
  }
});

test("a user's op that is called like a view is none", async () => {
  const turned = w.defineOp({
    name: "turned",
    shape: ([x]: [[number, number]]) => [x[1], x[0]],
    value: ({ at: [i, j], inputs: [x] }) => x.at(j, i),
  });
  const p = w.param("p", [3, 4]);
  const e = w.exp(p);
  const { graph } = w.model("views", {}, { e, flat: w.reshape(e, [12]), t: turned(e) });
  const [flat, turn] = [[...Array(12).keys()], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]];
  const data = flat.map((i) => Math.log(1 + i));
  const got = await runWeft(graph, {}, { p: { shape: [3, 4], data: Float64Array.from(data) } });
  const near = (list: readonly number[]) => list.map((i) => expect.closeTo(1 + i, 4));
  expect([...(got["flat"]?.data ?? [])]).toEqual(near(flat));
  expect([...(got["t"]?.data ?? [])]).toEqual(near(turn));
});
