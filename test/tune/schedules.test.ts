/** Any schedule that the data can say gives the numbers of the naive reference, whatever a tuner chooses. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  avgPool2d,
  compile,
  conv2d,
  flatten,
  type Graph,
  input,
  layerNorm,
  linear,
  matmul,
  maxPool2d,
  model,
  N,
  relu,
  sigmoid,
  softmax,
} from "weftgpu";
import type { Kernel } from "../../compiler/ir/kernel.ts";
import { tuningKey } from "../../compiler/lower/identity.ts";
import { fitsStage } from "../../compiler/passes/stage.ts";
import { gpu, portable, quads, vectorWidth } from "../../compiler/passes/target.ts";
import { trialsOf, tunedSchedule, untuned } from "../../compiler/passes/tuning.ts";
import type { Stage, TunedContraction, TunedSchedule, Tuning } from "../../contract/tuning.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { differences, reference } from "../oracle/compare.ts";
import { closeDevice, runProgram } from "../oracle/weft.ts";

afterAll(closeDevice);

const SEED = 4;
/** Tunings drawn for each model and test. */
const RUNS = Number(process.env["WEFT_TUNE_RUNS"] ?? 2);

/** Odd sizes, a stride, padding, groups of rows: what a tile may not divide. */
const models: Readonly<Record<string, Graph>> = {
  convolutions: (() => {
    const x = input("x", [N, 3, 9, 11]);
    const a = relu(conv2d(x, { out: 8, kernel: 3, padding: 1 }));
    const b = maxPool2d(conv2d(a, { out: 6, kernel: [3, 1], stride: 2 }), { kernel: 2 });
    return model("convolutions", { x }, { y: conv2d(b, { out: 4, kernel: 1 }) }).graph;
  })(),
  pooled: (() => {
    const x = input("x", [N, 1, 12, 12]);
    const a = avgPool2d(sigmoid(conv2d(x, { out: 6, kernel: 5 })), { kernel: 2 });
    return model("pooled", { x }, { y: linear(flatten(a), { out: 10 }) }).graph;
  })(),
  dense: (() => {
    const [x, y] = [input("x", [N, 5, 12]), input("y", [N, 12, 7])];
    const z = softmax(matmul(x, y));
    return model("dense", { x, y }, { z, v: layerNorm(linear(x, { out: 14 })) }).graph;
  })(),
};

const divisors = [1, 1, 2, 3, 4, 5, 6, 8];

/** A schedule of any legal numbers, most of which no rule would choose; bounded by what is quick to build. */
function anySchedule(kernel: Kernel, draw: (below: number) => number): TunedSchedule {
  const workgroup = [16, 32, 64, 128, 256][draw(5)] ?? 64;
  if (kernel.kind === "mapReduce") {
    const widest = vectorWidth(kernel.space.at(-1));
    const usual = trialsOf(kernel, [portable], new Map(), 9).map((t) =>
      t.kind === "mapReduce" ? t.vector : 1,
    );
    const vector = usual[draw(usual.length)] ?? 1;
    return { kind: "mapReduce", workgroup, vector: vector <= widest ? vector : 1 };
  }
  const columns = kernel.n.at(-1);
  let room = Math.max(1, 32 / kernel.window.reduce((a, x) => a * Number(x.extent), 1));
  const tile = kernel.space.map((axis) => {
    const unit = axis === columns ? vectorWidth(axis) : 1;
    const most = Math.min(axis.extent === "N" ? 4 : axis.extent, Math.max(unit, room));
    const side = Math.min(unit * (divisors[draw(divisors.length)] ?? 1), Math.floor(most / unit) * unit);
    room /= side;
    return side;
  });
  let steps = 16;
  let blocked = false; // one axis at most is cut into blocks
  const unroll = kernel.k.map((axis) => {
    const most = Math.max(1, Math.min(axis.extent === "N" ? 1 : axis.extent, Math.floor(steps)));
    const drawn = 1 + draw(most);
    const count = blocked && drawn < Number(axis.extent) ? 1 : drawn;
    blocked ||= count > 1 && count < Number(axis.extent);
    steps /= count;
    return count;
  });
  const lanes = (axes: typeof kernel.n): boolean => axes.some((a) => a.extent !== "N");
  const shares = [
    null,
    ...(lanes(kernel.n) ? ["lhs" as const] : []),
    ...(lanes(kernel.m) ? ["rhs" as const] : []),
  ];
  return { kind: "contraction", workgroup, tile, unroll, share: shares[draw(shares.length)] ?? null };
}

