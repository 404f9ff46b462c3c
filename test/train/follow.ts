/** Steps of training beside a float64 reference: after each, every parameter is what it should be. */
import { expect } from "vitest";
import { compileTraining, type Optimizer } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import { METRICS, TARGET } from "../../contract/training.ts";
import { type Arrays, type NdArray, random, randomArray, zeros } from "../oracle/array.ts";
import type { EvaluateOptions } from "../oracle/oracle.ts";
import { usualTarget } from "../oracle/weft.ts";
import { execute } from "./execute.ts";
import { gradientsOf, lossOf, ratesFor, sum, updated } from "./stepReference.ts";

const BATCHES = [5, 3, 5, 1] as const;

/** Four steps with batches of several sizes: gradients by central differences, updates by the optimiser's formula. */
export async function expectSteps(
  graph: Graph,
  loss: "squaredError" | "crossEntropy",
  optimizer: Optimizer,
  custom: EvaluateOptions["custom"] = {},
): Promise<void> {
  const training = compileTraining(graph, { loss, optimizer, bytes: false, target: usualTarget(graph) });
  const next = random(11);
  const shapes = graph.nodes.flatMap((n) =>
    n.kind === "param" ? [[n.origin.name, n.type.shape] as const] : [],
  );
  let params: Arrays = Object.fromEntries(
    shapes.map(([name, shape]) => [name, randomArray(shape.map(Number), next)]),
  );
  const execution = await execute(training.step, params, Math.max(...BATCHES));
  const moments = new Map<string, { m: number; v: number }>();
  let total = 0;
  for (const [i, batch] of BATCHES.entries()) {
    const t = i + 1;
    const shape = (graph.inputs[0]?.node.type.shape ?? []).map((d) => (typeof d === "number" ? d : batch));
    const classes = Number(graph.outputs[0]?.node.type.shape[1]);
    const target =
      loss === "squaredError"
        ? randomArray(
            (graph.outputs[0]?.node.type.shape ?? []).map((d) => (typeof d === "number" ? d : batch)),
            next,
          )
        : { shape: [batch], data: zeros([batch]).data.map(() => Math.floor(next() * classes)) };
    const inputs = { x: randomArray(shape, next), [TARGET]: target };
    execution.run(inputs, { batch, step: i, rates: ratesFor(optimizer, t) });

    const now = params;
    const values = lossOf(graph, loss, inputs, now, custom);
    total += sum(values);
    const gradients = gradientsOf((p) => {
      const list = lossOf(graph, loss, inputs, p, custom);
      return sum(list) / list.length;
    }, now);
    params = Object.fromEntries(
      Object.entries(now).map(([name, x]): [string, NdArray] => {
        const data = x.data.map((w, j) => {
          const key = `${name}[${j}]`;
          const moved = updated(
            { w, ...(moments.get(key) ?? { m: 0, v: 0 }) },
            gradients[name]?.data[j] ?? 0,
            optimizer,
            t,
          );
          moments.set(key, moved);
          return moved.w;
        });
        return [name, { shape: x.shape, data }];
      }),
    );
    for (const [name, want] of Object.entries(params)) {
      const got = await execution.read(name);
      want.data.forEach((w, j) => {
        const error = Math.abs((got.data[j] ?? Number.NaN) - w);
        if (!(error <= 2e-5 * Math.max(1, Math.abs(w))))
          expect.fail(`after step ${t}, ${name}[${j}] is ${got.data[j]}, not ${w}`);
      });
    }
  }
  const metrics = await execution.read(METRICS);
  expect(Math.abs((metrics.data[0] ?? Number.NaN) - total)).toBeLessThan(1e-5 * total + 1e-6);
  execution.destroy();
}
