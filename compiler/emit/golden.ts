/** Golden files: a model's kernels, shape table and plan as they were accepted, and what has changed since. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { formatPatch, structuredPatch } from "diff";
import type { Training } from "../../contract/training.ts";
import type { Compilation } from "../compile.ts";
import { must, UserError } from "../errors.ts";
import { planText } from "../report/kernels.ts";
import { shapeText } from "../report/render.ts";
import { shapeTable } from "../report/shapes.ts";
import { kernelFiles } from "./names.ts";
import { trainingKernels } from "./training.ts";
import { type Files, fileReason, writeFolder } from "./write.ts";

export interface GoldenOptions {
  /** Accepts the output as it is. */
  readonly update?: boolean;
  /** Compared as well: the kernels and the plan of a training step. */
  readonly training?: Training;
}

export interface GoldenResult {
  /** Whether the folder held exactly this output; true after an update. */
  readonly ok: boolean;
  /** What differs, for people: a line per file and unified diffs. Empty where nothing does. */
  readonly report: string;
  /** Files by what was found, before the update where one was made. */
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  readonly stale: readonly string[];
  readonly updated: boolean;
  /** The folder held no golden file at all. */
  readonly empty: boolean;
}

/** What a golden folder holds; anything else in it is left alone. */
const REPORTS = ["shapes.txt", "plan.txt"] as const;
const TRAIN_PLAN = "train-plan.txt";
const KERNEL = /^[\w-]+\.wgsl$/;
const CONTEXT_LINES = 3;
const LONGEST_DIFF = 120;
const WIDTH = 120;

/**
 * Compares the output of the compiler with the files in `folder`; with `update`, writes them.
 * @throws UserError where the folder cannot be read or written
 */
export async function checkGolden(
  compilation: Compilation,
  folder: string,
  options: GoldenOptions = {},
): Promise<GoldenResult> {
  const wanted = goldenFiles(compilation, options.training);
  const found = await readFolder(folder, [...wanted.keys()]);
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  const stale = [...found.keys()].filter((name) => !wanted.has(name));
  const changed = [...wanted].flatMap(([name, text]) =>
    found.has(name) && found.get(name) !== text ? [name] : [],
  );
  const same = missing.length + stale.length + changed.length === 0;
  const updated = options.update === true && !same;
  if (updated) await writeFolder(folder, wanted, stale);
  return {
    ok: same || updated,
    report: same ? "" : reportOf({ folder, wanted, found, missing, stale, changed }),
    changed,
    missing,
    stale,
    updated,
    empty: found.size === 0,
  };
}

/** The golden files of a model by name. Source places have no folder, so that it does not matter where they are made. */
export function goldenFiles(compilation: Compilation, training?: Training): Files {
  const { program, source, rewrites } = compilation;
  const table = shapeTable(source, { program, rewrites });
  const folders = new Set(
    source.nodes.flatMap((n) => (n.origin.at ? [n.origin.at.file] : [])).filter((f) => f !== basename(f)),
  );
  const local = (text: string): string =>
    [...folders].reduce((t, file) => t.replaceAll(`${file}:`, `${basename(file)}:`), text);
  const names = kernelFiles(program);
  return new Map([
    ...program.kernels.map((k, i) => [must(names[i], "file"), local(k.wgsl)] as const),
    [REPORTS[0], shapeText(table, { width: WIDTH })] as const,
    [REPORTS[1], planText(program, { width: WIDTH })] as const,
    ...(training ? trainingText(training, local) : []),
  ]);
}

function trainingText(training: Training, local: (text: string) => string): readonly [string, string][] {
  const kernels = [...trainingKernels(training)].map(([name, wgsl]): [string, string] => [name, local(wgsl)]);
  return [...kernels, [TRAIN_PLAN, planText(training.step, { width: WIDTH })]];
}

/** The golden files in a folder; only those with the given names where it is no golden folder yet. */
async function readFolder(folder: string, wanted: readonly string[]): Promise<Files> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw new UserError({ problem: `cannot read the golden folder ${folder}: ${fileReason(error)}` });
  }
  const golden = REPORTS.every((name) => names.includes(name)); // else its *.wgsl are somebody's shaders
  const ours = names
    .filter((name) => wanted.includes(name) || (golden && (KERNEL.test(name) || name === TRAIN_PLAN)))
    .sort();
  // A checkout on Windows may have CRLF line ends.
  const text = async (name: string): Promise<string> =>
    (await readFile(join(folder, name), "utf8")).replaceAll("\r\n", "\n");
  return new Map(await Promise.all(ours.map(async (name) => [name, await text(name)] as const)));
}

interface Difference extends Pick<GoldenResult, "missing" | "stale" | "changed"> {
  readonly folder: string;
  readonly wanted: Files;
  readonly found: Files;
}

function reportOf({ folder, wanted, found, missing, stale, changed }: Difference): string {
  if (found.size === 0) return `${folder} holds no golden files yet`;
  return [
    ...missing.map((name) => `new:     ${name} (not in ${folder})`),
    ...stale.map((name) => `gone:    ${name} (in ${folder}, no longer made)`),
    ...changed.map((name) => `changed: ${name}`),
    ...changed.map((name) => `\n${unified(name, found.get(name) ?? "", wanted.get(name) ?? "")}`),
  ].join("\n");
}

/** A unified diff of at most `LONGEST_DIFF` lines. */
function unified(name: string, before: string, after: string): string {
  const patch = structuredPatch(name, name, before, after, "golden", "now", { context: CONTEXT_LINES });
  const lines = formatPatch(patch).trimEnd().split("\n").slice(1); // without the rule of = signs
  const rest = lines.length - LONGEST_DIFF;
  return rest > 1 ? [...lines.slice(0, LONGEST_DIFF), `… ${rest} more lines`].join("\n") : lines.join("\n");
}
