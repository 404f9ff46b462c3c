/** The variant "baked": beside which programs it stands, which weights get it, and what the command says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { weft } from "../../compiler/emit/esbuild.ts";
import { type Emitted, emit } from "../../compiler/emit/index.ts";
import { type VariantName, variantsOf } from "../../compiler/emit/variants.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Program, Variant } from "../../contract/program.ts";
import { type Facts, pick, readSafetensors, type Weights } from "../../runtime/index.ts";
import { fails, works } from "../cli/weft.ts";
import { closeDevice, device } from "../oracle/weft.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-baked-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  return closeDevice();
});

const FILE = "models/lenet.fashion-mnist.safetensors";
const bytes = readFileSync(FILE);
const weights = readSafetensors(bytes);
const { graph } = await loadModel("models/lenet.ts");
const lenet = compile(graph);
const variants = (...names: VariantName[]): readonly Variant[] =>
  variantsOf(graph, lenet.program, names, {}, undefined, weights);
const facts = (info: Facts["info"], ...features: string[]): Facts => ({ info, features: new Set(features) });

/** Trained a little further. */
const others: Weights = Object.fromEntries(
  Object.entries(weights).map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map((x) => x * 1.01) },
  ]),
);

describe("what a device and weights get", () => {
  const all = variants("quads", "baked");
  const cpu = facts({ isFallbackAdapter: true }, "subgroups");
  const other = facts({ vendor: "apple" });

  test("each program is preceded by itself with numbers", () => {
    expect(all.map((v) => v.name)).toEqual(["quads baked", "quads", "baked", "portable"]);
    expect(all.map((v) => v.program.baked !== undefined)).toEqual([true, false, true, false]);
    expect(all.map((v) => v.when)).toEqual([
      { fallback: true, features: ["subgroups"] },
      { fallback: true, features: ["subgroups"] },
      undefined,
      undefined,
    ]);
  });

  const chosen = (adapter: Facts, given?: Parameters<typeof pick>[2]): string | undefined => {
    const program = pick(all, adapter, given);
    return all.find((v) => v.program === program)?.name;
  };

  test("the weights that were compiled in get the numbers, as bytes and as tensors", () => {
    expect(chosen(cpu, weights)).toBe("quads baked");
    expect(chosen(other, weights)).toBe("baked");
    expect(chosen(other, new Uint8Array(bytes))).toBe("baked");
  });

  test("other weights, and none, get what reads them", () => {
    expect(chosen(cpu, others)).toBe("quads");
    expect(chosen(other, others)).toBe("portable");
    expect(chosen(cpu)).toBe("quads");
    expect(chosen(other)).toBe("portable");
  });

  test("weights without what is in the program are its own", () => {
    const { "conv1.weight": _, "conv1.bias": __, ...rest } = weights;
    expect(chosen(other, rest)).toBe("baked");
  });

  test("a model of which nothing can be baked has no such variant", async () => {
    const { graph } = await loadModel("models/lecture/corr2d.ts");
    expect(
      variantsOf(graph, compile(graph).program, ["baked"], {}, undefined, {}).map((v) => v.name),
    ).toEqual(["portable"]);
  });

  test("without weights there is nothing to bake", () => {
    expect(() => variantsOf(graph, lenet.program, ["baked"], {}, undefined)).toThrow(
      `"baked" is asked for, but there are no weights to bake into lenet
  rule: the variant has numbers of the weights in its WGSL, for whoever loads these weights
  try:  give the weights, or leave out baked`,
    );
  });
});

