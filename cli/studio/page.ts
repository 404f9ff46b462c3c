/** The page's own files, as they were built, and `project.json`, which says what it shows. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError } from "../../compiler/errors.ts";
import { packageUrl } from "../version.ts";
import { type ProjectFiles, texts } from "./project.ts";

/** Files by their address, without a slash in front. */
export type Files = ReadonlyMap<string, string>;

const built = fileURLToPath(new URL("dist/studio/", packageUrl));

/** The built page. Throws `InternalError` where it was not built. */
export function pageFiles(): Files {
  if (!existsSync(join(built, "index.html")))
    throw new InternalError("the studio's page was not built: node scripts/build-studio.mjs builds it");
  const names = readdirSync(built).filter(
    (name) => /\.(?:html|js|css|svg)$/.test(name) || name === "types.json",
  );
  return new Map(names.map((name) => [name, join(built, name)]));
}

/** Weights and pictures. */
export function projectAssets({ weights, samples }: ProjectFiles): Files {
  const pictures = samples.map((file): [string, string] => [`samples/${basename(file)}`, file]);
  return new Map(weights === null ? pictures : [[`weights/${basename(weights)}`, weights], ...pictures]);
}

/** What the page reads first; `live`: whether a server is there that saves files and tells of changes. */
export function projectJson(project: ProjectFiles, live: boolean): string {
  const { model, weights, samples } = project;
  const address = (folder: string, file: string): string => `${folder}/${encodeURIComponent(basename(file))}`;
  return JSON.stringify({
    model,
    files: texts(project),
    weights: weights === null ? null : address("weights", weights),
    samples: samples.map((file) => ({
      name: basename(file).replace(/\.png$/i, ""),
      url: address("samples", file),
    })),
    live,
  });
}
