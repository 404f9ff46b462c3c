/** Compiles a model for training: one program that takes a step, one that measures loss and accuracy. */
import { compile } from "../compile.ts";
import type { Graph } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import type { Optimizer } from "./optimizer.ts";
import { evaluationStep, type LossName, type TrainingOptions, trainingStep } from "./step.ts";

export { type AdamOptions, adam, type Optimizer, type SgdOptions, sgd } from "./optimizer.ts";
export { type LossName, METRICS, TARGET, type TrainingOptions } from "./step.ts";

/** Everything a page or a process needs to train: JSON and WGSL. */
export interface Training {
  readonly name: string;
  readonly loss: LossName;
  readonly optimizer: Optimizer;
  /** Whether inputs and targets are drawn from data sets of bytes on the GPU. */
  readonly bytes: boolean;
  /**
   * Takes one step on the batch order[offset … offset + n): parameters, moments and the metrics
   * [Σ loss, number right] are overwritten in place. Its params are the model's parameters, then moments and metrics.
   */
  readonly step: Program;
  /** Adds a batch to the metrics and changes nothing else. Its params are the model's parameters and the metrics. */
  readonly evaluate: Program;
}

/** Throws `UserError` where the model cannot be trained (several outputs, an op without a gradient, a wrong loss). */
export function compileTraining(graph: Graph, options: TrainingOptions): Training {
  const { loss = "crossEntropy", optimizer, bytes = true } = options;
  return {
    name: graph.name,
    loss,
    optimizer,
    bytes,
    step: compile(trainingStep(graph, options)).program,
    evaluate: compile(evaluationStep(graph, options)).program,
  };
}
