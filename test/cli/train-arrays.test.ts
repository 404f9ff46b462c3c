/** `weft train` and `weft eval` from arrays and tables, as processes, and what does not fit: both say the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readMetadata } from "../../runtime/train.ts";
import { f4, file, folder, house, houses, houseWeights, words } from "./measured.ts";
import { fails, scratch, weftProcess, works } from "./weft.ts";

describe("as processes", () => {
  const args = words("--loss squaredError --device wasm");
  const out = join(folder, "trained.safetensors");
  beforeAll(() => works(["train", house, "-d", houses, ...args, "--lr", "0.1", "-e", "3", "-o", out, "-q"]));

  test("a table is trained from and measured", async () => {
    const again = join(scratch(), "w.safetensors");
    const trained = await works(
      ["train", house, "-d", houses, ...args, "--lr", "0.1", "-e", "3", "-o", again],
      weftProcess,
    );
    expect(trained.stdout).toMatch(/^epoch 3\/3 {2}loss \d\.\d+, test loss \d\.\d+ /m);
    expect(readFileSync(again)).toEqual(readFileSync(out));
    expect(readMetadata(readFileSync(again))).not.toHaveProperty("classes");
    const found = await works(["eval", house, "-w", again, "-d", houses, ...args], weftProcess);
    expect(found.stdout).toMatch(/^price +squaredError +\S+ +\S+ +\S+$/m);
  });

  test("arrays are trained from and measured", async () => {
    const [x, y] = [
      file("ax.npy", f4([6, 2], 1, 0, 0, 1, 1, 1, 2, 0, 0, 2, 1, 2)),
      file("ay.npy", f4([6, 1], 1, 4, 3, 0, 4, 6)),
    ];
    const again = join(scratch(), "w.safetensors");
    const data = words(`--input ${x} --target ${y}`);
    await works(["train", house, ...data, ...args, "--lr", "0.1", "-e", "3", "-o", again, "-q"], weftProcess);
    expect(readFileSync(again)).toEqual(readFileSync(out)); // the same numbers as in the table
    const found = await works(["eval", house, "-w", again, ...data, ...args, "--split", "all"], weftProcess);
    expect(found.stdout).toContain("(6 examples), house on ");
  });

  test.each<[string, readonly string[], string]>([
    [
      "a cell that is no number",
      ["-d", file("c1.csv", "a,b,price\n1,0,1\n0,two,4\n")],
      'c1.csv:3:3: b is "two"',
    ],
    [
      "a cell that is missing",
      ["-d", file("c2.csv", "a,b,price\n1,0\n0,2,4\n")],
      "c2.csv:2:3: the row has 2 cells",
    ],
    ["a column that is missing", ["-d", houses, "--label", "prise"], 'has no column "prise"'],
    [
      "a column too few",
      ["-d", file("c3.csv", "a,price\n1,1\n2,2\n")],
      "c3.csv has 1 column besides price, but the input x takes 2 numbers",
    ],
    ["a label too many", ["-d", houses, "--label", "b,price"], "has 1 column besides b, price"],
    [
      "other counts",
      ["--input", file("c4.npy", f4([3, 2], 1, 2, 3, 4, 5, 6)), "--target", file("c5.npy", f4([2, 1], 1, 2))],
      "c4.npy holds 3 examples, but",
    ],
    [
      "another width",
      ["--input", file("c6.npy", f4([2, 3], 1, 2, 3, 4, 5, 6)), "--target", file("c7.npy", f4([2, 1], 1, 2))],
      "c6.npy has shape [2, 3], but the input x is [N, 2]",
    ],
    [
      "a target that is infinite",
      [
        "--input",
        file("c8.npy", f4([2, 2], 1, 2, 3, 4)),
        "--target",
        file("c9.npy", f4([2, 1], 1, Infinity)),
      ],
      "c9.npy: example 1 has Infinity for target",
    ],
    ["no target", ["--input", file("c10.npy", f4([2, 2], 1, 2, 3, 4))], "there is no --target for target"],
    [
      "pictures",
      ["-d", "mnist"],
      "--data mnist has a class for each picture, but house is trained with squaredError",
    ],
  ])("%s: both verbs say the same", async (_, data, text) => {
    const trained = await fails(["train", house, ...data, ...args, "-o", join(scratch(), "w.safetensors")]);
    expect(trained).toContain(text);
    expect(await fails(["eval", house, "-w", houseWeights, ...data, ...args])).toBe(trained);
  });

  test("a mistake in a table is one message and code 1", async () => {
    const broken = ["-d", join(folder, "c1.csv"), ...args];
    expect(await fails(["eval", house, "-w", houseWeights, ...broken], weftProcess)).toContain(
      'c1.csv:3:3: b is "two"',
    );
    expect(
      await fails(["train", house, ...broken, "-o", join(scratch(), "w.safetensors")], weftProcess),
    ).toContain("c1.csv:3:3");
  });
});
