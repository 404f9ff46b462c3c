import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { compilers, hovers, root } from "./compilers.ts";
import { type Program, randomPrograms } from "./random.ts";
import { prelude, wrong } from "./wrong.ts";

const folder = join(root, "test/types/programs");
const valid = new Map(
  readdirSync(folder).map((file) => [
    basename(file),
    readFileSync(join(folder, file), "utf8").replaceAll("../../../compiler/dsl/index.ts", "weftgpu"),
  ]),
);
const only = (...names: readonly string[]): ReadonlyMap<string, string> =>
  new Map([...valid].filter(([name]) => names.includes(name)));

const result = "export const result = ";
const wrongFiles = new Map(
  wrong.map(({ code }, i) => [`wrong${i}.ts`, `${prelude}${result}${code.replace("▸", "")};\n`]),
);

const random = randomPrograms(20240917, 600);
const heading =
  'import * as w from "weftgpu";\nimport { N, type Tensor } from "weftgpu";\nimport { same } from "./equal.ts";\n';
/** A line per program; one that fails when it runs is checked without an expectation. */
const randomText = `${heading}${random
  .map(
    ({ code, shape }, i) =>
      `export const r${i}: true = ${shape ? `same<Tensor<${shape}>>()(${code})` : `(${code}, true)`};\n`,
  )
  .join("")}`;

test.each([...valid.keys()])("%s runs", async (name) => {
  await expect(import(join(folder, name))).resolves.toBeDefined();
});

test("digits.ts is what its generator prints", () => {
  const types = join(root, "compiler/dsl/types");
  const printed = execFileSync(process.execPath, [join(types, "gen-digits.mjs")], { encoding: "utf8" });
  expect(readFileSync(join(types, "digits.ts"), "utf8")).toBe(printed);
});

test("an editor shows shapes as a reader writes them", () => {
  const shown = hovers(only("equal.ts", "lenet.ts"), "lenet.ts");
  expect(
    ["image", "conv1", "pool2", "logits", "functional", "chained"].map((name) => shown.get(name)),
  ).toEqual([
    "const image: Tensor<[N, 1, 28, 28]>",
    "const conv1: Tensor<[N, 6, 28, 28]>",
    "const pool2: Tensor<[N, 16, 5, 5]>",
    "const logits: Tensor<[N, 10]>",
    "const functional: Model<{ image: [N, 1, 28, 28]; }, { logits: [N, 10]; }>",
    "const chained: Model<{ [name: string]: [N, 1, 28, 28]; }, { output: [N, 10]; }>",
  ]);
});

/** Upper bounds on type instantiations. */
const budget = { "lenet.ts": 25_000, "resnet50.ts": 45_000 };

describe.each(compilers)("$name", ({ check, costs }) => {
  const findings = check(new Map([...valid, ...wrongFiles, ["random.ts", randomText]]));

  test("valid programs have exactly the expected types", () => {
    expect([...valid.keys()].flatMap((name) => findings.get(name) ?? [])).toEqual([]);
  });

  describe("wrong programs are reported once, on the argument, in one line", () => {
    test.each(wrong.map((w, i) => ({ ...w, i })))("$code", ({ code, message, i }) => {
      const [finding, ...more] = findings.get(`wrong${i}.ts`) ?? [];
      expect(more).toEqual([]);
      expect(finding).toMatchObject({
        line: prelude.split("\n").length,
        column: result.length + 1 + code.indexOf("▸"),
        lines: 1,
      });
      if (typeof message === "string")
        expect(finding?.text.endsWith(`type '"${message}"'.`), finding?.text).toBe(true);
      else expect(finding?.text).toMatch(message);
    });
  });

  test("random programs are typed as they run", () => {
    const rejected = new Set(findings.get("random.ts")?.map((f) => f.line - heading.split("\n").length));
    const differs = (p: Program, i: number): boolean => rejected.has(i) !== (p.shape === undefined);
    expect(random.filter(differs).map((p) => `${p.shape ?? "fails"}: ${p.code}`)).toEqual([]);
    expect(random.filter((p) => p.shape === undefined).length).toBeGreaterThan(100);
    expect(random.filter((p) => p.shape !== undefined).length).toBeGreaterThan(200);
  });

  test("models stay cheap to check", () => {
    const counts = costs(only(...Object.keys(budget)), only("equal.ts"));
    for (const [name, limit] of Object.entries(budget)) {
      expect(counts.get(name), name).toBeGreaterThan(1_000);
      expect(counts.get(name), name).toBeLessThan(limit);
    }
  });
});
