/** `weft train` and `weft eval` on the drawn set, with a small model. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { synthetic } from "../../data/synthetic.ts";
import { readMetadata, readSafetensors, writeSafetensors } from "../../runtime/train.ts";
import { fails, root, scratch, works } from "./weft.ts";

const folder = scratch();
const modelFile = (name: string, classes = 10): string => {
  const path = join(folder, `${name}.ts`);
  writeFileSync(
    path,
    `import { flatten, input, linear, model, N } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
const logits = linear(flatten(image), { out: ${classes} });
export default model("${name}", { image }, { logits });
`,
  );
  return path;
};
const tiny = modelFile("tiny");
const quick = ["--limit", "300", "--batch", "64", "--lr", "0.1"];
/** Of what is refused later than data are drawn. */
const few = ["--limit", "30", "--batch", "10"];
const out = (): string => join(scratch(), "w.safetensors");
const checkpointOf = (path: string): string => path.replace(".safetensors", ".checkpoint.safetensors");

interface Line {
  readonly epoch: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly examplesPerSecond: number;
}
const lines = (stdout: string): Line[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("weft train", () => {
  test("prints each epoch and the lecture's lines, writes weights, a checkpoint and a plot", async () => {
    const path = out();
    const plot = path.replace("w.safetensors", "curves.svg");
    const { stdout, stderr } = await works(["train", tiny, ...quick, "-e", "3", "-o", path, "--plot", plot]);
    expect(
      stdout.match(/^epoch [123]\/3 {2}loss \d\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3} /gm),
    ).toHaveLength(3);
    expect(stdout).toMatch(
      /^loss \d\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3}\n[\d.]+ examples\/sec on \S.*\n$/m,
    );
    expect(stderr).toContain(`the weights are in ${path}; the curves are in ${plot}`);
    expect(Object.keys(readSafetensors(readFileSync(path)))).toEqual(["logits.bias", "logits.weight"]);
    expect(JSON.parse(readMetadata(readFileSync(path))["classes"] ?? "")).toEqual(
      synthetic(1, 1).train.classes,
    );
    const svg = readFileSync(plot, "utf8");
    expect(svg).toMatch(/^<svg .*aria-label="tiny on synthetic: /);
    expect(svg.match(/<path class="curve"/g)).toHaveLength(6);
    expect(readdirSync(join(path, ".."))).toHaveLength(3); // no temporary file is left
  });

  test("learns: JSON lines, and eval says the same as training does", async () => {
    const path = out();
    const { stdout } = await works(["train", tiny, ...quick, "-e", "8", "-o", path, "--format", "json"]);
    const epochs = lines(stdout);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const [first, last] = [epochs[0], epochs[7]];
    expect(Object.keys(first ?? {}).sort()).toEqual(
      ["epoch", "examplesPerSecond", "loss", "testAccuracy", "testLoss", "trainAccuracy"].sort(),
    );
    expect(last?.loss).toBeLessThan((first?.loss ?? 0) - 0.2);
    expect(last?.trainAccuracy).toBeGreaterThan(0.25);

    const measured = await works(["eval", tiny, "-w", path, "--limit", "300", "--format", "json"]);
    const result = JSON.parse(measured.stdout);
    expect(result).toMatchObject({ model: "tiny", data: "synthetic", split: "test", examples: 300 });
    expect(result.accuracy).toBeCloseTo(last?.testAccuracy ?? 0, 9);
    expect(result.confusion.flat().reduce((a: number, b: number) => a + b, 0)).toBe(300);
    expect(result.classes[0]).toMatchObject({ name: "disc", examples: 30 });
  });

  test("twice gives the same bytes, weights and checkpoint; another seed others", async () => {
    const run = async (seed: string): Promise<Buffer[]> => {
      const path = out();
      await works(["train", tiny, ...quick, "-e", "2", "--seed", seed, "-o", path, "-q"]);
      return [readFileSync(path), readFileSync(checkpointOf(path))];
    };
    const [a, b, c] = [await run("1"), await run("1"), await run("2")];
    expect(b).toEqual(a);
    expect(c[0]).not.toEqual(a[0]);
  });

  test.each([
    ["sgd with momentum", ["--momentum", "0.9", "--nesterov", "--weight-decay", "1e-4"]],
    ["adam and clipped gradients", ["--optimizer", "adam", "--lr", "0.003", "--clip-norm", "0.1"]],
    ["gradients of three batches", ["--accumulate", "3", "--momentum", "0.5"]],
  ])(
    "resumed with %s gives the bytes of an uninterrupted training, and keeps its curve",
    async (_, flags) => {
      const [whole, parts] = [out(), out()];
      const common = ["train", tiny, ...quick, ...flags];
      await works([...common, "-e", "4", "-o", whole]);
      await works([...common, "-e", "2", "-o", parts]);
      const { stdout } = await works(["train", tiny, "-o", parts, "--resume", "-e", "4", "--format", "json"]);
      expect(lines(stdout).map(({ epoch }) => epoch)).toEqual([3, 4]);
      expect(readFileSync(parts)).toEqual(readFileSync(whole));
      expect(readFileSync(checkpointOf(parts))).toEqual(readFileSync(checkpointOf(whole)));
      const history = JSON.parse(readMetadata(readFileSync(checkpointOf(whole)))["history"] ?? "");
      expect(history).toHaveLength(4);
      const again = await works(["train", tiny, "-o", whole, "--resume"]);
      expect(again.stderr).toContain("already trained for 4 epochs");
    },
  );

  const data = process.env["WEFT_DATA"] ?? join(root, "../shared/data");
  const fashion = existsSync(join(data, "fashion-mnist"));
  if (!fashion) console.log(`no fashion-mnist in ${data}: set WEFT_DATA to train on it`);
  test.runIf(fashion)("learns clothes; eval names them", async () => {
    const path = out();
    const set = ["-d", "fashion-mnist", "--data-dir", data, "--limit", "2000"];
    const trained = await works([
      "train",
      tiny,
      ...set,
      "-e",
      "3",
      "--lr",
      "0.1",
      "-o",
      path,
      "--format",
      "json",
    ]);
    expect(lines(trained.stdout).at(-1)?.testAccuracy).toBeGreaterThan(0.6);
    const { stdout } = await works(["eval", tiny, "-w", path, ...set]);
    expect(stdout).toMatch(/^Ankle boot +\d+\/\d+ +\d+\.\d% +\d+\.\d% /m);
    expect(stdout).toMatch(/^test acc 0\.[6-9]\d* \(\d+ of 2000 right\), tiny on fashion-mnist$/m);
  });

  test("a loss that is no number ends training, and what was good stays", async () => {
    const path = out();
    const message = await fails(["train", tiny, ...quick, "--lr", "1e38", "-o", path, "--restart"]);
    expect(message).toMatch(
      /^error: tiny: the loss of epoch 1, step \d of 5 is (NaN|Infinity) \(learning rate 1e\+38\): logits's activations \(in a kernel with logits\/flatten\) hold \d+ values that are NaN or infinite$/m,
    );
    expect(message).toContain("nothing was written");
    expect(message).toContain(
      "try:  --lr 1e+37, a smaller learning rate; or --clip-norm 1, which bounds the gradients",
    );
    expect(existsSync(path)).toBe(false);

    await works(["train", tiny, ...quick, "-e", "1", "-o", path, "-q"]);
    const before = [readFileSync(path), readFileSync(checkpointOf(path))];
    const later = await fails(["train", tiny, "-o", path, "--resume", "-e", "3", "--lr", "1e38"]);
    expect(later).toMatch(/^error: tiny: the loss of epoch 2, step \d of 5 is /m);
    expect(later).toContain(`the state after 1 epoch is in ${checkpointOf(path)}`);
    expect(later).toContain(
      "try:  --lr 1e+37 --resume, a smaller learning rate from there; or --clip-norm 1 --restart, which",
    );
    expect(readFileSync(path)).toEqual(before[0]);
    expect(readSafetensors(readFileSync(checkpointOf(path)))).toEqual(
      readSafetensors(before[1] ?? new Uint8Array()),
    );
    await works(["train", tiny, "-o", path, "--resume", "-e", "2", "--lr", "0.1", "-q"]);
  });
});

