/** One model as several programs, of which a device gets the one that suits it. */
import type { AdapterTest, Program, Variant } from "../../contract/program.ts";
import type { AdapterTuning, Tuning, TuningFile } from "../../contract/tuning.ts";
import { type BakeValues, type CompileOptions, compile } from "../compile.ts";
import { UserError } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { DEVICES, devices } from "../strategies/devices.ts";
import { fileNames, kernelFiles } from "./names.ts";
import { isTarget, perAdapter } from "./tuning.ts";
import type { Files } from "./write.ts";

/** What can be asked for besides the program that runs everywhere. */
export const VARIANTS = ["tuned", ...DEVICES, "gpu", "octets", "quads", "f16", "baked"] as const;
/** One of `VARIANTS`. */
export type VariantName = (typeof VARIANTS)[number];

export function schedulesOf({ kernels }: AdapterTuning): Tuning {
  return Object.fromEntries(Object.entries(kernels).map(([key, { schedule }]) => [key, schedule]));
}

/**
 * The variants in the order in which a device is asked whether they suit it; the last one, `program`, always does. A
 * variant is left out where the devices that it is for get the same program without it. With "baked", each program is preceded by itself with small weights
 * as numbers, for whoever loads it with these `weights`, where more than biases can be. Throws `UserError` where "tuned" is asked for and nothing was
 * measured, where "baked" is and there are no weights, and where weights do not fit.
 */
export function variantsOf(
  graph: Graph,
  program: Program,
  names: readonly VariantName[],
  options: CompileOptions,
  tuning: TuningFile | undefined,
  weights?: BakeValues,
): readonly Variant[] {
  const made: Variant[] = [];
  const bake = names.includes("baked") ? weights : undefined;
  if (names.includes("baked") && !bake)
    throw new UserError({
      problem: `"baked" is asked for, but there are no weights to bake into ${graph.name}`,
      rule: "the variant has numbers of the weights in its WGSL, for whoever loads these weights",
      fix: "give the weights, or leave out baked",
    });
  const put = (name: string, when: Variant["when"], variant: Program): void => {
    const { features } = variant;
    const needs = features ? { ...when, features } : when;
    made.push({ name, ...(needs && { when: needs }), program: variant });
  };
  const putBaked = (name: string, when: Variant["when"], how: CompileOptions): void => {
    const baked = bake && compile(graph, { ...options, ...how, bake }).program;
    // A thread reads a bias once: numbers in its place alone gain nothing.
    if (baked?.baked?.some((b) => b.shape.length > 1)) put(name, when, baked);
  };
  const add = (name: string, when: NonNullable<Variant["when"]>, how: CompileOptions): void => {
    putBaked(`${name} baked`, when, how);
    put(name, when, compile(graph, { ...options, ...how }).program);
  };
  if (names.includes("tuned")) {
    const batch = options.batch ?? options.typicalBatch ?? 1;
    const adapters = tuning ? perAdapter(tuning, batch) : [];
    if (adapters.length === 0)
      throw new UserError({
        problem: `"tuned" is asked for, but ${graph.name} has not been tuned for a batch of about ${batch}`,
        rule: "weft tune writes model.tune.json beside model.ts, and the variant is made of it",
        fix: `weft tune${batch === 1 ? "" : ` --batch ${batch}`} first, or leave out tuned`,
      });
    for (const adapter of adapters) {
      const { vendor, architecture, device, description, target } = adapter;
      const key = { vendor, architecture, device, description };
      add(
        `tuned for ${device || `${vendor} ${architecture}`}`,
        { adapter: key },
        {
          ...(isTarget(target) && { target }),
          typicalBatch: adapter.batch,
          tuning: schedulesOf(adapter),
        },
      );
    }
  }
  for (const name of DEVICES) {
    const adapter = { vendor: devices[name].vendor, architecture: "", device: "", description: "" };
    if (names.includes(name)) add(name, { fallback: false, adapter }, { target: name });
  }
  if (names.includes("gpu")) add("gpu", { fallback: false }, { target: "gpu" });
  if (names.includes("octets")) add("octets", { fallback: true, lanes: 8 }, { target: "octets" });
  if (names.includes("quads")) add("quads", { fallback: true }, { target: "quads" });
  if (names.includes("f16")) add("f16", {}, { precision: "f16" });
  putBaked("baked", undefined, {});
  return withoutEqual([...made, { name: "portable", program }]);
}

/** Those without which some device would get another program. */
function withoutEqual(variants: readonly Variant[]): readonly Variant[] {
  const kept: Variant[] = [];
  for (const variant of variants.toReversed()) {
    const next = kept.find((other) => covers(other.when, variant.when));
    if (!next || JSON.stringify(next.program) !== JSON.stringify(variant.program)) kept.unshift(variant);
  }
  return kept;
}

/** Whether whatever passes the second test passes the first one. */
function covers(all: AdapterTest = {}, some: AdapterTest = {}): boolean {
  return (
    (all.fallback === undefined || all.fallback === some.fallback) &&
    (all.lanes ?? 0) <= (some.lanes ?? 0) &&
    (all.features ?? []).every((f) => some.features?.includes(f)) &&
    (all.adapter === undefined || JSON.stringify(all.adapter) === JSON.stringify(some.adapter))
  );
}

/** `variants.json` and the WGSL of what differs: `quads-conv1_pool1.wgsl`. */
export function variantFiles(variants: readonly Variant[]): Files {
  return new Map([["variants.json", `${JSON.stringify(variants, null, 2)}\n`], ...variantKernels(variants)]);
}

export function variantKernels(variants: readonly Variant[]): Files {
  const known = new Set(variants.at(-1)?.program.kernels.map((k) => k.wgsl));
  const prefixes = fileNames(
    variants.map((v) => v.name),
    "variant",
  );
  const files = new Map<string, string>();
  for (const [i, { program }] of variants.slice(0, -1).entries())
    for (const [k, file] of kernelFiles(program).entries()) {
      const wgsl = program.kernels[k]?.wgsl ?? "";
      if (!known.has(wgsl)) files.set(`${prefixes[i]}-${file}`, wgsl);
    }
  return files;
}
