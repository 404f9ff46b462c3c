/** Targets: what schedules may count on, and their numbers. One record each. */
import { UserError } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { Lanes } from "../ir/kernel.ts";
import { isKnown, lengthOf, sizeAt } from "../ir/type.ts";
import { show } from "../options.ts";
import { type Device, type DeviceName, deviceOf, devices, type Gpu, UNKNOWN } from "./devices.ts";

/** What schedules may count on, and an adapter's figures. */
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
  /** The largest batch that they are run for; null: there is none. */
  readonly most: number | null;
  /**
   * Multiply-adds of a run below which a kernel's loops hide how often they run; 0: none does. llvmpipe writes loops of up
   * to some 800 instructions out. That takes up to ten times as long to build, and runs up to twice as fast: such loops hold
   * their accumulators without asking who is in the loop.
   */
  readonly opaqueBelow: number;
  /**
   * Steps of a sum from which on a register tile is stored in loops; its accumulators then go through memory, once.
   * llvmpipe takes 7 ms to build a store, and walks arrays well; elsewhere an array of accumulators is slower: null.
   */
  readonly loopedFrom: number | null;
  /** What tilings are priced by. */
  readonly times: Times;
  /** Whether four neighbouring threads may fetch for each other: WebGPU's feature "subgroups". */
  readonly quads: boolean;
  /** A CPU's: a workgroup is one core's work, so few threads are spread over smaller ones; null: as many as there are. */
  readonly spread: Spread | null;
  /** What kernels become. In WebAssembly a vector may be fetched from any place; in WGSL its width divides the address. */
  readonly code: "wgsl" | "wasm";
  /** A processor whose vectors lie in registers and are fetched from any address. */
  readonly vectors: VectorTimes | null;
  /** Where threads are many, they fetch and add up together. */
  readonly gpu: Gpu | null;
}

/** Time of an element fetched, a load, an element that a neighbour fetched, a guarded value, a multiply-add. */
export interface Times {
  readonly element: number;
  readonly vector: number;
  readonly shared: number;
  readonly guard: number;
  readonly add: number;
  /** With more accumulators than there are registers. */
  readonly spilledAdd: number;
  /** Of an accumulator that a sum of products is added to. */
  readonly sum: number;
}

export interface Spread {
  /** Workgroups that keep the cores busy to the end. */
  readonly workgroups: number;
  /** Threads of the smallest workgroup. */
  readonly least: number;
}

/** In the time of a multiplication and an addition of vectors. */
export interface VectorTimes {
  readonly registers: number;
  /** Of a vector, or of a number in all lanes. */
  readonly load: number;
  /** Of a vector whose numbers do not lie side by side. */
  readonly gather: number;
  /** Of a number that is chosen by a condition. */
  readonly guard: number;
  /** Of an accumulator that has no register, each step. */
  readonly spill: number;
  /** Of a turn of a loop. */
  readonly loop: number;
  /** Of an operation of what is made of a sum. */
  readonly operation: number;
  /** Of a thread that finds its place. */
  readonly thread: number;
}

/** Legal everywhere. */
export const portable: Target = {
  name: "portable",
  workgroup: 64,
  registers: 64,
  build: 900,
  runs: 2000,
  batch: 64,
  most: null,
  opaqueBelow: 0,
  loopedFrom: null,
  times: { element: 20, vector: 10, shared: 1.5, guard: 3, add: 3, spilledAdd: 3.6, sum: 0 },
  quads: false,
  spread: null,
  code: "wgsl",
  vectors: null,
  gpu: null,
};

/** A GPU that nobody knows. Legal everywhere, too; but a CPU has nothing to gain. */
export const gpu: Target = { ...portable, name: "gpu", gpu: UNKNOWN };

/** GPUs that are known: legal everywhere as well. */
const known = (name: DeviceName): Target => {
  const { gpu, registers = portable.registers }: Device = devices[name];
  return { ...portable, name, gpu, registers };
};

/**
 * CPU adapters whose subgroups are wider than a quad, as llvmpipe's: they fetch each lane of a load by itself, build slowly,
 * keep accumulators in memory in any case and get the more from sums of several products.
 */
export const octets: Target = {
  ...portable,
  name: "octets",
  build: 480,
  opaqueBelow: 1e6,
  loopedFrom: 16,
  times: { element: 15, vector: 8, shared: 0.5, guard: 3, add: 0.8, spilledAdd: 0.8, sum: 1.4 },
  quads: true,
  spread: { workgroups: 16, least: 16 },
};

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
  spread: { workgroups: 16, least: 16 },
};

/**
 * WebAssembly with vectors of 128 bits: a thread is a turn of a loop, alone with its registers. Processors have 16 of them,
 * load two vectors in the time of one multiply-add, and fetch from any address.
 */
export const wasm: Target = {
  ...portable,
  name: "wasm",
  workgroup: 1,
  code: "wasm",
  vectors: { registers: 15, load: 0.5, gather: 4, guard: 4, spill: 1, loop: 1.5, operation: 0.5, thread: 20 },
};

export const targets = {
  portable,
  gpu,
  nvidia: known("nvidia"),
  amd: known("amd"),
  intel: known("intel"),
  apple: known("apple"),
  adreno: known("adreno"),
  mali: known("mali"),
  octets,
  quads,
  wasm,
} as const satisfies Record<string, Target>;

/** What `compile(graph, { target })` takes. */
export type TargetName = keyof typeof targets;

/** What is looked at of a GPUAdapter, or of a GPUDevice, which has its adapter's `info` under another name. */
export type AdapterFacts = { readonly features: { has(name: string): boolean } } & (
  | { readonly info: AdapterKind }
  | { readonly adapterInfo: AdapterKind }
);
interface AdapterKind {
  readonly vendor?: string;
  readonly architecture?: string;
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
  if (info.architecture === "wasm") return "wasm"; // a device of weftgpu/wasm
  if (info.isFallbackAdapter === false) return deviceOf(info.vendor) ?? "gpu";
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
