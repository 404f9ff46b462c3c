/** Carries out a batch kernel by kernel, and looks for the first value that is not finite. Costs nothing otherwise. */
import type { Binding, Dispatch, Program, Shader } from "../contract/program.ts";
import type { TensorData } from "../contract/tensor.ts";
import { bytesAt } from "../contract/type.ts";
import { copyOut, type Executable, encodePass, type Lent } from "./executable.ts";

/** Values that are not finite: how many are NaN or infinite, and the first of them. */
export interface Unfit {
  readonly count: number;
  readonly value: number;
}

/** Undefined where all are finite. */
export function unfit(data: TensorData): Unfit | undefined {
  let [count, value] = [0, 0];
  for (const x of data) if (!Number.isFinite(x) && !count++) value = x;
  return count ? { count, value } : undefined;
}

/** A tensor that a dispatch wrote. */
export interface Written {
  /** The position of the dispatch. */
  readonly dispatch: number;
  /** Of the program's buffers, the one that holds it, and which of the dispatch's that is. */
  readonly buffer: number;
  readonly binding: number;
  readonly storage: Binding["storage"];
}

/** Where something was found. */
export interface Origin extends Written {
  /** The tensor's position among those that the dispatch writes. */
  readonly which: number;
}

/**
 * Carries out the dispatches one by one, up to the first in whose results `look` finds something; undefined where it finds nothing.
 * It is shown whole buffers, which may be larger than what a dispatch writes, so they are cleared before. With
 * nothing else in flight, and the batch told.
 */
export async function trace<Found extends object>(
  executable: Executable,
  dispatches: readonly Dispatch[],
  batch: number,
  look: (data: ArrayBuffer, of: Written) => Found | undefined | Promise<undefined>,
  lent?: Lent,
): Promise<(Found & Origin) | undefined> {
  const { kernels, buffers, params, name } = executable.program;
  for (const [dispatch, data] of dispatches.entries()) {
    const written = (kernels[data.kernel] as Shader).bindings.flatMap(({ access, storage }, binding) => {
      const buffer = data.buffers[binding] as number; // one for each
      const { bytes } = buffers[buffer] as Program["buffers"][number];
      return access === "read" ? [] : [{ dispatch, buffer, binding, storage, size: bytesAt(bytes, batch) }];
    });
    const sizes = written.map(({ size }) => size);
    const parts = await executable.run(`${name}, batch of ${batch}`, () => {
      const bound = executable.bind(data, lent);
      const results = written.map(({ buffer }) => executable.buffer(buffer));
      return {
        sizes,
        encode(encoder, staging) {
          // Updates read what they overwrite.
          for (const { buffer } of written)
            if (!params.some((p) => p.buffer === buffer)) encoder.clearBuffer(executable.buffer(buffer));
          encodePass(encoder, [bound], batch);
          copyOut(encoder, staging, results, sizes);
        },
      };
    });
    for (const [which, place] of written.entries()) {
      const found = await look(parts[which] as ArrayBuffer, place); // one for each
      if (found) return { ...found, ...place, which };
    }
  }
  return undefined;
}
