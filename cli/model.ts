/** Loading a model: a model file, or an ONNX file, which is imported. */
import { UserError } from "../compiler/errors.ts";
import type { LoadedModel, LoadOptions } from "../compiler/frontend/index.ts";
import type { Dims } from "../compiler/onnx/index.ts";
import { bindSizes } from "../compiler/passes/sizes.ts";
import type { Weights } from "../contract/weights.ts";

/** A model, and its weights where they are in the same file. */
export interface Loaded extends LoadedModel {
  readonly weights?: Weights;
}

export interface ModelOptions extends LoadOptions {
  /** Numbers for sizes: of a model file those that `dim` made, of an ONNX file those that it leaves open, and their bounds. */
  readonly dims?: Dims | undefined;
}

export const isOnnx = (path: string): boolean => /\.onnx$/i.test(path);

/**
 * As `loadModel` of the compiler, which brings TypeScript with it: most of a second, so it is loaded when a file is to be read. An ONNX
 * file needs none of it.
 */
export async function loadModel(path: string, { dims, ...options }: ModelOptions = {}): Promise<Loaded> {
  if (isOnnx(path)) {
    const { loadOnnx } = await import("./onnx/load.ts");
    const { model, weights, files } = await loadOnnx(path, dims);
    for (const file of files) options.onRead?.(file);
    return {
      graph: model.graph,
      file: files[0] ?? path,
      sources: new Map(files.map((file) => [file, ""])),
      weights,
    };
  }
  const loaded = await (await import("../compiler/frontend/index.ts")).loadModel(path, options);
  return dims ? { ...loaded, graph: bindSizes(loaded.graph, numbersIn(dims)) } : loaded;
}

/** @throws UserError for a bound, which a model file says itself */
function numbersIn(dims: Dims): Readonly<Record<string, number>> {
  const numbers = Object.entries(dims).map(([name, value]): readonly [string, number] => {
    if (typeof value === "number") return [name, value];
    throw new UserError({
      problem: `--dim ${name}=..${value.max} does not go with a model file`,
      rule: "a model file says itself how large a size can be",
      fix: `--dim ${name}=${value.max}, a number for it`,
    });
  });
  return Object.fromEntries(numbers);
}

/** @throws UserError where sizes are given for a model file whose source is looked at as it is */
export function refuseDims(path: string, dims: Dims | undefined): void {
  if (!dims) return;
  throw new UserError({
    problem: `--dim does not go with ${path}`,
    rule: "Studio shows a model file as it is; sizes that an ONNX file leaves open are given here",
    fix: "leave out --dim",
  });
}
