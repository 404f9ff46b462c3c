/** `weft eval` of classes: in tables, folders and arrays, of an example or of each place; of two; and losses of the author's. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { answersIn, Figures, MOST_CLASSES } from "../../cli/measuring/figures.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { message } from "../dsl/message.ts";
import { npy } from "./make.ts";
import { eval_, f4, file, folder, model, tensor, words } from "./measured.ts";
import { fails, scratch, works } from "./weft.ts";

describe("weft eval of classes", () => {
  const kinds = model(
    "kinds",
    "const x = input('x', [N, 2]);\nconst scores = linear(x, { out: 3 });",
    "{ x }, { scores }",
  );
  const tensors = {
    "scores.weight": tensor([3, 2], 1, 0, 0, 1, 0, 0),
    "scores.bias": tensor([3], 0, 0, 0.5),
  };
  const classes = JSON.stringify(["dog", "cat", "ant"]);
  const weights = file("kinds.safetensors", writeSafetensors(tensors, { classes }));
  const table = (name: string, ...rows: string[]): string => file(name, `a,b,kind\n${rows.join("\n")}\n`);

  test("names in a table are those that the weights were trained with, in their order", async () => {
    const some = table("some.csv", "2,0,dog", "0,3,cat", "0,2,dog");
    const found = await eval_(kinds, "-w", weights, "-d", some);
    expect(found).toMatchObject({
      right: 2,
      confusion: [
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
      ],
    });
    expect(found.classes.map(({ name }: { name: string }) => name)).toEqual(["dog", "cat", "ant"]);
    const strange = table("strange.csv", "2,0,dog", "0,3,emu");
    expect(
      await fails(words(`eval ${kinds} -w ${weights} -d ${strange}`)),
    ).toBe(`error: ${strange}:3:5: kind is "emu"
  rule: the classes of the model are dog, cat, ant
  try:  correct the cell
`);
  });

  test("folders are the classes that they are called, whichever there are", async () => {
    const grey = model(
      "grey",
      "const image = input('image', [N, 1, 2, 2]);\nconst scores = mean(conv2d(image, { out: 3, kernel: 1 }), { axis: [2, 3] });",
      "{ image }, { scores }",
    );
    // White is the class 0, black the class 2.
    const two = file(
      "grey.safetensors",
      writeSafetensors(
        {
          "scores/conv2d.weight": tensor([3, 1, 1, 1], 9, 0, -9),
          "scores/conv2d.bias": tensor([3], -4, -9, 4),
        },
        { classes: JSON.stringify(["white", "grey", "black"]) },
      ),
    );
    for (const [name, level] of [
      ["white", 255],
      ["black", 0],
    ] as const) {
      mkdirSync(join(folder, "photos", name), { recursive: true });
      const background = { r: level, g: level, b: level };
      for (let i = 0; i < 6; i++)
        await sharp({ create: { width: 2, height: 2, channels: 3, background } }).toFile(
          join(folder, "photos", name, `${i}.png`),
        );
    }
    const found = await eval_(grey, "-w", two, "-d", join(folder, "photos"));
    expect(found).toMatchObject({
      examples: 12,
      right: 12,
      confusion: [
        [6, 0, 0],
        [0, 0, 0],
        [0, 0, 6],
      ],
    });
    mkdirSync(join(folder, "photos/red"));
    await sharp({ create: { width: 2, height: 2, channels: 3, background: "#f00" } }).toFile(
      join(folder, "photos/red/0.png"),
    );
    expect(await fails(["eval", grey, "-w", two, "-d", join(folder, "photos")])).toContain(
      "has pictures of the class red, which the model was not trained with\n  rule: its classes are white, grey, black",
    );
  });

  test("a label for each place", async () => {
    const places = model(
      "places",
      "const x = input('x', [N, 1, 1, 2]);\nconst scores = conv2d(x, { out: 2, kernel: 1 });",
      "{ x }, { scores }",
    );
    const at = file(
      "places.safetensors",
      writeSafetensors({ "scores.weight": tensor([2, 1, 1, 1], 0, 1), "scores.bias": tensor([2], 0, 0) }),
    );
    const [x, y] = [
      file("px.npy", f4([3, 1, 1, 2], 1, -1, 1, 1, -1, -1)),
      file("py.npy", npy("|u1", [3, 1, 2], Uint8Array.of(1, 0, 0, 1, 1, 1))),
    ];
    expect(await eval_(places, "-w", at, "--input", x, "--target", y)).toMatchObject({
      ...{
        examples: 3,
        right: 3,
        accuracy: 0.5,
        confusion: [
          [1, 1],
          [2, 2],
        ],
      },
      losses: [{ labels: 6 }],
    });
  });

  test("labels that do not count, in either verb", async () => {
    const [x, y] = [
      file("ix.npy", f4([4, 2], 2, 0, 0, 3, 0, 2, 5, 0)),
      file("iy.npy", npy("<i8", [4], BigInt64Array.of(0n, -100n, 0n, -100n))),
    ];
    const data = ["--input", x, "--target", y];
    const found = await eval_(kinds, "-w", weights, ...data, "--ignore-index", "-100");
    const log = (logits: readonly number[]) => Math.log(logits.reduce((sum, v) => sum + Math.exp(v), 0));
    const loss = (log([2, 0, 0.5]) - 2 + log([0, 2, 0.5])) / 2;
    expect(found).toMatchObject({
      ...{ examples: 4, right: 1, accuracy: 0.5, loss: expect.closeTo(loss, 6) },
      losses: [{ labels: 2 }],
      confusion: [
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    });
    const out = join(scratch(), "w.safetensors");
    const train = ["train", kinds, ...data, "--device", "wasm", "-o", out, "-e", "1"];
    await works([...train, "--ignore-index", "-100", "-q"]);
    expect(await fails([...train, "--ignore-index", "255", "--restart"])).toContain(
      "iy.npy: example 1 has -100 for target\n  rule: labels are whole numbers from 0 to 2, or 255, which does not count",
    );
    expect(await fails([...train, "--ignore-index", "1", "--loss", "huber", "--restart"])).toContain(
      "--ignore-index goes with --loss crossEntropy",
    );
  });

  test("yes or no: logits above 0 and targets above a half", async () => {
    const [x, y] = [
      file("bx.npy", f4([3, 2], 1, -1, 2, 2, -1, 0)),
      file("by.npy", f4([3, 3], 1, 0, 1, 0.9, 0, 0, 0, 1, 0)),
    ];
    const found = await eval_(
      kinds,
      "-w",
      weights,
      "--input",
      x,
      "--target",
      y,
      "--loss",
      "binaryCrossEntropy",
    );
    // Logits: 1 −1 ½ | 2 2 ½ | −1 0 ½.
    expect(found).toMatchObject({ right: 5, accuracy: 5 / 9 });
    expect(found).not.toHaveProperty("confusion");
    const far = file("b2.npy", f4([3, 3], 1, 0, 1, 2, 0, 0, 0, 1, 0));
    expect(
      await fails(
        words(`eval ${kinds} -w ${weights} --input ${x} --target ${far} --loss binaryCrossEntropy`),
      ),
    ).toContain("b2.npy: example 1 has 2 for target\n  rule: binaryCrossEntropy takes targets from 0 to 1");
  });

  test("a loss of the author's has its value alone", async () => {
    const own = model(
      "own",
      "const x = input('x', [N, 2]);\nconst scores = linear(x, { out: 3 });\nconst label = input('label', [N], { dtype: 'u32' });",
      "{ x }, { scores }",
      ", { loss: (y) => add(crossEntropy(y, label), mul(mean(y, { axis: 1 }), 0)) }",
    );
    const args = [
      "--input",
      file("ox.npy", f4([2, 2], 0, 0, 0, 0)),
      "--target",
      file("oy.npy", npy("|u1", [2], Uint8Array.of(0, 1))),
    ];
    const found = await eval_(own, "-w", weights, ...args);
    const want = Math.log(2 + Math.exp(0.5));
    expect(found.losses).toEqual([{ name: "loss", kind: "own", weight: 1, loss: expect.closeTo(want, 6) }]);
    expect((await works(["eval", own, "-w", weights, ...args, "--device", "wasm"])).stdout).toMatch(
      /^test loss 1\.294 \(1 example\)/m,
    );
  });

  test("a softmax before crossEntropy is remarked on, as in training", async () => {
    const soft = model(
      "soft",
      "const x = input('x', [N, 2]);\nconst scores = linear(x, { out: 3 });",
      "{ x }, { y: softmax(scores) }",
    );
    const { stdout, stderr } = await works([
      "eval",
      soft,
      "-w",
      weights,
      "-d",
      table("t.csv", "2,0,dog", "0,3,cat"),
      "--device",
      "wasm",
    ]);
    expect(stderr).toContain("crossEntropy takes logits: it has the softmax in it");
    expect(stdout).toContain("test acc 1.0000 (1 of 1 right)");
  });
});

describe("figures", () => {
  test("the first of the largest scores of each place is the answer", () => {
    const about = { rows: 2, from: 10, model: "m" };
    // [2, 3 classes, 2 places]
    expect([...answersIn([1, 0, 1, 5, 0, 5, 0, -1, 0, 2, 3, 2], 3, about)]).toEqual([0, 1, 2, 1]);
    expect(message(() => answersIn([1, 0, 1, 5, 0, 5, 0, -1, 0, 2, Number.NaN, 2], 3, about))).toContain(
      "m: among the scores of example 11 is NaN",
    );
  });

  test("no matrix is kept of very many classes", () => {
    const classes = MOST_CLASSES + 1;
    const said = { name: "y", loss: { kind: "crossEntropy" }, weight: 1, targets: ["t"], classes } as const;
    const figures = new Figures({ said, output: "y", terms: "terms" });
    const outputs = { y: Float32Array.from({ length: classes }, (_, i) => i), terms: [2] };
    figures.add({ model: "m", from: 0, rows: 1, outputs, targets: { t: Uint16Array.of(MOST_CLASSES) } });
    expect(figures.figures).toEqual({ said, loss: 2, right: 1, labels: 1 });
  });
});
