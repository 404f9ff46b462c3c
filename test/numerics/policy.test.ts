/** What docs/numerics.md promises: right finite answers for finite extremes, and what is left open said so. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { input, N } from "weftgpu";
import { ops } from "../../compiler/ops/index.ts";
import { graphOf, useDevice } from "../ops/cases.ts";
import { ndarray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { everyTarget, runOnAdapter } from "../oracle/weft.ts";
import { lastPlace, measure } from "./measure.ts";
import { MEASUREMENTS } from "./ops.ts";

useDevice();

const LARGEST = 3.4028234663852886e38;
const DENORMAL = 2 ** -130;
const SMALLEST = 2 ** -126;

/** What each op gives for these values, on every target that has kernels of its own. */
async function results(
  f: (x: weft.Tensor) => weft.Tensor,
  values: readonly number[],
  shape = [values.length],
) {
  const graph = graphOf(f(input("x", [N, ...shape.slice(1)])));
  const x = { x: ndarray(shape, values) };
  const want = evaluate(graph, x, {})["y"]?.data ?? [];
  const got: Float32Array[] = [];
  for (const { program } of everyTarget(graph).values()) {
    const [result] = await runOnAdapter(program, {}, x);
    got.push(Float32Array.from(result?.["y"]?.data ?? []));
  }
  return { want: [...want], got };
}

/** Equal to f32's precision, or to the least normal number. */
function near(got: number, want: number): boolean {
  return Math.abs(got - want) <= Math.abs(want) * 2e-5 + 2 * SMALLEST;
}

type Unary = (x: weft.Tensor) => weft.Tensor;

/** Ops that are finite for every finite number. */
const ALWAYS: Readonly<Record<string, Unary>> = {
  relu: weft.relu,
  relu6: weft.relu6,
  leakyRelu: (x) => weft.leakyRelu(x),
  elu: (x) => weft.elu(x),
  sigmoid: weft.sigmoid,
  tanh: weft.tanh,
  gelu: weft.gelu,
  silu: weft.silu,
  hardSigmoid: weft.hardSigmoid,
  hardSwish: weft.hardSwish,
  softplus: weft.softplus,
  softsign: weft.softsign,
  mish: weft.mish,
  celu: (x) => weft.celu(x, { alpha: 0.5 }),
  prelu: (x) => weft.prelu(x, 0.5),
  thresholdedRelu: weft.thresholdedRelu,
  floor: weft.floor,
  ceil: weft.ceil,
  round: weft.round,
  sign: weft.sign,
  erf: weft.erf,
  atan: weft.atan,
  asinh: weft.asinh,
  not: weft.not,
  "less than 1": (x) => weft.less(x, 1),
  "equal to 0": (x) => weft.equal(x, 0),
  "where: 1 below 0, else x": (x) => weft.where(weft.less(x, 0), 1, x),
  abs: weft.abs,
  neg: weft.neg,
  clip: (x) => weft.clip(x, { min: -2, max: 1e30 }),
  "max with 0": (x) => weft.max(x, 0),
  "min with 0": (x) => weft.min(x, 0),
};

const EXTREMES = [0, -0, 1e4, -1e4, 1e19, -1e19, 2e19, -2e19, 1e38, -1e38, LARGEST, -LARGEST];

describe("finite for every finite number", () => {
  test.each(Object.entries(ALWAYS))("%s: ±10⁴, ±10¹⁹, ±10³⁸, the largest", async (_, f) => {
    const { want, got } = await results(f, EXTREMES);
    for (const data of got)
      data.forEach((v, i) => {
        expect(near(v, want[i] ?? Number.NaN), `${EXTREMES[i]}: got ${v}, expected ${want[i]}`).toBe(true);
      });
  });

  test.each(Object.entries(ALWAYS))("%s: denormal numbers are taken as they are, or as 0", async (_, f) => {
    const values = [DENORMAL, -DENORMAL, 2 ** -149, -(2 ** -149)];
    const { want, got } = await results(f, values);
    const { got: zero } = await results(f, [0]);
    for (const data of got)
      data.forEach((v, i) => {
        const fits = near(v, want[i] ?? Number.NaN) || near(v, zero[0]?.[0] ?? Number.NaN);
        expect(fits, `${values[i]}: got ${v}`).toBe(true);
      });
  });
});

describe("exp", () => {
  test("−10⁴ gives 0; up to 88.7 the result is finite and right", async () => {
    const { want, got } = await results(weft.exp, [-1e4, -LARGEST, -200, -87, 0, 1, 88, 88.7]);
    for (const data of got) expect([...data].every((v, i) => near(v, want[i] ?? Number.NaN))).toBe(true);
  });
  test("above, nothing is promised: 10⁴ gives +∞ or the largest number on what was tested", async () => {
    const { got } = await results(weft.exp, [1e4]);
    for (const data of got) expect(data[0]).toBeGreaterThanOrEqual(LARGEST);
  });
});

describe("softmax and logSoftmax", () => {
  const rows: readonly (readonly number[])[] = [
    [1e4, -1e4, 0, 9999],
    [-1e4, -1e4, -1e4, -1e4],
    [1e38, -1e38, 0, 5e37],
    [DENORMAL, 0, -DENORMAL, 0],
    [88.8, 88.9, 89, 200],
    [0, -103, -104, -1e4],
  ];
  test.each([
    ["softmax", (x: weft.Tensor) => weft.softmax(x)],
    ["logSoftmax", (x: weft.Tensor) => weft.logSoftmax(x)],
  ] as const)("%s: rows with ±10⁴ and ±10³⁸", async (_, f) => {
    const { want, got } = await results(f, rows.flat(), [rows.length, 4]);
    for (const data of got)
      data.forEach((v, i) => {
        const close = near(v, want[i] ?? Number.NaN) || Math.abs(v - (want[i] ?? Number.NaN)) < 1e-6;
        expect(close, `${rows[i >> 2]}: got ${v}, expected ${want[i]}`).toBe(true);
      });
    if (_ === "softmax")
      for (const data of got)
        for (let r = 0; r < rows.length; r++)
          expect(data.subarray(4 * r, 4 * r + 4).reduce((a, v) => a + v, 0)).toBeCloseTo(1, 5);
  });
});

