/**
 * Which kernels are one. Two layers that differ in one number alone have kernels of their own, in one model or in two;
 * layers that differ in nothing share one, and what is shared is what each would have been by itself.
 */
import { afterAll, describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { emitModule } from "../../compiler/codegen/emit.ts";
import { moduleIdentity } from "../../compiler/codegen/identity.ts";
import { type Compilation, compile } from "../../compiler/compile.ts";
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
function expectSharedAsAlone({ bundles, layouts }: Compilation): void {
  const texts = new Map<string, string>();
  for (const bundle of bundles) {
    const parts = bundle.map(({ kernel, schedule, inPlace }) => ({ kernel, schedule, inPlace }));
    const identity = moduleIdentity(parts, layouts);
    const text = emitModule(parts, layouts).wgsl;
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
