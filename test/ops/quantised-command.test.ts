/** `--quantise` on the command line: LeNet with its trained weights. */
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { fails, root, works } from "../cli/weft.ts";

for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) vi.stubEnv(name, undefined);
afterAll(() => vi.unstubAllEnvs());

const model = join(root, "models/lenet.ts");
const weights = join(root, "models/lenet.fashion-mnist.safetensors");
const names = ["bag", "boot", "dress", "pullover", "sandal", "sneaker", "t-shirt", "trouser"];

test("weft run --quantise i8: the pictures' classes are those of f32, unless two scores were as good as equal", async () => {
  const pictures = names.map((name) => join(root, "models/samples", `${name}.png`));
  const scores = async (...more: string[]): Promise<number[][]> => {
    const args = ["run", model, "-w", weights, "--adapter", "software", "--format", "json"];
    return JSON.parse((await works([...args, ...more, "-i", ...pictures])).stdout).outputs.logits;
  };
  const [wide, narrow] = [await scores(), await scores("--quantise", "i8")];
  const differences = wide.flatMap((row, i) =>
    row.map((v, j) => Math.abs(v - (narrow[i]?.[j] ?? Number.NaN))),
  );
  const off = Math.max(...differences);
  expect(off, "the rounding leaves a trace").toBeGreaterThan(0);
  expect(off).toBeLessThan(0.003 * Math.max(...wide.flat().map(Math.abs)));
  const lead = (row: readonly number[]): number => {
    const [first = 0, second = 0] = row.toSorted((a, b) => b - a);
    return first - second;
  };
  const told = wide.flatMap((row, i) => (lead(row) > 2 * off ? [i] : []));
  expect(told.map((i) => names[i])).toEqual(names.filter((name) => name !== "pullover")); // 5.185 as a shirt, 5.166 as a pullover
  const classOf = (row: readonly number[] = []): number => row.indexOf(Math.max(...row));
  expect(told.map((i) => classOf(narrow[i]))).toEqual([8, 9, 3, 5, 7, 0, 1]);
  expect(told.map((i) => classOf(wide[i]))).toEqual([8, 9, 3, 5, 7, 0, 1]);
});

test("weft eval --quantise: what it costs", async () => {
  const args = ["eval", model, "-w", weights, "--limit", "20", "--adapter", "software", "--quantise", "i4"];
  const { stdout } = await works([...args, "--format", "json"]);
  expect(JSON.parse(stdout).precision).toMatchObject({ type: "i4", answers: { labels: 20 } });
  expect((await works(args)).stdout.replace(/\s+/g, " ")).toMatch(
    /i4 against f32: acc 0\.\d+ and 0\.\d+; the same class for \d+ of 20 labels/,
  );
});

test("weft compile --quantise: what the plan and the report say", async () => {
  const plan = (await works(["compile", model, "--quantise", "i4", "--show", "plan"])).stdout;
  expect(plan).toMatch(/fc1\.weight \(i4\) +30000\n/); // 48000 of 5 bits
  expect(plan).toMatch(/fc1\.bias +480\n/);
  const bytes = async (...more: string[]): Promise<number> =>
    JSON.parse((await works(["compile", model, "--format", "json", ...more])).stdout).peakBytes;
  const [f32, i8, i4] = [await bytes(), await bytes("--quantise", "i8"), await bytes("--quantise", "i4")];
  const quantised = 150 + 2400 + 48_000 + 10_080 + 840; // elements
  expect((f32 - i8) / quantised).toBeCloseTo(4 - 9 / 8, 1);
  expect((f32 - i4) / quantised).toBeCloseTo(4 - 5 / 8, 1);
});

test("what is refused", async () => {
  expect(await fails(["compile", model, "--quantise", "i2"])).toContain("Allowed choices are i8, i4.");
  expect(
    await fails(["compile", model, "--variants", "quads", "--quantise", "i8", "--out", "/nowhere"]),
  ).toBe(
    `error: --variants does not go with --quantise i8
  rule: variants are ways to carry out the same numbers, quantised weights are others
  try:  leave out --variants: weights that are quantised run everywhere\n`,
  );
});
