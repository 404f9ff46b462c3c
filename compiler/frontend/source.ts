/** Finds the model file and says plainly what is wrong with the path when there is none. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";
import { editDistance } from "./excerpt.ts";

const extensions = [".ts", ".mts", ".js", ".mjs"];

/** The absolute path of a model file. Throws `UserError` where there is none. */
export function modelPath(path: string, cwd: string): string {
  const file = resolve(cwd, path);
  const shown = displayPath(file, cwd);
  if (!existsSync(file)) {
    const fix = similar(file, cwd);
    throw new UserError({ problem: `no such file: ${shown}`, ...(fix ? { fix } : {}) });
  }
  if (!statSync(file).isFile()) {
    const inside = statSync(file).isDirectory() ? modelsIn(file)[0] : undefined;
    throw new UserError({
      problem: `${shown} is ${statSync(file).isDirectory() ? "a directory" : "no regular file"}, not a model file`,
      ...(inside ? { fix: displayPath(join(file, inside), cwd) } : {}),
    });
  }
  if (!extensions.includes(extname(file))) {
    throw new UserError({
      problem: `${shown} is not a model file`,
      rule: `a model file is TypeScript or JavaScript: its name ends in ${extensions.slice(0, -1).join(", ")} or ${extensions.at(-1)}`,
    });
  }
  return file;
}

/** How a file is shown: relative to the working directory where it lies inside, with forward slashes. */
export function displayPath(file: string, cwd: string): string {
  const inside = relative(cwd, file);
  if (inside === "") return ".";
  const shown = inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? file : inside;
  return shown.split(sep).join("/");
}

function modelsIn(folder: string): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => extensions.includes(extname(name)) && !name.endsWith(".d.ts") && !name.startsWith("."))
    .sort();
}

/** The model file in the same folder whose name is nearest, if it is near enough to be meant. */
function similar(file: string, cwd: string): string | undefined {
  const wanted = basename(file);
  const stem = (name: string): string => name.slice(0, name.length - extname(name).length);
  let best: { name: string; distance: number } | undefined;
  for (const name of modelsIn(dirname(file))) {
    const distance = editDistance(stem(wanted), stem(name));
    if (distance <= 2 && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best && displayPath(join(dirname(file), best.name), cwd);
}
