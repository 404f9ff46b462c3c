/** What a model is compiled for on this machine: the target, and what `weft tune` measured here. */
import type { Compilation, CompileOptions, Precision } from "../../compiler/compile.ts";
import { compile } from "../../compiler/compile.ts";
import { isTarget, readTuning, tuningFor, tuningPath } from "../../compiler/emit/tuning.ts";
import { schedulesOf } from "../../compiler/emit/variants.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { AdapterTuning } from "../../compiler/ir/tuning.ts";
import { targetFor, targets } from "../../compiler/passes/target.ts";
import { describe, findAdapter } from "../../runtime/node/device.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { shownPath } from "../files.ts";
import type { Ui } from "../ui.ts";

export interface HereOptions {
  readonly adapter?: AdapterChoice | undefined;
  /** False: what was measured is not used. */
  readonly tune?: boolean | undefined;
  /** Default "f32". What was measured is for f32. */
  readonly precision?: Precision | undefined;
  /** The batch size of the run, where it is known. */
  readonly typicalBatch?: number | undefined;
}

export interface Here {
  readonly options: Pick<CompileOptions, "precision" | "target" | "tuning">;
  readonly measured?: AdapterTuning;
  readonly path: string;
}

/** For the adapter that `openDevice` will take. Where there is none, opening it says so. Throws `UserError` for a damaged file. */
export async function here(file: string, options: HereOptions, ui: Ui): Promise<Here> {
  const { adapter, tune = true, precision = "f32", typicalBatch = targets.portable.batch } = options;
  const path = tuningPath(file);
  const tuning = tune && precision === "f32" ? await readTuning(shownPath(path)) : undefined;
  const found = await findAdapter(adapter).catch(() => undefined);
  if (!found) return { options: { target: "portable", precision }, path };
  if (precision === "f16" && !found.features.has("shader-f16"))
    throw new UserError({
      problem: `${describe(found).name} cannot run a model in f16`,
      rule: '--precision f16 needs an adapter with the feature "shader-f16"; weft doctor lists what this one has',
      fix: "leave out --precision f16, or choose another --adapter",
    });
  const measured = tuning && tuningFor(tuning, found, typicalBatch);
  const target = measured && isTarget(measured.target) ? measured.target : targetFor(found);
  if (tuning && !measured)
    ui.detail(
      `${shownPath(path)} was measured on other adapters, or with other batches: weft tune measures this one`,
    );
  if (!measured) return { options: { target, precision }, path };
  return { options: { target, tuning: schedulesOf(measured) }, measured, path };
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
  noteStale(compilation, found, ui);
  return compilation;
}

function noteStale({ tuned }: Compilation, { measured, path }: Here, ui: Ui): void {
  if (!measured) return;
  const stale = Object.entries(measured.kernels).filter(([key]) => !tuned.has(key));
  if (tuned.size > 0)
    ui.detail(`${tuned.size} kernels as tuned for batches of ${measured.batch} in ${shownPath(path)}`);
  if (stale.length === 0) return;
  const names = stale.map(([, { layers }]) => layers).join(", ");
  ui.note(`${shownPath(path)}: not in this model, or not of this shape: ${names}; weft tune measures anew`);
}
