/** Loading a model file. */
import type { LoadedModel, LoadOptions } from "../compiler/frontend/index.ts";

/** As `loadModel` of the compiler, which brings TypeScript with it: most of a second, so it is loaded when a file is to be read. */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  return (await import("../compiler/frontend/index.ts")).loadModel(path, options);
}
