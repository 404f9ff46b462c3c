/** The whole pipeline: model graph in, Program out. Pure: no clock, no file, no GPU, no platform global. */

import { assemble } from "./codegen/assemble.ts";
import type { Graph, Node } from "./ir/graph.ts";
import type { Kernel } from "./ir/kernel.ts";
import type { Program } from "./ir/program.ts";
import type { Decision, Partition } from "./ir/region.ts";
import type { MemoryPlan, Step } from "./ir/step.ts";
import { axisSource } from "./math/build.ts";
import { bindBatch } from "./passes/batch.ts";
import { lower } from "./passes/lower.ts";
import { pack } from "./passes/pack.ts";
import { partition } from "./passes/partition.ts";
import { planMemory } from "./passes/plan.ts";
import { portable, schedule, type Target } from "./passes/schedule.ts";
import { type Rewrite, simplify } from "./passes/simplify.ts";

export interface CompileOptions {
  /** Puts a number in for N. Default: N stays symbolic and one program serves any batch size. */
  readonly batch?: number;
  readonly target?: Target;
}

/** The data of every stage. */
export interface Compilation {
  /** As the model file built it. */
  readonly source: Graph;
  /** After simplification. */
  readonly graph: Graph;
  readonly rewrites: readonly Rewrite[];
  readonly decisions: readonly Decision[];
  /** In the order of execution, those of phase "prepare" first. */
  readonly steps: readonly Step[];
  readonly memory: MemoryPlan;
  readonly program: Program;
}

export function compile(model: Graph, options: CompileOptions = {}): Compilation {
  const source = options.batch === undefined ? model : bindBatch(model, options.batch);
  const target = options.target ?? portable;
  const { graph, rewrites } = simplify(source);
  const { regions, decisions, aliases } = partition(graph);

  const fresh = axisSource("packed");
  const prepared = new Set<Node>(regions.filter((r) => r.phase === "prepare").map((r) => r.root));
  const isParameter = (node: Node): boolean => node.kind === "param" || prepared.has(node);
  const step = (kernel: Kernel): Step => ({
    region: kernel.region,
    kernel,
    schedule: schedule(kernel, target),
  });
  const lowered = regions.map((r) => {
    const { kernel, region } = pack(lower(r), isParameter, fresh);
    const first = region ? [step(lower(region))] : [];
    return { first, step: step({ ...kernel, region: { ...kernel.region, reads: kernel.reads } }) };
  });
  const all = lowered.flatMap((l) => [...l.first, l.step]);
  const steps = [
    ...all.filter((s) => s.region.phase === "prepare"),
    ...all.filter((s) => s.region.phase === "run"),
  ];

  const stored: Partition = { regions: steps.map((s) => s.region), decisions, aliases };
  const memory = planMemory(graph, stored);
  const program = assemble(graph, steps, memory, aliases);
  return { source, graph, rewrites, decisions, steps, memory, program };
}
