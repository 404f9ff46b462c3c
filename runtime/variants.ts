/** Several programs that compute the same: which one a device gets. */
import type { AdapterTest, Program, Variant } from "../compiler/ir/program.ts";
import { WeftError } from "./errors.ts";
import { checkOptions, DEVICE, FUNCTION, type Rule } from "./options.ts";
import { agrees, type GivenWeights } from "./values.ts";
import { tensorsOf } from "./weights.ts";

/** What is looked at: GPUAdapter's `features` and `info`, GPUDevice's `features` and `adapterInfo`. */
export interface Facts {
  readonly features: { has(name: string): boolean };
  readonly info?:
    | Partial<Pick<GPUAdapterInfo, "isFallbackAdapter" | "subgroupMinSize" | (typeof FIELDS)[number]>>
    | undefined;
}

const FIELDS = ["vendor", "architecture", "device", "description"] as const;

/** A page may hide what its adapter is called: such fields are not compared. An adapter that says nothing fits no name. */
export function fits(test: AdapterTest, { info, features: has }: Facts): boolean {
  const { fallback = info?.isFallbackAdapter, lanes = 0, features = [], adapter } = test;
  return (
    (info?.subgroupMinSize ?? 0) >= lanes &&
    fallback === info?.isFallbackAdapter &&
    features.every((f) => has.has(f)) &&
    (!adapter ||
      (FIELDS.some((f) => info?.[f]) &&
        FIELDS.every((f) => !adapter[f] || !info?.[f] || adapter[f] === info[f])))
  );
}

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
