/** `weft eval` of models that are no picture classifiers: numbers, and several outputs. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeSafetensors } from "../../contract/weights.ts";
import { npy } from "./make.ts";
import { eval_, f4, file, folder, house, houses, houseWeights, model, tensor, words } from "./measured.ts";
import { fails, scratch, works } from "./weft.ts";

/** Of each row. */
const OFF = [0, -2, 0, 2, 0, -1];
const by = (of: (x: number) => number): number => OFF.reduce((sum, x) => sum + of(x), 0) / OFF.length;

describe("weft eval of numbers", () => {
  test.each([
    ["squaredError", [], by((x) => x * x)],
    ["absoluteError", [], by(Math.abs)],
    ["huber", ["--delta", "1.5"], by((x) => (Math.abs(x) <= 1.5 ? x ** 2 / 2 : 1.5 * (Math.abs(x) - 0.75)))],
  ])("%s from a table: the loss, and how far off numbers are", async (kind, flags, loss) => {
    const found = await eval_(
      house,
      "-w",
      houseWeights,
      "-d",
      houses,
      "--label",
      "price",
      "--loss",
      kind,
      ...flags,
    );
    expect(found).toEqual({
      ...{ model: "house", weights: houseWeights, data: houses, split: "all", examples: 6 },
      ...{ adapter: expect.any(String), examplesPerSecond: expect.any(Number) },
      loss: expect.closeTo(loss, 6),
      losses: [
        {
          ...{ name: "price", kind, weight: 1, loss: expect.closeTo(loss, 6) },
          meanAbsoluteError: expect.closeTo(by(Math.abs), 6),
          rootMeanSquareError: expect.closeTo(Math.sqrt(by((x) => x * x)), 6),
        },
      ],
    });
  });

  test("as text, and of the examples that training keeps for testing", async () => {
    const args = words(`eval ${house} -w ${houseWeights} -d ${houses} --loss squaredError --device wasm`);
    const { stdout } = await works(args);
    expect(stdout.replace(/[\d.]+ examples\/sec on .*/, "…")).toBe(
      `output  loss          value  mean abs. error  RMSE
price   squaredError      1                1     1

test loss 1 (1 example), house on ${houses}
…
`,
    );
    expect(await fails([...args, "--plot", join(folder, "m.svg")])).toBe(
      `error: --plot draws a confusion matrix, and house is measured with squaredError
  rule: there is one of crossEntropy, of up to 2000 classes
  try:  leave out --plot
`,
    );
  });

  test("says what training said of the test examples", async () => {
    const out = join(scratch(), "w.safetensors");
    const data = words(`-d ${houses} --label price --loss squaredError --device wasm`);
    const trained = await works(["train", house, ...data, "-e", "2", "--lr", "0.1", "-o", out, "-f", "json"]);
    const last = JSON.parse(trained.stdout.trim().split("\n").at(-1) ?? "");
    const found = JSON.parse((await works(["eval", house, "-w", out, ...data, "-f", "json"])).stdout);
    expect(found.loss).toBeCloseTo(last.testLoss, 5);
    expect(last.trainAccuracy).toBe(null);
  });

  test("what is no number is told, with the example", async () => {
    const broken = file(
      "large.safetensors",
      writeSafetensors({ "price.weight": tensor([1, 2], 3e38, 3e38), "price.bias": tensor([1], 0) }),
    );
    const args = words(`eval ${house} -w ${broken} -d ${houses} --split all --device wasm`);
    const text = await fails([...args, "--loss", "absoluteError"]);
    expect(text.slice(text.indexOf("error:"))).toBe(`error: house: among the numbers of example 2 is Infinity
  rule: what is compared with a target is a finite number
  try:  weft run --check-finite names the layer that it comes from
`);
  });

  test("what storing weights in fewer bits costs", async () => {
    const found = await eval_(
      house,
      "-w",
      houseWeights,
      "-d",
      houses,
      "--loss",
      "squaredError",
      "--quantise",
      "i4",
    );
    const { precision } = found;
    expect(precision).toMatchObject({
      type: "i4",
      loss: found.loss,
      lossOfF32: expect.closeTo(1.5, 6),
      largest: 5,
    });
    expect(precision).not.toHaveProperty("answers");
    const args = words(`eval ${house} -w ${houseWeights} -d ${houses} --loss squaredError --quantise i4`);
    expect((await works([...args, "--device", "wasm"])).stdout).toMatch(
      /^i4 against f32: loss 1\S* and 1; numbers/m,
    );
  });
});

