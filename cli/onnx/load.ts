/** An ONNX file and the files beside it that hold its weights. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import {
  type Dims,
  filesOf,
  ImportError,
  type Imported,
  type ImportOptions,
  importOnnx,
} from "../../compiler/onnx/index.ts";
import { readBytes, shownPath } from "../files.ts";

/** What is read of an ONNX file before anything is made of it. */
export interface OnnxFile {
  readonly bytes: Uint8Array;
  /** The files beside it by the names that it calls them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The paths of all that was read, the model's the first. */
  readonly paths: readonly string[];
}

/** @throws UserError where a file cannot be read, is no ONNX file, or lies outside of the model's folder */
export async function readOnnx(path: string): Promise<OnnxFile> {
  const bytes = await readBytes(path, "the model");
  const folder = dirname(resolve(path));
  const files: Record<string, Uint8Array> = {};
  const paths = [resolve(path)];
  for (const name of within(path, () => filesOf(bytes))) {
    const file = join(folder, name);
    await requireInside(file, folder, name);
    files[name] = await readBytes(file, `what ${shownPath(path)} keeps in`);
    paths.push(file);
  }
  return { bytes, files, paths };
}

/** The name alone does not leave the folder; a link may. */
async function requireInside(file: string, folder: string, name: string): Promise<void> {
  if (!(await stat(file).catch(() => undefined))) return; // reading it says so
  const [real, root] = await Promise.all([realpath(file), realpath(folder)]);
  if (real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  throw new UserError({
    problem: `${shownPath(name)} is a link that leaves the model's folder`,
    rule: "data of a model lie in its folder, or in one within it",
    fix: "a copy of the file in its place",
  });
}

/** The import of a file that was read; messages begin with its path. Throws `UserError`. */
export function importFile(
  path: string,
  { bytes, files }: OnnxFile,
  options: Omit<ImportOptions, "files">,
): Imported {
  return within(path, () => importOnnx(bytes, { name: nameOf(path), files, ...options }));
}

export async function loadOnnx(
  path: string,
  dims: Dims | undefined,
): Promise<Imported & { readonly files: readonly string[] }> {
  const file = await readOnnx(path);
  return { ...importFile(path, file, dims ? { dims } : {}), files: file.paths };
}

/** What the model is called, by its file: it names what is written of it. */
export function nameOf(path: string): string {
  const name = basename(path)
    .replace(/\.onnx$/i, "")
    .replaceAll(/[^\w.-]+/g, "_");
  return /\w/.test(name) ? name : "model";
}

function within<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ImportError) throw new ImportError(error.report, shownPath(path));
    if (!(error instanceof UserError)) throw error;
    const { problem, ...rest } = error.diagnosis;
    throw new UserError({ ...rest, problem: `${shownPath(path)}: ${problem}` });
  }
}