describe("an unfinished training", () => {
  test("is neither overwritten nor resumed with other data, model, seed or optimiser", async () => {
    const path = out();
    await works(["train", tiny, ...quick, "-e", "1", "-o", path, "-q"]);
    const bytes = readFileSync(checkpointOf(path));
    const metadata = readMetadata(bytes);
    const settings = { ...JSON.parse(metadata["settings"] ?? ""), epochs: 5 };
    writeFileSync(
      checkpointOf(path),
      writeSafetensors(readSafetensors(bytes), { ...metadata, settings: JSON.stringify(settings) }),
    );
    const before = [readFileSync(path), readFileSync(checkpointOf(path))];
    expect(await fails(["train", tiny, ...quick, "-o", path])).toContain("was stopped after 1 of 5 epochs");
    const resume = ["train", tiny, "-o", path, "--resume"];
    expect(await fails([...resume, "--limit", "200"])).toContain(
      "--limit is 200, but the checkpoint is of a",
    );
    expect(await fails([...resume, "--data", "mnist"])).toContain(
      "--data is mnist, but the checkpoint is of",
    );
    expect(await fails([...resume, "--optimizer", "adam"])).toContain("cannot be resumed: the optimiser is");
    expect(await fails([...resume, "--clip-value", "1"])).toContain(
      'cannot be resumed: the bound of gradients is "none", but this training\'s is {"value":1}',
    );
    expect(await fails([...resume, "--seed", "7"])).toContain("the seed is 7, but the checkpoint's is 0");
    const other = modelFile("other");
    expect(await fails(["train", other, "-o", path, "--resume"])).toContain('the model is "tiny"');
    expect([readFileSync(path), readFileSync(checkpointOf(path))]).toEqual(before);
    expect((await works([...resume, "-e", "2", "--format", "json"])).stdout).toMatch(/^\{"epoch":2,/);
  });

  test("a checkpoint that is none, or not there", async () => {
    const path = out();
    expect(await fails(["train", tiny, "-o", path, "--resume"])).toContain(
      "there is no checkpoint to resume from",
    );
    writeFileSync(checkpointOf(path), "nonsense, truncated");
    for (const flags of [["--resume"], []])
      expect(await fails(["train", tiny, ...few, "-o", path, ...flags])).toContain(
        "is no checkpoint that can be read",
      );
    writeFileSync(checkpointOf(path), writeSafetensors({}));
    expect(await fails(["train", tiny, "-o", path, "--resume"])).toContain(
      "it has no position of a training",
    );
  });
});

describe("what cannot be trained or measured", () => {
  const cases: [flags: readonly string[], text: string][] = [
    [["--lr", "0"], "It must be a number above 0."],
    [["--lr", "-1"], "It must be a number above 0."],
    [["--lr", "fast"], "It must be a number above 0."],
    [["--batch", "0"], "whole number of at least 1"],
    [["--epochs", "1.5"], "whole number of at least 1"],
    [["--momentum", "1"], "It must be a number from 0 to below 1."],
    [["--weight-decay", "-0.1"], "at least 0"],
    [["--clip-norm", "0"], "It must be a number above 0."],
    [["--clip-value", "NaN"], "It must be a number above 0."],
    [["--accumulate", "0"], "whole number of at least 1"],
    [["--clip-norm", "1", "--clip-value", "1"], "--clip-norm and --clip-value exclude each other"],
    [["--optimizer", "rmsprop"], "Allowed choices are sgd, adam"],
    [["--optimizer", "adam", "--momentum", "0.9"], "--momentum goes with --optimizer sgd"],
    [["--nesterov"], "--nesterov needs a momentum"],
    [["--limit", "100", "--batch", "256"], "--batch 256 is larger than the 100 examples of synthetic"],
    [["--resume", "--restart"], "exclude each other"],
    [["--plot", "curves.jpg"], "plots are written as .svg or .png"],
    [["--data", "nowhere"], "--data takes fashion-mnist, mnist, synthetic or a folder"],
  ];
  test.each(cases)("train %j", async (flags, text) => {
    const path = out();
    expect(await fails(["train", tiny, ...few, "-o", path, ...flags])).toContain(text);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  test("labels that the model has no score for, and models of other kinds", async () => {
    const nine = modelFile("nine", 9);
    expect(await fails(["train", nine, "-o", out(), "--limit", "30", "-b", "10"])).toContain(
      "example 9 has label 9, but there are 9 classes",
    );
    const maps = join(folder, "maps.ts");
    writeFileSync(
      maps,
      `import { input, model, N, relu } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
export default model("maps", { image }, { maps: relu(image) });
`,
    );
    expect(await fails(["train", maps])).toContain(
      "maps has the inputs image [N, 1, 28, 28] and the outputs",
    );
  });

  test("an output that cannot be written is found before training", async () => {
    const path = out();
    mkdirSync(path);
    expect(await fails(["train", tiny, "-o", path, "--limit", "300"])).toContain("it is a folder");
    writeFileSync(join(path, "file"), "");
    const within = join(path, "file", "w.safetensors");
    expect(await fails(["train", tiny, "-o", within, "--limit", "300"])).toContain(
      "cannot write to the folder",
    );
    expect(await fails(["train", tiny, "-o", "/proc/none/w.safetensors", "--limit", "300"])).toContain(
      "cannot write",
    );
  });

  test("weights that do not fit", async () => {
    const path = out();
    expect(await fails(["eval", tiny, "--limit", "30", "-w", path])).toContain("cannot read the weights");
    writeFileSync(path, writeSafetensors({ "logits.bias": { shape: [10], data: new Float32Array(10) } }));
    expect(await fails(["eval", tiny, "--limit", "30", "-w", path])).toContain(
      '"logits.weight" [10, 784] is missing',
    );
    expect(await fails(["eval", tiny, "--limit", "30"])).toContain(
      "is measured with weights, and none are given",
    );
  });
});

describe("weft eval", () => {
  test("a table of the classes, the confusion matrix, and both as a picture", async () => {
    const path = out();
    await works(["train", tiny, ...quick, "-e", "2", "-o", path, "-q"]);
    const plot = path.replace("w.safetensors", "m");
    const args = ["eval", tiny, "-w", path, "--limit", "100", "--split", "train"];
    const { stdout } = await works([...args, "--plot", `${plot}.svg`]);
    expect(stdout).toMatch(/^class +right +recall +precision +mistaken for$/m);
    expect(stdout).toMatch(/^dumbbell +\d+\/10 +\d+\.\d% /m);
    expect(stdout).toMatch(/^true .* 0 .* 9$/m);
    expect(stdout).toMatch(/^train acc 0\.\d{4} \(\d+ of 100 right\), tiny on synthetic$/m);
    expect(stdout).toMatch(/examples\/sec on \S/);
    for (const line of stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(readFileSync(`${plot}.svg`, "utf8")).toContain("rows are the true classes");
    await works([...args, "--plot", `${plot}.png`]);
    expect((await sharp(`${plot}.png`).metadata()).format).toBe("png");
  });

  test("the first of equal scores is the answer, as in training", async () => {
    const silent = join(folder, "silent.ts");
    writeFileSync(
      silent,
      readFileSync(tiny, "utf8")
        .replace(/out: 10/, "out: 10, init: constant(0)")
        .replace("{ ", "{ constant, "),
    );
    const path = out();
    // Too small a rate to tell any scores apart, in f32 with what is less than normal, too.
    const { stdout } = await works([
      "train",
      silent,
      "--limit",
      "100",
      "--lr",
      "1e-50",
      "-e",
      "1",
      "-o",
      path,
      "-f",
      "json",
    ]);
    expect(lines(stdout)).toMatchObject([{ trainAccuracy: 0.1, testAccuracy: 0.1 }]);
    // No --batch: it fits the data.
    expect(JSON.parse(readMetadata(readFileSync(checkpointOf(path)))["settings"] ?? "")).toMatchObject({
      batch: 100,
    });
    const evaluated = await works(["eval", silent, "-w", path, "--limit", "100"]);
    expect(evaluated.stdout).toContain("test acc 0.1000 (10 of 100 right)");
  });

  test("scores that are NaN have no largest", async () => {
    const path = out();
    const large = join(folder, "large.ts");
    writeFileSync(
      large,
      readFileSync(tiny, "utf8")
        .replace("linear(", "softmax(linear(")
        .replace("10 })", "10 }))")
        .replace("{ ", "{ softmax, "),
    );
    const ofLayer = {
      bias: { shape: [10], data: new Float32Array(10) },
      weight: { shape: [10, 784], data: new Float32Array(7840).fill(3e38) },
    };
    writeFileSync(
      path,
      writeSafetensors(
        Object.fromEntries(Object.entries(ofLayer).map(([k, v]) => [`logits/linear.${k}`, v])),
      ),
    );
    const text = await fails(["eval", large, "-w", path, "--limit", "20"]);
    expect(text.slice(text.indexOf("error:"))).toBe(
      `error: tiny: among the scores of example 0 is NaN
  rule: the answer is the largest score, and of NaN there is none
  try:  weft run --check-finite names the layer that it comes from
`,
    );
  });
});

describe("beginning with weights, and freezing", () => {
  const deep = join(folder, "deep.ts");
  writeFileSync(
    deep,
    `import { flatten, input, linear, model, N, relu } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
const hidden = linear(flatten(image), { out: 8 });
const logits = linear(relu(hidden), { out: 10 });
export default model("deep", { image }, { logits });
`,
  );
  const read = (path: string) => readSafetensors(readFileSync(path));
  const given = join(folder, "given.safetensors");
  const numbers = (shape: readonly number[], scale: number) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(i)),
  });
  const start = {
    "hidden.bias": numbers([8], 0.1),
    "hidden.weight": numbers([8, 784], 0.05),
    "logits.bias": numbers([10], 0.1),
    "logits.weight": numbers([10, 8], 0.3),
  };
  writeFileSync(given, writeSafetensors(start));

  test("frozen layers keep what --weights gave, the others learn; --resume freezes the same", async () => {
    const path = out();
    const args = ["train", deep, ...quick, "-o", path, "--optimizer", "adam", "--lr", "0.01"];
    await works([...args, "-e", "1", "-w", given, "--freeze", "hidden"]);
    const first = read(path);
    await works([...args, "-e", "2", "--resume"]);
    const second = read(path);
    for (const name of ["hidden.weight", "hidden.bias"] as const) {
      expect(first[name]?.data).toEqual(start[name].data);
      expect(second[name]?.data).toEqual(start[name].data);
    }
    expect(first["logits.weight"]?.data).not.toEqual(start["logits.weight"].data);
    expect(second["logits.weight"]?.data).not.toEqual(first["logits.weight"]?.data);
    // No moments of what is frozen: the weights, and two for each that learns.
    expect(Object.keys(read(checkpointOf(path)))).toHaveLength(4 + 2 * 2);
  });

  test("adapters are a file of their own, go on with --resume, and merge into the weights", async () => {
    const path = out();
    const args = ["train", deep, ...quick, "-o", path, "--optimizer", "adam", "--lr", "0.01"];
    await works([...args, "-e", "1", "-w", given, "--lora", "2", "--lora-alpha", "4", "--lora-on", "hidden"]);
    await works([...args, "-e", "2", "--resume"]);
    const adapters = read(path);
    const [a, b] = ["hidden.weight.lora_A", "hidden.weight.lora_B"] as const;
    expect(Object.keys(adapters).sort()).toEqual([a, b]);
    expect(JSON.parse(readMetadata(readFileSync(path))["lora"] ?? "")).toEqual({
      rank: 2,
      alpha: 4,
      layers: ["hidden"],
    });
    const merged = join(path, "../merged.safetensors");
    await works(["weights", deep, "--from", given, "--merge", path, "-o", merged]);
    const after = read(merged);
    for (const name of ["hidden.bias", "logits.weight", "logits.bias"] as const)
      expect(after[name]?.data).toEqual(start[name].data);
    const [left, right] = [adapters[b]?.data ?? [], adapters[a]?.data ?? []];
    const at = 3 * 784 + 400;
    const learnt = (q: number): number => Number(left[3 * 2 + q]) * Number(right[q * 784 + 400]);
    const want = Number(start["hidden.weight"].data[at]) + 2 * (learnt(0) + learnt(1));
    expect(learnt(0)).not.toBe(0);
    expect(after["hidden.weight"]?.data[at]).toBe(Math.fround(want));
    // What the trainer measured of both is what the merged weights give.
    const history = JSON.parse(readMetadata(readFileSync(checkpointOf(path)))["history"] ?? "");
    const data = ["-w", merged, "--limit", "300", "--format", "json"];
    const { stdout } = await works(["eval", deep, ...data]);
    expect(JSON.parse(stdout).accuracy).toBe(history.at(-1).testAccuracy);
  });

  test("adapters that are none are refused, and nothing is written", async () => {
    const path = out();
    expect(
      await fails(["train", deep, ...few, "-o", path, "--lora", "2"]),
    ).toBe(`error: --lora goes with --weights
  rule: adapters are trained beside weights that have learnt something, and are nothing without them
  try:  --weights FILE, or leave out --lora
`);
    expect(await fails(["train", deep, ...few, "-o", path, "--lora-on", "hidden"])).toContain(
      "--lora-on goes with --lora",
    );
    expect(
      await fails(["train", deep, ...few, "-o", path, "-w", given, "--lora", "2", "--lora-on", "hiden"]),
    ).toContain('"hiden" is to have adapters, but no linear layer or convolution of deep is called so');
    const merge = ["weights", deep, "--from", given, "--merge"];
    expect(await fails([...merge, given, "-o", path])).toContain("is no file of adapters");
    const odd = join(folder, "odd.safetensors");
    writeFileSync(
      odd,
      writeSafetensors({ "hidden.weight.lora_A": numbers([2, 7], 1) }, { lora: '{"rank":2}' }),
    );
    expect(await fails([...merge, odd, "-o", path])).toContain(
      'odd.safetensors does not fit the model deep: "hidden.weight.lora_A" has shape [2, 7], the model wants [2, 784]',
    );
    expect(existsSync(path)).toBe(false);
  });

  test("without --freeze all of them begin with the given weights", async () => {
    const path = out();
    await works([
      "train",
      deep,
      "--limit",
      "16",
      "--batch",
      "16",
      "--lr",
      "0.000001",
      "-e",
      "1",
      "-o",
      path,
      "-w",
      given,
    ]);
    for (const [name, { data }] of Object.entries(start)) {
      const after = read(path)[name]?.data ?? new Float32Array();
      expect(Math.max(...data.map((x, i) => Math.abs(x - (after[i] ?? Number.NaN)))), name).toBeLessThan(
        1e-5,
      );
    }
  });

  test("what is wrong is said before anything is trained", async () => {
    const path = out();
    expect(await fails(["train", deep, ...few, "-o", path, "--freeze", "hiden"])).toContain(
      '"hiden" is to be frozen, but no trained parameter of deep is called so',
    );
    expect(await fails(["train", deep, ...few, "-o", path, "--freeze", "*"])).toContain(
      "there is nothing to train",
    );
    expect(
      await fails(["train", deep, "-o", path, "-w", given, "--resume"]),
    ).toBe(`error: --resume and --weights exclude each other
  rule: a checkpoint holds the weights to go on with
  try:  leave one out
`);
    expect(await fails(["train", tiny, ...few, "-o", path, "-w", given])).toContain(
      "does not fit the model tiny",
    );
    expect(await fails(["compile", deep, "--freeze", "hidden"])).toContain("--freeze goes with --train");
    expect(existsSync(path)).toBe(false);
  });
});
