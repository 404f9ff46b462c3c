/** From a model file and what it imports to JavaScript modules, imports first. Types are taken off, not checked. */
import { ts } from "ts-morph";
import { UserError } from "../../compiler/errors.ts";
import type { Import, Module } from "./protocol.ts";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  sourceMap: true,
  isolatedModules: true,
};

/** Throws `UserError` with the place: a syntax error, an import that is not found, files that import each other. */
export function modulesFrom(entry: string, files: ReadonlyMap<string, string>): readonly Module[] {
  const done = new Map<string, Module>();
  const visit = (path: string, chain: readonly string[]): void => {
    if (done.has(path)) return;
    const module = moduleOf(path, files, chain);
    for (const { target } of module.imports) if (target !== "weftgpu") visit(target, [...chain, path]);
    done.set(path, module);
  };
  visit(entry, []);
  return [...done.values()];
}

function moduleOf(path: string, files: ReadonlyMap<string, string>, chain: readonly string[]): Module {
  const source = files.get(path) ?? "";
  if (path.endsWith(".json"))
    return { path, source, code: `export default ${source};`, map: emptyMap, imports: [] };
  const fileName = `/${path}`;
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: options,
    fileName,
    reportDiagnostics: true,
  });
  const wrong = diagnostics?.[0];
  if (wrong)
    throw new UserError({
      problem: ts.flattenDiagnosticMessageText(wrong.messageText, "\n"),
      at: { file: path, ...lineOf(source, wrong.start ?? 0) },
    });
  const code = outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  const found = ts.preProcessFile(code, true, true).importedFiles;
  const imports = found.map(({ fileName: specifier, pos }): Import => {
    // TypeScript's range begins before the quotation mark in some versions, and after it in others.
    const from = code.lastIndexOf(specifier, pos + 1) - 1;
    return { from, to: from + specifier.length + 2, target: target(specifier, path, source, files, chain) };
  });
  return { path, source, code, map: sourceMapText ?? emptyMap, imports };
}

const emptyMap = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });

function target(
  specifier: string,
  path: string,
  source: string,
  files: ReadonlyMap<string, string>,
  chain: readonly string[],
): string {
  if (specifier === "weftgpu") return specifier;
  const at = { file: path, ...lineOf(source, Math.max(0, source.indexOf(specifier))) };
  if (!specifier.startsWith("."))
    throw new UserError({
      problem: `the page cannot import "${specifier}"`,
      rule: 'a model in the studio imports "weftgpu" and files of the project',
      at,
    });
  const wanted = join(path, specifier);
  const stem = wanted.replace(/\.m?js$/, "");
  const found = [wanted, `${stem}.ts`, `${stem}.mts`, `${wanted}/index.ts`].find((p) => files.has(p));
  if (found === undefined)
    throw new UserError({
      problem: `"${specifier}" is not among the files that the studio has read`,
      fix: "saving the file: the studio then reads what it imports",
      at,
    });
  if (found === path || chain.includes(found))
    throw new UserError({
      problem: `these files import each other: ${[...chain.slice(chain.indexOf(found)), path, found].join(" → ")}`,
      rule: "in the studio a file imports files that do not import it",
      at,
    });
  return found;
}

/** `models/lenet.ts` and `./blocks/a.ts` give `models/blocks/a.ts`. */
function join(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function lineOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
