/** Tuned training steps: which kernels, on which data, and that nothing but rounding is another. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv2d, flatten, type Graph, input, linear, model, N, relu } from "weftgpu";
import type { Bench } from "../../cli/tuning/bench.ts";
import type { Job } from "../../cli/tuning/job.ts";
import { type Found, search } from "../../cli/tuning/search.ts";
import { type Subject, subjectsOf } from "../../cli/tuning/subjects.ts";
import { trainingJob } from "../../cli/tuning/training.ts";
import { singleShader } from "../../compiler/assemble/single.ts";
import { must } from "../../compiler/errors.ts";
import { loopsOf, trialsOf, tunedSchedule } from "../../compiler/strategies/index.ts";
import { targets } from "../../compiler/strategies/target.ts";
import { adam, compileParts, compileTraining, sgd } from "../../compiler/train/index.ts";
import type { Tuning } from "../../contract/tuning.ts";
import lenet from "../../models/lenet.ts";
import { clockOf } from "../../runtime/node/index.ts";
import { createTrainer, type Training } from "../../runtime/train.ts";
import { closeDevice, device } from "../oracle/weft.ts";
import { CLASSES, quarters } from "../train/runtime.ts";

afterAll(closeDevice);

const graph: Graph = (() => {
  const image = input("image", [N, 1, 28, 28]);
  const maps = relu(conv2d(image, { out: 4, kernel: 5, stride: 3 }));
  return model("small", { image }, { logits: linear(flatten(maps), { out: 10 }) }).graph;
})();

describe("a step's kernels", () => {
  const { step } = compileParts(lenet.graph, { optimizer: sgd({ lr: 0.9 }), target: "quads" });
  const subjects = subjectsOf(step);

  test("each dispatch that is one kernel, updates in place among them", () => {
    expect(step.program.dispatches).toHaveLength(24);
    expect(subjects.length).toBeGreaterThanOrEqual(20);
    expect(new Set(subjects.map((s) => s.key)).size).toBe(subjects.length);
    const inPlace = subjects
      .filter((s) => s.stored.some((r) => r.inPlace))
      .map((s) => s.dispatch.layers.at(-1));
    expect(inPlace).toEqual([
      "linear3.weight.updated",
      "linear2.weight.updated",
      "linear1.weight.updated",
      "training.metrics_updated",
    ]);
    for (const { step, dispatch } of subjects)
      expect(dispatch.layers).toEqual(step.region.nodes.map((n) => n.origin.name));
  });

  test("contractions that share a dispatch, over their own buffers", () => {
    const { step } = compileParts(lenet.graph, { optimizer: sgd({ lr: 0.9 }), target: "gpu" });
    const sharing = subjectsOf(step).filter(
      (s) => s.dispatch.buffers.length < s.whole.dispatch.buffers.length,
    );
    expect(sharing.map((s) => s.layers[0])).toContain("linear3.weight.grad → linear3.weight.updated");
    for (const { whole, dispatch, stored, step: own } of sharing) {
      expect(step.program.dispatches).toContain(whole.dispatch);
      expect(own.kernel.kind).toBe("contraction");
      expect(dispatch.layers).toEqual(own.region.nodes.map((n) => n.origin.name));
      expect(stored).toEqual(whole.stored.filter((s) => dispatch.buffers.includes(s.buffer)));
    }
  });

  test("are found again by their keys, whatever else is tuned", () => {
    const tuning = tuningOf(subjects, (_, i) => i);
    const again = compileParts(lenet.graph, { optimizer: sgd({ lr: 0.1 }), target: "quads", tuning });
    expect([...again.step.tuned].toSorted()).toEqual(subjects.map((s) => s.key).toSorted());
    // A dense layer's forward pass is the same kernel where the model is measured.
    expect(again.evaluate.tuned.size).toBeGreaterThan(0);
  });
});

/** For each kernel one of the schedules that a tuner would try. */
function tuningOf(subjects: readonly Subject[], choose: (subject: Subject, i: number) => number): Tuning {
  return Object.fromEntries(
    subjects.map((subject, i) => {
      const trials = trialsOf(subject.step.kernel, [targets.quads, targets.octets], new Map(), 12);
      const data = must(trials[choose(subject, i) % trials.length], "trial");
      const hidden = loopsOf(subject.step.kernel, data, targets.octets)[0] ?? data;
      return [subject.key, i % 3 === 0 ? hidden : data];
    }),
  );
}

/** The losses of two epochs of three steps, the last of them smaller. */
async function losses(training: Training): Promise<readonly number[]> {
  const trainer = await createTrainer(training, { device: await device(), seed: 1 });
  try {
    const found: number[] = [];
    const onStep = ({ batchLoss }: { readonly batchLoss: number }): number => found.push(batchLoss);
    for await (const _ of trainer.fit(quarters(80), { epochs: 2, batch: 32, onStep }));
    return found;
  } finally {
    trainer.destroy();
  }
}

