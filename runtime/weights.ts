/**
 * Weights as other programs write them, PyTorch above all: files of F16, BF16, F64 or whole numbers, and counters that no layer
 * has. An entry of its own: a page whose weights Weft has written loads nothing of it.
 *
 *   const session = await load(program, { weights: readWeights(bytes, program) });   // load of weftgpu/runtime
 */
import { readStored, tensorsFor, type Wanting } from "../contract/stored.ts";
import type { Weights } from "../contract/weights.ts";

export type { Wanting } from "../contract/stored.ts";
export type { Tensor, TensorData } from "../contract/tensor.ts";
export type { Weights } from "../contract/weights.ts";

/**
 * The tensors of a safetensors file, of any of its types but those of 8 and fewer bits for fractions, in the types that the
 * model wants; without one, and of names that it has not, as f32 where no tensor has the file's type. F64 is rounded to
 * f32. `num_batches_tracked`, which PyTorch's batch normalisation counts, is left out.
 *
 * Throws `WeftError` "weights" with the tensor's name: of a damaged file, and of a number that the wanted type does not hold.
 */
export function readWeights(bytes: ArrayBuffer | Uint8Array, model?: Wanting): Weights {
  return tensorsFor(readStored(bytes), model);
}
