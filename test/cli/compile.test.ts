import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fails, scratch, works } from "./weft.ts";

describe("weft compile", () => {
  test("says what is fused and why", async () => {
    const { stdout } = await works(["compile", "models/lenet.ts"]);
    expect(stdout).toContain("lenet: 12 layers in 5 dispatches");
    expect(stdout).toContain("+ conv1 into pool1/sigmoid: ");
    expect(stdout).toContain("– pool1 apart from conv2: ");
    for (const line of stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test("writes a folder and reports it", async () => {
    const out = join(scratch(), "a", "lenet");
    const { stdout } = await works(["compile", "models/lenet.ts", "--out", out, "--format", "json"]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ dispatches: 5, pipelines: 5 });
    expect(report.kernels).toHaveLength(5);
    expect(Object.keys(report.kernels[0])).toEqual(
      expect.arrayContaining(["name", "layers", "workgroup", "wgslBytes"]),
    );
    expect(report.peakBytes).toBeGreaterThan(240_000);
    expect(report.bundle.gzip).toBeLessThanOrEqual(10_240);
    const files = readdirSync(out);
    for (const name of ["program.json", "lenet.ts", "lenet.js", "lenet.d.ts", "lenet.bundle.js"])
      expect(files).toContain(name);
    expect(files.filter((name) => name.endsWith(".wgsl"))).toHaveLength(5);
    expect(readFileSync(join(out, "lenet.bundle.js")).length).toBe(report.bundle.bytes);
  });

  test("says what exceeds WebGPU's default limits", async () => {
    const args = ["compile", "models/lenet.ts", "--batch", "100000"];
    const { stdout } = await works(args);
    expect(stdout).toContain("exceeds WebGPU's default limit of 128 MiB a buffer: ");
    const report = JSON.parse((await works([...args, "--format", "json"])).stdout);
    expect(report.tooLarge).toContain("pool1");
    expect(report.peakBytes).toBeGreaterThan(900_000_000);
  });

  test("twice gives the same bytes", async () => {
    const [a, b] = [scratch(), scratch()];
    for (const out of [a, b]) await works(["compile", "models/lenet.ts", "--out", out]);
    for (const name of readdirSync(a))
      expect(readFileSync(join(b, name))).toEqual(readFileSync(join(a, name)));
  });

  test.each([
    ["graph", "conv1: [N, 6, 28, 28] = conv2d(image"],
    ["regions", "computes conv1 + pool1/sigmoid + pool1"],
    ["kernels", "contraction"],
    ["schedule", "workgroup"],
    ["wgsl", "@compute"],
    ["plan", "peak memory"],
  ])("shows the stage %s", async (stage, text) => {
    expect((await works(["compile", "models/lenet.ts", "--show", stage])).stdout).toContain(text);
    const { stdout } = await works(["compile", "models/lenet.ts", "--show", stage, "--format", "json"]);
    expect(() => JSON.parse(stdout)).not.toThrow();
  });

  test("shows the module of a program for WebAssembly", async () => {
    const show = ["compile", "models/lenet.ts", "--show", "wasm"];
    expect((await works([...show, "--target", "wasm"])).stdout).toMatch(
      /^\d+ bytes, \d+ functions,[\s\S]*^\d+\. conv1_pool1\(first, last, batch, \w+, conv1_weight, conv1_bias, pool1\)/m,
    );
    expect(
      await fails(show),
    ).toBe(`error: lenet is compiled for WebGPU alone, which has no WebAssembly to show
  try:  --target wasm
`);
  });

  test("holds the output against golden files", async () => {
    const folder = join(scratch(), "golden");
    const golden = ["compile", "models/lenet.ts", "--golden", folder];
    expect(await fails(golden)).toContain("holds no golden files yet");
    expect(existsSync(folder)).toBe(false);
    await works([...golden, "--update"]);
    const name = readdirSync(folder).find((file) => file.endsWith(".wgsl")) ?? "";
    await works(golden);
    const text = readFileSync(join(folder, name), "utf8");
    writeFileSync(join(folder, name), text.replace("@compute", "@compute /* changed */"));
    const message = await fails(golden);
    expect(message).toContain(`changed: ${name}`);
    expect(message).toMatch(/^-.*\/\* changed \*\//m);
    expect(message).toContain("--update accepts it");
    await works([...golden, "--update"]);
    expect(readFileSync(join(folder, name), "utf8")).toBe(text);
  });

  test("--update wants --golden", async () => {
    expect(await fails(["compile", "models/lenet.ts", "--update"])).toContain("--update goes with --golden");
  });

  test("a folder that cannot be written is an error, and nothing is left half-written", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "in the way");
    expect(await fails(["compile", "models/lenet.ts", "--out", join(folder, "file")])).toContain(
      "cannot write",
    );
    expect(await fails(["compile", "models/lenet.ts", "--out", join(folder, "file", "deeper")])).toContain(
      "cannot write",
    );
    expect(readdirSync(folder)).toEqual(["file"]);
    if (existsSync("/proc/self"))
      expect(await fails(["compile", "models/lenet.ts", "--out", "/proc/weft/out"])).toContain(
        "cannot write",
      );
    mkdirSync(join(folder, "out", "program.json"), { recursive: true }); // a folder where a file has to go
    writeFileSync(join(folder, "out", "program.json", "kept"), "");
    await works(["compile", "models/lenet.ts", "--out", join(folder, "out")]).catch(() => undefined);
    expect(readdirSync(join(folder, "out")).filter((name) => name.startsWith(".weft"))).toEqual([]);
  });
});

describe("weft compile --train", () => {
  test("writes and reports the training step beside the model", async () => {
    const out = join(scratch(), "lenet");
    const args = ["compile", "models/lenet.ts", "--train", "--out", out];
    const { train, bundle, files } = JSON.parse((await works([...args, "--format", "json"])).stdout);
    expect(train.dispatches).toBeLessThanOrEqual(25);
    expect(train).toMatchObject({
      kernels: train.dispatches,
      pipelines: train.dispatches,
      submitsPerStep: 1,
    });
    expect(train.peakBytes).toBeGreaterThan(300_000);
    expect(train.bundle.gzip).toBeLessThanOrEqual(21_400);
    expect(bundle.gzip).toBeLessThanOrEqual(10_000);
    expect(files).toContain("lenet.train.bundle.d.ts");
    expect(readFileSync(join(out, "lenet.train.bundle.js")).length).toBe(train.bundle.bytes);
    expect(readdirSync(out).filter((name) => name.startsWith("train-"))).toHaveLength(train.kernels);
    const { stdout } = await works(args);
    expect(stdout).toContain(
      `training step: ${train.dispatches} dispatches of ${train.kernels} kernels in 1 submit`,
    );
    expect(stdout).toContain("cross-entropy, sgd at learning rate 0.9; peak memory");
    expect(stdout).toMatch(/the bundle that trains, trainer included: .* gzipped/);
    for (const line of stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test("takes the flags of weft train into the step", async () => {
    const json = async (...flags: string[]): Promise<{ train?: { peakBytes: number; bundle: unknown } }> =>
      JSON.parse((await works(["compile", "models/lenet.ts", ...flags, "--format", "json"])).stdout);
    const [plain, none, sgd, adam] = [
      await json("--train", "--batch", "64"),
      await json(),
      await json("--train"),
      await json("--train", "--optimizer", "adam"),
    ];
    expect(none.train).toBeUndefined();
    expect(sgd.train?.bundle).toBeNull();
    expect(plain.train?.peakBytes).toBeGreaterThan(5 * (sgd.train?.peakBytes ?? 0)); // at N = 64
    expect((adam.train?.peakBytes ?? 0) - (sgd.train?.peakBytes ?? 0)).toBeGreaterThan(2 * 4 * 61_706);
    const step = ["compile", "models/lenet.ts", "--train", "--show", "graph"];
    expect((await works([...step, "--clip-norm", "1"])).stdout).not.toBe((await works(step)).stdout);
  });

  test("says what cannot be trained", async () => {
    const corr2d = await fails(["compile", "models/lecture/corr2d.ts", "--train"]);
    expect(corr2d).toContain("labelled pictures need a model with one input and one output [N, classes]");
    for (const [flag, value] of [["--lr", "0.1"], ["--weight-decay", "0.1"], ["--nesterov"]] as const)
      expect(await fails(["compile", "models/lenet.ts", flag, ...(value ? [value] : [])])).toContain(
        `error: ${flag} goes with --train`,
      );
    expect(await fails(["compile", "models/lenet.ts", "--train", "--nesterov"])).toContain("add --momentum");
    expect(await fails(["compile", "models/lenet.ts", "--train", "--lr", "0"])).toContain("a number above 0");
  });

  test("holds a training step against golden files", async () => {
    const folder = join(scratch(), "golden");
    const golden = ["compile", "models/lenet.ts", "--train", "--golden", folder];
    await works([...golden, "--update"]);
    await works(golden);
    const message = await fails([...golden, "--momentum", "0.9"]);
    expect(message).toContain("changed: train-plan.txt");
    expect(message).toMatch(/--train --golden .* --update accepts it/);
  });
});
