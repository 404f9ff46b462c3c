/** The page's own files, as they were built, and `project.json`, which says what it shows. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError } from "../../compiler/errors.ts";
import { packageUrl } from "../version.ts";
import { mayRead, type ProjectFiles, texts } from "./project.ts";
import type { ServedSet } from "./sets.ts";

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

/** Weights and pictures that may be read now. */
export function projectAssets(project: ProjectFiles): Files {
  const { weights, samples } = project;
  const named = [
    ...samples.map((file): [string, string] => [`samples/${basename(file)}`, file]),
    ...(weights === null ? [] : [[`weights/${basename(weights)}`, weights] as const]),
  ];
  return new Map(named.filter(([, file]) => mayRead(project, file)));
}

/**
 * What the page reads first; `live`: whether a server is there that saves files and tells of changes; `sets`: data sets that it has,
 * or can get.
 */
export function projectJson(project: ProjectFiles, live: boolean, sets: readonly ServedSet[] = []): string {
  const addresses = [...projectAssets(project).keys()];
  const encoded = (address: string): string => address.split("/").map(encodeURIComponent).join("/");
  const weights = addresses.find((address) => address.startsWith("weights/"));
  const samples = addresses.filter((address) => address.startsWith("samples/"));
  return JSON.stringify({
    model: project.model,
    files: texts(project),
    weights: weights === undefined ? null : encoded(weights),
    samples: samples.map((address) => ({
      name: basename(address).replace(/\.png$/i, ""),
      url: encoded(address),
    })),
    live,
    sets,
  });
}
