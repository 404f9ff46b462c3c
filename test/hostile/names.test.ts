/** Names that could end a string, a comment, a script, a path or a terminal's patience, through the command. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { escapeXml } from "../../cli/output/plot.ts";
import { harmless } from "../../cli/ui.ts";
import { compile } from "../../compiler/compile.ts";
import { conv2d, input, model, N, sigmoid } from "../../compiler/dsl/index.ts";
import { emit } from "../../compiler/emit/index.ts";
import { mapGraph } from "../../compiler/ir/graph.ts";
import { load } from "../../runtime/index.ts";
import { usualDevice } from "../adapter.ts";
import { weft } from "../cli/weft.ts";

const ESCAPE = "\u001b]0;owned\u0007\u001b[2J\u009b31m";
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as text.
const PUNCTUATION = "x\"'`${process.exit(3)}\\ */ // /* </script><!-- ]]> %s {{}}";
const HOSTILE: readonly string[] = [
  `${PUNCTUATION}\n\r\u2028\u2029\u0085${ESCAPE}\u202e é 名 🎈 \ud800 \0`,
  "../../../../tmp/up",
  "..",
  "/etc/passwd",
  "C:\\con",
  "a\nfn main() {}\n//",
  "__proto__",
  "constructor",
  "  ",
  "名前",
  "x".repeat(5000),
];
/** WGSL and JavaScript keep these for themselves. */
const RESERVED = ["fn", "array", "select", "main", "batch", "hyperbolic", "await", "default", "eval"];

