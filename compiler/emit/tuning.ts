/** `model.tune.json`: read with care, written in one order. */
import { readFile } from "node:fs/promises";
import { type Facts, FEATURES, fits } from "../../contract/adapter.ts";
import type { AdapterKey, AdapterTuning, TuningFile } from "../../contract/tuning.ts";
import { UserError } from "../errors.ts";
import { isSchedule } from "../strategies/index.ts";
import { type TargetName, targets } from "../strategies/target.ts";
import { fileReason } from "./write.ts";

/** The file that belongs to a model: `models/lenet.ts` → `models/lenet.tune.json`. */
export function tuningPath(model: string): string {
  return `${model.replace(/\.[mc]?[jt]s$/, "")}.tune.json`;
}

export interface Adapter extends Facts {
  readonly info: GPUAdapterInfo;
}

export function adapterKey({ info, features }: Adapter): AdapterKey {
  const { vendor, architecture, device, description } = info;
  return { vendor, architecture, device, description, features: FEATURES.filter((f) => features.has(f)) };
}

/** What was measured with a batch that is more than so many times another says little about that one. */
const FAR = 16;

/** What was measured for: runs, or training steps with an optimiser. */
type Use = AdapterTuning["training"];
const USES: readonly Use[] = [undefined, "sgd", "adam"];

/** The part of a file that was measured on this adapter, its features included, with the batch that is nearest. */
export function tuningFor(
  file: TuningFile,
  adapter: Adapter,
  batch: number,
  use?: Use,
): AdapterTuning | undefined {
  return nearest(measuredOn(file, adapter), batch, use);
}

/**
 * `tuningFor`, and the kernels that were measured for other uses where it has none of their key: a forward pass may
 * have kernels that a training step has too. Where nothing was measured for this use, those of the others alone.
 */
export function sharedFor(
  file: TuningFile,
  adapter: Adapter,
  batch: number,
  use?: Use,
): AdapterTuning | undefined {
  return shared(measuredOn(file, adapter), batch, use);
}

function measuredOn(file: TuningFile, adapter: Adapter): readonly AdapterTuning[] {
  return file.adapters.filter((a) => fits({ adapter: a, features: a.features }, adapter));
}

/** How many times a batch is another. */
const apart = (a: AdapterTuning, batch: number): number => Math.max(a.batch / batch, batch / a.batch);

/** Undefined where all are too far. */
function nearest(entries: readonly AdapterTuning[], batch: number, use: Use): AdapterTuning | undefined {
  const [best] = entries
    .filter((a) => a.training === use)
    .toSorted((a, b) => apart(a, batch) - apart(b, batch));
  return best && apart(best, batch) <= FAR ? best : undefined;
}

function shared(entries: readonly AdapterTuning[], batch: number, use: Use): AdapterTuning | undefined {
  const others = USES.filter((u) => u !== use)
    .flatMap((u) => nearest(entries, batch, u) ?? [])
    .toSorted((a, b) => apart(a, batch) - apart(b, batch));
  const found = [nearest(entries, batch, use) ?? [], others].flat();
  const [first] = found;
  return first && { ...first, kernels: Object.assign({}, ...found.toReversed().map((a) => a.kernels)) };
}

/** Of each adapter on which runs were measured what `sharedFor` gives. */
export function perAdapter(file: TuningFile, batch: number): readonly AdapterTuning[] {
  const adapterOf = ({ training: _, ...a }: AdapterTuning): string => identity({ ...a, batch });
  return file.adapters.flatMap((a) => {
    const same = file.adapters.filter((b) => adapterOf(b) === adapterOf(a));
    return nearest(same, batch, undefined) === a ? (shared(same, batch, undefined) ?? []) : [];
  });
}

/** The file's other adapters, batches and uses, and this one. */
export function merged(file: TuningFile | undefined, adapter: AdapterTuning): TuningFile {
  const others = (file?.adapters ?? []).filter((a) => identity(a) !== identity(adapter));
  const adapters = [...others, adapter].toSorted((a, b) => (identity(a) < identity(b) ? -1 : 1));
  return { format: "weft-tuning", version: 2, adapters };
}

function identity(tuning: Omit<AdapterTuning, "kernels" | "target">): string {
  const { vendor, architecture, device, description, features, batch, training } = tuning;
  const key = [vendor, architecture, device, description, features, String(batch).padStart(9)];
  return JSON.stringify(training ? [...key, training] : key);
}

