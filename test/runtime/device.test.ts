/** The device in Node, in processes of their own: how they start, what they leave behind, and that they end. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { doctor, requestDevice } from "../../runtime/node/index.ts";
import { PATIENCE } from "../patience.ts";
import { addition } from "./programs.ts";

const temporary = mkdtempSync(join(tmpdir(), "weft-test-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const built = (name: string): string => JSON.stringify(pathToFileURL(join("dist", `${name}.js`)).href);
const IMPORTS = `import { requestDevice, doctor } from ${built("node")};
import { load } from ${built("runtime")};
const program = ${JSON.stringify(addition)};
const inputs = { a: Float32Array.of(1, 2, 3), b: Float32Array.of(4, 5, 6) };
`;

interface Result {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module in a process of its own; one that does not end in good time has code "killed". */
function run(script: string, env: Record<string, string> = {}, flags: string[] = []): Promise<Result> {
  const args = [...flags, "--input-type=module", "--eval", IMPORTS + script];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { env: { ...process.env, ...env }, timeout: PATIENCE },
      (error, out, err) => {
        const code = error ? (error.killed ? "killed" : (error.code ?? null)) : 0;
        resolve({ code, stdout: out.trim(), stderr: err.trim() });
      },
    );
  });
}

const hasNpmAdapter = process.platform === "linux" && process.arch === "x64";

