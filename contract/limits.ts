/**
 * What every WebGPU device can do: the default limits (WebGPU, section 3.6.2, "Limits"). A program stays within them, and
 * whoever compiles, checks or runs one takes them from here.
 */

/** Storage buffers that one kernel binds: what it reads, and its result. */
export const STORAGE_BUFFERS = 8;
/** Tensors that one kernel may read. */
export const MOST_READS: number = STORAGE_BUFFERS - 1;
/** Bytes of one storage buffer. */
export const BINDING_BYTES: number = 128 * 1024 * 1024;
/** Threads of a workgroup. */
export const WORKGROUP_THREADS = 256;
/** Bytes of a workgroup's own memory. */
export const WORKGROUP_BYTES = 16_384;
/** Workgroups along one dimension of a dispatch. */
export const WORKGROUPS = 65_535;
