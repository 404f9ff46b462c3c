/** `--device`: where a model runs, what is said of it, and that it makes no difference to what comes out. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { placeFor } from "../../cli/device.ts";
import { maySpeak } from "../../cli/hush.ts";
import { findGpu } from "../../runtime/node/device.ts";
import { fails, scratch, weft, works } from "./weft.ts";

beforeEach(() => {
  for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES", "WEFT_ADAPTER"]) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => vi.restoreAllMocks());

const gpu = await findGpu();
const run = [
  ...["run", "models/lenet.ts", "-w", "models/lenet.fashion-mnist.safetensors", "-f", "json"],
  ...["-i", "models/samples/bag.png", "models/samples/boot.png"],
];
const WASM = /^WebAssembly, \d+ threads?$/;

interface Answer {
  readonly adapter: string;
  readonly outputs: { readonly logits: readonly (readonly number[])[] };
}

async function answer(...flags: readonly string[]): Promise<Answer & { readonly said: string }> {
  const { stdout, stderr } = await works([...run, ...flags]);
  const json: Answer = JSON.parse(stdout);
  expect(stderr).toMatch(new RegExp(`^device: ${json.adapter.replace(/[()]/g, "\\$&")}$`, "m"));
  return { ...json, said: stderr };
}

test.skipIf(gpu)("without a GPU a model runs in WebAssembly, which a line says", async () => {
  expect((await answer()).adapter).toMatch(WASM);
  expect((await answer("--device", "auto")).adapter).toMatch(WASM);
});

test("the scores are those of WebGPU's kernels", async () => {
  const [wasm, software] = [await answer("--device", "wasm"), await answer("--device", "software")];
  expect(wasm.adapter).toMatch(WASM);
  expect(software.adapter).toMatch(/\(on the CPU\)$/);
  const flat = ({ outputs }: Answer): readonly number[] => outputs.logits.flat();
  expect(flat(wasm)).toHaveLength(20);
  for (const [i, score] of flat(wasm).entries())
    expect(score).toBeCloseTo(flat(software)[i] ?? Number.NaN, 4);
});

test("--adapter and WEFT_ADAPTER mean WebGPU; --device goes before the environment", async () => {
  expect((await answer("--adapter", "software")).adapter).toMatch(/\(on the CPU\)$/);
  vi.stubEnv("WEFT_ADAPTER", "software");
  expect((await answer()).adapter).toMatch(/\(on the CPU\)$/);
  expect((await answer("--device", "wasm")).adapter).toMatch(WASM);
  expect(await placeFor({ device: "webgpu", adapter: "software" })).toEqual({
    wasm: false,
    adapter: "software",
  });
});

test("what --quantise and --check-finite do, they do in WebAssembly", async () => {
  const { said } = await answer("--device", "wasm", "--check-finite", "--quantise", "i8");
  expect(said).toContain("every value of every kernel is finite");
});

test("a layer that is not finite is named", async () => {
  const file = join(scratch(), "roots.ts");
  writeFileSync(
    file,
    `import { exp, flatten, input, linear, model, mul, N } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
const large = exp(mul(flatten(image), 1e4));
export default model("roots", { image }, { logits: linear(large, { out: 10 }) });
`,
  );
  const message = await fails([
    "run",
    file,
    "-i",
    "models/samples/bag.png",
    "--device",
    "wasm",
    "--check-finite",
    "-q",
  ]);
  expect(message).toContain("the first layer whose values are not finite");
  expect(message).toContain("large");
});

describe("flags that contradict each other", () => {
  test.each([
    ["wasm", ["--adapter", "hardware"], "--device wasm and --adapter hardware exclude each other"],
    ["software", ["--adapter", "hardware"], "--device software and --adapter hardware exclude each other"],
    ["wasm", ["--precision", "f16"], "WebAssembly cannot run a model in f16"],
  ])("--device %s with %j", async (device, flags, problem) => {
    expect(await fails([...run, "--device", device, ...flags])).toContain(`error: ${problem}`);
  });

  test("f16 wants an adapter, and is no reason for WebAssembly", async () => {
    expect(await placeFor({ precision: "f16" })).toEqual({ wasm: false, adapter: undefined });
  });

  test("another word is refused", async () => {
    expect((await weft([...run, "--device", "gpu"])).stderr).toContain(
      "Allowed choices are auto, webgpu, wasm, software.",
    );
  });
});

describe("where WebAssembly has no SIMD", () => {
  beforeEach(() => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  });
  afterEach(() => vi.restoreAllMocks());

  test("--device wasm says what has it", async () => {
    const { code, stderr } = await weft([...run, "--device", "wasm"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Chrome 91, Firefox 89, Safari 16.4, Node 16.4");
  });

  test.skipIf(gpu)("an adapter is looked for", async () => {
    expect(await placeFor({})).toEqual({ wasm: false, adapter: undefined });
  });
});

test("a training goes on elsewhere, with the same data in the same order", async () => {
  const folder = scratch();
  const file = join(folder, "tiny.ts");
  writeFileSync(
    file,
    `import { flatten, input, linear, model, N } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
export default model("tiny", { image }, { logits: linear(flatten(image), { out: 10 }) });
`,
  );
  const train = async (
    out: string,
    ...flags: readonly string[]
  ): Promise<readonly { readonly loss: number }[]> => {
    const args = ["train", file, "--out", join(folder, out), "-f", "json", ...flags];
    const { stdout, stderr } = await works(args);
    expect(stderr).toMatch(/^device: \S/m);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const how = ["--limit", "200", "--batch", "50", "--lr", "0.05"];
  const software = await train("a.safetensors", ...how, "-e", "2", "--device", "software");
  const first = await train("b.safetensors", ...how, "-e", "1", "--device", "wasm");
  const second = await train("b.safetensors", "--resume", "-e", "2", "--device", "software");
  for (const [i, { loss }] of [...first, ...second].entries())
    expect(loss).toBeCloseTo(software[i]?.loss ?? Number.NaN, 4);
  expect(first).toHaveLength(1);
  const wasm = await works([
    "eval",
    file,
    "-w",
    join(folder, "b.safetensors"),
    "--limit",
    "100",
    "--device",
    "wasm",
  ]);
  expect(wasm.stdout).toMatch(/examples\/sec on WebAssembly, \d+ threads?$/m);
  expect(readFileSync(join(folder, "b.safetensors")).length).toBeGreaterThan(4 * 7850);
});

test("no driver is asked of WebAssembly, and so no process is in between", async () => {
  vi.stubEnv("VK_ICD_FILENAMES", "/none.json");
  const speaks: boolean[] = [];
  for (const flags of [
    ["--device", "wasm"],
    ["--device", "software"],
  ])
    await weft([...run, ...flags], async (command) => {
      speaks.push(await maySpeak(command));
      return 0;
    });
  expect(speaks).toEqual([false, process.platform === "linux"]);
});
