/** The parameters of a run: a file of weights, held against the model. */
import { UserError } from "../compiler/errors.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { asGiven } from "../contract/quantised.ts";
import { isCounter, readStored, type Stored, tensorsFor } from "../contract/stored.ts";
import { checkWeights, type Weights } from "../contract/weights.ts";
import { metadataIn } from "../runtime/metadata.ts";
import { readBytes, shownPath } from "./files.ts";

/** Prints a remark. */
type Note = (text: string) => void;

const message = (error: WeftError): string => error.message.replace(/^weights: /, "");

/** Reads the file and holds it against the model, before a device is asked for. */
export async function readWeights(path: string, program: Program, note: Note): Promise<Weights> {
  return fitting(storedIn(await readBytes(path, "the weights"), path, program.name), path, program, note);
}

/** The same, with the texts that lie beside the tensors. */
export async function readTold(
  path: string,
  program: Program,
  note: Note,
): Promise<{ readonly weights: Weights; readonly metadata: Readonly<Record<string, string>> }> {
  const bytes = await readBytes(path, "the weights");
  const weights = fitting(storedIn(bytes, path, program.name), path, program, note);
  try {
    return { weights, metadata: metadataIn(bytes) };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)}: ${message(error)}`,
      rule: "__metadata__ of a safetensors file is an object of strings",
      fix: "write the file anew, without it or with strings in it",
    });
  }
}

/** The tensors of a file as they are in it. */
export function storedIn(bytes: Uint8Array, path: string, model: string): Readonly<Record<string, Stored>> {
  try {
    return readStored(bytes);
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)} does not fit the model ${model}: ${message(error)}`,
      rule: "a safetensors file is a header that says where each tensor lies, and the tensors, whole and without gaps",
      fix: "give the weights that were saved from this model",
    });
  }
}

function fitting(
  stored: Readonly<Record<string, Stored>>,
  path: string,
  program: Program,
  note: Note,
): Weights {
  const params = program.params.map(asGiven);
  try {
    const weights = tensorsFor(stored, { params });
    checkWeights(params, weights);
    noteCounters(Object.keys(stored), path, note);
    return weights;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)} does not fit the model ${program.name}: ${message(error)}`,
      rule: "every parameter of the model is in the file once, in the model's shape, and all its numbers are finite",
      fix: `give the weights that were saved from this model; of another program's, weft weights MODEL --from ${shownPath(path)} finds out which is which`,
    });
  }
}

/** Says in one line which tensors nobody looked at. */
export function noteCounters(names: readonly string[], path: string, note: Note): void {
  const [first, ...more] = names.filter(isCounter);
  if (first === undefined) return;
  const rest = more.length === 0 ? "" : ` and ${more.length} more`;
  note(`${shownPath(path)}: passed over ${first}${rest}: steps that were counted, which no layer reads`);
}
