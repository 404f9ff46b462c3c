/** `weft eval`: how good a trained model is: its losses, its errors, and of classes what is mistaken for what. */

import { Option } from "commander";
import { compile, type Precision } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { type MeasuredLoss, measuredGraph } from "../../compiler/train/measured.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import { namesIn } from "../../data/scores.ts";
import { adaptedWith } from "../adapters/index.ts";
import { openExamples } from "../data/index.ts";
import { examplesOf, partsFor, SPLITS, type Split } from "../data/parts.ts";
import { openPlace, type PlaceFlags, placeFor } from "../device.ts";
import { shownPath } from "../files.ts";
import {
  adaptersOption,
  dataOptions,
  deviceOptions,
  lossOptions,
  noTuneOption,
  precisionOption,
  quantiseOption,
} from "../flags.ts";
import { MOST_CLASSES } from "../measuring/figures.ts";
import { measure } from "../measuring/measure.ts";
import { differenceText } from "../measuring/precision.ts";
import { loadModel } from "../model.ts";
import { confusionSvg } from "../output/confusion.ts";
import { classedIn, figuresJson, lossTable, showClassed, summary } from "../output/measured.ts";
import { requirePlotName, writePlot } from "../output/plot.ts";
import { noteRemarks } from "../output/remarks.ts";
import { wrapped } from "../output/wrap.ts";
import { startBar } from "../progress.ts";
import { type LossFlags, lossesOf } from "../training/losses.ts";
import { compileHere } from "../tuning/use.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { readTold } from "../weights.ts";
import { requireWritableFile } from "../write.ts";

interface Options extends ModelVerbOptions, PlaceFlags, LossFlags {
  readonly weights?: string;
  readonly adapters?: string;
  readonly data?: string;
  readonly dataDir?: string;
  readonly input?: readonly string[];
  readonly target?: readonly string[];
  readonly label?: string;
  readonly limit?: number;
  readonly split: Split;
  readonly plot?: string;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly quantise?: QuantisedType;
}

export const evaluate = verb({
  options: (command) =>
    deviceOptions(
      dataOptions(
        lossOptions(command).option(
          "-w, --weights <file>",
          "a safetensors file, as weft train writes it; an ONNX file holds its own",
        ),
      ),
    )
      .addOption(adaptersOption())
      .addOption(new Option("--split <part>", "which part of the data").choices(SPLITS).default("test"))
      .option("--plot <file>", "draw the confusion matrix: .svg or .png")
      .addOption(precisionOption())
      .addOption(quantiseOption())
      .addOption(noTuneOption()),
  help: examples([
    [
      "weft eval models/lenet.ts --weights lenet.safetensors --data fashion-mnist",
      "accuracy, a table of the classes and the confusion matrix",
    ],
    [
      "weft eval models/lenet.ts -w lenet.safetensors -d mnist --plot confusion.svg",
      "and the matrix as a picture",
    ],
    [
      "weft eval houses.ts -w houses.safetensors -d houses.csv --label price --loss squaredError",
      "the loss, the mean absolute error and the root of the mean square error",
    ],
    [
      "weft eval boxes.ts -w boxes.safetensors --input x.npy --target y.npy --split all",
      "of arrays that training has not seen",
    ],
    [
      "weft eval models/lenet.ts -w lenet.safetensors -d fashion-mnist --format json | jq .accuracy",
      "for a script",
    ],
  ]),
  run: (model: string, options: Options, { ui }) => evaluateModel(model, options, ui),
});

/** Everything that can be wrong with the files is found before a device is asked for. */
async function evaluateModel(file: string, options: Options, ui: Ui): Promise<void> {
  const { split, plot, dataDir } = options;
  if (plot !== undefined) {
    requirePlotName(plot);
    await requireWritableFile(plot);
  }
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  if (options.weights === undefined && !own) throw withoutWeights(file);
  const choice = lossesOf(options);
  const parts = partsFor(graph, choice);
  const measured = measuredGraph(graph, choice);
  noteRemarks(measured.remarks, ui);
  if (plot !== undefined) requireClasses(graph.name, measured.losses);
  const base =
    options.weights === undefined
      ? { weights: own }
      : await readTold(options.weights, compile(graph).program, ui.note);
  const { weights = {}, metadata } = await adaptedWith(options.adapters, graph, base);
  const names = namesIn(metadata);
  const data = await openExamples({ ...options, ...(dataDir && { dataDir }), names }, graph, parts);
  const set = examplesOf(data, split);
  const place = await placeFor(options);
  const { program } = await compileHere(measured.graph, file, { ...options, ...place }, ui);
  const { quantise, precision } = options;
  const narrow = [...(quantise ? [quantise] : []), ...(precision === "f16" ? [precision] : [])].join(" and ");
  const wide = { ...options, ...place, precision: "f32", quantise: undefined } as const;
  const single = narrow === "" ? undefined : (await compileHere(measured.graph, file, wide, ui)).program;

  const opened = await openPlace(ui, place);
  const bar = startBar({
    total: set.rows,
    text: "{value}/{total} examples  {eta_formatted}",
    quiet: options.quiet === true,
  });
  try {
    const { figures, difference, seconds } = await measure(program, set, {
      device: opened.device,
      weights,
      losses: measured.losses,
      parts,
      bytes: data.bytes,
      single,
      onProgress: (done) => bar.update(done),
    }).finally(() => bar.stop());
    const classed = classedIn(figures, data.classes.length > 0 ? data.classes : names);
    const perSecond = set.rows / seconds;
    const [first] = classed;
    if (plot !== undefined && first)
      await writePlot(
        plot,
        confusionSvg(
          first.confusion,
          first.names,
          `${graph.name} on ${data.name}: ${first.figures.right} of ${first.figures.labels} right`,
        ),
      );
    if (options.format === "json") {
      printJson(ui, {
        model: graph.name,
        weights: options.weights ?? null,
        data: data.name,
        split,
        adapter: opened.name,
        examples: set.rows,
        examplesPerSecond: Number(perSecond.toFixed(1)),
        ...(difference && { precision: { type: narrow, ...difference } }),
        ...figuresJson(figures, classed),
      });
      return;
    }
    const several = figures.length > 1;
    showClassed(classed, several, ui);
    ui.out(`${lossTable(figures, ui)}\n`);
    ui.out(`${summary(figures, split, set.rows)}, ${graph.name} on ${data.name}`);
    if (difference) ui.out(wrapped(differenceText(narrow, difference), ui.width));
    ui.out(ui.colors.dim(`${perSecond.toFixed(1)} examples/sec on ${opened.name}`));
    if (plot !== undefined) ui.note(`the confusion matrix is in ${plot}`);
  } finally {
    opened.close();
  }
}

/** Throws `UserError` where there is no confusion matrix to draw. */
function requireClasses(model: string, losses: readonly MeasuredLoss[]): void {
  if (losses.some(({ said }) => said.classes !== undefined && said.classes <= MOST_CLASSES)) return;
  throw new UserError({
    problem: `--plot draws a confusion matrix, and ${model} is measured with ${losses.map(({ said }) => said.loss.kind).join(", ")}`,
    rule: `there is one of crossEntropy, of up to ${MOST_CLASSES} classes`,
    fix: "leave out --plot",
  });
}

const withoutWeights = (file: string): UserError =>
  new UserError({
    problem: `${shownPath(file)} is measured with weights, and none are given`,
    rule: "a model file has none of its own; an ONNX file does",
    fix: "--weights with the file that weft train wrote",
  });
