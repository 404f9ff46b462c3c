/** The whole pipeline: model graph in, Program out. Pure: no clock, no file, no GPU, no platform global. */

import type { Program } from "../contract/program.ts";
import type { QuantisedType } from "../contract/quantised.ts";
import type { Tuning } from "../contract/tuning.ts";
import { assemble } from "./assemble/assemble.ts";
import { needsOf } from "./assemble/module.ts";
import { differing, inOneMemory, LARGE, RANGES, type RangeSteps } from "./assemble/ranges.ts";
import { carryOut } from "./carryOut.ts";
import type { Graph } from "./ir/graph.ts";
import type { Decision } from "./ir/region.ts";
import type { MemoryPlan, Step } from "./ir/step.ts";
import type { KernelModule } from "./ir/stmt.ts";
import type { Storages } from "./ir/storage.ts";
import { isBatch } from "./ir/type.ts";
import { type BakeValues, type Baking, bakedParams } from "./passes/bake.ts";
import { bindBatch } from "./passes/batch.ts";
import { bundle } from "./passes/bundle.ts";
import { lower } from "./passes/lower.ts";
import { fuseOutputs } from "./passes/multiOutput.ts";
import { checkCompileOptions, checkForms, checkGraph } from "./passes/options.ts";
import { inExecutionOrder } from "./passes/order.ts";
import { partition } from "./passes/partition.ts";
import { planMemory } from "./passes/plan.ts";
import { type Remark, remarksOn } from "./passes/remarks.ts";
import { type Rewrite, simplify } from "./passes/simplify.ts";
import { decideStorages } from "./passes/storage.ts";
import { overwrite } from "./passes/update.ts";
import { verifyGraph, verifyRegion } from "./passes/verify.ts";
import { verifyMemory, verifyProgram } from "./passes/verifyProgram.ts";
import { type Target, type TargetName, targets } from "./strategies/target.ts";

export type { BakeValues, Baking } from "./passes/bake.ts";
export type { Remark } from "./passes/remarks.ts";
export { type AdapterFacts, type Target, type TargetName, targetFor } from "./strategies/target.ts";

/** How weights and what lies between kernels are stored; sums are f32 in either case. */
export type Precision = "f32" | "f16";

/** How a model is compiled. All of it has a default: a portable program in f32, for any batch size. */
export interface CompileOptions {
  /** Puts a number in for N. Default: N stays symbolic and one program serves any batch size. */
  readonly batch?: number;
  /**
   * The batch size that kernels are scheduled for; they are right for any. Small ones ask for kernels that are built
   * quickly and keep few positions in a thread. Default: 64, for training 256; on GPUs a program has kernels for 1, for up
   * to 64 and for more, where they differ, and takes those of the batch that comes.
   */
  readonly typicalBatch?: number;
  /**
   * "f16": weights and what lies between kernels are stored as f16, sums are f32; inputs and outputs stay f32. Half the
   * memory, and numbers of 11 bits. It needs a device with the feature "shader-f16". Default: "f32".
   */
  readonly precision?: Precision;
  /**
   * Weights, parameters of two or more axes, are stored as whole numbers of 8 or 4 bits, 32 of them with a scale: 9 or 5 bits each
   * where f32 has 32. What they are multiplied with and sums stay as `precision` says. Weights are given in f32, and quantised by
   * `packed` of weftgpu/quantised before the program is loaded. Default: they are not.
   */
  readonly quantise?: QuantisedType;
  /** What schedules may count on; see `targetFor`. Default: "portable", which runs on every adapter. */
  readonly target?: TargetName | Target;
  /** Schedules that `weft tune` measured on the adapter that is compiled for. What fits no kernel is not looked at. */
  readonly tuning?: Tuning;
  /**
   * Values of a frozen model's parameters, by name: all of a weights file or a part. Small ones stand in the WGSL as
   * numbers where every address at which they are read is a constant; the rest stays as it is. The program says which
   * (`baked`), takes weights with the same values or without them, and refuses other values.
   */
  readonly bake?: BakeValues;
  /**
   * Whether the program has the same model for WebAssembly beside it (`Program.wasm`), for where there is no GPU. `target`,
   * `tuning` and `precision` are of GPUs, and nothing to it. Default: it has not; the target "wasm" is that alone.
   */
  readonly wasm?: boolean;
}

/** The data of every stage. */
export interface Compilation {
  /** As the model file built it. */
  readonly source: Graph;
  /** After simplification. */
  readonly graph: Graph;
  readonly rewrites: readonly Rewrite[];
  readonly decisions: readonly Decision[];
  /** On what compiles and is probably not what was meant, each with something to try. */
  readonly remarks: readonly Remark[];
  /** In the order of execution, those of phase "prepare" first. */
  readonly steps: readonly Step[];
  /** The same by dispatch: those of one list run side by side. */
  readonly bundles: readonly (readonly Step[])[];
  /** How smaller batches are carried out, where that differs. */
  readonly ranges: readonly RangeSteps[];
  /** How every stored tensor lies. */
  readonly storages: Storages;
  /** The keys of the tuning that fitted a kernel. */
  readonly tuned: ReadonlySet<string>;
  /** Of every parameter that `bake` gave. */
  readonly baking: readonly Baking[];
  readonly memory: MemoryPlan;
  /** What the program's kernels are the text of. */
  readonly modules: readonly KernelModule[];
  readonly program: Program;
}

