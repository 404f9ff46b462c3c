/** What `weft compile --train` writes: a module that trains by itself, as small as promised, with honest types. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { conv2d, dropout, flatten, input, linear, model, N, relu } from "../../compiler/dsl/index.ts";
import { abbreviate } from "../../compiler/emit/abbreviate.ts";
import { checkGolden, type Emitted, emit, pageTraining } from "../../compiler/emit/index.ts";
import { must } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { adam, compileTraining, sgd } from "../../compiler/train/index.ts";
import type { Training } from "../../contract/training.ts";
import lenetModel from "../../models/lenet.ts";
import type { OpenedDevice } from "../../runtime/node/index.ts";
import { createTrainer, type Epoch, type Trainer, type TrainerOptions } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { hostile, lenet, NASTY, small } from "./models.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let base = "";
let folder = "";
let training: Training;
let emitted: Emitted;
let opened: OpenedDevice;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "weft-training-"));
  folder = join(base, "lenet");
  training = pageTraining(lenetModel.graph, { optimizer: sgd({ lr: 0.9 }) });
  emitted = await emit(lenet, folder, { training });
  opened = await usualDevice();
});
afterAll(() => {
  opened?.device.destroy();
  rmSync(base, { recursive: true, force: true });
});

const read = (name: string): string => readFileSync(join(folder, name), "utf8");

interface Bundle {
  readonly name: string;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly default: { readonly createTrainer: unknown };
  createTrainer(options?: TrainerOptions): Promise<Trainer>;
  readSafetensors(bytes: Uint8Array): Readonly<Record<string, unknown>>;
  writeSafetensors(tensors: object): Uint8Array;
}
const load = (file: string): Promise<Bundle> => import(/* @vite-ignore */ pathToFileURL(file).href);

/** Pictures of 8 × 8 whose bright quarter is the class: 0, 1 or 2. */
function quarters(rows: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(rows * 64);
  const labels = Uint8Array.from({ length: rows }, (_, i) => i % 3);
  for (let i = 0; i < rows * 64; i++) {
    const [row, y, x] = [Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8];
    images[i] = Number(y > 3) * 2 + Number(x > 3) === labels[row] ? 200 + (i % 50) : i % 20;
  }
  return { images, labels };
}

async function fitted(trainer: Trainer, epochs: number): Promise<readonly Epoch[]> {
  const [data, test] = [quarters(60), quarters(24)];
  const list: Epoch[] = [];
  for await (const epoch of trainer.fit(data, { epochs, batch: 16, test })) list.push(epoch);
  return list;
}

/** What does not depend on the clock. */
const figures = (list: readonly Epoch[]): unknown =>
  list.map(({ loss, trainAccuracy, testLoss, testAccuracy }) => [
    loss,
    trainAccuracy,
    testLoss,
    testAccuracy,
  ]);

describe("the bundle that trains", () => {
  // Measured: 21.1 kB. The trainer says what is wrong with options and data sets and keeps those in use (1.2 kB of it), long
  // sums are taken in blocks (0.5 kB), there are inputs, outputs and losses in any number (0.4 kB), and gradients of
  // several batches are gathered (0.14 kB); labels may be left uncounted (0.05 kB).
  test("of LeNet takes at most 21.3 kB gzipped and imports nothing", () => {
    const text = read("lenet.train.bundle.js");
    expect(text).not.toMatch(/\bimport\b|\brequire\b|sourceMappingURL/);
    expect(emitted.trainBundle).toEqual({
      bytes: Buffer.byteLength(text),
      gzip: gzipSync(text, { level: 9 }).length,
    });
    expect(emitted.trainBundle?.gzip).toBeLessThanOrEqual(21_260);
  });

  test("exports what a page needs, and the parameters' shapes", async () => {
    const made = await load(join(folder, "lenet.train.bundle.js"));
    expect(Object.keys(made).sort()).toEqual([
      "createTrainer",
      "default",
      "name",
      "parameters",
      "readSafetensors",
      "writeSafetensors",
    ]);
    expect(made.name).toBe("lenet");
    expect(made.parameters).toEqual(Object.fromEntries(lenet.program.params.map((p) => [p.name, p.shape])));
    expect(made.default.createTrainer).toBe(made.createTrainer);
  });

  test.each([
    ["a model with names from hell, by SGD", () => hostile(), sgd({ lr: 0.1, momentum: 0.5 })],
    ["a small model, by Adam", () => small(), adam({ lr: 0.02 })],
  ] as const)("trains %s, to the bit like the programs themselves", async (_, graph, optimizer) => {
    const { device } = opened;
    const made = pageTraining(graph(), { optimizer });
    const target = join(base, optimizer.kind);
    const { files } = await emit(compile(graph()), target, { training: made });
    const bundle = await load(join(target, files.find((f) => f.endsWith(".train.bundle.js")) ?? ""));
    const trainers = [
      await bundle.createTrainer({ device, seed: 3 }),
      await createTrainer(made, { device, seed: 3 }),
    ];
    const [ours, own] = [await fitted(trainers[0] as Trainer, 2), await fitted(trainers[1] as Trainer, 2)];
    expect(figures(ours)).toEqual(figures(own));
    expect(ours[1]?.loss).toBeLessThan(ours[0]?.loss ?? 0);
    expect(trainers[0]?.weights()).toEqual(trainers[1]?.weights());
    const written = bundle.writeSafetensors(trainers[0]?.weights() ?? {});
    expect(Object.keys(bundle.readSafetensors(written))).toHaveLength(4);
    for (const trainer of trainers) trainer.destroy();
  });

  test("takes a batch of weights that does not fit as an error", async () => {
    const { createTrainer } = await load(join(folder, "lenet.train.bundle.js"));
    await expect(createTrainer({ weights: {}, device: opened.device })).rejects.toThrow(
      /"conv2d1.weight" \[6, 1, 5, 5\] is missing/,
    );
  });
});

