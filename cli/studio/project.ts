/** What the studio shows of a project: the model file, what it imports, weights and pictures beside it. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../compiler/errors.ts";
import { modelPath } from "../../compiler/frontend/source.ts";
import { isHidden, shownPath } from "../files.ts";
import { packageUrl } from "../version.ts";

export interface ProjectFiles {
  /** The folder that paths are relative to. */
  readonly root: string;
  /** The model file's path, a key of `sources`. */
  readonly model: string;
  /** The model file and the project's files that it imports: absolute paths by path, with forward slashes. */
  readonly sources: ReadonlyMap<string, string>;
  /** A safetensors file. */
  readonly weights: string | null;
  /** PNG pictures. */
  readonly samples: readonly string[];
  /** The real folders that all of these lie in, whatever links say. */
  readonly folders: readonly string[];
  /** Whether the model file is the user's, so that it may be written. */
  readonly editable: boolean;
}

export interface ProjectOptions {
  /** A model file; default: the project's models/lenet.ts, else the package's own. */
  readonly model?: string | undefined;
  readonly weights?: string | undefined;
  readonly cwd?: string;
}

const packageRoot = fileURLToPath(new URL(".", packageUrl));
const usual = join("models", "lenet.ts");

/** Throws `UserError` where there is no such model or weights file. */
export function projectFiles({ model, weights, cwd = process.cwd() }: ProjectOptions): ProjectFiles {
  const own = model ?? (existsSync(join(cwd, usual)) ? usual : undefined);
  const named = own === undefined ? join(packageRoot, usual) : modelPath(own, cwd);
  const project = own === undefined ? packageRoot : inside(cwd, named) ? resolve(cwd) : dirname(named);
  // A link that leads out of the project: it is the project that it leads to which is shown.
  const isLink = !inside(realpathSync(project), realpathSync(named));
  const file = isLink ? realpathSync(named) : named;
  const root = isLink ? dirname(file) : project;
  const given = weights === undefined ? undefined : weightsAt(resolve(cwd, weights));
  return {
    root,
    model: pathIn(root, file),
    sources: importsOf(file, root),
    weights: given ?? weightsBeside(file),
    samples: picturesFor(file),
    folders: [root, packageRoot, ...(given === undefined ? [] : [dirname(realpathSync(given))])].map((f) =>
      realpathSync(f),
    ),
    editable: own !== undefined,
  };
}

/** Whether a file is there, and lies in the project by its real path, now. */
export function mayRead({ folders }: ProjectFiles, file: string): boolean {
  if (!existsSync(file)) return false;
  const real = realpathSync(file);
  return folders.some((folder) => inside(folder, real));
}

/** The texts of the sources by path. A file that has just been deleted is left out. */
export function texts(project: ProjectFiles): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  for (const [path, file] of project.sources)
    if (mayRead(project, file)) found[path] = readFileSync(file, "utf8");
  return found;
}

function inside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

const pathIn = (root: string, file: string): string => relative(root, file).split(sep).join("/");

const sources = [".ts", ".mts", ".js", ".mjs", ".json"];

/**
 * The model file and all that it imports by relative paths, followed as the page follows them. What lies outside the
 * folder, by its path or through a link, is not read.
 */
function importsOf(model: string, root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>([[pathIn(root, model), model]]);
  const real = realpathSync(root);
  const queue = [model];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (file.endsWith(".json")) continue;
    for (const specifier of relativeImports(readFileSync(file, "utf8"))) {
      const target = resolved(resolve(dirname(file), specifier));
      if (target === undefined || !inside(root, target) || !inside(real, realpathSync(target))) continue;
      if (target.split(sep).includes("node_modules") || found.has(pathIn(root, target))) continue;
      found.set(pathIn(root, target), target);
      queue.push(target);
    }
  }
  return found;
}

function relativeImports(text: string): readonly string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]*)\1/g;
  return [...text.matchAll(pattern)].flatMap((m) => m[2] ?? []);
}

function resolved(wanted: string): string | undefined {
  const stem = wanted.replace(/\.m?js$/, "");
  const candidates = [wanted, `${stem}.ts`, `${stem}.mts`, join(wanted, "index.ts")];
  return candidates.find(
    (c) => sources.includes(extname(c)) && statSync(c, { throwIfNoEntry: false })?.isFile(),
  );
}

/** `lenet.safetensors`, else the first `lenet.*.safetensors` beside `lenet.ts`. */
function weightsBeside(model: string): string | null {
  const stem = basename(model, extname(model));
  const names = readdirSync(dirname(model))
    .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(".safetensors"))
    .sort();
  const name = names.find((n) => n === `${stem}.safetensors`) ?? names[0];
  return name === undefined ? null : join(dirname(model), name);
}

function weightsAt(file: string): string {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  throw new UserError({ problem: `cannot read the weights ${shownPath(file)}: there is no such file` });
}

/** PNG pictures in `samples` beside the model; else those that come with Weft. */
function picturesFor(model: string): readonly string[] {
  for (const folder of [join(dirname(model), "samples"), join(packageRoot, "models", "samples")]) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
    const names = readdirSync(folder)
      .filter((name) => name.toLowerCase().endsWith(".png") && !isHidden(name))
      .sort();
    if (names.length > 0) return names.map((name) => join(folder, name));
  }
  return [];
}
