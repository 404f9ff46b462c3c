/** The parameters of a run: those given, else drawn. */

import type { BakedParam, Program } from "../contract/program.ts";
import { digestOf, type TensorData } from "../contract/tensor.ts";
import { checkWeights, failAt, tensorsOf, type Weights } from "../contract/weights.ts";
import { draw } from "./init.ts";

/** The bytes of a safetensors file, or tensors by name. */
export type GivenWeights = ArrayBuffer | Uint8Array | Weights;

/** Whether weights have no tensor of a baked parameter's name, or one with its shape and values. */
export function agrees({ name, digest }: BakedParam, weights: Weights): boolean {
  const tensor = weights[name];
  return !tensor?.data || digestOf(tensor) === digest;
}

/**
 * The parameters' values in the program's order. What is baked into the program may be given too, with the same values;
 * where some is, the rest has to be given, as drawn values do not go with trained ones. Throws `WeftError` "weights".
 */
export function valuesOf(
  { params, baked = [] }: Program,
  weights: GivenWeights | undefined,
  seed: number,
): TensorData[] {
  const given = weights === undefined ? undefined : { ...tensorsOf(weights) };
  for (const param of baked) {
    if (given ? !agrees(param, given) : params.length)
      failAt(param.name, `is compiled in, ${given ? "with other values" : "so the rest is needed"}`);
    delete given?.[param.name];
  }
  return given ? checkWeights(params, given) : params.map((param) => draw(param, seed));
}
