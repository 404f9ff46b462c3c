/**
 * The compiler's output and the runtime's input: JSON plus WGSL text, nothing else.
 * A Program says which buffers exist, which kernels read and write them, and in what order.
 */
import type { Count, DType, Size } from "./type.ts";

/** How a parameter is filled when no weights are given. */
export type Init =
  | (Scheme & { readonly values?: never })
  /** The elements themselves, of a constant of the model. Weights need not hold it. */
  | { readonly kind: "data"; readonly values: readonly number[] };

type Scheme =
  | { readonly kind: "zeros" | "ones" }
  | { readonly kind: "constant"; readonly value: number }
  /** By nothing: it is one of the weights, or there is an error. */
  | { readonly kind: "given" }
  /** Glorot & Bengio 2010: U(±√(6/(fanIn+fanOut))) or N(0, 2/(fanIn+fanOut)). */
  | { readonly kind: "xavierUniform" | "xavierNormal"; readonly fanIn: number; readonly fanOut: number }
  /** He et al. 2015: U(±√(6/fanIn)) or N(0, 2/fanIn). */
  | { readonly kind: "kaimingUniform" | "kaimingNormal"; readonly fanIn: number; readonly fanOut?: never }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

/**
 * What a parameter is for, where it is none that the model is trained by: a running statistic or a constant of the model, an
 * optimiser's moment or gradients that are gathered, or what a training adds its loss and hits to. "adapter": it is trained in place
 * of the model's own, and drawn where weights have none.
 */
export type ParamUse = "statistic" | "constant" | "moment" | "metrics" | "adapter";

/** How the elements of data sets lie on the GPU: whole numbers from 0, of so many bits. */
export type RowStorage = "u8" | "u16" | "u32";

/** An input or output of the program. */
export interface Signature {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers, "N" for the batch, and names of `Program.sizes`. */
  readonly shape: readonly (number | string)[];
  /** Index into `Program.buffers`. */
  readonly buffer: number;
  /**
   * "u8", "u16", "u32": the buffer holds a whole data set, so wide an element, as many rows as it has: N is not the batch's.
   * "f16": the elements, which are f32 to whoever gives them, are rounded to f16 before they are written.
   * "i8", "i4": they are quantised by blocks (`contract/quantised.ts`); `packed` of weftgpu/quantised does that.
   */
  readonly storage?: RowStorage | "f16" | "i8" | "i4";
  /**
   * Of an input of whole numbers that say where to read: they are from 0 and below this number, or below what the size of
   * this name is. A kernel that meets others reads at the nearest place; the load of weftgpu/sized refuses them.
   */
  readonly below?: number | string;
  /** With `below`: the one number besides that is taken, and that nothing is read by. */
  readonly except?: number;
}

export interface ParamSpec extends Signature {
  readonly shape: readonly number[];
  readonly init: Init;
  /** Absent: the parameter is trained. */
  readonly use?: ParamUse;
  /**
   * The order in which the axes lie in the buffer, outermost first; absent: the order of `shape`. Whoever fills or
   * reads the buffer permutes: with order [1, 0], element [i, j] of a [2, 3] parameter is at j · 2 + i.
   */
  readonly order?: readonly number[];
}

/** A parameter whose values stand in the kernels' text. It has no buffer, and whoever gives weights cannot change it. */
export interface BakedParam {
  readonly name: string;
  readonly shape: readonly number[];
  /** FNV-1a of its shape and its f32 values, before any rounding, as JavaScript prints them. Other values are refused. */
  readonly digest: number;
}

/** One GPU buffer. Buffers whose lifetimes do not overlap share one. */
export interface BufferPlan {
  readonly name: string;
  readonly bytes: Count;
}

export interface Binding {
  /** The WGSL variable. Binding numbers are positions; 0 is the uniform `batch` where `usesBatch`. */
  readonly name: string;
  readonly access: "read" | "read_write";
  /** Absent: elements of 32 bits, or bytes in u32. */
  readonly storage?: "f16";
}

