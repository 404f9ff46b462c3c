/**
 * What every WebGPU device can do: the default limits (WebGPU, section 3.6.2, "Limits"). A program stays within them, and
 * whoever compiles, checks or runs one takes them from here.
 */
export const LIMITS = {
  /** Storage buffers that one kernel binds: what it reads, and its result. */
  storageBuffers: 8,
  /** Bytes of one storage buffer. */
  bindingBytes: 128 * 1024 * 1024,
  /** Threads of a workgroup. */
  workgroupThreads: 256,
  /** Bytes of a workgroup's own memory. */
  workgroupBytes: 16_384,
  /** Workgroups along one dimension of a dispatch. */
  workgroups: 65_535,
} as const;

/** Tensors that one kernel may read: one buffer is the result's. */
export const MOST_READS: number = LIMITS.storageBuffers - 1;
