/** What `weftgpu` exports: the model language and the compiler. */
export type { Program } from "../contract/program.ts";
export type { Tuning } from "../contract/tuning.ts";
export {
  type AdapterFacts,
  type BakeValues,
  type Baking,
  type Compilation,
  type CompileOptions,
  compile,
  type Precision,
  type Remark,
  type Target,
  type TargetName,
  targetFor,
} from "./compile.ts";
export * from "./dsl/index.ts";
export { InternalError, UserError } from "./errors.ts";
export type { Graph } from "./ir/graph.ts";
export {
  adam,
  compileTraining,
  type Lora,
  type LoraOptions,
  type Loss,
  type LossName,
  type LossOptions,
  lora,
  type Optimizer,
  sgd,
  type TrainedLoss,
  type Training,
  type TrainingOptions,
} from "./train/index.ts";
export { type VerificationOptions, verification } from "./verification.ts";
