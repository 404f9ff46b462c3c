/** `--precision f16` on the command line, and f16 as a variant. */
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { Figures } from "../../cli/measuring/figures.ts";
import { Differences, differenceText } from "../../cli/measuring/precision.ts";
import { compile } from "../../compiler/compile.ts";
import { variantsOf } from "../../compiler/emit/variants.ts";
import lenet from "../../models/lenet.ts";
import { pick } from "../../runtime/index.ts";
import { fails, root, works } from "../cli/weft.ts";

for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) vi.stubEnv(name, undefined);
afterAll(() => vi.unstubAllEnvs());

const model = join(root, "models/lenet.ts");

test("weft compile --precision f16: half the memory, the feature in the program", async () => {
  const json = async (...more: string[]) =>
    JSON.parse((await works(["compile", model, "--format", "json", ...more])).stdout);
  const [half, single] = [await json("--precision", "f16"), await json()];
  expect(half.peakBytes).toBeLessThan(0.6 * single.peakBytes);
  const plan = await json("--precision", "f16", "--show", "plan");
  expect(plan.features).toEqual(["shader-f16"]);
});

test("an adapter without shader-f16 is told by name", async () => {
  const message = await fails([
    "run",
    model,
    "--precision",
    "f16",
    "--adapter",
    "software",
    "-i",
    "models/samples/bag.png",
  ]);
  expect(message).toBe(
    `error: SwiftShader driver 5.0.0 cannot run a model in f16
  rule: --precision f16 needs an adapter with the feature "shader-f16"; weft doctor lists what this one has
  try:  leave out --precision f16, or choose another --adapter\n`,
  );
});

test("with variants it is one of them", async () => {
  expect(
    await fails(["compile", model, "--variants", "quads", "--precision", "f16", "--out", "/nowhere"]),
  ).toContain("try:  --variants f16: for devices that have it, and f32 for others");
  const { program } = compile(lenet.graph);
  const variants = variantsOf(lenet.graph, program, ["f16"], {}, undefined);
  expect(variants.map((v) => [v.name, v.when?.features])).toEqual([
    ["f16", ["shader-f16"]],
    ["portable", undefined],
  ]);
  const gets = (...features: string[]) => pick(variants, { features: new Set(features) }).features;
  expect([gets("shader-f16"), gets("subgroups")]).toEqual([["shader-f16"], undefined]);
});

test("what f16 costs, in numbers", () => {
  const answered = (...scores: number[]) => ({
    ...{ model: "m", from: 0, rows: 3, targets: { target: Uint8Array.of(0, 1, 0) } },
    outputs: { scores, terms: [1, 1, 1] },
  });
  const half = answered(4, 1, -2, 2, 0, 3);
  const single = answered(4, 1, -2, 2.5, 1, 0.5);
  const said = {
    name: "scores",
    loss: { kind: "crossEntropy" },
    weight: 1,
    targets: ["target"],
    classes: 2,
  } as const;
  const losses = [{ said, output: "scores", terms: "terms" }];
  const figures = (of: typeof half) =>
    losses.map((loss) => {
      const found = new Figures(loss);
      found.add(of);
      return found.figures;
    });
  const differences = new Differences(losses);
  differences.add(half, single);
  const found = differences.between(figures(half), figures(single));
  expect(found).toEqual({
    ...{ loss: 1, lossOfF32: 1 },
    answers: { accuracy: 2 / 3, accuracyOfF32: 1, agree: 2, labels: 3 },
    ...{ maxDifference: 2.5, largest: 4 },
  });
  expect(differenceText("f16", found)).toBe(
    "f16 against f32: acc 0.6667 and 1.0000; the same class for 2 of 3 labels; scores differ by 2.5 at most (62.50% of the largest)",
  );
});
