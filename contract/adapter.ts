/** What a device says of itself, held against what a program or a measurement is for. */
import type { AdapterTest, Feature } from "./program.ts";

/** All of them. */
export const FEATURES: readonly Feature[] = ["subgroups", "shader-f16"];

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

/** What a session or a trainer computes on. */
export interface RunsOn {
  readonly kind: "webgpu" | "wasm";
  /** Of WebAssembly: how many divide the work. */
  readonly threads?: number;
  /** In a line: `NVIDIA GeForce RTX 4090`, `WebAssembly, 8 threads`. Empty where a page's GPU says nothing of itself. */
  readonly text: string;
}
