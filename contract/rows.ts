/** Data sets on the GPU. */
import type { RowStorage } from "./program.ts";

/** What they are given in, as they lie there. */
export const ROW_ARRAYS = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array } satisfies Record<
  RowStorage,
  unknown
>;

/** The least of them that holds the whole numbers below a bound. */
export const narrowest = (bound: number): RowStorage =>
  bound <= 2 ** 8 ? "u8" : bound <= 2 ** 16 ? "u16" : "u32";
