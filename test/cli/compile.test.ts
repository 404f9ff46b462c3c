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
