/** Long sums stay within the bounds that docs/numerics.md states, wherever their terms are, against sums in float64. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { input, N } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { cutsOf } from "../../compiler/lower/sums.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import { load } from "../../runtime/index.ts";
import { graphOf, useDevice } from "../ops/cases.ts";
import { ndarray } from "../oracle/array.ts";
import { device, kindsOfTarget, runOnAdapter } from "../oracle/weft.ts";
import { execute } from "../train/execute.ts";

useDevice();

const U = 2 ** -24;
const names = kindsOfTarget;

/** As docs/numerics.md has it: of a single sum, and of a product's or a convolution's. */
const single = (n: number): number => Math.min(n, 5120 + n / 2 ** 18) + 72;
const tiled = (n: number): number => Math.min(n, 5120 + n / 512) + 72;

/**
 * A 1 among numbers of which `together` are less than half of its last place: an accumulator that holds the 1 takes up
 * none of them, so a sum that goes through a single one is wrong by almost n·u / together.
 */
function spike(n: number, at: number, together = 1): Float64Array {
  return new Float64Array(n).fill(Math.fround((1.9 * 2 ** -25) / together)).fill(1, at, at + 1);
}

const total = (x: Float64Array): number => {
  // Smallest first: exact to float64.
  let [small, large] = [0, 0];
  for (const v of x)
    if (v === 1) large++;
    else small += v;
  return large + small;
};

/** Lengths around the bounds, and any. */
const length = fc.oneof(
  fc
    .tuple(fc.constantFrom(1024, 2048, 5120, 6144, 8192), fc.integer({ min: -2, max: 3 }))
    .map(([n, d]) => n + d),
  fc.integer({ min: 1, max: 20_000 }),
);
const place = fc.double({ min: 0, max: 0.999, noNaN: true });
const drawn = fc.array(fc.tuple(length, place), { minLength: 4, maxLength: 8 });

function within(got: number | undefined, want: number, bound: number, what: string): void {
  const error = Math.abs((got ?? Number.NaN) - want);
  expect(error <= bound * U * want, `${what}: ${error / want / U} of ${bound} units`).toBe(true);
}

test("a sum over N, alone and within an expression", async () => {
  const x = input("x", [N, 2]);
  const graph = weft.model("sums", { x }, { mean: weft.mean(x, { axis: 0 }), inside: inside(x) }).graph;
  const programs = names.map((target) => [target, compile(graph, { target }).program] as const);
  await fc.assert(
    fc.asyncProperty(drawn, async (list) => {
      const sets = list.map(([n, at]) => {
        const data = new Float64Array(2 * n).fill(0.5);
        const column = spike(n, Math.floor(at * n));
        column.forEach((v, i) => {
          data[2 * i] = v;
        });
        return { n, column, x: ndarray([n, 2], data) };
      });
      for (const [target, program] of programs) {
        const results = await runOnAdapter(program, {}, ...sets.map((s) => ({ x: s.x })));
        for (const [i, { n, column }] of sets.entries()) {
          const sum = total(column);
          const what = `${target}, ${n} rows`;
          const [mean, fused] = [results[i]?.["mean"]?.data, results[i]?.["inside"]?.data];
          within(mean?.[0], sum / n, single(n), what);
          within(mean?.[1], 0.5, single(n), what);
          within(fused?.[0], 1.5 * sum, single(n), `${what}, inside`);
          within(fused?.[1], 0.75 * n, single(n), `${what}, inside`);
        }
      }
    }),
    { numRuns: 2, examples: [[[[12_000, 0]]]] },
  );
});

/** Σ 3·relu(x) / 2, by column: with work before the sum and after it. */
function inside(x: weft.Tensor<[typeof N, 2]>): weft.Tensor {
  return weft.div(weft.sum(weft.mul(weft.relu(x), 3), { axis: 0 }), 2);
}

test("sums of known length: a row, a softmax, a product of matrices", async () => {
  await fc.assert(
    fc.asyncProperty(length, place, fc.constantFrom(...names), async (n, at, target) => {
      const [x, w] = [input("x", [N, n]), input("w", [n, 4])];
      const graph = weft.model(
        "sums",
        { x, w },
        { sum: weft.sum(x, { axis: 1 }), chances: weft.softmax(x), product: weft.matmul(x, w) },
      ).graph;
      const column = spike(n, Math.floor(at * n));
      const rows = { x: ndarray([1, n], column), w: ndarray([n, 4], new Float64Array(4 * n).fill(3)) };
      // A large number and many small ones, behind the exponential.
      const tops = {
        ...rows,
        x: ndarray(
          [1, n],
          column.map((v) => (v === 1 ? 16 : -0.7)),
        ),
      };
      const { program } = compile(graph, { target });
      const [plain, peaked] = await runOnAdapter(program, {}, rows, tops);
      const what = `${target}, ${n} terms`;
      within(plain?.["sum"]?.data[0], total(column), single(n), what);
      for (const got of plain?.["product"]?.data ?? []) within(got, 3 * total(column), tiled(n), what);
      const peak = 1 / (1 + (n - 1) * Math.exp(-0.7 - 16));
      within(peaked?.["chances"]?.data[Math.floor(at * n)], peak, single(n), what);
    }),
    {
      numRuns: 10,
      examples: [
        [20_000, 0, "portable"],
        [20_000, 0.5, "gpu"],
      ],
    },
  );
});

