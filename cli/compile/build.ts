/** A model file to what `weft compile` shows and writes: loaded, compiled, held against golden files, emitted. */
import { type Compilation, compile, type Precision } from "../../compiler/compile.ts";
import type { EmitOptions, Emitted } from "../../compiler/emit/index.ts";
import { VARIANTS, type VariantName } from "../../compiler/emit/variants.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { MOST_BAKED } from "../../compiler/passes/bake.ts";
import type { TargetName } from "../../compiler/passes/target.ts";
import type { TrainingOptions } from "../../compiler/train/index.ts";
import { trainingStep } from "../../compiler/train/step.ts";
import type { Training } from "../../contract/training.ts";
import { classifierOf } from "../classifier.ts";
import type { CommonOptions, Stage } from "../common.ts";
import { shownPath } from "../files.ts";
import { remarksIn } from "../output/compiled.ts";
import { noteRemarks } from "../output/remarks.ts";
import { clipOf, type Given, OPTIMIZER, optimizerOf, settle } from "../training/settings.ts";
import type { Ui } from "../ui.ts";
import { readWeights } from "../weights.ts";

export interface CompileOptions extends CommonOptions, Pick<Given, (typeof OPTIMIZER)[number]> {
  readonly out?: string;
  readonly golden?: string;
  readonly update?: boolean;
  readonly show?: Stage;
  readonly batch?: number;
  readonly train?: boolean;
  readonly target: TargetName;
  readonly precision: Precision;
  /** Names with commas between them. */
  readonly variants?: string;
  /** What the variant "baked" is made of. */
  readonly weights?: string;
  readonly watch?: boolean;
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

/** Throws `UserError` where the flags do not go together; before any file is read. */
export function checkFlags(options: CompileOptions): void {
  if (options.update && options.golden === undefined)
    throw new UserError({ problem: "--update goes with --golden", fix: "add --golden DIR" });
  if (options.update && options.watch)
    throw new UserError({
      problem: "--update does not go with --watch",
      rule: "golden files are accepted after a look at what has changed",
      fix: "leave out --update",
    });
  trainingOptions(options);
  variantNames(options);
}

/** Throws `UserError` for a name that is none, and where the programs would go nowhere. */
function variantNames({ variants, weights, out, target, precision }: CompileOptions): readonly VariantName[] {
  const names = variants?.split(",").map((name) => name.trim()) ?? [];
  const known = (name: string): name is VariantName => VARIANTS.some((v) => v === name);
  const wrong = names.find((name) => !known(name));
  if (wrong !== undefined)
    throw new UserError({
      problem: `--variants: "${wrong}" is none`,
      rule: `${VARIANTS.join(", ")}; what runs everywhere is always there`,
      fix: `--variants ${VARIANTS.join(",")}`,
    });
  if (names.length > 0 && out === undefined)
    throw new UserError({ problem: "--variants goes with --out", fix: "add --out DIR" });
  if (names.length > 0 && precision !== "f32")
    throw new UserError({
      problem: "--variants does not go with --precision f16",
      rule: "with variants the device chooses",
      fix: "--variants f16: for devices that have it, and f32 for others",
    });
  if (names.length > 0 && target !== "portable")
    throw new UserError({
      problem: `--variants does not go with --target ${target}`,
      rule: "with variants the device chooses, and the portable program is what every other one gets",
      fix: "leave out --target",
    });
  const baked = names.includes("baked");
  if (baked && weights === undefined)
    throw new UserError({
      problem: "--variants baked needs weights",
      rule: "it has numbers of theirs in the WGSL, for whoever loads the same weights",
      fix: "add --weights FILE, a safetensors file of this model",
    });
  if (!baked && weights !== undefined)
    throw new UserError({
      problem: "--weights goes with --variants baked",
      rule: "other programs take any weights when they are loaded",
      fix: "add --variants baked, or leave out --weights",
    });
  return names.filter(known);
}

/** Throws `UserError`: the model, the folder, or a difference to the golden files. */
export async function build(
  file: string,
  options: CompileOptions,
  ui: Ui,
  onRead: (file: string) => void = () => {},
): Promise<Built> {
  const how = trainingOptions(options);
  const start = performance.now();
  const { graph, sources } = await loadModel(file, { onRead });
  const loaded = performance.now();
  ui.detail(`read ${[...sources.keys()].map(shownPath).join(", ")} in ${Math.round(loaded - start)} ms`);
  if (how) classifierOf(graph);
  const { target } = options;
  const compilation = compile(graph, {
    target,
    precision: options.precision,
    ...(options.batch !== undefined && { batch: options.batch }),
  });
  ui.detail(`compiled for the target ${target} in ${Math.round(performance.now() - loaded)} ms`);
  const training = how && (await import("../../compiler/emit/training.ts")).pageTraining(graph, how);
  noteRemarks(remarksIn({ compilation, training }), ui);
  if (options.golden !== undefined) await golden(compilation, training, options.golden, options, file, ui);
  const emitted =
    options.out === undefined
      ? undefined
      : await (await import("../../compiler/emit/index.ts")).emit(compilation, options.out, {
          ...(training && { training }),
          ...(await variants(graph, compilation, file, options, ui)),
        });
  return { compilation, training, emitted, shown: () => (how ? stepOf(graph, how) : compilation), sources };
}

/** Nothing where none are asked for. */
async function variants(
  graph: Graph,
  { program }: Compilation,
  file: string,
  options: CompileOptions,
  ui: Ui,
): Promise<Pick<EmitOptions, "variants">> {
  const names = variantNames(options);
  if (names.length === 0) return {};
  const { variantsOf } = await import("../../compiler/emit/variants.ts");
  const { readTuning, tuningPath } = await import("../../compiler/emit/tuning.ts");
  const tuning = names.includes("tuned") ? await readTuning(shownPath(tuningPath(file))) : undefined;
  const how = options.batch === undefined ? {} : { batch: options.batch };
  const weights = options.weights === undefined ? undefined : await readWeights(options.weights, program);
  const all = variantsOf(graph, program, names, how, tuning, weights);
  if (weights && !all.some((v) => v.program.baked))
    ui.note(
      `no weight of ${program.name} is baked: those of at most ${MOST_BAKED} numbers are, where it pays to write a kernel's sums out whole`,
    );
  return { variants: all };
}

/** @throws UserError where flags of a training are given without `--train` */
function trainingOptions(options: CompileOptions): TrainingOptions | undefined {
  const given = Object.fromEntries(
    OPTIMIZER.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  );
  const [first] = Object.keys(given);
  if (options.train) {
    const settings = settle(given);
    const clip = clipOf(settings);
    return { optimizer: optimizerOf(settings), target: options.target, ...(clip && { clip }) };
  }
  if (first === undefined) return undefined;
  const flag = `--${first.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  throw new UserError({ problem: `${flag} goes with --train`, fix: `add --train, or leave out ${flag}` });
}

/** The compilation of a step, for what it has to show. */
function stepOf(graph: Graph, how: TrainingOptions): Compilation {
  return compile(trainingStep(graph, how), how.target ? { target: how.target } : {});
}

/** @throws UserError with a diff where the output is not what the folder holds */
async function golden(
  compilation: Compilation,
  training: Training | undefined,
  folder: string,
  { update = false }: CompileOptions,
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
