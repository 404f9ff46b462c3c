/** Gradients of several batches, gathered for one update: what one large batch gives. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchNorm2d, conv2d, flatten, input, linear, model, N, relu } from "weftgpu";
import {
  adam,
  compileTraining,
  type Optimizer,
  sgd,
  type TrainingOptions,
} from "../../compiler/train/index.ts";
import lenet from "../../models/lenet.ts";
import {
  cosine,
  createTrainer,
  type FitOptions,
  type Training,
  validateTraining,
  type Weights,
} from "../../runtime/train.ts";
import { BEGINNING } from "../../runtime/trainState.ts";
import { batchOf, type Steps } from "../../runtime/trainSteps.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { message } from "../dsl/message.ts";
import { closeDevice, device as openDevice } from "../oracle/weft.ts";
import { failure } from "../runtime/failure.ts";
import { bytesOf, CLASSES, collect, figures, quarters } from "./runtime.ts";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(async () => {
  device.destroy();
  await closeDevice();
});

const image = input("image", [N, 1, 4, 4]);
const maps = relu(conv2d(image, { out: 4, kernel: 3 }));
const hidden = relu(linear(flatten(maps), { out: 6 }));
const { graph } = model("gathered", { image }, { logits: linear(hidden, { out: CLASSES }) });

const training = (options: Partial<TrainingOptions> = {}): Training =>
  compileTraining(graph, { optimizer: sgd({ lr: 0.3 }), target: "wasm", ...options });

/** An epoch is of six batches of 8, the last of 4; of two updates of 24, the last of 20. */
const data = quarters(44);

async function trained(of: Training, fit: FitOptions, on: GPUDevice = device): Promise<Weights> {
  const trainer = await createTrainer(of, { device: on, seed: 3 });
  await collect(trainer.fit(data, fit));
  const weights = trainer.weights();
  trainer.destroy();
  return weights;
}

function expectClose(got: Weights, want: Weights, tolerance: number): void {
  for (const [name, { data }] of Object.entries(want))
    for (const [i, w] of data.entries()) {
      const is = got[name]?.data[i] ?? Number.NaN;
      if (!(Math.abs(is - w) <= tolerance)) expect.fail(`${name}[${i}] is ${is}, not ${w}`);
    }
}

describe("batches of 8, three to an update, equal batches of 24", () => {
  const momentum = sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.01 });
  test.each<[string, Partial<TrainingOptions>]>([
    ["sgd", {}],
    ["momentum and weight decay", { optimizer: momentum }],
    ["Nesterov", { optimizer: sgd({ lr: 0.1, momentum: 0.9, nesterov: true }) }],
    ["Adam", { optimizer: adam({ lr: 0.01 }) }],
    ["AdamW", { optimizer: adam({ lr: 0.01, weightDecay: 0.1 }) }],
    ["a bound of the norm", { optimizer: momentum, clip: { norm: 0.3 } }],
    ["a bound of each value", { optimizer: momentum, clip: { value: 0.05 } }],
    ["a sum of losses", { optimizer: sgd({ lr: 0.01 }), reduction: "sum" }],
    ["frozen layers", { optimizer: momentum, freeze: ["conv2d1", "linear1.bias"] }],
  ])("%s", async (_, options) => {
    const several = await trained(training({ ...options, accumulate: 3 }), { epochs: 3, batch: 8 });
    const whole = await trained(training(options), { epochs: 3, batch: 24 });
    expectClose(several, whole, 2e-5);
  });

  test("which batches of 8 apart are not", async () => {
    const [apart, whole] = [
      await trained(training(), { batch: 8 }),
      await trained(training(), { batch: 24 }),
    ];
    expect(() => expectClose(apart, whole, 1e-3)).toThrow();
  });

  test("in WGSL", async () => {
    const options = { optimizer: adam({ lr: 0.01 }), clip: { norm: 1 }, target: "portable" } as const;
    const gpu = await openDevice();
    const several = await trained(training({ ...options, accumulate: 3 }), { epochs: 2, batch: 8 }, gpu);
    expectClose(
      several,
      await trained(training({ ...options, target: "wasm" }), { epochs: 2, batch: 24 }),
      2e-5,
    );
  });
});

test("one batch to an update is what there is without", () => {
  expect(training({ accumulate: 1 })).toEqual(training());
});

test("a single batch at the end of an epoch is taken as it is, bit for bit", async () => {
  // Of four epochs of one batch each, every update has one.
  const fit = { epochs: 4, batch: 44 };
  expect(await trained(training({ accumulate: 5 }), fit)).toEqual(await trained(training(), fit));
});

test("parameters and moments stay as they are, bit for bit, until an update is due", async () => {
  const of = training({ optimizer: adam(), accumulate: 4 });
  const trainer = await createTrainer(of, { device });
  const names = Object.keys(trainer.checkpoint().tensors).filter((name) => !name.endsWith(".gradient"));
  const kept: Weights[] = [trainer.checkpoint().tensors];
  const positions: unknown[] = [];
  await collect(
    trainer.fit(data, {
      batch: 8,
      checkpointEvery: 1,
      onCheckpoint: ({ tensors, metadata }) => {
        kept.push(tensors);
        positions.push(JSON.parse(metadata["position"] ?? "").updates);
      },
    }),
  );
  expect(positions).toEqual([0, 0, 0, 0, 0, 2]);
  kept.slice(1).forEach((now, i) => {
    for (const name of names) {
      const same = expect(now[name]?.data, `${name} after step ${i + 1}`);
      if (i === 3 || i === 5) same.not.toEqual(kept[i]?.[name]?.data);
      else same.toEqual(kept[i]?.[name]?.data);
    }
  });
  trainer.destroy();
});