describe("what measures", () => {
  const measured = async (made: Training): Promise<unknown> => {
    const trainer = await createTrainer(made, { device: opened.device, seed: 1 });
    const { loss, accuracy } = await trainer.evaluate(quarters(90));
    trainer.destroy();
    return [Number(loss.toPrecision(5)), accuracy];
  };

  test("is the step's own forward pass, with the same figures", async () => {
    const made = pageTraining(small(), { optimizer: sgd({ lr: 0.5 }) });
    verifyProgram(made.evaluate);
    const texts = made.step.kernels.map((k) => k.wgsl);
    expect(made.evaluate.kernels.filter((k) => !texts.includes(k.wgsl))).toEqual([]);
    expect(made.evaluate.dispatches.length).toBeLessThan(made.step.dispatches.length);
    expect(made.evaluate.params.map((p) => p.name)).toContain("training.metrics");
    expect(await measured(made)).toEqual(
      await measured(compileTraining(small(), { optimizer: sgd({ lr: 0.5 }) })),
    );
  });

  test("has no memory for what only the backward pass wants", () => {
    const { step, evaluate } = training;
    expect(evaluate.peakBytes.perBatch).toBeLessThan(step.peakBytes.perBatch);
    expect(evaluate.buffers.map((b) => b.name).filter((name) => name.includes(".grad"))).toEqual([]);
  });

  test("is a program of its own where a layer is another one in training", () => {
    const x = input("x", [N, 1, 8, 8]);
    const hidden = dropout(relu(conv2d(x, { out: 4, kernel: 3 })), { p: 0.3 });
    const { graph } = model("dropping", { x }, { y: linear(flatten(hidden), { out: 3 }) });
    const made = pageTraining(graph, { optimizer: sgd({ lr: 0.1 }) });
    expect(made.evaluate).toEqual(compileTraining(graph, { optimizer: sgd({ lr: 0.1 }) }).evaluate);
  });
});

describe("what is written", () => {
  test("is the step's kernels, the programs, the bundle and its types, beside the model's files", () => {
    const wgsl = emitted.files.filter((f) => f.startsWith("train-"));
    expect(wgsl).toHaveLength(training.step.kernels.length);
    expect(emitted.files.filter((f) => /train/.test(f) && !f.endsWith(".wgsl"))).toEqual([
      "training.json",
      "lenet.train.bundle.js",
      "lenet.train.bundle.d.ts",
    ]);
    const { name, wgsl: text } = must(training.step.kernels[0], "kernel");
    expect(read(`train-${name}.wgsl`)).toBe(text);
    expect(JSON.parse(read("training.json"))).toEqual(JSON.parse(JSON.stringify(training)));
    expect(readdirSync(folder).sort()).toEqual([...emitted.files].sort());
  });

  test("is reported", () => {
    const { fixed, perBatch } = training.step.peakBytes;
    expect(emitted.report.train).toEqual({
      dispatches: 24,
      kernels: 24,
      pipelines: 24,
      submitsPerStep: 1,
      peakBytes: fixed + perBatch,
      bundle: emitted.trainBundle,
    });
  });

  test("replaces the kernels of an earlier training, and leaves them alone without one", async () => {
    const target = join(base, "again");
    const of = (optimizer: Training["optimizer"]): Training => pageTraining(small(), { optimizer });
    const first = await emit(compile(small()), target, { training: of(adam()) });
    writeFileSync(join(target, "train-mine.wgsl"), "mine");
    await emit(compile(small()), target);
    expect(readdirSync(target).sort()).toEqual([...first.files, "train-mine.wgsl"].sort());
    const second = await emit(compile(small()), target, { training: of(sgd({ lr: 1 })) });
    expect(readdirSync(target).sort()).toEqual([...second.files, "train-mine.wgsl"].sort());
  });
});

