/** `weft run` on outputs [N, k]: as classes where they are known to be scores, else as numbers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeSafetensors } from "../../contract/weights.ts";
import { KNOWN } from "../../data/knownClasses.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { idx } from "./make.ts";
import { fails, scratch, weftProcess, works } from "./weft.ts";

const folder = scratch();
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const model = (name: string, rest: string): string =>
  file(
    `${name}.ts`,
    `import { input, linear, logSoftmax, model, N, softmax } from "weftgpu";
const x = input("x", [N, 2]);
const fc = linear(x, { out: 3 });
export default model("${name}", { x }, ${rest});
`,
  );
const place = model("place", "{ at: fc }");
const kinds = model("kinds", '{ scores: fc }, { classes: ["cat", "dog", "emu"] }');
const shares = model("shares", "{ y: logSoftmax(fc) }");
const both = model("both", "{ at: fc, kind: softmax(linear(x, { out: 4 })) }");
/** Both examples are [0, 0, 1] + their own numbers: the answer is the third, then the first. */
const fc = {
  "fc.weight": { shape: [3, 2], data: Float32Array.of(4, 0, 0, 0, 0, 0) },
  "fc.bias": { shape: [3], data: Float32Array.of(0, 0, 2) },
};
const weights = (name: string, classes?: string): string =>
  file(name, writeSafetensors(fc, classes === undefined ? {} : { classes }));
const rows = file("rows.json", "[[0, 1], [1, 0]]");
const bare = weights("bare.safetensors");
const args = (path: string, ...more: readonly string[]): readonly string[] => [
  ...["run", path, "-i", rows, "-a", "software"],
  ...(more.includes("-w") ? more : ["-w", bare, ...more]),
];
const NUMBERS = /^at \[2, 3\]\n +0 +0 +2\n +4 +0 +2\n2 examples in /;

interface Printed {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly predictions?: readonly {
    readonly label?: string;
    readonly top: readonly { readonly class: string; readonly index: number; readonly share: number }[];
  }[];
}
const json = async (path: string, ...more: readonly string[]): Promise<Printed> =>
  JSON.parse((await works([...args(path, ...more), "--format", "json"])).stdout);
const best = ({ predictions }: Printed): readonly (string | undefined)[] | undefined =>
  predictions?.map(({ top }) => top[0]?.class);

describe("an output [N, 3]", () => {
  test("is numbers where nothing says more, in text and JSON", async () => {
    expect((await works(args(place))).stdout).toMatch(NUMBERS);
    const printed = await json(place);
    expect(printed.outputs).toEqual({
      at: [
        [0, 0, 2],
        [4, 0, 2],
      ],
    });
    expect(printed).not.toHaveProperty("predictions");
  });

  test("is scores after softmax, and where the model says so", async () => {
    expect(best(await json(shares))).toEqual(["class 2", "class 0"]);
    const named = await json(kinds);
    expect(best(named)).toEqual(["emu", "cat"]);
    const powers = [Math.exp(4), 1, Math.exp(2)];
    expect(named.predictions?.[1]?.top[0]?.share).toBeCloseTo(
      Math.exp(4) / powers.reduce((a, b) => a + b),
      5,
    );
    const { stdout } = await works(args(kinds, "--top", "2"));
    expect(stdout.match(/^.*(cat|dog|emu) .*%$/gm)).toHaveLength(4);
  });

  test("is scores where the command names the classes or labels are given", async () => {
    expect(best(await json(place, "-c", "p,q,r"))).toEqual(["r", "p"]);
    expect(best(await json(kinds, "-c", "p,q,r"))).toEqual(["r", "p"]);
    const { stdout } = await works(args(place, "--labels", file("labels", idx([2], [2, 1]))));
    expect(stdout).toContain("1 of 2 right (50.0%)");
    expect(stdout).toContain("✗ class 1");
  });

  test("is scores where the weights say so", async () => {
    const names = weights("names.safetensors", '["p","q","r"]');
    expect(best(await json(place, "-w", names))).toEqual(["r", "p"]);
    expect(best(await json(kinds, "-w", names))).toEqual(["r", "p"]);
    expect(best(await json(place, "-w", weights("three.safetensors", "3")))).toEqual(["class 2", "class 0"]);
    for (const name of ["lenet", "lenet-relu"])
      expect(
        JSON.parse(readMetadata(readFileSync(`models/${name}.fashion-mnist.safetensors`))["classes"] ?? ""),
      ).toEqual(KNOWN["fashion-mnist"]);
  });

  test("beside others: each is shown as what it is, labels are of the scores", async () => {
    const run = ["run", both, "-i", rows, "-a", "software"];
    const { stdout } = await works([...run, "--labels", file("others", idx([2], [3, 3]))]);
    expect(stdout).toMatch(/^at \[2, 3\]\n.*\n.*\n.* class \d .*%/);
    expect(stdout).toMatch(/[012] of 2 right/);
    const printed = JSON.parse((await works([...run, "--format", "json"])).stdout);
    expect(printed.predictions[0].top).toHaveLength(3);
    expect(Object.keys(printed.outputs)).toEqual(["at", "kind"]);
  });
});

