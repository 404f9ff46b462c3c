/**
 * Steps of training against a float64 reference: gradients by central differences of the oracle, updates by the
 * optimisers' formulas. The step's program is run as it is, without the runtime's trainer.
 */
import { afterAll, describe, expect, test } from "vitest";
import { adam, compileTraining, type Optimizer, sgd, type Tensor } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { gpu, type Target } from "../../compiler/strategies/target.ts";
import { METRICS, TARGET } from "../../contract/training.ts";
import lenet from "../../models/lenet.ts";
import { type Arrays, type NdArray, random, randomArray, zeros } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { closeDevice } from "../oracle/weft.ts";
import { execute } from "./execute.ts";
import { expectSteps } from "./follow.ts";
import { input, lang } from "./language.ts";
import { inTraining, statistics } from "./meanings.ts";
import { gradientsOf, graphOf, lossOf, sum } from "./stepReference.ts";

afterAll(closeDevice);

const optimizers = {
  sgd: sgd({ lr: 0.3 }),
  "sgd with weight decay": sgd({ lr: 0.3, weightDecay: 0.1 }),
  momentum: sgd({ lr: 0.1, momentum: 0.9 }),
  "momentum with weight decay": sgd({ lr: 0.1, momentum: 0.5, weightDecay: 0.2 }),
  Nesterov: sgd({ lr: 0.1, momentum: 0.9, nesterov: true }),
  "Nesterov with weight decay": sgd({ lr: 0.1, momentum: 0.7, nesterov: true, weightDecay: 0.05 }),
  Adam: adam({ lr: 0.02 }),
  "Adam with other betas and eps": adam({ lr: 0.05, betas: [0.5, 0.8], eps: 1e-3 }),
  AdamW: adam({ lr: 0.02, weightDecay: 0.3 }),
} satisfies Record<string, Optimizer>;

const dense = (): Tensor => lang.linear(lang.tanh(lang.linear(input("x", ["N", 3]), { out: 4 })), { out: 2 });
const convolutional = (): Tensor =>
  lang.linear(
    lang.flatten(
      lang.avgPool2d(lang.sigmoid(lang.conv2d(input("x", ["N", 1, 6, 6]), { out: 2, kernel: 3 })), {
        kernel: 2,
      }),
    ),
    { out: 3 },
  );

describe.each([
  ["a dense model, squared error", dense, "squaredError", Object.entries(optimizers)],
  [
    "a convolutional model, cross-entropy",
    convolutional,
    "crossEntropy",
    Object.entries(optimizers).filter(([name]) => /^(sgd|Nesterov|AdamW)$/.test(name)),
  ],
] as const)("%s", (_, build, loss, chosen) => {
  test.each(chosen)("%s: four steps equal float64", async (__, optimizer) => {
    await expectSteps(graphOf(build()), loss, optimizer);
  });
});

test("evaluation adds to the metrics and changes no parameter", async () => {
  const graph = graphOf(convolutional());
  const { evaluate: program } = compileTraining(graph, { optimizer: sgd({ lr: 0.1 }), bytes: false });
  const next = random(3);
  const params = Object.fromEntries(
    program.params.filter((p) => p.name !== METRICS).map((p) => [p.name, randomArray(p.shape, next)]),
  );
  const execution = await execute(program, params, 7);
  const x = randomArray([7, 1, 6, 6], next);
  const logits = evaluate(graph, { x }, params)["y"];
  const target = { shape: [7], data: zeros([7]).data.map((_, i) => i % 3) };
  let right = 0;
  for (let n = 0; n < 7; n++) {
    const row = Array.from(logits?.data.subarray(3 * n, 3 * n + 3) ?? []);
    if (row.indexOf(Math.max(...row)) === n % 3) right++;
  }
  execution.run({ x, [TARGET]: target }, { batch: 7 });
  execution.run({ x, [TARGET]: target }, { batch: 7 });
  const total = 2 * sum(lossOf(graph, "crossEntropy", { x, [TARGET]: target }, params));
  const [loss = Number.NaN, , hits] = (await execution.read(METRICS)).data;
  expect(hits).toBe(2 * right);
  expect(Math.abs(loss - total)).toBeLessThan(1e-5 * total);
  for (const [name, want] of Object.entries(params))
    expect((await execution.read(name)).data).toEqual(want.data);
  execution.destroy();
});

/** A GPU of so few threads that the sums of two channels keep it busy: they are taken in one step, not by rows. */
const small: Target = { ...gpu, gpu: { threads: 1024, stage: null, scalar: null } };

