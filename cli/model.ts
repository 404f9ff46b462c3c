/** Loading a model: a model file, or an ONNX file, which is imported. */
import { UserError } from "../compiler/errors.ts";
import type { LoadedModel, LoadOptions } from "../compiler/frontend/index.ts";
import type { Dims } from "../compiler/onnx/index.ts";
import type { Weights } from "../contract/weights.ts";

/** A model, and its weights where they are in the same file. */
export interface Loaded extends LoadedModel {
  readonly weights?: Weights;
}

export interface ModelOptions extends LoadOptions {
  /** Sizes that an ONNX file leaves open. */
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
  refuseDims(path, dims);
  return (await import("../compiler/frontend/index.ts")).loadModel(path, options);
}

/** @throws UserError where sizes are given for what is no ONNX file */
export function refuseDims(path: string, dims: Dims | undefined): void {
  if (!dims) return;
  throw new UserError({
    problem: `--dim does not go with ${path}`,
    rule: "it is of the sizes that an ONNX file leaves open; a model file says its own",
    fix: "leave out --dim",
  });
}
