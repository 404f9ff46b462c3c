/** The fenced code blocks of a Markdown page, with what their info string says is done with them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Graph } from "../../compiler/ir/graph.ts";
import { showShape } from "../../contract/shapes.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Of docs/architecture: a page per part. */
const PARTS = [
  "house",
  "graphs",
  "fusion",
  "storage",
  "schedules",
  "statements",
  "runtime",
  "training",
  "tools",
  "choices",
] as const;
export const ARCHITECTURE = [
  "docs/architecture.md",
  ...PARTS.map((name) => `docs/architecture/${name}.md` as const),
] as const;
export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...ARCHITECTURE,
  "docs/language.md",
  "docs/command.md",
  "docs/runtime.md",
  "docs/glossary.md",
  "docs/refused.md",
  "docs/lecture.md",
  "docs/lecture.zh.md",
] as const;
/** In the order in which they are read; guide.test.ts follows them. */
export const GUIDE = [
  "docs/guide/README.md",
  "docs/guide/model.md",
  "docs/guide/kernels.md",
  "docs/guide/fusion.md",
  "docs/guide/golden.md",
  "docs/guide/train.md",
  "docs/guide/losses.md",
  "docs/guide/page.md",
  "docs/guide/anywhere.md",
  "docs/guide/pytorch.md",
  "docs/guide/onnx.md",
  "docs/guide/sequences.md",
  "docs/guide/ops.md",
  "docs/guide/errors.md",
  "docs/guide/performance.md",
  "docs/guide/tuning.md",
] as const;

export interface Block {
  /** `README.md:42`: where its first line of code is. */
  readonly place: string;
  readonly page: string;
  /** `ts`, `sh`, `text`, `html`. */
  readonly language: string;
  /** `run`, `check`, `model`, `source`, `output`; "" where nothing is promised. */
  readonly mode: string;
  /** All of what follows the language. */
  readonly info: string;
  /** What follows `source=`, `output=` or `file=`. */
  readonly argument: string;
  readonly code: string;
}

export const read = (page: string): string => readFileSync(join(root, page), "utf8");

export function blocksOf(page: string, text = read(page)): readonly Block[] {
  return [...text.matchAll(/^( *)```(\S+)(?: ([^\n]*))?\n([\s\S]*?)^\1```$/gm)].map((m) => {
    const [, indent = "", language = "", info = "", body = ""] = m;
    const word = /^\w+/.exec(info)?.[0] ?? "";
    const given = /(?:source|output|file)=(?:"([^"\n]+)"|(\S+))/.exec(info);
    const argument = given?.[1] ?? given?.[2] ?? "";
    const line = text.slice(0, m.index).split("\n").length + 1;
    const code = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { place: `${page}:${line}`, page, language, mode: word, info, argument, code };
  });
}

/** What a printed text has to be: a line `…` stands for any number of lines; `within` lines, too, it may stand for any text. */
export function patternOf(wanted: string, within: boolean): RegExp {
  const lines = wanted
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .map((line) =>
      line.trim() === "…" ? "(?:.*\\n)*?" : `${within ? line.replaceAll("…", ".*") : line}\\n`,
    );
  return new RegExp(`^${lines.join("")}$`);
}

/** The shapes of a model's outputs that a block promises: `shapes="scores [N, 10]"`; none where its model is wrong. */
export function promisedShapes({ place, info }: Block): string | undefined {
  const shapes = /shapes="([^"]+)"/.exec(info)?.[1];
  if (shapes === undefined)
    throw new Error(`${place}: a model says its outputs' shapes, shapes="…" or shapes="none"`);
  return shapes === "none" ? undefined : shapes;
}

/** As `promisedShapes` says them. */
export const shapesOf = ({ outputs }: Pick<Graph, "outputs">): string =>
  outputs.map(({ name, node }) => `${name} ${showShape(node.type.shape)}`).join(", ");

export const isModelFile = ({ code }: Block): boolean => code.includes("\nexport default model(");

export const blocks = PAGES.flatMap((page) => blocksOf(page));

/** Everything about a block but its place: what the same block of another page shares with it. */
export const contentOf = (b: Block): string => JSON.stringify([b.language, b.mode, b.argument, b.code]);

/** Blocks to check or run. One that stands on several pages, as those of the lecture do, comes once. */
export function blocksFor(language: string, ...modes: readonly string[]): readonly Block[] {
  const wanted = blocks.filter((b) => b.language === language && modes.includes(b.mode));
  return [...new Map(wanted.toReversed().map((b) => [contentOf(b), b])).values()].toReversed();
}