describe("checkpoints", () => {
  test.each<[string, Optimizer]>([
    ["momentum", sgd({ lr: 0.3, momentum: 0.9 })],
    ["Adam", adam({ lr: 0.01 })],
  ])("between two updates: %s goes on to the same bytes", async (_, optimizer) => {
    const of = training({ optimizer, accumulate: 3 });
    const fit = { epochs: 3, batch: 8, schedule: cosine() };
    const whole = await createTrainer(of, { device });
    const all = await collect(whole.fit(data, fit));
    const stop = new AbortController();
    const first = await createTrainer(of, { device });
    const before = await collect(
      first.fit(data, {
        ...fit,
        stepsPerSubmit: 1,
        signal: stop.signal,
        onStep: ({ step }) => step === 10 && stop.abort(),
      }),
    );
    expect(first.position).toMatchObject({ epoch: 1, updates: 2 });
    expect(first.position.stepInEpoch % 3).not.toBe(0);
    const second = await createTrainer(of, { device, checkpoint: bytesOf(first.checkpoint()) });
    const after = await collect(second.fit(data, fit));
    expect(Buffer.from(bytesOf(second.checkpoint()))).toEqual(Buffer.from(bytesOf(whole.checkpoint())));
    expect([...figures(before), ...figures(after)].map((f) => ({ ...Object(f), steps: 0 }))).toEqual(
      figures(all).map((f) => ({ ...Object(f), steps: 0 })),
    );
    for (const trainer of [whole, first, second]) trainer.destroy();
  });

  test("of another number of batches are refused", async () => {
    const trainer = await createTrainer(training({ accumulate: 3 }), { device });
    const checkpoint = trainer.checkpoint();
    trainer.destroy();
    const refused = async (accumulate: number): Promise<string> =>
      (await failure(createTrainer(training({ accumulate }), { device, checkpoint }))).message;
    expect(await refused(2)).toBe("checkpoint: the optimiser's accumulate is 3, but this training's is 2");
    expect(await refused(1)).toBe("checkpoint: the optimiser's accumulate is 3, but this training's is 1");
  });
});

test("a batch is told its share, whether an update is due, and Adam's corrections of updates in all epochs", () => {
  const fit = { batch: 8, rows: 44, stepsPerEpoch: 6, rate: () => 0.5 };
  const steps = { training: { optimizer: adam(), accumulate: 3 }, seed: 0, fit } as unknown as Steps; // what is looked at
  const from = { ...BEGINNING, epoch: 1, step: 6, updates: 2 };
  const told = [0, 1, 2, 3, 4, 5].map((i) => batchOf(steps, from, i).rates);
  const of = (due: boolean, t: number, share: number) => [
    due ? 0.5 : 0,
    1 / (1 - 0.9 ** t),
    1 / (1 - 0.999 ** t),
    share,
  ];
  expect(told).toEqual([
    of(false, 3, 1),
    of(false, 3, 1 / 2),
    of(true, 3, 1 / 3),
    of(false, 4, 1),
    of(false, 4, 1 / 2),
    of(true, 4, 4 / 20),
  ]);
});

test("figures and learning rates are those of each batch", async () => {
  const trainer = await createTrainer(training({ accumulate: 3 }), { device });
  const rates: number[] = [];
  await collect(
    trainer.fit(data, {
      batch: 8,
      schedule: ({ step }) => 0.1 + step / 100,
      onStep: ({ learningRate }) => rates.push(learningRate),
    }),
  );
  expect(rates).toEqual([0, 1, 2, 3, 4, 5].map((step) => 0.1 + step / 100));
  trainer.destroy();
});

test("statistics of batch normalisation follow every batch", async () => {
  const normal = relu(batchNorm2d(conv2d(image, { out: 4, kernel: 3 })));
  const { graph } = model("normal", { image }, { logits: linear(flatten(normal), { out: CLASSES }) });
  const of = (accumulate: number): Training =>
    compileTraining(graph, { optimizer: sgd({ lr: 1e-30 }), accumulate, target: "wasm" });
  const [several, apart] = [await trained(of(3), { batch: 8 }), await trained(of(1), { batch: 8 })];
  for (const name of ["batchNorm2d1.running_mean", "batchNorm2d1.running_var"])
    expect(several[name]).toEqual(apart[name]);
});

test("LeNet's step has three dispatches more at most", () => {
  const [plain, several] = [1, 4].map((accumulate) => {
    const { step } = compileTraining(lenet.graph, { optimizer: adam(), accumulate });
    return step.dispatches.length;
  }) as [number, number]; // one for each
  expect(several).toBeLessThanOrEqual(plain + 3);
});

test("a training from outside is checked", () => {
  const several = training({ accumulate: 4, target: "portable", wasm: true });
  expect(several.accumulate).toBe(4);
  expect(validateTraining(JSON.parse(JSON.stringify(several)))).toEqual(several);
  expect(() => validateTraining({ ...several, accumulate: 1 })).toThrow("accumulate: 1");
  expect(() => validateTraining({ ...several, accumulate: 3 })).toThrow(
    "wasm.accumulate: it has to be that of the training",
  );
});

test.each([
  ["0", 0, 1],
  ["-1", -1, 1],
  ["1.5", 1.5, 2],
  ["NaN", Number.NaN, 1],
  ['"2"', "2", 2],
])("accumulate: %s is refused", (shown, accumulate, near) => {
  expect(message(() => training({ accumulate: accumulate as number }))).toBe(
    `compileTraining: accumulate is ${shown}\n  rule: accumulate is a whole number of at least 1\n  try:  accumulate: ${near}`,
  );
});
