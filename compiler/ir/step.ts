/** One step of a program, and where every stored tensor lives. */
import type { BufferPlan } from "../../contract/program.ts";
import type { Count } from "../../contract/type.ts";
import type { Node } from "./graph.ts";
import type { Kernel, Schedule } from "./kernel.ts";
import type { Region } from "./region.ts";

/** A region, its kernel, its schedule. */
export interface Step {
  readonly region: Region;
  readonly kernel: Kernel;
  readonly schedule: Schedule;
}

export interface MemoryPlan {
  readonly buffers: readonly BufferPlan[];
  /** Which buffer holds each stored tensor. */
  readonly place: ReadonlyMap<Node, number>;
  readonly peakBytes: Count;
  /** The largest batch whose buffers fit WebGPU's default binding size; null where nothing depends on N. */
  readonly maxBatch: number | null;
}
