/** What a model is compiled for on this machine: the target, and what `weft tune` measured here. */

import type { Compilation, CompileOptions, Precision } from "../../compiler/compile.ts";
import { compile } from "../../compiler/compile.ts";
import { isTarget, readTuning, sharedFor, tuningFor, tuningPath } from "../../compiler/emit/tuning.ts";
import { schedulesOf } from "../../compiler/emit/variants.ts";
import { plural, UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { targetFor, targets } from "../../compiler/strategies/target.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import type { AdapterTuning } from "../../contract/tuning.ts";
import { describe, findAdapter } from "../../runtime/node/device.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { shownPath } from "../files.ts";
import type { Ui } from "../ui.ts";

export interface HereOptions {
  /** Whether it runs in WebAssembly: the adapter, and what was measured on it, are nothing to it then. */
  readonly wasm?: boolean;
  readonly adapter?: AdapterChoice | undefined;
  /** False: what was measured is not used. */
  readonly tune?: boolean | undefined;
  /** Default "f32". What was measured is for f32. */
  readonly precision?: Precision | undefined;
  /** What weights are quantised to. */
  readonly quantise?: QuantisedType | undefined;
  /** The batch size of the run, where it is known. */
  readonly typicalBatch?: number | undefined;
  /** The optimiser of the steps that are taken. Absent: the model is run. */
  readonly training?: AdapterTuning["training"];
}

export interface Here {
  readonly options: Pick<CompileOptions, "precision" | "quantise" | "target" | "tuning">;
  /** For this use; undefined where there is none, though other uses may have kernels for this one. */
  readonly measured?: AdapterTuning;
  readonly path: string;
}

/** For the adapter that `openDevice` will take, or for WebAssembly. Where there is none, opening it says so. Throws `UserError` for a damaged file. */
export async function here(file: string, options: HereOptions, ui: Ui): Promise<Here> {
  const {
    wasm = false,
    adapter,
    tune = true,
    precision = "f32",
    quantise,
    typicalBatch = targets.portable.batch,
    training,
  } = options;
  const path = tuningPath(file);
  const stored = { precision, ...(quantise && { quantise }) };
  if (wasm) return { options: { target: "wasm", ...stored }, path };
  const tuning = tune && precision === "f32" && !quantise ? await readTuning(shownPath(path)) : undefined;
  const found = await findAdapter(adapter).catch(() => undefined);
  if (!found) return { options: { target: "portable", ...stored }, path };
  if (precision === "f16" && !found.features.has("shader-f16"))
    throw new UserError({
      problem: `${describe(found).name} cannot run a model in f16`,
      rule: '--precision f16 needs an adapter with the feature "shader-f16"; weft doctor lists what this one has',
      fix: "leave out --precision f16, or choose another --adapter",
    });
  const measured = tuning && tuningFor(tuning, found, typicalBatch, training);
  const usable = tuning && sharedFor(tuning, found, typicalBatch, training);
  const target = usable && isTarget(usable.target) ? usable.target : targetFor(found);
  if (tuning && !measured)
    ui.detail(
      `${shownPath(path)} has nothing measured on this adapter ${training ? `in training with ${training}, ` : ""}with batches of about ${typicalBatch}: ${commandFor(training)} measures it`,
    );
  return {
    options: { target, ...stored, ...(usable && { tuning: schedulesOf(usable) }) },
    ...(measured && { measured }),
    path,
  };
}

/** `weft tune --train --optimizer adam` */
function commandFor(training: HereOptions["training"]): string {
  if (!training) return "weft tune";
  return `weft tune --train${training === "sgd" ? "" : ` --optimizer ${training}`}`;
}

/** Compiles for this machine. Notes which tuned kernels the model has no more. */
export async function compileHere(
  graph: Graph,
  file: string,
  options: HereOptions,
  ui: Ui,
): Promise<Compilation> {
  const found = await here(file, options, ui);
  const { typicalBatch } = options;
  const compilation = compile(graph, {
    ...found.options,
    ...(typicalBatch !== undefined && { typicalBatch }),
  });
  noteStale(compilation.tuned, found, ui);
  return compilation;
}

/** `tuned`: the keys that fitted a kernel. */
export function noteStale(tuned: ReadonlySet<string>, { measured, path }: Here, ui: Ui): void {
  if (!measured) return;
  const { kernels, batch, training } = measured;
  const stale = Object.entries(kernels).filter(([key]) => !tuned.has(key));
  if (tuned.size > 0)
    ui.detail(
      `${tuned.size} ${plural(tuned.size, "kernel")} as tuned for batches of ${batch} in ${shownPath(path)}`,
    );
  if (stale.length === 0) return;
  const names = stale.map(([, { layers }]) => layers).join(", ");
  const where = training ? "this training" : "this model";
  ui.note(
    `${shownPath(path)}: not in ${where}, or not of this shape: ${names}; ${commandFor(training)} measures anew`,
  );
}
