/** The model, the runtime and nothing else in one minified ES module. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Program, Variant } from "../../contract/program.ts";
import { quantisedAs } from "../../contract/quantised.ts";
import { InternalError, must } from "../errors.ts";
import { docText, literal, MADE_BY } from "./names.ts";
import { packProgram, packPrograms } from "./pack.ts";

/** Sizes in bytes; gzip at its best level, which is what a web server stores. */
export interface BundleSize {
  readonly bytes: number;
  readonly gzip: number;
}

export function bundleProgram(program: Program, variants: readonly Variant[] = []): Promise<string> {
  const wasm = [program, ...variants.map((v) => v.program)].some((p) => p.module ?? p.wasm);
  return bundleModule(program.name, entrySource(program, variants), wasm);
}

/**
 * A module with everything that it imports, minified. `wasm`: whether any of its programs is for WebAssembly.
 * @throws InternalError where an import is left
 */
export async function bundleModule(name: string, contents: string, wasm = false): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser", // which also keeps "</script>" out of strings
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
    metafile: true,
    // Modules are visible characters, each of which would be six.
    ...(wasm ? { charset: "utf8" as const } : { define: { WEFT_WEBGPU_ONLY: "true" } }),
  });
  const [output] = Object.values(result.metafile.outputs);
  const imports = output?.imports.map((i) => i.path) ?? [];
  if (imports.length > 0) throw new InternalError(`the bundle imports ${imports.join(", ")}`);
  const { text } = must(result.outputFiles[0], "bundle");
  return `// ${docText(name)}, ${MADE_BY}\n${text.replace(OTHERS, escaped)}`;
}

/** What is neither ASCII nor a character of a module (`packWasm.ts`): in a name of the model's, and then in a string. */
const OTHERS = /[^\n -~\u00cf-\u016f]/g;
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

export function sizeOfBundle(text: string): BundleSize {
  return { bytes: Buffer.byteLength(text), gzip: gzipSync(text, { level: 9 }).length };
}

/**
 * A module with `load(weights?, device?)`, `name` and `parameters`; the same as the default export. It imports
 * the runtime by path. `variants`: programs of which a device gets the one that suits it, `program` the last.
 */
export function entrySource(
  program: Program,
  variants: readonly Variant[] = [],
  runtime: (entry: RuntimeEntry) => string = runtimePath,
): string {
  const several = variants.length > 1;
  const quantised = [program, ...variants.map((v) => v.program)].some((p) => p.params.some(quantisedAs));
  const from = (entry: RuntimeEntry, names: string): string =>
    `import { ${names} } from ${JSON.stringify(runtime(entry))};`;
  const loaded = (chosen: string): string => {
    const given = `${chosen}, { ...(weights && { weights }), ...(device && { device }) }`;
    return `loadProgram(${quantised ? `...packed(${given})` : given})`;
  };
  return [
    from(program.sizes || program.inputs.some((i) => i.below) ? "sized" : "index", "load as loadProgram"),
    ...(quantised ? [from("quantised", "packed")] : []),
    ...(several ? [from("index", "factsOf, pick")] : []),
    ...(several
      ? choice(variants, loaded("chosen"))
      : [
          `const program = ${packProgram(program)};`,
          `export function load(weights, device) {\n  return ${loaded("program")};\n}`,
        ]),
    "export const name = program.name;",
    "export const parameters = Object.fromEntries(program.params.map((p) => [p.name, p.shape]));",
    "export default { name, parameters, load };",
    "",
  ].join("\n");
}

/** The programs are packed together, so what they share is there once. */
function choice(variants: readonly Variant[], loaded: string): readonly string[] {
  const conditions = variants.map(({ name, when }) => ({ name, ...(when && { when }) }));
  return [
    `const programs = ${packPrograms(variants.map((v) => v.program))};`,
    `const variants = ${literal(conditions)}.map((v, i) => ({ ...v, program: programs[i] }));`,
    `const program = programs.at(-1);`,
    `export async function load(weights, device) {
  const chosen = pick(variants, await factsOf(device), weights);
  return ${loaded};
}`,
  ];
}

/** What of the runtime a bundle loads. */
export type RuntimeEntry = "index" | "quantised" | "sized" | "train";

/** The runtime's sources where Weft runs from its own, else the built runtime that stands beside this file. */
export function runtimePath(entry: RuntimeEntry): string {
  const built = entry === "index" ? "runtime" : entry;
  const path = import.meta.url.endsWith(".ts") ? `../../runtime/${entry}.ts` : `./${built}.js`;
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (!existsSync(file)) throw new InternalError(`the runtime is not at ${file}`);
  return file;
}
