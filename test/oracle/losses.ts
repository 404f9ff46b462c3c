/** Losses in float64, as PyTorch's documentation states them; one term for each label or number. Shares no code with the compiler. */
import type { Loss, LossOptions } from "weftgpu";
import { type NdArray, sizeOf, zeros } from "./array.ts";

export interface Exact {
  readonly each: NdArray;
  /** What each term counts in the mean. */
  readonly counts: NdArray;
  /** ∂ of each term by its prediction: of cross-entropy by the scores of its place. */
  readonly gradient: NdArray;
}

/** CrossEntropyLoss(weight, label_smoothing, ignore_index) with class indices: scores [N, C, …], labels [N, …]. */
function crossEntropy(
  x: NdArray,
  labels: NdArray,
  { weight, labelSmoothing: epsilon = 0, ignoreIndex }: LossOptions["crossEntropy"],
): Exact {
  const [n = 0, classes = 0] = x.shape;
  const places = sizeOf(x.shape.slice(2));
  const [each, counts, gradient] = [zeros(labels.shape), zeros(labels.shape), zeros(x.shape)];
  const w = (c: number): number => weight?.[c] ?? 1;
  for (let i = 0; i < n * places; i++) {
    const at = (c: number): number => (Math.floor(i / places) * classes + c) * places + (i % places);
    const row = Array.from({ length: classes }, (_, c) => x.data[at(c)] ?? 0);
    const top = Math.max(...row);
    const logSum = top + Math.log(row.reduce((a, v) => a + Math.exp(v - top), 0));
    const label = labels.data[i] ?? 0;
    if (label === ignoreIndex) continue; // all three stay 0
    const logP = row.map((v) => v - logSum);
    const nll = -w(label) * (logP[label] ?? 0);
    const smooth = logP.reduce((a, v, c) => a - w(c) * v, 0);
    each.data[i] = (1 - epsilon) * nll + (epsilon / classes) * smooth;
    counts.data[i] = w(label);
    // −∂ log p_k / ∂ x_c = p_c − [c = k]
    for (let c = 0; c < classes; c++) {
      let slope = 0;
      for (let k = 0; k < classes; k++) {
        const share = (1 - epsilon) * (k === label ? 1 : 0) + epsilon / classes;
        slope += share * w(k) * (Math.exp(logP[c] ?? 0) - (c === k ? 1 : 0));
      }
      gradient.data[at(c)] = slope;
    }
  }
  return { each, counts, gradient };
}

function compared(
  x: NdArray,
  t: NdArray,
  value: (x: number, t: number) => number,
  slope: (x: number, t: number) => number,
): Exact {
  const of = (f: (x: number, t: number) => number): NdArray => ({
    shape: x.shape,
    data: x.data.map((v, i) => f(v, t.data[i] ?? 0)),
  });
  return { each: of(value), counts: of(() => 1), gradient: of(slope) };
}

export function exactLoss(loss: Loss, x: NdArray, t: NdArray): Exact {
  switch (loss.kind) {
    case "crossEntropy":
      return crossEntropy(x, t, loss);
    case "squaredError":
      return compared(
        x,
        t,
        (a, b) => (a - b) ** 2,
        (a, b) => 2 * (a - b),
      );
    case "absoluteError":
      return compared(
        x,
        t,
        (a, b) => Math.abs(a - b),
        (a, b) => Math.sign(a - b),
      );
    case "huber": {
      const { delta = 1 } = loss;
      return compared(
        x,
        t,
        (a, b) => (Math.abs(a - b) <= delta ? (a - b) ** 2 / 2 : delta * (Math.abs(a - b) - delta / 2)),
        (a, b) => (Math.abs(a - b) <= delta ? a - b : delta * Math.sign(a - b)),
      );
    }
    case "binaryCrossEntropy":
      return compared(
        x,
        t,
        (a, b) => Math.max(a, 0) - a * b + Math.log1p(Math.exp(-Math.abs(a))),
        (a, b) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))) - b,
      );
  }
}
