/** Steps of training in float64: losses and gradients by the oracle, updates by the optimisers' formulas. */
import type { Optimizer, Tensor } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import { type Clip, type Loss, type LossName, TARGET } from "../../contract/training.ts";
import type { Arrays, NdArray } from "../oracle/array.ts";
import { type Exact, exactLoss } from "../oracle/losses.ts";
import { type EvaluateOptions, evaluate } from "../oracle/oracle.ts";

const STEP = 1e-5;
/** Slopes to both sides that differ by a larger share: between them the function has a kink. */
const KINK = 1e-2;

/** The graph of one output, named y. */
export function graphOf(y: Tensor): Graph {
  const nodes = topologicalOrder([y.node]);
  const inputs = nodes.filter((n) => n.kind === "input").map((node) => ({ name: node.origin.name, node }));
  return { name: "small", inputs, outputs: [{ name: "y", node: y.node }], nodes };
}

/** The terms of the loss of a batch, and what each counts in the mean. */
export function termsOf(
  graph: Graph,
  loss: Loss,
  inputs: Arrays,
  params: Arrays,
  custom: EvaluateOptions["custom"] = {},
  rounding: Pick<EvaluateOptions, "disturb" | "round"> = {},
): Pick<Exact, "each" | "counts"> {
  const [y, target] = [evaluate(graph, inputs, params, { custom, ...rounding })["y"], inputs[TARGET]];
  if (!y || !target) throw new Error("no loss");
  return exactLoss(loss, y, target);
}

/** The loss of each element or example of a batch. */
export function lossOf(
  graph: Graph,
  loss: LossName,
  ...rest: [Arrays, Arrays, EvaluateOptions["custom"]?, Pick<EvaluateOptions, "disturb" | "round">?]
): readonly number[] {
  return Array.from(termsOf(graph, { kind: loss }, ...rest).each.data);
}

export const sum = (values: readonly number[]): number => values.reduce((a, v) => a + v, 0);

/** By central differences. */
export function gradientsOf(mean: (params: Arrays) => number, params: Arrays): Arrays;
/** The same; undefined where the slopes to both sides differ: at a kink there is no gradient. */
export function gradientsOf(
  mean: (params: Arrays) => number,
  params: Arrays,
  smooth: boolean,
): Arrays | undefined;
export function gradientsOf(
  mean: (params: Arrays) => number,
  params: Arrays,
  smooth = false,
): Arrays | undefined {
  const here = smooth ? mean(params) : 0;
  let kinks = 0;
  const all = Object.fromEntries(
    Object.entries(params).map(([name, x]): [string, NdArray] => {
      const shifted = (i: number, by: number): number => {
        const data = Float64Array.from(x.data);
        data[i] = (data[i] ?? 0) + by;
        return mean({ ...params, [name]: { shape: x.shape, data } });
      };
      const slope = (_: number, i: number): number => {
        const [above, below] = [shifted(i, STEP), shifted(i, -STEP)];
        const [right, left] = [above - here, here - below];
        if (smooth && !(Math.abs(right - left) <= KINK * (Math.abs(right) + Math.abs(left) + STEP))) kinks++;
        return (above - below) / (2 * STEP);
      };
      return [name, { shape: x.shape, data: x.data.map(slope) }];
    }),
  );
  return kinks > 0 ? undefined : all;
}

/** As PyTorch's documentation states clip_grad_norm_ and clip_grad_value_, and how many gradients that touches. */
export function bounded(gradients: Arrays, { norm, value }: Clip): { gradients: Arrays; touched: number } {
  const all = Object.values(gradients).flatMap((g) => Array.from(g.data));
  const scale = norm === undefined ? 1 : Math.min(1, norm / (Math.sqrt(sum(all.map((g) => g * g))) + 1e-6));
  const limit = value ?? Number.POSITIVE_INFINITY;
  const one = (g: number): number => Math.max(-limit, Math.min(limit, g * scale));
  return {
    gradients: Object.fromEntries(
      Object.entries(gradients).map(([name, g]): [string, NdArray] => [
        name,
        { ...g, data: g.data.map(one) },
      ]),
    ),
    touched: all.filter((g) => one(g) !== g).length,
  };
}

/** The moments of one element, and its next value. */
interface Element {
  w: number;
  m: number;
  v: number;
}

/** As PyTorch's documentation states SGD, Adam and AdamW. */
export function updated({ w, m, v }: Element, gradient: number, o: Optimizer, t: number): Element {
  if (o.kind === "sgd") {
    const g = gradient + o.weightDecay * w;
    const velocity = o.momentum * m + g;
    const direction = o.momentum === 0 ? g : o.nesterov ? g + o.momentum * velocity : velocity;
    return { w: w - o.lr * direction, m: velocity, v };
  }
  const [b1, b2] = o.betas;
  const first = b1 * m + (1 - b1) * gradient;
  const second = b2 * v + (1 - b2) * gradient ** 2;
  const kept = w * (1 - o.lr * o.weightDecay);
  const direction = first / (1 - b1 ** t) / (Math.sqrt(second / (1 - b2 ** t)) + o.eps);
  return { w: kept - o.lr * direction, m: first, v: second };
}

export const ratesFor = (o: Optimizer, t: number): readonly number[] =>
  o.kind === "sgd" ? [o.lr] : [o.lr, 1 / (1 - o.betas[0] ** t), 1 / (1 - o.betas[1] ** t)];
