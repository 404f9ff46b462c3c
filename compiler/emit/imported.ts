/** A model file that a web project imports, compiled when the page is built: what every bundler's plugin hands on. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Diagnosis } from "../../contract/diagnosis.ts";
import { WeftError } from "../../contract/errors.ts";
import { readStored, tensorsFor } from "../../contract/stored.ts";
import { type BakeValues, compile } from "../compile.ts";
import { UserError } from "../errors.ts";
import { loadModel } from "../frontend/index.ts";
import { flag, kindOf, listOf, oneOf, optional, positive, takes, text } from "../options.ts";
import { entrySource, type RuntimeEntry, runtimePath } from "./bundle.ts";
import { readTuning, tuningPath } from "./tuning.ts";
import { VARIANTS, type VariantName, variantsOf } from "./variants.ts";
import { fileReason } from "./write.ts";

/** How an imported model is compiled. */
export interface ImportOptions {
  /** Puts a number in for the batch size. Default: one program serves any. */
  readonly batch?: number;
  /** Whether models run in WebAssembly too, where a page has no WebGPU; the runtime then brings what that takes. Default false. */
  readonly wasm?: boolean;
  /**
   * Programs besides the portable one, of which the page takes what suits its device: "tuned" (of model.tune.json
   * beside the model), "nvidia", "amd", "intel", "apple", "adreno" and "mali" (GPUs of these makers), "gpu" (any), "octets"
   * and "quads" (adapters on CPUs), "f16" (devices with "shader-f16"), "baked" (small weights as numbers in the WGSL, for a page that loads `weights`).
   */
  readonly variants?: readonly VariantName[];
  /** The safetensors file that "baked" is made of; a path from where the bundler runs. */
  readonly weights?: string;
}

/** What a plugin may be given. */
export interface WeftPluginOptions extends ImportOptions {
  /** Which imported files are models. Default: names that end in `.model.ts` or `.model.js` (`.mts`, `.mjs`). */
  readonly filter?: RegExp;
}

export const MODEL_FILES = /\.model\.m?[jt]s$/;

const OPTIONS = {
  batch: optional(positive),
  wasm: optional(flag),
  variants: optional(listOf(oneOf(VARIANTS))),
  weights: optional(text),
};
const readImport = takes("weft", OPTIONS);
/** Options as a bundler's configuration has them. @throws UserError where one is unknown or of another kind */
export function importOptions(given: unknown): ImportOptions {
  readImport(given);
  return given as ImportOptions; // which has just been read
}

/** @throws UserError where an option is unknown or of another kind */
export const readPluginOptions = takes("weft", {
  filter: optional(kindOf("a regular expression", "/\\.model\\.ts$/", (value) => value instanceof RegExp)),
  ...OPTIONS,
});

/** A page that has WebGPU alone leaves out what WebAssembly takes: defined in its build, the runtime's branches fall away. */
export const definesOf = ({ wasm }: ImportOptions): Readonly<Record<string, string>> =>
  wasm ? {} : { WEFT_WEBGPU_ONLY: "true" };

/** A module in JavaScript, or what is wrong with the model; and the files that it was made of, to be watched. */
export type Imported = { readonly files: readonly string[] } & (
  | { readonly code: string }
  | { readonly diagnosis: Diagnosis }
);

/**
 * @param cwd what paths in options and errors start from
 * @param runtime how the module names a part of the runtime
 */
export async function importModel(
  path: string,
  options: ImportOptions,
  cwd: string,
  runtime: (entry: RuntimeEntry) => string = runtimePath,
): Promise<Imported> {
  const given = options.weights === undefined ? undefined : resolve(cwd, options.weights);
  const read = new Set([path, ...(given === undefined ? [] : [given])]);
  try {
    const { graph } = await loadModel(path, { cwd, onRead: (file) => read.add(file) });
    const how = options.batch === undefined ? {} : { batch: options.batch };
    const { program } = compile(graph, { ...how, ...(options.wasm && { wasm: true }) });
    const { variants: names = [] } = options;
    const tuned = names.includes("tuned") ? tuningPath(path) : undefined;
    if (tuned !== undefined) read.add(tuned);
    const tuning = tuned === undefined ? undefined : await readTuning(tuned);
    const weights = given === undefined ? undefined : weightsOf(given);
    const variants = names.length > 0 ? variantsOf(graph, program, names, how, tuning, weights) : [];
    return { code: entrySource(program, variants, runtime), files: [...read] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { diagnosis: error.diagnosis, files: [...read] };
  }
}

/** @throws UserError where the file cannot be read or is damaged */
function weightsOf(path: string): BakeValues {
  try {
    return tensorsFor(readStored(readFileSync(path)));
  } catch (error) {
    const why = error instanceof WeftError ? error.message.replace(/^weights: /, "") : fileReason(error);
    throw new UserError({ problem: `${path}: ${why}`, fix: "weights: a safetensors file of this model" });
  }
}

/** What is wrong, without its place: bundlers show that, and the line of source, themselves. */
export function headlineOf({ problem, layer, at }: Diagnosis): string {
  const [headline = "", ...excerpt] = problem.split("\n");
  return [layer ? `${layer}: ${headline}` : headline, ...(at ? [] : excerpt)].join("\n");
}

/** The rule that is broken, and what to try. */
export const notesOf = ({ rule, fix }: Diagnosis): readonly string[] => [
  ...(rule ? [`rule: ${rule}`] : []),
  ...(fix ? [`try: ${fix}`] : []),
];

/** The folders of files: what failed may have wanted one that does not exist yet. */
export const foldersOf = (files: readonly string[]): readonly string[] => [
  ...new Set(files.map((f) => dirname(f))),
];
