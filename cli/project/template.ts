/** The files of a new project: the template's, with names and versions put in, and the golden files of its model. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { compile } from "../../compiler/compile.ts";
import { InternalError } from "../../compiler/errors.ts";
import { isHidden } from "../files.ts";
import { loadModel } from "../model.ts";
import { type Manifest, weftDependency } from "./dependency.ts";

/** A kind of project. */
export interface Template {
  /** Ends the sentence "a project that …". */
  readonly about: string;
  /** The folders of `templates` that it is put together from. */
  readonly parts: readonly string[];
  /** What stands in its files for {{word}}, besides names and versions. */
  readonly words: Readonly<Record<string, string>>;
  /** The model whose kernels are kept as golden files. Absent: none are. */
  readonly golden?: string;
  /** What to do once it is written, after `npm install`. */
  readonly steps: readonly (readonly [command: string, about: string])[];
}

const TEST = ["npm test", "type check, golden files, and the model on this machine's GPU or CPU"] as const;
const TRAIN = ["npm run train", "some seconds; writes the weights"] as const;
const SHAPES = { golden: "src/shapes.model.ts" } as const;

export const TEMPLATES = {
  page: {
    ...SHAPES,
    about: "has a page to draw on, built with esbuild",
    parts: ["shapes", "drawing", "page"],
    words: {
      plugin: "weftgpu/esbuild",
      weights: "shapes.safetensors",
      user: "the page",
      next: "shows the page",
    },
    steps: [TEST, TRAIN, ["npm start", "a page to draw on, at the address that it prints"]],
  },
  vite: {
    ...SHAPES,
    about: "has the same page, built with Vite",
    parts: ["shapes", "drawing", "vite"],
    words: {
      plugin: "weftgpu/vite",
      weights: "public/shapes.safetensors",
      user: "the page",
      next: "shows the page",
    },
    steps: [TEST, TRAIN, ["npm run dev", "a page to draw on, at the address that it prints"]],
  },
  node: {
    ...SHAPES,
    about: "runs a model in Node",
    parts: ["shapes", "node"],
    words: { weights: "shapes.safetensors", user: "src/main.ts", next: "runs the model" },
    steps: [TEST, TRAIN, ["npm start", "runs the model on shapes that it has not seen"]],
  },
  train: {
    about: "trains a model from a table, with commands alone",
    parts: ["train"],
    words: {},
    steps: [["npm start", "writes a table, trains, and measures"]],
  },
} as const satisfies Readonly<Record<string, Template>>;

export type TemplateName = keyof typeof TEMPLATES;

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
  { parts, words, golden }: Template,
  root: string,
  folder: string,
  manifest: Manifest,
): Promise<ReadonlyMap<string, string>> {
  const known: Readonly<Record<string, string>> = {
    ...manifest.devDependencies,
    ...manifest.dependencies,
    ...words,
    name: projectName(folder),
    weftgpu: await weftDependency(root, folder, manifest.version),
  };
  const filled = (text: string): string =>
    text.replace(/\{\{([\w@/]+)\}\}/g, (_, key: string) => {
      const value = known[key];
      if (value === undefined) throw new InternalError(`the template wants ${key}`);
      return value;
    });
  const texts = new Map<string, string>();
  for (const part of parts) {
    const from = join(root, "templates", part);
    const entries = await readdir(from, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || isHidden(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const name = path
        .slice(from.length + 1)
        .split(sep)
        .join("/");
      texts.set(RENAMED[name] ?? name, filled(await readFile(path, "utf8")));
      if (name === golden)
        for (const [file, text] of await goldenOf(path)) texts.set(`${GOLDEN}/${file}`, text);
    }
  }
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function goldenOf(model: string): Promise<ReadonlyMap<string, string>> {
  const { goldenFiles } = await import("../../compiler/emit/golden.ts");
  return goldenFiles(compile((await loadModel(model)).graph));
}
