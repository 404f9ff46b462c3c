/** Several programs that compute the same: which one a device gets. */
import { type Facts, fits } from "../contract/adapter.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program, Variant } from "../contract/program.ts";
import { tensorsOf } from "../contract/weights.ts";
import { checkOptions, DEVICE, FUNCTION, type Rule } from "./options.ts";
import { agrees, type GivenWeights } from "./values.ts";

const VARIANTS: Rule = [
  "a list of { name, when, program }",
  (list) => Array.isArray(list) && list.every((v) => v?.program),
];
/** A device's own features would do, but it keeps what it says of itself under another name. */
const FACTS: Rule = [
  "an adapter, or what factsOf(device) gives",
  (value) => FUNCTION[1]((value as Facts | null)?.features?.has) && !DEVICE[1](value),
];

/**
 * The first variant that fits the adapter and holds no other values than the weights do; the last one has no condition.
 * Programs with baked parameters are for weights alone: without any, values are drawn. Throws
 * `WeftError`: "input", "weights", "program" where none fits.
 */
export function pick(variants: readonly Variant[], facts: Facts, weights?: GivenWeights): Program {
  checkOptions(
    "pick",
    { variants: variants ?? null, facts: facts ?? null },
    { variants: VARIANTS, facts: FACTS },
  );
  const tensors = weights === undefined ? undefined : tensorsOf(weights);
  const found = variants.find(
    ({ when, program: { baked } }) =>
      (!when || fits(when, facts)) && (!baked || (tensors && baked.every((b) => agrees(b, tensors)))),
  );
  if (!found) throw new WeftError("program", "none of the variants runs on this adapter");
  return found.program;
}

/** What a device says of itself; without one, what the adapter does that a page would get. Throws `WeftError` "input". */
export async function factsOf(device?: GPUDevice): Promise<Facts> {
  checkOptions("factsOf", { device }, { device: DEVICE });
  if (device) return { features: device.features, info: device.adapterInfo };
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  return adapter ?? { features: new Set() };
}
