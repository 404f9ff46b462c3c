/** `weft import`, and ONNX files where the command takes a model. */
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MODEL, VERBS } from "../../cli/verbs/index.ts";
import { readSafetensors } from "../../contract/weights.ts";
import { file, floatTensor, int, node, weight } from "../onnx/file.ts";
import { residual } from "../onnx/models.ts";
import { fails, scratch, weft, weftProcess, works } from "./weft.ts";

/** A folder with the file in it, and the file's path. */
function written(bytes: Uint8Array, name = "small.onnx"): { readonly folder: string; readonly path: string } {
  const folder = scratch();
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { folder, path };
}

/** y = W·x with the weight in a file beside the model. */
const beside = (
  location: string,
  more: readonly { readonly key: string; readonly value: string }[] = [],
): Uint8Array =>
  file({
    inputs: { x: ["batch", 3] },
    weights: [
      {
        name: "w",
        dataType: 1,
        dims: [3, 2],
        dataLocation: 1,
        externalData: [{ key: "location", value: location }, ...more],
      },
    ],
    nodes: [node("MatMul", ["x", "w"], ["y"])],
    outputs: ["y"],
  });
const six = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

const unsupported = (): Uint8Array =>
  file({
    inputs: { x: ["batch", 4] },
    nodes: [
      node("Relu", ["x"], ["a"]),
      node("Frobnicate", ["a"], ["b"], int("axis", 1)),
      node("Relu", ["b"], ["y"]),
    ],
    outputs: ["y"],
  });

