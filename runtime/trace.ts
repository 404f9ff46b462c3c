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

/** Where values left the finite numbers: the position of the dispatch, and that of the tensor among those it writes. */
export interface Origin extends Unfit {
  readonly dispatch: number;
  readonly which: number;
  /** Of the program's buffers, the one that holds them. */
  readonly buffer: number;
}

/**
 * Carries out the dispatches one by one, up to the first in whose results `look` finds something; undefined where it finds nothing.
 * It is shown whole buffers, which may be larger than what a dispatch writes, so they are cleared before. With
 * nothing else in flight, and the batch told.
 */
export async function trace(
  executable: Executable,
  dispatches: readonly Dispatch[],
  batch: number,
  look: (data: ArrayBuffer, storage: Binding["storage"]) => Unfit | undefined,
  lent?: Lent,
): Promise<Origin | undefined> {
  const { kernels, buffers, params, name } = executable.program;
  for (const [dispatch, data] of dispatches.entries()) {
    const written = (kernels[data.kernel] as Shader).bindings.flatMap(({ access, storage }, k) => {
      const index = data.buffers[k] as number; // one for each
      const { bytes } = buffers[index] as Program["buffers"][number];
      return access === "read" ? [] : [{ index, storage, size: bytesAt(bytes, batch) }];
    });
    const sizes = written.map(({ size }) => size);
    const parts = await executable.run(`${name}, batch of ${batch}`, () => {
      const bound = executable.bind(data, lent);
      const results = written.map(({ index }) => executable.buffer(index));
      return {
        sizes,
        encode(encoder, staging) {
          // Updates read what they overwrite.
          for (const { index } of written)
            if (!params.some((p) => p.buffer === index)) encoder.clearBuffer(executable.buffer(index));
          encodePass(encoder, [bound], batch);
          copyOut(encoder, staging, results, sizes);
        },
      };
    });
    for (const [which, { index, storage }] of written.entries()) {
      const held = look(parts[which] as ArrayBuffer, storage); // one for each
      if (held) return { dispatch, which, buffer: index, ...held };
    }
  }
  return undefined;
}
