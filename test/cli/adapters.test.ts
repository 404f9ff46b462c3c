/** Adapters in PEFT's format: what `weft train --lora` writes into a folder, what Python wrote, and `--adapters` of each verb. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CONFIG, MODEL } from "../../cli/adapters/peft.ts";
import { readMetadata, readSafetensors, writeSafetensors } from "../../runtime/train.ts";
import { eval_, f4, file, model, tensor } from "./measured.ts";
import { fails, scratch, works } from "./weft.ts";

/** y = fc2(fc1(x)) */
const net = model(
  "net",
  "const x = input('x', [N, 2]);\nconst fc1 = linear(x, { out: 3 });\nconst fc2 = linear(fc1, { out: 2 });",
  "{ x }, { fc2 }",
);
const start = {
  "fc1.weight": tensor([3, 2], 1, 0, 0, 1, 1, 1),
  "fc1.bias": tensor([3], 0, 0.5, 0),
  "fc2.weight": tensor([2, 3], 1, 0, 0, 0, 1, 0),
  "fc2.bias": tensor([2], 0, 0),
};
const weights = file("net.safetensors", writeSafetensors(start));
const data = ["--input", file("nx.npy", f4([6, 2], 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3)), "--target"];
const flags = [...data, file("ny.npy", f4([6, 2], 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1)), "--loss", "huber"];
const train = ["train", net, "-w", weights, ...flags, "--device", "wasm", "--lr", "0.01", "-q"];
const read = (path: string) => readSafetensors(readFileSync(path));

/** What Python would have written: adapters of rank 1 beside fc1, in brain floats where `half`. */
function folderOf(config: object, tensors: Parameters<typeof writeSafetensors>[0]): string {
  const folder = scratch();
  writeFileSync(join(folder, CONFIG), JSON.stringify(config));
  writeFileSync(join(folder, MODEL), writeSafetensors(tensors, { format: "pt" }));
  return folder;
}
const config = {
  peft_type: "LORA",
  r: 1,
  lora_alpha: 4,
  bias: "none",
  use_dora: false,
  target_modules: ["fc1"],
};
const learnt = {
  "base_model.model.fc1.lora_A.weight": tensor([1, 2], 2, -1),
  "base_model.model.fc1.lora_B.weight": tensor([3, 1], 1, 0, -1),
};
/** Of [1, 2]: fc1 is [1, 2.5, 3], and A·x is 0; of [1, 0] A·x is 2. */
async function answers(adapters: string): Promise<number[]> {
  const args = ["run", net, "-w", weights, "-i", file("in.json", "[[1, 2], [1, 0]]"), "--device", "wasm"];
  return JSON.parse((await works([...args, "--adapters", adapters, "-f", "json"])).stdout).outputs.fc2;
}

