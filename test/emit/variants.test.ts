/** A bundle of several programs: what it holds, what a device gets, and that the answers are the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, input, matmul, model } from "weftgpu";
import { tuningKey } from "../../compiler/assemble/identity.ts";
import { bundleProgram, entrySource } from "../../compiler/emit/bundle.ts";
import { type Emitted, emit } from "../../compiler/emit/index.ts";
import { merged } from "../../compiler/emit/tuning.ts";
import { type VariantName, variantsOf } from "../../compiler/emit/variants.ts";

import type { Program, Variant } from "../../contract/program.ts";
import type { AdapterTuning, TuningFile } from "../../contract/tuning.ts";
import lenetModel from "../../models/lenet.ts";
import { type Facts, factsOf, pick } from "../../runtime/index.ts";
import { fails, works } from "../cli/weft.ts";
import { closeDevice, device } from "../oracle/weft.ts";
import { lenet } from "./models.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-variants-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  return closeDevice();
});

const { graph } = lenetModel;
const [conv1] = lenet.steps;
if (!conv1) throw new Error("LeNet has steps");
const schedule = "register tile 1×2×1×1, unroll 1×5, workgroup 32";
const apple: AdapterTuning = {
  vendor: "apple",
  architecture: "metal-3",
  device: "m3",
  description: "",
  features: [],
  target: "portable",
  batch: 64,
  kernels: {
    [tuningKey(conv1.kernel, lenet.storages)]: {
      layers: "conv1 → pool1",
      kernel: "",
      schedule,
      default: 2,
      tuned: 1,
      defaultBuild: 1,
      build: 1,
    },
  },
};
const tuning: TuningFile = merged(undefined, apple);
const variants = (...names: VariantName[]): readonly Variant[] =>
  variantsOf(graph, lenet.program, names, { typicalBatch: 64 }, tuning);

const facts = (info: Facts["info"], ...features: string[]): Facts => ({ info, features: new Set(features) });

describe("what a device gets", () => {
  const all = variants("quads", "tuned");

  test("those that were measured are asked first, what runs everywhere last", () => {
    expect(all.map((v) => v.name)).toEqual(["tuned for m3", "quads", "portable"]);
    expect(all.map((v) => v.when)).toEqual([
      { adapter: { vendor: "apple", architecture: "metal-3", device: "m3", description: "" } },
      { fallback: true, features: ["subgroups"] },
      undefined,
    ]);
    expect(all[0]?.program.kernels[0]?.wgsl).toContain(", tuned\n");
    expect(all.at(-1)?.program).toBe(lenet.program);
  });

  test.each([
    ["the adapter that was measured", facts({ vendor: "apple", architecture: "metal-3", device: "m3" }), 0],
    ["one that hides its device", facts({ vendor: "apple", architecture: "metal-3", device: "" }), 0],
    ["another architecture", facts({ vendor: "apple", architecture: "metal-2", device: "" }), 2],
    ["a CPU adapter with subgroups", facts({ vendor: "google", isFallbackAdapter: true }, "subgroups"), 1],
    ["one of wider subgroups", facts({ isFallbackAdapter: true, subgroupMinSize: 8 }, "subgroups"), 1],
    ["a CPU adapter without", facts({ vendor: "google", isFallbackAdapter: true }), 2],
    ["a GPU with subgroups", facts({ vendor: "nvidia", isFallbackAdapter: false }, "subgroups"), 2],
    ["one that says nothing", facts({}), 2],
    ["one of an old browser", facts(undefined, "subgroups"), 2],
  ] as const)("%s", (_, adapter, place) => {
    expect(pick(all, adapter)).toBe(all[place]?.program);
  });

  test("a GPU is what says that it does not compute on a CPU", () => {
    const both = variants("gpu", "quads");
    expect(both.map((v) => v.name)).toEqual(["gpu", "quads", "portable"]);
    const nameFor = (info: Facts["info"]): string | undefined => {
      const program = pick(both, facts(info, "subgroups"));
      return both.find((v) => v.program === program)?.name;
    };
    expect(nameFor({ isFallbackAdapter: false })).toBe("gpu");
    expect(nameFor({ isFallbackAdapter: true })).toBe("quads");
    expect(nameFor({})).toBe("portable");
  });

  test("a maker's GPUs get their own, all others the common one; without a difference there is none", () => {
    const [a, b] = [input("a", [1024, 1024]), input("b", [1024, 1024])];
    const { graph: large } = model("large", { a, b }, { y: matmul(a, b) });
    const { program } = compile(large);
    const some = variantsOf(large, program, ["mali", "nvidia", "gpu", "apple"], {}, undefined);
    expect(some.map((v) => v.name)).toEqual(["nvidia", "mali", "gpu", "portable"]);
    const nameFor = (info: Facts["info"]): string | undefined =>
      some.find((v) => v.program === pick(some, facts(info)))?.name;
    expect(nameFor({ vendor: "nvidia", isFallbackAdapter: false })).toBe("nvidia");
    expect(nameFor({ vendor: "arm", architecture: "valhall", isFallbackAdapter: false })).toBe("mali");
    expect(nameFor({ vendor: "apple", isFallbackAdapter: false })).toBe("gpu");
    expect(nameFor({ vendor: "nvidia", isFallbackAdapter: true })).toBe("portable");
  });

  test("octets are for wider subgroups", () => {
    const both = variants("quads", "octets");
    expect(both.map((v) => v.name)).toEqual(["octets", "quads", "portable"]);
    const place = (subgroupMinSize?: number): number =>
      both.findIndex(
        (v) =>
          v.program ===
          pick(
            both,
            facts({ isFallbackAdapter: true, ...(subgroupMinSize && { subgroupMinSize }) }, "subgroups"),
          ),
      );
    expect([place(8), place(16), place(4), place()]).toEqual([0, 0, 1, 1]);
  });

  test("without one that runs everywhere, an error", () => {
    expect(() => pick(all.slice(0, 2), facts({}))).toThrow("none of the variants runs on this adapter");
  });

  test("a variant that would be the same program is left out", () => {
    const again = variantsOf(
      graph,
      lenet.program,
      ["tuned"],
      { typicalBatch: 64 },
      merged(undefined, { ...apple, kernels: {} }),
    );
    expect(again.map((v) => v.name)).toEqual(["portable"]);
  });

  test("without a tuning there is nothing tuned", () => {
    expect(() => variantsOf(graph, lenet.program, ["tuned"], {}, undefined)).toThrow(
      `"tuned" is asked for, but lenet has not been tuned for a batch of about 1
  rule: weft tune writes model.tune.json beside model.ts, and the variant is made of it
  try:  weft tune first, or leave out tuned`,
    );
  });
});

describe("the bundle", () => {
  let emitted: Emitted;
  beforeAll(async () => {
    emitted = await emit(lenet, folder, { variants: variants("quads", "tuned") });
  });

  test("one program makes the bundle that it made before", () => {
    expect(entrySource(lenet.program, [])).toBe(entrySource(lenet.program));
    expect(entrySource(lenet.program, variantsOf(graph, lenet.program, [], {}, undefined))).toBe(
      entrySource(lenet.program),
    );
    expect(entrySource(lenet.program)).not.toContain("pick");
  });

  test("quads cost LeNet's bundle less than half its size: what programs share is there once", async () => {
    const size = (text: string): number => gzipSync(text, { level: 9 }).length;
    const [one, two] = [
      await bundleProgram(lenet.program),
      await bundleProgram(lenet.program, variants("quads")),
    ];
    expect(size(two) - size(one)).toBeLessThan(size(one) / 2);
  });

  test("WGSL of what differs, and variants.json, stand beside; they go with the next compile without", async () => {
    const extra = emitted.files.filter((f) => /^(?:quads|tuned)|variants/.test(f));
    expect(extra).toContain("variants.json");
    expect(extra.filter((f) => f.startsWith("tuned_for_m3-"))).toEqual([
      "tuned_for_m3-conv2d1_avgPool2d1.wgsl",
    ]);
    expect(extra.some((f) => f.startsWith("quads-"))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, "variants.json"), "utf8"))).toEqual(
      variants("quads", "tuned"),
    );
    expect(emitted.report.variants?.map((v) => v.name)).toEqual(["tuned for m3", "quads", "portable"]);
    const other = mkdtempSync(join(folder, "again-"));
    await emit(lenet, other, { variants: variants("quads") });
    expect(readdirSync(other).some((f) => f.startsWith("quads-"))).toBe(true);
    await emit(lenet, other);
    expect(readdirSync(other).filter((f) => /quads|variants/.test(f))).toEqual([]);
  });

  test("takes the quads on a software adapter, and every program gives the same numbers", async () => {
    const gpu = await device();
    const module = await import(pathToFileURL(join(folder, "lenet.bundle.js")).href);
    expect(module.name).toBe("lenet");
    const image = Float32Array.from({ length: 2 * 784 }, (_, i) => ((i * 37) % 101) / 101);
    const chosen = await module.load(undefined, gpu);
    expect((chosen.program as Program).features).toEqual(["subgroups"]);
    expect(pick(variants("quads", "tuned"), await factsOf(gpu)).features).toEqual(["subgroups"]);
    const want = (await chosen.run({ image })).logits.data as Float32Array;
    const plain = { lost: gpu.lost, features: new Set<string>(), adapterInfo: {} };
    for (const info of [{}, { vendor: "apple", architecture: "metal-3" }]) {
      // The same device under another name: its methods are its own.
      const disguised = new Proxy(gpu, {
        get: (target, key) => {
          if (key === "adapterInfo") return info;
          if (key in plain) return plain[key as keyof typeof plain];
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const session = await module.load(undefined, disguised);
      expect((session.program as Program).features).toBeUndefined();
      expect((session.program as Program).kernels[0]?.wgsl.includes("workgroup_size(32)")).toBe(
        "vendor" in info,
      );
      const got = (await session.run({ image })).logits.data as Float32Array;
      expect(got.length).toBe(20);
      for (const [i, x] of got.entries()) expect(Math.abs(x - (want[i] ?? 0))).toBeLessThan(1e-5);
      session.destroy();
    }
    chosen.destroy();
  });
});

describe("weft compile --variants", () => {
  const model = join(folder, "lenet.ts.model.ts");
  beforeAll(() => writeFileSync(model, readFileSync("models/lenet.ts", "utf8")));

  test("writes them, and says what the bundle takes", async () => {
    writeFileSync(
      model.replace(/\.ts$/, ".tune.json"),
      JSON.stringify(merged(undefined, { ...apple, batch: 1 })),
    );
    const out = join(folder, "out");
    const { stdout } = await works(["compile", model, "--variants", "tuned,quads", "--out", out]);
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "it takes the first that suits: tuned for m3; quads (adapters on CPUs, subgroups); portable",
    );
  });

  test("refuses what makes no sense", async () => {
    expect(await fails(["compile", model, "--variants", "cuda", "--out", folder])).toBe(
      `error: --variants: "cuda" is none
  rule: tuned, nvidia, amd, intel, apple, adreno, mali, gpu, octets, quads, f16, baked; what runs everywhere is always there
  try:  --variants tuned,nvidia,amd,intel,apple,adreno,mali,gpu,octets,quads,f16,baked\n`,
    );
    expect(await fails(["compile", model, "--variants", "quads"])).toContain("--variants goes with --out");
    expect(
      await fails(["compile", model, "--variants", "quads", "--target", "quads", "--out", folder]),
    ).toContain("--variants does not go with --target quads");
  });
});
