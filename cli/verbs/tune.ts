/** `weft tune`: measures schedules on this machine's adapter and keeps the fastest beside the model. */
import { readTuning, tuningPath } from "../../compiler/emit/tuning.ts";
import { schedulesOf } from "../../compiler/emit/variants.ts";
import { InternalError, plural } from "../../compiler/errors.ts";
import { octets, type Target, targetFor, targets } from "../../compiler/strategies/target.ts";
import { findAdapter } from "../../runtime/node/device.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { openTimed, TIMED } from "../device.ts";
import { shownPath } from "../files.ts";
import { adapterOption, dataOptions, optimizerOptions, wholeNumber } from "../flags.ts";
import { loadModel } from "../model.ts";
import { type TuneReport, tuneReport, tuneText } from "../output/tuned.ts";
import { startBar } from "../progress.ts";
import { exitOf, type Interrupt, onInterrupt } from "../signals.ts";
import { type Given, OPTIMIZER, requireTrain } from "../training/settings.ts";
import type { Place } from "../tuning/bench.ts";
import { Book } from "../tuning/book.ts";
import { inferenceJob } from "../tuning/inference.ts";
import type { Job, Prepared, Whole } from "../tuning/job.ts";
import { unlessStopped } from "../tuning/patience.ts";
import { search } from "../tuning/search.ts";
import { trainingJob } from "../tuning/training.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { requireWritableFile } from "../write.ts";

/** What goes with `--train` alone. */
const OF_TRAINING = ["data", "dataDir", "limit", ...OPTIMIZER] as const;

interface Options extends ModelVerbOptions, Pick<Given, Exclude<(typeof OF_TRAINING)[number], "dataDir">> {
  readonly train?: boolean;
  readonly dataDir?: string;
  /** Default 1; with `train` 256. */
  readonly batch?: number;
  /** Seconds. Default 60; with `train`, which has more kernels, 180. */
  readonly budget?: number;
  readonly out?: string;
  readonly weights?: string;
  readonly seed: number;
  readonly wall?: boolean;
  readonly adapter?: AdapterChoice;
}

export const tune = verb({
  options: (command) => {
    command
      .option(
        "-b, --batch <n>",
        "the number of examples of a run, or of a step; default 1, with --train 256",
        wholeNumber(1),
      )
      .option(
        "--budget <seconds>",
        "how long to measure, about; default 60, with --train 180",
        wholeNumber(1),
      )
      .option("-o, --out <file>", "where the winners go; default: model.tune.json beside model.ts")
      .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
      .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
      .option("--wall", "use the wall clock even where the adapter has a clock of its own")
      .addOption(adapterOption())
      .option(
        "-t, --train",
        "measure the training step (forward, backward and update), which weft train then uses",
      );
    dataOptions(command);
    optimizerOptions(command);
  },
  help: examples([
    ["weft tune models/lenet.ts", "for pictures one by one: writes models/lenet.tune.json"],
    ["weft tune models/lenet.ts --batch 256 --budget 120", "for batches, with two minutes of measuring"],
    [
      "weft tune models/lenet.ts --train",
      "for weft train with batches of 256; into the same file, beside what was there",
    ],
    [
      "weft tune models/lenet.ts --train --optimizer adam --batch 64 --data fashion-mnist",
      "flags as weft train has them: an optimiser has kernels of its own",
    ],
    ["weft profile models/lenet.ts", "as tuned; --no-tune for the compiler's own choice"],
    [
      "weft compile models/lenet.ts --variants tuned,quads --out dist/lenet",
      "a bundle that takes it where the adapter is the same, and other kernels elsewhere",
    ],
  ]),
  async run(model: string, options: Options, { ui }) {
    const signal = await measure(model, options, ui);
    return signal && exitOf(signal);
  },
});

/** Of the schedules that were rejected. */
const SHOWN = 3;

/**
 * The signal that ended it early, if one did. Everything that can be wrong with the files is found before a device is
 * asked for. What was measured before an interruption or a failure of the device is written.
 */