describe("what Python wrote", () => {
  test("is added to the weights, α/r times B·A", async () => {
    expect(await answers(folderOf(config, learnt))).toEqual([
      [1, 2.5],
      [1 + 4 * 2, 0.5],
    ]);
  });

  test("rsLoRA counts α/√r; tensors of no adapter take the place of the model's; either file names the folder", async () => {
    const two = {
      "base_model.model.fc1.lora_A.weight": tensor([4, 2], 2, -1, 0, 0, 0, 0, 0, 0),
      "base_model.model.fc1.lora_B.weight": tensor([3, 4], 1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0),
      "base_model.model.fc2.bias": tensor([2], 10, 20),
    };
    const folder = folderOf({ ...config, r: 4, use_rslora: true }, two);
    for (const path of [folder, join(folder, CONFIG), join(folder, MODEL)])
      expect(await answers(path)).toEqual([
        [11, 22.5],
        [11 + 2 * 2, 20.5],
      ]);
  });

  test("eval, export and weights --merge take it too", async () => {
    const folder = folderOf(config, learnt);
    const merged = join(scratch(), "merged.safetensors");
    await works(["weights", net, "--from", weights, "--merge", folder, "-o", merged]);
    expect([...(read(merged)["fc1.weight"]?.data ?? [])]).toEqual([9, -4, 0, 1, -7, 5]);
    const { loss } = await eval_(net, "-w", weights, "--adapters", folder, ...flags);
    expect(loss).toBeCloseTo((await eval_(net, "-w", merged, ...flags)).loss, 6);
    const [one, other] = [join(scratch(), "net.onnx"), join(scratch(), "net.onnx")];
    await works(["export", net, "-w", weights, "--adapters", folder, "-o", one]);
    await works(["export", net, "-w", merged, "-o", other]);
    expect(readFileSync(one)).toEqual(readFileSync(other));
  });

  test.each<[string, object, Parameters<typeof writeSafetensors>[0], string]>([
    ["another method", { ...config, peft_type: "IA3" }, learnt, 'peft_type is "IA3"'],
    [
      "DoRA",
      { ...config, use_dora: true },
      learnt,
      "use_dora is true\n  rule: DoRA's magnitudes: Weft's adapters have none",
    ],
    ["biases", { ...config, bias: "lora_only" }, learnt, 'bias is "lora_only"'],
    ["no rank", { ...config, r: "8" }, learnt, 'r is "8" and lora_alpha 4'],
    ["other α", { ...config, alpha_pattern: { fc1: 2 } }, learnt, "alpha_pattern is set"],
    ["other ranks", { ...config, r: 2 }, learnt, "base_model.model.fc1.lora_A.weight has 1 rows, but r is 2"],
    [
      "a layer that is not there",
      config,
      { "base_model.model.fc9.lora_A.weight": tensor([1, 2], 1, 1) },
      "base_model.model.fc9.lora_A.weight is of a layer fc9, which net has not\n  rule: its layers are fc1, fc2",
    ],
    [
      "a tensor of neither",
      config,
      { ...learnt, "base_model.model.fc1.lora_magnitude_vector": tensor([3], 1, 1, 1) },
      "base_model.model.fc1.lora_magnitude_vector belongs to no adapter",
    ],
    [
      "half of a pair",
      config,
      { "base_model.model.fc1.lora_A.weight": tensor([1, 2], 1, 1) },
      '"fc1.weight.lora_B" [3, 1] is missing',
    ],
  ])("%s is refused", async (_, config, tensors, text) => {
    const args = ["eval", net, "-w", weights, ...flags, "--adapters", folderOf(config, tensors)];
    expect(await fails(args)).toContain(text);
  });

  test("without a config, without weights", async () => {
    const folder = scratch();
    writeFileSync(join(folder, MODEL), writeSafetensors(learnt));
    expect(await fails(["eval", net, "-w", weights, ...flags, "--adapters", folder])).toContain(
      `${MODEL} is no file of adapters\n  rule: what weft train --lora writes says of what rank they are: "lora" of its metadata; beside PEFT's lies ${CONFIG}`,
    );
    writeFileSync(join(folder, CONFIG), "{");
    expect(await fails(["eval", net, "-w", weights, ...flags, "--adapters", folder])).toContain("is no JSON");
    const none = ["run", net, "-i", file("in.json", "[[1, 2]]"), "--adapters", folder];
    expect(await fails(none)).toBe(`error: --adapters goes with --weights
  rule: adapters are trained beside weights that have learnt something, and are nothing without them
  try:  --weights FILE, or leave out --adapters
`);
  });
});

