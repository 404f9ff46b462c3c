/** Compiles a model for training: one program that takes a step, one that measures loss and accuracy. */
import type { Training } from "../../contract/training.ts";
import { type Compilation, compile } from "../compile.ts";
import type { Graph } from "../ir/graph.ts";
import { checkForms, checkGraph } from "../passes/options.ts";
import { type Aims, aimsOf } from "./losses.ts";
import { FreeNames } from "./names.ts";
import { trainingRemarks } from "./remarks.ts";
import { resultsOf } from "./results.ts";
import {
  checkTrainingOptions,
  evaluationStep,
  lossesOf,
  type TrainingOptions,
  trainingStep,
} from "./step.ts";

export type {
  AdamOptions,
  Clip,
  Loss,
  LossName,
  LossOptions,
  Optimizer,
  SgdOptions,
  TrainedLoss,
  Training,
} from "../../contract/training.ts";
export { type Lora, type LoraOptions, lora } from "./lora.ts";
export type { InBytes } from "./objective.ts";
export { adam, sgd } from "./optimizer.ts";
export type { TrainingOptions } from "./step.ts";

/** Throws `UserError` where the model cannot be trained (an op without a gradient, a loss that does not fit) or a bound is wrong. */
export function compileTraining(graph: Graph, options: TrainingOptions): Training {
  return compileParts(graph, options).training;
}

/** The losses that a model is trained with, and the inputs that they compare with. Throws `UserError` where one does not fit. */
export const aimsFor = (graph: Graph, choice: Pick<TrainingOptions, "loss" | "losses">): Aims =>
  aimsOf(graph, lossesOf(graph, choice), new FreeNames(graph));

/** A training with all that is known of its two programs. */
export interface TrainingParts {
  readonly training: Training;
  readonly step: Compilation;
  readonly evaluate: Compilation;
}

/** As `compileTraining`. */
export function compileParts(graph: Graph, given: TrainingOptions): TrainingParts {
  checkGraph("compileTraining", graph);
  // An optimiser may be written as data, with its defaults left out.
  const options = { ...given, optimizer: checkTrainingOptions(given).optimizer };
  checkForms("compileTraining", options);
  const { reduction, optimizer, clip, accumulate = 1 } = options;
  const { target, tuning, typicalBatch = 0, wasm } = options;
  const how = { ...(target === undefined ? {} : { target }), ...(tuning ? { tuning } : {}) };
  const step = compile(trainingStep(graph, options), { ...how, ...(typicalBatch && { typicalBatch }) });
  // What measures takes larger batches than small steps do.
  const evaluate = compile(evaluationStep(graph, options), {
    ...how,
    ...(typicalBatch > 256 && { typicalBatch }),
  });
  const asked = lossesOf(graph, options);
  const { aims } = aimsFor(graph, options);
  const remarks = trainingRemarks(graph, asked);
  const training: Training = {
    name: graph.name,
    losses: aims.map((aim) => aim.said),
    ...(reduction === "sum" ? { reduction } : {}),
    optimizer,
    ...(clip ? { clip } : {}),
    ...(accumulate > 1 ? { accumulate } : {}),
    ...(remarks.length > 0 ? { remarks } : {}),
    step: step.program,
    results: resultsOf(step.bundles),
    evaluate: evaluate.program,
    ...(wasm ? { wasm: forWasm(graph, options) } : {}),
  };
  return { training, step, evaluate };
}

/** The same for WebAssembly. Schedules were measured on adapters. */
function forWasm(graph: Graph, { wasm: _, tuning: __, ...options }: TrainingOptions): Training {
  return compileTraining(graph, { ...options, target: "wasm" });
}
