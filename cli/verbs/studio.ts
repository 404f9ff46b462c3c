/** `weft studio`: a page that shows a model, its kernels and what they compute; served until Ctrl-C, or written as a folder. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Dims } from "../../compiler/onnx/index.ts";
import { shownPath } from "../files.ts";
import { dimOption, wholeNumber } from "../flags.ts";
import { isOnnx, refuseDims } from "../model.ts";
import { untilInterrupted } from "../signals.ts";
import { pageFiles, projectAssets, projectJson } from "../studio/page.ts";
import { type ProjectFiles, projectFiles } from "../studio/project.ts";
import { serveStudio } from "../studio/server.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";
import { changed, contents } from "../watch.ts";
import { requireWritableFolder, writeFiles } from "../write.ts";

interface Options extends OutputOptions {
  readonly port?: number;
  readonly open?: boolean;
  readonly weights?: string;
  readonly dim?: Dims;
  /** A folder, or true for the usual one. */
  readonly build?: string | true;
}

export const studio = verb({
  options: (command) =>
    command
      .option("-p, --port <n>", "the port; without it 8423, or another that is free", wholeNumber(1, 65535))
      .option("-o, --open", "open the page in the browser")
      .option(
        "-w, --weights <file>",
        "trained weights; without it those beside the model, such as lenet.safetensors",
      )
      .addOption(dimOption())
      .option(
        "--build [dir]",
        "write a static folder that works without this server instead (default: weft-studio)",
      ),
  help: examples([
    ["weft studio", "LeNet, or this project's models/lenet.ts"],
    ["weft studio models/my-net.ts --open", "a model of yours; the page follows when the file changes"],
    ["weft studio model.onnx --dim width=640", "what weft import makes of an ONNX file, with its weights"],
    ["weft studio models/my-net.ts --build public/studio", "the same as a folder for any web server"],
  ]),
  /** Throws `UserError`: no such file, one that cannot be imported, a port that is taken, a folder that cannot be written. */
  async run(model: string | undefined, options: Options, { ui }) {
    const { weights, dim } = options;
    if (model === undefined || !isOnnx(model)) {
      refuseDims(model ?? "this project's model", dim);
      return show(
        { read: () => projectFiles({ model, weights }), why: "this is the package's own model" },
        options,
        ui,
      );
    }
    const { withImported } = await import("../studio/imported.ts");
    return withImported(model, dim, (file) => {
      const read = (): ProjectFiles => ({ ...projectFiles({ model: file, weights }), editable: false });
      return show({ read, why: `this is what weft import makes of ${shownPath(model)}` }, options, ui);
    });
  },
});

interface Shown {
  /** As it is now. */
  readonly read: () => ProjectFiles;
  /** Of one that is not editable: what it is. */
  readonly why: string;
}

async function show(shown: Shown, options: Options, ui: Ui): Promise<number> {
  const { build, format } = options;
  if (build === undefined) return untilInterrupted((signal) => serve(shown, options, ui, signal));
  await writeStatic(shown.read(), build === true ? "weft-studio" : build, format, ui);
  return 0;
}

async function serve({ read, why }: Shown, options: Options, ui: Ui, stop: AbortSignal): Promise<void> {
  let project = read();
  // Taken before anybody is told of the files: what changes while they are told is told again.
  let before = await contents([...project.sources.values()]);
  const server = await serveStudio({ project: () => project, port: options.port });
  try {
    if (options.format === "json") printJson(ui, { url: server.url, model: project.model });
    else ui.out(server.url);
    ui.note(`${project.model} in Weft Studio, for this machine alone; Ctrl-C ends`);
    if (!project.editable) ui.note(`${why}: changes can be downloaded, not saved`);
    if (options.open) openBrowser(server.url, ui);
    while (!stop.aborted) {
      await changed({ files: [...project.sources.values()], before }, stop);
      if (stop.aborted) break;
      project = reread(read, project);
      before = await contents([...project.sources.values()]);
      server.changed();
    }
  } finally {
    await server.close();
  }
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
