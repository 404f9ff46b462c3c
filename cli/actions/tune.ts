/** What `weft tune` does. */
import { type Compilation, compile } from "../../compiler/compile.ts";
import {
  adapterKey,
  merged,
  readTuning,
  tuningFor,
  tuningPath,
  tuningText,
} from "../../compiler/emit/tuning.ts";
import { schedulesOf } from "../../compiler/emit/variants.ts";
import { InternalError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { AdapterTuning } from "../../compiler/ir/tuning.ts";
import { octets, targetFor, targets } from "../../compiler/passes/target.ts";
import { initialise } from "../../runtime/index.ts";
import { findAdapter } from "../../runtime/node/device.ts";
import {
  type AdapterChoice,
  type Clock,
  clockOf,
  requestDevice,
  wallClock,
} from "../../runtime/node/index.ts";
import type { TensorData } from "../../runtime/tensor.ts";
import { checkWeights } from "../../runtime/weights.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { shownPath } from "../files.ts";
import { type TuneReport, tuneReport, tuneText } from "../output/tuned.ts";
import { startBar } from "../progress.ts";
import { Bench } from "../tuning/bench.ts";
import { deviation, search, subjectsOf, tunedKernels } from "../tuning/search.ts";
import { readWeights } from "../weights.ts";
import { requireWritableFile, writeFiles } from "../write.ts";

export interface TuneOptions extends CommonOptions {
  readonly batch: number;
  /** Seconds. */
  readonly budget: number;
  readonly out?: string;
  readonly weights?: string;
  readonly seed: number;
  readonly wall?: boolean;
  readonly adapter?: AdapterChoice;
}

/** Dawn rounds timestamps to 0.1 ms unless told otherwise: longer than many a kernel. */
const FLAGS = ["disable-dawn-features=timestamp_quantization"];
const ROUNDS = 7;
/** Of the schedules that were rejected. */
const SHOWN = 3;

/** Everything that can be wrong with the files is found before a device is asked for. */
export async function tune(file: string, options: TuneOptions): Promise<void> {
  const ui = uiOf(options);
  const { batch, seed, budget, quiet = false } = options;
  const out = options.out ?? tuningPath(file);
  const earlier = await readTuning(shownPath(out));
  await requireWritableFile(out);
  const { graph } = await loadModel(file);
  const checked = compile(graph).program;
  const given = options.weights === undefined ? undefined : await readWeights(options.weights, checked);
  // Mesa keeps compiled shaders on disk: a kernel that was built before would seem to build in no time.
  process.env["MESA_SHADER_CACHE_DISABLE"] ??= "true";
  const adapter = await findAdapter(options.adapter, FLAGS);
  const target = targetFor(adapter);
  const compilation = compile(graph, { target, typicalBatch: batch });
  const { program } = compilation;
  const values = given
    ? checkWeights(program.params, given)
    : program.params.map((param) => initialise(param, seed));

  const opened = await requestDevice({
    ...(options.adapter ? { adapter: options.adapter } : {}),
    features: options.wall ? [] : ["timestamp-query"],
    flags: FLAGS,
  });
  const { device } = opened;
  try {
    if (opened.note) ui.note(opened.note);
    const clock = options.wall ? wallClock(device) : clockOf(device);
    if (!options.wall && clock.kind === "wall")
      ui.note("the adapter has no timestamp-query: times are those of the wall clock");
    const bench = await new Bench(device, program, clock, batch).open(values);
    const kernels = subjectsOf(compilation).length;
    const bar = startBar({
      total: kernels,
      text: "{layers}  {eta_formatted}",
      quiet,
      about: { layers: "" },
    });
    const more = adapter.features.has("subgroups") && !targets[target].quads ? [{ ...octets, batch }] : [];
    const found = await search({
      bench,
      compilation,
      targets: [{ ...targets[target], batch }, ...more],
      batch,
      budget: budget * 1000,
      onProgress: (done, layers) => bar.update(done, { layers }),
    }).finally(() => {
      bar.stop();
      bench.close();
    });
    const measured: AdapterTuning = {
      ...adapterKey(adapter),
      target,
      batch,
      kernels: tunedKernels(found),
    };
    const tuned = compile(graph, { target, typicalBatch: batch, tuning: schedulesOf(measured) });
    const whole = await compared([compilation, tuned], { device, clock, values, batch });
    await writeFiles([[out, tuningText(merged(earlier, measured))]]);
    const before = earlier && tuningFor(earlier, adapter, batch);
    const replaced = before?.batch === batch ? before.kernels : {};
    const kept = new Set(found.map((f) => f.subject.key));
    const report: TuneReport = tuneReport({
      model: program.name,
      batch,
      adapter: opened.adapter.software ? `${opened.adapter.name} (on the CPU)` : opened.adapter.name,
      clock: clock.kind,
      found,
      whole,
      file: shownPath(out),
      dropped: Object.entries(replaced).flatMap(([key, { layers }]) => (kept.has(key) ? [] : [layers])),
    });
    if (options.format === "json") printJson(ui, report);
    else ui.out(tuneText(report, ui));
    for (const { layers, why, schedule } of report.rejected.slice(0, SHOWN))
      ui.note(
        `rejected for ${layers}: ${why} (${JSON.stringify(schedule)}); please report this bug of Weft's`,
      );
    if (report.rejected.length > SHOWN)
      ui.note(`and ${report.rejected.length - SHOWN} more: --format json lists them`);
  } finally {
    device.destroy();
  }
}

/** Milliseconds of whole runs in one submit: the compiler's own choice, and as tuned. */
export interface Whole {
  readonly default: number;
  readonly tuned: number;
}

interface Setting {
  readonly device: GPUDevice;
  readonly clock: Clock;
  readonly values: readonly TensorData[];
  readonly batch: number;
}

/** Runs both in turns. Throws `InternalError` where their outputs differ beyond rounding. */
async function compared(
  [plain, tuned]: readonly [Compilation, Compilation],
  { device, clock, values, batch }: Setting,
): Promise<Whole> {
  const benches: Bench[] = [];
  try {
    for (const { program } of [plain, tuned])
      benches.push(await new Bench(device, program, clock, batch).open(values));
    const times: number[][] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const row: number[] = [];
      for (const bench of benches) row.push(await bench.run(bench.dispatches));
      if (round >= 0) times.push(row);
    }
    const [expected, got] = [await benches[0]?.outputs(), await benches[1]?.outputs()];
    for (const [name, want] of expected ?? []) {
      const off = deviation(got?.get(name) ?? new Float32Array(), want, WHOLE_MODEL);
      if (off) throw new InternalError(`tuning changes the output ${name}: ${off}`);
    }
    const median = (i: number): number =>
      times.map((row) => row[i] ?? 0).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
    return { default: median(0), tuned: median(1) };
  } finally {
    for (const bench of benches) bench.close();
  }
}

/** Rounding adds up from layer to layer: a whole model is held to 1e-3 of its largest output. */
const WHOLE_MODEL = (1e-3 / (16 * 2 ** -24)) ** 2;
