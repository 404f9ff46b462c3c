/** The parameters of a run: a file of weights, held against the model. */
import { UserError } from "../compiler/errors.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { asGiven } from "../contract/quantised.ts";
import { isCounter, readStored, type Stored, tensorsFor } from "../contract/stored.ts";
import { checkWeights, type Weights } from "../contract/weights.ts";
import { metadataIn } from "../runtime/metadata.ts";
import { readBytes, shownPath } from "./files.ts";
import { isArchive, isPickle, legacy } from "./pytorch/kind.ts";

/** Prints a remark. */
type Note = (text: string) => void;

const message = (error: WeftError): string => error.message.replace(/^weights: /, "");

/** Reads the file and holds it against the model, before a device is asked for. */
export async function readWeights(path: string, program: Program, note: Note): Promise<Weights> {
  return fitting(
    await storedIn(await readBytes(path, "the weights"), path, program.name),
    path,
    program,
    note,
  );
}

/** Those of the file that is given, else those that the model's own file holds: an ONNX file has some. */
export const weightsOf = async (
  path: string | undefined,
  own: Weights | undefined,
  program: Program,
  note: Note,
): Promise<Weights | undefined> => (path === undefined ? own : readWeights(path, program, note));

/** The same, with the texts that lie beside the tensors. */
export async function readTold(
  path: string,
  program: Program,
  note: Note,
): Promise<{ readonly weights: Weights; readonly metadata: Readonly<Record<string, string>> }> {
  const bytes = await readBytes(path, "the weights");
  const weights = fitting(await storedIn(bytes, path, program.name), path, program, note);
  try {
    return { weights, metadata: isArchive(bytes) ? {} : metadataIn(bytes) };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)}: ${message(error)}`,
      rule: "__metadata__ of a safetensors file is an object of strings",
      fix: "write the file anew, without it or with strings in it",
    });
  }
}

/** The tensors of a file as they are in it: safetensors, or an archive of PyTorch. Throws `UserError`. */
export async function storedIn(
  bytes: Uint8Array,
  path: string,
  model: string,
): Promise<Readonly<Record<string, Stored>>> {
  if (isArchive(bytes)) return (await import("./pytorch/read.ts")).readPyTorch(bytes, shownPath(path));
  if (isPickle(bytes)) throw legacy(shownPath(path));
  return saying(shownPath(path), model, () => readStored(bytes));
}

/** The result of work on a file, whose `WeftError` "weights" becomes a message that names the file and the model. */
export function saying<T>(shown: string, model: string, work: () => T, fix?: string): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    throw new UserError({
      problem: `${shown} does not fit the model ${model}: ${message(error)}`,
      rule: "every parameter of the model is in the file once, in the model's shape, and all its numbers are finite",
      fix: fix ?? "give the weights that were saved from this model",
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
  const shown = shownPath(path);
  const fix = `give the weights that were saved from this model; of another program's, weft weights MODEL --from ${shown} finds out which is which`;
  const weights = saying(
    shown,
    program.name,
    () => {
      const tensors = tensorsFor(stored, { params });
      checkWeights(params, tensors);
      return tensors;
    },
    fix,
  );
  noteCounters(Object.keys(stored), path, note);
  return weights;
}

/** Says in one line which tensors nobody looked at. */
export function noteCounters(names: readonly string[], path: string, note: Note): void {
  const [first, ...more] = names.filter(isCounter);
  if (first === undefined) return;
  const rest = more.length === 0 ? "" : ` and ${more.length} more`;
  note(`${shownPath(path)}: passed over ${first}${rest}: steps that were counted, which no layer reads`);
}
