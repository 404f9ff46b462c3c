/**
 * Turns a model file and what it imports into one module with esbuild. `weftgpu` is not bundled: the model
 * runs against the copy of Weft that loads it, so that there is one DSL and one table of ops.
 */
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildFailure, build, type Message, type Plugin } from "esbuild";
import type { Location } from "../../contract/diagnosis.ts";
import { must, UserError } from "../errors.ts";
import { excerpt } from "./excerpt.ts";
import { displayPath } from "./source.ts";
import { suggestion } from "./suggest.ts";

export interface Bundle {
  readonly code: string;
  /** The source map, as JSON text. */
  readonly map: string;
  /** The folder that the source map's paths are relative to. */
  readonly folder: string;
}

/** The name of the module that imports the model file; not one of the user's files. */
export const entryName = "weft:entry";

/** Where the running instance of Weft is handed to the model file. */
export const instanceKey = Symbol.for("weftgpu.instance");

/** `onRead` hears of every file, also where reading ends in an error. Throws `UserError` with the place for a syntax error, an import that is not found, a wrong export name. */
export async function bundleModel(
  file: string,
  cwd: string,
  weftExports: readonly string[],
  onRead: (path: string) => void = () => {},
): Promise<Bundle> {
  const folder = dirname(file);
  const outfile = join(folder, `${basename(file)}.weft.mjs`); // never written; source paths are relative to it
  try {
    const result = await build({
      // The model's exports in a record of their own: a default export with a `then` would be awaited by import().
      stdin: {
        contents: `export * as model from ${JSON.stringify(`./${basename(file)}`)};`,
        resolveDir: folder,
        sourcefile: entryName,
      },
      outfile,
      absWorkingDir: cwd,
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "external",
      sourcesContent: true,
      logLevel: "silent",
      // The bundle runs from a data: address; the model file's own is what it means.
      define: {
        "import.meta.url": JSON.stringify(pathToFileURL(file).href),
        "import.meta.filename": JSON.stringify(file),
        "import.meta.dirname": JSON.stringify(folder),
      },
      plugins: [weftPlugin(weftExports, onRead)],
    });
    const text = (suffix: string): string =>
      must(
        result.outputFiles.find((f) => f.path.endsWith(suffix)),
        `bundle ${suffix}`,
      ).text;
    const wrong = result.warnings.find((w) => w.id === "import-is-undefined");
    if (wrong) throw failure(wrong, cwd, weftExports);
    return { code: text(".mjs"), map: text(".map"), folder };
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    throw first ? failure(first, cwd, weftExports) : error;
  }
}

/** `weftgpu` becomes a module that reads its exports from the running instance. */
function weftPlugin(names: readonly string[], onRead: (path: string) => void): Plugin {
  return {
    name: "weft",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^weftgpu$/ }, () => ({ path: "weftgpu", namespace: "weft" }));
      onLoad({ filter: /.*/, namespace: "weft" }, () => ({
        contents: [
          `const weft = globalThis[Symbol.for("weftgpu.instance")];`,
          ...names.map((name) => `export const ${name} = weft.${name};`),
        ].join("\n"),
        loader: "js",
      }));
      onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
        onRead(path);
        return undefined; // esbuild reads it itself
      });
    },
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function failure(message: Message, cwd: string, weftExports: readonly string[]): UserError {
  const { location } = message;
  const at: Location | undefined = location
    ? {
        file: displayPath(resolve(cwd, location.file), cwd),
        line: location.line,
        column: location.column + 1,
      }
    : undefined;
  const mark = location
    ? excerpt(`${"\n".repeat(location.line - 1)}${location.lineText}`, location.line, location.column + 1)
    : "";
  const missing = /"(?:weft:)?weftgpu" for import "([^"]+)"|Import "([^"]+)" will always be undefined/.exec(
    message.text,
  );
  const name = missing?.[1] ?? missing?.[2];
  const fix = name === undefined ? installFix(message.text) : suggestion(name, weftExports);
  return new UserError({
    problem: `${name === undefined ? message.text : `"weftgpu" has no export named "${name}"`}${mark}`,
    ...(fix ? { fix } : {}),
    ...(at ? { at } : {}),
  });
}

/** A package that is not there can be installed; a relative path cannot. */
function installFix(text: string): string | undefined {
  const name = /^Could not resolve "((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^"]*)?"$/.exec(text)?.[1];
  return name && `npm install ${name}`;
}
