/** What a page trains with: the step, what measures, and the trainer, in one module with its types. */
import type { Training } from "../../contract/training.ts";
import type { Graph } from "../ir/graph.ts";
import { compileTraining, type TrainingOptions } from "../train/index.ts";
import { type BundleSize, bundleModule, runtimePath, sizeOfBundle } from "./bundle.ts";
import { trainingTypes } from "./declarations.ts";
import { measuringPart } from "./measure.ts";
import { fileName, fileNames, literal } from "./names.ts";
import { packPrograms } from "./pack.ts";
import { refuseSizes } from "./sizes.ts";
import type { Files } from "./write.ts";

/**
 * As `compileTraining`, with as few kernels as can be: where no layer is another one in training, the forward pass of
 * the step measures as well. Throws `UserError` where the model cannot be trained.
 */
export function pageTraining(graph: Graph, options: TrainingOptions): Training {
  const differs = graph.nodes.some((n) => n.kind === "op" && n.op.training !== undefined);
  const withFewer = (training: Training): Training => {
    const evaluate = differs ? undefined : measuringPart(training.step, training.evaluate);
    return evaluate ? { ...training, evaluate } : training;
  };
  const { wasm, ...training } = compileTraining(graph, options);
  return { ...withFewer(training), ...(wasm && { wasm: withFewer(wasm) }) };
}

/**
 * The model's training, the trainer and nothing else in one minified ES module.
 * Throws `UserError` for a model with sizes besides N.
 */
export async function bundleTraining(training: Training): Promise<string> {
  refuseSizes(training.step, "a bundle that trains");
  return bundleModule(training.name, trainingEntry(training), Boolean(training.step.module ?? training.wasm));
}

/** A module with `createTrainer(options?)`, the two readers and writers of weights, `name` and `parameters`. */
function trainingEntry({ step, evaluate, remarks: _, wasm, ...rest }: Training): string {
  const beside = wasm
    ? [
        `const [wasmStep, wasmEvaluate] = ${packPrograms([wasm.step, wasm.evaluate])};`,
        `const wasm = { ...${literal({ results: wasm.results })}, step: wasmStep, evaluate: wasmEvaluate };`,
      ]
    : [];
  return [
    `import { createTrainer as create, readSafetensors, writeSafetensors } from ${literal(runtimePath("train"))};`,
    `const [step, evaluate] = ${packPrograms([step, evaluate])};`,
    ...beside,
    `const given = ${literal(rest)};`,
    `const training = { ...given, step, evaluate${wasm ? ", wasm: { ...given, ...wasm }" : ""} };`,
    "export { readSafetensors, writeSafetensors };",
    "export const createTrainer = (options) => create(training, options);",
    "export const name = training.name;",
    `export const parameters = ${literal(shapes(evaluate))};`,
    "export default { name, parameters, createTrainer, readSafetensors, writeSafetensors };",
    "",
  ].join("\n");
}

function shapes({ params }: Training["evaluate"]): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(params.filter((p) => p.use !== "metrics").map((p) => [p.name, p.shape]));
}

/** The files of a training that go beside a model's own, the bundle among them. */
export interface TrainingFiles {
  readonly files: Files;
  readonly bundle: BundleSize;
  /** How many of the files are kernels. */
  readonly kernels: number;
  /** Of these files, those that must not replace a file of the user's. */
  readonly guarded: readonly string[];
}

/** `train-*.wgsl`, `training.json`, `<model>.train.bundle.js` and its types. */
export async function trainingFiles(training: Training): Promise<TrainingFiles> {
  const model = fileName(training.name);
  const text = await bundleTraining(training);
  const kernels = trainingKernels(training);
  const guarded = [`${model}.train.bundle.js`, `${model}.train.bundle.d.ts`] as const;
  return {
    files: new Map([
      ...kernels,
      ["training.json", `${JSON.stringify(training, null, 2)}\n`],
      [guarded[0], text],
      [guarded[1], trainingTypes(training)],
    ]),
    bundle: sizeOfBundle(text),
    kernels: kernels.size,
    guarded,
  };
}

/** The WGSL of the step and, where it is another, of what measures, by file name. */
export function trainingKernels({ step, evaluate }: Training): Files {
  const texts = new Set(step.kernels.map((k) => k.wgsl));
  const measuring = evaluate.kernels.filter((k) => !texts.has(k.wgsl));
  const files = (prefix: string, kernels: Training["step"]["kernels"]): (readonly [string, string])[] => {
    const names = fileNames(
      kernels.map((k) => k.name),
      "kernel",
    );
    return kernels.map((k, i) => [`${prefix}-${names[i]}.wgsl`, k.wgsl]);
  };
  return new Map([...files("train", step.kernels), ...files("measure", measuring)]);
}
