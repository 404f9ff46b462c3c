import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { type Emitted, emit } from "../../compiler/emit/index.ts";
import { hostile, lenet, small } from "./models.ts";
import { typeErrors } from "./typeErrors.ts";

let base = "";
let folder = "";
let emitted: Emitted;
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "weft-emit-"));
  folder = join(base, "made", "lenet");
  emitted = await emit(lenet, folder);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("what is written", () => {
  test("is the kernels, the program, a typed module and a bundle", () => {
    expect(readdirSync(folder).sort()).toEqual([...emitted.files].sort());
    expect(emitted.folder).toBe(resolve(folder));
    expect(emitted.files.filter((f) => !f.endsWith(".wgsl"))).toEqual([
      "program.json",
      "lenet.ts",
      "lenet.js",
      "lenet.d.ts",
      "lenet.bundle.js",
      "lenet.bundle.d.ts",
    ]);
    expect(readdirSync(join(base, "made"))).toEqual(["lenet"]); // no temporary folder is left
  });

  test("WGSL stays readable", () => {
    const text = read(`${lenet.program.kernels[0]?.name}.wgsl`);
    expect(text).toBe(lenet.program.kernels[0]?.wgsl);
    expect(text).toMatch(/^\/\/ /);
  });

  test("program.json is the program", () => {
    expect(JSON.parse(read("program.json"))).toEqual(lenet.program);
  });

  test("is the same bytes the next time", async () => {
    const again = join(base, "again");
    await emit(lenet, again);
    for (const name of emitted.files) expect(readFileSync(join(again, name), "utf8")).toBe(read(name));
  });
});

describe("the bundle", () => {
  test("imports nothing and takes at most 10 KB gzipped", () => {
    const text = read("lenet.bundle.js");
    expect(text).not.toMatch(/\bimport\b|\brequire\b|sourceMappingURL/);
    expect(emitted.bundle).toEqual({
      bytes: Buffer.byteLength(text),
      gzip: gzipSync(text, { level: 9 }).length,
    });
    expect(emitted.bundle.gzip).toBeLessThanOrEqual(10_000);
  });

  test("exports load, the name and the parameters", async () => {
    const made = await import(/* @vite-ignore */ pathToFileURL(join(folder, "lenet.bundle.js")).href);
    expect(Object.keys(made).sort()).toEqual(["default", "load", "name", "parameters"]);
    expect(made.name).toBe("lenet");
    expect(made.parameters["conv2d1.weight"]).toEqual([6, 1, 5, 5]);
    expect(made.default.load).toBe(made.load);
  });

  test("checks weights by the parameters' names", async () => {
    const made = await import(/* @vite-ignore */ pathToFileURL(join(folder, "lenet.bundle.js")).href);
    await expect(made.load({})).rejects.toThrow(/"conv2d1.weight" \[6, 1, 5, 5\]/);
  });
});

describe("the report", () => {
  test("lists kernels, dispatches, pipelines, memory and the bundle's size", () => {
    const { report } = emitted;
    expect(report.dispatches).toBe(lenet.program.dispatches.length);
    expect(report.dispatches).toBeLessThanOrEqual(5);
    expect(report.pipelines).toBe(lenet.program.kernels.length);
    expect(report.bundle).toEqual(emitted.bundle);
    const { fixed, perBatch } = lenet.program.peakBytes;
    expect(report.peakBytes).toBe(fixed + perBatch);
    const last = report.kernels.at(-1);
    expect(last).toMatchObject({ layers: ["linear3"], workgroup: 64 });
    expect(last?.wgslBytes).toBe(Buffer.byteLength(read(`${last?.name}.wgsl`)));
  });
});

