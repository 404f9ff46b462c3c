/** TypeScript's language service over the project's files in memory: errors, types under the pointer, completion. */
import { Project, type SourceFile, ts } from "ts-morph";
import type { Hover, Mark, Suggestions } from "./protocol.ts";

type Texts = Readonly<Record<string, string>>;

export interface Assistant {
  update(path: string, text: string): void;
  marks(path: string): readonly Mark[];
  hover(path: string, at: number): Hover | null;
  complete(path: string, at: number): Suggestions | null;
  explain(path: string, at: number, label: string): Hover | null;
}

/** What a page and Node both have, for files that print. */
const globals = `declare const console: { log(...data: unknown[]): void; warn(...data: unknown[]): void; error(...data: unknown[]): void };
interface ImportMeta { readonly url: string }`;

/** `types` are the declarations of weftgpu, by paths such as `compiler/index.d.ts`. */
export function assistant(files: Texts, types: Texts): Assistant {
  const project = emptyProject(types);
  const sources = new Map<string, SourceFile>();
  const update = (path: string, text: string): void => {
    const known = sources.get(path);
    if (known) known.replaceWithText(text);
    else sources.set(path, project.createSourceFile(`/project/${path}`, text, { overwrite: true }));
  };
  for (const [path, text] of Object.entries(files)) update(path, text);
  const service = project.getLanguageService().compilerObject;
  const inFile = (path: string): string => `/project/${path}`;
  return {
    update,
    marks(path) {
      if (path.endsWith(".json")) return [];
      const found = [
        ...service.getSyntacticDiagnostics(inFile(path)),
        ...service.getSemanticDiagnostics(inFile(path)),
      ];
      return found.map(markOf);
    },
    hover(path, at) {
      const info = service.getQuickInfoAtPosition(inFile(path), at);
      if (!info) return null;
      const { start, length } = info.textSpan;
      return hoverOf(start, start + length, info.displayParts, info.documentation);
    },
    complete(path, at) {
      const found = service.getCompletionsAtPosition(inFile(path), at, {
        includeCompletionsForModuleExports: false,
        includeCompletionsWithInsertText: false,
      });
      if (!found) return null;
      const text = sources.get(path)?.getFullText().slice(0, at) ?? "";
      const from = at - (/[\w$]*$/.exec(text)?.[0].length ?? 0);
      const options = found.entries.map((e) => ({ label: e.name, kind: e.kind }));
      return { from, options };
    },
    explain(path, at, label) {
      const info = service.getCompletionEntryDetails(
        inFile(path),
        at,
        label,
        undefined,
        undefined,
        undefined,
        undefined,
      );
      return info ? hoverOf(at, at, info.displayParts, info.documentation) : null;
    },
  };
}

/** All that files may mean besides each other. */
function emptyProject(types: Texts): Project {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipFileDependencyResolution: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      moduleDetection: ts.ModuleDetectionKind.Force,
      strict: true,
      noUncheckedIndexedAccess: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
      paths: { weftgpu: ["/weftgpu/compiler/index.d.ts"] },
    },
  });
  const system = project.getFileSystem();
  for (const [path, text] of Object.entries(types)) system.writeFileSync(`/weftgpu/${path}`, text);
  project.createSourceFile("/globals.d.ts", globals);
  return project;
}

function hoverOf(
  from: number,
  to: number,
  parts: readonly ts.SymbolDisplayPart[] | undefined,
  documentation: readonly ts.SymbolDisplayPart[] | undefined,
): Hover {
  return {
    from,
    to,
    signature: ts.displayPartsToString([...(parts ?? [])]),
    text: ts.displayPartsToString([...(documentation ?? [])]),
  };
}

function markOf(d: ts.Diagnostic): Mark {
  const from = d.start ?? 0;
  return {
    from,
    to: from + Math.max(1, d.length ?? 1),
    severity: d.category === ts.DiagnosticCategory.Error ? "error" : "warning",
    message: plainMessage(d),
  };
}

/**
 * Weft's rules speak through a type: the message is a string literal that no argument fits. It stands alone then:
 * `linear takes 400 features, but …`, without what TypeScript says around it.
 */
function plainMessage(d: ts.Diagnostic): string {
  const whole = ts.flattenDiagnosticMessageText(d.messageText, "\n");
  const own = /\btype '"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"'/.exec(whole)?.[1];
  return own === undefined ? whole : own.replaceAll('\\"', '"');
}
