/** `weft run` and `weft doctor` on the adapter of this machine. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { idx, npy } from "./make.ts";
import { fails, root, scratch, weftProcess, works } from "./weft.ts";

const folder = scratch();
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const lenet = ["run", "models/lenet.ts", "--weights", "models/lenet.fashion-mnist.safetensors"];
const bag = "models/samples/bag.png";

interface Output {
  readonly adapter: string;
  readonly outputs: { readonly logits: readonly (readonly number[])[] };
  readonly predictions: readonly { readonly top: readonly { readonly class: string }[] }[];
}

/** The JSON of a run. */
async function logits(args: readonly string[]): Promise<Output> {
  return JSON.parse((await works([...args, "--format", "json"])).stdout);
}

describe("weft run", () => {
  test("draws pictures, names classes, says how long and on what", async () => {
    const { stdout, stderr } = await works([
      ...lenet,
      "-c",
      "fashion-mnist",
      "-i",
      bag,
      "models/samples/trouser.png",
    ]);
    expect(stdout).toMatch(/▓▓▓.*\n/);
    expect(stdout).toMatch(/Bag +█+.* \d+\.\d%/);
    expect(stdout).toMatch(/Trouser +█+/);
    expect(stdout).toMatch(/2 examples in [\d.]+ ms on \S/);
    expect(stderr).not.toContain("random");
  });

  test("is right about the sample pictures, but for a pullover that might be a shirt", async () => {
    const names = ["bag", "boot", "dress", "pullover", "sandal", "sneaker", "t-shirt", "trouser"];
    const { adapter, outputs, predictions } = await logits([
      ...lenet,
      ...["-c", "fashion-mnist", "-i"],
      ...names.map((name) => `models/samples/${name}.png`),
    ]);
    expect(predictions.map((p) => p.top[0]?.class)).toEqual([
      "Bag",
      "Ankle boot",
      "Dress",
      "Shirt",
      "Sandal",
      "Sneaker",
      "T-shirt/top",
      "Trouser",
    ]);
    expect(predictions[3]?.top[1]?.class).toBe("Pullover");
    expect(adapter).not.toBe("");
    expect(outputs.logits.map((row) => row.length)).toEqual(Array(8).fill(10));
  });

  test("the same numbers from IDX, .npy and JSON; one batch equals its examples alone", async () => {
    const pixels = Array.from({ length: 3 * 784 }, (_, i) => (i * 37 + (i >> 4) * 11) % 256);
    const values = pixels.map((p) => Math.fround(p / 255));
    const images = file("three-idx3-ubyte.gz", gzipSync(idx([3, 28, 28], pixels)));
    const array = file("three.npy", npy("<f4", [3, 1, 28, 28], Float32Array.from(values)));
    const rows = Array.from({ length: 3 }, (_, n) =>
      Array.from({ length: 28 }, (_, y) => values.slice(n * 784 + y * 28, n * 784 + (y + 1) * 28)),
    );
    const json = file("three.json", JSON.stringify({ image: rows }));
    const all = (await logits([...lenet, "-i", images])).outputs.logits;
    expect((await logits([...lenet, "-i", array])).outputs.logits).toEqual(all);
    expect((await logits([...lenet, "-i", json])).outputs.logits).toEqual(all);
    const second = (await logits([...lenet, "-i", images, "--index", "1"])).outputs.logits;
    expect(second).toHaveLength(1);
    for (const [i, v] of (second[0] ?? []).entries()) expect(v).toBeCloseTo(all[1]?.[i] ?? Number.NaN, 4);
  });

  test("counts right answers against labels", async () => {
    const images = file("two-idx3-ubyte", idx([2, 28, 28], Array(2 * 784).fill(0)));
    const { predictions } = await logits([...lenet, "-c", "mnist", "-i", images]);
    const best = Number(predictions[0]?.top[0]?.class);
    const labels = file("labels", idx([2], [best, (best + 1) % 10]));
    const { stdout } = await works([
      ...lenet,
      "-c",
      "mnist",
      "-i",
      images,
      "--labels",
      labels,
      "--no-pictures",
    ]);
    expect(stdout).toContain("1 of 2 right (50.0%)");
    expect(stdout).toContain("✓");
    expect(stdout).toContain(`✗ ${(best + 1) % 10}`);
  });

  test("without weights the parameters are seeded, and it is said", async () => {
    const run = ["run", "models/lenet.ts", "-i", bag];
    const first = await works([...run, "--format", "json"]);
    expect(first.stderr).toContain("no --weights: the parameters are random (seed 0)");
    const again = await logits(run);
    expect(again.outputs).toEqual(JSON.parse(first.stdout).outputs);
    expect((await logits([...run, "--seed", "1"])).outputs).not.toEqual(again.outputs);
    expect((await works([...run, "--quiet"])).stderr).not.toContain("seed");
  });

  test("a model with two inputs and an output that is no classifier", async () => {
    const model = file(
      "two.ts",
      `import { corr2d, input, model } from "weftgpu";
const picture = input("picture", [3, 3]);
const kernel = input("kernel", [2, 2]);
export default model("corr2d", { picture, kernel }, { result: corr2d(picture, kernel) });
`,
    );
    const picture = file("picture.json", "[[0, 1, 2], [3, 4, 5], [6, 7, 8]]");
    const kernel = file("kernel.json", "[[0, 1], [2, 3]]");
    const args = ["run", model, "-i", `picture=${picture}`, `kernel=${kernel}`];
    expect((await logits(args)).outputs).toEqual({
      result: [
        [19, 25],
        [37, 43],
      ],
    });
    const { stdout } = await works(args);
    expect(stdout).toMatch(/result \[2, 2\]\n +19 +25\n +37 +43\n/);
  });
});

