/** Targets: what schedules may count on, and their numbers. One record each. */
import type { Axis } from "../ir/expr.ts";

export interface Target {
  readonly name: string;
  /** Threads of a workgroup; WebGPU's default limit is 256. */
  readonly workgroup: number;
  /** Accumulator registers (f32) of one thread. */
  readonly registers: number;
  /** Milliseconds that building one large kernel may take the slowest shader compiler, by estimate. */
  readonly build: number;
  /** Whether four neighbouring threads may fetch for each other: WebGPU's feature "subgroups". */
  readonly quads: boolean;
}

/** Legal everywhere. */
export const portable: Target = {
  name: "portable",
  workgroup: 64,
  registers: 64,
  build: 1200,
  quads: false,
};

/** For adapters that have subgroups and fetch each lane of a load by itself, as those on CPUs do. */
export const quads: Target = { ...portable, name: "quads", quads: true };

export const targets = { portable, quads } as const satisfies Record<string, Target>;
export type TargetName = keyof typeof targets;

/** What is looked at of an adapter or a device: GPUAdapter's `features` and `info`, GPUDevice's `features` and `adapterInfo`. */
export interface AdapterFacts {
  readonly features: { has(name: string): boolean };
  readonly info: { readonly isFallbackAdapter?: boolean };
}

/** The target for an adapter. */
export function targetFor({ features, info }: AdapterFacts): TargetName {
  return info.isFallbackAdapter && features.has("subgroups") ? "quads" : "portable";
}

export const extentOf = (axis: Axis): number =>
  axis.extent === "N" ? Number.POSITIVE_INFINITY : axis.extent;

/** The widest vector that an axis divides into. */
export function vectorWidth(axis: Axis | undefined): 1 | 2 | 4 {
  if (axis === undefined || axis.extent === "N") return 1;
  return axis.extent % 4 === 0 ? 4 : axis.extent % 2 === 0 ? 2 : 1;
}

/** A schedule's vector: none over a width of 1. */
export function vectorOver(
  axis: Axis | undefined,
  width: 1 | 2 | 4,
): { readonly axis: string; readonly width: 2 | 4 } | null {
  return axis === undefined || width === 1 ? null : { axis: axis.key, width };
}
