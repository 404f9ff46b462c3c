/** The files of a new project: the template's, with names and versions put in, and the golden files of its model. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { compile } from "../../compiler/compile.ts";
import { InternalError } from "../../compiler/errors.ts";
import { isHidden } from "../files.ts";
import { loadModel } from "../model.ts";
import { type Manifest, weftDependency } from "./dependency.ts";

const MODEL = "src/shapes.model.ts";
const GOLDEN = "test/golden";
/** npm leaves `.gitignore` out of packages. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** A name that npm accepts, from that of the folder: `My Model` becomes `my-model`. */
export function projectName(folder: string): string {
  const plain = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "");
  return plain === "" || plain === "node_modules" ? "my-model" : plain.slice(0, 200);
}

/**
 * Every file of a project in `folder`, by its path within it.
 * @param root the package's own folder
 */
export async function projectFiles(
  root: string,
  folder: string,
  manifest: Manifest,
): Promise<ReadonlyMap<string, string>> {
  const template = join(root, "templates/project");
  const known: Readonly<Record<string, string>> = {
    ...manifest.devDependencies,
    ...manifest.dependencies,
    name: projectName(folder),
    weftgpu: await weftDependency(root, folder, manifest.version),
  };
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !isHidden(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(template.length + 1))
    .sort();
  const texts = paths.map(async (path): Promise<readonly [string, string]> => {
    const text = await readFile(join(template, path), "utf8");
    const filled = text.replace(/\{\{([\w@/]+)\}\}/g, (_, key: string) => {
      const value = known[key];
      if (value === undefined) throw new InternalError(`the template wants ${key}`);
      return value;
    });
    const name = path.split(sep).join("/");
    return [RENAMED[name] ?? name, filled];
  });
  const { goldenFiles } = await import("../../compiler/emit/golden.ts");
  const { graph } = await loadModel(join(template, MODEL));
  const golden = [...goldenFiles(compile(graph))].map(([name, text]) => [`${GOLDEN}/${name}`, text] as const);
  return new Map([...(await Promise.all(texts)), ...golden]);
}