describe("pooling", () => {
  const window = [-LARGEST, -1e38, -2e38, -3e38];
  test("maxPool2d of numbers near the lowest; padding never wins", async () => {
    const f = (x: weft.Tensor) => weft.maxPool2d(x, { kernel: 2, padding: 1 });
    const graph = graphOf(f(input("x", [N, 1, 2, 2])));
    for (const { program } of everyTarget(graph).values()) {
      const [result] = await runOnAdapter(program, {}, { x: ndarray([1, 1, 2, 2], window) });
      expect([...(result?.["y"]?.data ?? [])]).toEqual(window.map((v) => Math.fround(v)));
    }
  });
  test("avgPool2d and mean: right where the sum is finite", async () => {
    const { got } = await results((x) => weft.mean(x, { axis: 1 }), [8e37, 8e37, 8e37, 8e37], [1, 4]);
    for (const data of got) expect(near(data[0] ?? 0, 8e37)).toBe(true);
  });
});

describe("normalisation", () => {
  test("layerNorm: a constant row gives its bias, values of ±10⁴ and of 10⁻⁶ around 10⁴ are right", async () => {
    const graph = graphOf(weft.layerNorm(input("x", [N, 4])));
    const rows = [
      [7, 7, 7, 7],
      [1e4, -1e4, 1e4, -1e4],
      [1e18, -1e18, 5e17, 0],
      [DENORMAL, 0, -DENORMAL, 0],
    ];
    const x = { x: ndarray([rows.length, 4], rows.flat()) };
    const params = Object.fromEntries(
      graph.nodes.flatMap((n) =>
        n.kind === "param"
          ? [[n.origin.name, ndarray([4], n.origin.name.endsWith("weight") ? [1, 1, 1, 1] : [3, 3, 3, 3])]]
          : [],
      ),
    );
    const want = evaluate(graph, x, params)["y"]?.data ?? [];
    for (const { program } of everyTarget(graph).values()) {
      const [result] = await runOnAdapter(program, params, x);
      result?.["y"]?.data.forEach((v: number, i: number) => {
        expect(near(v, want[i] ?? Number.NaN), `${rows[i >> 2]}: got ${v}, expected ${want[i]}`).toBe(true);
      });
    }
  });
});

test("division and powers: what is promised, and 0 to the power of 0", async () => {
  const { want, got } = await results((x) => weft.pow(x, 0), [0, 1, -2, 1e30]);
  for (const data of got) expect([...data]).toEqual(want);
  const halves = await results((x) => weft.div(x, 2), [LARGEST, -1, 4 * SMALLEST]);
  for (const data of halves.got) expect([...data].every((v, i) => near(v, halves.want[i] ?? 0))).toBe(true);
});

test("a last place", () => {
  expect([1, 1.5, 2, 0.75, 2 ** 100, 2 ** -126, 0].map(lastPlace)).toEqual(
    [-23, -23, -22, -24, 77, -149, -149].map((e) => 2 ** e),
  );
});

/** The largest errors that the table may show, in last places: of results, or of the sum of the terms' sizes. */
const BOUNDS: Readonly<Record<string, number>> = {
  add: 0.6,
  mul: 0.6,
  div: 3,
  relu: 0,
  maxPool2d: 0,
  sqrt: 3,
  tanh: 8,
  sum: 4,
  mean: 4,
  linear: 8,
  matmul: 8,
  conv2d: 8,
  avgPool2d: 4,
  leakyRelu: 1.6,
};

test("errors stay within bounds on this adapter", async () => {
  for (const each of MEASUREMENTS.filter((m) => BOUNDS[m.op] !== undefined)) {
    const [{ ulp = Number.NaN } = {}] = await measure({ ...each, batch: Math.min(each.batch, 512) }, [
      "portable",
    ]);
    expect(ulp, `${each.op} of ${each.operands}`).toBeLessThanOrEqual(BOUNDS[each.op] ?? 0);
  }
});

test("the page speaks of every op", () => {
  const page = readFileSync(new URL("../../docs/numerics.md", import.meta.url), "utf8");
  const layout = ["flatten", "reshape", "transpose", "concat", "slice", "pad", "dropout"];
  const shown: Readonly<Record<string, string>> = {
    reduceMax: "max",
    reduceMin: "min",
    topValues: "topK",
    topIndices: "topK",
  };
  // Of families with a member for each rank the page speaks at once.
  const families: Readonly<Record<string, string>> = {
    conv: "convolutions of all ranks",
    convTranspose: "convolutions of all ranks",
    maxPool: "max pooling of all ranks",
    globalMaxPool: "max pooling of all ranks",
    adaptiveMaxPool: "max pooling of all ranks",
    avgPool: "average pooling of all ranks",
    globalAvgPool: "average pooling of all ranks",
    adaptiveAvgPool: "average pooling of all ranks",
    lpPool: "`lpPool` of all ranks",
    batchNorm: "batch normalisation of all ranks",
  };
  const missing = Object.keys(ops).filter((op) => {
    const family = families[op.replace(/[123]d$/, "")];
    return !layout.includes(op) && !page.includes(family ?? `\`${shown[op] ?? op}\``);
  });
  expect(missing).toEqual([]);
});