describe("losses of steps, tuned and untuned", () => {
  const image = input("image", [N, 1, 4, 4]);
  const maps = relu(conv2d(image, { out: 8, kernel: 3, padding: 1 }));
  const hidden = relu(linear(flatten(maps), { out: 12 }));
  const small = model("small", { image }, { logits: linear(hidden, { out: CLASSES }) }).graph;

  test.each([
    ["sgd", 1, sgd({ lr: 0.5, momentum: 0.9 })],
    ["adam", 5, adam({ lr: 0.02 })],
  ])("%s", async (_, shift, optimizer) => {
    const plain = compileParts(small, { optimizer });
    const want = await losses(plain.training);
    expect(want).toHaveLength(6);
    expect(want.at(-1)).toBeLessThan(0.9 * (want[0] ?? 0)); // it learns
    const tuning = tuningOf(subjectsOf(plain.step), (_, i) => shift + 3 * i);
    const training = compileTraining(small, { optimizer, tuning });
    expect(training.step.kernels.map((k) => k.wgsl)).not.toEqual(
      plain.training.step.kernels.map((k) => k.wgsl),
    );
    for (const [i, loss] of (await losses(training)).entries())
      expect(Math.abs(loss - (want[i] ?? Number.NaN)), `step ${i + 1}`).toBeLessThan(1e-4);
  });
});

describe("a step gone through on a device", () => {
  let job: Job;
  let bench: Bench;
  beforeAll(async () => {
    const options = { batch: 16, limit: 64, optimizer: "sgd", lr: 0.1, seed: 3, patience: 0 } as const;
    const note = (): void => {};
    job = (await trainingJob(graph, { ...options, note }))("quads");
    const opened = await device();
    bench = await job.open({ device: opened, clock: clockOf(opened) });
  });
  afterAll(() => bench.close());

  test("updates are tried on copies: what they overwrite is left for the step itself", async () => {
    const { dispatches } = job.compilation.program;
    const subjects = subjectsOf(job.compilation);
    const site = must(
      subjects.find((s) => s.stored.some((r) => r.inPlace) && s.step.kernel.kind === "contraction"),
      "an update",
    );
    const { step, whole } = site;
    const { dispatch } = whole;
    const { buffer: state, shape } = must(site.stored[0], "state");
    const count = shape.reduce<number>((a, d) => a * Number(d), 1);
    await bench.run(dispatches.slice(0, dispatches.indexOf(dispatch)));
    const before = await bench.contents(state, count);

    const { shader, grid } = singleShader(step, job.compilation.storages, dispatch.layers);
    const trial = await bench.trial(site, shader, grid);
    const { work } = trial;
    const first = await bench.result(trial, site);
    await bench.measure([work, work, ...(await bench.works([site]))], site);
    const second = await bench.result(trial, site);
    expect(second.data).toEqual(first.data); // it began with the same state
    expect(await bench.contents(state, count)).toEqual(before);
    expect(first.data[0]).not.toEqual(before);

    await bench.run([dispatch]);
    expect(await bench.contents(state, count)).toEqual(first.data[0]);
  });

  test("whatever is searched, the second step begins where the first one ended", async () => {
    const opened = await device();
    const { program } = job.compilation;
    const [searched, plain] = [
      await job.open({ device: opened, clock: clockOf(opened) }),
      await job.open({ device: opened, clock: clockOf(opened) }),
    ];
    try {
      const found: Found[] = [];
      await search({
        bench: searched,
        compilation: job.compilation,
        targets: [{ ...targets.quads, batch: 16 }],
        batch: 16,
        budget: 1500,
        onFound: (f) => found.push(f),
      });
      const last = must(found.at(-1), "found").subject.whole.dispatch;
      expect(found.map((f) => f.subject.key)).toEqual(subjectsOf(job.compilation).map((s) => s.key));
      for (const { rejected, tried } of found) expect({ rejected, tried }).toMatchObject({ rejected: [] });
      expect(found.some((f) => f.tried > 0)).toBe(true);
      await searched.run(program.dispatches.slice(program.dispatches.indexOf(last)));
      for (let step = 0; step < 2; step++) await plain.run(program.dispatches);
      for (const { name, buffer, shape } of program.params) {
        const count = shape.reduce((a, d) => a * d, 1);
        expect(await searched.contents(buffer, count), name).toEqual(await plain.contents(buffer, count));
      }
    } finally {
      searched.close();
      plain.close();
    }
  });

  test("steps of both are compared by their losses", async () => {
    const opened = await device();
    const whole = await job.compare(
      tuningOf(subjectsOf(job.compilation), (_, i) => i),
      { device: opened, clock: clockOf(opened) },
    );
    expect(whole.default).toBeGreaterThan(0);
    expect(whole.tuned).toBeGreaterThan(0);
  });
});

test("opaque loops are tried where the target has them, and recorded", () => {
  const { step } = compileParts(graph, { optimizer: sgd({ lr: 1 }), target: "octets" });
  for (const { kernel } of step.steps) {
    const [data] = trialsOf(kernel, [targets.octets], new Map(), 1);
    if (!data) continue;
    const other = data.endsWith(", opaque loops")
      ? data.replace(", opaque loops", "")
      : `${data}, opaque loops`;
    expect(loopsOf(kernel, data, targets.quads)).toEqual([]);
    expect(loopsOf(kernel, data, targets.octets)).toEqual([other]);
    expect(tunedSchedule(kernel, data)?.opaque).toBe(data.endsWith("opaque loops"));
    expect(tunedSchedule(kernel, other)?.opaque).toBe(other.endsWith("opaque loops"));
  }
});
