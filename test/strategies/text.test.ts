/** Schedules as text: each has one, which is read back as the same; any other text is refused, or right. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { tuningKey } from "../../compiler/assemble/identity.ts";
import { type Compilation, compile } from "../../compiler/compile.ts";
import type { Kernel, Schedule } from "../../compiler/ir/kernel.ts";
import type { Step } from "../../compiler/ir/step.ts";
import { scheduleIdentity } from "../../compiler/math/identity.ts";
import { isSchedule, parseSchedule, printSchedule, strategiesFor } from "../../compiler/strategies/index.ts";
import { type Target, targets } from "../../compiler/strategies/target.ts";
import { compileParts } from "../../compiler/train/index.ts";
import channels from "../../models/lecture/channels.ts";
import corr2d from "../../models/lecture/corr2d.ts";
import pooling from "../../models/lecture/pooling.ts";
import lenet from "../../models/lenet.ts";
import { checker } from "../check/device.ts";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel } from "../fuzz/spec.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";

const identity = (schedule: Schedule): string => scheduleIdentity(schedule, (axis) => axis.id);

/** Every schedule that a strategy chooses or tries. */
function schedulesOf({ kernel }: Step, { storages }: Compilation, target: Target): readonly Schedule[] {
  return strategiesFor(kernel)
    .flatMap((strategy) => [
      strategy.choose(kernel, target, storages) ?? [],
      strategy.trials(kernel, target, storages).map((t) => t.schedule),
    ])
    .flat(2);
}

/** Checks that all of them come back from their texts, and says which strategies they were. */
function comeBack(compilation: Compilation): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const step of compilation.steps)
    for (const target of [...Object.values(targets), { ...targets.gpu, batch: 1 }])
      for (const schedule of schedulesOf(step, compilation, target)) {
        const text = printSchedule(step.kernel, schedule);
        const back = parseSchedule(step.kernel, text);
        expect(back && identity(back), text).toBe(identity(schedule));
        expect(isSchedule(text), text).toBe(true);
        seen.add(schedule.strategy);
      }
  return seen;
}

describe("what a strategy chooses or tries comes back from its text", () => {
  test("of LeNet, for running and for training: each strategy has its turn, where sums are long, too", () => {
    const { step } = compileParts(lenet.graph, { optimizer: w.sgd({ lr: 1 }) });
    const x = w.input("x", [w.N, 8192]);
    const long = w.model("long", { x }, { y: w.softmax(w.linear(x, { out: 10 })), z: w.softmax(x) });
    const all = [compile(lenet.graph), step, compile(long.graph)];
    const seen = new Set(all.flatMap((c) => [...comeBack(c)]));
    const known = (["contraction", "mapReduce"] as const).flatMap((kind) => strategiesFor({ kind }));
    expect([...seen].toSorted()).toEqual([...new Set(known.map((s) => s.name))].toSorted());
  });

  test.each(Object.entries({ channels, corr2d, pooling }))("of the lecture's %s", (_, { graph }) => {
    comeBack(compile(graph));
  });

  test("of random models", () => {
    for (const spec of fc.sample(models(), { seed: 21, numRuns: 40 })) comeBack(compile(buildModel(spec)));
  });
});

/** Both factors of odd sizes, a pooling window, rows that are walked, vectors of two and of four. */
const graph = (() => {
  const x = w.input("x", [w.N, 3, 6, 7]);
  const a = w.maxPool2d(w.relu(w.conv2d(x, { out: 4, kernel: 3, padding: 1 })), { kernel: 2 });
  return w.model("m", { x }, { y: w.softmax(w.linear(w.flatten(a), { out: 6 })), z: w.sigmoid(a) }).graph;
})();

const numbers = [
  "0",
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "12",
  "16",
  "32",
  "64",
  "100",
  "257",
  "1.5",
  "-1",
];
const words = [
  "lhs",
  "rhs",
  "rows",
  "columns",
  "members",
  "places",
  "opaque loops",
  "looped stores",
  "vector 2",
  "K 8",
  "×",
];

