/**
 * What schedules count on of GPUs: a record for each family whose needs differ. Figures are those of vendors' guides and of the
 * machine code that a driver makes (docs/gpu.md says where each is from); they stand here alone.
 */

/** A GPU, in multiply-adds of one of its threads where nothing else is said. */
export interface Gpu {
  /** Threads that keep it busy: as many as reside on it at once, or as hide how long its memory takes. */
  readonly threads: number;
  /** null: its workgroup memory is no faster than its cache, so that threads better fetch for themselves. */
  readonly stage: StageFigures | null;
  /**
   * A unit of its own fetches what all threads of a subgroup read at one address; the bytes that a thread gets from the first cache
   * meanwhile, in the time of a multiply-add. null: none does.
   */
  readonly scalar: number | null;
}

/** How workgroups fetch factors together. */
export interface StageFigures {
  /** Threads of a workgroup that are tried. */
  readonly workgroups: readonly number[];
  /** Sums of a thread: fewer only where there are not so many, more never. */
  readonly sums: { readonly least: number; readonly most: number };
  /** Steps of the sum that are tried. */
  readonly depths: readonly number[];
  /** Bytes of workgroup memory for each thread, of which enough reside at once to hide how long memory takes. */
  readonly bytes: number;
  /** Bytes that a thread gets from workgroup memory in the time of a multiply-add. */
  readonly near: number;
  /** The same from the cache that all cores share. */
  readonly far: number;
  /** What a thread does besides: for a number that it fetches, for each step it fetches of, and to meet the others. */
  readonly fetch: number;
  readonly place: number;
  readonly barrier: number;
  /** A further pass over partial sums, and a byte of these, written and read, for all threads together. */
  readonly pass: number;
  readonly partial: number;
}

/**
 * A GPU that nobody knows. Cores of most families hand out 128 bytes of workgroup memory in the time of as many
 * multiply-adds (CUDA C++ Programming Guide, "Arithmetic Instructions" and "Shared Memory"; AMD, "RDNA 3 ISA", "LDS").
 */
export const UNKNOWN: Gpu = {
  threads: 16_384,
  stage: {
    workgroups: [64, 128, 256],
    sums: { least: 16, most: 32 },
    depths: [8, 16, 32],
    bytes: 160,
    near: 1,
    far: 0.125,
    fetch: 2,
    place: 20,
    barrier: 16,
    pass: 2048,
    partial: 8,
  },
  scalar: null,
};

const staged = (threads: number, figures: Partial<StageFigures>): Gpu => ({
  threads,
  stage: { ...(UNKNOWN.stage as StageFigures), ...figures }, // it has one
  scalar: null,
});

/** A record, and the adapters that it is for. */
export interface Device {
  /** `GPUAdapterInfo.vendor`, as Dawn's `gpu_info.json` has it. */
  readonly vendor: string;
  readonly gpu: Gpu;
  /** f32 numbers that a thread sums in registers, where it fetches for itself. */
  readonly registers?: number;
}

export const devices = {
  /** Two warps for each of 512 schedulers (AD102), 255 registers a thread. */
  nvidia: {
    vendor: "nvidia",
    gpu: staged(32_768, { workgroups: [128, 256], sums: { least: 16, most: 64 } }),
  },
  /** Two subgroups of 64 for each of 192 SIMDs (Navi 31); half as much from the first cache as from workgroup memory. */
  amd: { vendor: "amd", gpu: { ...staged(24_576, { sums: { least: 16, most: 64 } }), scalar: 0.5 } },
  /** Eight threads of 16 lanes for each of 160 vector engines (BMG-G21) at 128 registers, which 32 sums fit. */
  intel: { vendor: "intel", gpu: staged(16_384, { workgroups: [128], depths: [16, 32] }) },
  /** Four subgroups of 32 for each of 40 cores' quarters (M1 Max); more than 32 sums leave too few of them. */
  apple: { vendor: "apple", gpu: staged(16_384, { workgroups: [64, 128], depths: [8, 16] }) },
  /** Its texture cache feeds as fast as its workgroup memory (Qualcomm, "Snapdragon OpenCL Programming Guide"). */
  adreno: { vendor: "qualcomm", gpu: { threads: 4096, stage: null, scalar: null }, registers: 16 },
  /** Its workgroup memory is memory, behind the same cache (Arm, "Mali GPU Best Practices"). */
  mali: { vendor: "arm", gpu: { threads: 2048, stage: null, scalar: null }, registers: 16 },
} as const satisfies Record<string, Device>;

export type DeviceName = keyof typeof devices;

/** Their names, in order. */
export const DEVICES = [
  "nvidia",
  "amd",
  "intel",
  "apple",
  "adreno",
  "mali",
] as const satisfies readonly DeviceName[];

/** The record for an adapter of a vendor; undefined where there is none. */
export const deviceOf = (vendor: string | undefined): DeviceName | undefined =>
  DEVICES.find((name) => devices[name].vendor === vendor);
