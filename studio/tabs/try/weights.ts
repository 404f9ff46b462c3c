/** Where weights come from, so that the page can say it, and which of them a model can use. */

import type { ParamSpec } from "../../../contract/program.ts";
import { readStored, tensorsFor } from "../../../contract/stored.ts";
import type { TensorData } from "../../../contract/tensor.ts";
import { checkWeights, type Weights } from "../../../contract/weights.ts";
import { initialise } from "../../../runtime/initialise.ts";
import { metadataIn } from "../../../runtime/metadata.ts";
import type { Sample } from "../../project.ts";

/** What is known about weights besides their numbers. */
export interface Origin {
  readonly kind: "served" | "opened" | "trained";
  /** The file's name; of trained ones how far they are. */
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Pictures of the kind that they have learnt from. */
  readonly samples?: readonly Sample[];
}

const origins = new WeakMap<Weights, Origin>();

/** Tells the tabs where weights come from that are about to be shared. */
export function remember(weights: Weights, origin: Origin): Weights {
  origins.set(weights, origin);
  return weights;
}

/** Undefined for weights that nobody told of. */
export function originOf(weights: Weights): Origin | undefined {
  return origins.get(weights);
}

/** The weights in a file's bytes. Throws `WeftError` "weights" where they are none. */
export function openWeights(bytes: ArrayBuffer, name: string, kind: "opened" | "served" = "opened"): Weights {
  return remember(tensorsFor(readStored(bytes)), { kind, name, metadata: metadataIn(bytes) });
}

/** Why weights do not fit the parameters, in words; undefined if they do. */
export function misfit(params: readonly ParamSpec[], weights: Weights): string | undefined {
  try {
    checkWeights(params, weights);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replace(/^weights: /, "");
  }
}

const SEED = 0;

/** Initial values that were drawn already: a recompile does not draw them again. */
export type Drawn = Map<string, TensorData>;

/**
 * The initial values that `load` would draw with seed 0, a parameter at a time; `progress` is told the part that is
 * done and may wait, so that a page stays alive.
 */
export async function initialWeights(
  params: readonly ParamSpec[],
  drawn: Drawn,
  progress: (part: number) => Promise<void>,
): Promise<Weights> {
  const sizeOf = ({ shape }: ParamSpec): number => shape.reduce((a, b) => a * b, 1);
  const total = params.reduce((sum, p) => sum + sizeOf(p), 0);
  const weights: Record<string, Weights[string]> = Object.create(null);
  let done = 0;
  for (const param of params) {
    const key = JSON.stringify([param.name, param.shape, param.init]);
    const data = drawn.get(key) ?? initialise(param, SEED);
    drawn.set(key, data);
    weights[param.name] = { shape: param.shape, data };
    done += sizeOf(param);
    await progress(done / total);
  }
  return weights;
}
