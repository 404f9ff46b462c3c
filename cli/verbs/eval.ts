/** `weft eval`: how good a trained model is: accuracy, classes, confusion. */

import { Option } from "commander";
import type { Precision } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Program } from "../../contract/program.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import { type Answers, classifierOf, classify } from "../classifier.ts";
import { openData } from "../data/index.ts";
import { openPlace, type PlaceFlags, placeFor } from "../device.ts";
import { shownPath } from "../files.ts";
import { deviceOptions, noTuneOption, pictureOptions, precisionOption, quantiseOption } from "../flags.ts";
import { loadModel } from "../model.ts";
import { classResults, classTable, confusionOf, confusionSvg, confusionText } from "../output/confusion.ts";
import { requirePlotName, writePlot } from "../output/plot.ts";
import { precisionError, precisionText } from "../output/precision.ts";
import { wrapped } from "../output/wrap.ts";
import { startBar } from "../progress.ts";
import { compileHere } from "../tuning/use.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { weightsOf } from "../weights.ts";
import { requireWritableFile } from "../write.ts";

interface Options extends ModelVerbOptions, PlaceFlags {
  readonly weights?: string;
  readonly data?: string;
  readonly dataDir?: string;
  readonly limit?: number;
  readonly split: "test" | "train";
  readonly plot?: string;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly quantise?: QuantisedType;
}

export const evaluate = verb({
  options: (command) =>
    deviceOptions(
      pictureOptions(
        command.option(
          "-w, --weights <file>",
          "a safetensors file, as weft train writes it; an ONNX file holds its own",
        ),
      ),
    )
      .addOption(
        new Option("--split <part>", "which part of the data").choices(["test", "train"]).default("test"),
      )
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
      "weft eval models/lenet.ts -w lenet.safetensors -d fashion-mnist --format json | jq .accuracy",
      "for a script",
    ],
  ]),
  run: (model: string, options: Options, { ui }) => measure(model, options, ui),
});

/** Everything that can be wrong with the files is found before a device is asked for. */
async function measure(file: string, options: Options, ui: Ui): Promise<void> {
  if (options.plot !== undefined) {
    requirePlotName(options.plot);
    await requireWritableFile(options.plot);
  }
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  if (options.weights === undefined && !own) throw withoutWeights(file);
  const { input, classes } = classifierOf(graph);
  const place = await placeFor(options);
  const { program } = await compileHere(graph, file, { ...options, ...place }, ui);
  const { quantise, precision } = options;
  const narrow = [...(quantise ? [quantise] : []), ...(precision === "f16" ? [precision] : [])].join(" and ");
  const wide = { ...options, ...place, precision: "f32", quantise: undefined } as const;
  const single = narrow !== "" && (await compileHere(graph, file, wide, ui)).program;
  const weights = (await weightsOf(options.weights, own, program, ui.note)) ?? {};
  const data = await openData({ data: "synthetic", ...options }, input, classes);
  const set = data[options.split];
  const names = Array.from({ length: classes }, (_, i) => set.classes[i] ?? `class ${i}`);

  const opened = await openPlace(ui, place);
  try {
    const bar = startBar({
      total: set.rows * (single ? 2 : 1),
      text: "{value}/{total} examples  {eta_formatted}",
      quiet: options.quiet === true,
    });
    const answer = (run: Program, before: number): Promise<Answers> =>
      classify(run, set, {
        device: opened.device,
        weights,
        onProgress: (done) => bar.update(before + done),
      }).catch((error: unknown) => {
        bar.stop();
        throw error;
      });
    const found = await answer(program, 0);
    const error = single && precisionError(narrow, found, await answer(single, set.rows), set.labels);
    bar.stop();
    const { answers, seconds } = found;
    const confusion = confusionOf(set.labels, answers, classes);
    const results = classResults(confusion, names);
    const right = results.reduce((sum, each) => sum + each.right, 0);
    const accuracy = right / set.rows;
    const perSecond = set.rows / seconds;
    if (options.plot !== undefined)
      await writePlot(
        options.plot,
        confusionSvg(confusion, names, `${graph.name} on ${data.name}: ${right} of ${set.rows} right`),
      );
    if (options.format === "json") {
      printJson(ui, {
        model: graph.name,
        weights: options.weights ?? null,
        data: data.name,
        split: options.split,
        adapter: opened.name,
        examples: set.rows,
        right,
        accuracy,
        examplesPerSecond: Number(perSecond.toFixed(1)),
        ...(error && { precision: error }),
        classes: results,
        confusion,
      });
      return;
    }
    ui.out(classTable(results, ui));
    const matrix = confusionText(confusion, names, ui);
    if (matrix) ui.out(`\n${matrix}`);
    else ui.note("the confusion matrix is wider than the terminal: --plot or --format json shows it");
    ui.out(
      `\n${options.split} acc ${accuracy.toFixed(4)} (${right} of ${set.rows} right), ${graph.name} on ${data.name}`,
    );
    if (error) ui.out(wrapped(precisionText(error), ui.width));
    ui.out(ui.colors.dim(`${perSecond.toFixed(1)} examples/sec on ${opened.name}`));
    if (options.plot !== undefined) ui.note(`the confusion matrix is in ${options.plot}`);
  } finally {
    opened.close();
  }
}

const withoutWeights = (file: string): UserError =>
  new UserError({
    problem: `${shownPath(file)} is measured with weights, and none are given`,
    rule: "a model file has none of its own; an ONNX file does",
    fix: "--weights with the file that weft train wrote",
  });
