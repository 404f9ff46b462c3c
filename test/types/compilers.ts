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
import { freshTypes } from "../../scripts/build-types.mjs";

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
  // The declarations that a user has: quicker to check than the sources.
  paths: { weftgpu: [join(root, "dist/types/compiler/dsl/index.d.ts")] },
};

/** An error of a program: where, and its first line. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** How many lines the message has. */
  readonly lines: number;
}

export interface Compiler {
  readonly name: string;
  /** Errors by file; the files are checked together. */
  check(files: ReadonlyMap<string, string>): ReadonlyMap<string, readonly Finding[]>;
  /**
   * Type instantiations that each file costs beyond what the language and `helpers` do. Each may import those before
   * it. A count, so that it is the same on every machine.
   */
  costs(
    files: ReadonlyMap<string, string>,
    helpers: ReadonlyMap<string, string>,
  ): ReadonlyMap<string, number>;
}

/** A model file that only loads the language. */
const empty = ["empty.ts", 'import * as w from "weftgpu";\nexport { w };\n'] as const;

function withFiles<T>(files: ReadonlyMap<string, string>, body: (folder: string) => T): T {
  freshTypes();
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

function tscFindings(output: string): ReadonlyMap<string, readonly Finding[]> {
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
    } else if (last && line.startsWith("  ")) found[found.length - 1] = { ...last, lines: last.lines + 1 };
  }
  return group(found);
}

export const typescript7: Compiler = {
  name: "TypeScript 7",
  check: (files) => withFiles(files, (folder) => tscFindings(runTsc(folder))),
  costs(files, helpers) {
    const count = (some: ReadonlyMap<string, string>): number =>
      withFiles(some, (folder) => Number(/Instantiations:\s+(\d+)/.exec(runTsc(folder))?.[1]));
    const entries = [...files];
    const totals = [0, ...entries.map((_, i) => i + 1)].map((end) =>
      count(new Map([empty, ...helpers, ...entries.slice(0, end)])),
    );
    return new Map(
      [...files.keys()].map((name, i) => [name, (totals[i + 1] ?? Number.NaN) - (totals[i] ?? Number.NaN)]),
    );
  },
};

function withProject<T>(
  files: ReadonlyMap<string, string>,
  body: (project: Project, folder: string) => T,
): T {
  return withFiles(files, (folder) =>
    body(new Project({ tsConfigFilePath: join(folder, "tsconfig.json") }), folder),
  );
}

export const tsMorph: Compiler = {
  name: `ts-morph's TypeScript ${ts.version}`,
  check: (files) =>
    withProject(files, (project, folder) => {
      const diagnostics = [...files.keys()].flatMap((name) =>
        project.getSourceFileOrThrow(join(folder, name)).getPreEmitDiagnostics(),
      );
      const found = diagnostics.flatMap((d) => {
        const file = d.getSourceFile();
        if (d.getCategory() !== DiagnosticCategory.Error || file === undefined) return [];
        const at = file.getLineAndColumnAtPos(d.getStart() ?? 0);
        const text = ts.flattenDiagnosticMessageText(d.compilerObject.messageText, "\n").split("\n");
        return [{ file: file.getBaseName(), ...at, text: text[0] ?? "", lines: text.length }];
      });
      return group(found);
    }),
  costs: (files, helpers) =>
    withProject(new Map([empty, ...helpers, ...files]), (project, folder) => {
      const program = project.getProgram().compilerObject;
      let before = 0;
      const counts = [...new Map([empty, ...helpers, ...files]).keys()].map((name): [string, number] => {
        program.getSemanticDiagnostics(program.getSourceFile(join(folder, name)));
        const cost = program.getInstantiationCount() - before;
        before += cost;
        return [name, cost];
      });
      return new Map(counts.slice(1 + helpers.size));
    }),
};

export const compilers: readonly Compiler[] = [typescript7, tsMorph];

/** What an editor shows when the pointer rests on each of a file's variables. */
export function hovers(files: ReadonlyMap<string, string>, file: string): ReadonlyMap<string, string> {
  return withProject(files, (project, folder) => {
    const source = project.getSourceFileOrThrow(join(folder, file));
    const service = project.getLanguageService().compilerObject;
    return new Map(
      source.getVariableDeclarations().map((v) => {
        const info = service.getQuickInfoAtPosition(source.getFilePath(), v.getNameNode().getStart());
        return [
          v.getName(),
          (info?.displayParts ?? [])
            .map((p) => p.text)
            .join("")
            .replaceAll(/\s+/g, " "),
        ];
      }),
    );
  });
}
