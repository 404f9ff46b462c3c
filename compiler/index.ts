/** What `weftgpu` exports: the model language and the compiler. */
export { type Compilation, type CompileOptions, compile } from "./compile.ts";
export * from "./dsl/index.ts";
export { InternalError, UserError } from "./errors.ts";
export type { Graph } from "./ir/graph.ts";
export type { Program } from "./ir/program.ts";
export { type AdapterFacts, type Target, type TargetName, targetFor } from "./passes/target.ts";
export { adam, compileTraining, type Optimizer, sgd, type Training } from "./train/index.ts";