describe("golden files", () => {
  test("hold the kernels and the plan of a step", async () => {
    const target = join(base, "golden");
    const compilation = compile(small());
    const options = { training: pageTraining(small(), { optimizer: sgd({ lr: 0.5 }) }) };
    await checkGolden(compilation, target, { ...options, update: true });
    expect(readdirSync(target)).toContain("train-plan.txt");
    expect((await checkGolden(compilation, target, options)).ok).toBe(true);
    const other = { training: pageTraining(small(), { optimizer: sgd({ lr: 0.5, weightDecay: 0.1 }) }) };
    const { ok, report, changed } = await checkGolden(compilation, target, other);
    expect(ok).toBe(false);
    expect(`${changed} ${report}`).toMatch(/train-.*updated.*\.wgsl/);
    const without = await checkGolden(compilation, target);
    expect(without.stale).toContain("train-plan.txt");
  });
});

describe("the types", () => {
  function typeErrors(files: readonly string[]): string {
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
    const more = ["--target", "es2023", "--module", "nodenext", "--lib", "es2024,dom,dom.asynciterable"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const rest = [
      "--ignoreConfig",
      "--skipLibCheck",
      "--allowImportingTsExtensions",
      "--types",
      "node,@webgpu/types",
    ];
    try {
      execFileSync(process.execPath, [tsc, ...flags, ...more, ...rest, ...files], {
        cwd: root,
        encoding: "utf8",
      });
      return "";
    } catch (error) {
      return String((error as { stdout: string }).stdout);
    }
  }

  test("are the trainer's own, and reject what does not fit", () => {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const use = join(folder, "use.mts");
    writeFileSync(
      use,
      `import { createTrainer, parameters, readSafetensors, type Trainer, writeSafetensors } from "./lenet.train.bundle.js";
import type * as runtime from "${join(root, "runtime/train.ts")}";
const data = { images: new Uint8Array(784), labels: new Uint8Array(1) };
export async function page(theirs: runtime.Trainer, options: runtime.TrainerOptions): Promise<Trainer> {
  const ours: Trainer = theirs; // the declarations promise nothing that the trainer lacks
  const trainer = await createTrainer(options);
  for await (const { loss, testAccuracy } of trainer.fit(data, { epochs: 2, schedule: ({ lr }) => lr / 2, test: data }))
    console.log(loss + (testAccuracy ?? 0));
  const again = readSafetensors(writeSafetensors(trainer.weights()));
  await createTrainer({ weights: again, checkpoint: trainer.checkpoint(), seed: 1 });
  const out: 10 = parameters["linear3.weight"][0];
  console.log(out);
  return ours;
}
const fit = null as unknown as Parameters<Trainer["fit"]>;
export const passed: Parameters<runtime.Trainer["fit"]> = fit; // and take nothing that it does not
`,
    );
    const wrong = join(folder, "wrong.mts");
    writeFileSync(
      wrong,
      `import { createTrainer } from "./lenet.train.bundle.js";
const trainer = await createTrainer();
trainer.fit({ images: new Float32Array(784), labels: new Uint8Array(1) });
trainer.fit({ images: new Uint8Array(784), labels: new Uint8Array(1) }, { rounds: 3 });
`,
    );
    const errors = typeErrors([use, wrong]);
    expect(errors).toMatch(/wrong\.mts\(3,/);
    expect(errors).toMatch(/wrong\.mts\(4,/);
    expect(errors.split("\n").filter((line) => / error /.test(line) && !/wrong\.mts/.test(line))).toEqual([]);
  });

  test("hold names from hell", async () => {
    const target = join(base, "types");
    const graph: Graph = hostile();
    const made = pageTraining(graph, { optimizer: sgd({ lr: 1 }) });
    const { files } = await emit(compile(graph), target, { training: made });
    const types = join(target, files.find((f) => f.endsWith(".train.bundle.d.ts")) ?? "");
    expect(readFileSync(types, "utf8")).not.toMatch(/<\/script/i);
    expect(readFileSync(types, "utf8")).not.toContain(NASTY);
    expect(typeErrors([types])).toBe("");
  });
});

describe("abbreviations", () => {
  test("can be written out again", () => {
    const text = Array.from({ length: 400 }, (_, i) => `let weight${i % 7} = weights[i${i % 3} + 1];`).join(
      "\n",
    );
    const { text: short, phrases } = abbreviate(text);
    expect(short.length).toBeLessThan(text.length / 4);
    expect(phrases.reduceRight((t, [code, phrase]) => t.split(code).join(phrase), short)).toBe(text);
  });

  test("leave alone what does not repeat, and what has no character to spare", () => {
    expect(abbreviate("let x = 1;")).toEqual({ text: "let x = 1;", phrases: [] });
    const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("");
    const full = `${all} weight weight weight weight weight weight`;
    expect(abbreviate(full)).toEqual({ text: full, phrases: [] });
  });
});