describe("the typed module", () => {
  const use = (from: string): string => `
import model, { load, type Inputs, type Outputs, type Parameters } from "${from}";
const session = await load(new Uint8Array(8));
const inputs: Inputs = { image: { data: new Float32Array(784), shape: [1, 1, 28, 28] } };
const { logits }: Outputs = await session.run(inputs);
const data: Float32Array = logits.data;
const classes: 10 = logits.shape[1];
const kernel: Parameters["conv2d1.weight"] = [6, 1, 5, 5];
const name: "lenet" = model.name;
export { classes, data, kernel, name };
`;

  test("says the shapes", () => {
    const types = read("lenet.d.ts");
    expect(types).toContain(
      "readonly image: Float32Array | Tensor<readonly [N: number, d1: 1, d2: 28, d3: 28]>",
    );
    expect(types).toContain("readonly logits: Tensor<readonly [N: number, d1: 10]>");
    expect(types).toContain('readonly "conv2d1.weight": readonly [6, 1, 5, 5];');
    expect(types).toMatch(/image \[N, 1, 28, 28\] → logits \[N, 10\]/);
    expect(types).not.toMatch(/\bimport\b/);
    expect(read("lenet.js")).toMatch(/^import \* as bundle from ".\/lenet.bundle.js";$/m);
  });

  test("type-checks, and so does what uses it", () => {
    writeFileSync(join(folder, "use.mts"), use("./lenet.js"));
    writeFileSync(join(folder, "use-bundle.mts"), use("./lenet.bundle.js"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    expect(typeErrors(join(folder, "use.mts"))).toBe("");
    expect(typeErrors(join(folder, "use-bundle.mts"))).toBe("");
    expect(typeErrors(join(folder, "use.mts"), "es2023")).toBe(""); // where WebGPU has no types
  });

  test("rejects what does not fit", () => {
    writeFileSync(
      join(folder, "wrong.mts"),
      `import { load } from "./lenet.js";
const session = await load();
session.run({ picture: new Float32Array(784) });
session.run({ image: { data: new Float32Array(9), shape: [1, 1, 3, 3] } });
load({ "conv2d1.bias": { data: new Float32Array(6), shape: [6] } });
`,
    );
    const errors = typeErrors(join(folder, "wrong.mts"));
    expect(errors).toMatch(/wrong\.mts\(3,15\).*'picture' does not exist in type 'Inputs'/);
    expect(errors).toMatch(/wrong\.mts\(4,/);
    expect(errors).toMatch(/wrong\.mts\(5,6\)/);
    expect(errors.match(/error TS/g)?.length).toBe(errors.match(/wrong\.mts\(\d+/g)?.length);
  });
});

describe("a folder that is there already", () => {
  test("keeps other files and loses the kernels of the earlier run", async () => {
    const target = join(base, "twice");
    await emit(lenet, target);
    writeFileSync(join(target, "mine.txt"), "mine");
    writeFileSync(join(target, "mine.wgsl"), "mine");
    const next = await emit(compile(small()), target);
    const left = readdirSync(target).sort();
    const lenetFiles = ["lenet.ts", "lenet.js", "lenet.d.ts", "lenet.bundle.js", "lenet.bundle.d.ts"];
    expect(left).toEqual([...next.files, ...lenetFiles, "mine.txt", "mine.wgsl"].sort());
  });

  test("has the module of a program for WebAssembly, and loses it again", async () => {
    const target = join(base, "wasm");
    const alone = compile(small(), { target: "wasm" });
    const { files } = await emit(alone, target);
    expect(files.filter((f) => f.endsWith(".wgsl"))).toEqual([]);
    const bytes = readFileSync(join(target, "small.wasm"));
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(bytes.toString("base64")).toBe(alone.program.module?.code);
    const { files: both } = await emit(compile(small(), { wasm: true }), target);
    expect(both.filter((f) => f.endsWith(".wgsl")).length).toBeGreaterThan(0);
    expect(readFileSync(join(target, "small.wasm")).equals(bytes)).toBe(true);
    await emit(compile(small()), target);
    expect(readdirSync(target)).not.toContain("small.wasm");
    writeFileSync(join(target, "small.wasm"), "somebody's");
    await expect(emit(alone, target)).rejects.toThrow(/small\.wasm is in the way/);
  });

  test("is refused where the model file itself, or another of the user's, would be written over", async () => {
    const target = join(base, "models");
    mkdirSync(target);
    writeFileSync(join(target, "lenet.ts"), 'export default model("lenet", …)');
    await expect(emit(lenet, target)).rejects.toThrow(
      /models.lenet\.ts is in the way: it was not written by weft compile\n {2}try: {2}another directory/,
    );
    expect(readdirSync(target)).toEqual(["lenet.ts"]);
  });

  test("is left as it was where one file cannot be replaced", async () => {
    const target = join(base, "blocked");
    await emit(compile(small()), target);
    rmSync(join(target, "small.bundle.d.ts"));
    mkdirSync(join(target, "small.bundle.d.ts"));
    const contents = (): unknown =>
      readdirSync(target).map((n) => [n, n === "small.bundle.d.ts" || readFileSync(join(target, n), "utf8")]);
    const before = contents();
    const wider = compile(small(), { batch: 3 });
    await expect(emit(wider, target)).rejects.toThrow("small.bundle.d.ts is a directory there");
    expect(contents()).toEqual(before);
  });
});

describe("a folder that cannot be written", () => {
  test.each(["below a file", "below a device"])("%s: says why and leaves nothing", async (where) => {
    const file = join(base, "a-file");
    writeFileSync(file, "");
    const target = where === "below a file" ? join(file, "out") : "/dev/null/out";
    await expect(emit(lenet, target)).rejects.toThrow(
      /^cannot write to the directory .*: a part of the path is a file, not a directory\n {2}try: {2}another directory/,
    );
    expect(readFileSync(file, "utf8")).toBe("");
  });

  test("is told before anything is there", async () => {
    const before = readdirSync(base).sort();
    await expect(emit(lenet, join(base, "x".repeat(300), "out"))).rejects.toThrow("the name is too long");
    expect(readdirSync(base).sort()).toEqual(before);
  });
});

describe("hostile names", () => {
  test("come out harmless in paths, WGSL, JavaScript, types and the page", async () => {
    const target = join(base, "hostile");
    const compilation = compile(hostile());
    const { files } = await emit(compilation, target);
    for (const file of files) expect(file).toMatch(/^[A-Za-z0-9_-]+(?:\.[a-z.]+)$/);
    expect(readdirSync(target).sort()).toEqual([...files].sort());
    const text = (suffix: string): string =>
      readFileSync(join(target, files.find((f) => f.endsWith(suffix)) ?? ""), "utf8");
    for (const suffix of [".bundle.js", ".js", ".ts"]) {
      expect(text(suffix)).not.toMatch(/<\/script/i);
      expect(text(suffix)).not.toContain("\u2028");
    }
    for (const name of files.filter((f) => f.endsWith(".wgsl")))
      for (const line of readFileSync(join(target, name), "utf8").split(/[\n\v\f\r\u0085\u2028\u2029]/))
        if (line.includes("alert(")) expect(line).toMatch(/^\/\/ /);
    const bundle = files.find((f) => f.endsWith(".bundle.js")) ?? "";
    const made = await import(/* @vite-ignore */ pathToFileURL(join(target, bundle)).href);
    expect(made.name).toBe(compilation.program.name);
    expect(Object.keys(made.parameters)).toEqual(compilation.program.params.map((p) => p.name));
    writeFileSync(join(target, "package.json"), '{"type":"module"}');
    writeFileSync(
      join(target, "use.mts"),
      `import { load } from "./${bundle}";\nimport { load as l2 } from "./${bundle.replace(".bundle", "")}";\nexport { l2, load };\n`,
    );
    expect(typeErrors(join(target, "use.mts"))).toBe("");
  });
});
