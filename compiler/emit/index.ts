/** Writes what a compiled model is used by: WGSL, the program, a typed module and a bundle for the web. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { AdapterTest, Program, Variant } from "../../contract/program.ts";
import type { Training } from "../../contract/training.ts";
import { validateTraining } from "../../contract/trainValidate.ts";
import type { Count } from "../../contract/type.ts";
import { validateProgram } from "../../contract/validate.ts";
import type { Compilation } from "../compile.ts";
import { must, UserError } from "../errors.ts";
import { countAt } from "../ir/type.ts";
import { pipelineCount } from "../report/kernels.ts";
import { type BundleSize, bundleProgram, sizeOfBundle } from "./bundle.ts";
import { typedModule } from "./module.ts";
import { fileName, kernelFiles, MADE_BY } from "./names.ts";
import { type TrainReport, trainReport } from "./report.ts";
import { trainingFiles, trainingKernels } from "./training.ts";
import { variantFiles, variantKernels } from "./variants.ts";
import { writeFolder } from "./write.ts";

export type { BundleSize } from "./bundle.ts";
export { checkGolden, type GoldenOptions, type GoldenResult } from "./golden.ts";
export { type TrainReport, trainReport } from "./report.ts";
export { pageTraining } from "./training.ts";

export interface EmitOptions {
  /** The batch size at which the report's memory is counted. Default 1. */
  readonly batch?: number;
  /** Written as well: what a page trains with. */
  readonly training?: Training;
  /** What the bundle chooses from, the compilation's own program the last; see `variantsOf`. */
  readonly variants?: readonly Variant[];
}

export interface Emitted {
  /** The absolute path of the folder. */
  readonly folder: string;
  /** What was written there, by name. */
  readonly files: readonly string[];
  readonly bundle: BundleSize;
  /** How many of the files are kernels of a training. */
  readonly trainingKernels: number;
  /** The bundle that trains; null without a training. */
  readonly trainBundle: BundleSize | null;
  /** What the bundle chooses from; empty where it holds one program. */
  readonly variants: readonly VariantReport[];
  readonly report: BundleReport;
}

/** What `weft compile --out DIR --format json` prints of a bundle. */
export interface BundleReport {
  readonly kernels: readonly {
    readonly name: string;
    readonly layers: readonly string[];
    /** Invocations per workgroup. */
    readonly workgroup: number;
    readonly wgslBytes: number;
  }[];
  /** How many a run takes, in one submit. */
  readonly dispatches: number;
  /** One per distinct WGSL text. */
  readonly pipelines: number;
  readonly peakBytes: number;
  readonly bundle: BundleSize;
  readonly train?: TrainReport;
  /** In the order in which a device is held against them. */
  readonly variants?: readonly VariantReport[];
}

export interface VariantReport {
  readonly name: string;
  /** Absent: any device. */
  readonly when?: AdapterTest;
  /** The parameters whose values are numbers in its WGSL: it is taken with these weights alone. */
  readonly baked?: readonly string[];
  readonly pipelines: number;
}

/**
 * Writes to `outDir`: `*.wgsl`, or for WebAssembly `<model>.wasm`, or both; `program.json`, `<model>.ts`, `.js`, `.d.ts`,
 * `<model>.bundle.js` and its `.d.ts`; for a training also `train-*.wgsl`, `training.json`, `<model>.train.bundle.js` and its `.d.ts`.
 * All files or none; other files in the folder stay, kernels of an earlier run of this function go.
 * @throws UserError where the folder cannot be written, or where a file of the user's has a name that is needed
 */