/** The same, for workgroups that fetch or add up together. */
function anyTogether(kernel: Kernel, draw: (below: number) => number): TunedSchedule {
  const drawn = anySchedule(kernel, draw);
  const size = [2, 4, 8, 16][draw(4)] ?? 4;
  const inner = draw(2) === 0;
  const team = { size, inner: inner ? "members" : "places" } as const;
  if (drawn.kind === "mapReduce" || kernel.kind === "mapReduce") return { ...drawn, team };
  const whole = kernel.k.map((a) => a.extent);
  if (draw(3) === 0)
    return { ...drawn, workgroup: 64, share: null, unroll: whole.map((n) => (n === 3 ? 3 : 1)), team };
  const threads = [1, 2, 4, 8];
  const [rows, columns] = [threads[draw(3)] ?? 1, threads[draw(4)] ?? 1];
  const batch = kernel.m.some((a) => a.extent === "N") ? (threads[draw(3)] ?? 1) : 1;
  const depth = Math.max(rows * batch, columns) * (1 + draw(2));
  const stage: Stage = { rows, batch, columns, depth, inner: inner ? "rows" : "columns" };
  const last = kernel.n.at(-1);
  const small = kernel.space.map((a) => (a === last ? vectorWidth(a) : 1));
  const staged = (tile: readonly number[]): TunedContraction => {
    const workgroup = rows * batch * columns;
    return { kind: "contraction", workgroup, tile, unroll: whole.map(() => 1), share: null, stage };
  };
  // A large tile may need more memory than there is.
  return fitsStage(kernel, staged(drawn.tile), stage) ? staged(drawn.tile) : staged(small);
}

function tuningOf(graph: Graph, choose: (kernel: Kernel) => TunedSchedule): Tuning {
  const { steps, storages } = compile(graph);
  return Object.fromEntries(steps.map(({ kernel }) => [tuningKey(kernel, storages), choose(kernel)]));
}

