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
import { tuningKey } from "../../compiler/assemble/identity.ts";
import type { ContractionKernel, Kernel } from "../../compiler/ir/kernel.ts";
import { scheduleIdentity } from "../../compiler/math/identity.ts";
import { parseSchedule, printSchedule, trialsOf, tunedSchedule } from "../../compiler/strategies/index.ts";
import { gpu, portable, quads, vectorWidth } from "../../compiler/strategies/target.ts";
import type { Tuning } from "../../contract/tuning.ts";
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

const sizes = (values: readonly number[]): string => values.join("×");

/** A tiling of any legal numbers, most of which no strategy would choose; bounded by what is quick to build. */
function anyTiling(
  kernel: ContractionKernel,
  draw: (below: number) => number,
): Readonly<Record<"tile" | "unroll", readonly number[]>> {
  const columns = kernel.n.at(-1);
  let room = Math.max(1, 32 / kernel.window.reduce((a, x) => a * Number(x.extent), 1));
  const tile = kernel.space.map((axis) => {
    const unit = axis === columns ? vectorWidth(axis) : 1;
    const most = Math.min(typeof axis.extent === "number" ? axis.extent : 4, Math.max(unit, room));
    const side = Math.min(unit * (divisors[draw(divisors.length)] ?? 1), Math.floor(most / unit) * unit);
    room /= side;
    return side;
  });
  let steps = 16;
  let blocked = false; // one axis at most is cut into blocks
  const unroll = kernel.k.map((axis) => {
    const most = Math.max(1, Math.min(typeof axis.extent === "number" ? axis.extent : 1, Math.floor(steps)));
    const drawn = 1 + draw(most);
    const count = blocked && drawn < Number(axis.extent) ? 1 : drawn;
    blocked ||= count > 1 && count < Number(axis.extent);
    steps /= count;
    return count;
  });
  return { tile, unroll };
}

const unrolled = (steps: readonly number[]): string =>
  steps.some((n) => n > 1) ? `, unroll ${sizes(steps)}` : "";

/** The first of some texts that a kernel takes: a large tile may need more memory than there is. */
function legal(kernel: Kernel, ...texts: readonly string[]): string {
  const found = texts.find((text) => parseSchedule(kernel, text));
  if (found === undefined) throw new Error(`none of these is legal: ${texts.join("; ")}`);
  return found;
}

function anyVector(
  kernel: Kernel,
  draw: (below: number) => number,
  text: (vector: string) => string,
): string {
  return legal(kernel, ...["", ", vector 2", ", vector 4"].slice(draw(3)).map(text), text(""));
}

/** Any legal schedule of threads that work alone or as quads. */
function anyAlone(kernel: Kernel, draw: (below: number) => number): string {
  const workgroup = [16, 32, 64, 128, 256][draw(5)] ?? 64;
  const opaque = draw(2) === 0 ? ", opaque loops" : "";
  if (kernel.kind === "mapReduce")
    return anyVector(kernel, draw, (v) => `thread per position${v}, workgroup ${workgroup}${opaque}`);
  const { tile, unroll } = anyTiling(kernel, draw);
  const lanes = (axes: typeof kernel.n): boolean => axes.some((a) => a.extent !== "N");
  const broadcasts = ["", ...(lanes(kernel.n) ? ["lhs"] : []), ...(lanes(kernel.m) ? ["rhs"] : [])];
  const factor = broadcasts[draw(broadcasts.length)] ?? "";
  const broadcast = factor && `, subgroup broadcast ${factor}`;
  const looped = draw(2) === 0 ? ", looped stores" : "";
  return `register tile ${sizes(tile)}${unrolled(unroll)}${broadcast}, workgroup ${workgroup}${looped}${opaque}`;
}