describe("weft import", () => {
  test("writes a model file and its weights, and says what was made", async () => {
    const { folder, path } = written(residual());
    const { stdout, stderr } = await works(["import", path, "--out", join(folder, "out")]);
    expect(stdout).toContain("small: 11 nodes of opset 17 → 11 layers, 297 parameters");
    expect(stdout).toContain("operators: Conv 2, Relu 2, Add 1");
    expect(stderr).toBe("");
    expect(readdirSync(join(folder, "out")).toSorted()).toEqual(["small.safetensors", "small.ts"]);
    expect(readFileSync(join(folder, "out/small.ts"), "utf8")).toContain(
      'export default model("small", { image }',
    );
    const weights = readSafetensors(readFileSync(join(folder, "out/small.safetensors")));
    expect(weights["fc.weight"]?.shape).toEqual([5, 4]);
    const { stdout: table } = await works(["shapes", join(folder, "out/small.ts"), "--format", "json"]);
    const { stdout: same } = await works(["shapes", path, "--format", "json"]);
    expect(JSON.parse(table).totals).toEqual(JSON.parse(same).totals);
  });

  test("--check computes every tensor with onnxruntime too", async () => {
    const { path } = written(residual());
    const { stdout } = await works(["import", path, "--check", "--device", "wasm"]);
    expect(stdout).toMatch(/checked: all 11 tensors are onnxruntime's within 0\.0001/);
  });

  test("names each node that is not supported, writes nothing, and ends with 1", async () => {
    const { folder, path } = written(unsupported());
    const result = await weft(["import", path, "--out", join(folder, "out"), "--format", "json"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toBe("nothing is written\n");
    expect(JSON.parse(result.stdout).unsupported).toEqual([
      {
        op: "Frobnicate",
        node: "b",
        reason: "Weft has no Frobnicate",
        try: "an export that is made of other operators, or the model cut before it: outputs",
      },
    ]);
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });

  test("reads data from a file beside the model", async () => {
    const { folder, path } = written(beside("data/w.bin"));
    const without = await fails(["import", path]);
    expect(without).toContain("cannot read what");
    writeFileSync(join(folder, "w.bin"), six);
    const moved = written(beside("w.bin"));
    writeFileSync(join(moved.folder, "w.bin"), six);
    const { stdout } = await works(["import", moved.path, "--check", "--device", "wasm"]);
    expect(stdout).toContain("checked: all 1 tensor");
  });

  test("refuses data outside of the model's folder, by name and by link", async () => {
    for (const location of ["../w.bin", "/etc/passwd", "a/../../w.bin", "C:\\w.bin", "..\\w.bin"])
      expect(await fails(["import", written(beside(location)).path])).toContain(
        "data of a model lie in its folder, or in one within it",
      );
    const { folder, path } = written(beside("w.bin"));
    const other = join(scratch(), "w.bin");
    writeFileSync(other, six);
    symlinkSync(other, join(folder, "w.bin"));
    expect(await fails(["import", path])).toContain("w.bin is a link that leaves the model's folder");
  });

  test("says which size a file leaves open, and takes it by --dim", async () => {
    const bytes = file({
      inputs: { x: ["batch", "steps", 4] },
      weights: [weight("w", [4, 2])],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
      outputs: ["y"],
    });
    const { path } = written(bytes);
    expect(await fails(["shapes", path])).toContain('input "x" leaves open how large "steps" is');
    expect((await works(["shapes", path, "--dim", "steps=7"])).stdout).toContain("[N, 7, 2]");
    expect((await works(["shapes", path, "--dim", "steps=..7", "batch=2"])).stdout).toContain(
      "[2, steps, 2]",
    );
    expect((await weft(["shapes", path, "--dim", "steps"])).stderr).toContain(
      "It must be NAME=SIZE, or NAME=..MOST.",
    );
    expect(await fails(["shapes", "models/lenet.ts", "--dim", "T=3"])).toContain(
      "T is no size of lenet\n  rule: its sizes are numbers, and N, which each run decides",
    );
  });
});

describe("an ONNX file in place of a model file", () => {
  const dense = (): Uint8Array =>
    file({
      inputs: { x: ["batch", 3] },
      weights: [floatTensor("w", [3, 2], [1, 2, 3, 4, 5, 6])],
      nodes: [node("MatMul", ["x", "w"], ["y"])],
      outputs: ["y"],
    });

  test("weft run computes with the weights that it holds", async () => {
    const { path } = written(dense());
    const { stdout, stderr } = await works([
      "run",
      path,
      "-i",
      "[[1,0,0],[0,1,1]]",
      "--device",
      "wasm",
      "--format",
      "json",
    ]);
    expect(JSON.parse(stdout).outputs).toEqual({
      y: [
        [1, 2],
        [8, 10],
      ],
    });
    expect(stderr).not.toContain("random");
  });

  test("weft run reads open sizes off its arrays", async () => {
    const { folder, path } = written(
      file({
        inputs: { x: ["batch", "steps", 2] },
        nodes: [node("ReduceSum", ["x", "axes"], ["y"], int("keepdims", 0))],
        weights: [{ name: "axes", dataType: 7, dims: [1], int64Data: [1] }],
        outputs: ["y"],
      }),
    );
    const numbers = join(folder, "x.json");
    writeFileSync(numbers, "[[[1, 2], [3, 4], [5, 6]]]");
    const { stdout } = await works(["run", path, "-i", numbers, "--device", "wasm", "--format", "json"]);
    expect(JSON.parse(stdout).outputs).toEqual({ y: [[9, 12]] });
  });

  test("weft compile writes its weights beside the bundle", async () => {
    const { folder, path } = written(dense(), "dense.onnx");
    await works(["compile", path, "--out", join(folder, "web"), "--targets", "wasm"]);
    expect(existsSync(join(folder, "web/dense.bundle.js"))).toBe(true);
    expect(readSafetensors(readFileSync(join(folder, "web/dense.safetensors")))).toMatchObject({
      "y.weight": { shape: [2, 3] },
    });
  });

  test("weft train begins with the weights that it holds", async () => {
    const [conv, fc] = [weight("conv.weight", [4, 1, 3, 3]), weight("fc.weight", [10, 4], 7)];
    const { folder, path } = written(
      file({
        inputs: { image: ["batch", 1, 28, 28] },
        weights: [conv, fc],
        nodes: [
          node("Conv", ["image", "conv.weight"], ["h"]),
          node("GlobalAveragePool", ["h"], ["p"]),
          node("Flatten", ["p"], ["flat"]),
          node("Gemm", ["flat", "fc.weight"], ["logits"], int("transB", 1)),
        ],
        outputs: ["logits"],
      }),
    );
    const out = join(folder, "trained.safetensors");
    const short = ["--limit", "64", "--epochs", "1", "--lr", "0.000001", "--device", "wasm"];
    await works(["train", path, "--out", out, ...short]);
    const { "fc.weight": trained } = readSafetensors(readFileSync(out));
    const before = new Float32Array(fc.rawData?.slice().buffer ?? new ArrayBuffer(0));
    expect(Math.max(...before.map((v, i) => Math.abs(v - (trained?.data[i] ?? Number.NaN))))).toBeLessThan(
      1e-4,
    );
  });

  test("every verb that takes a model has --dim, and takes the weights that the file holds", async () => {
    const { folder, path } = written(
      file({
        inputs: { image: ["batch", 1, "height", "width"] },
        weights: [weight("conv.weight", [2, 1, 3, 3]), weight("fc.weight", [10, 2], 7)],
        nodes: [
          node("Conv", ["image", "conv.weight"], ["h"]),
          node("GlobalAveragePool", ["h"], ["p"]),
          node("Flatten", ["p"], ["flat"]),
          node("Gemm", ["flat", "fc.weight"], ["logits"], int("transB", 1)),
        ],
        outputs: ["logits"],
      }),
    );
    const verbs = VERBS.filter(({ takes }) => takes === MODEL).map(({ name }) => name);
    expect(verbs).toEqual([
      "shapes",
      "compile",
      "run",
      "export",
      "train",
      "weights",
      "eval",
      "profile",
      "verify",
      "tune",
    ]);
    for (const verb of verbs)
      expect((await works([verb, "--help"])).stdout, verb).toContain("--dim <name=size...>");
    const dims = ["--dim", "height=28", "width=28"];
    const measured = ["eval", path, "--limit", "10", "--device", "wasm", "--format", "json"];
    expect(await fails(measured)).toContain('input "image" leaves open how large "height", "width" are');
    expect(JSON.parse((await works([...measured, ...dims])).stdout)).toMatchObject({
      examples: 10,
      weights: null,
    });
    expect(await fails(["eval", "models/lenet.ts", "--device", "wasm"])).toBe(
      `error: models/lenet.ts is measured with weights, and none are given
  rule: a model file has none of its own; an ONNX file does
  try:  --weights with the file that weft train wrote
`,
    );
    const [fixed, renamed] = [join(folder, "fixed.onnx"), join(folder, "renamed.safetensors")];
    await works(["export", path, ...dims, "--out", fixed]);
    await works(["import", path, ...dims, "--out", folder]);
    await works(["weights", path, ...dims, "--from", join(folder, "small.safetensors"), "--out", renamed]);
    expect(readFileSync(renamed).equals(readFileSync(join(folder, "small.safetensors")))).toBe(true);
  });

  test("weft run says what is wrong with arrays before it asks for sizes", async () => {
    const { folder, path } = written(
      file({
        inputs: { left: ["batch", "rows", 2], right: ["batch", 2, "columns"] },
        nodes: [node("MatMul", ["left", "right"], ["y"])],
        outputs: ["y"],
      }),
      "two.onnx",
    );
    const array = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [left, right] = [array("l.json", "[[[1,2],[3,4]]]"), array("r.json", "[[[1],[1]]]")];
    const run = (...inputs: readonly string[]): readonly string[] => [
      "run",
      path,
      "--device",
      "wasm",
      "--format",
      "json",
      "--input",
      ...inputs,
    ];
    const { stdout } = await works(run(`left=${left}`, `right=${right}`));
    expect(JSON.parse(stdout).outputs).toEqual({ y: [[[3], [7]]] });
    // An example alone, and numbers that stand in the command.
    const alone = await works(run("left=[[1,2],[3,4]]", `right=${right}`));
    expect(JSON.parse(alone.stdout).outputs).toEqual({ y: [[[3], [7]]] });
    expect(await fails(run(`left=${left}`))).toBe(`error: the input right [batch, 2, columns] has no data
  rule: how large it is, is read off the array that it is given
  try:  add --input right=FILE, or --dim columns=64
`);
    expect(await fails(run(`lefty=${left}.npy`, `right=${right}`))).toContain(
      "does not say which of the inputs left, right it is for\n  try:  write --input left=FILE right=FILE",
    );
    expect(await fails(run(`left=1,2,3`, `right=${right}`))).toBe(
      `error: 1,2,3 has shape [3], but the input left [batch, rows, 2] has 3 sizes
  rule: open sizes are read off an array of as many
  try:  reshape the array before you save it
`,
    );
  });

  test("the built command takes one", async () => {
    const { path } = written(dense());
    const { code, stdout } = await weftProcess(["shapes", path, "--format", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).totals).toMatchObject({ params: 6 });
  });
});