describe("requestDevice", () => {
  test("says which adapter it took", async () => {
    const { device, adapter, note } = await requestDevice();
    expect(adapter.name).not.toBe("");
    expect(note === undefined).toBe(!adapter.software);
    if (note) expect(note).toMatch(/^no GPU: running on .+, which computes on the CPU/);
    device.destroy();
  });

  test("gives WebAssembly before a software adapter where that is asked for", async () => {
    const nowhere = {
      XDG_DATA_DIRS: "/nowhere",
      VK_ICD_FILENAMES: "",
      VK_DRIVER_FILES: "",
      WEFT_ADAPTER: "auto",
    };
    const { code, stdout, stderr } = await run(
      `import { targetFor } from ${built("index")};
       const { device, adapter, note } = await requestDevice({ wasm: true });
       console.log(targetFor(device), adapter.software, adapter.name);
       console.log(note);`,
      nowhere,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    if (process.platform === "linux")
      expect(stdout).toMatch(/^wasm true (WebAssembly, \d+ threads?)\nno GPU: running in \1$/);
  });

  test("leaves out features that the adapter lacks", async () => {
    const missing = "no-such-feature" as GPUFeatureName;
    const { device } = await requestDevice({ features: [missing] });
    expect(device.features.has(missing)).toBe(false);
    device.destroy();
  });

  test("opens the software adapter that comes with npm, and does not show it to child processes", async () => {
    if (!hasNpmAdapter) return;
    const { code, stdout, stderr } = await run(
      `const { adapter } = await requestDevice({ adapter: "software" });
       console.log(adapter.name, adapter.software, process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES);`,
      { VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" },
    );
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^SwiftShader.* true *$/),
    });
  });

  test("where there is no driver, falls back without a word on stderr", async () => {
    if (!hasNpmAdapter) return;
    const nowhere = { XDG_DATA_DIRS: "/nowhere", VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" };
    const { code, stdout, stderr } = await run("console.log((await requestDevice()).note);", nowhere);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^no GPU: running on /);
    if (stdout.includes("SwiftShader")) expect(stderr).toBe("");
  });

  test("processes that unpack it at once do not disturb each other", async () => {
    if (!hasNpmAdapter) return;
    const WEFT_CACHE = join(temporary, "cache");
    const script = `const { device } = await requestDevice({ adapter: "software" });
      const { sum } = await (await load(program, { device })).run(inputs);
      console.log(sum.data.join());`;
    const env = { WEFT_CACHE, VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" };
    const results = await Promise.all([1, 2, 3, 4].map(() => run(script, env)));
    for (const result of results) expect(result).toMatchObject({ code: 0, stdout: "5,7,9" });
    const [folder, ...others] = readdirSync(WEFT_CACHE);
    expect(others).toEqual([]);
    expect(readdirSync(join(WEFT_CACHE, folder ?? "")).sort()).toEqual([
      "libvk_swiftshader.so",
      "libvulkan.so.1",
      "vk_swiftshader_icd.json",
    ]);
  });

  test("a cache that cannot be written is done without, and nothing is left behind", async () => {
    if (!hasNpmAdapter) return;
    const TMPDIR = mkdtempSync(join(temporary, "tmp-"));
    const env = { WEFT_CACHE: "/dev/null/cache", TMPDIR, VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" };
    const result = await run(
      `const { adapter } = await requestDevice({ adapter: "software" }); console.log(adapter.software);`,
      env,
    );
    expect(result).toMatchObject({ code: 0, stdout: "true" });
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  test("where Dawn has no build, says so", async () => {
    const { stdout } = await run(
      `Object.defineProperty(process, "arch", { value: "riscv64" });
       await requestDevice().catch((e) => console.log(e.code, e.message));`,
      // Without a sign of a driver Dawn is not even asked.
      { VK_ICD_FILENAMES: "/nowhere.json", VK_DRIVER_FILES: "" },
    );
    expect(stdout).toMatch(/^no-device Dawn, the npm package webgpu, cannot be loaded: .*riscv64.*$/);
  });

  test("without any adapter, says what to do", async () => {
    const { code, stdout } = await run(
      `await import("webgpu");
       Object.defineProperty(process, "arch", { value: "riscv64" });
       await requestDevice().catch((e) => console.log(e.name, e.code, e.message));`,
      { VK_ICD_FILENAMES: "/nowhere.json", VK_DRIVER_FILES: "" },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^WeftError no-device no WebGPU adapter: .+/);
    if (process.platform === "linux")
      expect(stdout.split("\n").slice(1)).toEqual([
        "  GPU: install its Vulkan driver (Debian, Ubuntu: mesa-vulkan-drivers; NVIDIA: its own package)",
        "  no GPU: mesa-vulkan-drivers (Mesa 25 or later) brings a software adapter",
        '  no adapter: WebAssembly computes on the CPU: weft run --device wasm; compile(graph, { target: "wasm" })',
      ]);
  });
});

describe("a process", () => {
  const work = `const { device } = await requestDevice();
    const session = await load(program, { device });
    const show = async () => console.log((await session.run(inputs)).sum.data.join());
    await show();
  `;
  test("ends by itself with a device and a session open", async () => {
    expect(await run(work)).toMatchObject({ code: 0, stdout: "5,7,9" });
  });
  test("ends by itself with the device destroyed, and where everything is held globally", async () => {
    expect(await run(`${work} device.destroy();`)).toMatchObject({ code: 0 });
    expect(await run(`${work} Object.assign(globalThis, { device, session });`)).toMatchObject({ code: 0 });
  });
  test("ends by itself while a kernel runs", async () => {
    expect(await run(`${work} session.run(inputs);`)).toMatchObject({ code: 0 });
  });
  test("survives the garbage collector: what Dawn needs is kept", async () => {
    const collect = "for (let i = 0; i < 3; i++) { gc(); await new Promise((r) => setTimeout(r, 20)); }";
    const result = await run(`${work} ${collect} await show(); ${collect} await show();`, {}, [
      "--expose-gc",
    ]);
    expect(result).toMatchObject({ code: 0, stdout: "5,7,9\n5,7,9\n5,7,9" });
  });
  test("forgets sessions that nobody holds", async () => {
    const script = `const { device } = await requestDevice();
      const registry = new FinalizationRegistry(() => { collected++; });
      let collected = 0;
      for (let i = 0; i < 20; i++) {
        const session = await load(program, { device });
        await session.run(inputs);
        registry.register(session, i);
      }
      while (collected < 18) { gc(); await new Promise((r) => setTimeout(r, 10)); }
      console.log(true);`;
    expect(await run(script, {}, ["--expose-gc"])).toMatchObject({ code: 0, stdout: "true" });
  });
});

describe("doctor", () => {
  test("describes the adapter that requestDevice opens", async () => {
    const { device, adapter } = await requestDevice();
    device.destroy();
    const report = await doctor();
    expect(report.adapter).toMatchObject(adapter);
    expect(report.adapter?.limits["maxStorageBuffersPerShaderStage"]).toBeGreaterThanOrEqual(8);
    expect(report.adapter?.features).toEqual([...(report.adapter?.features ?? [])].sort());
    expect(report.system).toMatchObject({ platform: process.platform, node: process.versions.node });
    expect(report.system.webgpu).toMatch(/^\d+\.\d+/);
    expect(report.advice.length > 0).toBe(adapter.software);
  });

  test("reports that there is none instead of failing", async () => {
    const { stdout } = await run(
      `await import("webgpu");
       Object.defineProperty(process, "arch", { value: "riscv64" });
       const { adapter, advice, softwareProblem } = await doctor();
       console.log(JSON.stringify({ adapter, advice, softwareProblem }));`,
      { VK_ICD_FILENAMES: "/nowhere.json", VK_DRIVER_FILES: "" },
    );
    const report = JSON.parse(stdout);
    expect(report.adapter).toBeUndefined();
    expect(report.advice[0]).toMatch(/^no WebGPU adapter: /);
    if (process.platform === "linux") expect(report.softwareProblem).toContain("riscv64");
  });
});
