/** How a project depends on Weft: by the version, or by the clone or the tarball that this command comes from. */
import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";

/** What is used of Weft's own package.json. */
export interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/**
 * `^0.1.0` from a registry; `file:../weft` where the command runs from a clone; `file:../weftgpu-0.1.0.tgz` where it
 * was installed from a tarball.
 */
export async function weftDependency(root: string, folder: string, version: string): Promise<string> {
  const at = root.split(sep).lastIndexOf("node_modules");
  if (at < 0) return local(root, folder);
  const project = root.split(sep).slice(0, at).join(sep);
  const within = root.split(sep).slice(at).join("/");
  const source = await installedFrom(project, within);
  return source?.startsWith("file:")
    ? local(resolve(project, source.slice("file:".length)), folder)
    : `^${version}`;
}

/** From npm's own record of what it has installed, where paths are relative to the project. */
async function installedFrom(project: string, within: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(project, "node_modules/.package-lock.json"), "utf8");
    const record = JSON.parse(text)?.packages?.[within]?.resolved;
    return typeof record === "string" ? record : undefined;
  } catch {
    return undefined;
  }
}

function local(path: string, folder: string): string {
  const near = relative(folder, path);
  return `file:${(isAbsolute(near) ? near : near || ".").split(sep).join("/")}`;
}
