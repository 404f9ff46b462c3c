/** Which schedule each kernel gets, which parameters stand in the text, and the steps that come of it. */
import type { Tuning } from "../contract/tuning.ts";
import { tuningKey } from "./assemble/identity.ts";
import { loadedTensors } from "./assemble/module.ts";
import { must } from "./errors.ts";
import type { Graph, Node } from "./ir/graph.ts";
import type { Kernel, Schedule } from "./ir/kernel.ts";
import type { Step } from "./ir/step.ts";
import { inBuffer, type Storages } from "./ir/storage.ts";
import { type Baked, type BakeValues, bakeWherePossible, checkedValues } from "./passes/bake.ts";
import { lower } from "./passes/lower.ts";
import { verifyKernel } from "./passes/verify.ts";
import { passesOf, schedule, tunedSchedule } from "./strategies/index.ts";
import type { Target } from "./strategies/target.ts";

export interface Lowered {
  readonly graph: Graph;
  readonly kernels: readonly Kernel[];
  readonly storages: Storages;
}

export interface CarryOutOptions {
  readonly target: Target;
  readonly tuning?: Tuning | undefined;
  readonly bake?: BakeValues | undefined;
}

export interface CarriedOut extends Omit<Baked, "schedules"> {
  /** In no particular order. */
  readonly steps: readonly Step[];
  /** The keys of the tuning that fitted a kernel. */
  readonly tuned: ReadonlySet<string>;
  /** Of what was given to be baked. */
  readonly values: ReturnType<typeof checkedValues> | undefined;
}

/** Throws `UserError` for values to be baked that do not fit the graph. */
export function carryOut(
  { graph, kernels, storages: stored }: Lowered,
  { target, tuning, bake }: CarryOutOptions,
): CarriedOut {
  const tuned = new Set<string>();
  const scheduled = (kernel: Kernel, storages: Storages): Schedule => {
    const key = tuning && tuningKey(kernel, stored);
    const text = key === undefined ? undefined : tuning?.[key];
    const measured = text === undefined ? undefined : tunedSchedule(kernel, text);
    if (key !== undefined && measured) tuned.add(key);
    return measured ?? schedule(kernel, target, storages);
  };
  const loaded = (kernel: Kernel, plan: Schedule, now: Storages): ReadonlySet<Node> =>
    loadedTensors({ kernel, schedule: plan }, now);
  const values = bake && checkedValues(graph, bake, stored);
  const { storages, schedules, baking }: Baked = values
    ? bakeWherePossible({ kernels, storages: stored, values, schedule: scheduled, loaded })
    : { storages: stored, schedules: kernels.map((k) => scheduled(k, stored)), baking: [] };
  const stepsOf = (kernel: Kernel, chosen: Schedule): readonly Step[] => {
    const passes = passesOf(kernel, chosen, storages)?.map(lower);
    if (!passes) return [stepOf(kernel, chosen, storages)];
    return passes.flatMap((pass) => stepsOf(pass, schedule(pass, target, storages)));
  };
  const steps = kernels.flatMap((kernel, i) => stepsOf(kernel, must(schedules[i], "schedule")));
  return { steps, storages, baking, tuned, values };
}

function stepOf(kernel: Kernel, chosen: Schedule, storages: Storages): Step {
  verifyKernel(kernel);
  const isRead = (node: Node): boolean => inBuffer(storages, node);
  return {
    region: kernel.region,
    kernel: kernel.reads.every(isRead) ? kernel : { ...kernel, reads: kernel.reads.filter(isRead) },
    schedule: chosen,
  };
}