describe("weft eval of several outputs", () => {
  const both = model(
    "both",
    "const x = input('x', [N, 2]);\nconst scores = linear(x, { out: 3 });\nconst at = linear(x, { out: 2 });",
    "{ x }, { scores, at }",
  );
  const weights = file(
    "both.safetensors",
    writeSafetensors({
      "scores.weight": tensor([3, 2], 1, 0, 0, 1, 0, 0),
      "scores.bias": tensor([3], 0, 0, 0.5),
      "at.weight": tensor([2, 2], 1, 0, 0, -1),
      "at.bias": tensor([2], 0, 0),
    }),
  );
  const x = file("x.npy", f4([4, 2], 2, 0, 0, 3, 0, 0, 1, 0));
  const label = file("label.npy", npy("|u1", [4], Uint8Array.of(0, 1, 1, 2)));
  const at = file("at.npy", f4([4, 2], 2, 0, 1, -3, 0, 0, 1, 2));
  const flags = [
    ...["--input", x, "--target", `scores=${label}`, "--target", `at=${at}`],
    ...["--loss", "scores=crossEntropy", "at=absoluteError*0.5", "--class-weights", "1,2,5"],
  ];
  const logits = [
    [2, 0, 0.5],
    [0, 3, 0.5],
    [0, 0, 0.5],
    [1, 0, 0.5],
  ];

  test("each has its own figures, weighed as in training", async () => {
    const found = await eval_(both, "-w", weights, ...flags);
    const labels = [0, 1, 1, 2];
    const counts = labels.map((label) => [1, 2, 5][label] ?? 0);
    const terms = logits.map((row, i) => {
      const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - (row[labels[i] ?? 0] ?? 0);
      return (counts[i] ?? 0) * log;
    });
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    const cross = sum(terms) / sum(counts);
    // Off by 1 and 2 in two of eight numbers.
    expect(found.loss).toBeCloseTo(cross + 0.5 * (3 / 8), 6);
    expect(found).toMatchObject({
      right: 2,
      accuracy: 0.5,
      confusion: [
        [1, 0, 0],
        [0, 1, 1],
        [1, 0, 0],
      ],
    });
    expect(found.losses).toMatchObject([
      { name: "scores", right: 2, labels: 4, loss: expect.closeTo(cross, 6) },
      {
        name: "at",
        weight: 0.5,
        loss: 3 / 8,
        meanAbsoluteError: 3 / 8,
        rootMeanSquareError: Math.sqrt(5 / 8),
      },
    ]);
    const { stdout } = await works([
      "eval",
      both,
      "-w",
      weights,
      ...flags,
      "--split",
      "all",
      "--device",
      "wasm",
    ]);
    expect(stdout).toContain(
      "scores\nclass    right  recall  precision  mistaken for\nclass 0    1/1  100.0%      50.0%\n",
    );
    expect(stdout).toMatch(/^at +absoluteError +0\.375 +0\.5 +0\.375 +0\.7906$/m);
    expect(stdout).toContain(`acc 0.5000 (2 of 4 right), both on ${x}, ${label}, ${at}\n`);
  });

  test("files that do not fit are named", async () => {
    const bad = (name: string, ...labels: number[]): string[] =>
      flags.map((flag) =>
        flag === `scores=${label}`
          ? `scores=${file(name, npy("|u1", [labels.length], Uint8Array.from(labels)))}`
          : flag,
      );
    const args = (list: readonly string[]) => ["eval", both, "-w", weights, ...list, "--device", "wasm"];
    expect(await fails(args(bad("three.npy", 0, 1, 2)))).toBe(
      `error: ${x} holds 4 examples, but ${join(folder, "three.npy")} 3
  rule: all files of a data set have the same examples in the same order
`,
    );
    expect(await fails(args(bad("far.npy", 0, 1, 3, 0)))).toBe(
      `error: ${join(folder, "far.npy")}: example 2 has 3 for scores
  rule: labels are whole numbers from 0 to 2
  try:  correct the array, give the model a score for every class, or --ignore-index N for labels that do not count
`,
    );
    expect(
      await fails(["train", ...args(bad("far.npy", 0, 1, 3, 0)).slice(1, 2), ...bad("far.npy", 0, 1, 3, 0)]),
    ).toContain("example 2 has 3 for scores");
    const nan = flags.map((flag) =>
      flag === `at=${at}` ? `at=${file("nan.npy", f4([4, 2], 0, 0, 0, Number.NaN, 0, 0, 0, 0))}` : flag,
    );
    expect(await fails(args(nan))).toContain("nan.npy: example 1 has NaN for at");
    expect(await fails(args(flags.slice(0, 6)))).toContain("both has 2 outputs");
    expect(await fails(args(flags.filter((_, i) => i < 2 || i > 3)))).toContain(
      "there is no --target for scores",
    );
  });
});