/** The same, for workgroups that fetch or add up together. */
function anyTogether(kernel: Kernel, draw: (below: number) => number): string {
  const team = `${[2, 4, 8, 16][draw(4)] ?? 4} ${draw(2) === 0 ? "members" : "places"}`;
  if (kernel.kind === "mapReduce") {
    const workgroup = [16, 32, 64, 128, 256][draw(5)] ?? 64;
    return anyVector(kernel, draw, (v) => `parallel rows ${team}${v}, workgroup ${workgroup}`);
  }
  const { tile } = anyTiling(kernel, draw);
  const last = kernel.n.at(-1);
  const small = kernel.space.map((a) => (a === last ? vectorWidth(a) : 1));
  if (draw(3) === 0) {
    const unroll = unrolled(kernel.k.map((a) => (a.extent === 3 ? 3 : 1)));
    return legal(
      kernel,
      ...[tile, small].map(
        (t) => `parallel reduction ${team}, register tile ${sizes(t)}${unroll}, workgroup 64`,
      ),
    );
  }
  const threads = [1, 2, 4, 8];
  const [rows, columns] = [threads[draw(3)] ?? 1, threads[draw(4)] ?? 1];
  const batch = kernel.m.some((a) => a.extent === "N") ? (threads[draw(3)] ?? 1) : 1;
  const depth = Math.max(rows * batch, columns) * (1 + draw(2));
  const block = sizes(batch > 1 ? [batch, rows, columns] : [rows, columns]);
  const inner = draw(2) === 0 ? "rows" : "columns";
  return legal(
    kernel,
    ...[tile, small].map(
      (t) =>
        `workgroup tile ${block}, register tile ${sizes(t)}, K ${depth}, staged lhs+rhs, innermost ${inner}`,
    ),
  );
}

function tuningOf(graph: Graph, choose: (kernel: Kernel) => string): Tuning {
  const { steps, storages } = compile(graph);
  return Object.fromEntries(steps.map(({ kernel }) => [tuningKey(kernel, storages), choose(kernel)]));
}

describe.each(Object.entries(models))("%s", (_, graph) => {
  const batch = 3;
  const { inputs, params } = dataFor(graph, batch, SEED, 1);
  const want = reference(graph, inputs, params);

  test.each([
    ["schedule of threads that work alone or as quads", anyAlone],
    ["schedule of workgroups that work together", anyTogether],
  ] as const)("any legal %s gives the reference's numbers", async (_, any) => {
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
          return trials[place % trials.length] ?? fallback;
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
      const text = printSchedule(kernel, schedule);
      const back = tunedSchedule(kernel, text);
      expect(back).toMatchObject({ strategy: schedule.strategy, tuned: true });
      expect(back && scheduleIdentity(back, (a) => a.id)).toBe(scheduleIdentity(schedule, (a) => a.id));
    }
  });

  test("what is worth measuring: different ones, the cheapest first, no more than asked for", () => {
    for (const { kernel } of steps) {
      const trials = trialsOf(kernel, [quads], storages, 12);
      expect(trials.length).toBeLessThanOrEqual(12);
      expect(new Set(trials).size).toBe(trials.length);
      const tiles = new Set(trials.map((t) => /tile [\d×]+/.exec(t)?.[0]));
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
    const good = "register tile 1×6×1×2, unroll 1×5, workgroup 64";
    expect(kernel.space.map((a) => a.extent)).toEqual(["N", 6, 14, 14]);
    expect(tunedSchedule(kernel, good)).toBeDefined();
    const wrong = [
      good.replace("64", "512"),
      good.replace("64", "1.5"),
      good.replace("1×6×1×2", "1×6×1"),
      good.replace("1×6×1×2", "1×3×1×2"), // half a vector
      good.replace("1×6×1×2", "1×12×1×2"), // more than there are
      good.replace("1×6×1×2", "1×6×14×14"), // more than a thread should hold
      good.replace("1×5", "1×6"),
      good.replace("1×5", "1×0"),
      good.replace("1×5", "2×2"), // blocks of blocks
      fallback,
    ];
    for (const text of wrong) expect(tunedSchedule(kernel, text), text).toBeUndefined();
  });

  test("the kernel's header says that it was tuned", () => {
    const tuning = tuningOf(
      lenet.graph,
      (kernel) => trialsOf(kernel, [portable], new Map(), 3).at(-1) ?? fallback,
    );
    const { program } = compile(lenet.graph, { tuning });
    for (const { wgsl } of program.kernels) expect(wgsl).toMatch(/^\/\/ .*, tuned$/m);
    expect(compile(lenet.graph, { tuning: {} }).program).toEqual(compile(lenet.graph).program);
  });
});

const fallback = "thread per position, workgroup 64";
