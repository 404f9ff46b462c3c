/** The whole pipeline: model graph in, Program out. Pure: no clock, no file, no GPU, no platform global. */

import type { Program } from "../contract/program.ts";
import type { Tuning } from "../contract/tuning.ts";
import { assemble } from "./assemble/assemble.ts";
import { must } from "./errors.ts";
import type { Graph, Node } from "./ir/graph.ts";
import type { Kernel, Schedule } from "./ir/kernel.ts";
import type { Decision } from "./ir/region.ts";
import type { MemoryPlan, Step } from "./ir/step.ts";
import type { KernelModule } from "./ir/stmt.ts";
import { inBuffer, type Storages } from "./ir/storage.ts";
import { tuningKey } from "./lower/identity.ts";
import { loadedTensors } from "./lower/module.ts";
import {
  type Baked,
  type BakeValues,
  type Baking,
  bakedParams,
  bakeWherePossible,
  checkedValues,
} from "./passes/bake.ts";
import { bindBatch } from "./passes/batch.ts";
import { lower } from "./passes/lower.ts";
import { checkCompileOptions, checkGraph } from "./passes/options.ts";
import { bundle, inExecutionOrder } from "./passes/order.ts";
import { partition } from "./passes/partition.ts";
import { planMemory } from "./passes/plan.ts";
import { type Remark, remarksOn } from "./passes/remarks.ts";
import { schedule } from "./passes/schedule.ts";
import { type Rewrite, simplify } from "./passes/simplify.ts";
import { decideStorages } from "./passes/storage.ts";
import { type Target, type TargetName, targets } from "./passes/target.ts";
import { tunedSchedule } from "./passes/tuning.ts";
import { overwrite } from "./passes/update.ts";
import { verifyGraph, verifyKernel, verifyRegion } from "./passes/verify.ts";
import { verifyMemory, verifyProgram } from "./passes/verifyProgram.ts";

export type { BakeValues, Baking } from "./passes/bake.ts";
export type { Remark } from "./passes/remarks.ts";
export { type AdapterFacts, type Target, type TargetName, targetFor } from "./passes/target.ts";

/** How weights and what lies between kernels are stored; sums are f32 in either case. */
export type Precision = "f32" | "f16";

export interface CompileOptions {
  /** Puts a number in for N. Default: N stays symbolic and one program serves any batch size. */
  readonly batch?: number;
  /**
   * The batch size that kernels are scheduled for; they are right for any. Small ones ask for kernels that are built
   * quickly and keep few positions in a thread. Default: 64, for training 256.
   */
  readonly typicalBatch?: number;
  /**
   * "f16": weights and what lies between kernels are stored as f16, sums are f32; inputs and outputs stay f32. Half the
   * memory, and numbers of 11 bits. It needs a device with the feature "shader-f16". Default: "f32".
   */
  readonly precision?: Precision;
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
  checkGraph("compile", model);
  checkCompileOptions(options);
  const source = options.batch === undefined ? model : bindBatch(model, options.batch);
  const { target: chosen = "portable", tuning } = options;
  const target = settled(typeof chosen === "string" ? targets[chosen] : chosen, source, options);
  verifyGraph(source);
  const { graph, rewrites } = simplify(source);
  if (rewrites.length > 0) verifyGraph(graph, new Set(source.nodes));
  const { regions: computed, decisions, aliases } = partition(graph);
  const regions = overwrite(graph, computed);
  regions.forEach(verifyRegion);

  const kernels = regions.map(lower);
  kernels.forEach(verifyKernel);
  const { precision = "f32" } = options;
  const stored = decideStorages({ graph, kernels, aliases, precision });
  const tuned = new Set<string>();
  const scheduled = (kernel: Kernel, storages: Storages): Schedule => {
    const key = tuning && tuningKey(kernel, stored);
    const data = key === undefined ? undefined : tuning?.[key];
    const measured = data && tunedSchedule(kernel, target, data);
    if (key !== undefined && measured) tuned.add(key);
    return measured ?? schedule(kernel, target, storages);
  };
  const values = options.bake && checkedValues(graph, options.bake, stored);
  const { storages, schedules, baking }: Baked = values
    ? bakeWherePossible({
        kernels,
        storages: stored,
        values,
        schedule: scheduled,
        loaded: (kernel, plan, now) => loadedTensors({ kernel, schedule: plan }, now),
      })
    : { storages: stored, schedules: kernels.map((k) => scheduled(k, stored)), baking: [] };
  const isRead = (node: Node): boolean => inBuffer(storages, node);
  const all = kernels.map(
    (kernel, i): Step => ({
      region: kernel.region,
      kernel: kernel.reads.every(isRead) ? kernel : { ...kernel, reads: kernel.reads.filter(isRead) },
      schedule: must(schedules[i], "schedule"),
    }),
  );
  const bundles = bundle(inExecutionOrder(all));
  const memory = planMemory({ graph, bundles, storages });
  verifyMemory({ graph, bundles, memory, storages });
  const assembled = assemble({ graph, bundles, memory, storages });
  const baked = values ? bakedParams(storages, values) : [];
  const program = baked.length > 0 ? { ...assembled.program, baked } : assembled.program;
  verifyProgram(program);
  const steps = bundles.flat();
  return {
    source,
    graph,
    rewrites,
    decisions,
    remarks: remarksOn(source),
    steps,
    bundles,
    storages,
    tuned,
    baking,
    memory,
    modules: assembled.modules,
    program,
  };
}

function settled(target: Target, { updates }: Graph, { typicalBatch }: CompileOptions): Target {
  const batch = typicalBatch ?? (updates ? 256 : target.batch);
  return { ...target, batch };
}