/** A text with something of it missing, twice, elsewhere, or another. */
function mangled(text: string, draw: (below: number) => number): string {
  const items = text.split(", ");
  const at = draw(items.length);
  const item = items[at] ?? "";
  const other = (of: readonly string[]): string => of[draw(of.length)] ?? "";
  const inItem = (pattern: RegExp, by: string): string => {
    const hits = [...item.matchAll(pattern)];
    const hit = hits[draw(Math.max(1, hits.length))];
    return hit ? item.slice(0, hit.index) + by + item.slice(hit.index + hit[0].length) : `${item} ${by}`;
  };
  const changed = [
    [],
    [item, item],
    [item, other(words)],
    [inItem(/\d+/g, other(numbers))],
    [inItem(/\d+/g, other(numbers))],
    [inItem(/lhs|rhs|rows|columns|members|places/g, other(words))],
    [inItem(/./g, other(["", " ", "×", ",", "1", "\u0000", "9".repeat(400)]))],
  ];
  const next = items.toSpliced(at, 1, ...(changed[draw(changed.length)] ?? []));
  if (draw(8) === 0) next.reverse();
  return next.join(", ");
}

/** Schedules of a strategy that are carried out for a kernel. */
const MOST = 12;

describe("a text", () => {
  const batch = 3;
  const plain = compile(graph);
  const { steps, storages } = plain;
  const { inputs, params } = dataFor(graph, batch, 4, 1);
  const want = reference(graph, inputs, params);

  /** Runs the graph with a schedule for one of its kernels, as carried out step by step. */
  async function runs(kernel: Kernel, text: string): Promise<void> {
    const compilation = compile(graph, { tuning: { [tuningKey(kernel, storages)]: text } });
    expect(compilation.tuned.size).toBe(1);
    const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]);
    expect(differences(got ?? {}, want), text).toBeUndefined();
  }

  const all = steps.flatMap((step) => {
    const { kernel } = step;
    const texts = Object.values(targets).flatMap((target) =>
      schedulesOf(step, plain, target).map((s) => printSchedule(kernel, s)),
    );
    const split = kernel.kind === "contraction" ? ["split-K 3"] : [];
    return [...new Set([...split, ...texts])].map((text) => ({ kernel, text }));
  });

  test("every strategy's schedules, carried out, give the reference's numbers", async () => {
    for (const { kernel } of steps)
      for (const { name } of strategiesFor(kernel)) {
        const own = all.filter((a) => a.kernel === kernel && a.text.startsWith(name));
        const some = own.filter((_, i) => i % Math.ceil(own.length / MOST) === 0);
        for (const { text } of some) await runs(kernel, text);
      }
  });

  test("one with a mistake is refused, or is the one text of another legal schedule, which gives the reference's numbers", async () => {
    let [refused, legal] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.nat(all.length - 1), fc.infiniteStream(fc.nat(9999)), async (at, drawn) => {
        const { kernel, text: good } = all[at] ?? { text: "" };
        if (!kernel) return;
        const draw = (below: number): number => (drawn.next().value ?? 0) % below;
        const text = mangled(good, draw);
        const schedule = parseSchedule(kernel, text);
        if (!schedule) {
          refused++;
          return;
        }
        legal++;
        expect(printSchedule(kernel, schedule)).toBe(text);
        expect(isSchedule(text)).toBe(true);
        await runs(kernel, text);
      }),
      { numRuns: 400, seed: 6 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(legal).toBeGreaterThan(20);
  });

  const [conv] = steps;
  test.each([
    "register tile 1×4×1×1, workgroup 64",
    "parallel reduction 4 members, register tile 1×4×1×1, unroll 3×1×1, workgroup 64",
  ])("such as %j is legal", (text) => {
    expect(conv && parseSchedule(conv.kernel, text)).toBeDefined();
  });

  test.each([
    "",
    "register tile",
    "tile 1×4×1×1, workgroup 64",
    "workgroup 64, register tile 1×4×1×1×1×1",
    "register tile 1×4×1×1, workgroup 64, workgroup 64",
    "register tile 1×4×1×1,workgroup 64",
    "register tile 1×4×1×1, workgroup 64 ",
    "register tile 1×4×1×1, workgroup 64, opaque loops 1",
    "register tile 1x4x1x1, workgroup 64",
    "register tile 0×4×1×1, workgroup 64",
    "parallel reduction 4 members, register tile 1×4×1×1, unroll 2×1×1, workgroup 64",
  ])("such as %j is refused", (text) => {
    expect(conv && parseSchedule(conv.kernel, text)).toBeUndefined();
  });

  test("of another kind of kernel is none of this one", () => {
    const text = "thread per position, workgroup 64";
    expect(isSchedule(text)).toBe(true);
    expect(conv && parseSchedule(conv.kernel, text)).toBeUndefined();
    expect(isSchedule("thread per place, workgroup 64")).toBe(false);
    expect(isSchedule("thread per position, K 8")).toBe(false);
    expect(isSchedule("thread per position, workgroup 64, workgroup 64")).toBe(false);
    expect(isSchedule("vector 2, thread per position, workgroup 64")).toBe(false);
  });
});
