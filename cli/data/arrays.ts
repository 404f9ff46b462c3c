/** Data sets in .npy files, one for each part: `--input NAME=FILE.npy --target NAME=FILE.npy`. */
import { plural, UserError } from "../../compiler/errors.ts";
import { fitArray, type NumberArray } from "../../data/array.ts";
import { parseNpy } from "../../data/npy.ts";
import type { Rows } from "../../runtime/train.ts";
import { readBytes, shownPath } from "../files.ts";
import { type DataPart, divided, ignoredBy, type Opened } from "./parts.ts";

export interface ArrayFiles {
  readonly input?: readonly string[] | undefined;
  readonly target?: readonly string[] | undefined;
}

/** `name=path`, or the path alone where there is one part of the kind. Throws `UserError` where it does not say which. */
function fileOf(
  flag: string,
  text: string,
  parts: readonly DataPart[],
): readonly [part: DataPart, path: string] {
  const at = text.indexOf("=");
  const named = parts.find((part) => part.name === text.slice(0, at));
  if (at > 0 && named) return [named, text.slice(at + 1)];
  const [only, ...more] = parts;
  if (only && more.length === 0) return [only, text];
  throw new UserError({
    problem: `--${flag} ${text} does not say which it is for`,
    rule: only ? `there are ${parts.map((part) => part.name).join(", ")}` : `the training has no ${flag}`,
    fix: only ? parts.map((part) => `--${flag} ${part.name}=FILE.npy`).join(" ") : `leave out --${flag}`,
  });
}

/** Throws `UserError` for a label or a target that the loss does not take. */
function checkTargets({ data, shape }: NumberArray, { name, loss }: DataPart, source: string): void {
  if (!loss) return;
  const { classes } = loss;
  const ignored = ignoredBy(loss);
  const [fits, rule]: [fits: (value: number) => boolean, rule: string] =
    classes !== undefined
      ? [
          (x) => x === ignored || (x >= 0 && x < classes && x % 1 === 0),
          `labels are whole numbers from 0 to ${classes - 1}${ignored === undefined ? "" : `, or ${ignored}, which does not count`}`,
        ]
      : loss.loss.kind === "binaryCrossEntropy"
        ? [(x) => x >= 0 && x <= 1, "binaryCrossEntropy takes targets from 0 to 1"]
        : [Number.isFinite, "targets are finite numbers"];
  const at = data.findIndex((value) => !fits(value));
  if (at < 0) return;
  const example = Math.floor((at * (shape[0] ?? 1)) / data.length);
  throw new UserError({
    problem: `${source}: example ${example} has ${data[at]} for ${name}`,
    rule,
    fix:
      classes === undefined
        ? "correct the array"
        : "correct the array, give the model a score for every class, or --ignore-index N for labels that do not count",
  });
}

/** Throws `UserError` for a file that is missing, broken or does not fit, and where their numbers of examples differ. */
export async function openArrays(
  { input = [], target = [] }: ArrayFiles,
  parts: readonly DataPart[],
  limit: number | undefined,
): Promise<Opened> {
  const files = new Map<string, string>();
  for (const [flag, texts] of [
    ["input", input],
    ["target", target],
  ] as const) {
    const ofKind = parts.filter((part) => (part.loss !== undefined) === (flag === "target"));
    for (const text of texts) {
      const [{ name }, path] = fileOf(flag, text, ofKind);
      if (files.has(name))
        throw new UserError({ problem: `--${flag} names ${name} twice`, fix: "one file for each" });
      files.set(name, path);
    }
  }
  const arrays: Record<string, Rows> = {};
  const bytes: string[] = [];
  let first: { readonly source: string; readonly rows: number } | undefined;
  for (const part of parts) {
    const path = files.get(part.name);
    const flag = part.loss ? "target" : "input";
    if (path === undefined)
      throw new UserError({
        problem: `there is no --${flag} for ${part.name}`,
        rule: `the training reads ${parts.map((p) => p.name).join(", ")}`,
        fix: `--${flag} ${part.name}=FILE.npy`,
      });
    const source = shownPath(path);
    // Labels below 0 are no error of the file's: one may be what does not count.
    const dtype = part.loss?.classes === undefined ? part.dtype : "i32";
    const array = fitArray(parseNpy(await readBytes(path, "the data"), source, dtype), part, source);
    const rows = array.shape[0] ?? 0;
    first ??= { source, rows };
    if (rows !== first.rows)
      throw new UserError({
        problem: `${first.source} holds ${first.rows} ${plural(first.rows, "example")}, but ${source} ${rows}`,
        rule: "all files of a data set have the same examples in the same order",
      });
    checkTargets(array, part, source);
    const scaled = array.bytes && part.dtype === "f32" && !part.loss;
    if (scaled) bytes.push(part.name);
    arrays[part.name] = scaled ? Uint8Array.from(array.data) : array.data;
  }
  const { rows = 0 } = first ?? {};
  if (rows < 2)
    throw new UserError({
      problem: `${first?.source} holds ${rows} ${plural(rows, "example")}`,
      rule: "every sixth example, or the last one, is kept for testing",
      fix: "two examples or more",
    });
  const name = [...files.values()].map(shownPath).join(", ");
  return { name, ...divided({ arrays, rows }, parts, limit), classes: [], bytes: bytes.length > 0 && bytes };
}
