import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fails, scratch, weft, works } from "./weft.ts";

describe("weft shapes", () => {
  test("prints the lecture's lines", async () => {
    const { stdout } = await works(["shapes", "models/lenet.ts", "--lecture"]);
    expect(stdout).toBe(`Conv2d output shape: [1, 6, 28, 28]
Sigmoid output shape: [1, 6, 28, 28]
AvgPool2d output shape: [1, 6, 14, 14]
Conv2d output shape: [1, 16, 10, 10]
Sigmoid output shape: [1, 16, 10, 10]
AvgPool2d output shape: [1, 16, 5, 5]
Flatten output shape: [1, 400]
Linear output shape: [1, 120]
Sigmoid output shape: [1, 120]
Linear output shape: [1, 84]
Sigmoid output shape: [1, 84]
Linear output shape: [1, 10]
`);
  });

  test("prints a table that fits 80 columns", async () => {
    const { stdout, stderr } = await works(["shapes", "models/lenet.ts"]);
    expect(stderr).toBe("");
    expect(stdout).toContain("⌊(28 + 2·2 − 5)/1⌋ + 1 = 28");
    expect(stdout).toContain("61,706 parameters");
    for (const line of stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test("prints JSON with the documented keys", async () => {
    const { stdout } = await works(["shapes", "models/lenet.ts", "--format", "json"]);
    const { model, layers, totals } = JSON.parse(stdout);
    expect(model).toBe("lenet");
    expect(layers).toHaveLength(12);
    const keys = [
      "name",
      "op",
      "options",
      "output",
      "formula",
      "params",
      "macs",
      "bytes",
      "receptiveField",
      "kernel",
      "source",
    ];
    expect(Object.keys(layers[0])).toEqual(expect.arrayContaining(keys));
    expect(layers[0]).toMatchObject({ name: "conv1", output: ["N", 6, 28, 28], params: 156, macs: 117600 });
    expect(layers[0].source).toMatch(/^models\/lenet\.ts:\d+:\d+$/);
    expect(totals).toMatchObject({ params: 61706, dispatches: 5 });
  });

  test("puts a number in for N", async () => {
    const { stdout } = await works(["shapes", "models/lenet.ts", "--batch", "4", "--format", "json"]);
    expect(JSON.parse(stdout).layers[0]).toMatchObject({ output: [4, 6, 28, 28], macs: 4 * 117600 });
  });

  test("prints Markdown", async () => {
    const { stdout } = await works(["shapes", "models/lenet.ts", "--format", "markdown"]);
    expect(stdout).toMatch(/^\| layer \|/);
  });
});

describe("what a user gets wrong", () => {
  test("a model file that is missing, with the one that was meant", async () => {
    const message = await fails(["shapes", "models/lenett.ts"]);
    expect(message).toContain("no such file: models/lenett.ts");
    expect(message).toContain("models/lenet.ts");
  });

  test("a mistake in the model names the layer, the place, the rule", async () => {
    const file = join(scratch(), "model.ts");
    writeFileSync(
      file,
      `import { conv2d, input, model, N } from "weftgpu";
const image = input("image", [N, 1, 4, 4]);
const big = conv2d(image, { out: 6, kernel: 7 });
export default model("big", { image }, { big });
`,
    );
    const message = await fails(["shapes", file]);
    expect(message).toMatch(/big \(.*model\.ts:3:13\): /);
    expect(message).toContain("rule:");
  });

  test.each([
    [["shapes"], "missing required argument 'model'"],
    [["shapes", "models/lenet.ts", "--batch", "0"], "It must be a whole number of at least 1."],
    [["studio", "models/lenet.ts", "--port", "80000"], "It must be a whole number from 1 to 65535."],
    [["shapes", "models/lenet.ts", "--batch", "2.5"], "It must be a whole number of at least 1."],
    [["shapes", "models/lenet.ts", "--format", "xml"], "Allowed choices are table, markdown, json."],
    [["shapes", "models/lenet.ts", "--bacth", "1"], "unknown option '--bacth'"],
    [["shapes", "models/lenet.ts", "-q", "-v"], "cannot be used with option"],
    [["shape"], "Did you mean shapes?"],
    [["compile", "models/lenet.ts", "--show", "ast"], "Allowed choices are graph, regions, kernels"],
  ])("%j", async (args, text) => {
    expect(await fails(args)).toContain(text);
  });
});

describe("help", () => {
  test.each(["shapes", "compile", "run", "doctor"])("weft %s --help teaches by example", async (command) => {
    const { stdout } = await works([command, "--help"]);
    expect(stdout).toContain(`Usage: weft ${command}`);
    expect(stdout).toContain(`$ weft ${command}`);
    expect(stdout).toContain("--format");
  });

  test("weft --help lists the commands and the exit codes", async () => {
    const { stdout } = await works(["--help"]);
    for (const word of ["shapes", "compile", "run", "doctor", "Exit codes"]) expect(stdout).toContain(word);
    expect((await works(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("no command at all is answered with the help", async () => {
    const { code, stderr } = await weft([]);
    expect(code).toBe(1);
    expect(stderr).toContain("Usage: weft");
  });
});
