/**
 * An esbuild plugin: a web project imports a model file and gets the compiled model with its runtime.
 *
 *   import { weft } from "weftgpu/esbuild";
 *   await esbuild.build({ entryPoints: ["main.ts"], bundle: true, format: "esm", plugins: [weft()] });
 *
 *   import lenet from "./lenet.model.ts";           // in main.ts: compiled at build time
 *   const session = await lenet.load(weights);
 *   const { logits } = await session.run({ image });
 *
 * `import type {} from "weftgpu/esbuild"` tells TypeScript about `load`.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { PartialMessage, Plugin } from "esbuild";
import { WeftError } from "../../contract/errors.ts";
import { readStored, tensorsFor } from "../../contract/stored.ts";
import { type BakeValues, compile } from "../compile.ts";
import { UserError } from "../errors.ts";
import { loadModel } from "../frontend/index.ts";
import { flag, kindOf, listOf, oneOf, optional, positive, takes, text } from "../options.ts";
import { entrySource } from "./bundle.ts";
import type { CompiledModel } from "./client.ts";
import { readTuning, tuningPath } from "./tuning.ts";
import { VARIANTS, type VariantName, variantsOf } from "./variants.ts";
import { fileReason } from "./write.ts";

export type { CompiledModel, CompiledSession, CompiledTensor } from "./client.ts";

/** What the plugin may be given. */
export interface WeftPluginOptions {
  /** Which imported files are models. Default: names that end in `.model.ts` or `.model.js` (`.mts`, `.mjs`). */
  readonly filter?: RegExp;
  /** Puts a number in for the batch size. Default: one program serves any. */
  readonly batch?: number;
  /** Whether models run in WebAssembly too, where a page has no WebGPU; the runtime then brings what that takes. Default false. */
  readonly wasm?: boolean;
  /**
   * Programs besides the portable one, of which the page takes what suits its device: "tuned" (of model.tune.json
   * beside the model), "nvidia", "amd", "intel", "apple", "adreno" and "mali" (GPUs of these makers), "gpu" (any), "octets" and "quads" (adapters on CPUs), "f16" (devices with
   * "shader-f16"), "baked" (small weights as numbers in the WGSL, for a page that loads `weights`).
   */
  readonly variants?: readonly VariantName[];
  /** The safetensors file that "baked" is made of; a path from where esbuild runs. */
  readonly weights?: string;
}

declare module "weftgpu" {
  interface Model<Ins, Outs> extends CompiledModel<Ins, Outs> {}
}

const readOptions = takes("weft", {
  filter: optional(kindOf("a regular expression", "/\\.model\\.ts$/", (value) => value instanceof RegExp)),
  batch: optional(positive),
  wasm: optional(flag),
  variants: optional(listOf(oneOf(VARIANTS))),
  weights: optional(text),
});

/** The plugin: compiles what is imported from model files, when the page is built. A model's mistake is esbuild's error, with its place. */
export function weft(options: WeftPluginOptions = {}): Plugin {
  readOptions(options);
  return {
    name: "weft",
    setup({ onLoad, initialOptions }) {
      const cwd = initialOptions.absWorkingDir ?? process.cwd();
      if (!options.wasm) initialOptions.define = { ...initialOptions.define, WEFT_WEBGPU_ONLY: "true" };
      onLoad({ filter: options.filter ?? /\.model\.m?[jt]s$/, namespace: "file" }, async ({ path }) => {
        const read = new Set([path]);
        try {
          const { graph } = await loadModel(path, { cwd, onRead: (file) => read.add(file) });
          const how = options.batch === undefined ? {} : { batch: options.batch };
          const { program } = compile(graph, { ...how, ...(options.wasm && { wasm: true }) });
          const { variants: names = [] } = options;
          const beside = names.includes("tuned") ? [tuningPath(path)] : [];
          const tuning = beside[0] === undefined ? undefined : await readTuning(beside[0]);
          const given = options.weights === undefined ? undefined : resolve(cwd, options.weights);
          const weights = given === undefined ? undefined : weightsOf(given);
          const variants = names.length > 0 ? variantsOf(graph, program, names, how, tuning, weights) : [];
          return {
            contents: entrySource(program, variants),
            loader: "js",
            resolveDir: dirname(path),
            watchFiles: [...read, ...beside, ...(given === undefined ? [] : [given])],
          };
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          // What failed may have wanted a file that does not exist yet: the folders count, too.
          const files = [...read, ...(options.weights === undefined ? [] : [resolve(cwd, options.weights)])];
          return {
            errors: [messageOf(error, cwd)],
            watchFiles: files,
            watchDirs: files.map((f) => dirname(f)),
          };
        }
      });
    },
  };
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

/** esbuild shows the line of source itself, so the message is told without it. */
function messageOf({ diagnosis }: UserError, cwd: string): PartialMessage {
  const { problem, rule, fix, layer, at } = diagnosis;
  const [headline = "", ...excerpt] = problem.split("\n");
  const lineText = at && lineOf(resolve(cwd, at.file), at.line);
  return {
    text: [layer ? `${layer}: ${headline}` : headline, ...(at ? [] : excerpt)].join("\n"),
    notes: [...(rule ? [{ text: `rule: ${rule}` }] : []), ...(fix ? [{ text: `try: ${fix}` }] : [])],
    ...(at && {
      location: {
        file: at.file,
        line: at.line,
        column: at.column - 1, // esbuild counts from 0
        length: lengthAt(lineText ?? "", at.column - 1),
        lineText: lineText ?? "",
      },
    }),
  };
}

function lineOf(file: string, line: number): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/)[line - 1] ?? "";
  } catch {
    return "";
  }
}

/** The length of the word that the error points at. */
function lengthAt(line: string, column: number): number {
  return /^[\w$]*/.exec(line.slice(column))?.[0].length ?? 0;
}