test.each([
  ["by rows", "portable"],
  ["in one kernel", small],
] as const)(
  "batch norm trains on the batch's statistics, keeps running ones, and is evaluated with those: %s",
  async (how, target) => {
    const build = (): Tensor => {
      const h = lang.conv2d(input("x", ["N", 1, 4, 4]), { out: 2, kernel: 2, bias: false });
      const normal = lang.batchNorm2d(h, { momentum: 0.2 });
      return lang.linear(lang.flatten(lang.avgPool2d(lang.tanh(normal), { kernel: 3 })), { out: 2 });
    };
    const graph = graphOf(build());
    const training = compileTraining(graph, {
      loss: "squaredError",
      optimizer: sgd({ lr: 0.2 }),
      bytes: false,
      target,
    });
    const { layers = [] } =
      training.step.dispatches.find((d) => d.layers.some((l) => l.endsWith(".row_mean"))) ?? {};
    expect(layers.some((l) => l.endsWith(".scale"))).toBe(how === "in one kernel");
    const next = random(8);
    let params: Arrays = Object.fromEntries(
      training.step.params
        .filter((p) => p.name !== METRICS)
        .map((p) => [p.name, randomArray(p.shape, next, p.name.endsWith("_var") ? 0.5 : -1)]),
    );
    const running = (name: string): boolean => name.includes(".running_");
    const normalised = graph.nodes.find((n) => n.kind === "op" && n.op.name === "batchNorm2d");
    const before = normalised?.kind === "op" ? normalised.inputs[0] : undefined;
    if (!before) throw new Error("no batch norm");
    const front: Graph = {
      ...graph,
      outputs: [{ name: "y", node: before }],
      nodes: topologicalOrder([before]),
    };
    const execution = await execute(training.step, params, 3);
    for (const [i, batch] of [3, 2].entries()) {
      const inputs = { x: randomArray([batch, 1, 4, 4], next), [TARGET]: randomArray([batch, 2], next) };
      execution.run(inputs, { batch, step: i, rates: [0.2] });
      const mean = (p: Arrays): number => {
        const list = lossOf(graph, "squaredError", inputs, { ...params, ...p }, inTraining);
        return sum(list) / list.length;
      };
      const gradients = gradientsOf(mean, params);
      const batchOf = statistics(evaluate(front, inputs, params)["y"] ?? zeros([0, 0]));
      params = Object.fromEntries(
        Object.entries(params).map(([name, x]): [string, NdArray] => {
          const moved = (w: number, c: number): number => {
            const { mean = 0, variance = 0, count = 2 } = batchOf[c] ?? {};
            if (!running(name)) return w - 0.2 * (gradients[name]?.data[c] ?? 0);
            return 0.8 * w + 0.2 * (name.endsWith("_mean") ? mean : (variance * count) / (count - 1));
          };
          return [name, { shape: x.shape, data: x.data.map(moved) }];
        }),
      );
      for (const [name, want] of Object.entries(params)) {
        const got = await execution.read(name);
        want.data.forEach((w, j) => {
          const error = Math.abs((got.data[j] ?? Number.NaN) - w);
          if (!(error <= 2e-5)) expect.fail(`after step ${i + 1}, ${name}[${j}] is ${got.data[j]}, not ${w}`);
        });
      }
    }
    execution.destroy();

    const evaluation = await execute(training.evaluate, params, 3);
    const inputs = { x: randomArray([3, 1, 4, 4], next), [TARGET]: randomArray([3, 2], next) };
    evaluation.run(inputs, { batch: 3 });
    const total = sum(lossOf(graph, "squaredError", inputs, params));
    expect(Math.abs(((await evaluation.read(METRICS)).data[0] ?? Number.NaN) - total)).toBeLessThan(
      1e-5 * total + 1e-6,
    );
    evaluation.destroy();
  },
);

describe("LeNet's training step", () => {
  test("takes at most 24 dispatches with SGD, and prepares nothing", () => {
    const { step } = compileTraining(lenet.graph, { optimizer: sgd({ lr: 0.9 }) });
    verifyProgram(step);
    expect(step.prepare).toEqual([]);
    expect(step.dispatches.length).toBeLessThanOrEqual(24);
  });

  test.each([
    ["momentum", sgd({ lr: 0.1, momentum: 0.9 }), 25],
    ["Adam", adam(), 25],
  ] as const)("with %s takes no more than the moments add", (_, optimizer, most) => {
    const { step } = compileTraining(lenet.graph, { optimizer });
    verifyProgram(step);
    expect(step.dispatches.length).toBeLessThanOrEqual(most);
  });
});
