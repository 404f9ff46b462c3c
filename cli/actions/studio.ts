/** What `weft studio` does: serves the page until Ctrl-C, or writes it as a static folder. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "../failure.ts";
import { shownPath } from "../files.ts";
import { onInterrupt } from "../signals.ts";
import { pageFiles, projectAssets, projectJson } from "../studio/page.ts";
import { type ProjectFiles, projectFiles } from "../studio/project.ts";
import { serveStudio } from "../studio/server.ts";
import type { Ui } from "../ui.ts";
import { changed, contents } from "../watch/files.ts";
import { requireWritableFolder, writeFiles } from "../write.ts";

export interface StudioOptions extends CommonOptions {
  readonly port?: number;
  readonly open?: boolean;
  readonly weights?: string;
  /** A folder, or true for the usual one. */
  readonly build?: string | true;
}

/** Returns the exit code. Throws `UserError`: no such file, a port that is taken, a folder that cannot be written. */
export async function studio(model: string | undefined, options: StudioOptions): Promise<number> {
  const ui = uiOf(options);
  const read = (): ProjectFiles => projectFiles({ model, weights: options.weights });
  if (options.build !== undefined) {
    await writeStatic(read(), options.build === true ? "weft-studio" : options.build, options.format, ui);
    return 0;
  }
  return serve(read, options, ui);
}

async function serve(read: () => ProjectFiles, options: StudioOptions, ui: Ui): Promise<number> {
  const stop = new AbortController();
  let code = EXIT_INTERRUPTED;
  const off = onInterrupt((signal) => {
    code = signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    stop.abort();
  });
  let project = read();
  // Taken before anybody is told of the files: what changes while they are told is told again.
  let before = await contents([...project.sources.values()]);
  const server = await serveStudio({ project: () => project, port: options.port });
  try {
    if (options.format === "json") printJson(ui, { url: server.url, model: project.model });
    else ui.out(server.url);
    ui.note(`${project.model} in Weft Studio, for this machine alone; Ctrl-C ends`);
    if (!project.editable) ui.note("this is the package's own model: changes can be downloaded, not saved");
    if (options.open) openBrowser(server.url, ui);
    while (!stop.signal.aborted) {
      await changed({ files: [...project.sources.values()], before }, stop.signal);
      if (stop.signal.aborted) break;
      project = reread(read, project);
      before = await contents([...project.sources.values()]);
      server.changed();
    }
  } finally {
    off();
    await server.close();
  }
  return code;
}

/** The model file may be gone for good: then the page keeps what it has. */
function reread(read: () => ProjectFiles, before: ProjectFiles): ProjectFiles {
  try {
    return read();
  } catch {
    return before;
  }
}

function openBrowser(url: string, ui: Ui): void {
  const [command, args] =
    process.platform === "darwin"
      ? (["open", [url]] as const)
      : process.platform === "win32"
        ? (["explorer.exe", [url]] as const)
        : (["xdg-open", [url]] as const);
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () => ui.note(`no browser could be opened: ${command} is missing`));
  child.unref();
}

async function writeStatic(project: ProjectFiles, folder: string, format: string, ui: Ui): Promise<void> {
  const out = resolve(folder);
  const sources = [...pageFiles(), ...projectAssets(project)];
  await requireWritableFolder(out);
  const files = await Promise.all(
    sources.map(
      async ([address, file]): Promise<[string, Uint8Array]> => [join(out, address), await readFile(file)],
    ),
  );
  await writeFiles([...files, [join(out, "project.json"), projectJson(project, false)]]);
  if (format === "json") printJson(ui, { folder: out, files: files.length + 1 });
  else ui.out(`${shownPath(out)}: serve this folder over https, or http on localhost`);
}
