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
import type { Diagnosis } from "../../contract/diagnosis.ts";
import {
  definesOf,
  foldersOf,
  headlineOf,
  importModel,
  MODEL_FILES,
  notesOf,
  readPluginOptions,
  type WeftPluginOptions,
} from "./imported.ts";

export type { CompiledModel, CompiledSession, CompiledTensor } from "./client.ts";
export type { WeftPluginOptions } from "./imported.ts";

/** The plugin: compiles what is imported from model files, when the page is built. A model's mistake is esbuild's error, with its place. */
export function weft(options: WeftPluginOptions = {}): Plugin {
  readPluginOptions(options);
  return {
    name: "weft",
    setup({ onLoad, initialOptions }) {
      const cwd = initialOptions.absWorkingDir ?? process.cwd();
      initialOptions.define = { ...initialOptions.define, ...definesOf(options) };
      onLoad({ filter: options.filter ?? MODEL_FILES, namespace: "file" }, async ({ path }) => {
        const { files, ...made } = await importModel(path, options, cwd);
        const watchFiles = [...files];
        if ("code" in made)
          return { contents: made.code, loader: "js", resolveDir: dirname(path), watchFiles };
        return { errors: [messageOf(made.diagnosis, cwd)], watchFiles, watchDirs: [...foldersOf(files)] };
      });
    },
  };
}

/** esbuild shows the line of source itself, so the message is told without it. */
function messageOf(diagnosis: Diagnosis, cwd: string): PartialMessage {
  const { at } = diagnosis;
  const lineText = at && lineOf(resolve(cwd, at.file), at.line);
  return {
    text: headlineOf(diagnosis),
    notes: notesOf(diagnosis).map((text) => ({ text })),
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
