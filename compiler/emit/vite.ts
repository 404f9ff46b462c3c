/**
 * A plugin for Vite, Rollup and Rolldown: a web project imports a model file and gets the compiled model with its runtime.
 *
 *   import { defineConfig } from "vite";
 *   import { weft } from "weftgpu/vite";
 *   export default defineConfig({ plugins: [weft()] });
 *
 *   import lenet from "./lenet.model.ts";           // in the page: compiled at build time
 *   const session = await lenet.load(weights);
 *
 * `import type {} from "weftgpu/vite"` tells TypeScript about `load`. In development a change of the model, or of a file that it
 * imports, reaches the page as that of any module does.
 */
import {
  definesOf,
  headlineOf,
  importModel,
  MODEL_FILES,
  notesOf,
  readPluginOptions,
  type WeftPluginOptions,
} from "./imported.ts";

export type { CompiledModel, CompiledSession, CompiledTensor } from "./client.ts";
export type { WeftPluginOptions } from "./imported.ts";

/** What a bundler offers a plugin while a module is loaded; each of the three has more. */
interface Loading {
  addWatchFile(path: string): void;
  error(error: BundlerError): never;
}

/** An error as these bundlers show it: columns count from 0. */
interface BundlerError {
  readonly message: string;
  readonly id: string;
  readonly loc?: { readonly file: string; readonly line: number; readonly column: number };
}

/** The part of Vite's, Rollup's and Rolldown's plugins that is used here. */
export interface WeftVitePlugin {
  readonly name: "weft";
  /** Before plugins that would take the model file for TypeScript of the page. */
  readonly enforce: "pre";
  config(): { readonly define: Record<string, string> };
  load(this: Loading, id: string): Promise<{ readonly code: string; readonly map: null } | null>;
}

/**
 * The plugin: compiles what is imported from model files. A model's mistake is the bundler's error, with its place.
 * With Rollup and Rolldown, which have no place for it here, `define` WEFT_WEBGPU_ONLY as `true` where `wasm` is not wanted.
 * @throws UserError where an option is unknown or of another kind
 */
export function weft(options: WeftPluginOptions = {}): WeftVitePlugin {
  readPluginOptions(options);
  const filter = options.filter ?? MODEL_FILES;
  return {
    name: "weft",
    enforce: "pre",
    config: () => ({ define: { ...definesOf(options) } }),
    async load(id) {
      const path = id.replace(/[?#].*$/, "");
      if (!filter.test(path)) return null;
      const { files, ...made } = await importModel(path, options, process.cwd());
      for (const file of files) this.addWatchFile(file);
      if ("code" in made) return { code: made.code, map: null };
      const { at } = made.diagnosis;
      return this.error({
        message: [headlineOf(made.diagnosis), ...notesOf(made.diagnosis)].join("\n"),
        id: path,
        ...(at && { loc: { file: path, line: at.line, column: at.column - 1 } }),
      });
    },
  };
}