describe("what weft train writes", () => {
  test("a folder as PEFT has it: the same adapters as in Weft's file, and what goes on from it", async () => {
    const [folder, one] = [join(scratch(), "adapters"), join(scratch(), "one.safetensors")];
    const lora = ["--lora", "2", "--lora-alpha", "3", "-e", "2"];
    await works([...train, ...lora, "-o", folder]);
    await works([...train, ...lora, "-o", one]);
    expect(readdirSync(folder).sort()).toEqual([CONFIG, MODEL]);
    expect(existsSync(`${folder}.checkpoint.safetensors`)).toBe(true);
    const written = JSON.parse(readFileSync(join(folder, CONFIG), "utf8"));
    expect(written).toMatchObject({ peft_type: "LORA", r: 2, lora_alpha: 3, target_modules: ["fc1", "fc2"] });
    expect(readMetadata(readFileSync(join(folder, MODEL)))).toEqual({ format: "pt" });
    const [there, here] = [read(join(folder, MODEL)), read(one)];
    expect(Object.keys(there).sort()).toEqual([
      "base_model.model.fc1.lora_A.weight",
      "base_model.model.fc1.lora_B.weight",
      "base_model.model.fc2.lora_A.weight",
      "base_model.model.fc2.lora_B.weight",
    ]);
    for (const [name, { data }] of Object.entries(here))
      expect(there[`base_model.model.${name.replace(/\.weight\.(lora_[AB])$/, ".$1.weight")}`]?.data).toEqual(
        data,
      );
    expect((await eval_(net, "-w", weights, "--adapters", folder, ...flags)).loss).toBe(
      (await eval_(net, "-w", weights, "--adapters", one, ...flags)).loss,
    );
    // Resumed as it began.
    await works(["train", net, "-o", folder, "--resume", "-e", "3", "--device", "wasm", "-q"]);
    expect(read(join(folder, MODEL))).not.toEqual(there);
  });

  test("--adapters goes on with adapters, of the rank and beside the layers that they are of", async () => {
    const folder = folderOf(config, learnt);
    const out = join(scratch(), "more");
    const { stdout } = await works([
      ...train,
      "--adapters",
      folder,
      "-o",
      out,
      "-e",
      "1",
      "--batch",
      "5",
      "-f",
      "json",
    ]);
    const args = [
      "eval",
      net,
      "-w",
      weights,
      "--adapters",
      folder,
      ...flags,
      "--split",
      "train",
      "-f",
      "json",
    ];
    const before = JSON.parse((await works([...args, "--device", "wasm"])).stdout);
    // The loss that the only step saw is that of the adapters as they were given.
    expect(JSON.parse(stdout).loss).toBeCloseTo(before.loss, 5);
    expect(JSON.parse(readFileSync(join(out, CONFIG), "utf8"))).toMatchObject({
      r: 1,
      lora_alpha: 4,
      target_modules: ["fc1"],
    });
    const after = read(join(out, MODEL))["base_model.model.fc1.lora_B.weight"]?.data;
    expect(after).not.toEqual(learnt["base_model.model.fc1.lora_B.weight"].data);
    expect(await fails([...train, "--adapters", folder, "--lora", "2", "-o", out, "--restart"])).toContain(
      "--lora and --adapters exclude each other",
    );
  });

  test("a convolution in groups has no form there, which is said before training", async () => {
    const grouped = model(
      "grouped",
      "const x = input('x', [N, 2, 2, 2]);\nconst conv = conv2d(x, { out: 2, kernel: 1, groups: 2 });",
      "{ x }, { conv }",
    );
    const given = file(
      "grouped.safetensors",
      writeSafetensors({ "conv.weight": tensor([2, 1, 1, 1], 1, 1), "conv.bias": tensor([2], 0, 0) }),
    );
    const x = file("gx.npy", f4([2, 2, 2, 2], ...Array.from({ length: 16 }, (_, i) => i)));
    const out = join(scratch(), "none");
    const args = [
      "train",
      grouped,
      "-w",
      given,
      "--input",
      x,
      "--target",
      x,
      "--loss",
      "huber",
      "--lora",
      "2",
      "-o",
      out,
    ];
    expect(await fails(args)).toContain(
      "conv.weight is of a convolution with groups (2), which has other adapters in PEFT",
    );
    expect(existsSync(join(out, MODEL))).toBe(false);
    mkdirSync(out, { recursive: true });
    const peft = folderOf(
      { ...config, r: 2, target_modules: ["conv"] },
      {
        "base_model.model.conv.lora_A.weight": tensor([2, 2, 1, 1], 1, 1, 1, 1),
      },
    );
    expect(
      await fails([
        "eval",
        grouped,
        "-w",
        given,
        "--input",
        x,
        "--target",
        x,
        "--loss",
        "huber",
        "--adapters",
        peft,
      ]),
    ).toContain("is of a convolution with groups: 2");
  });
});
