/** Writes what a compiled model is used by: WGSL, the program, a typed module and a bundle for the web. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Compilation } from "../compile.ts";
import { must, UserError } from "../errors.ts";
import type { Program } from "../ir/program.ts";
import { type Count, countAt } from "../ir/type.ts";
import { type BundleSize, bundleProgram, sizeOfBundle } from "./bundle.ts";
import { typedModule } from "./module.ts";
import { fileName, kernelFiles, MADE_BY } from "./names.ts";
import { writeFolder } from "./write.ts";

export type { BundleSize } from "./bundle.ts";
export { checkGolden, type GoldenOptions, type GoldenResult } from "./golden.ts";

export interface EmitOptions {
  /** The batch size at which the report's memory is counted. Default 1. */
  readonly batch?: number;
}

export interface Emitted {
  /** The absolute path of the folder. */
  readonly folder: string;
  /** What was written there, by name. */
  readonly files: readonly string[];
  readonly bundle: BundleSize;
  readonly report: BundleReport;
}

/** What `weft compile --out DIR --format json` prints of a bundle. */
export interface BundleReport {
  readonly kernels: readonly {
    readonly name: string;
    readonly layers: readonly string[];
    /** Invocations per workgroup. */
    readonly workgroup: number;
    readonly wgslBytes: number;
  }[];
  /** How many a run takes, in one submit. */
  readonly dispatches: number;
  /** One per distinct WGSL text. */
  readonly pipelines: number;
  readonly peakBytes: number;
  readonly bundle: BundleSize;
}

/**
 * Writes to `outDir`: `*.wgsl`, `program.json`, `<model>.ts`, `.js`, `.d.ts`, `<model>.bundle.js` and its `.d.ts`.
 * All files or none; other files in the folder stay, kernels of an earlier run of this function go.
 * @throws UserError where the folder cannot be written, or where a file of the user's has a name that is needed
 */
export async function emit(
  compilation: Pick<Compilation, "program">,
  outDir: string,
  options: EmitOptions = {},
): Promise<Emitted> {
  const { program } = compilation;
  const model = fileName(program.name);
  const bundled = await bundleProgram(program);
  const module = typedModule(program, `${model}.bundle.js`);
  const kernels = kernelFiles(program);
  const files = new Map([
    ...kernels.map((name, i) => [name, must(program.kernels[i], "kernel").wgsl] as const),
    ["program.json", `${JSON.stringify(program, null, 2)}\n`] as const,
    [`${model}.ts`, module.ts] as const,
    [`${model}.js`, module.js] as const,
    [`${model}.d.ts`, module.dts] as const,
    [`${model}.bundle.js`, bundled] as const,
    [
      `${model}.bundle.d.ts`,
      `export * from "./${model}.js";\nexport { default } from "./${model}.js";\n`,
    ] as const,
  ]);
  await refuseForeign(outDir, [`${model}.ts`, `${model}.js`, `${model}.d.ts`, `${model}.bundle.js`]);
  const stale = (await earlierKernels(outDir)).filter((name) => !files.has(name));
  await writeFolder(outDir, files, stale);
  const bundle = sizeOfBundle(bundled);
  return {
    folder: resolve(outDir),
    files: [...files.keys()],
    bundle,
    report: bundleReport(program, bundle, options.batch ?? 1),
  };
}

export function bundleReport(program: Program, bundle: BundleSize, batch = 1): BundleReport {
  const peak: Count = program.peakBytes;
  return {
    kernels: program.kernels.map(({ name, layers, workgroup, wgsl }) => ({
      name,
      layers,
      workgroup,
      wgslBytes: Buffer.byteLength(wgsl),
    })),
    dispatches: program.dispatches.length,
    pipelines: new Set(program.kernels.map((k) => k.wgsl)).size,
    peakBytes: countAt(peak, batch),
    bundle,
  };
}

/** `--out models` must not write over the model file itself. @throws UserError */
async function refuseForeign(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (text === undefined || text.split("\n", 1)[0]?.includes(MADE_BY)) continue;
    throw new UserError({
      problem: `${join(folder, name)} is in the way: it was not written by weft compile`,
      fix: "another directory",
    });
  }
}

/** The kernels that an earlier `program.json` in the folder lists: the only files that may be removed. */
async function earlierKernels(folder: string): Promise<readonly string[]> {
  try {
    const earlier = JSON.parse(await readFile(join(folder, "program.json"), "utf8")) as Program;
    return earlier.format === "weft-program" ? kernelFiles(earlier) : [];
  } catch {
    return []; // no earlier run, or none of ours
  }
}
