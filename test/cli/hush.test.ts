/** What drivers write to stderr by themselves, and that the child process in between is not to be noticed. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test, vi } from "vitest";
import { maySpeak, withoutWarnings } from "../../cli/hush.ts";
import { VERBS } from "../../cli/verbs/index.ts";
import { residual } from "../onnx/models.ts";
import { PATIENCE } from "../patience.ts";
import { type Result, type Runner, root, scratch, weft, weftProcess, works } from "./weft.ts";

const folder = scratch();
const model = join(folder, "tiny.ts");
writeFileSync(
  model,
  `import { flatten, input, linear, model, N } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
export default model("tiny", { image }, { logits: linear(flatten(image), { out: 10 }) });
`,
);
const onnx = join(folder, "small.onnx");
writeFileSync(onnx, residual());
const bag = join(root, "models/samples/bag.png");
const out = join(folder, "tiny.safetensors");

/** A driver that is not there: Dawn or the loader warns, whatever this machine has. */
const none = join(folder, "none.json");
const env = { VK_ICD_FILENAMES: none, VK_DRIVER_FILES: none, WEFT_ADAPTER: "auto" };
const here: Runner = (args) => weftProcess(args, { env, cwd: folder });

/** In this process, where no start is waited for; in one of its own it would run in a child. */
async function within(args: readonly string[]): Promise<Result> {
  const speaks: boolean[] = [];
  const result = await weft(args, async (command) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    speaks.push(await maySpeak(command));
    vi.unstubAllEnvs();
    return undefined;
  });
  expect(speaks).toEqual([true]);
  return result;
}

/** A device is opened for a run, with a clock, and to look at each: those are processes. */
const lines: Readonly<Record<string, readonly [Runner, ...string[]]>> = {
  train: [within, model, "--limit", "100", "--epochs", "1", "--out", out],
  run: [here, model, "-i", bag, "-w", out],
  eval: [within, model, "-w", out, "--limit", "100"],
  import: [within, onnx, "--check"],
  profile: [here, model],
  verify: [within, model, "--batch", "1"],
  tune: [within, model, "--budget", "1", "--out", join(folder, "tuned.json")],
  doctor: [here],
};

test.skipIf(process.platform !== "linux").each(Object.entries(lines))(
  "%s says nothing on stderr with --quiet, Dawn included",
  async (name, [run, ...args]) => {
    expect((await works([name, ...args, "--quiet"], run)).stderr).toBe("");
  },
);

test("these are all that ask for an adapter", async () => {
  const asking: string[] = [];
  for (const { name } of VERBS)
    if ((await works([name, "--help"])).stdout.includes("--adapter <")) asking.push(name);
  expect(asking.toSorted()).toEqual(Object.keys(lines).toSorted());
});

test.skipIf(process.platform !== "linux")(
  "without --quiet neither, and errors and exit codes are those of the command",
  async () => {
    expect((await within(["run", model, "-i", "none.png"])).stderr).toMatch(
      /^error: cannot read the picture none\.png/,
    );
    const { code, stderr } = await here(["run", model, "-i", bag, "--adapter", "hardware"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^no --weights: the parameters are random.*\nerror: no WebGPU adapter: .*\n {2}GPU: install.*\n$/,
    );
  },
);

test.skipIf(process.platform !== "linux")("with --verbose warnings are shown", async () => {
  const { stderr } = await works(["run", model, "-i", bag, "--verbose"], here);
  expect(stderr).toMatch(/^warning: /im);
});

test.skipIf(process.platform !== "linux")("what a model file prints is its own, warnings too", async () => {
  const warning = "Warning: this model is old\n - While it was read\n";
  const speaking = join(folder, "speaking.ts");
  writeFileSync(
    speaking,
    `console.error("Warning: console");\nprocess.stderr.write(${JSON.stringify(warning)});\n${readFileSync(model, "utf8")}`,
  );
  const { stderr } = await works(["run", speaking, "-i", bag, "--quiet"], here);
  expect(stderr).toBe(`Warning: console\n${warning}`);
});

test.skipIf(process.platform !== "linux")(
  "flags are read as commander does, not by their looks",
  async () => {
    // The value of --index, which pictures do not need, looks like --verbose.
    expect((await works(["run", model, "-i", bag, "--quiet", "--index", "-v"], within)).stderr).toBe("");
    expect((await works(["run", model, "-i", bag, "-qaauto"], within)).stderr).toBe("");
  },
);

test.skipIf(process.platform !== "linux").each([
  ["SIGINT", 130],
  ["SIGTERM", 130],
  ["SIGKILL", null],
] as const)("%s reaches the command: no process stays behind", async (signal, code) => {
  const failed = inject("buildError");
  if (failed) throw new Error(`dist/ could not be built: ${failed}`);
  const args = ["train", model, "--limit", "100", "--epochs", "1000000", "--format", "json", "--restart"];
  const child = spawn(process.execPath, [join(root, "dist/cli.js"), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.once("data", () => child.kill(signal)).resume();
  const exit = new Promise((resolve) => {
    child.on("exit", resolve);
  });
  // Both hold the pipe: it closes when the last of them has ended.
  const ended = new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE, new Error("a process still writes")).unref();
    child.on("close", resolve);
  });
  expect(await exit).toBe(code);
  await ended;
});

test("a warning goes with the lines that belong to it, and nothing else does", () => {
  const text = `Warning: loader_get_json: Failed to open JSON file /none.json
Warning: Vulkan shaderUniform*ArrayDynamicIndexing required.
 - While initializing adapter (backend=BackendType::Vulkan)
    at InitializeImpl (/dawn/native/vulkan/PhysicalDeviceVk.cpp:257)

Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER
    at CheckVkSuccessImpl (/dawn/native/vulkan/VulkanError.cpp:106)

WARNING: lavapipe is not a conformant vulkan implementation, testing use only.
no --weights: the parameters are random (seed 0), so the outputs mean nothing yet

error: a model with the name Warning: x
    at model.ts:3:1`;
  expect(text.split("\n").filter(withoutWarnings()).join("\n")).toBe(
    text.slice(text.indexOf("no --weights")),
  );
});
