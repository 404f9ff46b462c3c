/** A trainer beside a float64 reference: gradients by central differences of the oracle, updates by formula. */
import { expect } from "vitest";
import type { Graph, Optimizer } from "weftgpu";
import type { Trainer } from "../../runtime/train.ts";
import type { Arrays, NdArray } from "../oracle/array.ts";
import { type EvaluateOptions, evaluate } from "../oracle/oracle.ts";
import { gradientsOf, sum, updated } from "./stepReference.ts";

export interface Followed {
  readonly trainer: Trainer;
  readonly graph: Graph;
  readonly optimizer: Optimizer;
  /** All of the examples: a step takes them together. */
  readonly x: NdArray;
  readonly labels: NdArray;
  readonly epochs: number;
  /** What ops compute in training. */
  readonly custom?: EvaluateOptions["custom"];
}

/**
 * Trains by the mean squared error, and expects each epoch's loss and, at the end, every trained parameter to be the
 * reference's. Gives the reference's parameters.
 */
export async function follow(all: Followed): Promise<Arrays> {
  const { trainer, graph, optimizer, x, labels, epochs, custom = {} } = all;
  const input = graph.inputs[0]?.name ?? "";
  const output = graph.outputs[0]?.name ?? "";
  const fixed = new Set(trainer.training.step.params.filter((p) => p.use !== undefined).map((p) => p.name));
  const arrays = Object.entries(trainer.weights()).map(([name, { shape, data }]): [string, NdArray] => [
    name,
    { shape, data: Float64Array.from(data) },
  ]);
  const kept = Object.fromEntries(arrays.filter(([name]) => fixed.has(name)));
  let params: Arrays = Object.fromEntries(arrays.filter(([name]) => !fixed.has(name)));
  const lossOf = (p: Arrays): number => {
    const y = evaluate(graph, { [input]: x }, { ...kept, ...p }, { custom })[output];
    if (!y) throw new Error("no output");
    return sum(Array.from(y.data, (v, i) => (v - (labels.data[i] ?? 0)) ** 2)) / y.data.length;
  };
  const data = { images: Float32Array.from(x.data), labels: Float32Array.from(labels.data) };
  const state = new Map<string, { m: number; v: number }>();
  for (let t = 1; t <= epochs; t++) {
    const before = lossOf(params);
    for await (const { loss } of trainer.fit(data, { epochs: t, batch: x.shape[0] ?? 1 }))
      expect(Math.abs(loss - before)).toBeLessThan(1e-5 * (1 + before));
    const gradients = gradientsOf(lossOf, params);
    params = Object.fromEntries(
      Object.entries(params).map(([name, { shape, data }]) => {
        const moved = data.map((w, j) => {
          const key = `${name} ${j}`;
          const gradient = gradients[name]?.data[j] ?? Number.NaN;
          const element = updated({ w, ...(state.get(key) ?? { m: 0, v: 0 }) }, gradient, optimizer, t);
          state.set(key, element);
          return element.w;
        });
        return [name, { shape, data: moved }];
      }),
    );
  }
  const trained = trainer.weights();
  for (const [name, want] of Object.entries(params))
    want.data.forEach((w, j) => {
      expect(Math.abs((trained[name]?.data[j] ?? Number.NaN) - w), `${name}[${j}]`).toBeLessThan(2e-5);
    });
  return params;
}
