/** What `weft tune` does. */
import { readTuning, tuningPath } from "../../compiler/emit/tuning.ts";
import { schedulesOf } from "../../compiler/emit/variants.ts";
import { InternalError, plural, UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { octets, type Target, targetFor, targets } from "../../compiler/passes/target.ts";
import { findAdapter } from "../../runtime/node/device.ts";
import {
  type AdapterChoice,
  type Clock,
  clockOf,
  requestDevice,
  wallClock,
} from "../../runtime/node/index.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { shownPath } from "../files.ts";
import { type TuneReport, tuneReport, tuneText } from "../output/tuned.ts";
import { startBar } from "../progress.ts";
import { type Interrupt, onInterrupt } from "../signals.ts";
import { type Given, OPTIMIZER } from "../training/settings.ts";
import { Book } from "../tuning/book.ts";
import { inferenceJob } from "../tuning/inference.ts";
import type { Job, Place, Prepared, Whole } from "../tuning/job.ts";
import { unlessStopped } from "../tuning/patience.ts";
import { search } from "../tuning/search.ts";
import { trainingJob } from "../tuning/training.ts";
import type { Ui } from "../ui.ts";
import { requireWritableFile } from "../write.ts";

/** What goes with `--train` alone. */
const OF_TRAINING = ["data", "dataDir", "limit", ...OPTIMIZER] as const;

export interface TuneOptions
  extends CommonOptions,
    Pick<Given, Exclude<(typeof OF_TRAINING)[number], "dataDir">> {
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

/** Dawn rounds timestamps to 0.1 ms unless told otherwise: longer than many a kernel. */
const FLAGS = ["disable-dawn-features=timestamp_quantization"];
/** Of the schedules that were rejected. */
const SHOWN = 3;

/**
 * The signal that ended it early, if one did. Everything that can be wrong with the files is found before a device is
 * asked for. What was measured before an interruption or a failure of the device is written.
 */
export async function tune(file: string, options: TuneOptions): Promise<Interrupt | undefined> {
  const ui = uiOf(options);
  const out = options.out ?? tuningPath(file);
  const earlier = await readTuning(shownPath(out));
  await requireWritableFile(out);
  const prepared = await prepare(file, options);
  // Mesa keeps compiled shaders on disk: a kernel that was built before would seem to build in no time.
  process.env["MESA_SHADER_CACHE_DISABLE"] ??= "true";
  const adapter = await findAdapter(options.adapter, FLAGS);
  const target = targetFor(adapter);
  const job = prepared(target);

  const opened = await requestDevice({
    ...(options.adapter ? { adapter: options.adapter } : {}),
    features: options.wall ? [] : ["timestamp-query"],
    flags: FLAGS,
  });
  const { device } = opened;
  try {
    if (opened.note) ui.note(opened.note);
    const clock = clockFor(device, options, ui);
    const own = { ...targets[target], batch: job.batch };
    const more = adapter.features.has("subgroups") && !own.quads ? [{ ...octets, batch: job.batch }] : [];
    const book = new Book({ job, target, adapter, earlier, path: out });
    const { whole, signal } = await measured(book, job, [own, ...more], { device, clock }, options, ui);
    const nothing = signal !== undefined && book.found.length === 0;
    if (!nothing) await book.write();
    const report = tuneReport({
      model: job.compilation.program.name,
      batch: job.batch,
      training: job.training ?? null,
      adapter: opened.adapter.software ? `${opened.adapter.name} (on the CPU)` : opened.adapter.name,
      clock: clock.kind,
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
    device.destroy();
  }
}

const millisecondsOf = ({ budget, train }: TuneOptions): number => 1000 * (budget ?? (train ? 180 : 60));

/** Throws `UserError` for whatever is wrong with the model, the flags and the files. */
async function prepare(file: string, options: TuneOptions): Promise<Prepared> {
  const { seed, weights, train, batch } = options;
  const first = OF_TRAINING.find((key) => options[key] !== undefined);
  if (!train && first !== undefined) {
    const flag = `--${first.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    throw new UserError({ problem: `${flag} goes with --train`, fix: `add --train, or leave out ${flag}` });
  }
  const { graph } = await loadModel(file);
  if (!train) return inferenceJob(graph, { batch: batch ?? 1, seed, weights });
  return trainingJob(graph, { ...options, patience: millisecondsOf(options) / 2 });
}

function clockFor(device: GPUDevice, { wall }: TuneOptions, ui: Ui): Clock {
  if (wall) return wallClock(device);
  const clock = clockOf(device);
  if (clock.kind === "wall") ui.note("the adapter has no timestamp-query: times are those of the wall clock");
  return clock;
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
  options: TuneOptions,
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

function print(report: TuneReport, options: TuneOptions, ui: Ui): void {
  if (options.format === "json") printJson(ui, report);
  else ui.out(tuneText(report, ui));
  for (const { layers, why, schedule } of report.rejected.slice(0, SHOWN))
    ui.note(`rejected for ${layers}: ${why} (${JSON.stringify(schedule)}); please report this bug of Weft's`);
  if (report.rejected.length > SHOWN)
    ui.note(`and ${report.rejected.length - SHOWN} more: --format json lists them`);
}
