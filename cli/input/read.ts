/** Reads what `--input` names into one batch for each of the model's inputs. */
import { extname } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Dim } from "../../contract/type.ts";
import { checkHolds, fitArray, type NumberArray, product, type Target, targetOf } from "../../data/array.ts";
import { parseJson } from "../../data/json.ts";
import { parseNpy } from "../../data/npy.ts";
import { readBytes, shownPath } from "../files.ts";
import { gunzipIfNeeded, isIdxName, parseIdx } from "./idx.ts";
import { parseIndex } from "./range.ts";

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
  readonly data: Float32Array;
  /** One title per example: the file's name, or `file[3]`. */
  readonly titles: readonly string[];
  /** The positions that were taken, where one IDX file was read: what labels are matched by. */
  readonly positions?: readonly number[];
}

interface Piece extends NumberArray {
  readonly titles: readonly string[];
  readonly positions?: readonly number[];
}

function pickRows(array: NumberArray, positions: readonly number[]): NumberArray {
  const row = product(array.shape.slice(1));
  const data = new Float32Array(positions.length * row);
  positions.forEach((from, to) => {
    data.set(array.data.subarray(from * row, (from + 1) * row), to * row);
  });
  return { shape: [positions.length, ...array.shape.slice(1)], data };
}

/** Unsigned bytes are pixels, whatever file holds them: 0 … 255 becomes 0 … 1. */
const scaled = (array: NumberArray, bytes = array.bytes): NumberArray =>
  bytes ? { shape: array.shape, data: array.data.map((v) => v / 255) } : array;

async function readIdx(path: string, target: Target, options: ReadOptions): Promise<Piece> {
  const source = shownPath(path);
  const all = parseIdx(await readBytes(path, "the IDX file"), source);
  checkHolds(all, source);
  const count = all.shape[0] ?? 0;
  const range = options.index ?? (target.batched ? `:${Math.min(DEFAULT_TAKE, count)}` : "0");
  const positions = parseIndex(range, count, source);
  if (options.index === undefined && positions.length < count)
    options.note(
      `${source}: the first ${positions.length} of ${count} ${plural(count, "example")}; --index FROM:TO picks others`,
    );
  const rows = pickRows(all, positions);
  const fitted = fitArray(scaled(rows, all.bytes), target, source);
  return { ...fitted, titles: positions.map((i) => `${source}[${i}]`), positions };
}

async function readPiece(path: string, target: Target, options: ReadOptions): Promise<Piece> {
  const source = shownPath(path);
  const kind = extname(path).toLowerCase();
  if (isIdxName(path)) return readIdx(path, target, options);
  if (kind === ".npy" || kind === ".json") {
    const bytes = await readBytes(path, "the input");
    const array =
      kind === ".npy"
        ? parseNpy(bytes, source)
        : parseJson(new TextDecoder().decode(bytes), target.name, source);
    if (array.bytes)
      options.note(
        `${source}: its bytes 0 … 255 become 0 … 1, as those of pictures do; values that are to stay belong in float32`,
      );
    let fitted = fitArray(scaled(array), target, source);
    const count = fitted.shape[0] ?? 1;
    const positions = options.index === undefined ? undefined : parseIndex(options.index, count, source);
    if (positions) fitted = pickRows(fitted, positions);
    const titles = (positions ?? [...Array(count).keys()]).map((i) =>
      count === 1 ? source : `${source}[${i}]`,
    );
    return positions ? { ...fitted, titles, positions } : { ...fitted, titles };
  }
  if (kind === ".gz") {
    const bytes = gunzipIfNeeded(await readBytes(path, "the IDX file"), source);
    if (bytes[0] === 0 && bytes[1] === 0) return readIdx(path, target, options);
  }
  const { readPicture } = await import("./image.ts"); // sharp is loaded for pictures only
  const picture = await readPicture(path, target, options.invert === true);
  if (picture.changes.length > 0) options.note(`${source}: ${picture.changes.join(", ")}`);
  if (picture.brightBorder)
    options.note(`${source}: its background is bright; for a model trained on dark backgrounds add --invert`);
  return { ...picture, titles: [source] };
}

function joined(pieces: readonly Piece[], target: Target): Batch {
  const count = pieces.reduce((sum, piece) => sum + (piece.shape[0] ?? 0), 0);
  const data = new Float32Array(count * product(target.example));
  let at = 0;
  for (const piece of pieces) {
    data.set(piece.data, at);
    at += piece.data.length;
  }
  const positions = pieces.length === 1 ? pieces[0]?.positions : undefined;
  const titles = pieces.flatMap((piece) => piece.titles);
  const batch = { target, shape: [count, ...target.example], data, titles };
  return positions ? { ...batch, positions } : batch;
}

/** `image=a.png` where `image` is an input of the model, otherwise the path alone. */
function splitName(
  text: string,
  targets: readonly Target[],
): { readonly target?: Target; readonly path: string } {
  const at = text.indexOf("=");
  const target = targets.find((t) => t.name === text.slice(0, at));
  return at > 0 && target ? { target, path: text.slice(at + 1) } : { path: text };
}

/**
 * @param inputs the model's inputs
 * @param sources what follows `--input`: paths; where the model has several inputs `name=path`, or a JSON object of all
 * @throws UserError for a file that cannot be read or does not fit, and for an input without a file
 */
export async function readInputs(
  inputs: readonly { readonly name: string; readonly shape: readonly Dim[] }[],
  sources: readonly string[],
  options: ReadOptions,
): Promise<readonly Batch[]> {
  const targets = inputs.map(targetOf);
  const names = targets.map((t) => t.name);
  const [only] = targets;
  const pieces = new Map<Target, Piece[]>(targets.map((t) => [t, []]));
  for (const source of sources) {
    const { target, path } = splitName(source, targets);
    const owner = target ?? (targets.length === 1 ? only : undefined);
    if (owner === undefined && extname(path).toLowerCase() === ".json") {
      // One JSON object may hold an array for every input.
      for (const each of targets) pieces.get(each)?.push(await readPiece(path, each, options));
      continue;
    }
    if (owner === undefined)
      throw new UserError({
        problem: `--input ${source} does not say which of the inputs ${names.join(", ")} it is for`,
        fix: `write --input ${names.map((name) => `${name}=FILE`).join(" ")}`,
      });
    pieces.get(owner)?.push(await readPiece(path, owner, options));
  }
  const batches = targets.map((target) => joined(pieces.get(target) ?? [], target));
  for (const { target, titles } of batches) checkCount(target, titles.length, names);
  const counts = new Set(batches.filter((b) => b.target.batched).map((b) => b.titles.length));
  if (counts.size > 1)
    throw new UserError({
      problem: `the inputs have different numbers of examples: ${batches.map((b) => `${b.target.name} ${b.titles.length}`).join(", ")}`,
      rule: "N is the same for every input",
    });
  return batches;
}

function checkCount(target: Target, count: number, names: readonly string[]): void {
  if (count === 0)
    throw new UserError({
      problem: `the input ${target.name} ${showShape(target.shape)} has no data`,
      fix: names.length === 1 ? "name files with --input" : `add --input ${target.name}=FILE`,
    });
  if (!target.batched && count !== 1)
    throw new UserError({
      problem: `the input ${target.name} takes one ${showShape(target.shape)}, but ${count} were given`,
      rule: "only an input whose first size is N takes several examples",
    });
}
