/** The layers and the kernels of a compilation as the model tab shows them: plain data. */
import type { FusionDecision } from "../../compiler/report/fusion.ts";
import type { LayerRow } from "../../compiler/report/shapes.ts";
import type { Location } from "../../contract/diagnosis.ts";

export interface LayerView extends LayerRow {
  readonly at: Location | null;
  /** Which of `kernels` computes it: the one that it shares a frame with; null where nothing is left to compute. */
  readonly group: number | null;
}

export interface ScheduleView {
  /** The layer whose result is stored. */
  readonly root: string;
  readonly kind: string;
  readonly rule: string;
  readonly facts: readonly (readonly [what: string, value: string])[];
  /** `[n, c, h, w] = sigmoid(Σ …)` */
  readonly meaning: string;
}

/** A dispatch: one kernel, and the layers that it computes. */
export interface KernelView {
  readonly name: string;
  readonly phase: "run" | "prepare";
  readonly layers: readonly string[];
  readonly wgsl: string;
  readonly workgroup: number;
  /** `294·⌈N/4⌉` */
  readonly items: string;
  readonly buffers: number;
  readonly decisions: readonly FusionDecision[];
  readonly schedules: readonly ScheduleView[];
}
