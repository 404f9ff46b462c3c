/** Loads a model file: bundles it, runs it, and reads the names and places of its layers from its source. */
import { startNames } from "../dsl/build.ts";
import type { Graph } from "../ir/graph.ts";
import { callable, optional, takes, text } from "../options.ts";
import { annotate } from "./annotate.ts";
import { bundleModel } from "./bundle.ts";
import { defaultModel } from "./default.ts";
import { locatedError } from "./failure.ts";
import { ModelThrew, type RunResult, runBundle } from "./run.ts";
import { displayPath, modelPath } from "./source.ts";

/** A model file, read. */
export interface LoadedModel {
  /** The model's graph: every layer has the name it has in the file, and its place there. */
  readonly graph: Graph;
  /** The absolute path of the model file. */
  readonly file: string;
  /** The text of the model file and of the user's files that it imports, by absolute path. */
  readonly sources: ReadonlyMap<string, string>;
}

/** How a model file is read. */
export interface LoadOptions {
  /** What a relative path is relative to, and what places in messages are shown relative to. Default: the process's. */
  readonly cwd?: string;
  /**
   * Hears the absolute path of every file that is read, also of a model that turns out to be wrong: a watcher waits for
   * any of them.
   */
  readonly onRead?: (path: string) => void;
}

const readPath = takes("loadModel", { path: text });
const readOptions = takes("loadModel", { cwd: optional(text), onRead: optional(callable) });

/**
 * The model that a .ts, .mts, .js or .mjs file exports as its default. The file's imports are followed, and it
 * runs in this process. Throws `UserError` for whatever is wrong with the file, with its place.
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  readPath({ path });
  const { cwd = process.cwd() } = readOptions(options);
  const file = modelPath(path, cwd);
  const show = (source: string): string => displayPath(source, cwd);
  const syntax = import("./site.ts"); // loads ts-morph while esbuild works in its own process
  syntax.catch(() => undefined); // awaited below; an earlier failure must not count as unhandled
  const weft = await import("../index.ts");
  const bundle = await bundleModel(file, cwd, Object.keys(weft), options.onRead);
  startNames(); // a model file that threw may have left counts behind
  let run: RunResult;
  try {
    run = await runBundle(bundle, weft);
  } catch (error) {
    if (!(error instanceof ModelThrew)) throw error;
    throw locatedError(error, (await syntax).siteReader(error.reader.sources), show(file), show);
  }
  const graph = defaultModel(run.exports, show(file));
  const sites = (await syntax).siteReader(run.reader.sources);
  return { graph: annotate(graph, run.reader, sites, show), file, sources: run.reader.sources };
}
