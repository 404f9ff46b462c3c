/** Reads what `--input` names into one batch for each of the model's inputs. */
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { showShape } from "../../contract/shapes.ts";
import { knownSizes, type SizeValues } from "../../contract/sizes.ts";
import { ARRAYS, type TensorData } from "../../contract/tensor.ts";
import {
  checkHolds,
  concatenated,
  fitArray,
  type Input,
  type NumberArray,
  product,
  type Target,
  targetOf,
} from "../../data/array.ts";
import { parseJson } from "../../data/json.ts";
import { parseNpy } from "../../data/npy.ts";
import { readBytes, shownPath } from "../files.ts";
import { gunzipIfNeeded, isIdxName, parseIdx } from "./idx.ts";
import { ownerOf } from "./owner.ts";
import { parseIndex } from "./range.ts";
import { sizesWith } from "./sizes.ts";

/** How many examples of an IDX file are taken when `--index` says nothing. */
const DEFAULT_TAKE = 16;

export interface ReadOptions {
  readonly index?: string | undefined;
  readonly invert?: boolean | undefined;
  note(text: string): void;
}

export interface Batch {
  readonly target: Target;
  /** `[count, …example]` */
  readonly shape: readonly number[];
  readonly data: TensorData;
  /** One title per example: the file's name, `file[3]`, or the numbers that stood in the command. */
  readonly titles: readonly string[];
  /** The positions that were taken, where one IDX file was read: what labels are matched by. */
  readonly positions?: readonly number[];
}

interface Piece extends NumberArray {
  readonly titles: readonly string[];
  readonly positions?: readonly number[];
  /** What sizes besides N are, by this array and those before it. */
  readonly sizes: SizeValues;
}

/** What a piece is read for: an input, and what is known of its sizes. */
interface Wanted {
  readonly input: Input;
  readonly sizes: SizeValues;
}

/** The examples of an array that fits, those at `positions` alone. */
function pickRows(array: NumberArray, positions: readonly number[], { dtype }: Input): NumberArray {
  const row = product(array.shape.slice(1));
  const rows = positions.map((from) => array.data.subarray(from * row, (from + 1) * row));
  return { shape: [positions.length, ...array.shape.slice(1)], data: concatenated(rows, dtype) };
}

/** Unsigned bytes are pixels, whatever file holds them: 0 … 255 becomes 0 … 1, but stays in an input of whole numbers. */
const scaled = (array: NumberArray, { dtype }: Input, bytes = array.bytes): NumberArray =>
  bytes && dtype === "f32" ? { shape: array.shape, data: array.data.map((v) => v / 255) } : array;

async function readIdx(path: string, { input, sizes }: Wanted, options: ReadOptions): Promise<Piece> {
  const source = shownPath(path);
  const all = parseIdx(await readBytes(path, "the IDX file"), source, input.dtype);
  checkHolds(all, source);
  const count = all.shape[0] ?? 0;
  const range = options.index ?? (input.shape[0] === "N" ? `:${Math.min(DEFAULT_TAKE, count)}` : "0");
  const positions = parseIndex(range, count, source);
  if (options.index === undefined && positions.length < count)
    options.note(
      `${source}: the first ${positions.length} of ${count} ${plural(count, "example")}; --index FROM:TO picks others`,
    );
  const rows = scaled(pickRows(all, positions, input), input, all.bytes);
  const titles = positions.map((i) => `${source}[${i}]`);
  return { ...fittedSizes(rows, { input, sizes }, source), titles, positions };
}

/** The array as examples, and what sizes are after it. */
function fittedSizes(
  array: NumberArray,
  { input, sizes: known }: Wanted,
  source: string,
): Omit<Piece, "titles"> {
  checkHolds(array, source);
  const sizes = sizesWith(known, input, array, source);
  return { ...fitArray(array, targetOf(input, sizes), source), sizes };
}

