/** A model file to what `weft compile` shows and writes: loaded, compiled, held against golden files, emitted. */
import { join } from "node:path";
import { type Compilation, compile, type Precision } from "../../compiler/compile.ts";
import type { EmitOptions, Emitted } from "../../compiler/emit/index.ts";
import type { VariantName } from "../../compiler/emit/variants.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Dims } from "../../compiler/onnx/index.ts";
import { MOST_BAKED } from "../../compiler/passes/bake.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import type { TrainingOptions } from "../../compiler/train/index.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import type { Training } from "../../contract/training.ts";
import { type Weights, writeSafetensors } from "../../contract/weights.ts";
import { classifierOf } from "../classifier.ts";
import { shownPath } from "../files.ts";
import { loadModel } from "../model.ts";
import { remarksIn } from "../output/compiled.ts";
import { noteRemarks } from "../output/remarks.ts";
import type { Ui } from "../ui.ts";
import { readWeights } from "../weights.ts";
import { writeFiles } from "../write.ts";

/** What is asked for, its flags checked. */
export interface Request {
  readonly out?: string;
  readonly golden?: string;
  readonly update?: boolean;
  readonly batch?: number;
  readonly target: TargetName;
  /** Whether the same for WebAssembly is put beside it. */
  readonly wasm: boolean;
  readonly precision: Precision;
  readonly quantise?: QuantisedType;
  readonly variants: readonly VariantName[];
  /** Sizes that an ONNX file leaves open. */
  readonly dim?: Dims;
  /** What the variant "baked" is made of. */
  readonly weights?: string;
  /** How steps are made, where a training step is compiled too. */
  readonly training: TrainingOptions | undefined;
}

export interface Built {
  readonly compilation: Compilation;
  readonly training: Training | undefined;
  /** What `--out` wrote. */
  readonly emitted: Emitted | undefined;
  /** The compilation whose stages are shown: of the training step with `--train`. */
  readonly shown: () => Compilation;
  /** The model file and the user's files that it imports, by absolute path. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Throws `UserError`: the model, the folder, or a difference to the golden files. */
export async function build(
  file: string,
  request: Request,
  ui: Ui,
  onRead: (file: string) => void = () => {},
): Promise<Built> {
  const { target, wasm, precision, quantise, batch, training: how, golden, out, dim: dims } = request;
  const start = performance.now();
  const { graph, sources, weights } = await loadModel(file, { onRead, dims });
  const loaded = performance.now();
  ui.detail(`read ${[...sources.keys()].map(shownPath).join(", ")} in ${Math.round(loaded - start)} ms`);
  if (how) classifierOf(graph);
  const compilation = compile(graph, {
    target,
    precision,
    ...(wasm && { wasm }),
    ...(quantise && { quantise }),
    ...(batch !== undefined && { batch }),
  });
  ui.detail(`compiled for the target ${target} in ${Math.round(performance.now() - loaded)} ms`);
  const training = how && (await import("../../compiler/emit/training.ts")).pageTraining(graph, how);
  noteRemarks(remarksIn({ compilation, training }), ui);
  if (golden !== undefined) await holdAgainst(golden, compilation, training, request, file, ui);
  const emitted =
    out === undefined
      ? undefined
      : await (await import("../../compiler/emit/index.ts")).emit(compilation, out, {
          ...(training && { training }),
          ...(await variants(graph, compilation, file, request, ui)),
        });
  if (emitted && weights) await putWeights(emitted, compilation.program.name, weights, ui);
  return { compilation, training, emitted, shown: () => (how ? stepOf(graph, how) : compilation), sources };
}

/** The weights that an ONNX file holds, beside what loads them. */
async function putWeights({ folder }: Emitted, model: string, weights: Weights, ui: Ui): Promise<void> {
  const { fileName } = await import("../../compiler/emit/names.ts");
  const path = join(folder, `${fileName(model)}.safetensors`);
  await writeFiles([[path, writeSafetensors(weights)]]);
  ui.note(`its weights are in ${shownPath(path)}`);
}

/** Nothing where none are asked for. */
async function variants(
  graph: Graph,
  { program }: Compilation,
  file: string,
  { variants: names, batch, weights: path }: Request,
  ui: Ui,
): Promise<Pick<EmitOptions, "variants">> {
  if (names.length === 0) return {};
  const { variantsOf } = await import("../../compiler/emit/variants.ts");
  const { readTuning, tuningPath } = await import("../../compiler/emit/tuning.ts");
  const tuning = names.includes("tuned") ? await readTuning(shownPath(tuningPath(file))) : undefined;
  const how = batch === undefined ? {} : { batch };
  const weights = path === undefined ? undefined : await readWeights(path, program, ui.note);
  const all = variantsOf(graph, program, names, how, tuning, weights);
  if (weights && !all.some((v) => v.program.baked))
    ui.note(
      `no weight of ${program.name} is baked: those of at most ${MOST_BAKED} numbers are, where it pays to write a kernel's sums out whole`,
    );
  return { variants: all };
}

/** The compilation of a step, for what it has to show. */
function stepOf(graph: Graph, how: TrainingOptions): Compilation {
  return compile(trainingStep(graph, how), how.target ? { target: how.target } : {});
}

/** @throws UserError with a diff where the output is not what the folder holds */
async function holdAgainst(
  folder: string,
  compilation: Compilation,
  training: Training | undefined,
  { update = false }: Request,
  file: string,
  ui: Ui,
): Promise<void> {
  const { checkGolden } = await import("../../compiler/emit/index.ts");
  const result = await checkGolden(compilation, folder, { update, ...(training && { training }) });
  if (!result.ok) {
    const first = result.changed.length + result.stale.length === 0 && result.report.split("\n").length === 1;
    const name = compilation.program.name;
    throw new UserError({
      problem: first
        ? result.report
        : `${name} no longer compiles to what ${folder} holds\n\n${result.report}\n`,
      fix: `weft compile ${file}${training ? " --train" : ""} --golden ${folder} --update ${first ? "writes them" : "accepts it as it is"}`,
    });
  }
  if (!result.updated) ui.note(`${folder}: nothing has changed`);
  else ui.note(`${result.report}\n${folder}: updated`);
}
