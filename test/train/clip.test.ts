/** Gradient clipping: a step's program against float64, and bounds that are none. */

import { afterAll, describe, expect, test } from "vitest";
import { compileTraining, type Optimizer, sgd, type Tensor } from "weftgpu";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { type Clip, TARGET } from "../../contract/training.ts";
import lenet from "../../models/lenet.ts";
import { message } from "../dsl/message.ts";
import { type Arrays, type NdArray, random, randomArray } from "../oracle/array.ts";
import { closeDevice, usualTarget } from "../oracle/weft.ts";
import { execute } from "./execute.ts";
import { input, lang } from "./language.ts";
import { bounded, gradientsOf, graphOf, lossOf, ratesFor, sum, updated } from "./stepReference.ts";

afterAll(closeDevice);

const BATCH = 4;
const dense = (): Tensor => lang.linear(lang.tanh(lang.linear(input("x", ["N", 3]), { out: 4 })), { out: 2 });

const plain = sgd({ lr: 0.3 });
const decayed = sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 });

describe("two steps equal float64", () => {
  test.each<[string, Clip, Optimizer, touched: "all" | "some" | "none"]>([
    ["a small norm", { norm: 0.5 }, plain, "all"],
    ["a norm that is not reached", { norm: 1e4 }, plain, "none"],
    ["a norm, momentum and weight decay", { norm: 0.25 }, decayed, "all"],
    ["a value", { value: 0.2 }, plain, "some"],
    ["a value, momentum and weight decay", { value: 0.2 }, decayed, "some"],
  ])("%s", async (_, clip, optimizer, touched) => {
    const graph = graphOf(dense());
    const { step, ...training } = compileTraining(graph, {
      loss: "squaredError",
      optimizer,
      clip,
      bytes: false,
      target: usualTarget(graph),
    });
    verifyProgram(step);
    expect(training.clip).toEqual(clip);
    const next = random(5);
    let params: Arrays = Object.fromEntries(
      graph.nodes.flatMap((n) =>
        n.kind === "param" ? [[n.origin.name, randomArray(n.type.shape.map(Number), next)] as const] : [],
      ),
    );
    const execution = await execute(step, params, BATCH);
    const moments = new Map<string, { m: number; v: number }>();
    for (const t of [1, 2]) {
      const inputs = { x: randomArray([BATCH, 3], next), [TARGET]: randomArray([BATCH, 2], next) };
      execution.run(inputs, { batch: BATCH, step: t - 1, rates: ratesFor(optimizer, t) });
      const exact = gradientsOf((p) => {
        const list = lossOf(graph, "squaredError", inputs, p);
        return sum(list) / list.length;
      }, params);
      const clipped = bounded(exact, clip);
      const count = sum(Object.values(exact).map((g) => g.data.length));
      const kind = clipped.touched === 0 ? "none" : clipped.touched === count ? "all" : "some";
      expect(kind).toBe(touched);
      params = Object.fromEntries(
        Object.entries(params).map(([name, x]): [string, NdArray] => {
          const data = x.data.map((w, j) => {
            const key = `${name}[${j}]`;
            const element = { w, ...(moments.get(key) ?? { m: 0, v: 0 }) };
            const moved = updated(element, clipped.gradients[name]?.data[j] ?? 0, optimizer, t);
            moments.set(key, moved);
            return moved.w;
          });
          return [name, { shape: x.shape, data }];
        }),
      );
      for (const [name, want] of Object.entries(params)) {
        const got = await execution.read(name);
        want.data.forEach((w, j) => {
          if (!(Math.abs((got.data[j] ?? Number.NaN) - w) <= 2e-5))
            expect.fail(`after step ${t}, ${name}[${j}] is ${got.data[j]}, not ${w}`);
        });
      }
    }
    execution.destroy();
  });
});

test("a norm over all of LeNet's parameters binds no more buffers than WebGPU allows", () => {
  const { step } = compileTraining(lenet.graph, { optimizer: sgd({ lr: 0.9 }), clip: { norm: 1 } });
  verifyProgram(step);
  expect(Math.max(...step.kernels.map((k) => k.bindings.length))).toBeLessThanOrEqual(8);
  expect(step.dispatches.length).toBeLessThanOrEqual(43);
});

test("a value costs LeNet no dispatch", () => {
  const { step } = compileTraining(lenet.graph, { optimizer: sgd({ lr: 0.9 }), clip: { value: 1 } });
  expect(step.dispatches.length).toBe(
    compileTraining(lenet.graph, { optimizer: sgd({ lr: 0.9 }) }).step.dispatches.length,
  );
});

const above0 = (bound: string, name = "norm"): string =>
  `compileTraining: clip.${name} is ${bound}\n  rule: clip.${name} is a number above 0\n  try:  ${name}: 1`;
const either = (clip: string): string =>
  `compileTraining: clip is ${clip}\n  rule: clip is either the norm of all gradients or the value of each\n  try:  clip: { norm: 1 }`;
test.each<[Clip, string]>([
  [{ norm: 0 }, above0("0")],
  [{ norm: -1 }, above0("-1")],
  [{ value: Number.NaN }, above0("NaN", "value")],
  [{ value: Number.POSITIVE_INFINITY }, above0("Infinity", "value")],
  [{ value: 1e-46 }, above0("1e-46", "value")],
  [{ norm: 1, value: 1 }, either("{ norm: 1, value: 1 }")],
  [{}, either("{}")],
])("%j is refused", (clip, problem) => {
  expect(message(() => compileTraining(graphOf(dense()), { optimizer: plain, clip }))).toBe(problem);
});