describe.each(Object.entries(models))("%s", (_, graph) => {
  const batch = 3;
  const { inputs, params } = dataFor(graph, batch, SEED, 1);
  const want = reference(graph, inputs, params);

  test.each([
    ["schedule", anySchedule],
    ["stage or team", anyTogether],
  ] as const)("any legal %s of every kernel gives the reference's numbers", async (_, any) => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(1000)), async (numbers) => {
        const draw = (below: number): number => (numbers.next().value ?? 0) % below;
        const tuning = tuningOf(graph, (kernel) => any(kernel, draw));
        const compilation = compile(graph, { tuning });
        expect(compilation.tuned.size).toBe(Object.keys(tuning).length); // every one was legal, and taken
        const [got] = await runProgram(compilation.program, params, inputs);
        expect(differences(got ?? {}, want), JSON.stringify(tuning)).toBeUndefined();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test.each([
    ["on a CPU", [portable, quads]],
    ["on a GPU", [{ ...gpu, batch: 3 }, portable]],
  ] as const)("so does whatever a tuner would try %s", async (_, targets) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), async (place) => {
        const tuning = tuningOf(graph, (kernel) => {
          const trials = trialsOf(kernel, targets, new Map(), 1000);
          return trials[place % trials.length] ?? { kind: "mapReduce", workgroup: 64, vector: 1 };
        });
        const compilation = compile(graph, { tuning });
        expect(compilation.tuned.size).toBe(Object.keys(tuning).length);
        const [got] = await runProgram(compilation.program, params, inputs);
        expect(differences(got ?? {}, want), JSON.stringify(tuning)).toBeUndefined();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

describe("data and schedules", () => {
  const { steps, storages } = compile(lenet.graph, { target: "quads" });

  test("the compiler's own choice can be said, and comes back the same", () => {
    for (const { kernel, schedule } of steps) {
      const data = untuned(kernel, quads, schedule);
      expect(data).toBeDefined();
      const back = data && tunedSchedule(kernel, quads, data);
      expect(back?.rule).toBe(`${schedule.rule}, tuned`);
      expect(back).toMatchObject({ workgroup: schedule.workgroup, vector: schedule.vector });
    }
  });

  test("what is worth measuring: different ones, the cheapest first, no more than asked for", () => {
    for (const { kernel } of steps) {
      const trials = trialsOf(kernel, [quads], storages, 12);
      expect(trials.length).toBeLessThanOrEqual(12);
      expect(new Set(trials.map((t) => JSON.stringify(t))).size).toBe(trials.length);
      const tiles = new Set(trials.map((t) => (t.kind === "contraction" ? t.tile.join() : "")));
      expect(tiles.size).toBeGreaterThan(trials.length / 4);
    }
  });

  test("the same kernel of another model, with other names, has the same key", () => {
    const x = input("photo", [N, 1, 28, 28]);
    const other = avgPool2d(sigmoid(conv2d(x, { out: 6, kernel: 5, padding: 2 })), { kernel: 2 });
    const renamed = compile(model("other", { photo: x }, { thing: other }).graph, { target: "quads" });
    const key = (c: Pick<typeof renamed, "steps" | "storages">): string | undefined =>
      c.steps[0] && tuningKey(c.steps[0].kernel, c.storages);
    expect(key(renamed)).toBe(key({ steps, storages }));
    expect(key(renamed)).toMatch(/^[0-9a-f]{16}$/);
    const keys = steps.map((s) => tuningKey(s.kernel, storages));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("numbers that do not fit a kernel are not taken", () => {
    const [{ kernel } = { kernel: undefined }] = steps;
    if (kernel?.kind !== "contraction") throw new Error("conv1 is a contraction");
    const good = {
      kind: "contraction",
      workgroup: 64,
      tile: [1, 6, 1, 2],
      unroll: [1, 5],
      share: null,
    } as const;
    expect(kernel.space.map((a) => a.extent)).toEqual(["N", 6, 14, 14]);
    expect(tunedSchedule(kernel, portable, good)).toBeDefined();
    const wrong: readonly TunedSchedule[] = [
      { ...good, workgroup: 512 },
      { ...good, workgroup: 1.5 },
      { ...good, tile: [1, 6, 1] },
      { ...good, tile: [1, 3, 1, 2] }, // half a vector
      { ...good, tile: [1, 12, 1, 2] }, // more than there are
      { ...good, tile: [1, 6, 14, 14] }, // more than a thread should hold
      { ...good, unroll: [1, 6] },
      { ...good, unroll: [1, 0] },
      { ...good, unroll: [2, 2] }, // blocks of blocks
      { kind: "mapReduce", workgroup: 64, vector: 1 },
    ];
    for (const data of wrong)
      expect(tunedSchedule(kernel, portable, data), JSON.stringify(data)).toBeUndefined();
  });

  test("the kernel's header says that it was tuned", () => {
    const tuning = tuningOf(
      lenet.graph,
      (kernel) => trialsOf(kernel, [portable], new Map(), 3).at(-1) ?? fallback,
    );
    const { program } = compile(lenet.graph, { tuning });
    for (const { wgsl } of program.kernels) expect(wgsl).toMatch(/^\/\/ contraction: .*, tuned$/m);
    expect(compile(lenet.graph, { tuning: {} }).program).toEqual(compile(lenet.graph).program);
  });
});

const fallback: TunedSchedule = { kind: "mapReduce", workgroup: 64, vector: 1 };
