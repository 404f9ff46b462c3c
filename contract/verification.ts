/** What a program's kernels are held against: another program for the same model, which keeps every tensor that these store. */
import type { Program } from "./program.ts";

/** A tensor that a dispatch stores. */
export interface Probe {
  /** Which of the dispatch's buffers holds it: its position. */
  readonly binding: number;
  /** The layer whose values they are; the reference's output of this name holds them in row-major order. */
  readonly layer: string;
  /** As `ParamSpec.order`. */
  readonly order?: readonly number[];
  /** Its elements are rounded to f16. */
  readonly storage?: "f16";
  /** It depends on a comparison, or on rounding to whole numbers: close to the threshold either side is right. */
  readonly jumps?: true;
}

/** By dispatch. */
export type Probes = readonly (readonly Probe[])[];

/** Plain data, which JSON holds. */
export interface Verification {
  readonly format: "weft-verification";
  readonly version: 1;
  /** What is looked at. */
  readonly program: Program;
  /** The same model for WebAssembly. Its outputs are all that the program stores. */
  readonly reference: Program;
  readonly prepare: Probes;
  /** Of `Program.dispatches`, and of each of `Program.ranges`. */
  readonly lists: readonly Probes[];
}

/** The probes of what a program runs for a batch, as `dispatchesFor` gives its dispatches. */
export function probesFor({ program, prepare, lists }: Verification, batch: number): Probes {
  const range = program.ranges?.findIndex((r) => batch <= r.most) ?? -1;
  return [...prepare, ...(lists[range + 1] as Probes)]; // one for each
}
