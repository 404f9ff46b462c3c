/** `weft train`: a model learns a data set; forward, backward and update are kernels, in WGSL or WebAssembly. */

import { Option } from "commander";
import { compile } from "../../compiler/compile.ts";
import { fileName } from "../../compiler/emit/names.ts";
import { plural, UserError } from "../../compiler/errors.ts";
import { compileParts } from "../../compiler/train/index.ts";
import { WeftError } from "../../contract/errors.ts";
import { classesEntry } from "../../data/scores.ts";
import { createTrainer, type Trainer } from "../../runtime/train.ts";
import { filesOf, pathsOf, readAdapters, withoutWeights } from "../adapters/index.ts";
import { openExamples } from "../data/index.ts";
import { partsFor } from "../data/parts.ts";
import { type PlaceFlags, placeFor } from "../device.ts";
import { EXIT_INTERRUPTED } from "../failure.ts";
import { shownPath } from "../files.ts";
import {
  adaptersOption,
  dataOptions,
  deviceOptions,
  noTuneOption,
  optimizerOptions,
  wholeNumber,
} from "../flags.ts";
import { loadModel } from "../model.ts";
import { lectureLine } from "../output/curveLive.ts";
import { curveSvg, requirePlotName, writePlot } from "../output/plot.ts";
import { noteRemarks } from "../output/remarks.ts";
import { Run } from "../training/run.ts";
import { checkpointPath, protect, readSaved, type Saved } from "../training/saved.ts";
import {
  adaptersOf,
  batchFor,
  flagsOf,
  type Given,
  type Settings,
  settle,
  stepOf,
} from "../training/settings.ts";
import { here, noteStale } from "../tuning/use.ts";
import type { Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { readWeights } from "../weights.ts";
import { requireWritableFile } from "../write.ts";

interface Options extends ModelVerbOptions, Given, PlaceFlags {
  readonly dataDir?: string;
  readonly seed?: number;
  readonly weights?: string;
  readonly adapters?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly plot?: string;
  readonly tune?: boolean;
}

export const train = verb({
  options: (command) => {
    dataOptions(command)
      .option("-e, --epochs <n>", "how often the data is gone through, in all; default 10", wholeNumber(1))
      .option("-b, --batch <n>", "examples in a step; default 256, or all if they are fewer", wholeNumber(1))
      .option("--seed <n>", "the seed of initial values and of the shuffle; default 0", wholeNumber(0));
    deviceOptions(optimizerOptions(command))
      .addOption(
        new Option("--schedule <kind>", "how the learning rate changes; default constant").choices([
          "constant",
          "cosine",
        ]),
      )
      .option(
        "-w, --weights <file>",
        "weights to begin with; without them an ONNX file's own, else they are drawn",
      )
      .addOption(adaptersOption("to go on with, in place of --lora"))
      .option(
        "-o, --out <file>",
        "where the weights go; default MODEL.safetensors; with --lora a name without .safetensors is a folder, as PEFT has it",
      )
      .option(
        "--resume",
        "go on from the checkpoint beside --out, with its settings where no others are given",
      )
      .option("--restart", "begin anew although there is an unfinished checkpoint")
      .option("--plot <file>", "draw the curves at the end: .svg or .png")
      .addOption(noTuneOption());
  },
  help: examples([
    ["weft train models/lenet.ts", "a first try on shapes that weft draws itself"],
    [
      "weft train models/lenet.ts --data fashion-mnist --epochs 10 --lr 0.9 --batch 256 --out lenet.safetensors --plot curves.svg",
      "the lecture's experiment; `weft data fashion-mnist` fetches the pictures",
    ],
    [
      "weft train models/lenet.ts --out lenet.safetensors --resume --epochs 20",
      "go on after Ctrl-C, or for more epochs",
    ],
    [
      "weft train models/lenet.ts --data photos/ --optimizer adam",
      "photos/cat/*.jpg, photos/dog/*.jpg, …: a sixth is kept for testing",
    ],
    [
      "weft train model.ts --input x.npy --target y.npy --loss huber --delta 0.5",
      "arrays of numbers, whose last axes are those of the model",
    ],
    [
      "weft train model.ts --data houses.csv --label price --loss squaredError",
      "a table: the other columns are the input; text in a column of classes is their names",
    ],
    [
      "weft train model.ts --weights model.safetensors --freeze stem stage1 --data photos/",
      "train the rest of a network that has learnt something else",
    ],
    [
      "weft train model.ts --weights model.safetensors --lora 8 --data photos/ --out photos.lora.safetensors",
      "train small adapters beside its weights; `weft weights --merge` puts them into these",
    ],
    [
      "weft train models/lenet.ts --data mnist --format json",
      "a JSON line for each epoch: loss, trainAccuracy, testAccuracy, examplesPerSecond",
    ],
  ]),
  run: async (model: string, options: Options, { ui }) =>
    (await learn(model, options, ui)) ? 0 : EXIT_INTERRUPTED,
});

/** False where it was interrupted. Everything that can be wrong with the files is found before a device is asked for. */
async function learn(file: string, options: Options, ui: Ui): Promise<boolean> {
  if (options.resume && options.restart)
    throw new UserError({ problem: "--resume and --restart exclude each other", fix: "leave one out" });
  if (options.resume && options.weights !== undefined)
    throw new UserError({
      problem: "--resume and --weights exclude each other",
      rule: "a checkpoint holds the weights to go on with",
      fix: "leave one out",
    });
  for (const [key, flag] of [
    ["resume", "--resume"],
    ["lora", "--lora"],
  ] as const)
    if (options.adapters !== undefined && options[key] !== undefined)
      throw new UserError({
        problem: `${flag} and --adapters exclude each other`,
        rule: "a file of adapters says what rank they are of, and a checkpoint holds them",
        fix: "leave one out",
      });
  if (options.plot !== undefined) requirePlotName(options.plot);
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  const given = options.adapters === undefined ? undefined : await readAdapters(options.adapters, graph);
  const out = options.out ?? `${fileName(graph.name)}${options.lora || given ? ".lora" : ""}.safetensors`;
  const saved = options.resume ? await readSaved(out) : undefined;
  if (!options.resume && !options.restart) await protect(out, options.out !== undefined);
  const wanted = settle({ ...options, ...(given && flagsOf(given.how)) }, saved?.settings);
  const { dataDir } = options;
  const weights =
    options.weights === undefined
      ? options.resume
        ? undefined
        : own
      : await readWeights(options.weights, compile(graph).program, ui.note);
  const adapters = adaptersOf(wanted);
  if (adapters && !weights && !options.resume) throw withoutWeights(given ? "--adapters" : "--lora");
  const made = stepOf(wanted);
  const parts = partsFor(graph, made);
  const data = await openExamples({ ...wanted, ...(dataDir === undefined ? {} : { dataDir }) }, graph, parts);
  const asked = options.batch ?? saved?.settings.batch;
  const settings = { ...wanted, batch: batchFor(asked, data.train.rows, data.name) };
  const { batch, optimizer } = settings;
  const place = await placeFor(options);
  const found = await here(file, { ...options, ...place, typicalBatch: batch, training: optimizer }, ui);
  const { precision: _, quantise: __, ...how } = found.options; // steps are f32
  const { training, step, evaluate } = compileParts(graph, {
    ...made,
    bytes: data.bytes,
    ...how,
    typicalBatch: batch,
  });
  noteRemarks(training.remarks ?? [], ui);
  noteStale(new Set([...step.tuned, ...evaluate.tuned]), found, ui);
  for (const path of [...pathsOf(adapters, out), checkpointPath(out), options.plot])
    if (path !== undefined) await requireWritableFile(path);

  const { format, quiet = false } = options;
  const history = saved?.history ?? [];
  const { rows } = data.train;
  const classes = parts.find((part) => part.loss?.classes)?.loss?.classes;
  const metadata = classes === undefined ? {} : classesEntry(data.classes, classes);
  const files = filesOf(graph, adapters, out, metadata);
  const run = new Run({ ui, format, quiet, place, settings, out, files, rows, history });
  try {
    const device = await run.open();
    const trainer = await run
      .whileBuilding(device, training, () =>
        createTrainer(training, {
          device,
          ...(options.seed === undefined ? {} : { seed: options.seed }),
          ...(saved ? { checkpoint: saved.checkpoint } : {}),
          ...(weights ? { weights: { ...weights, ...given?.tensors } } : {}),
        }),
      )
      .catch((error: unknown) => {
        throw saved ? aboutCheckpoint(error, out) : error;
      });
    if (saved) announce(saved, trainer, settings, ui);
    const done = trainer.position.epoch >= settings.epochs;
    const finished = done || (await run.fit(trainer, data.train.arrays, data.test.arrays));
    trainer.destroy();
    if (options.plot !== undefined && run.history.length > 0)
      await writePlot(options.plot, curveSvg(run.curve, `${graph.name} on ${data.name}`));
    report(run, finished, file, options);
    return finished;
  } finally {
    run.close();
  }
}

function aboutCheckpoint(error: unknown, out: string): unknown {
  if (!(error instanceof WeftError) || (error.code !== "weights" && error.code !== "input")) return error;
  return new UserError({
    problem: `${shownPath(checkpointPath(out))} cannot be resumed: ${error.message.replace(/^(checkpoint|weights): /, "")}`,
    rule: "a checkpoint goes on with the model, the optimiser and the seed that it was made with",
    fix: "give the same model and flags as before, or begin anew with another --out",
  });
}

function announce({ epoch }: Saved, { position }: Trainer, { epochs }: Settings, ui: Ui): void {
  const within =
    position.stepInEpoch > 0 ? ` and ${position.stepInEpoch} ${plural(position.stepInEpoch, "step")}` : "";
  if (epoch >= epochs)
    ui.note(`already trained for ${epoch} ${plural(epoch, "epoch")}; --epochs ${epoch + 10} goes on`);
  else ui.note(`going on after ${epoch} ${plural(epoch, "epoch")}${within}`);
}

/** The lecture's two lines, and where everything is. */
function report(run: Run, finished: boolean, file: string, { plot, dataDir }: Options): void {
  const { ui, format, out } = run.options;
  const last = run.history.at(-1);
  if (format === "text" && last) {
    ui.out(lectureLine(last));
    if (run.seconds > 0) ui.out(`${(run.examples / run.seconds).toFixed(1)} examples/sec on ${run.adapter}`);
  }
  const curves = plot !== undefined && last ? `; the curves are in ${shownPath(plot)}` : "";
  ui.note(
    `the ${adaptersOf(run.options.settings) ? "adapters" : "weights"} are in ${shownPath(out)}${curves}`,
  );
  if (finished) return;
  const flags = [
    ["--data-dir", dataDir],
    ["--plot", plot],
  ].flatMap(([flag, value]) => (value === undefined ? [] : [` ${flag} ${value}`]));
  ui.note(
    `interrupted and saved; go on with\n  weft train ${file} --out ${shownPath(out)}${flags.join("")} --resume`,
  );
}
