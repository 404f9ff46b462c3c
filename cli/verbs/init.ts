/** `weft init`: a small project that builds, trains, tests and shows a page. */
import { readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../compiler/errors.ts";
import { shownPath } from "../files.ts";
import type { Manifest } from "../project/dependency.ts";
import { projectFiles, projectName } from "../project/template.ts";
import { createFiles, inTheWay } from "../project/write.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";
import { packageUrl } from "../version.ts";

export const init = verb({
  help: examples([
    ["weft init my-model", "a new folder; then npm install, npm test, npm run train, npm start"],
    ["weft init", "into the folder you are in; nothing is written over"],
    ["npx weftgpu init my-model", "without an installation"],
  ]),
  run: (dir: string, { format }: OutputOptions, { ui }) => write(dir, format, ui),
});

async function write(dir: string, format: string, ui: Ui): Promise<void> {
  const folder = resolve(dir);
  const root = await realpath(fileURLToPath(new URL(".", packageUrl)));
  const manifest: Manifest = JSON.parse(readFileSync(packageUrl, "utf8"));
  const files = await projectFiles(root, await real(folder), manifest);
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
  const steps = [
    ...(folder === process.cwd() ? [] : [`cd ${quoted(shownPath(folder))}`]),
    "npm install",
    "npm test",
    "npm run train",
    "npm start",
  ];
  const about: Readonly<Record<string, string>> = {
    "npm test": "type check, golden files, and the model on this machine's GPU or CPU",
    "npm run train": "some seconds; writes the weights",
    "npm start": "a page to draw on, at the address that it prints",
  };
  ui.out(`${bold(projectName(folder))}: ${files.size} files in ${shownPath(folder)}\n`);
  for (const step of steps) ui.out(`  ${step.padEnd(16)}${dim(about[step] ?? "")}`.trimEnd());
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