async function measure(file: string, options: Options, ui: Ui): Promise<Interrupt | undefined> {
  const out = options.out ?? tuningPath(file);
  const earlier = await readTuning(shownPath(out));
  await requireWritableFile(out);
  const prepared = await prepare(file, options, ui);
  // Mesa keeps compiled shaders on disk: a kernel that was built before would seem to build in no time.
  process.env["MESA_SHADER_CACHE_DISABLE"] ??= "true";
  const adapter = await findAdapter(options.adapter, TIMED);
  const target = targetFor(adapter);
  const job = prepared(target);

  const opened = await openTimed(ui, options);
  try {
    const own = { ...targets[target], batch: job.batch };
    const more = adapter.features.has("subgroups") && !own.quads ? [{ ...octets, batch: job.batch }] : [];
    const book = new Book({ job, target, adapter, earlier, path: out });
    const { whole, signal } = await measured(book, job, [own, ...more], opened, options, ui);
    const nothing = signal !== undefined && book.found.length === 0;
    if (!nothing) await book.write();
    const report = tuneReport({
      model: job.compilation.program.name,
      batch: job.batch,
      ...(job.compilation.program.sizes && { sizes: job.compilation.program.sizes }),
      training: job.training ?? null,
      adapter: opened.name,
      clock: opened.clock.kind,
      found: book.found,
      all: book.all,
      runs: own.runs,
      whole: whole ?? null,
      dropped: book.dropped,
      file: shownPath(out),
    });
    if (nothing) ui.note("interrupted before anything was measured; nothing has changed");
    else print(report, options, ui);
    return signal;
  } finally {
    opened.close();
  }
}

const millisecondsOf = ({ budget, train }: Options): number => 1000 * (budget ?? (train ? 180 : 60));

/** Throws `UserError` for whatever is wrong with the model, the flags and the files. */
async function prepare(file: string, options: Options, ui: Ui): Promise<Prepared> {
  const { seed, weights, train, batch } = options;
  if (!train) requireTrain(options, OF_TRAINING);
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  if (!train) return inferenceJob(graph, { batch: batch ?? 1, seed, weights, own, note: ui.note });
  return trainingJob(graph, { ...options, own, patience: millisecondsOf(options) / 2, note: ui.note });
}

interface Outcome {
  /** Undefined where it was interrupted. */
  readonly whole: Whole | undefined;
  readonly signal: Interrupt | undefined;
}

/** Fills the book, and measures the whole. Where the device fails, what is in the book is written. */
async function measured(
  book: Book,
  job: Job,
  targets: readonly [Target, ...Target[]],
  place: Place,
  options: Options,
  ui: Ui,
): Promise<Outcome> {
  const text = "{layers}  {eta_formatted}";
  const { quiet = false } = options;
  const bar = startBar({ total: book.all, text, quiet, about: { layers: "" } });
  const stop = new AbortController();
  let signal: Interrupt | undefined;
  const off = onInterrupt((name) => {
    signal = name;
    bar.stop();
    ui.note("writing what was measured; once more stops at once");
    stop.abort();
  });
  try {
    const work = async (): Promise<Whole> => {
      const bench = await job.open(place);
      await search({
        bench,
        compilation: job.compilation,
        targets,
        batch: job.batch,
        budget: millisecondsOf(options),
        onProgress: (done, layers) => bar.update(done, { layers }),
        onFound: (found) => book.found.push(found),
      }).finally(() => bench.close());
      bar.stop();
      return job.compare(schedulesOf(book.entry), place);
    };
    // A driver that is busy building is not waited for.
    const whole = await unlessStopped(work(), stop.signal);
    return { whole, signal };
  } catch (error) {
    if (book.found.length > 0 && !(error instanceof InternalError)) {
      await book.write();
      ui.note(
        `what was measured of ${book.found.length} of ${book.all} ${plural(book.all, "kernel")} is written`,
      );
    }
    throw error;
  } finally {
    bar.stop();
    off();
  }
}

function print(report: TuneReport, options: Options, ui: Ui): void {
  if (options.format === "json") printJson(ui, report);
  else ui.out(tuneText(report, ui));
  for (const { layers, why, schedule } of report.rejected.slice(0, SHOWN))
    ui.note(`rejected for ${layers}: ${why} (${JSON.stringify(schedule)}); please report this bug of Weft's`);
  if (report.rejected.length > SHOWN)
    ui.note(`and ${report.rejected.length - SHOWN} more: --format json lists them`);
}
