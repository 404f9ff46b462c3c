/** Targets: what schedules may count on, and their numbers. One record each. */
import { UserError } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { Lanes } from "../ir/kernel.ts";
import { isKnown, lengthOf, sizeAt } from "../ir/type.ts";
import { show } from "../options.ts";

export interface Target {
  readonly name: string;
  /** Threads of a workgroup; WebGPU's default limit is 256. */
  readonly workgroup: number;
  /** Accumulator registers (f32) of one thread. */
  readonly registers: number;
  /** Milliseconds that building one kernel may take llvmpipe, the slowest shader compiler met, by estimate. */
  readonly build: number;
  /** How often a kernel is expected to run for the one time it is built: code that builds slowly must save that much. */
  readonly runs: number;
  /** The batch size that schedules are made for; they are right for any. */
  readonly batch: number;
  /**
   * Whether loops of kernels with little work hide how often they run. llvmpipe writes loops of up to some 800
   * instructions out, which takes up to ten times as long to build.
   */
  readonly opaque: boolean;
  /** Whether four neighbouring threads may fetch for each other: WebGPU's feature "subgroups". */
  readonly quads: boolean;
  /** Whether workgroups have a fast memory of their own, and threads are many: then they fetch and add up together. */
  readonly workgroupMemory: boolean;
}

/** Legal everywhere. */
export const portable: Target = {
  name: "portable",
  workgroup: 64,
  registers: 64,
  build: 900,
  runs: 2000,
  batch: 64,
  opaque: false,
  quads: false,
  workgroupMemory: false,
};

/** GPUs. Legal everywhere, too; but a CPU has nothing to gain. */
export const gpu: Target = { ...portable, name: "gpu", workgroupMemory: true };

/** CPU adapters whose subgroups are wider than a quad, as llvmpipe's: they fetch each lane of a load by itself, and build slowly. */
export const octets: Target = { ...portable, name: "octets", opaque: true, quads: true, build: 480 };

/**
 * CPU adapters whose subgroups are a quad, as SwiftShader's: they build several times as fast, their loops are slow, and
 * accumulators beyond the registers cost less than the loads that they save.
 */
export const quads: Target = {
  ...portable,
  name: "quads",
  registers: 128,
  build: 2400,
  runs: 30_000,
  quads: true,
};

export const targets = { portable, gpu, octets, quads } as const satisfies Record<string, Target>;
export type TargetName = keyof typeof targets;

/** What is looked at of a GPUAdapter, or of a GPUDevice, which has its adapter's `info` under another name. */
export type AdapterFacts = { readonly features: { has(name: string): boolean } } & (
  | { readonly info: AdapterKind }
  | { readonly adapterInfo: AdapterKind }
);
interface AdapterKind {
  readonly isFallbackAdapter?: boolean;
  readonly subgroupMinSize?: number;
}

/** Throws `UserError` for what is neither. */
function checked(given: unknown): { features: AdapterFacts["features"]; info: AdapterKind } {
  const { features, info, adapterInfo = info } = (given ?? {}) as Record<string, unknown>;
  const has = (features as { has?: unknown } | undefined)?.has;
  if (typeof has === "function" && typeof adapterInfo === "object" && adapterInfo !== null)
    return { features: features as AdapterFacts["features"], info: adapterInfo };
  throw new UserError({
    problem: `targetFor: ${features ? "what it is given has neither info nor adapterInfo" : `the adapter is ${show(given)}`}`,
    rule: "targetFor looks at the features and the info of a GPUDevice or a GPUAdapter",
    fix: "const { device } = await requestDevice(); targetFor(device)",
  });
}

/** The target for a device or an adapter. Throws `UserError` for what is neither. */
export function targetFor(deviceOrAdapter: AdapterFacts): TargetName {
  const { features, info } = checked(deviceOrAdapter);
  if (info.isFallbackAdapter === false) return "gpu";
  if (!info.isFallbackAdapter || !features.has("subgroups")) return "portable";
  return (info.subgroupMinSize ?? 4) > 4 ? "octets" : "quads";
}

export const extentOf = (axis: Axis): number => lengthOf(axis.extent);

/** Positions along all of some axes, at the batch size that is expected. */
export function positionsAt(axes: readonly Axis[], { batch }: Target): number {
  return axes.reduce((a, x) => a * sizeAt(x.extent, batch), 1);
}

/** The widest vector that an axis divides into. */
export function vectorWidth(axis: Axis | undefined): 1 | 2 | 4 {
  if (axis === undefined || !isKnown(axis.extent)) return 1;
  return axis.extent % 4 === 0 ? 4 : axis.extent % 2 === 0 ? 2 : 1;
}

/** A schedule's vector: none over a width of 1. */
export function vectorOver(axis: Axis | undefined, width: 1 | 2 | 4): Lanes | null {
  return axis === undefined || width === 1 ? null : { axis, width };
}
