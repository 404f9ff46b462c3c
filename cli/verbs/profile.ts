/** `weft profile`: where a run spends its time, and how far each kernel is from what the adapter can do. */

import type { Precision } from "../../compiler/compile.ts";
import { plural } from "../../compiler/errors.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import { type AdapterChoice, measurePeaks, profileProgram } from "../../runtime/node/index.ts";
import { packed } from "../../runtime/quantised.ts";
import { valuesOf } from "../../runtime/values.ts";
import { openTimed } from "../device.ts";
import { shownPath } from "../files.ts";
import { adapterOption, noTuneOption, precisionOption, quantiseOption, wholeNumber } from "../flags.ts";
import { loadModel } from "../model.ts";
import { flameSvg } from "../output/flame.ts";
import { profileText } from "../output/profile.ts";
import { profileOf } from "../profile/profile.ts";
import { traceText } from "../profile/trace.ts";
import { workOf } from "../profile/work.ts";
import { compileHere } from "../tuning/use.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { readWeights } from "../weights.ts";
import { requireWritableFile, writeFiles } from "../write.ts";

interface Options extends ModelVerbOptions {
  readonly batch: number;
  readonly runs: number;
  readonly warmup: number;
  readonly wall?: boolean;
  readonly weights?: string;
  readonly seed: number;
  readonly adapter?: AdapterChoice;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly quantise?: QuantisedType;
  readonly svg?: string;
  readonly trace?: string;
}

export const profile = verb({
  options: (command) =>
    command
      .option("-b, --batch <n>", "the number of examples of a run", wholeNumber(1), 1)
      .option("--runs <n>", "how many runs are measured", wholeNumber(1), 10)
      .option("--warmup <n>", "how many runs come before these", wholeNumber(0), 3)
      .option("--wall", "use the wall clock even where the adapter has a clock of its own")
      .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
      .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
      .addOption(adapterOption())
      .addOption(precisionOption())
      .addOption(quantiseOption())
      .addOption(noTuneOption())
      .option("--svg <file>", "draw the times: a flame-style picture")
      .option("--trace <file>", "write trace events as JSON, for Perfetto or chrome://tracing"),
  help: examples([
    ["weft profile models/lenet.ts --batch 256", "a row for each kernel"],
    [
      "weft profile models/resnet18.ts --svg resnet18.svg --trace resnet18.json",
      "and a picture, and a file for https://ui.perfetto.dev",
    ],
    [
      "weft profile models/lenet.ts --format json | jq '.kernels[] | {kernel, milliseconds, share}'",
      "for a script",
    ],
  ]),
  run: (model: string, options: Options, { ui }) => measure(model, options, ui),
});

/** Everything that can be wrong with the files is found before a device is asked for. */
async function measure(file: string, options: Options, ui: Ui): Promise<void> {
  const { batch, runs, warmup, seed } = options;
  for (const path of [options.svg, options.trace]) if (path !== undefined) await requireWritableFile(path);
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  const compilation = await compileHere(graph, file, { ...options, typicalBatch: batch }, ui);
  const { program } = compilation;
  const work = workOf(compilation, batch);
  const weights =
    options.weights === undefined
      ? { ...(own && { weights: own }) }
      : { weights: await readWeights(options.weights, program, ui.note) };
  const [plain, ready] = packed(program, { seed, ...weights });
  const values = valuesOf(plain, ready.weights, seed);

  const { device, clock, name, close } = await openTimed(ui, options);
  try {
    ui.detail("measuring what the adapter can do at most");
    const peaks = await measurePeaks(device, clock);
    ui.detail(
      `measuring ${program.dispatches.length} ${plural(program.dispatches.length, "dispatch", "dispatches")}, ${warmup} + ${runs} times`,
    );
    const measured = await profileProgram(plain, { device, clock, values, batch, warmup, runs });
    const result = profileOf({
      model: program.name,
      batch,
      ...(program.sizes && { sizes: program.sizes }),
      adapter: name,
      clock: clock.kind,
      warmup,
      work,
      measured,
      peaks,
    });
    await writeFiles([
      ...(options.svg === undefined ? [] : [[options.svg, flameSvg(result)] as const]),
      ...(options.trace === undefined ? [] : [[options.trace, traceText(result, measured)] as const]),
    ]);
    if (options.format === "json") printJson(ui, result);
    else ui.out(profileText(result, ui));
    if (options.svg !== undefined) ui.note(`the picture is in ${shownPath(options.svg)}`);
    if (options.trace !== undefined)
      ui.note(
        `the trace is in ${shownPath(options.trace)}: open it with https://ui.perfetto.dev or chrome://tracing`,
      );
  } finally {
    close();
  }
}