describe("the bundle", () => {
  let emitted: Emitted;
  beforeAll(async () => {
    emitted = await emit(lenet, folder, { variants: variants("baked") });
  });

  test("says what is in it, and the WGSL stands beside", () => {
    expect(emitted.report.variants).toEqual([
      { name: "baked", baked: ["conv1.bias", "conv1.weight"], pipelines: 5 },
      { name: "portable", pipelines: 5 },
    ]);
    expect(readdirSync(folder).filter((f) => f.startsWith("baked-"))).toEqual(["baked-conv1_pool1.wgsl"]);
  });

  test("gives the right numbers for any weights", async () => {
    const gpu = await device();
    const module = await import(pathToFileURL(join(folder, "lenet.bundle.js")).href);
    expect(Object.keys(module.parameters)).toHaveLength(10);
    const image = Float32Array.from({ length: 2 * 784 }, (_, i) => ((i * 37) % 101) / 101);
    const { load } = await import("../../runtime/index.ts");
    for (const [given, isBaked] of [
      [weights, true],
      [others, false],
      [undefined, false],
    ] as const) {
      const plain = await load(lenet.program, { ...(given && { weights: given }), device: gpu });
      const session = await module.load(given, gpu);
      expect((session.program as Program).baked !== undefined).toBe(isBaked);
      const [got, want] = [await session.run({ image }), await plain.run({ image })];
      const wanted = want["logits"]?.data ?? [];
      for (const [i, x] of wanted.entries()) expect(Math.abs(x - got.logits.data[i])).toBeLessThan(1e-5);
      plain.destroy();
      session.destroy();
    }
  });
});

describe("weft compile --variants baked", () => {
  const out = join(folder, "out");
  const lenetArgs = ["compile", "models/lenet.ts", "--variants"];

  test("says what stands in the WGSL", async () => {
    const { stdout } = await works([...lenetArgs, "baked", "--weights", FILE, "--out", out]);
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "it takes the first that suits: baked (these weights: conv1.bias and conv1.weight in the WGSL); portable",
    );
  });

  test("and where nothing can", async () => {
    const model = join(folder, "wide.model.ts");
    writeFileSync(
      model,
      `import { flatten, input, linear, model, N } from "weftgpu";
const x = input("x", [N, 8, 8]);
const y = linear(flatten(x), { out: 40, bias: false });
export default model("wide", { x }, { y });
`,
    );
    const { writeSafetensors } = await import("../../runtime/index.ts");
    const file = join(folder, "wide.safetensors");
    writeFileSync(file, writeSafetensors({ "y.weight": { shape: [40, 64], data: new Float32Array(2560) } }));
    const { stderr } = await works([
      "compile",
      model,
      "--variants",
      "baked",
      "--weights",
      file,
      "--out",
      join(folder, "wide"),
    ]);
    expect(stderr.replace(/\s+/g, " ")).toContain(
      "no weight of wide is baked: those of at most 1024 numbers are, where it pays to write a kernel's sums out whole",
    );
  });

  test("refuses what makes no sense", async () => {
    expect(await fails([...lenetArgs, "baked", "--out", out])).toBe(`error: --variants baked needs weights
  rule: it has numbers of theirs in the WGSL, for whoever loads the same weights
  try:  add --weights FILE, a safetensors file of this model\n`);
    expect(await fails([...lenetArgs, "quads", "--weights", FILE, "--out", out])).toBe(
      `error: --weights goes with --variants baked
  rule: other programs take any weights when they are loaded
  try:  add --variants baked, or leave out --weights\n`,
    );
    expect(await fails([...lenetArgs, "baked", "--weights", "models/lenet.ts", "--out", out])).toContain(
      "models/lenet.ts does not fit the model lenet",
    );
    expect(await fails([...lenetArgs, "baked", "--weights", "nowhere.safetensors", "--out", out])).toContain(
      "nowhere.safetensors",
    );
  });
});

describe("the esbuild plugin", () => {
  const bundled = async (given?: string): Promise<string> => {
    const model = join(folder, "page.model.ts");
    writeFileSync(model, readFileSync("models/lenet.ts", "utf8"));
    const { outputFiles } = await build({
      entryPoints: [model],
      bundle: true,
      write: false,
      format: "esm",
      logLevel: "silent",
      plugins: [weft({ variants: ["baked"], ...(given !== undefined && { weights: given }) })],
    });
    return outputFiles[0]?.text ?? "";
  };

  test("takes the weights from a file", async () => {
    const text = await bundled(FILE);
    expect(text).toMatch(/"name": ?"baked"/);
    expect(text).toContain("-1.2715062"); // conv1.weight's first number
  });

  test("and says where there are none, or are damaged", async () => {
    await expect(bundled()).rejects.toThrow(
      '"baked" is asked for, but there are no weights to bake into lenet',
    );
    await expect(bundled("models/lenet.ts")).rejects.toThrow("lenet.ts: ");
  });
});
