/** `weft init`: a small project that trains a model and uses it: in a page, with Vite, in Node, or by commands alone. */

import { readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { UserError } from "../../compiler/errors.ts";
import { shownPath } from "../files.ts";
import type { Manifest } from "../project/dependency.ts";
import {
  projectFiles,
  projectName,
  TEMPLATES,
  type Template,
  type TemplateName,
} from "../project/template.ts";
import { createFiles, inTheWay } from "../project/write.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";
import { packageUrl } from "../version.ts";

interface Options extends OutputOptions {
  readonly template: TemplateName;
}

const NAMES = Object.keys(TEMPLATES) as TemplateName[]; // the record's own keys

export const init = verb({
  options: (command) =>
    command.addOption(
      new Option("-t, --template <name>", "what the project is").choices(NAMES).default("page"),
    ),
  help: `
Templates:
${NAMES.map((name) => `  ${name.padEnd(6)} ${TEMPLATES[name].about}`).join("\n")}
${examples([
  ["weft init my-model", "a new folder; then npm install, npm test, npm run train, npm start"],
  ["weft init", "into the folder you are in; nothing is written over"],
  ["weft init my-table --template train", "a model that learns from a table, with commands alone"],
  ["npx weftgpu init my-model", "without an installation"],
])}`,
  run: (dir: string, { template, format }: Options, { ui }) => write(dir, TEMPLATES[template], format, ui),
});

async function write(dir: string, template: Template, format: string, ui: Ui): Promise<void> {
  const folder = resolve(dir);
  const root = await realpath(fileURLToPath(new URL(".", packageUrl)));
  const manifest: Manifest = JSON.parse(readFileSync(packageUrl, "utf8"));
  const files = await projectFiles(template, root, await real(folder), manifest);
  const taken = await inTheWay(folder, [...files.keys()]);
  if (taken.length > 0)
    throw new UserError({
      problem: `${shownPath(folder) === folder ? folder : dir} already holds ${list(taken)}`,
      rule: "weft init writes over nothing",
      fix: "another folder, such as weft init my-model; or move those files away",
    });
  await createFiles(folder, files);
  for (const name of files.keys()) ui.detail(name);
  if (format === "json") {
    printJson(ui, { folder, name: projectName(folder), files: [...files.keys()] });
    return;
  }
  const { bold, dim } = ui.colors;
  const steps: readonly (readonly [command: string, about: string])[] = [
    ...(folder === process.cwd() ? [] : [[`cd ${quoted(shownPath(folder))}`, ""] as const]),
    ["npm install", ""],
    ...template.steps,
  ];
  ui.out(`${bold(projectName(folder))}: ${files.size} files in ${shownPath(folder)}\n`);
  for (const [step, about] of steps) ui.out(`  ${step.padEnd(16)}${dim(about)}`.trimEnd());
}

/** The folder without links in its path, as far as it exists: a relative dependency starts from there. */
async function real(folder: string): Promise<string> {
  const parent = resolve(folder, "..");
  return realpath(folder).catch(async () =>
    parent === folder
      ? folder
      : resolve(await real(parent), folder.slice(parent.length).replace(/^[\\/]/, "")),
  );
}

function list(paths: readonly string[]): string {
  const shown = paths.slice(0, 6).join(", ");
  return paths.length > 6 ? `${shown} and ${paths.length - 6} more` : shown;
}

const quoted = (path: string): string => (/[^\w./\\:~-]/.test(path) ? JSON.stringify(path) : path);