/** A WGSL module; its entry point is `main`. */
export interface Shader {
  readonly name: string;
  /** The layers computed by this kernel, in the model's names. */
  readonly layers: readonly string[];
  /** Of a program for WebAssembly it is there to be read, and left out of bundles. */
  readonly wgsl: string;
  readonly workgroup: number;
  /** Of a program for WebAssembly: operations of a workgroup, by estimate. It says whether dividing the work pays. */
  readonly cost?: number;
  /**
   * Whether binding 0 is the batch uniform; storage buffers follow it. Its 32 bytes are
   * `struct Batch { n: u32, offset: u32, step: u32, seed: u32, rates: vec4<f32> }`, of which inference uses n; no kernel
   * uses the offset. A u32 for each of `Program.sizes` follows.
   */
  readonly usesBatch: boolean;
  readonly bindings: readonly Binding[];
}

/**
 * `items · ceil(N / batchTile)` independent work items (without the batch factor where `batchTile` is 0), one
 * thread each; the runtime divides by the workgroup size and folds what exceeds 65,535 workgroups into y.
 */
export interface Grid {
  readonly items: number;
  readonly batchTile: number;
}

export interface Dispatch {
  /** Index into `Program.kernels`. */
  readonly kernel: number;
  /** Indices into `Program.buffers`, in the order of the kernel's bindings. */
  readonly buffers: readonly number[];
  readonly grid: Grid;
  /** The layers this dispatch computes. */
  readonly layers: readonly string[];
}

/** Of batches up to `most`: what does the same as the program's dispatches, and takes less time there. */
export interface BatchRange {
  readonly most: number;
  readonly dispatches: readonly Dispatch[];
}

/** What a program runs for a batch. */
export const dispatchesFor = (
  { ranges, dispatches }: Pick<Program, "ranges" | "dispatches">,
  batch: number,
): readonly Dispatch[] => ranges?.find((r) => batch <= r.most)?.dispatches ?? dispatches;

/** A WebAssembly module; `contract/wasm.ts` says what it imports and exports. */
export interface WasmModule {
  /** In base64. */
  readonly code: string;
  /** Bytes before and behind all buffers that kernels may read: where a window hangs over the edge, a guard drops what is fetched. */
  readonly slack: number;
}

/** What of a device programs and schedules may use besides what each has. */
export type Feature = "subgroups" | "shader-f16";

/** A compiled model: kernels, buffers and the list of dispatches. Plain data, which JSON holds. */
export interface Program {
  readonly format: "weft-program";
  /** 3 where parameters are quantised, else 2 where there are sizes besides N: runtimes of version 1 know nothing of either. */
  readonly version: 1 | 2 | 3;
  readonly name: string;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  /**
   * Sizes besides N that a run reads off its inputs, each at most `max`: tensors lie in their buffers as if each were `max`.
   * Absent: there are none.
   */
  readonly sizes?: readonly Size[];
  readonly params: readonly ParamSpec[];
  /** Parameters that are no buffers but numbers in the kernels. Absent: none. */
  readonly baked?: readonly BakedParam[];
  readonly buffers: readonly BufferPlan[];
  readonly kernels: readonly Shader[];
  /** What the device must have been asked for. */
  readonly features?: readonly Feature[];
  /** Run once after weights are set: folded parameters. */
  readonly prepare: readonly Dispatch[];
  /** Run for every batch, in one submit. */
  readonly dispatches: readonly Dispatch[];
  /** What is run in their place for batches that it suits better, the smallest first. Absent: they are run for all. */
  readonly ranges?: readonly BatchRange[];
  /** Of a program for WebAssembly: its kernels as one module. Absent: the kernels are their WGSL. */
  readonly module?: WasmModule;
  /** The same model for WebAssembly. Absent: it was not asked for. */
  readonly wasm?: Program;
  /** All GPU memory the program takes, uniforms and readback excluded. */
  readonly peakBytes: Count;
  /** The largest batch within WebGPU's default limits (128 MiB a binding): 0 where parameters exceed them; null where N does not occur. */
  readonly maxBatch: number | null;
}

/** What an adapter or a device must be like. Fields of GPUAdapterInfo that either side leaves empty are not compared. */
export interface AdapterTest {
  /** Whether it has to compute on a CPU, or must not. */
  readonly fallback?: boolean;
  /** The least size of its subgroups. */
  readonly lanes?: number;
  readonly features?: readonly string[];
  readonly adapter?: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
  };
}

/** One of several programs that do the same. Without `when` it runs everywhere. */
export interface Variant {
  readonly name: string;
  readonly when?: AdapterTest;
  readonly program: Program;
}
