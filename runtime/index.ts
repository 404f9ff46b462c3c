/**
 * Runs a compiled Program on a GPUDevice: the same code in a page and in Node, without dependencies.
 *
 *   const session = await load(program, { weights });
 *   const { logits } = await session.run({ image });   // any batch size
 */
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import type { Tensor } from "../contract/tensor.ts";
import type { InputValue } from "./inputs.ts";
import { checkOptions, LOAD, type LoadOptions } from "./options.ts";
import { Session } from "./session.ts";
import { valuesOf } from "./values.ts";

export type { Facts, RunsOn } from "../contract/adapter.ts";
export { WeftError, type WeftErrorCode } from "../contract/errors.ts";
export type { AdapterTest, Program, Variant } from "../contract/program.ts";
export type { Tensor, TensorData } from "../contract/tensor.ts";
export { validateProgram } from "../contract/validate.ts";
export { readSafetensors, type Weights, writeSafetensors } from "../contract/weights.ts";
export { initialise } from "./initialise.ts";
export type { InputValue } from "./inputs.ts";
export { readMetadata } from "./metadata.ts";
export type { DeviceKind, LoadOptions } from "./options.ts";
export { type CheckOptions, checkFinite, type NonFinite } from "./sentinel.ts";
export { Session } from "./session.ts";
export { factsOf, pick } from "./variants.ts";

/**
 * Makes a program ready to run. Weights are checked before anything reaches the GPU; they are kept, not copied,
 * for `session.reload`. Throws `WeftError`: "input" (of the options), "program", "weights", "no-device", "gpu", "out-of-memory", "device-lost".
 */
export async function load<
  Inputs extends object = Record<string, InputValue>,
  Outputs extends object = Record<string, Tensor>,
>(program: Program, options: LoadOptions = {}): Promise<Session<Inputs, Outputs>> {
  checkOptions("load", options, LOAD);
  const { weights, device, seed = 0 } = options;
  if (program?.format !== "weft-program" || program.version !== 1)
    throw new WeftError("program", "no Weft program, or not for weftgpu/runtime");
  const session = new Session<Inputs, Outputs>(program, valuesOf(program, weights, seed));
  await session.reload(device);
  return session;
}