/** Throws `UserError` for options that do not fit the graph, `InternalError` where a stage breaks its promise. */
export function compile(model: Graph, options: CompileOptions = {}): Compilation {
  const { source, target, ranges, precision, quantise, tuning, bake } = settled(model, options);
  const { graph, rewrites } = simplify(source, target);
  if (rewrites.length > 0) verifyGraph(graph, new Set(source.nodes));
  const { regions: computed, decisions: fused, aliases } = partition(graph);
  const seen = new Set([...graph.outputs.map((o) => o.node), ...aliases.values()]);
  const { regions, decisions: beside } = fuseOutputs(overwrite(graph, computed), seen);
  const decisions = [...fused, ...beside];
  regions.forEach(verifyRegion);
  const kernels = regions.map(lower);
  const stored = decideStorages({ graph, kernels, aliases, precision, quantise });
  const lowered = { graph, kernels, storages: stored };
  const carried = carryOut(lowered, { target, tuning, bake });
  const { storages, baking, tuned, values } = carried;
  const planned = (steps: readonly Step[], batch = target.batch): Omit<RangeSteps, "most"> => {
    const bundles = bundle(inExecutionOrder(steps), { ...target, batch }, (s) => needsOf(s, storages));
    return { bundles, memory: planMemory({ graph, bundles, storages }) };
  };
  const whole = planned(carried.steps);
  const { bundles } = whole;
  const each = differing(
    ranges.map(({ most, batch }) => ({
      most,
      batch,
      ...carryOut(lowered, { target: { ...target, batch, most } }),
    })),
    carried,
  ).map(({ most, batch, steps }) => ({ most, ...planned(steps, batch) }));
  const { memory, ranges: placed } = inOneMemory(graph, whole, each);
  for (const part of [{ bundles, memory }, ...placed]) verifyMemory({ graph, storages, ...part });
  const baked = values ? bakedParams(storages, values) : [];
  const parts = { graph, bundles, memory, ranges: placed, storages, baked, code: target.code };
  const { program, modules } = assemble(parts);
  verifyProgram(program);
  const stages = { source, graph, rewrites, decisions, bundles, ranges: placed, storages, tuned, baking };
  const made = { memory, modules, program };
  return withWasm(model, options, { ...stages, ...made, remarks: remarksOn(source), steps: bundles.flat() });
}

/** With the same model for WebAssembly beside it, where that is asked for. */
function withWasm(model: Graph, options: CompileOptions, compilation: Compilation): Compilation {
  const { wasm, target: _, tuning: __, precision: ___, bake, ...others } = options;
  if (!wasm) return compilation;
  const { program } = compilation;
  const baked = bake && valuesIn(bake, program);
  const { program: beside } = compile(model, { ...others, target: "wasm", ...(baked && { bake: baked }) });
  if (beside.baked?.length === program.baked?.length)
    return { ...compilation, program: { ...program, wasm: beside } };
  // Whoever loads it gives both the same weights: what one of them cannot have as numbers, neither has.
  return compile(model, { ...options, bake: valuesIn(bake ?? {}, beside) });
}

/** Of some values those that a program has baked. */
function valuesIn(values: BakeValues, { baked = [] }: Program): BakeValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => baked.some((b) => b.name === name)));
}

/** The target that options name, or describe. */
export const targetOf = (target: CompileOptions["target"] = "portable"): Target =>
  typeof target === "string" ? targets[target] : target;

/** What is compiled, and for which target. */
function settled(model: Graph, options: CompileOptions) {
  checkGraph("compile", model);
  checkCompileOptions(options);
  checkForms("compile", options);
  const { batch, target, precision = "f32", quantise, typicalBatch, tuning, bake } = options;
  const source = batch === undefined ? model : bindBatch(model, batch);
  verifyGraph(source);
  const chosen = targetOf(target);
  const anyBatch = batch === undefined && typicalBatch === undefined && source.inputs.some(dependsOnN);
  // A target that is described says itself what batch it is for.
  const ranges =
    typeof target !== "object" && chosen.gpu && anyBatch && !source.updates && !tuning && !bake ? RANGES : [];
  const typical = typicalBatch ?? (source.updates ? 256 : ranges.length > 0 ? LARGE : chosen.batch);
  // Schedules were measured on adapters.
  const measured = chosen.code === "wasm" ? undefined : tuning;
  return {
    source,
    target: { ...chosen, batch: typical },
    ranges,
    precision,
    quantise,
    tuning: measured,
    bake,
  };
}

const dependsOnN = ({ node }: Graph["inputs"][number]): boolean => node.type.shape.some(isBatch);