/** Products that are added up before an accumulator takes them, at most: `TERMS`. */
const TOGETHER = 6;

test("a convolution", async () => {
  const n = 1500 * 25;
  const y = weft.conv2d(input("x", [N, 1500, 5, 5]), { out: 3, kernel: 5, bias: false });
  const x = spike(n, 0, TOGETHER);
  for (const target of ["portable", "quads"] as const) {
    const { program } = compile(graphOf(y), { target });
    const weight = ndarray([3, 1500, 5, 5], new Float64Array(3 * n).fill(1));
    const params = Object.fromEntries(program.params.map((p) => [p.name, weight]));
    const [result] = await runOnAdapter(program, params, { x: ndarray([1, 1500, 5, 5], x) });
    expect(result?.["y"]?.shape).toEqual([1, 3, 1, 1]);
    for (const got of result?.["y"]?.data ?? []) within(got, total(x), tiled(n), target);
  }
});

test("a product that a workgroup fetches together", async () => {
  const n = 6000;
  const [a, b] = [input("a", [64, n]), input("b", [n, 64])];
  const { steps, program } = compile(graphOf(weft.matmul(a, b)), { target: "gpu" });
  // One tile does not fill a GPU: the sum is cut, and its parts are added in a second pass.
  expect(steps.map((s) => s.schedule.strategy)).toEqual(["workgroup tile", "thread per position"]);
  const row = spike(n, 0);
  const rows = Float64Array.from({ length: 64 * n }, (_, i) => row[i % n] ?? 0);
  const ones = new Float64Array(64 * n).fill(1);
  const [result] = await runOnAdapter(program, {}, { a: ndarray([64, n], rows), b: ndarray([n, 64], ones) });
  for (const got of result?.["y"]?.data ?? []) within(got, total(row), tiled(n), "stage");
});

test("the gradient of a weight, summed over N", async () => {
  const x = input("x", [N, 3]);
  const graph = weft.model("line", { x }, { y: weft.linear(x, { out: 2, bias: false }) }).graph;
  const n = 9000;
  const column = spike(n, 0);
  const data = Float64Array.from({ length: 3 * n }, (_, i) => column[Math.floor(i / 3)] ?? 0);
  for (const target of names) {
    const { program } = compile(
      trainingStep(graph, {
        loss: "squaredError",
        reduction: "sum",
        optimizer: weft.sgd({ lr: 1 }),
        bytes: false,
      }),
      { target },
    );
    // The weights are 0 and the targets −1/2 each: the gradient is Σ x.
    const weight = program.params.find((p) => p.shape.join() === "2,3")?.name ?? "";
    const execution = await execute(program, {}, n);
    const wanted = ndarray([n, 2], new Float64Array(2 * n).fill(-0.5));
    execution.run({ x: ndarray([n, 3], data), target: wanted }, { batch: n, rates: [1] });
    const { data: after } = await execution.read(weight);
    expect(after.length).toBe(6);
    for (const v of after) within(-v, total(column), tiled(n), target);
    execution.destroy();
  }
});

test("17 million ones have the mean 1", async () => {
  const n = 17_000_000; // beyond 2²⁴, where adding 1 changes nothing
  const { program } = compile(graphOf(weft.mean(input("x", [N]))));
  const session = await load(program, { device: await device() });
  const { y } = await session.run({ x: new Float32Array(n).fill(1) });
  session.destroy();
  expect([...(y?.data ?? [])]).toEqual([1]);
});

describe("how loops are cut", () => {
  /** Terms that the fullest accumulator of each level takes up, by counting. */
  function counted(turns: readonly number[], cuts: readonly (readonly number[])[], each: number): number[] {
    const most: number[] = [];
    const note = (level: number, terms: number): void => {
      most[level] = Math.max(most[level] ?? 0, terms);
    };
    // What is added to the accumulator of a level in the loops from `i` on.
    const from = (i: number, level: number): number => {
      const loop = turns[i];
      if (loop === undefined) return each;
      const cut = (size: number, [block, ...finer]: readonly number[], depth: number): number => {
        if (block === undefined) return size * from(i + 1, depth);
        note(depth + 1, cut(block, finer, depth + 1));
        return Math.ceil(size / block);
      };
      return cut(loop, cuts[i] ?? [], level);
    };
    note(0, from(0, 0));
    return most;
  }

  test("blocks have at most 1024 terms, and hold more than 512 on the average", () => {
    const nest = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(nest, fc.integer({ min: 1, max: 12 }), fc.constantFrom(1, 2), (turns, each, levels) => {
        const cuts = cutsOf(turns, { each, levels });
        const terms = turns.reduce((a, n) => a * n, each);
        const used = cuts.flat().length;
        if (terms <= 5120) expect(used).toBe(0);
        else {
          const [outer = 0, ...inner] = counted(turns, cuts, each);
          for (const most of inner) expect(most).toBeLessThanOrEqual(1024);
          expect(used).toBeLessThanOrEqual(levels);
          expect(outer).toBeLessThanOrEqual(Math.max(1024, terms / 512 ** used));
        }
      }),
    );
  });
});