const base = mkdtempSync(join(tmpdir(), "weft-names-"));
let device: GPUDevice;
beforeAll(async () => {
  ({ device } = await usualDevice());
});
afterAll(() => {
  device.destroy();
  rmSync(base, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that must not be there.
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** A convolution and a sigmoid, all of whose names are made of `name`. */
function named(name: string) {
  const x = input("x", [N, 1, 4, 4]);
  const { graph } = model("m", { x }, { y: sigmoid(conv2d(x, { out: 2, kernel: 3 })) });
  const renamed = mapGraph(graph, (node) => ({
    ...node,
    origin: { ...node.origin, name: `${name}/${node.origin.name}`, at: { file: name, line: 1, column: 1 } },
  }));
  const put = (list: typeof graph.inputs) => list.map((o) => ({ ...o, name }));
  return { ...renamed, name, inputs: put(renamed.inputs), outputs: put(renamed.outputs) };
}

describe("a name of a model, its layers, inputs and outputs", () => {
  test.each([...HOSTILE, ...RESERVED].map((name) => [JSON.stringify(name).slice(0, 40), name] as const))(
    "%s: runs, and writes files into its folder alone",
    async (title, name) => {
      const compilation = compile(named(name));
      const session = await load(compilation.program, { device });
      const result = await session.run(Object.fromEntries([[name, new Float32Array(16)]]));
      expect(Object.keys(result)).toEqual([name]);
      const value = Object.entries(result)[0]?.[1].data;
      expect(value?.every((v) => v === 0.5)).toBe(true);
      session.destroy();
      for (const { wgsl } of compilation.program.kernels) {
        expect(wgsl).not.toMatch(OBEYED);
        // Without its comments nothing of the name is left but identifiers.
        expect(wgsl.replace(/\/\/.*/g, "")).not.toMatch(/["'`$\\#?\u0080-\uffff]/);
      }
      const folder = join(base, `case-${title.replace(/\W+/g, "_")}-${name.length}`, "out");
      mkdirSync(folder, { recursive: true });
      const emitted = await emit(compilation, folder);
      expect(emitted.files.length).toBeGreaterThan(4);
      expect(readdirSync(join(folder, ".."))).toEqual(["out"]);
      for (const file of readdirSync(folder)) {
        expect(file).toMatch(/^[\w.-]{1,90}$/);
        if (/\.(json|wgsl)$/.test(file)) continue; // data: read, never run or shown as it is
        const text = readFileSync(join(folder, file), "utf8");
        expect(text).not.toContain("</script");
        expect(text).not.toMatch(/[\u2028\u2029\u202e\u0085\u009b]/);
      }
    },
  );

  test("and random ones", async () => {
    const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(texts, async (name) => {
        const compilation = compile(named(name));
        for (const { wgsl, name: kernel } of compilation.program.kernels) {
          expect(wgsl).not.toMatch(OBEYED);
          expect(kernel).toMatch(/^[A-Za-z]\w{0,70}$/);
          expect(wgsl).toMatch(/^fn main\(/m);
        }
      }),
      { numRuns: 300, seed: Number(process.env["WEFT_FUZZ_SEED"] ?? 2026) },
    );
  });
});

test("in SVG: neither a tag nor an attribute ends, and XML takes it", () => {
  for (const name of HOSTILE) {
    const text = escapeXml(name);
    expect(text).not.toMatch(/[<>"']|&(?!#\d+;)/);
    expect(text).not.toMatch(OBEYED);
    expect(text).not.toMatch(/\p{Cs}/u);
  }
});

describe("in a terminal", () => {
  test("harmless leaves text, line breaks and tabs", () => {
    expect(harmless("a\tb\nc é 名 🎈")).toBe("a\tb\nc é 名 🎈");
    expect(harmless(`x${ESCAPE}\u202ey`)).not.toMatch(OBEYED);
  });

  const hostileFile = `evil${ESCAPE.replaceAll("/", "")}\u202e.ts`;

  test("a model file with a hostile name and hostile names in it", async () => {
    const path = join(base, hostileFile);
    const text = JSON.stringify(HOSTILE[0]);
    writeFileSync(
      path,
      `import { input, model, N, relu, linear, param, add } from "weftgpu";
const x = input(${text}, [N, 4]);
export default model(${text}, { [${text}]: x }, { [${text}]: relu(linear(x, { out: 2 })) });`,
    );
    for (const args of [
      ["shapes", path],
      ["shapes", path, "--format", "json"],
      ["compile", path],
      ["compile", path, "--show", "plan"],
      ["compile", path, "--show", "graph"],
      ["compile", path, "--show", "wgsl"],
    ]) {
      const { stdout, stderr } = await weft(args);
      expect(stdout + stderr, args.join(" ")).not.toMatch(OBEYED);
    }
    const wrong = await weft(["run", path, "-i", join(base, `none${ESCAPE.replaceAll("/", "")}.npy`)]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).not.toMatch(OBEYED);
    expect(wrong.stderr).toContain("none�");
    const json = await weft(["shapes", path, "--format", "json"]);
    if (json.code === 0) expect(JSON.parse(json.stdout)).toBeTruthy();
  });

  test("errors in a model: its names and texts", async () => {
    const path = join(base, "bad.ts");
    for (const body of [
      `throw new Error(${JSON.stringify(ESCAPE)});`,
      `import { input, N, linear, model } from "weftgpu";
       const x = input(${JSON.stringify(ESCAPE)}, [N, 4]); export default model("m", { x: linear(x, { out: 2, in: 3 }) }, { x });`,
      `export default ${JSON.stringify(ESCAPE)};`,
      `const ${"\u001b"} = 1;`,
    ]) {
      writeFileSync(path, body);
      const { code, stderr } = await weft(["shapes", path]);
      expect(code).toBe(1);
      expect(stderr).not.toMatch(OBEYED);
    }
  });

  test("class names and flags", async () => {
    const classes = join(base, "classes.txt");
    writeFileSync(classes, Array.from({ length: 10 }, (_, i) => `c${i}${ESCAPE}`).join("\n"));
    const result = await weft([
      "run",
      "models/lenet.ts",
      "-i",
      "models/samples/boot.png",
      "--classes",
      classes,
      "-a",
      "software",
    ]);
    expect(result.stdout + result.stderr).not.toMatch(OBEYED);
    for (const args of [
      ["run", "models/lenet.ts", "--classes", ESCAPE],
      ["compile", ESCAPE],
      ["run", "models/lenet.ts", "--index", ESCAPE],
    ])
      expect((await weft(args)).stderr).not.toMatch(OBEYED);
  });
});
