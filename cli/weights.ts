/** The parameters of a run: a safetensors file, or a seeded initialiser. */
import { UserError } from "../compiler/errors.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { asGiven } from "../contract/quantised.ts";
import { checkWeights, readSafetensors, type Weights } from "../contract/weights.ts";
import { readMetadata } from "../runtime/metadata.ts";
import { readBytes, shownPath } from "./files.ts";

const message = (error: WeftError): string => error.message.replace(/^weights: /, "");

/** Reads the file and holds it against the model, before a device is asked for. */
export async function readWeights(path: string, program: Program): Promise<Weights> {
  return fitting(await readBytes(path, "the weights"), path, program);
}

/** The same, with the texts that lie beside the tensors. */
export async function readTold(
  path: string,
  program: Program,
): Promise<{ readonly weights: Weights; readonly metadata: Readonly<Record<string, string>> }> {
  const bytes = await readBytes(path, "the weights");
  const weights = fitting(bytes, path, program);
  try {
    return { weights, metadata: readMetadata(bytes) };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)}: ${message(error)}`,
      rule: "__metadata__ of a safetensors file is an object of strings",
      fix: "write the file anew, without it or with strings in it",
    });
  }
}

function fitting(bytes: Uint8Array, path: string, program: Program): Weights {
  try {
    const weights = readSafetensors(bytes);
    checkWeights(program.params.map(asGiven), weights);
    return weights;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)} does not fit the model ${program.name}: ${message(error)}`,
      rule: "every parameter of the model is in the file once, as F32, in the model's shape, and all its numbers are finite",
      fix: "give the weights that were saved from this model",
    });
  }
}