/** `3,1,4` and `[[3, 1], [4, 1]]`, where no file is called so, are the numbers themselves, as JSON. */
function numbersIn(text: string): string | undefined {
  if (!/^\s*[-[\d]/.test(text) || /[a-df-z]/i.test(text) || existsSync(text)) return undefined;
  return text.trim().startsWith("[") ? text : `[${text}]`;
}

/** Names of files as they are; of numbers no more than their beginning. */
const clipped = (text: string): string =>
  numbersIn(text) && text.length > 40 ? `${text.slice(0, 39)}…` : text;

/** The numbers of a .npy or .json file, or those that stand in the command; undefined for files of other kinds. Throws `UserError`. */
export async function readArray(
  path: string,
  { name, dtype }: Pick<Input, "name" | "dtype">,
  source: string,
): Promise<NumberArray | undefined> {
  const here = numbersIn(path);
  if (here !== undefined) return parseJson(here, name, source, dtype);
  const kind = extname(path).toLowerCase();
  if (kind !== ".npy" && kind !== ".json") return undefined;
  const bytes = await readBytes(path, "the input");
  return kind === ".npy"
    ? parseNpy(bytes, source, dtype)
    : parseJson(new TextDecoder().decode(bytes), name, source, dtype);
}

async function readPiece(path: string, wanted: Wanted, options: ReadOptions): Promise<Piece> {
  const { input } = wanted;
  const source = clipped(shownPath(path));
  if (isIdxName(path)) return readIdx(path, wanted, options);
  const array = await readArray(path, input, source);
  if (array) {
    if (array.bytes && input.dtype === "f32")
      options.note(
        `${source}: its bytes 0 … 255 become 0 … 1, as those of pictures do; values that are to stay belong in float32`,
      );
    let fitted = fittedSizes(scaled(array, input), wanted, source);
    const count = fitted.shape[0] ?? 1;
    const positions = options.index === undefined ? undefined : parseIndex(options.index, count, source);
    if (positions) fitted = { ...fitted, ...pickRows(fitted, positions, input) };
    const titles = (positions ?? [...Array(count).keys()]).map((i) =>
      count === 1 ? source : `${source}[${i}]`,
    );
    return positions ? { ...fitted, titles, positions } : { ...fitted, titles };
  }
  if (extname(path).toLowerCase() === ".gz") {
    const bytes = gunzipIfNeeded(await readBytes(path, "the IDX file"), source);
    if (bytes[0] === 0 && bytes[1] === 0) return readIdx(path, wanted, options);
  }
  const { readPicture } = await import("./image.ts"); // sharp is loaded for pictures only
  const picture = await readPicture(path, targetOf(input), options.invert === true);
  if (picture.changes.length > 0) options.note(`${source}: ${picture.changes.join(", ")}`);
  if (picture.brightBorder)
    options.note(`${source}: its background is bright; for a model trained on dark backgrounds add --invert`);
  const data =
    input.dtype === "f32"
      ? picture.data
      : ARRAYS[input.dtype].from(picture.data.map((value) => Math.round(255 * value)));
  return { ...picture, data, titles: [source], sizes: wanted.sizes };
}

function joined(pieces: readonly Piece[], target: Target): Batch {
  const data = concatenated(
    pieces.map((piece) => piece.data),
    target.dtype,
  );
  const positions = pieces.length === 1 ? pieces[0]?.positions : undefined;
  const titles = pieces.flatMap((piece) => piece.titles);
  const count = pieces.reduce((sum, piece) => sum + (piece.shape[0] ?? 0), 0);
  const batch = { target, shape: [count, ...target.example], data, titles };
  return positions ? { ...batch, positions } : batch;
}

/**
 * @param inputs the model's inputs
 * @param sources what follows `--input`: paths or numbers; where the model has several inputs `name=path`, or a JSON object of all
 * @throws UserError for a file that cannot be read or does not fit, and for an input without a file
 */
export async function readInputs(
  inputs: readonly Input[],
  sources: readonly string[],
  options: ReadOptions,
): Promise<readonly Batch[]> {
  const names = inputs.map((t) => t.name);
  const pieces = new Map<Input, Piece[]>(inputs.map((t) => [t, []]));
  let sizes: SizeValues = knownSizes();
  for (const source of sources) {
    const { inputs: owners, path } = ownerOf(source, inputs);
    // One JSON object may hold an array for every input.
    for (const input of owners) {
      const piece = await readPiece(path, { input, sizes }, options);
      pieces.get(input)?.push(piece);
      sizes = piece.sizes;
    }
  }
  const batches = inputs.map((input) => joined(pieces.get(input) ?? [], targetOf(input, sizes)));
  for (const { target, titles } of batches) checkCount(target, titles.length, names);
  const counts = new Set(batches.filter((b) => b.target.batched).map((b) => b.titles.length));
  if (counts.size > 1)
    throw new UserError({
      problem: `the inputs have different numbers of examples: ${batches.map((b) => `${b.target.name} ${b.titles.length}`).join(", ")}`,
      rule: "N is the same for every input",
    });
  return batches;
}

/** What is written for an input: numbers where it is of whole numbers, else a file. */
function missing({ name, dtype }: Target, inputs: number): string {
  if (dtype === "f32") return inputs === 1 ? "name files with --input" : `add --input ${name}=FILE`;
  return `--input ${inputs === 1 ? "" : `${name}=`}3,1,4, or the name of a .npy or .json file`;
}

function checkCount(target: Target, count: number, names: readonly string[]): void {
  if (count === 0)
    throw new UserError({
      problem: `the input ${target.name} ${showShape(target.shape)} has no data`,
      fix: missing(target, names.length),
    });
  if (!target.batched && count !== 1)
    throw new UserError({
      problem: `the input ${target.name} takes one ${showShape(target.shape)}, but ${count} were given`,
      rule: "only an input whose first size is N takes several examples",
    });
}