export async function emit(
  compilation: Pick<Compilation, "program">,
  outDir: string,
  options: EmitOptions = {},
): Promise<Emitted> {
  const { program } = compilation;
  const model = fileName(program.name);
  const { variants = [] } = options;
  const several = variants.length > 1;
  const bundled = await bundleProgram(program, variants);
  const module = typedModule(program, `${model}.bundle.js`);
  const { module: code } = program.wasm ?? program;
  // Of a program for WebAssembly alone nobody runs the text.
  const kernels = program.module ? [] : kernelFiles(program);
  const trained = options.training && (await trainingFiles(options.training));
  const files = new Map<string, string | Uint8Array>([
    ...kernels.map((name, i) => [name, must(program.kernels[i], "kernel").wgsl] as const),
    ...(code ? [[`${model}.wasm`, Buffer.from(code.code, "base64")] as const] : []),
    ["program.json", `${JSON.stringify(program, null, 2)}\n`] as const,
    [`${model}.ts`, module.ts] as const,
    [`${model}.js`, module.js] as const,
    [`${model}.d.ts`, module.dts] as const,
    [`${model}.bundle.js`, bundled] as const,
    [
      `${model}.bundle.d.ts`,
      `export * from "./${model}.js";\nexport { default } from "./${model}.js";\n`,
    ] as const,
    ...(several ? variantFiles(variants) : []),
    ...(trained?.files ?? []),
  ]);
  const earlier = [
    ...(await earlierKernels(outDir)),
    ...(await earlierVariants(outDir)),
    ...(trained ? await earlierTrainingKernels(outDir) : []), // without a training, that of before stays whole
  ];
  const wasm = code && !earlier.includes(`${model}.wasm`) ? [`${model}.wasm`] : [];
  await refuseForeign(outDir, [
    ...[`${model}.ts`, `${model}.js`, `${model}.d.ts`, `${model}.bundle.js`, ...wasm],
    ...(trained?.guarded ?? []),
  ]);
  const stale = earlier.filter((name) => !files.has(name));
  await writeFolder(outDir, files, stale);
  const bundle = sizeOfBundle(bundled);
  return {
    folder: resolve(outDir),
    files: [...files.keys()],
    bundle,
    trainingKernels: trained?.kernels ?? 0,
    trainBundle: trained?.bundle ?? null,
    variants: variants.map(variantReport),
    report: {
      ...bundleReport(program, bundle, options.batch),
      ...(options.training && { train: trainReport(options.training, options.batch, trained?.bundle) }),
      ...(several && { variants: variants.map(variantReport) }),
    },
  };
}

function variantReport({ name, when, program }: Variant): VariantReport {
  const baked = program.baked?.map((b) => b.name);
  return { name, ...(when && { when }), ...(baked && { baked }), pipelines: pipelineCount(program) };
}

function bundleReport(program: Program, bundle: BundleSize, batch = 1): BundleReport {
  const peak: Count = program.peakBytes;
  return {
    kernels: program.kernels.map(({ name, layers, workgroup, wgsl }) => ({
      name,
      layers,
      workgroup,
      wgslBytes: Buffer.byteLength(wgsl),
    })),
    dispatches: program.dispatches.length,
    pipelines: pipelineCount(program),
    peakBytes: countAt(peak, batch),
    bundle,
  };
}

/** `--out models` must not write over the model file itself. @throws UserError */
async function refuseForeign(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (text === undefined || text.split("\n", 1)[0]?.includes(MADE_BY)) continue;
    throw new UserError({
      problem: `${join(folder, name)} is in the way: it was not written by weft compile`,
      fix: "another directory",
    });
  }
}

/** The kernels, and the module, that an earlier `program.json` in the folder lists: with those of a training the only files that may go. */
async function earlierKernels(folder: string): Promise<readonly string[]> {
  const earlier = valid(validateProgram, await earlierJson(folder, "program.json"));
  if (!earlier) return [];
  const { module } = earlier.wasm ?? earlier;
  return [...kernelFiles(earlier), ...(module ? [`${fileName(earlier.name)}.wasm`] : [])];
}

async function earlierTrainingKernels(folder: string): Promise<readonly string[]> {
  const earlier = valid(validateTraining, await earlierJson(folder, "training.json"));
  return earlier ? [...trainingKernels(earlier).keys()] : [];
}

async function earlierVariants(folder: string): Promise<readonly string[]> {
  const earlier = await earlierJson(folder, "variants.json");
  if (!Array.isArray(earlier)) return [];
  const variants = earlier as readonly Partial<Variant>[]; // checked next
  if (variants.some((v) => typeof v?.name !== "string" || !valid(validateProgram, v.program))) return [];
  return ["variants.json", ...variantKernels(variants as readonly Variant[]).keys()];
}

/** Undefined where it is damaged: then nothing of an earlier run is known. */
function valid<T>(validate: (value: unknown) => T, value: unknown): T | undefined {
  try {
    return validate(value);
  } catch {
    return undefined;
  }
}

/** Undefined where there was no earlier run. What it holds is for the caller to check. */
async function earlierJson(folder: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, name), "utf8"));
  } catch {
    return undefined;
  }
}
