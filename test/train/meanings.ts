/** What ops compute in training, where the oracle knows what they compute at inference. */
import { build, forEachPosition, get, type NdArray } from "../oracle/array.ts";
import type { Meaning } from "../oracle/oracle.ts";

/** Mean and biased variance of each channel, and how many elements it has. */
export function statistics(x: NdArray): readonly { mean: number; variance: number; count: number }[] {
  return Array.from({ length: x.shape[1] ?? 0 }, (_, c) => {
    const values: number[] = [];
    forEachPosition(x.shape, (at, i) => at[1] === c && values.push(x.data[i] ?? 0));
    const mean = values.reduce((a, v) => a + v, 0) / values.length;
    const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length;
    return { mean, variance, count: values.length };
  });
}

/** (x − mean)/√(variance + eps)·γ + β with the mean and the variance of the batch itself. */
const batchNorm: Meaning = ({ attrs, inputs: [x, gamma, beta] }) => {
  if (!x || !gamma || !beta) throw new Error("missing operand");
  const channels = statistics(x);
  const eps = Number(attrs["eps"]);
  return build(x.shape, (at) => {
    const c = at[1] ?? 0;
    const { mean = 0, variance = 1 } = channels[c] ?? {};
    return ((get(x, at) - mean) / Math.sqrt(variance + eps)) * (gamma.data[c] ?? 0) + (beta.data[c] ?? 0);
  });
};

export const inTraining = { batchNorm1d: batchNorm, batchNorm2d: batchNorm, batchNorm3d: batchNorm };