describe("what does not fit", () => {
  test.each([
    [
      "too few names",
      ["-c", "a,b"],
      "--classes has 2 names, but the output of place is at [N, 3]",
      "3 names",
    ],
    ["a name of JavaScript's own", ["-c", "constructor"], "no known set of classes", "give names"],
    [
      "a label beyond",
      ["--labels", file("far", idx([3], [0, 3, 1]))],
      "example 1 has label 3, but there are 3",
      "",
    ],
    [
      "--top without classes",
      ["--top", "2"],
      "--top 2 ranks classes, but the output of place is at [N, 3]",
      "3 names, or model(…, { classes: 3 })",
    ],
  ])("%s", async (_, more, problem, fix) => {
    const message = await fails([...args(place, ...more)]);
    expect(message).toContain(problem);
    expect(message).toContain(fix);
  });

  test("in a weights' file is passed over with a note, and its names harm no terminal", async () => {
    for (const [classes, why] of [
      ['["a","b"]', "they are 2, but the output of place is at [N, 3]"],
      ["{", "they are neither a number of 2 or more nor a list of names, as JSON"],
    ] as const) {
      const path = weights("odd.safetensors", classes);
      const { stdout, stderr } = await works(args(place, "-w", path));
      expect(stdout).toMatch(NUMBERS);
      expect(stderr).toContain(`odd.safetensors: its classes are left aside: ${why}\n`);
    }
    const good = Buffer.from(readFileSync(weights("good.safetensors", "[1,22]")));
    const text = file(
      "text.safetensors",
      Buffer.from(good.toString("latin1").replace('"[1,22]"', "[[1,22]]"), "latin1"),
    );
    const refused = await fails(args(place, "-w", text));
    expect(refused).toMatch(/text\.safetensors: .*"classes"/);
    expect(refused).toContain("rule: __metadata__ of a safetensors file is an object of strings");
    const escapes = weights(
      "escapes.safetensors",
      JSON.stringify(["a\u001b[2J", "b\u001b]0;x\u0007", "c\u202e"]),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect((await works(args(place, "-w", escapes))).stdout).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});

describe("as a process", () => {
  let process: Awaited<ReturnType<typeof weftProcess>>[];
  beforeAll(async () => {
    process = await Promise.all([
      weftProcess(args(place)),
      weftProcess(args(kinds)),
      weftProcess(args(kinds, "-c", "a,b")),
      weftProcess(["shapes", model("odd", "{ y: fc }, { classes: 8 }")]),
    ]);
  });

  test("numbers, classes, and what is wrong", () => {
    expect(process.map(({ code }) => code)).toEqual([0, 0, 1, 1]);
    expect(process[0]?.stdout).toMatch(NUMBERS);
    expect(process[1]?.stdout).toMatch(/emu .*%\n.*cat .*%\n/);
    expect(process[2]?.stderr).toContain("error: --classes has 2 names, but kinds has 3 classes\n");
    expect(process[3]?.stderr).toMatch(/odd\.ts:4:16/);
    expect(process[3]?.stderr).toContain('model "odd": classes is 8, but the output of odd is y [N, 3]\n');
    expect(process[3]?.stderr).toContain("try:  classes: 3\n");
  });
});
