/** The figures of a training step, for people and for scripts. */
import type { Training } from "../../contract/training.ts";
import { countAt } from "../ir/type.ts";
import { pipelineCount } from "../report/kernels.ts";
import type { BundleSize } from "./bundle.ts";

/** What `weft compile --train --format json` prints of the training step. */
export interface TrainReport {
  /** How many a step takes. */
  readonly dispatches: number;
  readonly kernels: number;
  /** One per distinct WGSL text. */
  readonly pipelines: number;
  /** One at most: several short steps share a submit. */
  readonly submitsPerStep: number;
  /** What a step takes at that batch size: parameters, moments and all between. The data set comes on top. */
  readonly peakBytes: number;
  /** What `--out` wrote; null without it. */
  readonly bundle: BundleSize | null;
}

export function trainReport({ step }: Training, batch = 1, bundle: BundleSize | null = null): TrainReport {
  return {
    dispatches: step.dispatches.length,
    kernels: step.kernels.length,
    pipelines: pipelineCount(step),
    submitsPerStep: 1,
    peakBytes: countAt(step.peakBytes, batch),
    bundle,
  };
}
