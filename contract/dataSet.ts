/** What the parts of a training's data sets are called, and which arrays they may be. */
import type { Signature } from "./program.ts";
import type { Training } from "./training.ts";

/** A part of a data set: what it may be called, its own name first, and whether losses compare with it. */
export interface Part {
  readonly input: Signature;
  readonly keys: readonly string[];
  readonly target: boolean;
}

/**
 * The parts, in the order of the programs' inputs. Where there is one input of the model it is called `images` too, where there
 * is one target `labels`, unless another part is called so.
 */
export function partsIn({ step: { inputs }, losses }: Training): readonly Part[] {
  const targets = losses.flatMap((l) => l.targets);
  // The rows that are the batch come last, where anything is drawn by them.
  const given = inputs.some((i) => i.storage) ? inputs.slice(0, -1) : inputs;
  const isTarget = ({ name }: Signature): boolean => targets.includes(name);
  return given.map((input) => {
    const target = isTarget(input);
    const other = target ? "labels" : "images";
    const alone = given.every((i) => i === input || (isTarget(i) !== target && i.name !== other));
    return { input, keys: [...new Set([input.name, ...(alone ? [other] : [])])], target };
  });
}

const WHOLE = [Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array];

/** Whole numbers may be of any kind; bytes that are scaled, and numbers that are not, are what they are. */
export function kindsOf({ input: { dtype, storage, below }, target }: Part): typeof WHOLE {
  if (dtype !== "f32" && (below || !storage)) return WHOLE;
  return storage ? [Uint8Array] : target ? [Uint8Array, Float32Array] : [Float32Array];
}