describe("what a user gets wrong", () => {
  test.each([
    ["no input", [], "the input image [N, 1, 28, 28] has no data"],
    ["a missing file", ["-i", "none.png"], "cannot read the picture none.png: there is no such file"],
    ["a directory", ["-i", "models"], "cannot read the picture models: it is a directory"],
    ["no picture", ["-i", "package-lock.json", "LICENSE.md"], "package-lock.json"],
    ["a text file", ["-i", file("x.png", "text")], "is not a picture that can be read"],
    ["truncated IDX", ["-i", file("x-idx3-ubyte", idx([9, 28, 28], [1]))], "is cut off: 17 bytes"],
    ["bad npy", ["-i", file("x.npy", "text")], "is not a .npy file"],
    ["another shape", ["-i", file("y.npy", npy("<f4", [2, 2], new Float32Array(4)))], "has shape [2, 2]"],
    ["JSON of another shape", ["-i", file("y.json", "[[1, 2], [3]]")], "its siblings have length 2"],
    [
      "an index outside",
      ["-i", file("one-idx3-ubyte", idx([1, 28, 28], Array(784).fill(0))), "--index", "5"],
      "holds 1 example",
    ],
    ["too few classes", ["-i", bag, "-c", "cat,dog"], "--classes has 2 names, but lenet has 10 classes"],
    ["unknown classes", ["-i", bag, "-c", "cifar"], "no known set of classes"],
    ["no labels", ["-i", bag, "--labels", "none"], "cannot read the labels none"],
  ])("%s", async (_, args, text) => {
    expect(await fails([...lenet, ...args, "-q"])).toContain(text);
  });

  test.each([
    ["missing", "none.safetensors", "cannot read the weights none.safetensors"],
    ["no safetensors", "package.json", "package.json does not fit the model lenet"],
    [
      "truncated",
      file("cut.safetensors", readFileSync("models/lenet.fashion-mnist.safetensors").subarray(0, 5000)),
      "does not fit the model lenet",
    ],
  ])("weights that are %s", async (_, weights, text) => {
    expect(await fails(["run", "models/lenet.ts", "-w", weights, "-i", bag])).toContain(text);
  });

  test("weights of another model name the parameter", async () => {
    const model = file(
      "other.ts",
      `import { input, linear, model, N } from "weftgpu";
const image = input("image", [N, 784]);
const fc1 = linear(image, { out: 3 });
export default model("other", { image }, { fc1 });
`,
    );
    const message = await fails(["run", model, "-w", "models/lenet.fashion-mnist.safetensors", "-i", bag]);
    expect(message).toContain('"fc1.weight" has shape [120, 400], the model wants [3, 784]');
  });
});

describe("weft doctor", () => {
  test("prints the adapter, its limits and advice", async () => {
    const { stdout } = await works(["doctor"]);
    for (const word of ["adapter", "maxStorageBufferBindingSize", "Dawn", "Node"])
      expect(stdout).toContain(word);
  });

  test("prints JSON", async () => {
    const { stdout } = await works(["doctor", "--format", "json"]);
    const report = JSON.parse(stdout);
    expect(report.adapter.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
    expect(report.system.node).toBe(process.versions.node);
  });

  test("without an adapter WebAssembly does the work; a script that asks for one is told", async () => {
    const webgpu = pathToFileURL(join(root, "node_modules/webgpu/index.js"));
    // Dawn is there, and no driver: neither the system's nor npm's, which is for other processors.
    const other = file(
      "other.mjs",
      `await import("${webgpu}"); Object.defineProperty(process, "arch", { value: "riscv64" });`,
    );
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(other)}`, VK_ICD_FILENAMES: "/nowhere.json" };
    const [any, software] = await Promise.all(
      [["doctor"], ["doctor", "--adapter", "software"]].map((args) => weftProcess(args, { env })),
    );
    expect(any?.stdout).toContain("none: models run and train in WebAssembly");
    expect([any?.code, software?.code]).toEqual([0, 1]);
  });
});
