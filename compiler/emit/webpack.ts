/**
 * A loader for webpack, Rspack and Turbopack (Next.js): a web project imports a model file and gets the compiled model with its runtime.
 *
 *   module: { rules: [{ test: /\.model\\.ts$/, loader: "weftgpu/webpack", type: "javascript/auto" }] }    // webpack.config.js
 *   turbopack: { rules: { "*.model.ts": { loaders: ["weftgpu/webpack"], as: "*.js" } } }         // next.config.js
 *
 * `import type {} from "weftgpu/webpack"` tells TypeScript about `load`.
 */
import { dirname, relative, sep } from "node:path";
import { UserError } from "../errors.ts";
import { runtimePath } from "./bundle.ts";
import { importModel, importOptions } from "./imported.ts";

export type { CompiledModel, CompiledSession, CompiledTensor } from "./client.ts";
export type { ImportOptions } from "./imported.ts";

/** The part of a loader's context that is used here. */
export interface WeftLoaderContext {
  readonly resourcePath: string;
  /** The project's folder. */
  readonly rootContext?: string;
  async(): (error: Error | null, code?: string) => void;
  addDependency(path: string): void;
  getOptions(): unknown;
}

/**
 * The loader: compiles a model file. A model's mistake is the bundler's error, with its place. Where models are not to run in
 * WebAssembly, `new DefinePlugin({ WEFT_WEBGPU_ONLY: "true" })` leaves out what that takes.
 */
export default function weft(this: WeftLoaderContext): void {
  const done = this.async();
  load(this).then(
    (code) => done(null, code),
    // webpack prints the stack, in which a user's mistake is not.
    (error: Error) =>
      done(error instanceof UserError ? Object.assign(error, { stack: error.message }) : error),
  );
}

async function load(context: WeftLoaderContext): Promise<string> {
  const { resourcePath: path, rootContext: cwd = process.cwd() } = context;
  const options = importOptions(context.getOptions());
  const { files, ...made } = await importModel(path, options, cwd, (entry) => {
    // Turbopack takes no paths from a root; those of webpack have slashes on every system.
    const found = relative(dirname(path), runtimePath(entry)).replaceAll(sep, "/");
    return found.startsWith(".") ? found : `./${found}`;
  });
  for (const file of files) context.addDependency(file);
  if ("code" in made) return made.code;
  throw new UserError(made.diagnosis);
}
