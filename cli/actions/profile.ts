/** What `weft profile` does. */

import type { Precision } from "../../compiler/compile.ts";
import { plural } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { checkWeights } from "../../contract/weights.ts";
import { initialise } from "../../runtime/index.ts";
import {
  type AdapterChoice,
  clockOf,
  measurePeaks,
  profileProgram,
  requestDevice,
  wallClock,
} from "../../runtime/node/index.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { shownPath } from "../files.ts";
import { flameSvg } from "../output/flame.ts";
import { profileText } from "../output/profile.ts";
import { profileOf } from "../profile/profile.ts";
import { traceText } from "../profile/trace.ts";
import { workOf } from "../profile/work.ts";
import { compileHere } from "../tuning/use.ts";
import { readWeights } from "../weights.ts";
import { requireWritableFile, writeFiles } from "../write.ts";

export interface ProfileOptions extends CommonOptions {
  readonly batch: number;
  readonly runs: number;
  readonly warmup: number;
  readonly wall?: boolean;
  readonly weights?: string;
  readonly seed: number;
  readonly adapter?: AdapterChoice;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly svg?: string;
  readonly trace?: string;
}

/** Dawn rounds timestamps to 0.1 ms unless told otherwise: longer than many a kernel. */
const FLAGS = ["disable-dawn-features=timestamp_quantization"];

/** Everything that can be wrong with the files is found before a device is asked for. */
export async function profile(file: string, options: ProfileOptions): Promise<void> {
  const ui = uiOf(options);
  const { batch, runs, warmup, seed } = options;
  for (const path of [options.svg, options.trace]) if (path !== undefined) await requireWritableFile(path);
  const { graph } = await loadModel(file);
  const compilation = await compileHere(graph, file, { ...options, typicalBatch: batch }, ui);
  const { program } = compilation;
  const work = workOf(compilation, batch);
  const values =
    options.weights === undefined
      ? program.params.map((param) => initialise(param, seed))
      : checkWeights(program.params, await readWeights(options.weights, program));

  const { device, adapter, note } = await requestDevice({
    ...(options.adapter ? { adapter: options.adapter } : {}),
    features: options.wall ? [] : ["timestamp-query"],
    flags: FLAGS,
  });
  try {
    if (note) ui.note(note);
    const clock = options.wall ? wallClock(device) : clockOf(device);
    if (!options.wall && clock.kind === "wall")
      ui.note("the adapter has no timestamp-query: times are those of the wall clock");
    ui.detail("measuring what the adapter can do at most");
    const peaks = await measurePeaks(device, clock);
    ui.detail(
      `measuring ${program.dispatches.length} ${plural(program.dispatches.length, "dispatch", "dispatches")}, ${warmup} + ${runs} times`,
    );
    const measured = await profileProgram(program, { device, clock, values, batch, warmup, runs });
    const result = profileOf({
      model: program.name,
      batch,
      adapter: adapter.software ? `${adapter.name} (on the CPU)` : adapter.name,
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
    device.destroy();
  }
}
