/** An ONNX file in the studio: what import makes of it, in a folder of its own for as long as it is shown. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dims } from "../../compiler/onnx/index.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { importFile, nameOf, readOnnx } from "../onnx/load.ts";
import { writeFiles } from "../write.ts";

/** Calls `use` with the path of the model file, beside which its weights lie. Throws `UserError` where the file cannot be imported. */
export async function withImported<T>(
  path: string,
  dims: Dims | undefined,
  use: (model: string) => Promise<T>,
): Promise<T> {
  const { source, weights } = importFile(path, await readOnnx(path), dims ? { dims } : {});
  const folder = await mkdtemp(join(tmpdir(), "weft-studio-"));
  try {
    const model = join(folder, `${nameOf(path)}.ts`);
    const values = join(folder, `${nameOf(path)}.safetensors`);
    const hasWeights = Object.keys(weights).length > 0;
    await writeFiles([
      [model, source],
      ...(hasWeights ? [[values, writeSafetensors(weights)] as const] : []),
    ]);
    return await use(model);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