/** Kernels in the order of their keys, a line each: equal measurements are equal bytes, and a diff can be read. */
export function tuningText({ format, version, adapters }: TuningFile): string {
  const kernelLines = ({ kernels }: AdapterTuning): string =>
    Object.entries(kernels)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, kernel]) => `        ${JSON.stringify(key)}: ${JSON.stringify(kernel)}`)
      .join(",\n");
  const parts = adapters.map((a) => {
    const { kernels, ...key } = a;
    const fields = Object.entries(key).map(
      ([name, value]) => `      ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    );
    const list = Object.keys(kernels).length > 0 ? `{\n${kernelLines(a)}\n      }` : "{}";
    return `    {\n${[...fields, `      "kernels": ${list}`].join(",\n")}\n    }`;
  });
  const list = parts.length > 0 ? `[\n${parts.join(",\n")}\n  ]` : "[]";
  return `{\n  "format": ${JSON.stringify(format)},\n  "version": ${version},\n  "adapters": ${list}\n}\n`;
}

/** Undefined where there is no such file. @throws UserError where it is another kind of file, or damaged */
export async function readTuning(path: string): Promise<TuningFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UserError({ problem: `cannot read ${path}: ${fileReason(error)}` });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(path, `it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isRecord(value) && value["format"] === "weft-tuning" && value["version"] !== 2)
    throw new UserError({
      problem: `${path} is a tuning of version ${JSON.stringify(value["version"])}`,
      rule: "this Weft reads version 2",
      fix: "update Weft, or measure anew: weft tune",
    });
  const problem = problemOf(value);
  if (problem) throw broken(path, problem);
  return value as TuningFile; // `problemOf` has looked at every field
}

function broken(path: string, why: string): UserError {
  return new UserError({
    problem: `${path} is no tuning file: ${why}`,
    rule: '`weft tune` writes {"format": "weft-tuning", "version": 2, "adapters": […]}',
    fix: "delete it and measure anew with weft tune, or use --no-tune",
  });
}

/** Whether a file's `target` is one; `readTuning` has asked. */
export const isTarget = (name: string): name is TargetName => Object.hasOwn(targets, name);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isCounts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 1);

/** What is wrong with a file's value; undefined where nothing is. */
function problemOf(value: unknown): string | undefined {
  if (!isRecord(value) || value["format"] !== "weft-tuning") return 'its "format" is not "weft-tuning"';
  const { adapters } = value;
  if (!Array.isArray(adapters)) return '"adapters" is no list';
  for (const [i, adapter] of adapters.entries()) {
    const at = `adapters[${i}]`;
    if (!isRecord(adapter)) return `${at} is no object`;
    for (const name of ["vendor", "architecture", "device", "description"])
      if (!isText(adapter[name])) return `${at}.${name} is no text`;
    const { features, kernels, target, batch } = adapter;
    if (!USES.some((use) => use === adapter["training"]))
      return `${at}.training is none of ${USES.flatMap((use) => use ?? []).join(", ")}`;
    if (!isCounts([batch])) return `${at}.batch is no whole number of at least 1`;
    if (typeof target !== "string" || !isTarget(target))
      return `${at}.target is none of ${Object.keys(targets).join(", ")}`;
    if (!Array.isArray(features) || !features.every(isText)) return `${at}.features is no list of names`;
    if (!isRecord(kernels)) return `${at}.kernels is no object`;
    for (const [key, kernel] of Object.entries(kernels)) {
      const problem = problemOfKernel(kernel);
      if (problem) return `${at}.kernels[${JSON.stringify(key)}]${problem}`;
    }
  }
  return undefined;
}

function problemOfKernel(kernel: unknown): string | undefined {
  if (!isRecord(kernel)) return " is no object";
  for (const name of ["layers", "kernel", "schedule"])
    if (!isText(kernel[name])) return `.${name} is no text`;
  if (!isSchedule(String(kernel["schedule"])))
    return `.schedule is of no strategy, or says what this one does not decide: ${JSON.stringify(kernel["schedule"])}`;
  for (const name of ["default", "tuned", "defaultBuild", "build"])
    if (!isNumber(kernel[name])) return `.${name} is no number`;
  return undefined;
}
