/**
 * The two compilers that see a user's model: TypeScript 7's `tsc`, which has no API, and the TypeScript that
 * ts-morph carries, which the frontend uses.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DiagnosticCategory, Project, ts } from "ts-morph";

export const root = resolve(fileURLToPath(import.meta.url), "../../..");

const options = {
  target: "es2023",
  module: "nodenext",
  moduleResolution: "nodenext",
  lib: ["es2023"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  paths: { weftgpu: [join(root, "compiler/dsl/index.ts")] },
};

/** An error of a program: where, and its first line. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** How many lines the message has. */
  readonly lines: number;
}

export interface Check {
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
  readonly instantiations: number;
}

/** Files by name, checked together; instantiations include the library's own source. */
export interface Compiler {
  readonly name: string;
  check(files: ReadonlyMap<string, string>): Check;
}

function withFiles<T>(files: ReadonlyMap<string, string>, body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "weft-types-"));
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: [...files.keys()] }),
    );
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function group(found: readonly (Finding & { file: string })[]): ReadonlyMap<string, readonly Finding[]> {
  const files = new Map<string, Finding[]>();
  for (const { file, ...finding } of found) files.set(file, [...(files.get(file) ?? []), finding]);
  return files;
}

/** Runs the `tsc` binary; a failing check is its normal exit. */
function runTsc(folder: string): string {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    return execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false", "--extendedDiagnostics"], {
      cwd: folder,
      encoding: "utf8",
    });
  } catch (e) {
    if (e instanceof Error && "stdout" in e && typeof e.stdout === "string" && e.stdout !== "")
      return e.stdout;
    throw e;
  }
}

export const typescript7: Compiler = {
  name: "TypeScript 7",
  check: (files) =>
    withFiles(files, (folder) => {
      const output = runTsc(folder);
      const found: (Finding & { file: string })[] = [];
      for (const line of output.split("\n")) {
        const m = /^(.+?)\((\d+),(\d+)\): error TS\d+: (.*)$/.exec(line);
        const last = found.at(-1);
        if (m) {
          const [, file = "", row, column, text = ""] = m;
          found.push({
            file: file.split("/").at(-1) ?? "",
            line: Number(row),
            column: Number(column),
            text,
            lines: 1,
          });
        } else if (last && line.startsWith("  "))
          found[found.length - 1] = { ...last, lines: last.lines + 1 };
      }
      return { findings: group(found), instantiations: Number(/Instantiations:\s+(\d+)/.exec(output)?.[1]) };
    }),
};

export const tsMorph: Compiler = {
  name: `ts-morph's TypeScript ${ts.version}`,
  check: (files) =>
    withFiles(files, (folder) => {
      const project = new Project({ tsConfigFilePath: join(folder, "tsconfig.json") });
      const program = project.getProgram().compilerObject;
      const found = project.getPreEmitDiagnostics().flatMap((d) => {
        const file = d.getSourceFile();
        if (d.getCategory() !== DiagnosticCategory.Error || file === undefined) return [];
        const at = file.getLineAndColumnAtPos(d.getStart() ?? 0);
        const text = ts.flattenDiagnosticMessageText(d.compilerObject.messageText, "\n").split("\n");
        return [{ file: file.getBaseName(), ...at, text: text[0] ?? "", lines: text.length }];
      });
      return { findings: group(found), instantiations: program.getInstantiationCount() };
    }),
};

export const compilers: readonly Compiler[] = [typescript7, tsMorph];
